"""The environment of the scenes: Docker daemons, an S3 server, a registry, buckets, a tmpfs, and the benchmark images.

A server starts when the first scene needs it. All data is under one directory. The end of `with` stops the servers, or
leaves them running for the next run, with a note of their contents.
"""
import concurrent.futures
import contextlib
import fcntl
import hashlib
import io
import json
import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tarfile
import tempfile
import time

from gateway import Gateway
from links import LOOPBACK

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
KIT = os.path.join(TOP, "tests", "kit")
BUCKET, REGISTRY_BUCKET = "bench", "registry"
HOSTS_AT_ONCE = 4   # hosts to start, empty or stop in parallel
# The images, and the change that each one represents.
PAIRS = {"edited": "one source file edited", "rebuilt": "rebuilt with --no-cache",
         "updated": "packages and dependencies updated", "neighbour": "another app on the same base"}
SEEDS = {"first": 1, "edited": 2, "rebuilt": 3, "updated": 4, "neighbour": 5}  # of the tiny ones


def kit(program, *arguments):
    """Runs a program of the kit and returns its output."""
    return subprocess.run([os.path.join(KIT, program), *arguments], check=True, text=True,
                          stdout=subprocess.PIPE, env=os.environ).stdout


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Image:
    def __init__(self, name, reference, path):
        self.name, self.reference, self.path = name, reference, path
        self.size = os.path.getsize(path)
        self.app, _, self.tag = reference.partition(":")


class Stage:
    def __init__(self, build, say, log, tiny=False, keep=False):
        self.say, self.build, self.log, self.tiny, self.keep = say, build, log, tiny, keep
        self.program = os.path.join(build, "cli", "s3dock")
        # Real and tiny images have the same names, so their daemons and buckets must be separate.
        self.home = os.path.join(TOP, ".run", "bench-tiny" if tiny else "bench")
        self.builder_dir, self.edge_dir, self.s3_dir = (
            os.path.join(self.home, name) for name in ("b", "e", "c"))
        self.registry_pid = os.path.join(self.home, "registry.pid")
        self.ram = self.builder = self.edge = self.gateway = self.registry = None
        self.endpoint, self.hosts, self.held, self.ports = "", [], set(), {}
        self.images, self.full = {}, {}   # full: the saved state of each bucket
        self.edge_holds = ""              # the saved image of the edge host

    def __enter__(self):
        os.makedirs(self.home, exist_ok=True)
        self.lock = open(os.path.join(TOP, ".run", "bench.lock"), "w")
        try:
            fcntl.flock(self.lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            sys.exit("another bench runs in this checkout: two at once would measure each other")
        for name in list(os.environ):
            if name.startswith("S3DOCK_") or name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_REGION",
                                                      "DOCKER_CONTEXT", "AWS_CA_BUNDLE"):
                del os.environ[name]
        os.environ["S3DOCK_BUCKET"] = BUCKET
        os.environ["XDG_CACHE_HOME"] = os.path.join(self.home, "cache")
        self.find_images()
        self.recall()
        return self

    def __exit__(self, *_):
        if self.registry:
            self.registry.send_signal(signal.SIGTERM)
            self.registry.wait()
        self.stop_hosts()
        if self.ram:
            shutil.rmtree(self.ram, ignore_errors=True)
        if self.keep:
            self.remember()
            return
        self.say("stopping the servers")
        for program, where in (("docker", self.builder_dir), ("docker", self.edge_dir), ("ceph", self.s3_dir)):
            kit(program, "stop", where)
        shutil.rmtree(self.home, ignore_errors=True)

    # --- running servers of an earlier run

    def remember(self):
        with open(os.path.join(self.home, "state.json"), "w") as file:
            json.dump({"full": {bucket: [what, sorted(keys)] for bucket, (what, keys) in self.full.items()},
                       "edge_holds": self.edge_holds, "ports": self.ports}, file)

    def recall(self):
        """Reads and deletes the note. After an unfinished run, the contents are unknown."""
        path = os.path.join(self.home, "state.json")
        with contextlib.suppress(OSError, ValueError, KeyError):
            with open(path) as file:
                told = json.load(file)
            os.unlink(path)
            self.full = {bucket: (what, set(keys)) for bucket, (what, keys) in told["full"].items()}
            self.ports = {via: tuple(ports) for via, ports in told["ports"].items()}
            self.edge_holds = told["edge_holds"]

    # --- images

    def find_images(self):
        where = os.path.join(TOP, ".cache", "bench-tiny" if self.tiny else "bench")
        if self.tiny:
            self.make_tiny(where)
        else:
            kit("images", "bench", where)
        for line in kit("images", "list", where).splitlines():
            name, reference, path = line.split(" ", 2)
            self.images[name] = Image(name, reference, path)

    def make_tiny(self, where):
        """Creates images of 9 MB instead of 1.4 GB, to test the harness."""
        os.makedirs(where, exist_ok=True)
        references = {"first": "shop:20260301-0900-1a2b3c4", "edited": "shop:20260301-1015-2b3c4d5",
                      "rebuilt": "shop:20260302-0900-3c4d5e6", "updated": "shop:20260401-0900-4d5e6f7",
                      "neighbour": "billing:20260301-0930-5e6f7a8"}
        if all(os.path.exists(f"{where}/{name}.tar") for name in references):
            return
        host = kit("docker", "start", self.builder_dir).strip().partition("=")[2]
        for name, reference in references.items():
            self.run(f"DOCKER_HOST={host} {KIT}/images small {reference} {SEEDS[name]}")
            self.run(f"docker -H {host} save {reference} > {where}/{name}.tar")

    def need_small(self):
        """Creates an image of 9 MB, also in the builder, for the slowest link."""
        if "small" not in self.images:
            reference, path = "small:20260301-0900-1a2b3c4", os.path.join(self.home, "small.tar")
            host = self.need_builder()
            self.run(f"DOCKER_HOST={host} {KIT}/images small {reference} 6")
            self.run(f"docker -H {host} save {reference} > {path}")
            self.held.add(reference)
            self.images["small"] = Image("small", reference, path)
        return self.images["small"]

    def need_base(self):
        """Returns an archive with the lowest layer of the image `neighbour`: plain Debian (172 MB). It is small
        enough for many pushes over a slow link, and compresses like a real image."""
        if "base" not in self.images:
            reference, path = "base:20260301-0900-1a2b3c4", os.path.join(self.home, "base.tar")
            with tarfile.open(self.images["neighbour"].path) as whole, tarfile.open(path, "w") as out:
                manifest = json.load(whole.extractfile("manifest.json"))[0]
                config = json.load(whole.extractfile(manifest["Config"]))
                layer = manifest["Layers"][0]
                config["rootfs"]["diff_ids"], config["history"] = config["rootfs"]["diff_ids"][:1], []
                text = json.dumps(config).encode()
                name = hashlib.sha256(text).hexdigest() + ".json"
                listed = json.dumps([{"Config": name, "RepoTags": [reference], "Layers": [layer]}]).encode()
                member = whole.getmember(layer)
                out.addfile(member, whole.extractfile(member))
                for told, data in ((name, text), ("manifest.json", listed)):
                    member = tarfile.TarInfo(told)
                    member.size = len(data)
                    out.addfile(member, io.BytesIO(data))
            self.images["base"] = Image("base", reference, path)
        return self.images["base"]

    # --- servers, started when the first scene needs them

    def need_builder(self, *names):
        """Returns the daemon for pushes, with these images. A loaded image is in the page cache, like a built image."""
        if not self.builder:
            self.say("starting a Docker daemon")
            self.builder = kit("docker", "start", self.builder_dir).strip().partition("=")[2]
            self.held = set(self.names(self.builder))
        for name in names or ("first",):
            image = self.images[name]
            if image.reference not in self.held:
                self.say(f"loading the image {name}")
                self.docker(self.builder, "load", "-q", "-i", image.path)
                self.held.add(image.reference)
        return self.builder

    def need_edge(self):
        if not self.edge:
            self.say("starting an edge host's Docker daemon")
            self.edge = kit("docker", "start", self.edge_dir).strip().partition("=")[2]
        return self.edge

    def need_hosts(self, count):
        """Returns this number of edge hosts, started in parallel."""
        places = [os.path.join(self.home, f"h{number}") for number in range(len(self.hosts), count)]
        if places:
            self.say(f"starting {len(places)} hosts")
            at = len(self.hosts)
            self.hosts += [(where, "") for where in places]   # so that they are stopped in every case
            with concurrent.futures.ThreadPoolExecutor(HOSTS_AT_ONCE) as pool:
                told = list(pool.map(lambda where: kit("docker", "start", where), places))
            self.hosts[at:] = [(where, line.strip().partition("=")[2]) for where, line in zip(places, told)]
        return [host for _, host in self.hosts[:count]]

    def empty_hosts(self, count):
        with concurrent.futures.ThreadPoolExecutor(HOSTS_AT_ONCE) as pool:
            list(pool.map(self.empty_host, self.need_hosts(count)))

    def stop_hosts(self):
        with concurrent.futures.ThreadPoolExecutor(HOSTS_AT_ONCE) as pool:
            list(pool.map(lambda where: kit("docker", "stop", where), [where for where, _ in self.hosts]))
        self.hosts = []

    def need_s3(self):
        if not self.gateway:
            self.say("starting an S3 server")
            for line in kit("ceph", "start", self.s3_dir, "--disk", "60").splitlines():
                name, _, value = line.partition("=")
                os.environ[name] = value
            self.endpoint = os.environ["AWS_ENDPOINT_URL"]
            self.ports["s3"] = (self.ports.get("s3", [free_port()])[0], int(self.endpoint.rpartition(":")[2]))
            self.gateway = Gateway(self.s3_dir)
            for bucket in (BUCKET, REGISTRY_BUCKET):
                self.need_bucket(bucket)

    def need_registry(self):
        """docker-registry on the same S3 server. It sends the blobs itself, so that they pass a link in front of it."""
        self.need_s3()
        if self.registry:
            return
        self.say("starting a registry")
        # The names of images contain the port.
        self.ports.setdefault("registry", (free_port(), free_port()))
        port = self.ports["registry"][1]
        config = os.path.join(self.home, "registry.yml")
        with open(config, "w") as file:
            json.dump({"version": 0.1, "log": {"level": "error"},
                       "storage": {"s3": {"accesskey": os.environ["AWS_ACCESS_KEY_ID"],
                                          "secretkey": os.environ["AWS_SECRET_ACCESS_KEY"],
                                          "region": "us-east-1", "regionendpoint": self.endpoint,
                                          "bucket": REGISTRY_BUCKET, "secure": False, "v4auth": True},
                                   "redirect": {"disable": True}},
                       "http": {"addr": f"127.0.0.1:{port}"}}, file)
        self.registry = subprocess.Popen(["docker-registry", "serve", config], stdout=self.log, stderr=self.log,
                                         start_new_session=True)
        with open(self.registry_pid, "w") as file:
            file.write(str(self.registry.pid))
        self.wait_for(port)

    def wait_for(self, port):
        for _ in range(100):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    return
            time.sleep(0.1)
        raise OSError(f"nobody answers on port {port}")

    def link_ports(self, via):
        """Returns the port of a link and the port of its server."""
        return self.ports[via]

    def port(self, via, link=LOOPBACK):
        """Returns the address for a client."""
        return self.ports[via][1 if link is LOOPBACK else 0]

    def daemon_pids(self):
        return [os.path.join(where, name)
                for where in (self.builder_dir, self.edge_dir, *(where for where, _ in self.hosts))
                for name in ("docker.pid", "exec/containerd/containerd.pid")]

    def server_pids(self):
        return [os.path.join(self.s3_dir, name) for name in ("radosgw.pid", "osd.pid", "mon.pid")] + [
            self.registry_pid]

    # --- helpers of the scenes between runs

    def run(self, command):
        """Runs a bash command line that is not measured."""
        subprocess.run(["bash", "-c", "set -o pipefail; " + command], check=True,
                       stdout=subprocess.DEVNULL, stderr=self.log)

    def docker(self, host, *arguments):
        return subprocess.run(["docker", "-H", host, *arguments], check=True, text=True,
                              stdout=subprocess.PIPE, stderr=self.log).stdout

    def names(self, host):
        """Returns the references of all images in a daemon."""
        return self.docker(host, "image", "ls", "--format", "{{.Repository}}:{{.Tag}}").split()

    def empty_host(self, host):
        images = self.docker(host, "image", "ls", "-aq").split()
        if images:
            self.docker(host, "image", "rm", "-f", *set(images))
        self.docker(host, "image", "prune", "-af")

    def empty_edge(self):
        self.empty_host(self.need_edge())
        self.edge_holds = ""

    def keep_only(self, host, reference):
        """Removes every name but one, and all layers that are no longer needed."""
        names = self.names(host)
        others = [name for name in names if name != reference and not name.startswith("<none>")]
        if others:
            self.docker(host, "image", "rm", "-f", *others)
        self.docker(host, "image", "prune", "-f")

    def keys(self, bucket=BUCKET):
        return {line.partition(" ")[2]: int(line.partition(" ")[0])
                for line in kit("bucket", "list", bucket).splitlines()}

    def need_bucket(self, bucket):
        """Creates the bucket, if it does not exist."""
        kit("bucket", "make", bucket)

    def empty_bucket(self, bucket=BUCKET):
        self.full.pop(bucket, None)
        kit("bucket", "empty", bucket)

    def holds(self, bucket, what):
        """Records the contents of a bucket that a measured run has filled."""
        self.full[bucket] = (what, set(self.keys(bucket)))

    def hold(self, bucket, what, fill):
        """Ensures that the bucket has exactly the objects that `fill` writes. restore() returns to that state. If
        possible, the function does not fill the bucket again."""
        name, keys = self.full.get(bucket, ("", set()))
        if name != what or not keys <= set(self.keys(bucket)):
            self.empty_bucket(bucket)
            fill()
            self.holds(bucket, what)
        else:
            self.restore(bucket)

    def restore(self, bucket=BUCKET):
        fresh = [key for key in self.keys(bucket) if key not in self.full[bucket][1]]
        for at in range(0, len(fresh), 100):
            kit("bucket", "delete", bucket, *fresh[at:at + 100])

    def tmpfs(self):
        """Returns a folder in memory."""
        if not self.ram:
            self.ram = tempfile.mkdtemp(prefix="s3dock-bench.", dir="/dev/shm")
        return self.ram

    def room_in_memory(self, size):
        status = os.statvfs("/dev/shm")
        return status.f_bavail * status.f_frsize > size

    def s3dock(self, *arguments, host=None, endpoint=None, link=LOOPBACK, program=None):
        """Returns the command line of s3dock, or of another version."""
        words = [program or self.program, *arguments, "--json", "--quiet"]
        prefix = f"DOCKER_HOST={shlex.quote(host)} " if host else ""
        if not endpoint and link is not LOOPBACK:
            endpoint = f"http://127.0.0.1:{self.port('s3', link)}"
        if endpoint:
            words += ["--endpoint", endpoint]
        return prefix + shlex.join(words)

    def tool(self, name):
        return os.path.join(self.build, "bench", name)


def stats(output):
    """Returns the figures that s3dock reports."""
    answer = json.loads(output)
    data = answer.get("data", {})
    said = {**answer.get("stats", {}), **data.get("stats", {})}
    figures = {f"stated_{name}": said[name] for name in
               ("raw_bytes", "archive_bytes", "uploaded_bytes", "copied_bytes", "downloaded_bytes",
                "reused_bytes", "requests", "peak_memory_bytes") if name in said}
    figures["skipped"] = int(bool(data.get("skipped")))
    return figures
