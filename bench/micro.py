"""The micro benchmarks: single modules (micro.c). Measures their time, their cycles if the kernel permits it, and their
instructions if valgrind is installed. The instructions are exact and the same in every run. They belong to the code for
valgrind's processor (AVX2, no AVX-512), so they may differ from the other figures."""
import os
import re
import shutil
import subprocess


def times(program):
    """Returns {case: {"ns", "bytes", and maybe "cycles"}} of one operation."""
    found = {}
    for line in subprocess.run([program], check=True, text=True, stdout=subprocess.PIPE).stdout.splitlines():
        name, ns, size, *cycles = line.split()   # an earlier revision prints no cycles
        found[name] = {"ns": float(ns), "bytes": int(size)}
        if cycles and float(cycles[0]):
            found[name]["cycles"] = float(cycles[0])
    return found


def instructions(program, name, count):
    """Returns the instructions of one operation, or None if valgrind fails."""
    run = subprocess.run(["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null",
                          "--toggle-collect=run_case*", program, "--count", name],
                         text=True, capture_output=True)
    told = re.search(r"Collected : (\d+)", run.stderr)
    return int(told[1]) / count if run.returncode == 0 and told and int(told[1]) else None


def measure(build, say, count=True):
    program = os.path.join(build, "bench", "micro")
    say("modules, one by one")
    found = times(program)
    if count and not shutil.which("valgrind"):
        say("  instructions: left out, valgrind is not installed")
    elif count:
        cases = subprocess.run([program, "--list"], check=True, text=True, stdout=subprocess.PIPE).stdout.split("\n")
        for line in filter(None, cases):
            name, each = line.split()
            told = instructions(program, name, int(each))
            if told:
                found[name]["instructions"] = told
    return found
