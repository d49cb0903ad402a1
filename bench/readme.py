"""Everything that README and docs/performance.md show, measured in one go: `./dev bench readme`.

The plan is in the order of what matters; each scene plays once, and again while there is time to spare; the
slow peers play once. What stands between <!-- bench NAME --> and <!-- /bench --> in the two pages is then
written anew, and the pictures are drawn. What failed, or was left out for lack of time, is not in them.
"""
import os
import re

import micro
import pictures
import profile_cores
from links import LINKS, LOOPBACK
from report import conditions, figure, markdown, megabytes, micro_markdown, scene_markdown, seconds, title, write
from stage import PAIRS, TOP

MINUTES = 23.5        # for the scenes; the modules take one more
FAR, SLOW = LINKS["20mbit"], LINKS["100mbit"]
ALL, ONE = ("docker", "pigz", "zstd"), ("docker",)
PLAN = (              # scene, link, rounds at most, image, peers
    ("push", LOOPBACK, 3, None, ALL),
    ("push-edited", LOOPBACK, 3, None, ONE),
    ("pull-edited", LOOPBACK, 3, None, ONE),
    ("pull-edited", FAR, 1, None, ONE),
    ("push-rebuilt", LOOPBACK, 3, None, ONE),
    ("pull-rebuilt", LOOPBACK, 3, None, ONE),
    ("pull-rebuilt", FAR, 1, None, ONE),
    ("push-updated", LOOPBACK, 2, None, ONE),
    ("pull-updated", LOOPBACK, 2, None, ONE),
    ("pull", LOOPBACK, 3, None, ("docker", "pigz")),
    ("profile", LOOPBACK, 1, None, ()),
    ("engine", LOOPBACK, 3, None, ()),
    ("push-unchanged", LOOPBACK, 3, None, ONE),
    ("pull-unchanged", LOOPBACK, 3, None, ()),
    ("sizes", LOOPBACK, 1, None, ()),
    ("course", LOOPBACK, 1, "neighbour", ("docker", "pigz")),
    ("hosts-8", LOOPBACK, 1, None, ONE),
    ("pull", SLOW, 1, "neighbour", ONE),
    ("push", SLOW, 1, "neighbour", ONE),
    ("pull-updated", FAR, 1, None, ONE),
    ("limits", LOOPBACK, 1, None, ()),
    ("resume", LOOPBACK, 1, "neighbour", ONE),
    ("levels", LOOPBACK, 1, None, ()),
)
# Played if time is left: none is set aside for them.
SPARE = [entry[:2] for entry in PLAN[-7:]]


# --- the pages ----------------------------------------------------------------------------------------

def fill(path, name, text):
    """Replaces what stands between the markers of that name; a page without them is left alone."""
    with open(path) as file:
        page = file.read()
    marks = re.compile(rf"(<!-- bench {re.escape(name)} -->\n).*?(<!-- /bench -->)", re.S)
    page, found = marks.subn(lambda marked: marked[1] + text.strip("\n") + "\n" + marked[2], page)
    if found:
        with open(path, "w") as file:
            file.write(page)
    return bool(found)


ROWS = (   # what, scene, ours, the peers with a column each
    ("push into an empty bucket", "push", "s3dock push",
     ("docker push", "docker save | pigz | aws s3 cp -", "docker save > /dev/null")),
    ("the same at the fastest level", "push", "s3dock push, fastest level",
     ("docker push", "docker save | pigz | aws s3 cp -", "docker save > /dev/null")),
    ("the same from the daemon's export", "push", "s3dock push, from the export",
     ("docker push", "docker save | pigz | aws s3 cp -", "docker save > /dev/null")),
    *((f"push, {PAIRS[pair]}", f"push-{pair}", "s3dock push", ("docker push", "", "docker save > /dev/null"))
      for pair in ("edited", "rebuilt", "updated")),
    ("push, nothing changed", "push-unchanged", "s3dock push", ("docker push", "", "")),
    ("pull into an empty Docker", "pull", "s3dock pull",
     ("docker pull", "aws s3 cp | pigz -d | docker load", "docker load -i")),
    *((f"pull, {PAIRS[pair]}", f"pull-{pair}", "s3dock pull", ("docker pull", "", ""))
      for pair in ("edited", "rebuilt", "updated")),
    *((f"the same over {FAR.title}: {PAIRS[pair]}", f"pull-{pair}@{FAR.name}", "s3dock pull", ("docker pull", "", ""))
      for pair in ("edited", "rebuilt", "updated")),
    ("pull, nothing changed", "pull-unchanged", "s3dock pull", ("", "", "")),
    ("8 hosts pull 100 MB at once", "hosts-8", "s3dock pull", ("docker pull", "", "")),
)


def scenes_by_name(result):
    return {scene["name"] + ("" if scene["link"]["name"] in ("loopback", "watched") else f"@{scene['link']['name']}"):
            scene for scene in result["scenes"]}


def headline(result):
    """The table of the README."""
    scenes = scenes_by_name(result)
    lines = ["| | s3dock | `docker push` / `pull` | `docker save \\| pigz \\| aws s3 cp -` and back | "
             "`docker save > /dev/null` / `docker load` alone |", "|---|---:|---:|---:|---:|"]
    for what, name, ours, peers in ROWS:
        figures = scenes[name]["figures"] if name in scenes else {}
        if ours not in figures:
            continue
        own = figures[ours]["wall"]["median"]
        cells = [f"**{seconds(own)} s**"]
        for peer in peers:
            theirs = figures[peer]["wall"]["median"] if peer in figures else None
            cells.append(f"{seconds(theirs)} s ({own / theirs:.2f} x)" if theirs else "")
        lines.append(f"| {what} | {' | '.join(cells)} |")
    return "\n".join(lines)


def wire_table(result):
    """Bytes of the pairs."""
    scenes = scenes_by_name(result)
    lines = ["| MB over the wire | s3dock push | `docker push` | s3dock pull | s3dock pull, slow link | `docker pull` |",
             "|---|---:|---:|---:|---:|---:|"]

    def cell(name, contestant, key):
        figures = scenes.get(name, {}).get("figures", {}).get(contestant)
        return megabytes(figures[key]["median"]) if figures and key in figures else ""

    for pair, what in PAIRS.items():
        cells = [cell(f"push-{pair}", "s3dock push", "sent"), cell(f"push-{pair}", "docker push", "sent"),
                 cell(f"pull-{pair}", "s3dock pull", "received"),
                 cell(f"pull-{pair}@{FAR.name}", "s3dock pull", "received"),
                 cell(f"pull-{pair}", "docker pull", "received")]
        if any(cells):
            lines.append(f"| {what} | {' | '.join(cells)} |")
    return "\n".join(lines) if len(lines) > 2 else ""


NAMES = {"time": "time by scene and peer", "slow-link": "pulls over a slow link", "bytes": "bytes over the wire",
         "throughput": "throughput over time", "memory": "memory and time over the size of the image"}


def pictures_markdown(folder, *names):
    return "\n\n".join(f"![{NAMES[name]}]({folder}/{name}.svg)" for name in names
                       if os.path.exists(os.path.join(pictures.FOLDER, name + ".svg")))


def rounds(result):
    counts = sorted({figures["runs"] for scene in result["scenes"] for figures in scene["figures"].values()} or {0})
    return f"{counts[0]} to {counts[-1]} rounds" if counts[0] != counts[-1] else f"{counts[0]} round(s)"


def facts(result):
    """One line more: size and memory."""
    scenes, told = scenes_by_name(result), []
    for name, contestant in (("push", "s3dock push"), ("pull", "s3dock pull")):
        figures = scenes.get(name, {}).get("figures", {}).get(contestant)
        if not figures:
            continue
        if name == "push":
            told.append(f"the archive has {megabytes(figures['stated_archive_bytes']['median'])} MB")
        told.append(f"{name} takes {figures['peak_memory']['median'] / 2**20:.0f} MiB of memory")
    largest = [(float(name.split()[1]), figures) for name, figures in scenes.get("sizes", {}).get("figures", {}).items()
               if name.startswith("push")]
    if largest:
        size, figures = max(largest, key=lambda entry: entry[0])
        told.append(f"a push of {size:g} GB takes {figures['peak_memory']['median'] / 2**20:.0f} MiB")
    return f"{told[0][0].upper()}{told[0][1:]}" + "".join(f", {more}" for more in told[1:]) + "." if told else ""


def fill_pages(result, say):
    readme, performance = os.path.join(TOP, "README.md"), os.path.join(TOP, "docs", "performance.md")
    intro = f"{conditions(result)}; medians of {rounds(result)}, every contestant in turn (`./dev bench readme`):"
    parts = [intro, headline(result), facts(result), pictures_markdown("docs/pictures", "time", "slow-link", "bytes")]
    fill(readme, "headline", "\n\n".join(part for part in parts if part))
    text = [f"{conditions(result)}; medians of {rounds(result)}.", "", wire_table(result), "",
            pictures_markdown("pictures", "throughput", "memory"), ""]
    for scene in result["scenes"]:
        text += [f"### {title(scene)[0].upper()}{title(scene)[1:]}", "", scene_markdown(scene), ""]
    fill(performance, "scenes", "\n".join(text))
    if result["micro"]:
        fill(performance, "modules", micro_markdown(result["micro"]))
    if result.get("profile"):
        fill(performance, "profile", profile_cores.markdown(result["profile"]))
    met = [goal for scene in result["scenes"] for goal in scene["goals"] if goal["limit"] is not None]
    for goal in met:
        say(f"{'met   ' if goal['met'] else 'MISSED'} {goal['text']}: {figure(goal['value'], goal['unit'])} "
            f"(aim {figure(goal['limit'], goal['unit'])})")


def run(options, result, say, play_all):
    options.minutes = min(options.minutes or MINUTES, MINUTES)
    options.peer_turns, options.thorough = options.peer_turns or 1, False
    plan = PLAN if not options.tiny else [(name, link, 1, image, peers) for name, link, _, image, peers in PLAN]
    well = True
    try:
        result["micro"] = micro.measure(options.build, say)
        well = play_all(plan, SPARE)
    except KeyboardInterrupt:
        say("interrupted: this is what has been measured")
        well = False
    write(result, options.results)
    pictures.draw_all(result, say)
    fill_pages(result, say)
    print(markdown(result))
    return 0 if well else 1
