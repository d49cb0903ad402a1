"""The containers and networks of fake_docker.py: create, start, inspect, list, kill, update, rename, exec, logs,
connect, remove, as daemons of API 1.24 to 1.54 and Podman do.

The functions return (status, document). A document that is bytes is sent as it is. Labels of a container
set its behaviour:

    fake.exit=3          it ends at its start with this code
    fake.start=WORDS     its start fails with these words
    fake.health=WORD     starting, healthy or unhealthy; otherwise it has no HEALTHCHECK
    fake.ignore=SIGNAL   it ignores this signal
    fake.slow=SECONDS    it runs this long after SIGTERM
    fake.log=TEXT        its log

A command (exec) is ["exit", CODE], ["sleep"], which never ends, or one that does not exist.
"""
import itertools
import json
import struct
import threading
import time

NEVER = "0001-01-01T00:00:00Z"
FATAL = ("SIGTERM", "SIGINT", "SIGQUIT", "SIGHUP", "SIGKILL", "15", "2", "9")
POLICIES = ("", "no", "always", "unless-stopped", "on-failure")
NUMBERS = {"SIGTERM": "15", "SIGINT": "2", "SIGKILL": "9", "SIGQUIT": "3", "SIGHUP": "1"}


def api(text):
    return tuple(int(part) for part in text.split("."))


def message(text):
    return {"message": text}


class Containers:
    def __init__(self, podman="", images=()):
        """`podman`: its version, or "". `images`: called with a name, returns an id, or None."""
        self.podman = podman
        self.find_image = images
        self.lock = threading.RLock()
        self.all = {}  # id: container
        self.networks = {name: number for number, name in enumerate(("bridge", "host", "none", "web", "db"), 16)}
        self.execs = {}
        self.numbers = itertools.count(1)

    # -- finding --

    def find(self, which):
        for ident, one in self.all.items():
            if which == one["name"] or ident == which or (len(which) >= 4 and ident.startswith(which)):
                return one
        return None

    def absent(self, which):
        if self.podman:
            return 404, {"cause": "no such container", "response": 404,
                         "message": f'no container with name or ID "{which}" found: no such container'}
        return 404, message(f"No such container: {which}")

    def taken(self, name, but=None):
        return any(one["name"] == name and one is not but for one in self.all.values())

    # -- create --

    def create(self, name, body, version):
        try:
            spec = json.loads(body)
        except ValueError as error:
            return 400, message(f"invalid JSON: {error}")
        if not isinstance(spec, dict) or not isinstance(spec.get("Image"), str):
            return 400, message("invalid JSON: json: cannot unmarshal")
        image = self.find_image(spec["Image"])
        if self.taken(name):
            holder = self.find(name)["id"]
            if self.podman:
                return 500, message(f'container create: creating container storage: the container name "{name}" is '
                                    f"already in use by {holder}. You have to remove that container to be able to "
                                    "reuse that name: that name is already in use")
            return 409, message(f'Conflict. The container name "/{name}" is already in use by container "{holder}". '
                                "You have to remove (or rename) that container to be able to reuse that name.")
        if not image:
            return 404, message(f"no such image: {spec['Image']}: image not known" if self.podman
                                else f"No such image: {spec['Image']}")
        wrong = self.unfit(spec, version)
        if wrong:
            return 400, message(wrong)
        return 201, {"Id": self.add(name, spec, image)["id"], "Warnings": self.warnings(spec, version)}

    @staticmethod
    def endpoints(spec):
        return (spec.get("NetworkingConfig") or {}).get("EndpointsConfig") or {}

    def unfit(self, spec, version):
        host = spec.get("HostConfig") or {}
        ends = self.endpoints(spec)
        if len(ends) > 1 and version < (1, 44):
            return "Container cannot be connected to network endpoints: " + ", ".join(ends)
        if spec.get("MacAddress") and version >= (1, 52):
            return "container-wide MAC address is not supported: use endpoint-specific MacAddress instead"
        policy = (host.get("RestartPolicy") or {}).get("Name", "")
        if policy not in POLICIES:
            return f"invalid restart policy: unknown policy '{policy}'"
        return ""

    @staticmethod
    def warnings(spec, version):
        found = []
        bindings = (spec.get("HostConfig") or {}).get("PortBindings") or {}
        if version >= (1, 52) and any(not value for value in bindings.values()):
            found.append("Container has empty port-bindings")
        if (spec.get("HostConfig") or {}).get("Memory", 0) and "fake.swap" in (spec.get("Labels") or {}):
            found.append("Your kernel does not support swap limit capabilities.\tMemory limited without swap.")
        return found

    def add(self, name, spec, image):
        number = next(self.numbers)
        mode = (spec.get("HostConfig") or {}).get("NetworkMode") or "default"
        ends = dict(self.endpoints(spec)) or {"bridge" if mode == "default" else mode: {}}
        one = {"id": f"{number:04x}" + "c0ffee" * 10, "name": name, "number": number, "spec": spec,
               "image": image, "state": "created", "started": NEVER, "code": 0, "error": "", "count": 0,
               "manual": False,
               "created": 1700000000 + number, "ends": ends, "labels": spec.get("Labels") or {}, "ends_at": 0,
               "policy": dict((spec.get("HostConfig") or {}).get("RestartPolicy") or {})}
        self.all[one["id"]] = one
        return one

    # -- life --

    def settle(self, one):
        """Ends a container that got a stop signal a while ago."""
        if one["state"] == "running" and one["ends_at"] and time.monotonic() >= one["ends_at"]:
            self.end(one, one["code_at_end"])

    def end(self, one, code):
        one.update(state="exited", code=code, ends_at=0)
        policy = one["policy"].get("Name", "")
        if not one["manual"] and (policy in ("always", "unless-stopped") or (policy == "on-failure" and code)):
            if "fake.exit" not in one["labels"]:
                self.run(one)
            one["count"] += 1

    def run(self, one):
        one.update(state="running", error="", code=0, ends_at=0,
                   started=f"2026-11-29T16:00:{next(self.numbers) % 60:02d}.000000001Z")
        if "fake.exit" in one["labels"]:
            one["manual"] = True
            self.end(one, int(one["labels"]["fake.exit"]))

    def published(self, one):
        bindings = (one["spec"].get("HostConfig") or {}).get("PortBindings") or {}
        return {(entry.get("HostIp", ""), entry["HostPort"]) for entries in bindings.values() for entry in entries or []
                if entry.get("HostPort")}

    def start_error(self, one):
        for name in one["ends"]:
            if name not in self.networks and not name.startswith("container:"):
                return 404, f"network {name} not found"
        busy = {port for other in self.all.values() if other["state"] == "running" and other is not one
                for port in self.published(other)}
        for address, port in self.published(one) & busy:
            return 500, ("driver failed programming external connectivity on endpoint: Bind for "
                         f"{address}:{port} failed: port is already allocated")
        if "fake.start" in one["labels"]:
            return 500, one["labels"]["fake.start"]
        return 0, ""

    def start(self, which):
        one = self.find(which)
        if not one:
            return self.absent(which)
        if one["state"] == "running":
            return 304, b""
        status, error = self.start_error(one)
        one["manual"] = False
        if error:
            one.update(error=error, code=128)
            return status, message(error)
        self.run(one)
        return 204, b""

    def not_running(self, one, verb):
        if self.podman:
            return 409, message(f"can only {verb} running containers. {one['id']} is in state {one['state']}: "
                                "container state improper")
        return 409, message(f"Cannot {verb} container: {one['name']}: Container {one['id']} is not running")

    def kill(self, which, signal):
        one = self.find(which)
        if not one:
            return self.absent(which)
        if one["state"] not in ("running", "paused"):
            return self.not_running(one, "kill")
        if not (signal.startswith("SIG") or signal.isdigit()) or signal == "SIGNONE":
            return 400, message(f"Invalid signal: {signal}")
        one["manual"] = not self.podman or api(self.podman.rpartition(".")[0]) >= (4, 7) or signal == "SIGKILL"
        self.signal(one, signal)
        return 204, b""

    def signal(self, one, signal):
        if one["labels"].get("fake.ignore") == signal or signal not in FATAL:
            return
        one["code_at_end"] = 137 if signal in ("SIGKILL", "9") else 143
        if one["labels"].get("fake.slow") and signal not in ("SIGKILL", "9"):
            one["ends_at"] = time.monotonic() + float(one["labels"]["fake.slow"])
        else:
            self.end(one, one["code_at_end"])

    def stop(self, which):
        """Starts the stop. The caller waits until self.stopped()."""
        one = self.find(which)
        if not one:
            return self.absent(which)
        if one["state"] != "running":
            return (204 if self.podman else 304), b""
        one["manual"] = True
        self.signal(one, one["spec"].get("StopSignal") or "SIGTERM")
        return 204, b""

    def stopped(self, which):
        with self.lock:
            one = self.find(which)
            if one:
                self.settle(one)
            return not one or one["state"] != "running"

    # -- changes --

    def update(self, which, body):
        if self.podman and api(self.podman.rpartition(".")[0]) < (5, 1):
            return 404, b"Not Found\n"
        one = self.find(which)
        if not one:
            return self.absent(which)
        policy = json.loads(body).get("RestartPolicy") or {}
        if policy.get("Name") not in POLICIES:
            return 400, message(f"invalid restart policy '{policy.get('Name')}'")
        one["policy"] = policy
        return 200, {"Warnings": None}

    def rename(self, which, name):
        one = self.find(which)
        if not one:
            return self.absent(which)
        if one["name"] == name and not self.podman:
            return 400, message("Renaming a container with the same name as its current name")
        if self.taken(name, None if self.podman else one):
            if self.podman:
                return 409, message(f"renaming container {one['id']}: name {name} already in use, cannot rename "
                                    f"container {one['id']}: container already exists")
            return 409, message("Error when allocating new name: Conflict. The container name "
                                f'"/{name}" is already in use by container "{self.find(name)["id"]}".')
        one["name"] = name
        return 204, b""

    def remove(self, which, force):
        one = self.find(which)
        if not one:
            return self.absent(which)
        if one["state"] == "running" and not force:
            if self.podman:
                return 500, message(f"cannot remove container {one['id']} as it is running - running or paused "
                                    "containers cannot be removed without force: container state improper")
            return 409, message(f"You cannot remove a running container {one['id']}. Stop the container before "
                                "attempting removal or force remove")
        del self.all[one["id"]]
        return 204, b""

    def connect(self, network, body):
        asked = json.loads(body)
        which = asked.get("Container", "")
        one = self.find(which)
        if not one:
            return self.absent(which)
        if network not in self.networks and (self.podman or one["state"] == "running"):
            return 404, message(f"network {network} not found")
        if network in one["ends"]:
            return 403, message(f"endpoint with name {one['name']} already exists in network {network}")
        one["ends"][network] = asked.get("EndpointConfig") or {}
        return 200, b""

    def network(self, name):
        if name not in self.networks or (self.podman and name in ("host", "none")):
            return 404, message(f"network {name} not found")
        return 200, {"Name": name, "Id": f"{self.networks[name]:064x}", "Driver": "bridge"}

    def uses_image(self, ident):
        """The id of a container that uses an image, or ""."""
        return next((one["id"] for one in self.all.values() if one["image"] == ident), "")

    # -- reading --

    def endpoint(self, one, name, version):
        asked = one["ends"][name] or {}
        runs = one["state"] == "running" and name not in ("host", "none")
        aliases = list(asked.get("Aliases") or [])
        names = [one["name"], *aliases, one["id"][:12]]
        if version < (1, 45) and name not in ("bridge", "host", "none"):
            aliases.append(one["id"][:12])
        told = {"NetworkID": f"{self.networks.get(name, 0):064x}", "Aliases": aliases or None,
                "IPAMConfig": asked.get("IPAMConfig"), "Links": None, "Gateway": "",
                "IPAddress": f"172.30.{self.networks.get(name, 0)}.{one['number'] + 1}" if runs else "",
                "GlobalIPv6Address": ""}
        if version >= (1, 44):
            told["DNSNames"] = names if name not in ("bridge", "host", "none") else None
        return told

    def health(self, one):
        return one["labels"].get("fake.health", "") if one["state"] == "running" else ""

    def state(self, one):
        runs = one["state"] == "running"
        told = {"Status": one["state"], "Running": runs, "Paused": False, "Restarting": False, "OOMKilled": False,
                "Dead": False, "Pid": 4000 + one["number"] if runs else 0, "ExitCode": one["code"],
                "Error": one["error"], "StartedAt": one["started"], "FinishedAt": NEVER}
        if "fake.health" in one["labels"]:
            told["Health"] = {"Status": self.health(one) or "unhealthy", "FailingStreak": 0, "Log": []}
        elif self.podman:
            told["Health"] = {"Status": "", "FailingStreak": 0, "Log": None}
        return told

    def inspect(self, which, version):
        one = self.find(which)
        if not one:
            return self.absent(which)
        spec = {key: value for key, value in one["spec"].items() if key not in ("HostConfig", "NetworkingConfig")}
        host = dict(one["spec"].get("HostConfig") or {})
        host["RestartPolicy"] = {"Name": one["policy"].get("Name") or ("no" if version >= (1, 44) else ""),
                                 "MaximumRetryCount": one["policy"].get("MaximumRetryCount", 0)}
        spec.setdefault("Labels", {})
        if self.podman:
            spec["StopSignal"] = NUMBERS.get(spec.get("StopSignal") or "SIGTERM", "15")
            spec.setdefault("StopTimeout", 0)
        settings = {"Ports": {}, "Networks": {name: self.endpoint(one, name, version) for name in one["ends"]}}
        if version < (1, 52):
            settings["IPAddress"] = settings["Networks"].get("bridge", {}).get("IPAddress", "")
        return 200, {"Id": one["id"], "Name": "/" + one["name"], "Created": "2026-11-29T16:00:00Z",
                     "Image": one["image"], "State": self.state(one), "RestartCount": one["count"], "Config": spec, "HostConfig": host,
                     "Mounts": [], "NetworkSettings": settings}

    def listed(self, one, version):
        words = {"created": "Created", "exited": f"Exited ({one['code']}) 2 seconds ago"}
        status = words.get(one["state"], "Up 2 seconds")
        health = self.health(one)
        if health:
            status += f" ({'health: starting' if health == 'starting' else health})"
        told = {"Id": one["id"], "Names": ["/" + one["name"]], "Image": one["spec"]["Image"], "ImageID": one["image"],
                "Created": one["created"], "State": one["state"], "Status": status, "Labels": one["labels"]}
        if version >= (1, 52) and health:
            told["Health"] = {"Status": health, "FailingStreak": 0}
        return told

    def list(self, everything, filters, version):
        wanted = json.loads(filters).get("label", []) if filters else []
        if isinstance(wanted, dict):
            wanted = list(wanted)

        def fits(one):
            return all((name in one["labels"] and (not equals or one["labels"][name] == value))
                       for name, equals, value in (text.partition("=") for text in wanted))
        return 200, [self.listed(one, version) for one in self.all.values()
                     if fits(one) and (everything or one["state"] == "running")]

    def logs(self, which, tail):
        one = self.find(which)
        if not one:
            return self.absent(which)
        lines = one["labels"].get("fake.log", "").encode("utf-8", "surrogateescape").splitlines(keepends=True)
        lines = lines[-int(tail):] if tail.isdigit() else lines
        if one["spec"].get("Tty"):
            return 200, b"".join(lines)
        return 200, b"".join(struct.pack(">BxxxI", 1 + number % 2, len(line)) + line
                             for number, line in enumerate(lines))

    # -- exec --

    def exec(self, which, body):
        one = self.find(which)
        if not one:
            return self.absent(which)
        if one["state"] != "running":
            return 409, message(f"Container {one['id']} is not running")
        ident = f"{next(self.numbers):064x}"
        self.execs[ident] = {"cmd": json.loads(body)["Cmd"], "attached": json.loads(body).get("AttachStdout", False),
                             "running": False, "code": None, "container": one["id"]}
        return 201, {"Id": ident}

    def exec_start(self, ident, body):
        """Returns also whether the response ends only with the command."""
        if ident not in self.execs:
            return 404, message(f"No such exec instance: {ident}"), False
        one, detach = self.execs[ident], json.loads(body).get("Detach", False)
        if one["cmd"][0] not in ("exit", "sleep"):
            text = f'OCI runtime exec failed: exec: "{one["cmd"][0]}": no such file or directory: unknown'
            return (500 if self.podman else 400), message(text), False
        one["running"] = True
        if one["cmd"][0] == "exit":
            one["code"] = int(one["cmd"][1])
            one["running"] = bool(self.podman and detach)  # as Podman before 4.6
        return 200, b"", one["running"] and not detach

    def exec_inspect(self, ident):
        if ident not in self.execs:
            return 404, message(f"No such exec instance: {ident}")
        one = self.execs[ident]
        code = one["code"] if not one["running"] else 0 if self.podman else None
        return 200, {"ID": ident, "Running": one["running"], "ExitCode": code, "ContainerID": one["container"]}
