#!/usr/bin/env python3
"""Interrupts deployments at every deed, for tests/e2e/deploy-survives-kills.sh.

    deploy_kills.py --work DIR --docker DIR --faulty LIBRARY [options] LANE...

LANE: ENV:PROXY:ORDER:FRONT[:UNITS], a deployment behind a proxy (WORK/ENV.proxy) that listens on the port FRONT. The
container of generation 1 serves. UNITS: "web,worker", the first one is behind the proxy and has the ORDER, the others have
stop-first. Lanes run side by side, except while the daemon is killed, and for images that are transferred.

A deed (tests/kit/faulty.c) is a call that leaves something behind: a request that changes something, bytes in a file, a
name, a started program. An undisturbed deployment lists them. Then, for each of them, the next generation is deployed,
and the program is interrupted there. Something may happen to the host. The same command again must complete it.

Prints one line for each group of points, "ok SENTENCE" or "not ok SENTENCE", with comments.
"""
import argparse
import collections
import http.client
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time

KIT = os.path.dirname(os.path.realpath(__file__))
LABEL = "dev.s3dock.deploy"
GENERATIONS = (1, 2, 3, 4)  # images; a deployment never finds a retired container of its image
PULLED = (5, 6, 7)  # images that nothing keeps: each deployment transfers its image
EXITS, SICK = 8, 9  # images that end, and that never become ready
PATIENCE = 120
WRONG_MOST = 12  # problems that are printed of a group

# work: "deploy", "pull" (a deployment that transfers its image), "rollback"
Point = collections.namedtuple("Point", "deed way event image work", defaults=("", 0, "deploy"))


class Wrong(Exception):
    """A rule that does not hold."""


def say(words):
    print(words, flush=True)


# ---- the daemon --------------------------------------------------------------------------------------

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


# ---- what is there -----------------------------------------------------------------------------------

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


# ---- one deployment behind one proxy -------------------------------------------------------------------

class Lane:
    def __init__(self, options, daemon, words):
        self.env, self.proxy, self.order, front, units = (words + ":main").split(":")[:5]
        self.options, self.daemon, self.front = options, daemon, int(front)
        self.app, self.units = options.app, units.split(",")
        self.web = self.units[0]
        self.home = os.path.join(options.work, self.env)
        self.gen, self.promoted, self.load, self.failures = 1, 1, None, f"{self.home}.failures"
        self.stopped = None  # when the current point has sent the first signal
        self.windows = []  # times in which a stop-first unit may not serve
        self.requests, self.failed, self.longest, self.reached = 0, 0, 0.0, collections.Counter()
        self.cut = 0  # drains that ended at their limit: the requests that they left may fail

    # -- commands

    def program(self, *words, env=None):
        return subprocess.run([self.options.program, *words], env={**os.environ, **(env or {})}, timeout=PATIENCE,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)

    def promote(self, gen):
        done = self.program("promote", f"{self.app}:20260101-{gen // 60:02d}{gen % 60:02d}-{gen:07x}", self.env)
        if done.returncode != 0:
            raise Wrong(f"promote: {done.stderr}")
        self.promoted = gen

    def next_image(self, images=GENERATIONS):
        """The image after the one that was promoted last, except the one that serves."""
        at = images.index(self.promoted) if self.promoted in images else -1
        following = [images[(at + i) % len(images)] for i in range(1, len(images) + 1)]
        return next(gen for gen in following if gen not in (self.gen, self.promoted))

    def deploy(self, wish=None, number=0, more=()):
        """Returns the process and the list of its deeds. Notes when it stopped the container that serves."""
        book = f"{self.home}.list"
        if os.path.exists(book):
            os.unlink(book)
        env = {"LD_PRELOAD": self.options.faulty, "FAULTY_LIST": book}
        if number:
            env["FAULTY"] = f"deed:{number}:{wish}"
        done = self.program("deploy", *more, self.app, self.env, "--json", env=env)
        self.cut += "did not end within the drain" in done.stderr
        deeds = []
        if os.path.exists(book):
            with open(book, encoding="utf-8", errors="replace") as file:
                lines = [line.split(" ", 1) for line in file.read().splitlines()]
            deeds = [deed for _, deed in lines]
            signals = [float(when) for when, deed in lines if re.match(r"send POST \S*/kill\?", deed)]
            self.stopped = self.stopped or (signals[0] if signals else None)
        return done, deeds

    # -- the load

    def begin_load(self):
        # Requests end sooner than the drain, also on a busy machine. Late ones are the matter of other scenarios: on a
        # busy machine, the proxy and the application have no time for seconds.
        words = [os.path.join(KIT, "load.py"), str(self.front), "--rate", str(self.options.rate), "--late", "20",
                 "--slow-seconds", "0.2", "--timeout", "20", "--failures", self.failures]
        with open(f"{self.home}.load", "w", encoding="utf-8") as out:
            self.load = subprocess.Popen(words, stdout=out, stderr=subprocess.DEVNULL)
        with open(os.path.join(self.options.work, "loads"), "a", encoding="utf-8") as file:
            file.write(f"{self.load.pid}\n")  # the scenario ends it, if this program is ended
        await_handler(self.load.pid, PATIENCE)

    def end_load(self):
        """Returns what is wrong with the requests, or None. A stop-first unit may lose some while it is replaced."""
        if not self.load:
            return None
        self.load.terminate()
        self.load.wait()
        self.load = None
        with open(f"{self.home}.load", encoding="utf-8") as file:
            result = json.load(file)
        with open(self.failures, encoding="utf-8") as file:
            failures = [line.split() for line in file]
        failures = [(float(began), float(ended), kind) for began, ended, kind in failures]
        self.requests += result["requests"]
        bad = [each for each in failures if not self.is_excused(each)]
        self.failed += len(failures)
        self.longest = max(self.longest, result["longest_gap"])
        say(f"# {self.env}: {result['requests']} requests, {len(failures)} failed, {len(bad)} of them without a reason; "
            f"longest gap {result['longest_gap']:.2f} s, own delay {result['own_delay']:.2f} s, "
            f"{self.cut} drains at their limit")
        self.cut = 0
        if bad or not result["requests"]:
            kinds = dict(collections.Counter(kind for _, _, kind in bad))
            return (f"{len(bad)} of {result['requests']} requests failed: {kinds}" +
                    # nginx, Caddy and the application did not run either: each of their limits may have passed.
                    (", with a load that was late itself: the machine was too busy" if result["own_delay"] > 5 else "") +
                    ": " + "; ".join(map(self.describe, bad[:WRONG_MOST])))
        return None

    def is_excused(self, failure):
        """A stop-first unit may lose the requests that meet a time in which it is replaced."""
        began, ended, _ = failure
        return any(since <= ended and began <= to for since, to in self.windows)

    def describe(self, failure):
        """A failed request, and where it lies between the windows."""
        began, ended, kind = failure
        after = min((began - to for _, to in self.windows if to < began), default=0)
        before = min((since - ended for since, _ in self.windows if since > ended), default=0)
        return (f"{kind}, {began:.3f} to {ended:.3f}" + (f", {after:.2f} s after a window" if after else "") +
                (f", {before:.2f} s before a window" if before else ""))

    def get(self):
        """Returns the generation and the container that respond through the proxy."""
        connection = http.client.HTTPConnection("127.0.0.1", self.front, timeout=20)
        try:
            connection.request("GET", "/", headers={"Connection": "close"})
            response = connection.getresponse()
            response.read()
            return response.status, response.headers["X-Gen"], response.headers["X-Host"]
        except OSError as error:
            return str(error), None, None
        finally:
            connection.close()

    # -- rules

    def name_of_unit(self, unit):
        return f"{self.app}-{self.env}" + ("" if unit == "main" else f"-{unit}")

    def order_of(self, unit):
        return self.order if unit == self.web else "stop-first"

    def containers(self, unit=None):
        return self.daemon.containers(f"{self.app}/{self.env}/{unit or self.web}")

    def holder(self, containers, unit=None):
        return next((c for c in containers if name_of(c) == self.name_of_unit(unit or self.web)), None)

    def serving(self):
        """The identities of the containers that have the names, by unit."""
        holders = {unit: self.holder(self.containers(unit), unit) for unit in self.units}
        if None in holders.values():
            raise Wrong(f"a unit has no container: {holders.keys()}")
        return {unit: holder["Id"] for unit, holder in holders.items()}

    def check_moment(self, former):
        """Invariants 1 to 3, while the program is dead."""
        for unit in self.units:
            self.check_unit(unit, former[unit])

    def check_unit(self, unit, former):
        containers = self.containers(unit)
        holder = self.holder(containers, unit)
        before = next((c for c in containers if c["Id"] == former), None)
        if not before:
            raise Wrong(f"what served was removed: {shown(containers)}")
        # A stop-first container that got its signal may still run, and not respond any more.
        gap = self.order_of(unit) == "stop-first" and (self.stopped or not runs(before))
        if not gap and holder and holder["Id"] == former and not runs(holder):
            raise Wrong(f"3: what served was stopped before the commit: {shown(containers)}")
        if not gap and not any(runs(c) and policy_of(c) for c in containers):
            raise Wrong(f"2: nothing would come back at boot: {shown(containers)}")
        for _ in range(0 if gap or unit != self.web else 2):
            status, _, host = self.get()
            if status != 200:
                raise Wrong(f"1: nothing serves ({status}): {shown(containers)}")
            if not any(c["Id"].startswith(host) for c in containers):
                raise Wrong(f"1: another container serves: {host}")

    def check_rest(self, gen, more):
        """Invariant 4, and all that must hold between two runs."""
        for unit in self.units:
            self.check_unit_rest(unit, gen, more)

    def check_unit_rest(self, unit, gen, more):
        containers = self.containers(unit)
        holder = self.holder(containers, unit)
        if not holder or not runs(holder) or gen_of(holder) != str(gen):
            raise Wrong(f"4: generation {gen} has not the name, or does not run: {shown(containers)}")
        for each in containers:
            if each is not holder and (runs(each) or policy_of(each)):
                raise Wrong(f"4: another one runs or has a policy: {shown(containers)}")
            if each["State"]["ExitCode"] == 99:
                raise Wrong(f"a second SIGTERM: {shown(containers)}")
        if not policy_of(holder):
            raise Wrong(f"4: what serves has no policy: {shown(containers)}")
        if len(containers) > 2 + more:
            raise Wrong(f"more than keep + 1 containers: {shown(containers)}")
        answers = [self.get() for _ in range(4 if unit == self.web else 0)]
        if any(host != holder["Id"][:12] for _, _, host in answers):
            raise Wrong(f"4: it does not serve all requests: {answers}, {shown(containers)}")

    # -- what happens to the host

    def journal(self):
        return os.path.join(os.environ["XDG_STATE_HOME"], "s3dock/deploy", f"{self.app}@{self.env}.json")

    def restart_proxy(self, verb="restart"):
        subprocess.run([os.path.join(KIT, "proxy"), self.proxy, verb, f"{self.home}.proxy"], check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def await_service(self):
        end = time.monotonic() + 30
        while self.get()[0] != 200:
            if time.monotonic() > end:
                raise Wrong(f"2: nothing serves after the boot: {shown(self.containers())}")
            time.sleep(0.1)

    def reboot(self, serves):
        pids = self.daemon.pids()
        self.daemon.die()
        for pid in pids:
            kill_process(pid)
        self.restart_proxy("kill")
        self.daemon.again()
        self.restart_proxy("again")
        if serves:
            self.await_service()

    def happen(self, event, serves):
        path = self.journal()
        if event == "daemon":
            # When Docker 20.10 starts after a SIGKILL, it stops all containers, and may not start them again.
            self.daemon.die()
            self.daemon.again()
        elif event == "reboot":
            self.reboot(serves)
        elif event == "proxy":
            self.restart_proxy()
        elif event == "removed" and os.path.exists(path):
            os.unlink(path)
        elif event == "emptied" and os.path.exists(path):
            os.truncate(path, 0)
        elif event == "flipped" and os.path.exists(path):
            with open(path, "r+b") as file:
                data = bytearray(file.read())
                data[len(data) // 3] ^= 0x10
                file.seek(0)
                file.write(data)

    # -- one point

    def is_up(self, former):
        """False in the gap of a stop-first unit."""
        return self.order == "start-first" or not self.stopped and any(
            c["Id"] == former[self.web] and runs(c) for c in self.containers())

    def go_on(self):
        """An undisturbed deployment of the next image."""
        gen = self.next_image()
        self.promote(gen)
        done, deeds = self.deploy()
        if done.returncode != 0:
            raise Wrong(f"the undisturbed deployment: {done.returncode}: {done.stderr}")
        self.gen = gen
        return deeds

    def prepare(self, point):
        """Returns the image that the point shall reach, and the arguments of its command."""
        if point.work == "rollback":
            target = self.gen
            self.go_on()
            return target, ("--rollback",)
        target = point.image or self.next_image(PULLED if point.work == "pull" else GENERATIONS)
        self.promote(target)
        return target, ()

    def try_point(self, point):
        self.stopped = None
        target, more = self.prepare(point)
        former = self.serving()
        earlier, self.stopped = self.stopped, None
        bad = point.image in (EXITS, SICK)
        done, deeds = self.deploy(point.way, point.deed, more)
        ended_itself = done.returncode >= 0
        reached = len(deeds) >= point.deed
        self.reached["interrupted" if reached else "not reached"] += 1
        if reached and not ended_itself and done.returncode != -signal.SIGKILL:
            raise Wrong(f"it ended by signal {-done.returncode}")
        if not reached and done.returncode != (11 if bad else 0):
            raise Wrong(f"without a fault it ended with {done.returncode}: {done.stderr[-600:]}")
        self.check_moment(former)
        self.happen(point.event, self.is_up(former))
        done, _ = self.deploy(more=more)
        end = time.time()
        if done.returncode != (11 if bad else 0) and not is_done(point, deeds, done):
            raise Wrong(f"the next run: {done.returncode}: {done.stderr[-900:]}; then {shown(self.containers())}")
        if not bad:
            self.gen = target
        lost = point.event in ("removed", "emptied", "flipped")
        # A candidate that failed is kept. Without the journal, old containers are left to the next deployment.
        self.check_rest(self.gen, bad or lost)
        self.stopped = earlier or self.stopped
        self.excuse(end)
        if lost and not bad:
            self.check_next()

    def check_next(self):
        """The next deployment removes what the last one left."""
        if any(len(self.containers(unit)) > 2 for unit in self.units):
            self.stopped = None
            self.go_on()
            self.excuse(time.time())
            self.check_rest(self.gen, 0)

    def excuse(self, end):
        """A stop-first unit may not serve from the first signal until the program has ended."""
        if self.order == "stop-first" and self.stopped:
            self.windows.append((self.stopped, end))

    def repair(self):
        """After a problem: the next point begins at rest."""
        self.gen = self.next_image()
        self.promote(self.gen)
        self.program("deploy", self.app, self.env, "--force")

    def try_points(self, title, points, loaded):
        """Runs a group, and prints its result."""
        wrong, start = [], time.monotonic()
        if loaded:
            self.begin_load()
        for point in points:
            start_of_point = time.time()
            try:
                self.try_point(point)
            except (Wrong, subprocess.SubprocessError, OSError, TypeError) as problem:
                wrong.append(f"{point.way} at deed {point.deed}, {point.event or 'nothing else'}"
                             f"{', image ' + str(point.image) if point.image else ''}: {problem}")
                self.note_wrong(wrong[-1])
                self.repair()
                self.windows.append((start_of_point, time.time()))
        lost = self.end_load()
        if lost:
            wrong.append(lost)
        if points:
            say(f"{'not ok' if wrong else 'ok'} {self.env}: {title} ({len(points)} points, "
                f"{time.monotonic() - start:.0f} s)" +
                "".join(f"\n#   {line}" for problem in wrong[:WRONG_MOST] for line in problem.splitlines()))
        return len(wrong)

    def control(self):
        """Negative control: the rules and the load must see what a wrong deployment would do."""
        self.begin_load()
        time.sleep(0.5)
        former, seen, self.stopped = self.serving(), [], None
        holder = former[self.web]
        for policy, rule in (("no", "2"), ("unless-stopped", "")):
            self.daemon.ask(f"/containers/{holder}/update", "POST", json.dumps({"RestartPolicy": {"Name": policy}}))
            seen.append(rule == self.broken_rule(lambda: self.check_moment(former)))
            seen.append(bool(rule) == bool(self.broken_rule(lambda: self.check_rest(self.gen, 0))))
        self.daemon.ask(f"/containers/{holder}/kill?signal=SIGTERM", "POST")
        time.sleep(0.5 if self.proxy != "caddy" else 7)  # Caddy tries to connect for 5 s
        # The container of a stop-first unit may be stopped.
        seen.append(self.broken_rule(lambda: self.check_moment(former)) == ("3" if self.order == "start-first" else ""))
        seen.append(self.broken_rule(lambda: self.check_rest(self.gen, 0)) == "4")
        self.daemon.ask(f"/containers/{holder}/start", "POST")
        self.await_service()
        lost = self.end_load()
        good = lost and all(seen)
        say(f"{'ok' if good else 'not ok'} {self.env}: negative control: a policy that is lost and a container that is "
            f"stopped are found" + ("" if good else f"\n#   {seen} {lost}"))
        return 0 if good else 1

    @staticmethod
    def broken_rule(check):
        try:
            check()
        except Wrong as wrong:
            return str(wrong)[0]
        return ""

    def note_wrong(self, words):
        if self.options.notes:
            with open(self.options.notes, "a", encoding="utf-8") as file:
                file.write(f"{self.env}: {words}\n")

    # -- the points

    def learn(self, image=0):
        """Returns the deeds of an undisturbed deployment, and the phase of the journal of each."""
        self.stopped = None
        if image:
            self.promote(image)
            done, deeds = self.deploy()
            if done.returncode != 11:
                raise Wrong(f"the undisturbed deployment: {done.returncode}: {done.stderr}")
        else:
            deeds = self.go_on()
        self.excuse(time.time())
        return deeds, phases_of(deeds)

    def learn_rollback(self):
        """Returns the deeds of an undisturbed rollback, and their phases."""
        self.stopped, before = None, self.gen
        self.go_on()
        done, deeds = self.deploy(more=("--rollback",))
        if done.returncode != 0:
            raise Wrong(f"the undisturbed rollback: {done.returncode}: {done.stderr}")
        self.gen = before
        self.excuse(time.time())
        return deeds, phases_of(deeds)

    def learn_pull(self):
        """Returns the deeds of an undisturbed deployment with a transfer, up to the first one after the transfer."""
        self.stopped, gen = None, self.next_image(PULLED)
        self.promote(gen)
        done, deeds = self.deploy()
        if done.returncode != 0:
            raise Wrong(f"the undisturbed transfer: {done.returncode}: {done.stderr}")
        self.gen = gen
        self.excuse(time.time())
        created = next(i for i, deed in enumerate(deeds) if "/containers/create" in deed)
        return deeds[:created + 1]


def is_done(point, deeds, done):
    """The journal said that the rollback was complete. There is nothing else to return to."""
    return (point.work == "rollback" and done.returncode == 3 and 'previous"' in done.stdout and
            any(re.search(r'"phase": *"idle"', deed) for deed in deeds))


def phases_of(deeds):
    """The phase of the journal at each deed."""
    phase, phases = "before", []
    for deed in deeds:
        found = re.match(r'p?write\w* .*"phase": *"(\w+)"', deed)
        phases.append(phase)
        phase = found.group(1) if found else phase
    return phases


def sends(deed):
    return deed.startswith(("send", "spawn"))


def every_point(deeds, share, work="deploy"):
    """Before each deed; half-way through, if it has bytes; after it, while the daemon still works; and SIGTERM."""
    kills = []
    for number, deed in enumerate(deeds, 1):
        kills.append(Point(number, "kill", work=work))
        if deed.startswith(("write", "pwrite", "send")):
            kills.append(Point(number, "torn", work=work))
        if sends(deed):
            kills.append(Point(number, "done", work=work))
    terms = [Point(number, "term", work=work) for number in range(1, len(deeds) + 1)]
    return thin(kills, share), thin(terms, share)


def thin(points, share):
    """Every n-th point."""
    step = max(1, round(1 / share))
    return points[step // 2::step]


def requests_of(deeds):
    """The deeds that change the outside, not only files: the requests and the programs."""
    return [number for number, deed in enumerate(deeds, 1) if sends(deed)]


def one_of_each_phase(deeds, phases):
    """For each phase of the journal, the request in its middle, or else the deed in its middle."""
    for phase in dict.fromkeys(phases):
        numbers = [number for number, each in enumerate(phases, 1) if each == phase]
        asked = [number for number in numbers if sends(deeds[number - 1])]
        yield (asked or numbers)[len(asked or numbers) // 2]


# ---- the groups --------------------------------------------------------------------------------------

def sample(lane, _groups, _share):
    """Each phase of the journal once, and each event once."""
    deeds, phases = lane.learn()
    numbers = list(one_of_each_phase(deeds, phases))
    ways = ("done", "kill", "torn", "term")
    wrong = lane.try_points("killed once in each phase of the journal",
                            [Point(number, ways[i % 4]) for i, number in enumerate(numbers)], True)
    late = numbers[-2]
    middle = requests_of(deeds)[len(requests_of(deeds)) // 2]
    if lane.order == "start-first":
        wrong += lane.try_points("and the journal is damaged, the proxy restarts, the host reboots",
                                 [Point(middle, "kill", "flipped"), Point(late, "done", "proxy"),
                                  Point(middle, "done", "reboot")], False)
        wrong += lane.try_points("and the image is bad", [Point(middle, "kill", "", EXITS)], True)
    return wrong


def everything(lane, groups, share):
    """Every deed. Returns the number of problems."""
    wrong = 0
    deeds, phases = lane.learn()
    counts = collections.Counter(phases)
    say(f"# {lane.env}: {len(deeds)} deeds, {len(requests_of(deeds))} of them requests or programs; "
        f"by phase of the journal: {dict(counts)}")
    kills, terms = every_point(deeds, share)
    asked = requests_of(deeds)
    if "kills" in groups:
        wrong += lane.try_points("killed before, within and after each deed", kills, True)
    if "terms" in groups:
        wrong += lane.try_points("SIGTERM at each deed", terms, True)
    for event in ("removed", "emptied", "flipped"):
        if "journal" in groups:
            points = [Point(number, way, event) for number in asked for way in ("kill", "done")]
            wrong += lane.try_points(f"killed at each request, and the journal is {event}", thin(points, share), True)
    if "rollback" in groups:
        deeds, phases = lane.learn_rollback()
        say(f"# {lane.env}: a rollback has {len(deeds)} deeds; by phase: {dict(collections.Counter(phases))}")
        kills, terms = every_point(deeds, share, "rollback")
        wrong += lane.try_points("a rollback, killed before, within and after each deed", kills, True)
        wrong += lane.try_points("a rollback, SIGTERM at each deed", terms, True)
    if "control" in groups:
        wrong += lane.control()
    if "bad" in groups:
        for image, words in ((EXITS, "ends"), (SICK, "is never ready")):
            found, _ = lane.learn(image)
            points = [Point(number, "kill", "", image) for number in range(1, len(found) + 1)]
            points += [Point(number, "done", "", image) for number in requests_of(found)]
            wrong += lane.try_points(f"killed at each deed of a candidate that {words}", thin(points, share), True)
    if "proxy" in groups:
        points = [Point(number, way, "proxy") for number in asked for way in ("kill", "done")]
        wrong += lane.try_points("killed at each request, and the proxy restarts", thin(points, share), False)
    return wrong


def transfers(lane, groups, share):
    """Deployments that transfer their image. No other deployment may keep it."""
    if "pull" not in groups:
        return 0
    deeds = lane.learn_pull()
    kills, terms = every_point(deeds, share, "pull")
    wrong = lane.try_points(f"killed before, within and after each of {len(deeds)} deeds of the transfer", kills, True)
    wrong += lane.try_points("SIGTERM at each deed of the transfer", terms, True)
    lane.go_on()
    lane.go_on()  # so that no container of this lane keeps such an image
    return wrong


def outages(lane, groups, share):
    """The daemon and the host go down: nothing else may run meanwhile."""
    wrong = 0
    deeds, _ = lane.learn()
    for event, words in (("daemon", "the daemon is killed"), ("reboot", "the host reboots")):
        if event in groups:
            points = [Point(number, way, event) for number in requests_of(deeds) for way in ("kill", "done")]
            wrong += lane.try_points(f"killed at each request, and {words}", thin(points, share), False)
    return wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", required=True)
    parser.add_argument("--docker", required=True, help="the folder of the daemon (tests/kit/docker)")
    parser.add_argument("--faulty", required=True)
    parser.add_argument("--program", required=True)
    parser.add_argument("--app", required=True)
    parser.add_argument("--all", action="store_true", help="every deed; else a few of each lane")
    parser.add_argument("--groups", default="kills,terms,journal,rollback,control,bad,proxy,pull,daemon,reboot")
    parser.add_argument("--share", type=float, default=1, help="of the points, with --all")
    parser.add_argument("--rate", type=float, default=40, help="requests a second and lane")
    parser.add_argument("--notes", help="a file that gets each problem at once")
    parser.add_argument("lanes", nargs="+", metavar="LANE")
    options = parser.parse_args()
    daemon = Daemon(options.docker)
    lanes = [Lane(options, daemon, words) for words in options.lanes]
    groups, results = options.groups.split(","), []

    def run(lane, work):
        try:
            results.append(work(lane, groups, options.share))
        except Exception as problem:  # pylint: disable=broad-except
            say(f"not ok {lane.env}: all points\n#   {type(problem).__name__}: {problem}")
            results.append(1)

    # The sample kills the daemon.
    threads = [threading.Thread(target=run, args=(lane, everything if options.all else sample)) for lane in lanes]
    for thread in threads:
        thread.start()
        if not options.all:
            thread.join()
    for thread in threads:
        thread.join()
    if options.all:
        run(lanes[0], transfers)  # the proxy and the order have no effect before the candidate is created
    for lane in lanes if options.all else []:
        run(lane, outages)
    for lane in lanes:
        say(f"# {lane.env}: {dict(lane.reached)}, {lane.requests} requests, {lane.failed} failed")
    return 1 if sum(results) else 0


if __name__ == "__main__":
    sys.exit(main())
