"""Writes counts and figures to docs/reliability.md, each between two marks."""
import re

MARKS = ("<!-- counts: written by tests/faults/run --table -->", "<!-- end of counts -->")
FIGURES = ("<!-- figures: written by tests/faults/run --table -->", "<!-- end of figures -->")


def write_table(page, counts):
    """Writes the table between the two marks of the page. Rows that did not run now do not change. The number of calls
    varies a little between runs, so numbers are rounded to tens. The page then changes only for a reason."""
    with open(page, encoding="utf-8") as file:
        before, rest = file.read().split(MARKS[0])
        table, after = rest.split(MARKS[1])
    rows = {}
    for line in table.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) == 3 and cells[2].isdigit():
            rows[cells[0]] = cells[1:]
    rows.pop("all", None)
    for heading, row in counts.items():
        rows[heading] = [", ".join(sorted(row)), rounded(sum(row.values()))]
    rows["all"] = ["", str(sum(int(number) for _, number in rows.values()))]
    lines = ["| what goes wrong | where | cases |", "|---|---|---|"]
    lines += [f"| {heading} | {where} | {number} |" for heading, (where, number) in
              sorted(rows.items(), key=lambda row: (row[0] == "all", row[0]))]
    with open(page, "w", encoding="utf-8") as file:
        file.write(f"{before}{MARKS[0]}\n" + "\n".join(lines) + f"\n{MARKS[1]}{after}")


def write_figures(page, figures):
    """Writes the measured figures. A figure that was not measured now does not change."""
    with open(page, encoding="utf-8") as file:
        before, rest = file.read().split(FIGURES[0])
        table, after = rest.split(FIGURES[1])
    rows = dict(re.findall(r"^\| (.*?) \| (.*?) \|$", table, re.MULTILINE))
    for heading in ("what", "---"):
        rows.pop(heading, None)
    rows.update(figures)
    lines = ["| what | measured |", "|---|---|"] + [f"| {what} | {told} |" for what, told in sorted(rows.items())]
    with open(page, "w", encoding="utf-8") as file:
        file.write(f"{before}{FIGURES[0]}\n" + "\n".join(lines) + f"\n{FIGURES[1]}{after}")


def rounded(number):
    return str(number) if number < 20 else f"{number // 10 * 10}"
