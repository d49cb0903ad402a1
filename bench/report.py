"""Results as JSON (the record; docs/bench.md explains it) and as Markdown (for people)."""
import json
import os
import platform
import subprocess
import time

import profile_cores
from stage import TOP

SCHEMA = 2


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
            "docker": first_line("dockerd", "--version"), "s3": first_line("radosgw", "--version"),
            "registry": first_line("docker-registry", "--version")}


def new_document(program):
    return {
        "schema": SCHEMA,
        "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "program": first_line(program, "--version"),
        "revision": first_line("git", "-C", TOP, "describe", "--always", "--dirty"),
        "machine": machine(),
        "images": {}, "scenes": [], "micro": {},
    }


# --- Markdown -----------------------------------------------------------------------------------------

def figure(value, unit):
    if unit in ("MiB", "bytes"):
        return f"{value:.0f} {unit}"
    if unit == "" and value < 1.5:
        return f"{value:.2%}"
    return f"{value:.2f} {unit}".strip()


def cell(text):
    """A pipe of a command line would end the table's cell."""
    return text.replace("|", "\\|")


def megabytes(value):
    return f"{value / 1e6:.1f}" if value < 1e8 else f"{value / 1e6:.0f}"


def seconds(value):
    return f"{value:.2f}" if value < 10 else f"{value:.1f}"


def middle(figures, key):
    return figures[key]["median"] if key in figures else None


def row(name, figures):
    wall = figures["wall"]
    spread = f" ({seconds(wall['least'])} to {seconds(wall['most'])})" if figures["runs"] > 1 else ""
    used = ", ".join(f"{figures[user]['median'] + figures[system]['median']:.1f}"
                     for user, system in (("user", "system"), ("daemon_user", "daemon_system"),
                                          ("server_user", "server_system")))
    moved = " / ".join(megabytes(value) for key in ("sent", "received")
                       if (value := middle(figures, key)) is not None) or "-"
    asked = middle(figures, "request_count")
    price = middle(figures, "request_cost")
    asked = "-" if asked is None else f"{asked:.0f}, ${price:.5f}"
    return (f"| {cell(name)} | {seconds(wall['median'])} s{spread} | {used} | "
            f"{figures['peak_memory']['median'] / 2**20:.0f} MiB | {moved} | {asked} |")


def goal_line(goal):
    text = f"- {cell(goal['text'])}: **{figure(goal['value'], goal['unit'])}**"
    if goal["least"] != goal["most"]:
        text += f", {figure(goal['least'], goal['unit'])} to {figure(goal['most'], goal['unit'])}"
    if goal["limit"] is not None:
        text += (f" (aim: {'at least' if goal['at_least'] else 'at most'} {figure(goal['limit'], goal['unit'])}; "
                 f"{'met' if goal['met'] else 'missed'})")
    return text


def scene_markdown(scene):
    """One scene as a table and its goals."""
    lines = ["| | time (median, range) | processor seconds: client, daemon, server | client's peak memory | "
             "MB up / down | requests |", "|---|---:|---:|---:|---:|---:|"]
    lines += [row(name, figures) for name, figures in scene["figures"].items()]
    lines += [f"| {cell(name)} | not measured: {tool} is not installed | | | | |"
              for name, tool in scene["missing"].items()]
    lines += [f"| {cell(failure['contestant'] or 'the scene')} | failed | | | | |" for failure in scene["failures"]]
    return "\n".join([*lines, "", *[goal_line(goal) for goal in scene["goals"]]]).rstrip()


def title(scene):
    return scene["title"] + ("" if scene["link"]["name"] in ("loopback", "watched") else
                             f", over {scene['link']['title']}")


def conditions(result):
    host = result["machine"]
    images = ", ".join(f"{name} {size / 1e9:.2f} GB" for name, size in result["images"].items()
                       if name == "first") or "no image"
    return (f"{result['program']} ({result['revision']}), {host['cores']} cores ({host['processor']}), "
            f"{host['docker'].partition(',')[0]}, {host['s3'].partition('(')[0].strip()}, "
            f"image {images}, {result['time'][:10]}")


def markdown(result):
    lines = [conditions(result), ""]
    for scene in result["scenes"]:
        lines += [f"### {title(scene)}", "", scene_markdown(scene), ""]
    if result.get("profile"):
        lines += ["### where the core-seconds go", "", profile_cores.markdown(result["profile"]), ""]
    if result["micro"]:
        lines += ["### modules", "", micro_markdown(result["micro"]), ""]
    return "\n".join(lines)


def micro_markdown(micro):
    lines = ["| | ns an operation | GB/s | instructions an operation |", "|---|---:|---:|---:|"]
    for name, found in micro.items():
        rate = f"{found['bytes'] / found['ns']:.2f}" if found.get("bytes") else ""
        count = f"{found['instructions']:,.0f}" if found.get("instructions") else ""
        lines.append(f"| {name} | {found['ns']:,.0f} | {rate} | {count} |")
    return "\n".join(lines)


def write(result, folder):
    os.makedirs(folder, exist_ok=True)
    for name, text in (("latest.json", json.dumps(result, indent=1) + "\n"), ("latest.md", markdown(result))):
        with open(os.path.join(folder, name + ".new"), "w") as file:
            file.write(text)
        os.replace(os.path.join(folder, name + ".new"), os.path.join(folder, name))
