"""Measures commands: wall clock, processor seconds (separately for client, daemons and servers), peak memory, bytes
and requests.

A run is one command line. bash starts it, so that a pipeline counts as one command. The kernel reports the use of its
processes (wait4), /proc the use of daemons and servers, the link or the S3 server the bytes. A failed run gives no
figures.
"""
import contextlib
import dataclasses
import os
import signal
import statistics
import subprocess
import threading
import time

from gateway import cost
from links import LOOPBACK, WATCHED, Proxy

SAMPLES_MAX = 200
CUT_ATTEMPTS = 8   # over a link with resets, a failed command is started again; all attempts are measured


class Failed(Exception):
    pass


@dataclasses.dataclass
class Contestant:
    """One program or setting that a scene measures."""
    name: str
    command: str
    prepare: object = None         # called before every run, not measured
    inspect: object = None         # called with the output; returns more figures (a dict)
    missing: str = ""              # the missing tool; then the contestant is not run
    via: str = "s3"                # the link of its bytes: "s3", "registry", or "" for none
    turns: int = 0                 # 0: as many as the scene; slow contestants may have fewer
    key: str = ""                  # for programs that read the results; default: the name


@dataclasses.dataclass
class Goal:
    """A figure with a limit: an upper limit, or with `at_least` a lower limit. Without a limit, it is for information.
    With a peer, the figure is a ratio, computed for each turn."""
    text: str
    figure: object                 # a name, or a function of a contestant's figures
    ours: str
    limit: float | None = None
    peer: str | tuple = ""         # the best one of several
    unit: str = "x"
    at_least: bool = False

    def of(self, run):
        return self.figure(run) if callable(self.figure) else run[self.figure]

    def values(self, runs, name):
        return {run["turn"]: self.of(run) for run in runs if run["contestant"] == name}

    def best_peer(self, runs):
        names = (self.peer,) if isinstance(self.peer, str) else self.peer
        found = [(statistics.median(values.values()), name) for name in names
                 if (values := self.values(runs, name))]
        return min(found)[1] if found else None

    def judge(self, runs):
        """Returns None if a needed contestant was not measured."""
        ours, peer = self.values(runs, self.ours), None
        if not ours:
            return None
        if self.peer:
            peer = self.best_peer(runs)
            if peer is None:
                return None
            theirs = self.values(runs, peer)
            pairs = [ours[turn] / theirs[turn] for turn in ours if theirs.get(turn)]
            # The peer has fewer turns: compare the medians.
            middle = statistics.median(theirs.values())
            if len(pairs) < len(ours) and middle:
                pairs = [value / middle for value in ours.values()]
        else:
            pairs = list(ours.values())
        if not pairs:
            return None
        value = statistics.median(pairs)
        met = None
        if self.limit is not None:
            met = value >= self.limit if self.at_least else value <= self.limit
        return {"text": self.text, "ours": self.ours, "peer": peer, "value": round(value, 4),
                "least": round(min(pairs), 4), "most": round(max(pairs), 4), "limit": self.limit,
                "unit": self.unit, "at_least": self.at_least, "met": met}


@dataclasses.dataclass
class Scene:
    name: str
    title: str
    contestants: list
    goals: list = dataclasses.field(default_factory=list)
    repeat: int = 0                # 0: as on the command line
    setup: object = None           # called once
    teardown: object = None        # called at the end, also after a failure
    link: object = LOOPBACK
    alternate: bool = False        # every second turn runs in reverse order


# --- resource use --------------------------------------------------------------------------------------

def living(pid_files):
    for path in pid_files:
        with contextlib.suppress(OSError, ValueError), open(path) as file:
            yield int(file.read())


def processor_seconds(pid_files):
    """Returns user and system seconds of processes and of their finished children. (A Docker daemon unpacks in
    children.)"""
    user = system = 0
    for pid in living(pid_files):
        with contextlib.suppress(OSError), open(f"/proc/{pid}/stat") as file:
            fields = [int(word) for word in file.read().rpartition(")")[2].split()[11:15]]
            user, system = user + fields[0] + fields[2], system + fields[1] + fields[3]
    tick = os.sysconf("SC_CLK_TCK")
    return user / tick, system / tick


def forget_peaks(pid_files):
    for pid in living(pid_files):
        with contextlib.suppress(OSError), open(f"/proc/{pid}/clear_refs", "w") as file:
            file.write("5")


def peak_memory(pid_files):
    peaks = [0]
    for pid in living(pid_files):
        with contextlib.suppress(OSError), open(f"/proc/{pid}/status") as file:
            peaks += [int(line.split()[1]) * 1024 for line in file if line.startswith("VmHWM:")]
    return max(peaks)


def read_and_written(pid_file):
    """Returns the bytes that a process has read and written so far, sockets included."""
    for pid in living([pid_file]):
        with contextlib.suppress(OSError), open(f"/proc/{pid}/io") as file:
            told = dict(line.split(": ") for line in file)
            return int(told["rchar"]), int(told["wchar"])
    return 0, 0


def link_share(samples, rate):
    """Returns the used share of a link's rate, in the busier direction, from the first byte to the last. The time
    before and after is not the link's."""
    moving = [at for at in range(1, len(samples)) if samples[at][1:] != samples[at - 1][1:]]
    if not moving:
        return 0.0
    first, last = samples[moving[0] - 1], samples[moving[-1]]
    return max(last[1] - first[1], last[2] - first[2]) * 8 / rate / (last[0] - first[0])


def thinned(samples):
    step = max(1, -(-len(samples) // SAMPLES_MAX))
    return samples[::step]


class Harness:
    def __init__(self, stage, timeout=1800):
        self.stage, self.timeout = stage, timeout

    def proxy(self, link, via):
        if via and (link.is_slow or link is WATCHED):
            port, target = self.stage.link_ports(via)
            return Proxy(self.stage.tool("link"), link, port, target)
        return contextlib.nullcontext()

    def execute(self, command):
        """Runs a bash command line. Returns its output, its exit status and its resource use."""
        process = subprocess.Popen(["bash", "-c", "set -o pipefail; " + command], stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=self.stage.log, start_new_session=True)
        # In its own session: a command that takes too long is killed with all its children.
        timer = threading.Timer(self.timeout, lambda: os.killpg(process.pid, signal.SIGKILL))
        timer.start()
        try:
            with process.stdout as stdout:
                output = stdout.read().decode("utf-8", "replace")
            _, status, used = os.wait4(process.pid, 0)
        except BaseException:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            raise
        finally:
            timer.cancel()
        process.returncode = os.waitstatus_to_exitcode(status)
        return output, process.returncode, used

    def run(self, contestant, link=LOOPBACK):
        """Executes one run and returns its figures. First it flushes the disks, so that no run pays for the writes of
        an earlier run."""
        stage = self.stage
        daemons, servers, gateway = stage.daemon_pids(), stage.server_pids(), stage.gateway
        os.sync()
        forget_peaks(daemons)
        mark = gateway.mark() if gateway else None
        relayed = read_and_written(stage.registry_pid)
        daemon, server = processor_seconds(daemons), processor_seconds(servers)
        user = system = peak = 0
        with self.proxy(link, contestant.via) as proxy:
            start = time.monotonic()
            for attempt in range(CUT_ATTEMPTS if link.cut else 1):
                output, status, used = self.execute(contestant.command)
                user, system = user + used.ru_utime, system + used.ru_stime
                peak = max(peak, used.ru_maxrss * 1024)
                if status == 0:
                    break
            wall = time.monotonic() - start
        if status != 0:
            raise Failed(f"exit code {status}: {contestant.command}\n{output[-2000:]}")
        figures = {"wall": wall, "user": user, "system": system, "attempts": attempt + 1,
                   "peak_memory": peak, "daemon_memory": peak_memory(daemons)}
        for who, before, pids in (("daemon", daemon, daemons), ("server", server, servers)):
            after = processor_seconds(pids)
            figures[f"{who}_user"], figures[f"{who}_system"] = after[0] - before[0], after[1] - before[1]
        if mark:
            told = gateway.since(mark)
            figures.update(sent=told["sent"], received=told["received"], requests=told["requests"],
                           request_count=sum(told["requests"].values()), request_cost=cost(told["requests"]))
        if contestant.inspect:
            figures.update(contestant.inspect(output))
        if mark and contestant.via == "registry":
            # A registry copies received data within the bucket. Only the bytes through its own sockets count.
            now = read_and_written(stage.registry_pid)
            figures["sent"] = max(0, now[0] - relayed[0] - figures["received"])
            figures["received"] = max(0, now[1] - relayed[1] - figures["sent"])
        elif mark and figures.get("stated_copied_bytes"):
            # The server counts its internal copies as received bytes, and their temporary objects as requests. Only
            # the client can distinguish the two.
            figures["sent"] = figures["stated_uploaded_bytes"]
        if proxy:
            figures.update(sent=proxy.result["up"], received=proxy.result["down"],
                           connections=proxy.result["connections"], cuts=proxy.result["cuts"],
                           link_requests=proxy.result["requests"], link_processor=proxy.result["processor"],
                           samples=thinned(proxy.samples))
        if "sent" in figures:
            figures["throughput"] = (figures["sent"] + figures["received"]) / wall
        if proxy and link.is_slow:
            figures["link_share"] = link_share(proxy.samples, link.rate)
        return figures


# --- a scene ------------------------------------------------------------------------------------------

def summary(runs, name):
    """Returns median, minimum and maximum of every figure of one contestant."""
    own = [run for run in runs if run["contestant"] == name]
    keys = [key for key, value in own[0].items() if isinstance(value, (int, float)) and key != "turn"]
    told = {"runs": len(own)}
    for key in keys:
        values = [run[key] for run in own if key in run]
        told[key] = {"median": statistics.median(values), "least": min(values), "most": max(values)}
    return told


def line(name, figures):
    text = f"  {name}: {figures['wall']:.2f} s, {figures['peak_memory'] / 2**20:.0f} MiB"
    if "sent" in figures:
        text += f", {figures['sent'] / 1e6:.1f} MB up, {figures['received'] / 1e6:.1f} MB down"
    return text


def conclude(scene, runs, failures):
    names = [c.name for c in scene.contestants if any(run["contestant"] == c.name for run in runs)]
    goals = [goal.judge(runs) for goal in scene.goals]
    return {"name": scene.name, "title": scene.title, "link": dataclasses.asdict(scene.link),
            "figures": {name: summary(runs, name) for name in names},
            "goals": [goal for goal in goals if goal],
            "missing": {c.name: c.missing for c in scene.contestants if c.missing},
            "failures": failures, "runs": runs}


def play(scene, harness, repeat, say, until=None):
    """Runs every contestant once, then all of them again, so that slow phases of the machine affect all of them.
    There are at most `repeat` turns. After the first one, a turn starts only if it will probably end before `until`.
    A contestant that fails is recorded with its error and does not run again. The others continue."""
    runs, failures, turn, took = [], [], 0, {}
    for contestant in scene.contestants:
        if contestant.missing:
            say(f"  {contestant.name}: left out, {contestant.missing} is not installed")
    try:
        if scene.setup:
            scene.setup()
        present = [c for c in scene.contestants if not c.missing]
        while turn < (scene.repeat or repeat):
            playing = [c for c in present if not c.turns or turn < c.turns]
            if not playing or (turn and until and time.monotonic() + sum(took[c.name] for c in playing) > until):
                break
            for contestant in playing[::-1] if scene.alternate and turn % 2 else playing:
                began = time.monotonic()
                try:
                    if contestant.prepare:
                        contestant.prepare()
                    figures = harness.run(contestant, scene.link)
                except Exception as error:  # noqa: BLE001  an error must not stop the other contestants
                    say(f"  {contestant.name}: FAILED: {error}")
                    failures.append({"contestant": contestant.name, "turn": turn, "error": str(error)})
                    present.remove(contestant)
                    continue
                runs.append({"contestant": contestant.name, "turn": turn, **figures})
                took[contestant.name] = time.monotonic() - began
                say(line(contestant.name, figures))
            turn += 1
    except KeyboardInterrupt as stop:
        stop.played = conclude(scene, runs, failures)
        raise
    except Exception as error:  # noqa: BLE001
        say(f"  FAILED: {error}")
        failures.append({"contestant": "", "turn": turn, "error": str(error)})
    finally:
        if scene.teardown:
            scene.teardown()
    return conclude(scene, runs, failures)
