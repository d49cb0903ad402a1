"""Mutations of image archives: of their tars, and of their documents."""
import random

from archives import GNU, OCI, Entry, Image, config_of, dumps, extended, long_name, pad, pax, records, sha


def second_manifest(image):
    """Returns a manifest.json with a second image under another name."""
    other = config_of(image.layers, config={"Cmd": ["/evil"]})
    data = dumps(other)
    image.entries.insert(0, Entry(b"evil.json", data))
    item = dict(image.manifest[0], Config="evil.json", RepoTags=["nginx:latest"])
    return dumps(image.manifest + [item])


# --- mutations of the tar ---------------------------------------------------------------------------------

FIELDS = {"name": (0, 100), "mode": (100, 8), "uid": (108, 8), "gid": (116, 8), "size": (124, 12), "mtime": (136, 12),
          "kind": (156, 1), "target": (157, 100), "magic": (257, 6), "version": (263, 2), "uname": (265, 32),
          "gname": (297, 32), "major": (329, 8), "minor": (337, 8), "prefix": (345, 155), "atime": (345, 12),
          "ctime": (357, 12), "trailer": (500, 12)}
VALUES = [b"\0", b" ", b"0", b"7", b"8", b"-1", b"+1", b"0x10", b"0o7", b"1_0", b"\x80\0\0\0\0\0\0\1", b"\xff" * 12, b"\xff\0",
          b"\x80" + b"\0" * 10 + b"\1", b"\xc0", b"77777777777", b"777777777777", b"0000644\0", b" 644 \0", b"\0644",
          b"manifest.json", b"./manifest.json", b"../x", b"/etc/x", b"a//b", b"a/./b", b"a/", b"\xc3\xa4", b"\xff\xfe",
          b"a\\b", b"a\nb", b"tar\0", b"ustar", b"USTAR", b"00", b" \0", b"1", b"2", b"3", b"5", b"7", b"g", b"x", b"L",
          b"K", b"S", b"M", b"V", b"D", b"X", b"A", b"Z"]


def any_entry(image):
    return image.rng.choice(image.entries)


def mutate_field(image):
    field = image.rng.choice(sorted(FIELDS))
    at, size = FIELDS[field]
    value = image.rng.choice(VALUES)
    if image.rng.random() < 0.4:
        at += image.rng.randrange(size)
    elif image.rng.random() < 0.4:
        value = (value * 200)[:size]
    any_entry(image).header.raw[at] = value[:512 - at]
    return "field %s" % field


def mutate_byte(image):
    at = image.rng.randrange(512)
    any_entry(image).header.raw[at] = bytes([image.rng.randrange(256)])
    return "byte %d" % at


def mutate_star(image):
    name = b"manifest.json"
    data = second_manifest(image)
    entry = Entry(name, data, prefix=b"./" * 65 + b"." + b"00000000000\0" * 2)
    entry.header.raw[508] = b"tar\0"
    image.entries.append(entry)
    return "star"


def mutate_gnu_times(image):
    entry = any_entry(image)
    entry.header.magic = GNU
    entry.header.raw[345] = image.rng.choice([b"00000000001\0" * 2, b"nonsense", b"prefix", b"\x80" + b"\0" * 11])
    return "gnu times"


def mutate_sparse_pax(image):
    data = second_manifest(image)
    version = image.rng.choice(["0.0", "0.1", "1.0"])
    size = b"%d" % len(data)
    if version == "1.0":
        pairs = [(b"GNU.sparse.major", b"1"), (b"GNU.sparse.minor", b"0"), (b"GNU.sparse.name", b"manifest.json"),
                 (b"GNU.sparse.realsize", size)]
        data = pad(b"1\n0\n" + size + b"\n") + data
    elif version == "0.1":
        pairs = [(b"GNU.sparse.name", b"manifest.json"), (b"GNU.sparse.size", size), (b"GNU.sparse.numblocks", b"1"),
                 (b"GNU.sparse.map", b"0," + size)]
    else:
        pairs = [(b"path", b"manifest.json"), (b"GNU.sparse.size", size), (b"GNU.sparse.numblocks", b"1"),
                 (b"GNU.sparse.offset", b"0"), (b"GNU.sparse.numbytes", size)]
    entry = Entry(b"decoy", data)
    entry.before.append(pax(pairs))
    image.entries.append(entry)
    return "sparse pax"


def mutate_sparse_gnu(image):
    entry = Entry(image.rng.choice([b"decoy", b"manifest.json"]), second_manifest(image), kind=b"S", magic=GNU)
    entry.header.raw[386] = b"%011o\0%011o\0" % (0, len(entry.data))
    entry.header.raw[483] = b"%011o\0" % len(entry.data)
    image.entries.append(entry)
    return "sparse gnu"


def mutate_global(image):
    pairs = image.rng.choice([[(b"comment", b"x")], [(b"path", b"manifest.json")], [(b"size", b"3")], [(b"hdrcharset", b"BINARY")]])
    any_entry(image).before.insert(0, pax(pairs, b"g"))
    return "global"


def mutate_hidden(image):
    """Adds an entry whose name depends on the order of the headers before it."""
    entry = Entry(b"manifest.json", second_manifest(image))
    entry.before += image.rng.choice([
        [long_name(b"decoy"), pax([(b"comment", b"x")], b"g")],
        [long_name(b"decoy"), pax([(b"path", b"manifest.json")])],
        [pax([(b"path", b"decoy")]), long_name(b"manifest.json")],
        [long_name(b"decoy"), long_name(b"manifest.json")],
        [pax([(b"path", b"decoy")]), pax([(b"path", b"manifest.json")])],
        [pax([(b"path", b"decoy"), (b"path", b"manifest.json")])],
        [pax([(b"path", b"decoy"), (b"path", b"")])],
        [pax([(b"path", b"decoy\0x")])],
        [pax([(b"hdrcharset", b"BINARY"), (b"path", b"decoy")])],
        [extended(b"X", records([(b"path", b"decoy")]))],
        [extended(b"L", b"manifest.json\0decoy\0", GNU)],
        [extended(b"L", b"decoy", GNU)],
        [extended(b"K", b"decoy\0", GNU)],
    ])
    image.entries.append(entry)
    return "hidden"


def mutate_pax(image):
    entry = any_entry(image)
    name, size = entry.header.name, entry.header.size
    pairs = image.rng.choice([
        [(b"path", name)], [(b"path", b"other")], [(b"size", b"%d" % size)], [(b"size", b"%d" % (size + 1))], [(b"size", b"")],
        [(b"size", b"0%d" % size)], [(b"size", b"-1")], [(b"mtime", b"1700000000.5")], [(b"mtime", b"")], [(b"mtime", b"x")],
        [(b"mtime", b"-1.5")], [(b"uid", b"70000")], [(b"uid", b"x")], [(b"uname", b"root")], [(b"SCHILY.xattr.user.a", b"b=c")],
        [(b"SCHILY.realsize", b"1")], [(b"SUN.holesdata", b" 0 1")], [(b"LIBARCHIVE.symlinktype", b"dir")], [(b"comment", b"x")],
        [(b"linkpath", b"manifest.json")], [(b"GNU.volume.label", b"x")], [(b"nobody.knows", b"x")], [(b"PATH", b"x")],
    ])
    entry.before.append(pax(pairs))
    return "pax"


def mutate_broken_pax(image):
    body = image.rng.choice([b"10 path=a", b"9 path=a\n", b"11 path=a\n", b"010 path=ab\n", b"+9 path=a\n", b"5 =a\n", b"\n", b"0 \n",
                             b"10 path=a\n\0\0\0", b"10 path=a\n10 path=b", b"99999999999 path=a\n"])
    any_entry(image).before.append(extended(b"x", body))
    return "broken pax"


def mutate_long(image):
    entry = any_entry(image)
    name = image.rng.choice([entry.header.name, b"d" * 120 + b"/" + entry.header.name, b"d" * 260, b"decoy", b""])
    entry.before.append(long_name(name, image.rng.choice([b"L", b"L", b"K"])))
    return "long name"


def mutate_twin(image):
    entry = any_entry(image)
    twin = Entry(entry.header.name, entry.data, entry.header.kind, entry.header.target)
    if image.rng.random() < 0.5 and twin.data:
        twin.data = twin.data[:-1] + b"x"
    image.entries.insert(image.rng.randint(0, len(image.entries)), twin)
    return "twin"


def mutate_link(image):
    names = [entry.header.name for entry in image.entries]
    name, target = image.rng.choice([
        (b"P", b"."), (b"P", b"blobs"), (b"l", b"nowhere"), (b"l", b"/etc/passwd"), (b"l", b"../../x"), (b"l", b"l"),
        (b"l", image.rng.choice(names)), (b"manifest.json", b"other.json"), (b"l", b"")])
    image.entries.insert(image.rng.randint(0, len(image.entries)), Entry(name, kind=image.rng.choice([b"1", b"2", b"2"]), target=target))
    if name == b"P" and image.rng.random() < 0.8:
        image.entries.append(Entry(b"P/manifest.json", second_manifest(image)))
    return "link"


def mutate_behind_link(image):
    """Replaces a file of the image by a link to it."""
    entry = any_entry(image)
    link = Entry(entry.header.name, kind=image.rng.choice([b"1", b"2", b"2"]), target=b"moved")
    entry.header.name = b"moved"
    image.entries.insert(image.entries.index(entry) + image.rng.randint(0, 1), link)
    return "behind a link"


def mutate_stray(image):
    image.entries.insert(image.rng.randint(0, len(image.entries)), image.rng.choice([
        Entry(b"blobs/sha256/.DS_Store", b"x"), Entry(b"._manifest.json", b"x"), Entry(b"blobs/sha256/0123", b"x"),
        Entry(b"MANIFEST.json", b"[]"), Entry(b"Index.json", b"{}"), Entry(b"manifest.json/x", b"x"), Entry(b"./", kind=b"5"),
        Entry(b"..", b"x"), Entry(b"", b"x"), Entry(b"a/", b"x"), Entry(b"a\\b", b"x"), Entry(b"d", b"", b"5"), Entry(b"x" * 100, b"x"),
        Entry(b"n\xc3\xa4me", b"x"), Entry(b"n\xff", b"x"), Entry(b"fifo", b"", b"6"), Entry(b"dev", b"", b"3"),
        Entry(b"old/", b"", b"\0"), Entry(b"old", b"x", b"\0"), Entry(b"seven", b"x", b"7"), Entry(b"f", b"x", prefix=b"p/"),
        Entry(b"f", b"x", prefix=b"p"), Entry(b"v", b"", b"V"), Entry(b"sized", b"x" * 600, b"5"), Entry(b"sized", b"x" * 600, b"2", b"y")]))
    return "stray"


def mutate_dialect(image):
    magic = image.rng.choice([GNU, GNU, b"\0" * 8, b"ustar\0\0\0", b"ustar\0 0", b"ustar 00", b"tar\0\0\0\0\0"])
    for entry in image.entries if image.rng.random() < 0.7 else [any_entry(image)]:
        entry.header.magic = magic
    return "dialect"


def mutate_dots(image):
    for entry in image.entries:
        entry.header.name = b"./" + entry.header.name
    return "dots"


def mutate_end(image):
    image.end = image.rng.choice([b"", b"\0" * 512, b"\0" * 10240, b"\0" * 1500, b"\0" * 1024 + b"x", b"\0" * 1024 + image.bytes(),
                                  b"\0" * 512 + Entry(b"manifest.json", second_manifest(image)).bytes() + b"\0" * 1024,
                                  b"\0" * 1024 + Entry(b"manifest.json", second_manifest(image)).bytes() + b"\0" * 1024,
                                  long_name(b"x") + b"\0" * 1024, b"\0" * 1024 + b'{"error":"x"}'])
    return "end"


def mutate_checksum(image):
    entry = any_entry(image)
    entry.header.checksum = image.rng.choice([b"0000000\0", b"       \0", b"%07o\0" % (sum(entry.header.block()) & 0o7777777),
                                              b"\x80\0\0\0\0\0\0\1"])
    return "checksum"


def mutate_size(image):
    any_entry(image).header.size += image.rng.choice([1, -1, 512, -512, 100000])
    image.entries = [entry for entry in image.entries if entry.header.size >= 0]
    return "size"


def mutate_padding(image):
    entry = any_entry(image)
    entry.padding = b"x" * (-len(entry.data) % 512)
    return "padding"


# --- mutations of documents -----------------------------------------------------------------------------

JUNK = [b" ", b"\n", b"x", b"{}", b"[]", b"null", b"\xef\xbb\xbf", b"\0", b"//"]
WRONG = [None, 7, "7", [], {}, ["x"], [7], {"a": 7}, True, 1.5, 10 ** 30, "", "\u017f", "sha256:" + "0" * 64]


def mutate_text(image):
    """Adds something before, after or in a document."""
    entry = image.find(image.rng.choice([b"manifest.json", b"index.json", b"oci-layout"])) or image.find(b"manifest.json")
    if not entry:
        return mutate_byte(image)
    junk, at = image.rng.choice(JUNK), image.rng.choice([0, len(entry.data), image.rng.randint(0, len(entry.data))])
    entry.data = entry.data[:at] + junk + entry.data[at:]
    entry.header.size = len(entry.data)
    return "text"


def twist(rng, value):
    """Returns the value with one member changed, duplicated or renamed, as bytes."""
    text = dumps(value)
    if not isinstance(value, dict) or not value:
        return dumps(rng.choice(WRONG))
    key = rng.choice(sorted(value))
    way = rng.randrange(6)
    if way == 0:
        return dumps({**value, key: rng.choice(WRONG)})
    if way == 1:
        return dumps({name: one for name, one in value.items() if name != key})
    if way == 2:
        return text[:-1] + b"," + dumps({rng.choice([key, key.upper(), key.lower(), key.replace("s", "\u017f")]): rng.choice(WRONG + [value[key]])})[1:]
    if way == 3:
        return dumps({(key.upper() if name == key else name): one for name, one in value.items()})
    if way == 4:
        return text[:-1] + rng.choice([b',"x":1}', b',"x":"\xff"}', b',"x":' + b"[" * 500 + b"]" * 500 + b"}", b',"\xff":1}', b',"x":01}', b',"x":1}}'])
    inner = twist(rng, value[key])
    return text.replace(dumps(value[key]), inner, 1)


def mutate_manifest(image):
    entry = image.find(b"manifest.json")
    if not entry:
        return mutate_byte(image)
    item = dict(image.manifest[0], **image.rng.choice([{}, {"Parent": "x"}, {"LayerSources": {}}, {"RepoTags": None}]))
    entry.data = b"[" + twist(image.rng, item) + b"]"
    entry.header.size = len(entry.data)
    return "manifest"


def mutate_bare(image):
    """Makes an OCI archive, which has no manifest.json."""
    image.entries = [entry for entry in image.entries if entry.header.name != b"manifest.json"]
    return "bare"


def mutate_index(image):
    entry = image.find(b"index.json")
    if not entry:
        return mutate_manifest(image)
    entry.data = twist(image.rng, image.index) if image.rng.random() < 0.4 else dumps(image.index).replace(
        dumps(image.index["manifests"][0]), twist(image.rng, image.index["manifests"][0]), 1)
    entry.header.size = len(entry.data)
    return "index"


def before_config(image):
    """Changes the config before the other documents are derived from it."""
    value = image.config
    key = image.rng.choice(["config", "rootfs", "", "", ""])
    data = twist(image.rng, value if not key else value[key])
    image.config_bytes = data if not key else dumps(value).replace(dumps(value[key]), data, 1)
    return "config"


def before_oci_manifest(image):
    image.layout = "oci"
    rng = image.rng

    def twisted(self=image):
        build = Image.build_oci
        build(self)
        old = self.entries
        name = self.index["manifests"][0]["digest"][7:]
        manifest = twist(rng, self.oci_manifest)
        if rng.random() < 0.5:
            one = rng.choice(["config", "layers"])
            inner = self.oci_manifest[one] if one == "config" else self.oci_manifest[one][0]
            manifest = dumps(self.oci_manifest).replace(dumps(inner), twist(rng, inner), 1)
        self.index["manifests"][0].update(digest="sha256:" + sha(manifest), size=len(manifest))
        for entry in old:
            if entry.header.name == b"blobs/sha256/" + name.encode():
                entry.header.name, entry.data, entry.header.size = b"blobs/sha256/" + sha(manifest).encode(), manifest, len(manifest)
            if entry.header.name == b"index.json":
                entry.data = dumps(self.index)
                entry.header.size = len(entry.data)
    image.build_oci = twisted
    return "oci manifest"


def before_platforms(image):
    """Adds an index of two platforms with the same layers, with right or wrong statements, below or in index.json."""
    image.layout = "oci"

    def both(self=image):
        Image.build_oci(self)
        rng = self.rng
        other = dumps(config_of(self.layers, architecture=rng.choice(["arm64", "arm64", "amd64", "unknown"])))
        manifest = dumps(dict(self.oci_manifest, config={"mediaType": OCI + "config.v1+json", "digest": "sha256:" + sha(other),
                                                         "size": len(other)}))
        if rng.random() < 0.6:
            self.add("blobs/sha256/" + sha(other), other)
        if rng.random() < 0.8:
            self.add("blobs/sha256/" + sha(manifest), manifest)
        top = self.index["manifests"][0]
        pair = [{key: one for key, one in top.items() if key != "annotations"} for _ in range(2)]
        pair[1].update(digest="sha256:" + sha(manifest), size=len(manifest))
        for one in pair:
            architecture = rng.choice([None, "amd64", "arm64", "unknown"])
            if architecture:
                one["platform"] = {"architecture": architecture, "os": "unknown" if architecture == "unknown" else "linux"}
        if rng.random() < 0.3:
            pair[1]["annotations"] = {"vnd.docker.reference.type": "attestation-manifest"}
        rng.shuffle(pair)
        if rng.random() < 0.7:
            inner = dumps({"schemaVersion": 2, "mediaType": OCI + "index.v1+json", "manifests": pair})
            self.add("blobs/sha256/" + sha(inner), inner)
            self.index["manifests"] = [dict(top, mediaType=OCI + "index.v1+json", digest="sha256:" + sha(inner), size=len(inner))]
        else:
            self.index["manifests"] = [{**one, "annotations": {**top["annotations"], **one.get("annotations", {})}} for one in pair]
        entry = self.find(b"index.json")
        entry.data = dumps(self.index)
        entry.header.size = len(entry.data)
    image.build_oci = both
    return "platforms"


BARE = 0.05  # share of archives without manifest.json
BEFORE = [before_config, before_config, before_oci_manifest, before_platforms]
AFTER = [mutate_field, mutate_field, mutate_field, mutate_byte, mutate_byte, mutate_star, mutate_gnu_times, mutate_sparse_pax,
         mutate_sparse_gnu, mutate_global, mutate_hidden, mutate_hidden, mutate_pax, mutate_pax, mutate_broken_pax, mutate_long,
         mutate_twin, mutate_link, mutate_link, mutate_behind_link, mutate_stray, mutate_stray, mutate_dialect, mutate_dots, mutate_end,
         mutate_checksum, mutate_size, mutate_padding, mutate_text, mutate_manifest, mutate_index]


def make(seed, reference):
    """Returns (the mutation, the archive, whether a push must accept it)."""
    rng = random.Random(seed)
    image = Image(rng, reference)
    count = rng.choice([0, 1, 1, 1, 1, 2, 2, 3])
    notes = []
    if count and rng.random() < 0.2:
        notes.append(rng.choice(BEFORE)(image))
        count -= 1
    image.build()
    notes += [rng.choice(AFTER)(image) for _ in range(count)]
    # It uses its own random generator, so that the other archives of a seed do not change.
    if random.Random("bare " + seed).random() < BARE:
        notes.append(mutate_bare(image))
    return " + ".join(notes) or "whole", image.bytes(), not notes
