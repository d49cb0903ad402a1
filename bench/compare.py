"""Finds slower modules and scenes: compares the modules with those of another revision, measured alternately, or the
last results with an earlier results file, where both measured the same."""
import json
import os
import shutil
import statistics
import subprocess

import micro
from stage import TOP

ROUNDS = 5
NOTABLE = 0.05   # smaller changes are not reported
ENOUGH = 3       # minimum number of runs of each version


def build_base(revision, say, target="bench/micro"):
    """Builds one program of a revision. If the revision has no micro benchmarks, it gets the current ones. Returns the
    program's path, or None if the build fails."""
    where = os.path.join(TOP, ".run", "compare")
    shutil.rmtree(where, ignore_errors=True)
    subprocess.run(["git", "-C", TOP, "worktree", "prune"], check=True)
    subprocess.run(["git", "-C", TOP, "worktree", "add", "--force", "--detach", where, revision], check=True,
                   capture_output=True)
    try:
        if not os.path.exists(os.path.join(where, "bench", "micro.c")):   # an old revision without micro benchmarks
            for name in os.listdir(os.path.join(TOP, "bench")):
                if name.endswith((".c", ".h", ".build")):
                    shutil.copy(os.path.join(TOP, "bench", name), os.path.join(where, "bench", name))
        say(f"building {revision}")
        build = os.path.join(TOP, ".run", "compare-build")
        shutil.rmtree(build, ignore_errors=True)
        for command in (["meson", "setup", build, where, "-Dbuildtype=release", "-Dtests=false", "-Dbench=true"],
                        ["ninja", "-C", build, target]):
            run = subprocess.run(command, text=True, capture_output=True)
            if run.returncode != 0:
                say(f"the benches do not build at {revision}:\n{run.stdout[-1500:]}{run.stderr[-500:]}")
                return None
        return os.path.join(build, target)
    finally:
        subprocess.run(["git", "-C", TOP, "worktree", "remove", "--force", where], capture_output=True)


def verdict(before, after):
    """Compares two lists of values (lower is better). A change counts if the two ranges do not overlap."""
    change = statistics.median(after) / statistics.median(before) - 1
    proven = min(len(before), len(after)) >= ENOUGH and (min(after) > max(before) or min(before) > max(after))
    if abs(change) < NOTABLE or not proven:
        return change, ""
    return change, "SLOWER" if change > 0 else "faster"


def show(rows):
    """Prints rows of (name, unit, before, after). Returns whether anything became slower."""
    slower = False
    for name, unit, before, after in rows:
        change, word = verdict(before, after)
        slower = slower or word == "SLOWER"
        print(f"{name:44} {statistics.median(before):12.2f} {statistics.median(after):12.2f} {unit:4}"
              f"{change:+8.1%}  {word}")
    return slower


def against_revision(options, say):
    base = build_base(options.compare, say)
    if not base:
        return 1
    ours, before, after = os.path.join(options.build, "bench", "micro"), {}, {}
    for turn in range(ROUNDS):
        say(f"round {turn + 1} of {ROUNDS}")
        for program, found in ((base, before), (ours, after)):
            for name, told in micro.times(program).items():
                found.setdefault(name, []).append(told["ns"])
    print(f"{'nanoseconds an operation':44} {options.compare[:12]:>12} {'now':>12}")
    return 1 if show([(name, "ns", before[name], after[name]) for name in after if name in before]) else 0


def against_file(options, say):
    with open(options.compare) as file:
        base = json.load(file)
    with open(os.path.join(options.results, "latest.json")) as file:
        now = json.load(file)
    if base.get("schema") != now.get("schema"):
        say(f"{options.compare} has schema {base.get('schema')}, the last results have {now.get('schema')}")
        return 2
    rows = []
    scenes = {(scene["name"], scene["link"]["name"]): scene for scene in base["scenes"]}
    for scene in now["scenes"]:
        then = scenes.get((scene["name"], scene["link"]["name"]))
        for name in scene["figures"] if then else ():
            def values(of, name=name):
                return [run["wall"] for run in of["runs"] if run["contestant"] == name]
            if name in then["figures"]:
                rows.append((f"{scene['name']}: {name}"[:44], "s", values(then), values(scene)))
    rows += [(name, "ns", [base["micro"][name]["ns"]], [found["ns"]])
             for name, found in now["micro"].items() if name in base["micro"]]
    print(f"{'':44} {'then':>12} {'now':>12}")
    return 1 if show(rows) else 0


def run(options, say):
    return (against_file if os.path.isfile(options.compare) else against_revision)(options, say)
