"""One deployment behind one proxy, for deploy_kills.py: it deploys, interrupts, completes, and checks the rules."""
import collections
import http.client
import json
import os
import re
import signal
import subprocess
import time

from deploy_host import KIT, Wrong, await_handler, gen_of, kill_process, name_of, policy_of, runs, say, shown
from deploy_points import is_done, phases_of

GENERATIONS = (1, 2, 3, 4)  # images; a deployment never finds a retired container of its image
PULLED = (5, 6, 7)  # images that nothing keeps: each deployment transfers its image
EXITS, SICK = 8, 9  # images that end, and that never become ready
PATIENCE = 120
WRONG_MOST = 12  # problems that are printed of a group


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
        # Requests end sooner than the drain, also on a busy machine. Other scenarios test late requests: on a busy
        # machine, the proxy and the application may not run for seconds.
        words = [os.path.join(KIT, "load.py"), str(self.front), "--rate", str(self.options.rate), "--late", "20",
                 "--slow-seconds", "0.2", "--timeout", "20", "--failures", self.failures]
        with open(f"{self.home}.load", "w", encoding="utf-8") as out:
            self.load = subprocess.Popen(words, stdout=out, stderr=subprocess.DEVNULL)
        with open(os.path.join(self.options.work, "loads"), "a", encoding="utf-8") as file:
            file.write(f"{self.load.pid}\n")  # the scenario ends it, if this program is ended
        await_handler(self.load.pid, PATIENCE)

    def end_load(self):
        """Returns the fault of the requests, or None. A stop-first unit may lose some while it is replaced."""
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
        end = time.monotonic() + PATIENCE
        while self.get()[0] != 200:
            if time.monotonic() > end:
                raise Wrong(f"2: nothing serves after the boot: {self.get()}, {shown(self.containers())}")
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
        """Negative control: the rules and the load must detect the effects of a wrong deployment."""
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
