#!/usr/bin/env python3
"""Interrupts deployments at every deed, for tests/e2e/deploy-survives-kills.sh.

    deploy_kills.py --work DIR --docker DIR --faulty LIBRARY [options] LANE...

LANE: ENV:PROXY:ORDER:FRONT, a deployment behind a proxy (WORK/ENV.proxy) that listens on the port FRONT. The container of
generation 1 serves. Lanes run side by side, except while the daemon is killed.

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
GENERATIONS = 4  # images; a deployment never finds a retired container of its image
EXITS, SICK = 8, 9  # images that end, and that never become ready
PATIENCE = 120
WRONG_MOST = 12  # problems that are printed of a group

Point = collections.namedtuple("Point", "deed way event image")


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

    def ask(self, path):
        connection = UnixConnection(self.socket)
        try:
            connection.request("GET", path)
            response = connection.getresponse()
            body = response.read()
            return json.loads(body) if response.status == 200 else None
        finally:
            connection.close()

    def containers(self, app, env):
        """The containers of a deployment, as inspect shows them. One may vanish meanwhile."""
        filters = json.dumps({"label": [f"{LABEL}={app}/{env}/main"]}).replace(" ", "").replace('"', "%22")
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
        self.env, self.proxy, self.order, front = words.split(":")
        self.options, self.daemon, self.front = options, daemon, int(front)
        self.app, self.name = options.app, f"{options.app}-{self.env}"
        self.home = os.path.join(options.work, self.env)
        self.gen, self.load, self.failures = 1, None, f"{self.home}.failures"
        self.stopped = None  # when the current point has sent the first signal
        self.windows = []  # times in which a stop-first unit may not serve
        self.requests, self.failed, self.longest, self.reached = 0, 0, 0.0, collections.Counter()

    # -- commands

    def program(self, *words, env=None):
        return subprocess.run([self.options.program, *words], env={**os.environ, **(env or {})}, timeout=PATIENCE,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)

    def promote(self, gen):
        done = self.program("promote", f"{self.app}:20260101-{gen // 60:02d}{gen % 60:02d}-{gen:07x}", self.env)
        if done.returncode != 0:
            raise Wrong(f"promote: {done.stderr}")

    def deploy(self, wish=None, number=0):
        """Returns the process and the list of its deeds. Notes when it stopped the container that serves."""
        book = f"{self.home}.list"
        if os.path.exists(book):
            os.unlink(book)
        env = {"LD_PRELOAD": self.options.faulty, "FAULTY_LIST": book}
        if number:
            env["FAULTY"] = f"deed:{number}:{wish}"
        done = self.program("deploy", self.app, self.env, "--json", env=env)
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
        # Requests end sooner than the drain, also on a busy machine.
        words = [os.path.join(KIT, "load.py"), str(self.front), "--rate", str(self.options.rate), "--late", "8",
                 "--slow-seconds", "0.2", "--timeout", "20", "--failures", self.failures]
        with open(f"{self.home}.load", "w", encoding="utf-8") as out:
            self.load = subprocess.Popen(words, stdout=out, stderr=subprocess.DEVNULL)
        with open(os.path.join(self.options.work, "loads"), "a", encoding="utf-8") as file:
            file.write(f"{self.load.pid}\n")  # the scenario ends it, if this program is ended

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
            times = [tuple(map(float, line.split()[:2])) for line in file]
        self.requests += result["requests"]
        bad = [began for began, ended in times if not any(since <= ended and began <= to for since, to in self.windows)]
        self.failed += len(times)
        self.longest = max(self.longest, result["longest_gap"])
        say(f"# {self.env}: {result['requests']} requests, {len(times)} failed, {len(bad)} of them without a reason; "
            f"longest gap {result['longest_gap']:.2f} s, own delay {result['own_delay']:.2f} s")
        if bad or not result["requests"]:
            return f"{len(bad)} of {result['requests']} requests failed: {result['failures']} {result['examples'][:4]}"
        return None

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

    def containers(self):
        return self.daemon.containers(self.app, self.env)

    def holder(self, containers):
        return next((c for c in containers if name_of(c) == self.name), None)

    def check_moment(self, former):
        """Invariants 1 to 3, while the program is dead."""
        containers = self.containers()
        holder = self.holder(containers)
        before = next((c for c in containers if c["Id"] == former), None)
        if not before:
            raise Wrong(f"what served was removed: {shown(containers)}")
        gap = self.order == "stop-first" and not runs(before)
        if not gap and holder and holder["Id"] == former and not runs(holder):
            raise Wrong(f"3: what served was stopped before the commit: {shown(containers)}")
        if not gap and not any(runs(c) and policy_of(c) for c in containers):
            raise Wrong(f"2: nothing would come back at boot: {shown(containers)}")
        for _ in range(0 if gap else 2):
            status, _, host = self.get()
            if status != 200:
                raise Wrong(f"1: nothing serves ({status}): {shown(containers)}")
            if not any(c["Id"].startswith(host) for c in containers):
                raise Wrong(f"1: another container serves: {host}")

    def check_rest(self, gen, more):
        """Invariant 4, and all that must hold between two runs."""
        containers = self.containers()
        holder = self.holder(containers)
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
        answers = [self.get() for _ in range(4)]
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
            self.daemon.die()
            self.daemon.again()
            if serves:
                self.await_service()
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
        return self.order == "start-first" or any(c["Id"] == former and runs(c) for c in self.containers())

    def try_point(self, point):
        before = self.holder(self.containers())
        former, self.stopped = before["Id"], None
        bad = point.image in (EXITS, SICK)
        target = point.image or self.gen % GENERATIONS + 1
        self.promote(target)
        done, deeds = self.deploy(point.way, point.deed)
        ended_itself = done.returncode >= 0
        reached = len(deeds) >= point.deed
        self.reached["interrupted" if reached else "not reached"] += 1
        if reached and not ended_itself and done.returncode != -signal.SIGKILL:
            raise Wrong(f"it ended by signal {-done.returncode}")
        if not reached and done.returncode != (11 if bad else 0):
            raise Wrong(f"without a fault it ended with {done.returncode}: {done.stderr[-600:]}")
        self.check_moment(former)
        self.happen(point.event, self.is_up(former))
        done, _ = self.deploy()
        if done.returncode != (11 if bad else 0):
            raise Wrong(f"the next run: {done.returncode}: {done.stderr[-900:]}; then {shown(self.containers())}")
        if not bad:
            self.gen = target
        # A candidate that failed is kept. Without the journal, old containers are left to the next deployment.
        self.check_rest(self.gen, bad or point.event in ("removed", "emptied", "flipped"))
        if self.order == "stop-first" and self.stopped:
            self.windows.append((self.stopped, time.time()))

    def repair(self):
        """After a problem: the next point begins at rest."""
        self.gen = self.gen % GENERATIONS + 1
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

    def note_wrong(self, words):
        if self.options.notes:
            with open(self.options.notes, "a", encoding="utf-8") as file:
                file.write(f"{self.env}: {words}\n")

    # -- the points

    def learn(self, image=0):
        """Returns the deeds of an undisturbed deployment, and the phase of the journal of each."""
        gen = image or self.gen % GENERATIONS + 1
        self.promote(gen)
        self.stopped = None
        done, deeds = self.deploy()
        if done.returncode != (11 if image else 0):
            raise Wrong(f"the undisturbed deployment: {done.returncode}: {done.stderr}")
        self.gen = self.gen if image else gen
        if self.order == "stop-first" and self.stopped:
            self.windows.append((self.stopped, time.time()))
        phase, phases = "before", []
        for deed in deeds:
            found = re.match(r'p?write\w* .*"phase": *"(\w+)"', deed)
            phases.append(phase)
            phase = found.group(1) if found else phase
        return deeds, phases


def sends(deed):
    return deed.startswith(("send", "spawn"))


def every_point(deeds, share):
    """Before each deed; half-way through, if it has bytes; after it, while the daemon still works; and SIGTERM."""
    kills = []
    for number, deed in enumerate(deeds, 1):
        kills.append(Point(number, "kill", "", 0))
        if deed.startswith(("write", "pwrite", "send")):
            kills.append(Point(number, "torn", "", 0))
        if sends(deed):
            kills.append(Point(number, "done", "", 0))
    terms = [Point(number, "term", "", 0) for number in range(1, len(deeds) + 1)]
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

def sample(lane):
    """Each phase of the journal once, and each event once."""
    deeds, phases = lane.learn()
    numbers = list(one_of_each_phase(deeds, phases))
    ways = ("done", "kill", "torn", "term")
    wrong = lane.try_points("killed once in each phase of the journal",
                            [Point(number, ways[i % 4], "", 0) for i, number in enumerate(numbers)], True)
    late = numbers[-2]
    middle = requests_of(deeds)[len(requests_of(deeds)) // 2]
    if lane.order == "start-first":
        wrong += lane.try_points("and the journal is damaged, the proxy restarts, the host reboots",
                                 [Point(middle, "kill", "flipped", 0), Point(late, "done", "proxy", 0),
                                  Point(middle, "done", "reboot", 0)], False)
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
            points = [Point(number, way, event, 0) for number in asked for way in ("kill", "done")]
            wrong += lane.try_points(f"killed at each request, and the journal is {event}", thin(points, share), True)
    if "bad" in groups:
        for image, words in ((EXITS, "ends"), (SICK, "is never ready")):
            found, _ = lane.learn(image)
            points = [Point(number, "kill", "", image) for number in range(1, len(found) + 1)]
            points += [Point(number, "done", "", image) for number in requests_of(found)]
            wrong += lane.try_points(f"killed at each deed of a candidate that {words}", thin(points, share), True)
    if "proxy" in groups:
        points = [Point(number, way, "proxy", 0) for number in asked for way in ("kill", "done")]
        wrong += lane.try_points("killed at each request, and the proxy restarts", thin(points, share), False)
    return wrong


def outages(lane, groups, share):
    """The daemon and the host go down: nothing else may run meanwhile."""
    wrong = 0
    deeds, _ = lane.learn()
    for event, words in (("daemon", "the daemon is killed"), ("reboot", "the host reboots")):
        if event in groups:
            points = [Point(number, way, event, 0) for number in requests_of(deeds) for way in ("kill", "done")]
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
    parser.add_argument("--groups", default="kills,terms,journal,bad,proxy,daemon,reboot")
    parser.add_argument("--share", type=float, default=1, help="of the points, with --all")
    parser.add_argument("--rate", type=float, default=40, help="requests a second and lane")
    parser.add_argument("--notes", help="a file that gets each problem at once")
    parser.add_argument("lanes", nargs="+", metavar="LANE")
    options = parser.parse_args()
    daemon = Daemon(options.docker)
    lanes = [Lane(options, daemon, words) for words in options.lanes]
    groups, results = options.groups.split(","), []

    def run(lane):
        try:
            results.append(everything(lane, groups, options.share) if options.all else sample(lane))
        except Exception as problem:  # pylint: disable=broad-except
            say(f"not ok {lane.env}: all points\n#   {type(problem).__name__}: {problem}")
            results.append(1)

    # The sample kills the daemon.
    threads = [threading.Thread(target=run, args=(lane,)) for lane in lanes]
    for thread in threads:
        thread.start()
        if not options.all:
            thread.join()
    for thread in threads:
        thread.join()
    for lane in lanes if options.all else []:
        results.append(outages(lane, groups, options.share))
    for lane in lanes:
        say(f"# {lane.env}: {dict(lane.reached)}, {lane.requests} requests, {lane.failed} failed")
    return 1 if sum(results) else 0


if __name__ == "__main__":
    sys.exit(main())
