"""Results as JSON (the record; docs/bench.md explains it) and as Markdown (for people)."""
import hashlib
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


def now():
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def revision():
    """Returns the commit. Only changes of the program or the benchmarks make it dirty, not changes of the pages."""
    changed = first_line("git", "-C", TOP, "status", "--porcelain", "--untracked-files=no", "core", "cli", "bench",
                         "tests/kit", "meson.build")
    return first_line("git", "-C", TOP, "describe", "--always") + ("-dirty" if changed else "")


def new_document(program):
    with open(program, "rb") as file:
        digest = hashlib.sha256(file.read()).hexdigest()
    return {
        "schema": SCHEMA,
        "time": now(),
        "program": first_line(program, "--version"),
        "program_sha256": digest,
        "revision": revision(),
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
    """Escapes pipes, which would end a table cell."""
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


def scene_markdown(scene, result):
    """Returns one scene as a table with its goals. A line above states another origin, if it has one."""
    lines = ["| | time (median, range) | processor seconds: client, daemon, server | client's peak memory | "
             "MB up / down | requests |", "|---|---:|---:|---:|---:|---:|"]
    lines += [row(name, figures) for name, figures in scene["figures"].items()]
    lines += [f"| {cell(name)} | not measured: {tool} is not installed | | | | |"
              for name, tool in scene["missing"].items()]
    lines += [f"| {cell(failure['contestant'] or 'the scene')} | failed | | | | |" for failure in scene["failures"]]
    said = provenance(scene, result)
    return "\n".join([*([said, ""] if said else []), *lines, "",
                      *[goal_line(goal) for goal in scene["goals"]]]).rstrip()


def title(scene):
    return scene["title"] + ("" if scene["link"]["name"] in ("loopback", "watched") else
                             f", over {scene['link']['title']}")


def provenance(part, result):
    """Returns when and with which program a part was measured, if that differs from the document; otherwise ""."""
    measured = part.get("measured")
    if not measured or not (measured["differs"] or measured["revision"] != result["revision"] or
                            measured["time"][:10] != result["time"][:10]):
        return ""
    how = {"program": "† Measured with another program", "machine": "† Measured on another machine",
           "": "Measured with"}[measured["differs"]]
    return (f"{how}{':' if measured['differs'] else ''} {measured['program']} ({measured['revision']}), "
            f"{measured['time'][:10]}.")


def mark(scene):
    """Returns the mark for a part from another program or machine than the page's."""
    return " †" if scene.get("measured", {}).get("differs") else ""


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
        lines += [f"### {title(scene)}", "", scene_markdown(scene, result), ""]
    if result.get("profile"):
        lines += ["### where the core-seconds go", "", profile_cores.markdown(result["profile"]), ""]
    if result["micro"]:
        lines += ["### modules", "", micro_markdown(result["micro"]), ""]
    return "\n".join(lines)


def micro_markdown(micro):
    counted = any("cycles" in found for found in micro.values())
    lines = ["| | ns an operation | GB/s |" + (" cycles a byte (or operation) |" if counted else "") +
             " instructions an operation |", "|---|---:|---:|---:|" + ("---:|" if counted else "")]
    for name, found in micro.items():
        rate = f"{found['bytes'] / found['ns']:.2f}" if found.get("bytes") else ""
        count = f"{found['instructions']:,.0f}" if found.get("instructions") else ""
        cycles = f" {found.get('cycles', 0) / (found.get('bytes') or 1):,.2f} |" if counted else ""
        lines.append(f"| {name} | {found['ns']:,.0f} | {rate} |{cycles} {count} |")
    return "\n".join(lines)


def write_file(path, text):
    """Writes the file completely, or leaves the old file."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path + ".new", "w") as file:
        file.write(text)
    os.replace(path + ".new", path)


def write(result, folder):
    write_file(os.path.join(folder, "latest.json"), json.dumps(result, indent=1) + "\n")
    write_file(os.path.join(folder, "latest.md"), markdown(result))
