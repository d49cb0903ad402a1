"""Independent readers of tar archives. Each returns {name: content} after the extraction: the SHA-256 of a file, "-> target"
of a link, "folder"; or the text of its refusal."""
import hashlib
import json
import os
import posixpath
import pwd
import shutil
import subprocess
import tarfile
import tempfile

HERE = os.path.dirname(os.path.realpath(__file__))
GO_FILE = os.path.join(HERE, "read.go")


def digest(data):
    return hashlib.sha256(data).hexdigest()


def read_python(path):
    tree = {}
    try:
        with tarfile.open(path, "r:") as tar:
            for member in tar:
                name = posixpath.normpath(member.name)
                if member.isreg():
                    tree[name] = digest(tar.extractfile(member).read())
                elif member.issym():
                    tree[name] = "-> " + member.linkname
                elif member.isdir():
                    tree.setdefault(name, "folder")
                else:
                    tree[name] = "type %s" % member.type
    except (tarfile.TarError, OSError, ValueError, EOFError) as error:
        return "%s: %s" % (type(error).__name__, error)
    return tree


def walk(top):
    tree = {}
    for folder, folders, files in os.walk(os.fsencode(top)):
        for name in folders + files:
            path = os.path.join(folder, name)
            key = os.path.relpath(path, os.fsencode(top)).decode("utf-8", "surrogateescape")
            if os.path.islink(path):
                tree[key] = "-> " + os.fsdecode(os.readlink(path))
            elif os.path.isdir(path):
                tree[key] = "folder"
            elif os.path.isfile(path):
                with open(path, "rb") as file:
                    tree[key] = digest(file.read())
            else:
                tree[key] = "special"
    return tree


def read_by_extraction(*command):
    def read(path):
        folder = tempfile.mkdtemp(dir=os.path.dirname(path))
        try:
            done = subprocess.run([*command, "-xf", path, "-C", folder], capture_output=True, errors="replace", timeout=600,
                                  env={**os.environ, "LC_ALL": "C.UTF-8"})
            return done.stderr.strip() if done.returncode else walk(folder)
        finally:
            for top, _, _ in os.walk(folder):
                os.chmod(top, 0o700)
            shutil.rmtree(folder)
    return read


def go_reader(scratch):
    """Returns a reader with Go's archive/tar, as in Docker. None if Go is not installed."""
    if not shutil.which("go"):
        return None
    program = os.path.join(scratch, "read-with-go")
    # A scenario has an empty home folder: there Go would compile its library again, for 15 s of processor time.
    cache = os.environ.get("GOCACHE") or os.path.join(pwd.getpwuid(os.getuid()).pw_dir, ".cache/go-build")
    built = subprocess.run(["go", "build", "-o", program, GO_FILE], capture_output=True, text=True, cwd=scratch,
                           env={**os.environ, "GO111MODULE": "off", "GOFLAGS": "", "GOCACHE": cache})
    if built.returncode:
        return None

    def read(path):
        done = subprocess.run([program, path], capture_output=True, text=True, timeout=600)
        return done.stderr.strip() if done.returncode else json.loads(done.stdout)
    return read


def all_readers(scratch):
    readers = {"python": read_python, "gnu tar": read_by_extraction("tar", "--no-same-owner")}
    if shutil.which("bsdtar"):
        readers["bsdtar"] = read_by_extraction("bsdtar", "--no-same-owner", "--no-xattrs")
    go = go_reader(scratch)
    if go:
        readers["go"] = go
    return readers


def without_folders(tree):
    return {name: what for name, what in tree.items() if what != "folder"} if isinstance(tree, dict) else tree
