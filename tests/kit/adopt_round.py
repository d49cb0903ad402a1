#!/usr/bin/env python3
"""Adopts containers of a real daemon, creates another one from each spec, and compares both.

    adopt_round.py [--drop GROUP.MEMBER] SOCKET SPEC_CALL FOLDER CONTAINER...

Prints one line for each container, and ends with 1 if one of them differs. FOLDER gets the files. SPEC_CALL is
tests/e2e/spec_call. --drop leaves a member out of the create, as a daemon does that ignores it. Differences that a spec has on purpose are left out: host names that are ids, labels of compose,
the restart policy, volumes without a name (which become mounts), addresses, and the lists that daemons fill in.
"""
import http.client
import json
import os
import re
import socket
import subprocess
import sys
import urllib.parse

LEFT_OUT = {  # members that a spec never has
    "Config": {"AttachStdin", "AttachStdout", "AttachStderr", "Image", "MacAddress", "NetworkDisabled", "Volumes"},
    "HostConfig": {"AutoRemove", "Binds", "ConsoleSize", "ContainerIDFile", "Links", "MaskedPaths", "Mounts",
                   "ReadonlyPaths", "RestartPolicy", "Runtime"},
}


class Engine(http.client.HTTPConnection):
    """A connection to the socket of a daemon."""

    def __init__(self, path):
        super().__init__("engine", timeout=60)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(60)
        self.sock.connect(self.path)


class Daemon:
    """Short requests to a daemon, in the newest version that it has."""

    def __init__(self, path):
        self.path, self.version = path, ""
        self.api = self.ask("GET", "/version")["ApiVersion"]
        self.version = "/v" + self.api

    def ask(self, method, path, body=None):
        engine = Engine(self.path)
        engine.request(method, self.version + path, body, {"Content-Type": "application/json"})
        reply = engine.getresponse()
        text = reply.read()
        engine.close()
        if reply.status >= 300:
            raise RuntimeError(f"{method} {path}: {reply.status} {text.decode(errors='replace')[:300]}")
        return json.loads(text) if text else None

    def create(self, name, body):
        return self.ask("POST", "/containers/create?name=" + urllib.parse.quote(name), body)["Id"]

    def remove(self, which, volumes):
        try:
            self.ask("DELETE", f"/containers/{which}?v={int(volumes)}&force=1")
        except RuntimeError:
            pass


def is_empty(value):
    return value in (None, "", 0, False) or value == [] or value == {}


def flat(value):
    """The value without members that are empty, and with its lists in one order."""
    if isinstance(value, dict):
        return {name: flat(member) for name, member in sorted(value.items()) if not is_empty(member)}
    if isinstance(value, list):
        return sorted((flat(element) for element in value), key=json.dumps)
    return value


def own_names(inspect):
    return {inspect["Id"][:12], inspect["Name"].lstrip("/"), inspect["Config"].get("Hostname")}


def mounts(inspect):
    """What is mounted where, in which form it was asked for."""
    real = {(mount["Type"], mount.get("Name") or mount.get("Source", ""), mount["Destination"], mount["RW"])
            for mount in inspect["Mounts"]}
    return sorted(real)


def networks(inspect):
    names = own_names(inspect)
    return {name: sorted(set(endpoint.get("Aliases") or []) - names)
            for name, endpoint in inspect["NetworkSettings"]["Networks"].items()}


def facts(inspect):
    """All that must be equal."""
    config, host = dict(inspect["Config"]), dict(inspect["HostConfig"])
    if config.get("Hostname") == inspect["Id"][:12] or host["NetworkMode"] == "host":
        config.pop("Hostname", None)
    config["Env"] = [variable for variable in config.get("Env") or [] if not variable.startswith("HOSTNAME=")]
    config["Labels"] = {name: value for name, value in (config.get("Labels") or {}).items()
                        if not re.match(r"com\.docker\.compose\.|dev\.s3dock\.", name)}
    for group, members in (("Config", config), ("HostConfig", host)):
        for name in LEFT_OUT[group]:
            members.pop(name, None)
    if host["NetworkMode"] in ("default", "bridge"):
        host.pop("NetworkMode")
    host["PortBindings"] = {port: bound for port, bound in (host.get("PortBindings") or {}).items() if bound}
    return {"Config": flat(config), "HostConfig": flat(host), "Mounts": mounts(inspect), "Networks": networks(inspect)}


def differences(path, one, other):
    if isinstance(one, dict) and isinstance(other, dict):
        for name in sorted(set(one) | set(other)):
            yield from differences(f"{path}.{name}" if path else name, one.get(name), other.get(name))
    elif one != other:
        yield f"{path}: {json.dumps(one)} became {json.dumps(other)}"


def call(program, *arguments):
    done = subprocess.run([program, *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{arguments[0]}: {done.stderr.strip()}")
    return done.stdout


def write(folder, name, value):
    path = os.path.join(folder, name)
    with open(path, "w", encoding="utf-8", opener=lambda file, flags: os.open(file, flags, 0o600)) as file:
        file.write(value if isinstance(value, str) else json.dumps(value))
    return path


def adopt(daemon, program, folder, name, drop):
    """Yields the differences between a container and the one that its spec makes."""
    inspect = daemon.ask("GET", f"/containers/{name}/json")
    daemon.remove("bare", True)
    daemon.create("bare", json.dumps({"Image": inspect["Image"]}))
    files = [write(folder, f"{name}.json", inspect),
             write(folder, f"{name}.bare.json", daemon.ask("GET", "/containers/bare/json"))]
    daemon.remove("bare", True)
    spec = write(folder, f"{name}.json5", call(program, "adopt", *files))
    request = json.loads(call(program, "body", spec, daemon.api))
    body = request["body"] | {"Image": inspect["Image"]}
    if drop:
        group, member = drop.split(".")
        body[group].pop(member)
    candidate = name + ".g2"
    daemon.remove(candidate, False)
    daemon.create(candidate, json.dumps(body))
    for network, endpoint in request["connect"].items():
        daemon.ask("POST", f"/networks/{network}/connect",
                   json.dumps({"Container": candidate, "EndpointConfig": endpoint}))
    made = daemon.ask("GET", f"/containers/{candidate}/json")
    daemon.remove(candidate, False)
    yield from differences("", facts(inspect), facts(made))
    warnings = call(program, "judge", spec, write(folder, f"{name}.made.json", made))
    for warning in warnings.splitlines():
        print(f"  {name}: {warning}", file=sys.stderr)


def main():
    arguments, drop = sys.argv[1:], None
    if arguments[0] == "--drop":
        _, drop, *arguments = arguments
    path, program, folder, *names = arguments
    daemon, failed = Daemon(path), False
    for name in names:
        found = []
        try:
            for difference in adopt(daemon, program, folder, name, drop):
                found.append(difference)
        except (RuntimeError, OSError) as error:
            found.append(str(error))
        print(f"{name}: {'; '.join(found) or 'the same'}")
        failed = failed or bool(found)
    sys.exit(failed)


if __name__ == "__main__":
    main()
