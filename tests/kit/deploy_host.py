"""The host of a deployment under test, for deploy_kills.py: its daemon, its processes, its containers."""
import http.client
import json
import os
import signal
import socket
import subprocess
import time

KIT = os.path.dirname(os.path.realpath(__file__))
LABEL = "dev.s3dock.deploy"


class Wrong(Exception):
    """A rule that does not hold."""


def say(words):
    print(words, flush=True)


# ---- the daemon and processes ------------------------------------------------------------------------

class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=60)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class Daemon:
    def __init__(self, folder):
        self.folder, self.socket = folder, os.path.join(folder, "docker.sock")

    def ask(self, path, method="GET", body=None):
        connection = UnixConnection(self.socket)
        try:
            connection.request(method, path, body, {"Content-Type": "application/json"} if body else {})
            response = connection.getresponse()
            body = response.read()
            return json.loads(body) if response.status == 200 else None
        finally:
            connection.close()

    def containers(self, name):
        """The containers of a unit (APP/ENV/UNIT), as inspect shows them. One may vanish meanwhile."""
        filters = json.dumps({"label": [f"{LABEL}={name}"]}).replace(" ", "").replace('"', "%22")
        listed = self.ask(f"/containers/json?all=1&filters={filters}") or []
        return [found for found in (self.ask(f"/containers/{each['Id']}/json") for each in listed) if found]

    def tool(self, verb):
        subprocess.run([os.path.join(KIT, "docker"), verb, self.folder], check=True, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL)

    def die(self):
        self.tool("kill")

    def again(self):
        self.tool("again")

    def pids(self):
        """The processes of all containers, and their shims."""
        found = [each["State"]["Pid"] for each in (self.ask(f"/containers/{one['Id']}/json")
                                                  for one in self.ask("/containers/json") or []) if each]
        return found + [parent_of(pid) for pid in found]


def parent_of(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
            return int(file.read().rpartition(")")[2].split()[1])
    except OSError:
        return 0


def await_handler(pid, limit):
    """Waits until a process catches SIGTERM: without that, it would end without a result."""
    end = time.monotonic() + limit
    while time.monotonic() < end:
        with open(f"/proc/{pid}/status", encoding="utf-8") as file:
            caught = next((line.split()[1] for line in file if line.startswith("SigCgt:")), "0")
        if int(caught, 16) >> (signal.SIGTERM - 1) & 1:
            return
        time.sleep(0.02)
    raise Wrong("the load does not begin")


def kill_process(pid):
    if pid > 1:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass


# ---- containers ----------------------------------------------------------------------------------------

def runs(container):
    return container["State"]["Status"] == "running"


def policy_of(container):
    return container["HostConfig"]["RestartPolicy"]["Name"] not in ("", "no")


def name_of(container):
    return container["Name"].lstrip("/")


def gen_of(container):
    return next((line[4:] for line in container["Config"]["Env"] or [] if line.startswith("GEN=")), "")


def shown(containers):
    return "; ".join(f"{name_of(c)} gen {gen_of(c)} {c['State']['Status']} {c['HostConfig']['RestartPolicy']['Name']}"
                     for c in sorted(containers, key=name_of))
