#!/usr/bin/env python3
"""A scripted Docker daemon: versions, refusals, false responses and faults on request.

    fake_docker.py LISTEN [--profile NAME] [--behave WORD,WORD...] [--tls CERT KEY]

LISTEN is the path of a unix socket, or "tcp" (a free port of 127.0.0.1). The server prints "ready PORT" when it
listens (0 for a socket). It has one image, "app:1". All other images do not exist. Containers can be created of it:
see fake_containers.py.

Words (see the functions with these names):
    no-head  ping-teapot  ping-hang  info-hang  info-page  image-hang
    deny-ping  deny-version  deny-info  deny-list  deny-inspect: 403 and a page, like a proxy before the socket
    labels        the list of images has 13 MB of labels
    flood         /version and /info have 250,000 components and status pairs
    export-tail  export-cut  export-cut-length  export-stall  export-500
    load-error  load-full  load-reset  load-unpack  load-early  load-early-500  load-silent  load-split  load-cut
    load-cut-answer  load-stray  load-two
    platforms     its image has several platforms, and only arm64/v8 is exported
    store         it stores loaded images as the engine of its profile does (see class Store). It has no other
                  image, and no "app:1"
    store-forgets before the first partial load, the missing layers are pruned
    store-whole   it refuses partial loads
    store-built   the first loaded image counts as built there: Podman names it localhost/...
    store-hang    from the second load on, it stores the image, then sends nothing for a minute
    store-packed  containerd's store does not unpack a loaded image, and reports success
    store-lost    containerd's store lacks content of each image (API 1.48)
    store-attested  its images have two manifests, and the second one is missing
    store-unpack  from the second load on, containerd's store registers an image and its name, but cannot unpack it
    store-nameless  from the second load on, it sets no name and reports the id
    store-more    it reports that it has loaded another image, too

A test can reuse the daemon: POST /.fake with a JSON object. The server handles the members in this order: "profile"
(another profile, without containers), "take" (a list of archives, which replace all images), "rules" (a new script, counted from now). The response lists the requests
by kind since the last script, in order. It also lists every image by its name: the digest of its config, its layers,
and whether it is complete. A rule

    {"kind": "Load", "nth": 1, "times": 1, "do": "break", "bytes": 65536}

is as in script.py. Kinds: Ping Version Info List Inspect Tag Get Load Untag; of containers: Containers Create
Container Start Kill Stop Update Rename Remove Logs Exec ExecStart ExecInspect Network Connect; and Any. Actions:

    gone         reset the connection, and refuse connections for `seconds`
    reset        reset before any work
    drown        read the whole request, then reset without any work
    break        read `bytes` of the body, then reset
    lose         do the work, then reset without a response
    after        do the work, then respond with `status` and a message
    say          respond with `status` (200) and `body`, without any work; `repeat`: `body` so many times
    status       read the whole request, then respond with `status` and a message
    early        respond with `status` and a message, without reading the body
    error        200, and an error in the response's stream
    text         200 and a page
    stall        read the whole request, send nothing for `seconds`, then reset
    cut          send only `bytes` of the response (its head included), then reset
    hold         send only `bytes` of the response, then nothing for `seconds`, then reset
    flip         flip one bit of the response, `bytes` from its start
"""
import argparse
import hashlib
import io
import json
import os
import socket
import sys
import threading
import time
import urllib.parse

sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))

from fake_containers import Containers, api  # noqa: E402
from script import Script  # noqa: E402

PROFILES = {  # version, API, least API, extra
    "docker-17": ("17.03.2", "1.27", "1.12", {}),
    "docker-20.10": ("20.10.24", "1.41", "1.12", {}),
    "docker-24": ("24.0.9", "1.43", "1.12", {}),
    "docker-25": ("25.0.5", "1.44", "1.24", {}),
    "docker-26-containerd": ("26.1.5", "1.45", "1.24", {"containerd": True}),
    "docker-28": ("28.5.2", "1.51", "1.24", {}),
    "docker-29.0": ("29.0.1", "1.52", "1.44", {"containerd": True}),
    "docker-29.3": ("29.3.0", "1.54", "1.40", {"containerd": True}),
    "docker-future": ("40.0.0", "2.10", "2.1", {"containerd": True}),
    "docker-silent": ("1.12.6", "", "", {}),  # its ping has no version
    "podman": ("4.3.1", "1.41", "1.24", {"podman": True}),
    "podman-5": ("5.4.2", "1.41", "1.24", {"podman": True}),
}
IMAGE = "sha256:" + "1f" * 32
LAYERS = ["sha256:" + "aa" * 32, "sha256:" + "bb" * 32]
REASON = {200: "OK", 201: "Created", 204: "No Content", 304: "Not Modified", 400: "Bad Request", 403: "Forbidden",
          404: "Not Found", 405: "Not Allowed", 409: "Conflict", 413: "Too Large", 418: "Teapot",
          500: "Internal Server Error"}


class Gone(Exception):
    """The client closed the connection."""


def digest(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def blob_name(name):
    return "blobs/sha256/" + name.removeprefix("sha256:")


class Refusal(Exception):
    """The error of a failed load."""


class Store:
    """Images, stored as the engines store them.

    A load may omit layers. Each engine finds them in its own way: a graph driver by ChainID, the containerd
    store by the blob's digest, Podman by diffID. (The containerd store also accepts a ChainID that it has
    unpacked. Such an image runs, but it cannot be saved.) A load must contain the config and the documents.
    """

    def __init__(self, kind):
        self.kind = kind
        self.images = {}  # id: {"config", "diffs", "tags", "whole", "created"}
        self.layers = {}  # diffID: bytes
        self.chains = set()
        self.loads = 0

    def find(self, name):
        for prefix in ("localhost/", "docker.io/library/", "") if self.kind == "podman" else ("",):
            for ident, image in self.images.items():
                if name == ident or prefix + name in image["tags"]:
                    return ident, image
        return None, None

    def tag(self, ident, tag):
        if self.kind == "podman" and "/" not in tag:
            tag = "docker.io/library/" + tag
        for image in self.images.values():
            image["tags"] = [other for other in image["tags"] if other != tag]
        self.images[ident]["tags"].append(tag)

    def load(self, body, behave):
        import tarfile  # slow to import and rarely needed
        try:
            with tarfile.open(fileobj=io.BytesIO(body)) as tar:
                files = {member.name: tar.extractfile(member).read()
                         for member in tar if member.isfile()}
        except tarfile.TarError as error:
            raise Refusal(f"Error processing tar file: {error}") from error
        if body[-1024:] != bytes(1024):
            raise Refusal("Error processing tar file(exit status 1): unexpected EOF")
        ident, config, tags, names = self.oci(files) if self.reads_oci(files) else self.legacy(files)
        diffs = json.loads(config)["rootfs"]["diff_ids"]
        if len(names) != len(diffs):
            raise Refusal("invalid manifest, layers length mismatch")
        absent = [name for name in names if name not in files]
        if absent and ("store-whole" in behave or ("store-forgets" in behave and self.loads)):
            if "store-forgets" in behave:
                behave.remove("store-forgets")
            raise Refusal(f"open /docker-import-1/{absent[0]}: no such file or directory")
        self.loads += 1
        whole = self.take_layers(files, names, diffs)
        if "store-built" in behave and self.loads == 1:
            tags = ["localhost/" + tag.removeprefix("docker.io/library/") for tag in tags]
        if "store-nameless" in behave and self.loads > 1:
            tags = []
        for image in self.images.values():
            image["tags"] = [tag for tag in image["tags"] if tag not in tags]
        self.images[ident] = {"config": config, "diffs": diffs, "tags": tags, "whole": whole,
                              "created": self.loads}
        return tags[0] if tags else ident

    def reads_oci(self, files):
        return self.kind != "graph" and "oci-layout" in files

    def legacy(self, files):
        if "manifest.json" not in files:
            raise Refusal("invalid archive: does not contain a manifest.json")
        manifest, = json.loads(files["manifest.json"])
        if manifest["Config"] not in files:
            raise Refusal("no config")
        if self.kind != "graph" and any(name not in files for name in manifest["Layers"]):
            raise Refusal("failed to resolve layers: layer not found")
        config = files[manifest["Config"]]
        return digest(config), config, manifest["RepoTags"] or [], manifest["Layers"]

    def oci(self, files):
        entries = json.loads(files["index.json"])["manifests"]
        if len(entries) != 1:
            raise Refusal("more than one image in oci, choose an image")
        raw = files[blob_name(entries[0]["digest"])]
        manifest = json.loads(raw)
        config = files[blob_name(manifest["config"]["digest"])]
        if digest(raw) != entries[0]["digest"] or len(raw) != entries[0]["size"]:
            raise Refusal("a manifest that is not what it says")
        name = entries[0]["annotations"]["io.containerd.image.name"]
        if not name.endswith(":" + entries[0]["annotations"]["org.opencontainers.image.ref.name"]):
            raise Refusal("two names")
        if self.kind == "podman":
            ident = digest(config)
        else:  # Docker prints the short form of its own names
            ident, name = digest(raw), name.removeprefix("docker.io/library/")
        return ident, config, [name], [blob_name(layer["digest"]) for layer in manifest["layers"]]

    def take_layers(self, files, names, diffs):
        """Whether all blobs exist. (Otherwise, the containerd store has at least the unpacked layers.)"""
        chain, whole = "", True
        for name, diff in zip(names, diffs):
            chain = digest(f"{chain} {diff}".encode()) if chain else diff
            known = diff in self.layers if self.kind != "graph" else chain in self.chains
            if name in files:
                if digest(files[name]) != diff:
                    raise Refusal(f"invalid diffID: expected {diff}, got {digest(files[name])}")
                self.layers[diff] = files[name]
            elif self.kind == "containerd" and not known and chain in self.chains:
                whole = False
            elif not known:
                raise Refusal(f"open /docker-import-1/{name}: no such file or directory")
            self.chains.add(chain)
        return whole

    def export(self, image):
        import tarfile
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as tar:
            def add(name, data):
                info = tarfile.TarInfo(name)
                info.size = len(data)
                tar.addfile(info, io.BytesIO(data))
            for diff in dict.fromkeys(image["diffs"]):
                add(blob_name(diff), self.layers[diff])
            add(blob_name(digest(image["config"])), image["config"])
            add("manifest.json", json.dumps([{
                "Config": blob_name(digest(image["config"])), "RepoTags": image["tags"],
                "Layers": [blob_name(diff) for diff in image["diffs"]]}]).encode())
        return out.getvalue()


class Spoiled:
    """A connection that disturbs its responses: after a number of bytes, it runs an action."""

    def __init__(self, conn, left, spoil):
        self.conn, self.left, self.spoil = conn, left, spoil

    def recv(self, size):
        return self.conn.recv(size)

    def sendall(self, data):
        if self.left is not None and len(data) > self.left:
            at, self.left = self.left, None
            data = self.spoil(data, at)
        elif self.left is not None:
            self.left -= len(data)
        self.conn.sendall(data)


class Unheard:
    """A connection whose responses are dropped."""

    def __init__(self, conn):
        self.conn = conn

    def recv(self, size):
        return self.conn.recv(size)

    def sendall(self, data):
        pass


class Exchange:
    """One request on one connection."""

    def __init__(self, conn, options):
        self.conn = conn
        self.options = options
        self.version, self.api, self.least, self.extra = PROFILES[options.profile]
        self.buffer = b""
        options.containers.find_image = self.image_id

    def does(self, word):
        return word in self.options.behave

    # -- bytes --

    def more(self):
        got = self.conn.recv(1 << 18)
        if not got:
            raise Gone()
        self.buffer += got

    def line(self):
        while b"\r\n" not in self.buffer:
            self.more()
        line, self.buffer = self.buffer.split(b"\r\n", 1)
        return line

    def take(self, size):
        while size > 0:
            if not self.buffer:
                self.more()
            piece, self.buffer = self.buffer[:size], self.buffer[size:]
            size -= len(piece)
            yield piece

    def chunks(self):
        while True:
            size = int(self.line(), 16)
            yield from self.take(size)
            if self.line():
                raise ValueError("a chunk without its end")
            if size == 0:
                return

    def body(self):
        if self.headers.get("transfer-encoding") == "chunked":
            return self.chunks()
        return self.take(int(self.headers.get("content-length", "0")))

    # -- responses --

    def head(self, status, *headers):
        lines = [f"HTTP/1.1 {status} {REASON.get(status, 'Status')}", *headers, "", ""]
        self.conn.sendall("\r\n".join(lines).encode())

    def answer(self, status, document, *headers):
        body = document if isinstance(document, bytes) else json.dumps(document).encode()
        self.head(status, *([] if status in (204, 304) else [f"Content-Length: {len(body)}"]), *headers)
        if self.method != "HEAD":
            self.conn.sendall(body)

    def say(self, *objects, status=200, end=True, glue=b"\r\n"):
        """JSON objects, chunked."""
        self.head(status, "Content-Type: application/json", "Transfer-Encoding: chunked")
        for said in objects:
            self.chunk((said if isinstance(said, bytes) else json.dumps(said).encode()) + glue)
        if end:
            self.conn.sendall(b"0\r\n\r\n")

    def chunk(self, data):
        self.conn.sendall(b"%x\r\n%s\r\n" % (len(data), data))

    # -- the Engine API --

    def serve(self):
        self.method, self.path, _ = self.line().decode().split(" ")
        self.headers = {}
        while line := self.line():
            name, value = line.decode().split(":", 1)
            self.headers[name.lower()] = value.strip()
        path, _, self.query = self.path.partition("?")
        if path == "/.fake":
            return self.control()
        asked = None
        if path.startswith("/v"):
            first, _, rest = path[1:].partition("/")
            if first[1:2].isdigit():
                asked, path = first[1:], "/" + rest
        self.asked = api(asked or self.api or "1.24")
        rule = self.options.script.rule(self.kind_of(path))
        if not self.disturbed(rule) and (not asked or self.fits(asked)):
            self.dispatch(path)
        if rule["do"] == "after":
            self.conn = self.conn.conn
            self.answer(rule["status"], {"message": "as the script says"})

    def control(self):
        words = json.loads(b"".join(self.body()))
        script, told = self.options.script, {"kinds": self.options.script.kinds}
        if "profile" in words:
            self.options.profile = words["profile"]
            self.options.containers = containers_of(self.options.profile)
        if "take" in words:
            self.options.store = Store(self.options.store.kind)
            for archive in words["take"]:
                with open(archive, "rb") as file:
                    self.options.store.load(file.read(), [])
        if "rules" in words:
            script.begin(words["rules"])
        told["images"] = {tag.removeprefix("docker.io/library/"): [
            digest(image["config"]), image["diffs"], image["whole"]]
            for image in (self.options.store.images.values() if self.options.store else ()) for tag in image["tags"]}
        self.answer(200, told)

    def kind_of(self, path):
        fixed = {"/_ping": "Ping", "/version": "Version", "/info": "Info", "/images/load": "Load",
                 "/images/json": "List", "/containers/json": "Containers", "/containers/create": "Create"}
        words, last = path.split("/"), path.rpartition("/")[2]
        if path in fixed:
            return fixed[path]
        if words[1] == "networks":
            return "Connect" if last == "connect" else "Network"
        if words[1] == "exec":
            return {"start": "ExecStart", "json": "ExecInspect"}.get(last, "Other")
        if self.method == "DELETE":
            return {"containers": "Remove", "images": "Untag"}.get(words[1], "Other")
        if words[1] == "containers":
            return "Container" if last == "json" else last.capitalize()
        return {"json": "Inspect", "get": "Get", "tag": "Tag"}.get(last, "Other")

    def disturbed(self, rule):
        """Whether the rule has handled the request completely."""
        do = rule["do"]
        if do in ("gone", "reset"):
            if do == "gone":
                self.options.away_until = time.time() + rule["seconds"]
                self.options.listener.shutdown(socket.SHUT_RDWR)  # wakes the thread that waits for connections
            return True
        if do == "break":
            left = rule["bytes"]
            for piece in self.body():
                left -= len(piece)
                if left <= 0:
                    break
            return True
        return self.answered(rule)

    def answered(self, rule):
        do = rule["do"]
        message = {"message": "as the script says"}
        if do == "early":
            self.answer(rule["status"], message)
            return True
        if do == "after":
            self.conn = Unheard(self.conn)
            return False
        if do in ("drown", "status", "error", "text", "stall", "say"):
            for _ in self.body():
                pass
        if do == "status":
            self.answer(rule["status"], message)
        elif do == "error":
            self.say({"errorDetail": message, "error": message["message"]})
        elif do == "say":
            self.answer(rule.get("status", 200),
                        rule["body"].encode("utf-8", "surrogateescape") * rule.get("repeat", 1))
        elif do == "text":
            self.answer(200, b"<html>pay first</html>")
        elif do == "stall":
            time.sleep(rule["seconds"])
        elif do in ("cut", "hold", "flip", "lose"):
            self.conn = Spoiled(self.conn, rule.get("bytes", 0), self.spoiler(rule))
            return False
        return do in ("drown", "status", "error", "text", "stall", "say")

    def spoiler(self, rule):
        def spoil(data, at):
            if rule["do"] == "flip":
                return data[:at] + bytes([data[at] ^ 1]) + data[at + 1:]
            self.conn.conn.sendall(data[:at])
            time.sleep(rule.get("seconds", 0))
            raise Gone()
        return spoil

    def dispatch(self, path):
        if self.does("deny-" + self.kind_of(path).lower()):
            self.answer(403, b"<html><body><h1>403 Forbidden</h1></body></html>")
        elif path == "/_ping":
            self.ping()
        elif path == "/version":
            self.tell_version()
        elif path == "/info":
            self.info()
        elif path == "/images/load":
            self.load()
        elif path == "/images/json":
            self.list_images()
        elif path.startswith(("/containers/", "/exec/", "/networks/")):
            self.container(path.split("/")[1:], urllib.parse.parse_qs(self.query))
        elif path.startswith("/images/"):
            self.image(path[len("/images/"):])
        elif path.startswith("/raw/"):
            self.raw(path[len("/raw/"):])
        else:
            self.answer(404, {"message": "page not found"})

    def fits(self, asked):
        def number(version):
            return tuple(int(part) for part in version.split("."))
        if self.least and number(asked) < number(self.least):
            self.answer(400, {"message": f"client version {asked} is too old. Minimum supported API"
                                         f" version is {self.least}, please upgrade"})
            return False
        if self.api and number(asked) > number(self.api):
            self.answer(400, {"message": f"client version {asked} is too new. Maximum supported API"
                                         f" version is {self.api}"})
            return False
        return True

    def hang(self, word):
        if self.does(word):
            time.sleep(60)

    def ping(self):
        headers = [f"Api-Version: {self.api}"] if self.api else []
        if self.extra.get("podman"):
            headers.append(f"Libpod-API-Version: {self.version}")
        self.hang("ping-hang")
        if self.does("ping-teapot"):
            self.answer(418, b"I am no daemon")
        elif self.method == "HEAD" and self.does("no-head"):
            self.answer(405, {"message": "method not allowed"})
        else:
            self.answer(200, b"OK", *headers)

    def tell_version(self):
        name = "Podman Engine" if self.extra.get("podman") else "Engine"
        many = [{}] * 250000 if self.does("flood") else []
        self.answer(200, {"Version": self.version, "ApiVersion": self.api,
                          "MinAPIVersion": self.least, "Os": "linux", "Arch": "amd64",
                          "Components": [{"Name": name}, *many]})

    def info(self):
        self.hang("info-hang")
        if self.does("info-page"):
            return self.answer(200, b"<html>pay first</html>")
        status = [["driver-type", "io.containerd.snapshotter.v1"]]
        containerd = self.extra.get("containerd")
        if self.does("flood"):
            status += [[]] * 250000
        self.answer(200, {"Driver": "overlayfs" if containerd else "overlay2",
                          "DockerRootDir": "/var/lib/docker", "DefaultRuntime": "runc", "MemTotal": 8 << 30,
                          "Name": socket.gethostname(),
                          "DriverStatus": status if containerd else [["Backing Filesystem", "x"]]})

    def list_images(self):
        if self.does("labels"):
            label = {"io.buildpacks.lifecycle.metadata": '{"n":"%s"}' % ('x"]}' * 46000)}
            return self.answer(200, [{"Labels": label, "Id": f"sha256:{number:064x}", "Created": number,
                                      "RepoTags": [f"cnb{number}:1"], "Mounts": {"Id": ["no"]},
                                      "Size": 7} for number in range(70)])
        if not self.options.store:
            return self.answer(200, [{"Id": IMAGE, "RepoTags": ["app:1", "<none>:<none>"],
                                      "Created": 1700000000, "Size": 1234567}])
        self.answer(200, [{"Id": ident, "RepoTags": image["tags"] or None, "Created": image["created"],
                           "Size": self.size(image)}
                          for ident, image in self.options.store.images.items()])

    def size(self, image):
        return sum(len(self.options.store.layers.get(diff, b"")) for diff in image["diffs"])

    def untag(self, name):
        ident, image = self.options.store.find(urllib.parse.unquote(name))
        if not image:
            return self.answer(404, {"message": f"No such image: {name}"})
        image["tags"].remove(urllib.parse.unquote(name))
        self.answer(200, [{"Untagged": name}])

    def stored_image(self, name, verb):
        ident, image = self.options.store.find(urllib.parse.unquote(name))
        if not image:
            self.answer(404, {"message": f"No such image: {name}"})
        elif verb == "json":
            told = {"Id": ident, "Size": self.size(image), "Os": "linux", "Architecture": "amd64",
                    "RootFS": {"Type": "layers", "Layers": image["diffs"]}}
            if "manifests=1" in self.query and self.extra.get("containerd"):
                whole = image["whole"] and not self.does("store-lost")
                told["Manifests"] = [{"ID": ident, "Available": whole, "Kind": "image"}]
                if self.does("store-attested"):
                    told["Manifests"].append({"ID": IMAGE, "Available": False, "Kind": "attestation"})
            self.answer(200, told)
        elif verb == "history":
            if self.extra.get("containerd") and self.does("store-packed"):
                return self.answer(404, {"message": "snapshot sha256:12 does not exist: not found"})
            self.answer(200, [{"Id": ident, "Size": 1} for _ in image["diffs"]])
        elif verb == "get":
            self.head(200, "Content-Type: application/x-tar", "Transfer-Encoding: chunked")
            data = self.options.store.export(image)
            for at in range(0, len(data), 32768):
                self.chunk(data[at:at + 32768])
            self.conn.sendall(b"0\r\n\r\n")
        elif verb == "tag":
            query = urllib.parse.parse_qs(self.query)
            self.options.store.tag(ident, f"{query['repo'][0]}:{query['tag'][0]}")
            self.answer(201, b"")
        else:
            self.answer(404, {"message": "page not found"})

    def store_load(self):
        body = b"".join(self.body())
        kind = self.options.store.kind
        try:
            name = self.options.store.load(body, self.options.behave)
        except Refusal as refusal:
            if kind == "podman":
                self.answer(500, {"cause": "x", "message": str(refusal), "response": 500})
            elif kind == "containerd":  # since 27.2: only text, after the success message
                self.say({"stream": "Loaded image: x:1\n"},
                         {"stream": f"Error unpacking image x:1: {refusal}\n"})
            else:
                self.say({"errorDetail": {"message": str(refusal)}, "error": str(refusal)})
            return
        if self.does("store-unpack") and self.options.store.loads > 1:
            return self.say({"errorDetail": {"message": "failed to unpack loaded image: no space left on device"}})
        if self.does("store-hang") and self.options.store.loads > 1:
            self.options.behave.remove("store-hang")
            time.sleep(60)
        more = "nginx:latest" if self.does("store-more") else ""
        if kind == "podman":
            self.answer(200, {"stream": f"Loaded image: {name}{',' + more if more else ''}"})
        else:
            word = "Loaded image ID" if name.startswith("sha256:") else "Loaded image"
            detail = {"current": len(body), "total": len(body)}
            self.say({"status": "Loading layer", "id": "aabb", "progressDetail": detail},
                     {"stream": f"{word}: {name}\n"},
                     *[{"stream": f"Loaded image: {more}\n"}] * bool(more))

    # -- containers --

    def container(self, words, query):
        """Responds to /containers/..., /exec/... and /networks/..."""
        containers = self.options.containers
        body = b"".join(self.body())
        words = [urllib.parse.unquote(word) for word in words]
        with containers.lock:
            for one in list(containers.all.values()):
                containers.settle(one)
            answer = self.container_answer(containers, words, query, body)
        if answer is None:
            return self.answer(404, {"message": "page not found"})
        if words[-1] == "stop":
            while not containers.stopped(words[1]):
                time.sleep(0.02)
        if answer[2:] == (True,):  # an attached command that runs
            self.head(200, "Content-Type: application/vnd.docker.raw-stream")
            time.sleep(600)
        self.answer(*answer[:2])

    def container_answer(self, containers, words, query, body):
        def one(name, otherwise=""):
            return query.get(name, [otherwise])[0]
        which, verb = words[1], words[-1]
        if words[0] == "networks":
            return containers.connect(which, body) if verb == "connect" else containers.network(which)
        if words[0] == "exec":
            return containers.exec_start(which, body) if verb == "start" else containers.exec_inspect(which)
        if self.method == "DELETE":
            return containers.remove(which, one("force") in ("1", "true"))
        if self.method == "GET":
            gets = {"logs": lambda: containers.logs(which, one("tail", "all")),
                    "json": lambda: containers.list(one("all") in ("1", "true"), one("filters"), self.asked)
                            if len(words) == 2 else containers.inspect(which, self.asked)}
            return gets[verb]() if verb in gets else None
        posts = {"create": lambda: containers.create(one("name"), body, self.asked),
                 "start": lambda: containers.start(which),
                 "kill": lambda: containers.kill(which, one("signal", "SIGKILL")),
                 "stop": lambda: containers.stop(which),
                 "update": lambda: containers.update(which, body),
                 "rename": lambda: containers.rename(which, one("name")),
                 "exec": lambda: containers.exec(which, body)}
        return posts[verb]() if verb in posts else None

    def image_id(self, name):
        if not self.options.store:
            return IMAGE if name in ("app:1", IMAGE) else None
        return self.options.store.find(name)[0]

    def used_image(self, name):
        """Whether a container uses the image: then the response is 409."""
        user = self.options.containers.uses_image(self.image_id(urllib.parse.unquote(name)))
        if user:
            self.answer(409, {"message": f'conflict: unable to remove repository reference "{name}" (must force) - '
                                         f"container {user[:12]} is using its referenced image"})
        return bool(user)

    def image(self, rest):
        self.hang("image-hang")
        name, _, verb = rest.rpartition("/")
        if self.method == "DELETE" and self.used_image(rest):
            return None
        if self.options.store and self.method == "DELETE":
            return self.untag(rest)
        if self.options.store:
            return self.stored_image(name, verb)
        if name not in ("app:1", IMAGE):
            self.answer(404, {"message": f"No such image: {name}"})
        elif verb == "json":
            driver = "overlayfs" if self.extra.get("containerd") else "overlay2"
            told = {"Id": IMAGE, "Size": 1234567, "Os": "linux", "Architecture": "amd64",
                    "GraphDriver": {"Name": driver, "Data": None}, "RootFS": {"Type": "layers", "Layers": LAYERS}}
            if "manifests=1" in self.query and self.does("platforms"):
                told["Manifests"] = [
                    {"ID": IMAGE, "Available": available, "Kind": kind, "ImageData": {"Platform": platform}}
                    for available, kind, platform in (
                        (True, "image", {"os": "linux", "architecture": "amd64"}),
                        (False, "image", {"os": "linux", "architecture": "s390x"}),
                        (True, "image", {"os": "linux", "architecture": "arm64", "variant": "v8"}),
                        (True, "attestation", {"os": "unknown", "architecture": "unknown"}))]
            self.answer(200, told)
        elif verb == "tag":
            asked = self.query == "repo=registry.example%3A5000%2Fa%2Fb&tag=v1%2B2"
            self.answer(201 if asked else 400, {"message": f"asked for {self.query}"})
        elif verb == "get":
            asked = urllib.parse.parse_qs(self.query).get("platform")
            if self.does("platforms") and asked != ['{"os":"linux","architecture":"arm64","variant":"v8"}']:
                return self.answer(400, {"message": f"asked for {asked}"})
            self.export()
        else:
            self.answer(404, {"message": "page not found"})
        return None

    def export(self):
        if self.does("export-500"):
            return self.answer(500, {"message": "write /tmp: no space left on device"})
        if self.does("export-cut-length"):
            self.head(200, "Content-Type: application/x-tar", "Content-Length: 100000")
            return self.conn.sendall(b"t" * 1000)
        self.head(200, "Content-Type: application/x-tar", "Transfer-Encoding: chunked")
        for number in range(100):
            self.chunk(bytes([number]) * 32768)
        if self.does("export-stall"):
            time.sleep(600)
        if self.does("export-tail"):
            self.chunk(b'{"errorDetail":{"message":"disk on fire"},"error":"disk on fire"}\r\n')
        if self.does("export-cut"):
            return self.conn.sendall(b"8000\r\nhalf a chunk")
        self.conn.sendall(b"0\r\n\r\n")

    def load(self):
        if self.options.store:
            return self.store_load()
        loaded = {"stream": "Loaded image: app:1\n"}
        failed = {"errorDetail": {"message": "layers\nlength mismatch"}, "error": "old words"}
        if self.does("load-early") or self.does("load-early-500"):
            next(self.body())
            if self.does("load-early-500"):
                self.answer(500, {"message": "no room for that", "cause": "no room",
                                  "response": 500})
            else:
                self.say(failed)
            return
        size = sum(len(piece) for piece in self.body())
        received = {"status": "received", "id": str(size)}
        if self.does("load-cut"):
            return
        if self.does("load-error"):
            self.say(received, failed)
        elif self.does("load-full"):
            self.say(received, {"errorDetail": {"message": "write /x: no space left on device"}})
        elif self.does("load-reset"):
            self.answer(500, {"message": "read tcp: connection reset by peer"})
        elif self.does("load-unpack"):
            self.say(received, loaded, {"stream": "Error unpacking image app:1: content not found\n"})
        elif self.does("load-silent"):
            self.say(received)
        elif self.does("load-stray"):
            self.say(b"<html>\x1b[31mproxy</html>")
        elif self.does("load-two"):
            self.say(received, {"stream": "The image app:1 already exists\nLoaded image ID: sha256:ab\n"
                                          "Loaded image: b:2\n"})
        elif self.does("load-cut-answer"):
            self.say(received, loaded, end=False)
        elif self.does("load-split"):
            text = b'{"status":"a \\"}{ brace","progressDetail":{"current":1000000,"total":2000000}}' \
                + json.dumps(received).encode() + b'\n\n' + json.dumps(loaded).encode()
            self.say(*[bytes([byte]) for byte in text], glue=b"")
        elif self.extra.get("podman"):
            self.answer(200, {"stream": "Loaded image: localhost/app:1,localhost/b:2"})
        else:
            detail = {"current": 10000000, "total": 20000000}
            self.say({"status": "Loading layer", "id": "aabb", "progressDetail": detail}, received,
                     loaded)

    # -- plain requests, for tests of the stream below the API --

    def raw(self, what):
        kind, _, number = what.partition("/")
        if kind == "echo":
            size = total = 0
            for piece in self.body():
                size += len(piece)
                total = (total + sum(piece)) % 1000000007
            self.answer(200, {"size": size, "sum": total}, "X-Mixed-Case: Yes")
        elif kind == "chunked":
            self.head(200, "Transfer-Encoding: Chunked")
            for piece in pieces(int(number), 40000):
                self.conn.sendall(b"%X;x=y\r\n" % len(piece) + piece + b"\r\n")
            self.conn.sendall(b"0\r\nTrailer: yes\r\n\r\n")
        elif kind == "line":  # one chunk, and no other
            self.head(200, "Transfer-Encoding: chunked")
            self.conn.sendall(b"5\r\nline\n\r\n")
            time.sleep(600)
        elif kind == "cut":  # half a chunk
            self.head(200, "Transfer-Encoding: chunked")
            self.conn.sendall(b"a\r\nline\n")
        elif kind == "length":
            self.head(200, f"Content-Length: {number}")
            for piece in pieces(int(number), 100000):
                self.conn.sendall(piece)
        elif kind == "close":
            self.head(200)
            for piece in pieces(int(number), 100000):
                self.conn.sendall(piece)
        elif kind == "interim":
            self.conn.sendall(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 Processing\r\nA: b\r\n\r\n")
            self.answer(200, b"after")
        elif kind == "early":  # a complete response, then no reading any more
            next(self.body())
            self.answer(int(number), b"enough")
            time.sleep(600)
        elif kind == "early-close":
            next(self.body())
            self.answer(int(number), b"enough")
        elif kind == "hang-up":
            next(self.body())
        elif kind == "slow-reader":
            time.sleep(600)
        elif kind == "garbage":
            self.conn.sendall(b"SSH-2.0-OpenSSH_9.2\r\n")
        elif kind == "huge-head":
            self.conn.sendall(b"HTTP/1.1 200 OK\r\n" + b"X: " + b"y" * 200000)
        elif kind == "bad-chunk":
            self.head(200, "Transfer-Encoding: chunked")
            self.conn.sendall(b"zz\r\nxx\r\n0\r\n\r\n")
        elif kind == "big-chunk":
            self.head(200, "Transfer-Encoding: chunked")
            self.conn.sendall(b"fffffffffffffffff\r\nxx")
        else:
            self.answer(404, {})


def pieces(size, step):
    """The bytes 0..255, repeated."""
    ring = bytes(range(256)) * (step // 256 + 2)
    at = 0
    while at < size:
        count = min(step, size - at)
        yield ring[at % 256:at % 256 + count]
        at += count


def talk(conn, options):
    try:
        if options.tls:
            import ssl  # slow to import and rarely needed
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.set_alpn_protocols(["h2", "http/1.1"])
            context.load_cert_chain(*options.tls)
            conn = context.wrap_socket(conn, server_side=True)
        Exchange(conn, options).serve()
    except (Gone, OSError, StopIteration):
        pass
    finally:
        conn.close()


def containers_of(profile):
    version, _, _, extra = PROFILES[profile]
    return Containers(version if extra.get("podman") else "")


def listen(where, port):
    """The listening socket, and its port (0 for a unix socket)."""
    if where == "tcp":
        server = socket.create_server(("127.0.0.1", port))
        return server, server.getsockname()[1]
    server = socket.socket(socket.AF_UNIX)
    server.bind(where)
    server.listen(16)
    return server, 0


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("listen")
    parser.add_argument("--profile", choices=PROFILES, default="docker-20.10")
    parser.add_argument("--behave", type=lambda text: text.split(","), default=[])
    parser.add_argument("--tls", nargs=2)
    options = parser.parse_args()
    extra = PROFILES[options.profile][3]
    kind = "podman" if extra.get("podman") else "containerd" if extra.get("containerd") else "graph"
    options.store = Store(kind) if any(word.startswith("store") for word in options.behave) else None
    options.script = Script()
    options.containers = containers_of(options.profile)
    server, port = listen(options.listen, 0)
    print("ready", port, flush=True)
    # The server ends with the test, which holds the other end of this pipe.
    threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
    while True:
        options.listener = server
        try:
            conn, _ = server.accept()
        except OSError:  # the rule `gone` closed the socket
            server.close()
            if options.listen != "tcp":
                os.unlink(options.listen)
            time.sleep(max(0, options.away_until - time.time()))
            server, port = listen(options.listen, port)
            continue
        threading.Thread(target=talk, args=(conn, options), daemon=True).start()


if __name__ == "__main__":
    main()
