"""Measures commands: wall clock, processor seconds of client and servers apart, peak memory.

A run is one command line, started by bash so that a pipeline counts as one thing. What its processes used
comes from the kernel (wait4); what the daemons used meanwhile, from /proc.
"""
import dataclasses
import os
import statistics
import subprocess
import time


@dataclasses.dataclass
class Run:
    wall: float          # seconds
    user: float          # processor seconds of the command and all it started
    system: float
    peak_memory: int     # bytes, of the largest process of the command
    daemon: float        # processor seconds of the Docker daemons meanwhile
    server: float        # processor seconds of the S3 server meanwhile
    output: str          # standard output


class Failed(Exception):
    pass


def processor_seconds(pid_files):
    ticks = 0
    for path in pid_files:
        try:
            with open(path) as file:
                pid = int(file.read())
            with open(f"/proc/{pid}/stat") as file:
                fields = file.read().rpartition(")")[2].split()
            ticks += int(fields[11]) + int(fields[12])
        except (OSError, ValueError):
            continue
    return ticks / os.sysconf("SC_CLK_TCK")


class Harness:
    def __init__(self, daemon_pids=(), server_pids=(), log=None):
        self.daemon_pids, self.server_pids, self.log = daemon_pids, server_pids, log

    def run(self, command, environment=None, check=True):
        """Runs a bash command line and measures it. What came before is flushed to the disk first, so
        that nobody pays for another's writes."""
        os.sync()
        daemon, server = map(processor_seconds, (self.daemon_pids, self.server_pids))
        start = time.monotonic()
        process = subprocess.Popen(["bash", "-c", "set -o pipefail; " + command],
                                   env=environment, stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=self.log)
        output = process.stdout.read().decode("utf-8", "replace")
        _, status, used = os.wait4(process.pid, 0)
        wall = time.monotonic() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        if check and process.returncode != 0:
            raise Failed(f"exit code {process.returncode}: {command}\n{output[-2000:]}")
        return Run(wall, used.ru_utime, used.ru_stime, used.ru_maxrss * 1024,
                   processor_seconds(self.daemon_pids) - daemon,
                   processor_seconds(self.server_pids) - server, output)


@dataclasses.dataclass
class Contestant:
    """One way to do what a scene asks for."""
    name: str
    command: str
    prepare: object = None         # called before every run, not measured
    inspect: object = None         # called with the Run; returns further figures (a dict)
    missing: str = ""              # the tool that is not installed: said, not run


@dataclasses.dataclass
class Goal:
    """A figure that must stay at or below (or, `at_least`, at or above) a limit; no limit: to know."""
    text: str
    value: object                  # called with {contestant: figures}
    limit: float | None
    unit: str = "x"
    at_least: bool = False

    def judge(self, figures):
        try:
            value = self.value(figures)
        except KeyError:
            return None
        met = None
        if self.limit is not None:
            met = value >= self.limit if self.at_least else value <= self.limit
        return {"text": self.text, "value": round(value, 4), "limit": self.limit, "unit": self.unit,
                "at_least": self.at_least, "met": met}


@dataclasses.dataclass
class Scene:
    name: str
    title: str
    contestants: list
    goals: list = dataclasses.field(default_factory=list)
    repeat: int = 0                # 0: as often as asked for on the command line
    setup: object = None           # called once


def play(scene, harness, repeat, say):
    """Every contestant once, then all again, and so on, so that the machine's moods hit all alike.
    Returns the scene's part of the results."""
    if scene.setup:
        scene.setup()
    runs, present = [], [c for c in scene.contestants if not c.missing]
    for contestant in scene.contestants:
        if contestant.missing:
            say(f"  {contestant.name}: left out, {contestant.missing} is not installed")
    for turn in range(scene.repeat or repeat):
        for contestant in present:
            if contestant.prepare:
                contestant.prepare()
            run = harness.run(contestant.command)
            figures = {"wall": run.wall, "user": run.user, "system": run.system,
                       "peak_memory": run.peak_memory, "daemon": run.daemon, "server": run.server}
            if contestant.inspect:
                figures.update(contestant.inspect(run))
            runs.append({"contestant": contestant.name, "turn": turn, **figures})
            say(f"  {contestant.name}: {figures['wall']:.2f} s, "
                f"{figures['peak_memory'] / 2**20:.0f} MiB")
    medians = {}
    for contestant in present:
        own = [run for run in runs if run["contestant"] == contestant.name]
        medians[contestant.name] = {
            key: statistics.median(run[key] for run in own)
            for key in own[0] if key not in ("contestant", "turn")}
        walls = [run["wall"] for run in own]
        medians[contestant.name]["wall_spread"] = max(walls) - min(walls)
    goals = [goal.judge(medians) for goal in scene.goals]
    return {"name": scene.name, "title": scene.title, "runs": runs, "medians": medians,
            "missing": {c.name: c.missing for c in scene.contestants if c.missing},
            "goals": [goal for goal in goals if goal]}
