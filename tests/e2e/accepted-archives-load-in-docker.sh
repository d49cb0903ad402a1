#!/usr/bin/env bash
# Docker loads every archive that a push accepts: generated archives, valid and mutated, from the bucket with gunzip. Each
# archive creates only its own name, and no other name of the host changes. With E2E_FEW=yes, fewer archives.
. "$(dirname "$0")/lib.sh"
[ -z "${E2E_SLOW:-}" ] || skip "the scenario tests archives, not the program's memory"
need_edge
COUNT=200 LOADS=50
[ -z "${E2E_FEW:-}" ] || COUNT=80 LOADS=20

python3 "$TOP/tests/differential/run" --program "$S3DOCK" --count "$COUNT" --seed 20250721 --keep kept --results results >differential.log
check "all tar readers agree about the accepted archives" test $? = 0
make_image nginx:latest nginx.tar --size 1 --seed 3
on_edge docker load -q -i nginx.tar >/dev/null
before=$(on_edge docker image inspect --format '{{.Id}}' nginx:latest)

# load FILE: Docker loads the file, and prints only the archive's name, or an id if the archive has no name.
load()
{
    local reference said
    reference=$(printf 'app:20250721-2118-%07x' $((0x1000000 + 10#$(basename "$1" .tar))))
    said=$(on_edge docker load -i "$1" 2>&1) || { echo "$1: $said" && return 1; }
    said=$(sed -E 's,^Loaded image: (docker.io/)?(library/)?,,; s,^(localhost/),,' <<<"$said" | sort -u)
    [ "$said" = "$reference" ] || [[ $said == "Loaded image ID: sha256:"* ]] || { echo "$1: $said" && return 1; }
}

refused=0
for file in $(find kept -name '*.tar' | sort | head -n $LOADS); do
    load "$file" >>load.log || refused=$((refused + 1))
done
check "Docker loads $LOADS archives, each under its name ($(head -c 300 load.log))" same "$refused" 0
check "no other name of the host changed" same "$before" "$(on_edge docker image inspect --format '{{.Id}}' nginx:latest)"
on_edge docker images --format '{{.Repository}}' | sort -u >names
check "no other name was created" empty "$(grep -vxE 'app|nginx|<none>|(localhost|docker.io/library)/(app|nginx)' names)"
