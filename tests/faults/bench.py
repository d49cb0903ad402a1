"""The base of the fault tests: images, buckets, the program under test, and a score.

All random values come from a printed seed. All waits have a limit.
"""
import hashlib
import io
import json
import os
import random
import shutil
import socket
import subprocess
import sys
import tarfile
import threading
import time
import urllib.request

TOP = os.path.realpath(os.path.join(os.path.dirname(__file__), "..", ".."))
REF = "shop:20260301-0900-1a2b3c4"
NEXT = "shop:20260301-1015-2b3c4d5"
BUCKET = "images"

# Exit codes of the program: see core/base/err.h.
DONE, USAGE, NOT_FOUND, AUTH, NETWORK, INTEGRITY, CONFLICT, LOCAL, DOCKER, UNSUPPORTED = \
    0, 2, 3, 4, 5, 6, 8, 9, 10, 12
INTERRUPTED = 128 + 15
KILLED = -9  # of Python, not of the program

PATIENCE = 600  # seconds after which a command counts as hanging; none takes as long, on any machine


# --- images -----------------------------------------------------------------------------------

def noise(size, seed):
    source, piece = random.Random(seed), 64 << 20
    return b"".join(source.randbytes(min(piece, size - at)) for at in range(0, size, piece))


def add(tar, name, data):
    entry = tarfile.TarInfo(name)
    entry.size, entry.mtime = len(data), 1753132680
    tar.addfile(entry, io.BytesIO(data))


def layer(files):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name, data in files:
            add(tar, name, data)
    return out.getvalue()


def write_image(path, ref, layers):
    """Writes an archive in the form of `docker save`."""
    digests = [hashlib.sha256(data).hexdigest() for data in layers]
    config = json.dumps({"architecture": "amd64", "os": "linux", "rootfs": {
        "type": "layers", "diff_ids": ["sha256:" + digest for digest in digests]}}).encode()
    name = hashlib.sha256(config).hexdigest() + ".json"
    paths = [digest + "/layer.tar" for digest in digests]
    manifest = json.dumps([{"Config": name, "RepoTags": [ref], "Layers": paths}]).encode()
    with tarfile.open(path, "w", format=tarfile.USTAR_FORMAT) as tar:
        for at, data in zip(paths, layers):
            add(tar, at, data)
        add(tar, name, config)
        add(tar, "manifest.json", manifest)


def digest_of(path):
    with open(path, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()


# --- scripted servers -------------------------------------------------------------------

class FakeS3:
    """A tests/kit/fake_s3.py. Its /.fake controls it."""

    def __init__(self, folder):
        os.makedirs(folder, exist_ok=True)
        port_file = os.path.join(folder, "port")
        self.process = subprocess.Popen(
            [sys.executable, os.path.join(TOP, "tests/kit/fake_s3.py"), "--port-file", port_file,
             "--bucket", BUCKET, "--attached"], stdin=subprocess.PIPE)
        until = time.monotonic() + PATIENCE
        while not os.path.exists(port_file):
            if time.monotonic() > until:
                raise RuntimeError("fake_s3.py does not start")
            time.sleep(0.01)
        with open(port_file, encoding="ascii") as file:
            self.url = "http://127.0.0.1:" + file.read()

    def tell(self, **words):
        data = json.dumps(words).encode()
        for attempt in range(2000):  # a rule may refuse connections
            try:
                with urllib.request.urlopen(self.url + "/.fake", data, timeout=60) as answer:
                    return json.load(answer)
            except OSError:
                time.sleep(0.05)
        raise RuntimeError("fake_s3.py does not answer")

    def stop(self):
        self.process.kill()
        self.process.wait()

    def environment(self):
        return {"S3DOCK_ENDPOINT": self.url, "AWS_ACCESS_KEY_ID": "TESTACCESSKEY",
                "AWS_SECRET_ACCESS_KEY": "test-secret-key-0001"}


class FaultProxy:
    """A tests/kit/fault_proxy.py before a server."""

    def __init__(self, url):
        self.process = subprocess.Popen(
            [sys.executable, os.path.join(TOP, "tests/kit/fault_proxy.py"), url.removeprefix("http://")],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.url = "http://127.0.0.1:" + self.process.stdout.readline().decode().strip()

    tell, stop = FakeS3.tell, FakeS3.stop


class FakeDocker:
    """A tests/kit/fake_docker.py, which stores images as the engine of that profile does."""

    def __init__(self, folder, profile):
        os.makedirs(folder, exist_ok=True)
        self.path = os.path.join(folder, "docker.sock")
        self.process = subprocess.Popen(
            [sys.executable, os.path.join(TOP, "tests/kit/fake_docker.py"), self.path,
             "--profile", profile, "--behave", "store"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.process.stdout.readline()

    def tell(self, **words):
        body = json.dumps(words).encode()
        for attempt in range(2000):  # a rule may have closed the socket
            try:
                with socket.socket(socket.AF_UNIX) as conn:
                    conn.connect(self.path)
                    conn.sendall(b"POST /.fake HTTP/1.1\r\nContent-Length: %d\r\n\r\n%s" %
                                 (len(body), body))
                    answer = b"".join(iter(lambda: conn.recv(65536), b""))
                return json.loads(answer.split(b"\r\n\r\n", 1)[1])
            except (OSError, IndexError):
                time.sleep(0.05)
        raise RuntimeError("fake_docker.py does not answer")

    def stop(self):
        self.process.kill()
        self.process.wait()

    def environment(self):
        return {"DOCKER_HOST": "unix://" + self.path, "S3DOCK_DOCKER_TIMEOUT": "4s"}


# --- the program --------------------------------------------------------------------------------

class Result:
    def __init__(self, code, out, err, seconds):
        self.code, self.out, self.err, self.seconds = code, out, err, seconds

    def crashed(self):
        """Whether a signal or a sanitizer ended the program."""
        return self.code < 0 or self.code == 99 or self.code in (128 + 6, 128 + 11)


class Program:
    """The program under test, with its own home folder."""

    def __init__(self, path, folder, environment=None):
        self.path, self.folder = os.path.realpath(path), folder
        self.home = os.path.join(folder, "home")
        os.makedirs(self.home, exist_ok=True)
        self.environment = {
            "PATH": os.environ["PATH"], "HOME": self.home, "NO_COLOR": "1",
            "S3DOCK_BUCKET": BUCKET, "S3DOCK_PROGRESS": "none", "S3DOCK_LEVEL": "1",
            "S3DOCK_JOBS": "2", "S3DOCK_STALL_TIME": "1s",
            "ASAN_OPTIONS": "exitcode=99:halt_on_error=1:detect_leaks=1",
            "UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1",
            "TSAN_OPTIONS": "exitcode=99:halt_on_error=1", **(environment or {})}

    def run(self, *arguments, env=None, seconds=PATIENCE):
        started = time.monotonic()
        with subprocess.Popen(
                [self.path, *arguments], env={**self.environment, **(env or {})},
                cwd=self.folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                stderr=subprocess.PIPE) as process:
            try:
                out, err = process.communicate(timeout=seconds)
                code = process.returncode
            except subprocess.TimeoutExpired:
                process.kill()
                out, err = process.communicate()
                code = None
        return Result(code, out.decode(errors="replace"), err.decode(errors="replace"),
                      time.monotonic() - started)

    def interrupted(self, arguments, ripe, seconds=PATIENCE):
        """Runs the program and sends SIGTERM shortly after `ripe` returns true. Returns the exit code."""
        with subprocess.Popen([self.path, *arguments], env=self.environment, cwd=self.folder,
                              stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL) as process:
            until = time.monotonic() + seconds
            while not ripe() and time.monotonic() < until and process.poll() is None:
                time.sleep(0.01)
            time.sleep(0.2)
            process.terminate()
        return process.returncode

    def forget(self):
        """Deletes the caches and checkpoints of earlier runs."""
        shutil.rmtree(self.home)
        os.makedirs(self.home)


# --- the score ----------------------------------------------------------------------------------

class Score:
    """Counts cases by heading and records failures. Threads may share it."""

    def __init__(self, log):
        self.lock = threading.Lock()
        self.log = open(log, "w", buffering=1, encoding="utf-8")  # failures, written at once
        self.counts = {}  # heading: {column: number}
        self.failures, self.skipped, self.figures = {}, {}, {}

    def figure(self, what, told):
        """Records a measured figure for the page."""
        self.figures[what] = told
        print(f"# {what}: {told}", flush=True)

    def skip(self, what, why):
        self.skipped[what] = why

    def case(self, heading, column, wrong, told=""):
        with self.lock:
            row = self.counts.setdefault(heading, {})
            row[column] = row.get(column, 0) + 1
            if wrong:
                self.failures.setdefault(heading, []).append((wrong, told))
                self.log.write(f"{wrong}\n{told}\n")

    def tap(self, out):
        number = 0
        for heading, row in self.counts.items():
            number += 1
            bad = self.failures.get(heading, [])
            total = sum(row.values())
            print(f"{'not ok' if bad else 'ok'} {number} - {heading}: {total - len(bad)} of {total}"
                  " as expected", file=out)
            for wrong, told in bad[:20]:
                print(f"#   {wrong}", file=out)
                for line in told.strip().splitlines()[-3:]:
                    print(f"#       {line}", file=out)
        for what, why in self.skipped.items():
            number += 1
            print(f"ok {number} - {what} # SKIP {why}", file=out)
        return not self.failures


def covering(job, *labels):
    """Names what a job tests: its fault, its command and so on. None: nothing that a sample must have."""
    job.labels = set(labels) - {None}
    return job


def sample_of(jobs, count, rng):
    """Returns so many jobs, or more: every label is tested at least once."""
    left, chosen, missing = rng.sample(jobs, len(jobs)), [], set().union(*(job.labels for job in jobs))
    while left and (missing or len(chosen) < count):
        best = max(left, key=lambda job: len(job.labels & missing)) if missing else left[0]
        left.remove(best)
        chosen.append(best)
        missing -= best.labels
    return chosen


def in_parallel(jobs, workers):
    """Runs jobs in parallel, one at a time on each worker. A job is a function of one argument, the worker."""
    queue, lock, errors = list(reversed(jobs)), threading.Lock(), []

    def work(worker):
        while True:
            with lock:
                if not queue or errors:
                    return
                job = queue.pop()
            try:
                job(worker)
            except Exception as error:  # an error in the test itself ends the run with a traceback
                errors.append(error)
                raise

    threads = [threading.Thread(target=work, args=(worker,)) for worker in workers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
