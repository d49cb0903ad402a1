# shellcheck shell=bash
# packages.sh - installs programs of PyPI and Go modules into $KIT_CACHE/stores; a program of the kit sources it after
# kit.sh, and defines package_of NAME, which prints the registry and the pinned package.

CACHE=$KIT_CACHE/stores
GO_LEAST=24 # of Go 1.x

left_out()
{
    say "left out: $*"
    exit 77
}

# program_of NAME: the file of the program. Its folder has the version, so another version is installed beside it.
program_of()
{
    local package=$2 file=$1
    case $1 in
    seaweedfs) file=weed ;;
    awscli) file=aws ;;
    esac
    echo "$CACHE/${package//[^A-Za-z0-9.=@-]/-}/bin/$file"
}

# current_go: prints the path of a Go that is new enough.
current_go()
{
    local go minor
    for go in go /usr/local/go/bin/go; do
        minor=$("$go" env GOVERSION 2>/dev/null | sed -n 's/^go1\.\([0-9]*\).*/\1/p')
        if [ "${minor:-0}" -ge $GO_LEAST ]; then
            echo "$go"
            return
        fi
    done
    return 1
}

# install REGISTRY PACKAGE FOLDER: into a new folder, which gets its name at the end.
install()
{
    local go
    rm -rf "$3"
    case $1 in
    pypi)
        python3 -m venv "$3" 2>&1 && "$3/bin/pip" install --quiet --disable-pip-version-check "$2" 2>&1
        ;;
    go)
        go=$(current_go) || { echo "Go 1.$GO_LEAST or newer is not installed"; return 1; }
        GOTOOLCHAIN=local GOFLAGS=-buildvcs=false GOBIN=$3/bin "$go" install -trimpath -ldflags=-s "$2" 2>&1
        ;;
    esac
}

# fetch NAME: two runs at once wait for each other.
fetch()
{
    local registry package program folder
    read -r registry package < <(package_of "$1")
    [ "$registry" != debian ] || return 0
    program=$(program_of "$1" "$package")
    folder=${program%/bin/*}
    mkdir -p "$CACHE"
    exec 9>"$folder.lock"
    flock 9
    if [ ! -x "$program" ] || [ ! -e "$folder/complete" ]; then
        install "$registry" "$package" "$folder" >"$folder.log" ||
            left_out "$1 ($package) cannot be installed: $(tail -n 1 "$folder.log")"
        touch "$folder/complete"
    fi
    exec 9>&-
}

# have NAME: sets PROGRAM, or leaves the program out.
have()
{
    local registry package
    read -r registry package < <(package_of "$1")
    PROGRAM=$(program_of "$1" "$package")
    [ ! -e "${PROGRAM%/bin/*}/complete" ] || return 0
    [ "$registry" = pypi ] || left_out "$1 is not built: tests/kit/store fetch"
    fetch "$1"
}
