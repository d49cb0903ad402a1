"""What the scenes play on: two Docker daemons, an S3 server, a bucket, a tmpfs, and the bench images."""
import json
import os
import shlex
import shutil
import subprocess
import tempfile

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
KIT = os.path.join(TOP, "tests", "kit")
BUCKET = "bench"


def kit(program, *arguments):
    """Runs a program of the kit; returns what it printed."""
    return subprocess.run([os.path.join(KIT, program), *arguments], check=True, text=True,
                          stdout=subprocess.PIPE, env=os.environ).stdout


class Stage:
    """Everything is under one directory and stopped by close(); use it with `with`."""

    def __init__(self, image, build, say, log):
        self.say, self.build, self.image, self.log = say, build, image, log
        self.program = os.path.join(build, "cli", "s3dock")
        self.home = os.path.join(TOP, ".run", "bench")
        self.builder_dir, self.edge_dir, self.s3_dir = (
            os.path.join(self.home, name) for name in ("b", "e", "c"))
        self.ram = None
        self.builder = self.edge = None

    def __enter__(self):
        os.makedirs(self.home, exist_ok=True)
        self.find_images()
        for name in list(os.environ):
            if name.startswith("S3DOCK_") or name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_REGION",
                                                      "DOCKER_CONTEXT", "AWS_CA_BUNDLE"):
                del os.environ[name]
        os.environ["S3DOCK_BUCKET"] = BUCKET
        return self

    def __exit__(self, *_):
        self.say("stopping the servers")
        for program, where in (("docker", self.builder_dir), ("docker", self.edge_dir),
                               ("ceph", self.s3_dir)):
            kit(program, "stop", where)
        shutil.rmtree(self.home, ignore_errors=True)
        if self.ram:
            shutil.rmtree(self.ram, ignore_errors=True)

    # --- images

    def find_images(self):
        kit("images", "bench")
        self.images = {}
        for line in kit("images", "list").splitlines():
            name, reference, path = line.split(" ", 2)
            self.images[name] = (reference, path)
        self.reference, self.archive = self.images[self.image]
        self.raw_size = os.path.getsize(self.archive)

    # --- servers, started when the first scene needs them

    def need_builder(self):
        if not self.builder:
            self.say("starting a Docker daemon and loading the image")
            self.builder = kit("docker", "start", self.builder_dir).strip().partition("=")[2]
            self.docker(self.builder, "load", "-q", "-i", self.archive)
            # Whoever has just built an image has it in memory; otherwise the first export would pay.
            self.run(f"docker -H {self.builder} save {self.reference} > /dev/null")
        return self.builder

    def need_edge(self):
        if not self.edge:
            self.say("starting an edge host's Docker daemon")
            self.edge = kit("docker", "start", self.edge_dir).strip().partition("=")[2]
        return self.edge

    def need_s3(self):
        if "AWS_ENDPOINT_URL" not in os.environ:
            self.say("starting an S3 server")
            for line in kit("ceph", "start", self.s3_dir, "--disk", "40").splitlines():
                name, _, value = line.partition("=")
                os.environ[name] = value
            kit("bucket", "make", BUCKET)

    def daemon_pids(self):
        return [os.path.join(where, name) for where in (self.builder_dir, self.edge_dir)
                for name in ("docker.pid", "exec/containerd/containerd.pid")]

    def server_pids(self):
        return [os.path.join(self.s3_dir, name) for name in ("radosgw.pid", "osd.pid", "mon.pid")]

    # --- small things the scenes do between runs

    def run(self, command):
        """A bash command line that is not measured."""
        subprocess.run(["bash", "-c", "set -o pipefail; " + command], check=True,
                       stdout=subprocess.DEVNULL, stderr=self.log)

    def docker(self, host, *arguments):
        return subprocess.run(["docker", "-H", host, *arguments], check=True, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT).stdout

    def empty_edge(self):
        images = self.docker(self.need_edge(), "image", "ls", "-aq").split()
        if images:
            self.docker(self.edge, "image", "rm", "-f", *set(images))
        self.docker(self.edge, "image", "prune", "-af")

    def empty_bucket(self):
        kit("bucket", "empty", BUCKET)

    def object_size(self, suffix):
        for line in kit("bucket", "list", BUCKET).splitlines():
            size, _, key = line.partition(" ")
            if key.endswith(suffix):
                return int(size)
        return 0

    def tmpfs(self):
        """A folder in memory."""
        if not self.ram:
            self.ram = tempfile.mkdtemp(prefix="s3dock-bench.", dir="/dev/shm")
        return self.ram

    def room_in_memory(self, size):
        status = os.statvfs("/dev/shm")
        return status.f_bavail * status.f_frsize > size

    def s3dock(self, *arguments, host=None, endpoint=None):
        """The command line of our program."""
        words = [self.program, *arguments, "--json"]
        prefix = f"DOCKER_HOST={shlex.quote(host)} " if host else ""
        if endpoint:
            words += ["--endpoint", endpoint]
        return prefix + shlex.join(words)

    def tool(self, name):
        return os.path.join(self.build, "bench", name)


def stats(run):
    """The figures our program states about itself."""
    answer = json.loads(run.output)
    data = answer.get("data", {})
    said = {**answer.get("stats", {}), **data.get("stats", {})}
    figures = {name: said[name] for name in
               ("raw_bytes", "archive_bytes", "uploaded_bytes", "copied_bytes", "downloaded_bytes",
                "reused_bytes", "requests") if name in said}
    figures["skipped"] = int(bool(data.get("skipped")))
    if "peak_memory_bytes" in said:
        figures["stated_memory"] = said["peak_memory_bytes"]
    return figures
