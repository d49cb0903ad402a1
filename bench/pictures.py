"""Draws the pictures of the README from the results with gnuplot: SVG without a background, in colours for light and
dark pages."""
import json
import os
import shutil
import subprocess

from report import mark
from stage import PAIRS, TOP

FOLDER = os.path.join(TOP, "docs", "pictures")
GREY = "#8b949e"
COLOURS = {"ours": "#2f81f7", "second": "#3fb950", "peer": "#db6d28", "other": "#a371f7", "limit": GREY}
FRAME = f"""
set terminal svg size 860,{{height}} dynamic font "sans-serif,14"
set output "{{output}}"
set border 3 linecolor rgb "{GREY}"
set tics nomirror textcolor rgb "{GREY}"
set key textcolor rgb "{GREY}" {{key}}
set title "{{title}}" textcolor rgb "{GREY}"
set xlabel textcolor rgb "{GREY}"
set ylabel textcolor rgb "{GREY}"
set grid {{grid}} linecolor rgb "{GREY}" linewidth 0.3
"""


def quoted(text):
    return '"' + text.replace('"', '\\"').replace("_", "\\\\_").replace("\n", "\\n") + '"'


def draw(folder, name, title, body, height=420, key="outside bottom center horizontal", grid="ytics"):
    output = os.path.join(folder, name + ".svg")
    script = FRAME.format(height=height, output=output, title=title, key=key, grid=grid) + body
    subprocess.run(["gnuplot"], input=script, text=True, check=True)
    # Remove spaces at the ends of lines, which git would report.
    with open(output) as file:
        lines = [line.rstrip() for line in file]
    with open(output, "w") as file:
        file.write("\n".join(lines) + "\n")


def scene_of(result, name, link="loopback"):
    return next((scene for scene in result["scenes"]
                 if scene["name"] == name and scene["link"]["name"] == link), None)


def marked(scene):
    """Returns the mark behind the name of a part that was measured with another program."""
    return mark(scene) if scene else ""


def wall(scene, contestant):
    figures = scene["figures"].get(contestant) if scene else None
    return figures["wall"] if figures else None


# --- one function per picture; each returns whether it had data to draw ---------------------------

def bars(folder, name, title, unit, groups, series, values, height=440):
    """Draws clustered bars. values: {(group, series): (median, least, most)}; series: [(name, colour)]."""
    series = [(one, colour) for one, colour in series if any((group, one) in values for group in groups)]
    groups = [group for group in groups if any((group, one) in values for one, _ in series)]
    if not groups:
        return False
    width = 0.8 / len(series)
    body, plots = f'set ylabel "{unit}"\nset xrange [-0.6:{len(groups) - 0.4}]\nset yrange [0:*]\n', []
    body += f"set boxwidth {width * 0.92:.4f}\nset style fill solid 0.9 noborder\n"
    labels = ", ".join(f"{quoted(group)} {at}" for at, group in enumerate(groups))
    body += f"set xtics ({labels}) scale 0\nset offsets 0,0,graph 0.12,0\n"
    body += 'set xlabel " "\n'  # room for names of two lines
    for number, (one, colour) in enumerate(series):
        rows = []
        for at, group in enumerate(groups):
            if (group, one) in values:
                middle, least, most = values[group, one]
                x = at + (number - (len(series) - 1) / 2) * width
                digits = 0 if middle >= 100 else 1 if middle >= 10 else 2
                rows.append(f"{x:.4f} {middle} {least} {most} {middle:.{digits}f}")
        body += f"$d{number} << EOD\n" + "\n".join(rows) + "\nEOD\n"
        plots.append(f'$d{number} using 1:2 with boxes linecolor rgb "{colour}" title {quoted(one)}')
        plots.append(f'$d{number} using 1:3:(0):($4-$3) with vectors nohead linewidth 1.5 linecolor rgb "{GREY}" notitle')
        plots.append(f'$d{number} using 1:4:5 with labels offset 0,0.6 font ",10" textcolor rgb "{GREY}" notitle')
    draw(folder, name, title, body + "plot " + ", \\\n     ".join(plots) + "\n", height)
    return True


TIMES = (  # group, scene, {series: contestant}
    ("push", "push", {"s3dock": "s3dock push", "s3dock, daemon's export": "s3dock push, from the export",
                      "docker push / pull, registry": "docker push",
                      "docker save | pigz | aws and back": "docker save | pigz | aws s3 cp -",
                      "docker save / load, no network": "docker save > /dev/null"}),
    ("push,\none file edited", "push-edited", {"s3dock": "s3dock push", "docker push / pull, registry": "docker push",
                                               "s3dock, daemon's export": "s3dock push, from the export",
                                               "docker save / load, no network": "docker save > /dev/null"}),
    ("push,\nrebuilt", "push-rebuilt", {"s3dock": "s3dock push",
                                                  "docker push / pull, registry": "docker push",
                                                  "s3dock, daemon's export": "s3dock push, from the export",
                                                  "docker save / load, no network": "docker save > /dev/null"}),
    ("pull", "pull", {"s3dock": "s3dock pull", "docker push / pull, registry": "docker pull",
                      "docker save | pigz | aws and back": "aws s3 cp | pigz -d | docker load",
                      "docker save / load, no network": "docker load -i"}),
    ("pull,\none file edited", "pull-edited", {"s3dock": "s3dock pull", "docker push / pull, registry": "docker pull"}),
    ("pull,\nrebuilt", "pull-rebuilt", {"s3dock": "s3dock pull",
                                                  "docker push / pull, registry": "docker pull"}),
)
SERIES = [("s3dock", COLOURS["ours"]), ("s3dock, daemon's export", COLOURS["second"]),
          ("docker push / pull, registry", COLOURS["peer"]),
          ("docker save | pigz | aws and back", COLOURS["other"]),
          ("docker save / load, no network", COLOURS["limit"])]


def draw_time(result, folder):
    values, groups = {}, []
    for group, name, contestants in TIMES:
        group += marked(scene_of(result, name))
        groups.append(group)
        for series, contestant in contestants.items():
            found = wall(scene_of(result, name), contestant)
            if found:
                values[group, series] = (found["median"], found["least"], found["most"])
    return bars(folder, "time", "1.4 GB image, loopback: seconds", "seconds", groups, SERIES, values)


def moved(scene, contestant, key):
    figures = scene["figures"].get(contestant) if scene else None
    return figures[key]["median"] / 1e6 if figures and key in figures else None


def draw_bytes(result, folder):
    values, groups = {}, []
    for verb, key in (("push", "sent"), ("pull", "received")):
        for pair in PAIRS:
            short = {"edited": "one file edited", "rebuilt": "rebuilt", "updated": "updated",
                     "neighbour": "neighbour"}[pair]
            # Over a slow link, a pull uses local chunks by default.
            scene = scene_of(result, f"{verb}-{pair}") or scene_of(result, f"{verb}-{pair}", "20mbit")
            group = f"{verb},\n{short}{marked(scene)}"
            groups.append(group)
            for series, contestant in (("s3dock", f"s3dock {verb}"),
                                       ("s3dock pull --reuse always", "s3dock pull --reuse always"),
                                       ("docker push / pull", f"docker {verb}")):
                value = moved(scene, contestant, key)
                if value is not None:
                    values[group, series] = (value, value, value)
    return bars(folder, "bytes", "a successor of an image that the other side has: MB over the wire", "MB", groups,
                [("s3dock", COLOURS["ours"]), ("s3dock pull --reuse always", COLOURS["second"]),
                 ("docker push / pull", COLOURS["peer"])], values)


def draw_slow(result, folder):
    values, groups = {}, []
    for pair in PAIRS:
        scene = scene_of(result, f"pull-{pair}", "20mbit")
        group = {"edited": "one file edited", "rebuilt": "rebuilt with --no-cache", "updated": "packages updated",
                 "neighbour": "another app, same base"}[pair] + marked(scene)
        groups.append(group)
        for series, contestant in (("s3dock pull", "s3dock pull"), ("docker pull", "docker pull")):
            found = wall(scene, contestant)
            if found:
                values[group, series] = (found["median"], found["least"], found["most"])
    return bars(folder, "slow-link", "pull of a successor over 20 Mbit/s, 40 ms: seconds", "seconds", groups,
                [("s3dock pull", COLOURS["ours"]), ("docker pull", COLOURS["peer"])], values, 360)


COURSE = {"s3dock push": COLOURS["ours"], "s3dock push, from the export": COLOURS["second"],
          "docker push": COLOURS["peer"], "docker save | pigz | aws s3 cp -": COLOURS["other"],
          "s3dock pull": COLOURS["ours"], "docker pull": COLOURS["peer"]}


def course_of(run, step):
    """Returns rows "seconds MB/s", one every `step` seconds: the bytes on the link since the previous row."""
    rows, before = ["0 0"], (0, 0)
    for at, up, down in run["samples"]:
        if at - before[0] >= step:
            rows.append(f"{at:.2f} {(up + down - before[1]) / (at - before[0]) / 1e6:.2f}")
            before = (at, up + down)
    return rows


def draw_course(result, folder):
    """Draws pushes above and pulls below, because pulls are shorter and faster."""
    scene = scene_of(result, "course", "watched")
    if not scene or not scene["runs"]:
        return False
    body = 'set multiplot layout 2,1\nset ylabel "MB/s over the wire"\nset xrange [0:*]\nset yrange [0:*]\n'
    for verb in ("push", "pull"):
        runs = [run for run in scene["runs"] if ("pull" in run["contestant"]) == (verb == "pull")]
        step, plots = max(0.5, max([run["wall"] for run in runs], default=0) / 60), []
        for number, run in enumerate(runs):
            body += f"${verb}{number} << EOD\n" + "\n".join(course_of(run, step)) + "\nEOD\n"
            plots.append(f'${verb}{number} using 1:2 with lines linewidth 2 linecolor rgb '
                         f'"{COURSE.get(run["contestant"], GREY)}" title {quoted(run["contestant"])}')
        if plots:
            body += f'set xlabel "seconds of the {verb}"\nplot ' + ", \\\n     ".join(plots) + "\nunset title\n"
    draw(folder, "throughput", f"throughput over time{marked(scene)}", body + "unset multiplot\n", height=640)
    return True


def draw_memory(result, folder):
    scene = scene_of(result, "sizes")
    if not scene:
        return False
    body = ('set xlabel "image, GB"\nset ylabel "peak memory, MiB"\nset y2label "seconds" textcolor rgb '
            f'"{GREY}"\nset logscale x\nset logscale y2\nset y2tics textcolor rgb "{GREY}"\nset border 11\n'
            "set yrange [0:150]\n")
    plots = []
    for number, (verb, colour) in enumerate((("push", COLOURS["ours"]), ("pull", COLOURS["second"]))):
        rows = [f"{name.split()[1]} {figures['peak_memory']['median'] / 2**20:.1f} {figures['wall']['median']:.3f}"
                for name, figures in scene["figures"].items() if name.startswith(verb)]
        body += f"$d{number} << EOD\n" + "\n".join(rows) + "\nEOD\n"
        plots.append(f'$d{number} using 1:2 with linespoints linewidth 2 pointtype 7 linecolor rgb "{colour}" '
                     f'title "{verb}: memory"')
        plots.append(f'$d{number} using 1:3 axes x1y2 with linespoints linewidth 1 dashtype 2 pointtype 6 '
                     f'linecolor rgb "{colour}" title "{verb}: seconds (right)"')
    draw(folder, "memory", "memory and time over the size of the image" + marked(scene),
         body + "plot " + ", \\\n     ".join(plots) + "\n")
    return True


PICTURES = {"time": draw_time, "slow-link": draw_slow, "bytes": draw_bytes, "throughput": draw_course,
            "memory": draw_memory}


def draw_all(result, say, folder=FOLDER):
    """Returns the names of the drawn pictures."""
    if not shutil.which("gnuplot"):
        say("pictures: left out, gnuplot is not installed")
        return []
    os.makedirs(folder, exist_ok=True)
    drawn = []
    for name, picture in PICTURES.items():
        try:
            if picture(result, folder):
                drawn.append(name)
        except (subprocess.CalledProcessError, KeyError, ValueError) as error:
            say(f"picture {name}: FAILED: {error}")
    return drawn


def draw_file(path, say):
    with open(path) as file:
        draw_all(json.load(file), say)
