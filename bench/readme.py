"""All measured tables of README.md, docs/performance.md and docs/bench-results.md: `./dev bench readme`.

A whole measurement takes more than an hour, so a run executes the parts that fit into its minutes. Missing parts come
first, then parts that were measured with another program or on another machine, then the oldest. The order of the plan
is the order of importance. Each scene also reuses much of the previous scene's state in daemons, bucket and registry.
The record of each part is stored (records.py). Afterwards, the run writes the text between <!-- bench NAME --> and
<!-- /bench --> in the three pages from all records, and draws the pictures. Slow peers run once.
"""
import os
import re
import shutil

import pictures
import profile_cores
from links import LINKS, LOOPBACK
from records import Records, key_of
from report import (cell, conditions, figure, mark, markdown, megabytes, micro_markdown, now, provenance,
                    scene_markdown, seconds, title, write)
from scenes import round_seconds
from stage import PAIRS, TOP

MINUTES = 20
GBIT, SLOW, FAR, DROPS = (LINKS[name] for name in ("1gbit", "100mbit", "20mbit", "2mbit"))
ALL, ONE = ("docker", "pigz", "zstd"), ("docker",)
PLAN = (              # part, link, rounds at most, image, peers
    ("push", LOOPBACK, 3, None, ALL),
    ("push-edited", LOOPBACK, 3, None, ONE),
    ("pull-edited", LOOPBACK, 3, None, ONE),
    ("pull-edited", FAR, 1, None, ONE),
    ("push-rebuilt", LOOPBACK, 2, None, ONE),
    ("pull-rebuilt", LOOPBACK, 2, None, ONE),
    ("push-updated", LOOPBACK, 2, None, ONE),
    ("pull-updated", LOOPBACK, 2, None, ONE),
    ("push-zstd", LOOPBACK, 2, None, ALL),
    ("push-thin-edited", LOOPBACK, 3, None, ONE),
    ("push-thin-rebuilt", LOOPBACK, 2, None, ONE),
    ("push-thin-updated", LOOPBACK, 2, None, ONE),
    ("pull-thin-rebuilt", LOOPBACK, 2, None, ()),
    ("pull-thin-updated", LOOPBACK, 2, None, ()),
    ("bucket", LOOPBACK, 1, None, ()),
    ("push-unchanged", LOOPBACK, 3, None, ONE),
    ("pull", LOOPBACK, 3, None, ("docker", "pigz")),
    ("pull-unchanged", LOOPBACK, 3, None, ()),
    ("pull-rebuilt", FAR, 1, None, ONE),
    ("pull-updated", FAR, 1, None, ONE),
    ("push-neighbour", LOOPBACK, 1, None, ONE),
    ("pull-neighbour", LOOPBACK, 1, None, ONE),
    ("pull-thin-edited", LOOPBACK, 1, None, ()),
    ("pull-thin-rebuilt", FAR, 1, None, ()),
    ("pull-thin-updated", FAR, 1, None, ()),
    ("course", LOOPBACK, 1, "neighbour", ("docker", "pigz")),
    ("hosts-2", LOOPBACK, 1, None, ONE),
    ("hosts-8", LOOPBACK, 1, None, ONE),
    ("hosts-32", LOOPBACK, 1, None, ONE),
    ("sizes", LOOPBACK, 1, None, ()),
    ("micro", LOOPBACK, 1, None, ()),
    ("profile", LOOPBACK, 1, None, ()),
    ("push", SLOW, 1, None, ONE),
    ("pull", SLOW, 1, None, ONE),
    ("levels", LOOPBACK, 1, None, ()),
    ("levels", GBIT, 1, None, ()),
    ("levels", SLOW, 1, None, ()),
    ("levels", FAR, 1, None, ()),
    ("peers-push", LOOPBACK, 1, None, ()),
    ("peers-pull", LOOPBACK, 1, None, ()),
    ("limits", LOOPBACK, 1, None, ()),
    ("engine", LOOPBACK, 3, None, ()),
    ("engine-zstd", LOOPBACK, 3, None, ()),
    ("resume", LOOPBACK, 1, "neighbour", ONE),
    ("push", DROPS, 1, None, ONE),
    ("pull", DROPS, 1, None, ONE),
    ("push", GBIT, 1, None, ONE),
    ("pull", GBIT, 1, None, ONE),
    ("tuning", LOOPBACK, 1, None, ()),
    ("archive", LOOPBACK, 1, None, ()),
)
KEYS = [key_of(*entry[:2]) for entry in PLAN]


# --- the plan -----------------------------------------------------------------------------------

def expected(entry, records, tiny=False):
    """Estimates the seconds of a part: those of the last time, or the first round plus the other rounds without slow
    peers."""
    name, link, repeat = entry[:3]
    return records.seconds(key_of(name, link)) or round_seconds(name, link, tiny) * (1 + 0.35 * (repeat - 1))


def choose(plan, records, minutes, tiny=False):
    """Returns the entries that fit into the minutes (at least one), the most urgent first. Current records are measured
    again only if nothing else waits."""
    chosen, waiting, left = [], [], minutes * 60
    for entry in sorted(plan, key=lambda entry: records.rank(key_of(*entry[:2]))):
        current = records.rank(key_of(*entry[:2]))[0] == 3
        need = expected(entry, records, tiny)
        if minutes and (need <= left or not chosen) and not (current and waiting):
            chosen.append(entry)
            left -= need
        elif not current:
            waiting.append(entry)
    return chosen, waiting


def listed(entries, records, tiny=False):
    names = ", ".join(key_of(*entry[:2]) for entry in entries) or "nothing"
    return f"{names} (about {sum(expected(entry, records, tiny) for entry in entries) / 60:.0f} minutes)"


# --- the pages ----------------------------------------------------------------------------------------

def fill(path, name, text):
    """Replaces the text between the markers of that name. A page without them does not change."""
    with open(path) as file:
        page = file.read()
    marks = re.compile(rf"(<!-- bench {re.escape(name)} -->\n).*?(<!-- /bench -->)", re.S)
    page, found = marks.subn(lambda marked: marked[1] + text.strip("\n") + "\n" + marked[2], page)
    if found:
        with open(path, "w") as file:
            file.write(page)
    return bool(found)


ROWS = (   # description, scene, our contestant, the peers with a column each
    ("push into an empty bucket", "push", "s3dock push",
     ("docker push", "docker save | pigz | aws s3 cp -", "docker save > /dev/null")),
    ("the same from the daemon's export", "push", "s3dock push, from the export",
     ("docker push", "docker save | pigz | aws s3 cp -", "docker save > /dev/null")),
    *((f"push, {PAIRS[pair]}", f"push-{pair}", "s3dock push", ("docker push", "", "docker save > /dev/null"))
      for pair in PAIRS),
    *((f"push into an empty bucket, {codec}", "push-zstd", contestant,
       ("docker push", "docker save | pigz | aws s3 cp -", "docker save > /dev/null"))
      for codec, contestant in (("zstd", "zstd, default level"), ("zstd at its fastest level", "zstd, fastest"),
                                ("gzip at its fastest level", "gzip, fastest"))),
    *((f"push of a thin image, {PAIRS[pair]}", f"push-thin-{pair}", "s3dock push --thin", ("docker push", "", ""))
      for pair in ("edited", "rebuilt", "updated")),
    ("push, nothing changed", "push-unchanged", "s3dock push", ("docker push", "", "")),
    ("pull into an empty Docker", "pull", "s3dock pull",
     ("docker pull", "aws s3 cp | pigz -d | docker load", "docker load -i")),
    *((f"pull, {PAIRS[pair]}", f"pull-{pair}", "s3dock pull", ("docker pull", "", ""))
      for pair in PAIRS),
    *((f"the same over {FAR.title}: {PAIRS[pair]}", f"pull-{pair}@{FAR.name}", "s3dock pull", ("docker pull", "", ""))
      for pair in ("edited", "rebuilt", "updated")),
    ("pull, nothing changed", "pull-unchanged", "s3dock pull", ("", "", "")),
    *((f"{verb} of 0.5 GB over {SLOW.title}", f"{verb}@{SLOW.name}", f"s3dock {verb}", (f"docker {verb}", "", ""))
      for verb in ("push", "pull")),
    *((f"{count} hosts pull 100 MB at once", f"hosts-{count}", "s3dock pull", ("docker pull", "", ""))
      for count in (2, 8, 32)),
)


def scenes_by_name(result):
    return {scene["name"] + ("" if scene["link"]["name"] in ("loopback", "watched") else f"@{scene['link']['name']}"):
            scene for scene in result["scenes"]}


HEADLINE = (   # scene, description: rows of the README, by their scene in ROWS
    ("push", "push into an empty bucket"),
    ("push-edited", "push after one source file changed"),
    ("push-rebuilt", "push after a rebuild with `--no-cache`"),
    ("push-zstd", "push into an empty bucket, with zstd"),
    ("push-thin-edited", "thin push after one source file changed"),
    ("push-thin-rebuilt", "thin push after a rebuild with `--no-cache`"),
    ("pull", "pull into an empty Docker"),
    (f"pull-edited@{FAR.name}", f"pull after one source file changed, over {FAR.title}"),
    (f"pull-rebuilt@{FAR.name}", f"pull after a rebuild, over {FAR.title}"),
)


def footnote(scenes):
    """Returns the explanation of the dagger, if one of the scenes has it."""
    stale = sorted({"{program} ({revision}), {time:.10}".format(**scene["measured"])
                    for scene in scenes if mark(scene)})
    return f"† Measured with another program or on another machine: {'; '.join(stale)}." if stale else ""


def comparison_cells(figures, ours, peers):
    """Returns the seconds of s3dock, and of each peer with the ratio. Empty: the peer was not measured."""
    own = figures[ours]["wall"]["median"]
    cells = [f"**{seconds(own)} s**"]
    for peer in peers:
        theirs = figures[peer]["wall"]["median"] if peer in figures else None
        cells.append(f"{seconds(theirs)} s ({own / theirs:.2f} x)" if theirs else "")
    return cells


def comparison(result):
    """Returns the table of docs/performance.md: every scene of ROWS with its peers."""
    scenes = scenes_by_name(result)
    lines = ["| | s3dock | `docker push` / `pull` | `docker save \\| pigz \\| aws s3 cp -` and back | "
             "`docker save > /dev/null` / `docker load` alone |", "|---|---:|---:|---:|---:|"]
    for what, name, ours, peers in ROWS:
        if name in scenes and ours in scenes[name]["figures"]:
            cells = comparison_cells(scenes[name]["figures"], ours, peers)
            lines.append(f"| {what}{mark(scenes[name])} | {' | '.join(cells)} |")
    return "\n".join(lines)


def measured_with(scenes, result):
    """Returns one line: programs, machine and days of these scenes."""
    host = result["machine"]
    revisions = sorted({scene["measured"]["revision"] for scene in scenes})
    days = sorted({scene["measured"]["time"][:10] for scene in scenes})
    return (f"s3dock {result['program']} ({', '.join(revisions)}), {host['cores']} cores ({host['processor']}), "
            f"{host['docker'].partition(',')[0]}, {host['s3'].partition('(')[0].strip()}, "
            f"{' to '.join(dict.fromkeys((days[0], days[-1])))}")


def headline(result):
    """Returns the table of the README: a row for each scene of HEADLINE, and the conditions below it."""
    scenes = scenes_by_name(result)
    rows = {name: (ours, peers) for _, name, ours, peers in reversed(ROWS)}   # the first row of a scene is used
    lines = ["| | s3dock | `docker push` / `pull` | `docker save \\| pigz \\| aws s3 cp -` and back |",
             "|---|---:|---:|---:|"]
    shown = []
    for name, what in HEADLINE:
        ours, peers = rows[name]
        if name in scenes and ours in scenes[name]["figures"]:
            cells = comparison_cells(scenes[name]["figures"], ours, peers[:2])
            lines.append(f"| {what} | {' | '.join(cells)} |")
            shown.append(scenes[name])
    return page(["\n".join(lines), f"Measured with {measured_with(shown, result)}." if shown else ""])


def wire_table(result):
    """Returns the table with the bytes of the pairs."""
    scenes = scenes_by_name(result)
    lines = ["| MB over the wire | s3dock push | `docker push` | s3dock pull | s3dock pull, slow link | `docker pull` |",
             "|---|---:|---:|---:|---:|---:|"]

    def moved(name, contestant, key):
        figures = scenes.get(name, {}).get("figures", {}).get(contestant)
        return megabytes(figures[key]["median"]) + mark(scenes[name]) if figures and key in figures else ""

    for pair, what in PAIRS.items():
        cells = [moved(f"push-{pair}", "s3dock push", "sent"), moved(f"push-{pair}", "docker push", "sent"),
                 moved(f"pull-{pair}", "s3dock pull", "received"),
                 moved(f"pull-{pair}@{FAR.name}", "s3dock pull", "received"),
                 moved(f"pull-{pair}", "docker pull", "received")]
        if any(cells):
            lines.append(f"| {what} | {' | '.join(cells)} |")
    return "\n".join(lines) if len(lines) > 2 else ""


PAGES = ("README.md", os.path.join("docs", "performance.md"), os.path.join("docs", "bench-results.md"))
NAMES = {"time": "time by scene and peer", "slow-link": "pulls over a slow link", "bytes": "bytes over the wire",
         "throughput": "throughput over time", "memory": "memory and time over the size of the image"}


def pictures_markdown(folder, drawn):
    return "\n\n".join(f"![{what}]({folder}/{name}.svg)" for name, what in NAMES.items() if name in drawn)


def rounds(result):
    counts = sorted({figures["runs"] for scene in result["scenes"] for figures in scene["figures"].values()} or {0})
    return f"{counts[0]} to {counts[-1]} rounds" if counts[0] != counts[-1] else f"{counts[0]} round(s)"


def facts(result):
    """Returns one more line: size and memory."""
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
        told.append(f"a push of {size:g} GB takes {figures['peak_memory']['median'] / 2**20:.0f} MiB of memory")
    return f"{told[0][0].upper()}{told[0][1:]}" + "".join(f", {more}" for more in told[1:]) + "." if told else ""


def levels_table(result):
    """Returns the table with seconds and bytes of a push at each level, over each link."""
    scenes = scenes_by_name(result)
    columns = [(name, scene) for name, scene in scenes.items() if name.startswith("levels@")]
    if not columns:
        return ""
    levels = sorted({level for _, scene in columns for level in scene["figures"]})
    lines = ["| | MB | " + " | ".join(scene["link"]["title"] + mark(scene) for _, scene in columns) + " |",
             "|---|---:|" + "---:|" * len(columns)]
    for level in levels:
        sizes = [scene["figures"][level]["stated_archive_bytes"]["median"] for _, scene in columns
                 if level in scene["figures"]]
        cells = [f"{seconds(scene['figures'][level]['wall']['median'])} s" if level in scene["figures"] else ""
                 for _, scene in columns]
        lines.append(f"| {level} | {megabytes(sizes[0])} | {' | '.join(cells)} |")
    return "\n".join(lines)


def aims_table(result):
    """Returns the table of all aims, the missed ones first."""
    rows = [(bool(goal["met"]), scene, goal) for scene in result["scenes"] for goal in scene["goals"]
            if goal["limit"] is not None]
    lines = ["| | is | aim | |", "|---|---:|---:|---|"]
    for met, scene, goal in sorted(rows, key=lambda row: row[0]):
        bound = "at least" if goal["at_least"] else "at most"
        lines.append(f"| {title(scene)}{mark(scene)}: {cell(goal['text'])} | {figure(goal['value'], goal['unit'])} | "
                     f"{bound} {figure(goal['limit'], goal['unit'])} | {'met' if met else '**missed**'} |")
    return "\n".join(lines) if rows else ""


def page(parts):
    return "\n\n".join(part for part in parts if part)


def scenes_text(result, drawn):
    parts = [f"{conditions(result)}; medians of {rounds(result)}.", wire_table(result), footnote(result["scenes"]),
             pictures_markdown("pictures", drawn)]
    for scene in result["scenes"]:
        heading = title(scene)
        parts += [f"### {heading[0].upper()}{heading[1:]}", scene_markdown(scene, result)]
    return page(parts)


def with_provenance(result, name, text):
    return page([provenance({"measured": result["measured"][name]}, result), text])


def fill_pages(result, top, drawn):
    readme, performance, results = (os.path.join(top, name) for name in PAGES)
    shown = [scene for name, scene in scenes_by_name(result).items() if name in {row[1] for row in ROWS}]
    intro = f"{conditions(result)}; medians of {rounds(result)}, every contestant in turn (`./dev bench readme`)."
    fill(readme, "headline", headline(result))
    fill(performance, "comparison", page([intro, footnote(shown), comparison(result), facts(result)]))
    fill(results, "scenes", scenes_text(result, drawn))
    fill(results, "aims", aims_table(result))
    fill(results, "levels", levels_table(result))
    if result["micro"]:
        fill(results, "modules", with_provenance(result, "micro", micro_markdown(result["micro"])))
    if result.get("profile"):
        fill(results, "profile", with_provenance(result, "profile", profile_cores.markdown(result["profile"])))


def say_goals(result, say):
    for scene in result["scenes"]:
        for goal in scene["goals"]:
            if goal["limit"] is not None:
                say(f"{'met   ' if goal['met'] else 'MISSED'} {title(scene)}{mark(scene)}: {goal['text']}: "
                    f"{figure(goal['value'], goal['unit'])} (aim {figure(goal['limit'], goal['unit'])})")


def copies(folder):
    """Copies the pages for results of tiny images, which are not published."""
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(os.path.join(folder, "docs"))
    for name in PAGES:
        shutil.copyfile(os.path.join(TOP, name), os.path.join(folder, name))
    return folder


def run(options, result, say, play_all):
    if options.minutes is None:
        options.minutes = MINUTES
    options.peer_turns, options.thorough = options.peer_turns or 1, False
    kind = "readme-tiny" if options.tiny else "readme"
    records = Records(os.path.join(options.results, kind), result)
    chosen, waiting = choose(PLAN, records, options.minutes, options.tiny)
    say(f"plays {listed(chosen, records, options.tiny)}")
    say(f"leaves for another run: {listed(waiting, records, options.tiny)}")

    def keep(name, link, part):
        records.keep(key_of(name, link), {**result, "time": now(), "scenes": [], "micro": {}, "profile": {}, **part})

    well = True
    try:
        well = not chosen or play_all(chosen, keep)
    except KeyboardInterrupt:
        say("interrupted: this is what has been measured")
        well = False
    top = copies(os.path.join(options.results, "pages-tiny")) if options.tiny else TOP
    whole = records.together(KEYS)
    write(whole, options.results)
    fill_pages(whole, top, pictures.draw_all(whole, say, os.path.join(top, "docs", "pictures")))
    print(markdown(whole))
    say_goals(whole, say)
    waiting = choose(PLAN, records, 0, options.tiny)[1]
    say(f"for another run: {listed(waiting, records, options.tiny)}" if waiting else "everything is measured")
    return 0 if well else 1
