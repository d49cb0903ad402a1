"""Generates image archives. This file writes every byte of the tar, so that a mutation can change every byte."""
import gzip
import hashlib
import io
import json
import subprocess
import tarfile

ARCHITECTURES = ("amd64", "arm64", "riscv64")
MTIME = 1700000000
POSIX = b"ustar\0" + b"00"
GNU = b"ustar  \0"
LAYER = "application/vnd.oci.image.layer.v1.tar"
OCI = "application/vnd.oci.image."


def sha(data):
    return hashlib.sha256(data).hexdigest()


def pad(data):
    return data + b"\0" * (-len(data) % 512)


def dumps(value):
    return json.dumps(value, separators=(",", ":")).encode()


class Header:
    """Returns one header block. `raw`: bytes to write last, before the checksum: {offset: bytes}."""

    def __init__(self, name, size=0, kind=b"0", target=b"", magic=POSIX, prefix=b""):
        self.name, self.size, self.kind, self.target = name, size, kind, target
        self.magic, self.prefix = magic, prefix
        self.raw = {}
        self.checksum = None

    def block(self):
        block = bytearray(512)
        for at, text in ((0, self.name[:100]), (157, self.target[:100]), (257, self.magic), (345, self.prefix[:155]),
                         (100, b"0000644"), (108, b"0000000"), (116, b"0000000"), (124, b"%011o" % self.size),
                         (136, b"%011o" % MTIME), (156, self.kind)):
            block[at:at + len(text)] = text
        for at, text in self.raw.items():
            block[at:at + len(text)] = text
        block = block[:512]
        block[148:156] = b" " * 8
        block[148:156] = self.checksum or b"%06o\0 " % sum(block)
        return bytes(block)


class Entry:
    """The parts of one entry: raw extended headers, the header, the payload."""

    def __init__(self, name, data=b"", kind=b"0", target=b"", **more):
        self.header = Header(name, len(data), kind, target, **more)
        self.data = data
        self.before = []  # bytes
        self.padding = None  # instead of zeros

    def bytes(self):
        body = self.data if self.padding is None else self.data + self.padding
        return b"".join(self.before) + self.header.block() + (pad(body) if self.padding is None else body)


def records(pairs):
    out = b""
    for key, value in pairs:
        rest = b" " + key + b"=" + value + b"\n"
        length = len(rest)
        while len(b"%d" % length) + len(rest) != length:
            length = len(b"%d" % length) + len(rest)
        out += b"%d" % length + rest
    return out


def extended(kind, body, magic=POSIX):
    return Header(b"PaxHeaders.0/x", len(body), kind, magic=magic).block() + pad(body)


def pax(pairs, kind=b"x"):
    return extended(kind, records(pairs))


def long_name(name, kind=b"L"):
    return Header(b"././@LongLink", len(name) + 1, kind, magic=GNU).block() + pad(name + b"\0")


# --- images ---------------------------------------------------------------------------------------------


def layer(rng):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for number in range(rng.randint(0, 2)):
            info = tarfile.TarInfo("etc/file-%d" % number)
            data = rng.randbytes(rng.randint(0, 700))
            info.size, info.mtime = len(data), MTIME
            tar.addfile(info, io.BytesIO(data))
    return out.getvalue()


def config_of(layers, **more):
    value = {"architecture": "amd64", "os": "linux", "created": "2025-07-21T21:18:00Z", "config": {"Cmd": ["/bin/true"]},
             "rootfs": {"type": "layers", "diff_ids": ["sha256:" + sha(one) for one in layers]},
             "history": [{"created": "2025-07-21T21:18:00Z", "created_by": "COPY"} for _ in layers]}
    value.update(more)
    return value


class Image:
    """The parts of an archive before it is written. Mutations change them."""

    def __init__(self, rng, reference):
        self.rng, self.reference = rng, reference
        self.layers = [layer(rng) for _ in range(rng.randint(1, 3))]
        self.config = config_of(self.layers)
        self.config_bytes = dumps(self.config)
        self.packing = rng.choice(["plain", "plain", "gzip"])
        self.layout = rng.choice(["legacy", "podman", "oci", "oci"])
        self.bare = False  # an OCI archive: without manifest.json
        self.notes = []
        self.end = b"\0" * 1024

    def packed(self):
        return [gzip.compress(one, mtime=0) if self.packing == "gzip" else one for one in self.layers]

    def build(self):
        """Fills self.entries."""
        build = {"legacy": self.build_legacy, "podman": self.build_podman, "oci": self.build_oci}[self.layout]
        self.config_name = sha(self.config_bytes)
        self.entries = []
        build()
        return self

    def add(self, name, data):
        self.entries.append(Entry(name.encode(), data))

    def add_manifest(self, config, paths):
        self.manifest = [{"Config": config, "RepoTags": [self.reference], "Layers": paths}]
        if not self.bare:
            self.add("manifest.json", dumps(self.manifest))

    def build_legacy(self):
        paths = []
        for number, one in enumerate(self.packed()):
            folder = sha(b"%d" % number + one)
            self.entries.append(Entry(folder.encode() + b"/", kind=b"5"))
            self.add(folder + "/VERSION", b"1.0")
            self.add(folder + "/json", b"{}")
            if one in self.packed()[:number]:
                first = paths[self.packed().index(one)]
                self.entries.append(Entry((folder + "/layer.tar").encode(), kind=b"2", target=("../" + first).encode()))
            else:
                self.add(folder + "/layer.tar", one)
            paths.append(folder + "/layer.tar")
        self.add(self.config_name + ".json", self.config_bytes)
        self.add_manifest(self.config_name + ".json", paths)
        name, tag = self.reference.split(":")
        self.add("repositories", dumps({name: {tag: paths[-1].split("/")[0]}}))

    def build_podman(self):
        paths = []
        for plain, one in zip(self.layers, self.packed()):
            path = sha(plain) + ".tar"
            if path not in paths:
                self.add(path, one)
            paths.append(path)
        for number, path in enumerate(paths):
            self.entries.append(Entry(b"%064x/layer.tar" % number, kind=b"2", target=b"../" + path.encode()))
        self.add(self.config_name + ".json", self.config_bytes)
        self.add_manifest(self.config_name + ".json", paths)

    def build_oci(self):
        descriptors, seen = [], set()
        self.entries += [Entry(b"blobs/", kind=b"5"), Entry(b"blobs/sha256/", kind=b"5")]

        def blob(data):
            if data not in seen:
                self.add("blobs/sha256/" + sha(data), data)
            seen.add(data)

        for one in self.packed():
            blob(one)
            descriptors.append({"mediaType": LAYER + ("+gzip" if self.packing == "gzip" else ""),
                                "digest": "sha256:" + sha(one), "size": len(one)})
        blob(self.config_bytes)
        self.oci_manifest = {"schemaVersion": 2, "mediaType": OCI + "manifest.v1+json",
                             "config": {"mediaType": OCI + "config.v1+json", "digest": "sha256:" + self.config_name,
                                        "size": len(self.config_bytes)}, "layers": descriptors}
        manifest = dumps(self.oci_manifest)
        blob(manifest)
        self.index = {"schemaVersion": 2, "mediaType": OCI + "index.v1+json", "manifests": [
            {"mediaType": OCI + "manifest.v1+json", "digest": "sha256:" + sha(manifest), "size": len(manifest),
             "annotations": {"io.containerd.image.name": "docker.io/library/" + self.reference,
                             "org.opencontainers.image.ref.name": self.reference.split(":")[1]}}]}
        self.add("index.json", dumps(self.index))
        self.add_manifest("blobs/sha256/" + self.config_name, ["blobs/sha256/" + sha(one) for one in self.packed()])
        self.add("oci-layout", b'{"imageLayoutVersion":"1.0.0"}')

    def find(self, name):
        return next((entry for entry in self.entries if entry.header.name == name), None)

    def bytes(self):
        return b"".join(entry.bytes() for entry in self.entries) + self.end


# --- archives of other tools ------------------------------------------------------------------------------


def rewritten(image, how, folder):
    """Returns the image's files, packed by a common program."""
    if how.startswith("python"):
        out = io.BytesIO()
        kind = {"python-gnu": tarfile.GNU_FORMAT, "python-pax": tarfile.PAX_FORMAT, "python-ustar": tarfile.USTAR_FORMAT}[how]
        with tarfile.open(fileobj=out, mode="w", format=kind) as tar, tarfile.open(fileobj=io.BytesIO(image.bytes())) as old:
            for member in old:
                member.pax_headers = {}
                tar.addfile(member, old.extractfile(member) if member.isreg() else None)
        return out.getvalue()
    with tarfile.open(fileobj=io.BytesIO(image.bytes())) as old:
        old.extractall(folder, filter="fully_trusted")
    command = {"gnu": ["tar", "--format=gnu"], "gnu-pax": ["tar", "--format=posix"], "gnu-ustar": ["tar", "--format=ustar"],
               "bsd": ["bsdtar"], "bsd-pax": ["bsdtar", "--format=pax"], "bsd-gnu": ["bsdtar", "--format=gnutar"]}[how]
    return subprocess.run([*command, "-cf", "-", "-C", folder, "."], check=True, capture_output=True).stdout


TOOLS = ["python-gnu", "python-pax", "python-ustar", "gnu", "gnu-pax", "gnu-ustar", "bsd", "bsd-pax", "bsd-gnu"]
