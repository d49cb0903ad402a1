"""The links of the scenes, and the proxy (link.c) that simulates them.

A link has a rate for each direction, which all connections share, a round trip time, and optional resets: at intervals,
one connection is reset. `loopback` uses no proxy.
"""
import dataclasses
import json
import os
import signal
import subprocess
import tempfile


@dataclasses.dataclass(frozen=True)
class Link:
    name: str
    title: str
    rate: float = 0        # bits per second; 0: not limited
    trip: float = 0        # milliseconds
    cut: float = 0         # seconds; 0: never

    @property
    def is_slow(self):
        return self.rate > 0


LINKS = {link.name: link for link in (
    Link("loopback", "loopback"),
    Link("1gbit", "1 Gbit/s, 5 ms", 1e9, 5),
    Link("100mbit", "100 Mbit/s, 20 ms", 100e6, 20),
    Link("20mbit", "20 Mbit/s, 40 ms", 20e6, 40),
    Link("2mbit", "2 Mbit/s, 100 ms, cuts", 2e6, 100, 20),
)}
LOOPBACK = LINKS["loopback"]
# The loopback through the proxy, for figures that only the proxy can measure.
WATCHED = Link("watched", "loopback, counted")


class Proxy:
    """A running link between two ports. Use it with `with`, then read `result` and `samples`."""

    def __init__(self, program, link, port, target):
        self.samples_file = tempfile.NamedTemporaryFile(prefix="s3dock-link.")
        command = [program, "--samples", self.samples_file.name]
        if link.rate:
            command += ["--rate", f"{link.rate:.0f}", "--trip", str(link.trip), "--cut", str(link.cut)]
        self.process = subprocess.Popen([*command, str(port), str(target)], stdout=subprocess.PIPE, text=True)
        self.result, self.samples = {}, []

    def __enter__(self):
        if self.process.stdout.readline() != "ready\n":
            self.process.wait()
            raise OSError("the link does not start: see above")
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        with self.process.stdout as stdout:
            answer = stdout.read()
        _, _, used = os.wait4(self.process.pid, 0)
        self.process.returncode = 0
        self.result = {**json.loads(answer), "processor": used.ru_utime + used.ru_stime}
        with open(self.samples_file.name) as file:
            self.samples = [[float(word) for word in line.split()] for line in file]
        self.samples_file.close()
