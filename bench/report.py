"""Results as JSON (the record; `schema` says its version) and as Markdown (for people)."""
import json
import os
import platform
import subprocess
import time

SCHEMA = 1


def first_line(*command):
    try:
        return subprocess.run(command, text=True, capture_output=True, timeout=10).stdout.split("\n")[0].strip()
    except (OSError, subprocess.TimeoutExpired):
        return ""


def machine():
    model = next((line.partition(":")[2].strip() for line in open("/proc/cpuinfo")
                  if line.startswith("model name")), platform.machine())
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {"processor": model, "cores": os.cpu_count(), "memory": memory, "kernel": platform.release(),
            "docker": first_line("dockerd", "--version"), "s3": first_line("radosgw", "--version")}


def document(stage, scenes):
    return {
        "schema": SCHEMA,
        "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "program": first_line(stage.program, "--version"),
        "machine": machine(),
        "image": {"reference": stage.reference, "bytes": stage.raw_size},
        "scenes": scenes,
    }


def figure(value, unit):
    return f"{value:.0f} {unit}" if unit in ("MiB", "bytes") else f"{value:.2f} {unit}"


def cell(text):
    """A pipe of a command line would end the table's cell."""
    return text.replace("|", "\\|")


def markdown(result):
    host = result["machine"]
    lines = [f"{result['program']} · {host['cores']} cores ({host['processor']}) · {host['docker']} · "
             f"image of {result['image']['bytes'] / 1e9:.2f} GB · {result['time'][:10]}", ""]
    for scene in result["scenes"]:
        lines += [f"### {scene['title']}", "",
                  "| | time (median) | spread | processor: client, daemon, server | peak memory |",
                  "|---|---:|---:|---:|---:|"]
        for name, median in scene["medians"].items():
            lines.append(f"| {cell(name)} | {median['wall']:.2f} s | {median['wall_spread']:.2f} s | "
                         f"{median['user'] + median['system']:.1f}, {median['daemon']:.1f}, {median['server']:.1f} s | "
                         f"{median['peak_memory'] / 2**20:.0f} MiB |")
        for name, tool in scene["missing"].items():
            lines.append(f"| {cell(name)} | not measured: {tool} is not installed | | | |")
        lines.append("")
        for goal in scene["goals"]:
            word = "at least" if goal["at_least"] else "at most"
            verdict = ""
            if goal["limit"] is not None:
                verdict = (f" ({word} {figure(goal['limit'], goal['unit'])}: "
                           f"{'met' if goal['met'] else 'missed'})")
            lines.append(f"- {cell(goal['text'])}: **{figure(goal['value'], goal['unit'])}**{verdict}")
        lines.append("")
    return "\n".join(lines)


def write(result, folder):
    os.makedirs(folder, exist_ok=True)
    for name, text in (("latest.json", json.dumps(result, indent=2) + "\n"), ("latest.md", markdown(result))):
        with open(os.path.join(folder, name), "w") as file:
            file.write(text)
