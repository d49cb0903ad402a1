"""The points at which deploy_kills.py interrupts a deployment: which deed, how, and what happens to the host then."""
import collections
import re

# work: "deploy", "pull" (a deployment that transfers its image), "rollback"
Point = collections.namedtuple("Point", "deed way event image work", defaults=("", 0, "deploy"))


def is_done(point, deeds, done):
    """The journal stated that the rollback was complete. There is nothing else to return to."""
    return (point.work == "rollback" and done.returncode == 3 and 'previous"' in done.stdout and
            any(re.search(r'"phase": *"idle"', deed) for deed in deeds))


def phases_of(deeds):
    """The phase of the journal at each deed."""
    phase, phases = "before", []
    for deed in deeds:
        found = re.match(r'p?write\w* .*"phase": *"(\w+)"', deed)
        phases.append(phase)
        phase = found.group(1) if found else phase
    return phases


def sends(deed):
    return deed.startswith(("send", "spawn"))


def every_point(deeds, share, work="deploy"):
    """Before each deed; half-way through, if it has bytes; after it, while the daemon still works; and SIGTERM."""
    kills = []
    for number, deed in enumerate(deeds, 1):
        kills.append(Point(number, "kill", work=work))
        if deed.startswith(("write", "pwrite", "send")):
            kills.append(Point(number, "torn", work=work))
        if sends(deed):
            kills.append(Point(number, "done", work=work))
    terms = [Point(number, "term", work=work) for number in range(1, len(deeds) + 1)]
    return thin(kills, share), thin(terms, share)


def thin(points, share):
    """Every n-th point."""
    step = max(1, round(1 / share))
    return points[step // 2::step]


def requests_of(deeds):
    """The deeds that change the outside, not only files: the requests and the programs."""
    return [number for number, deed in enumerate(deeds, 1) if sends(deed)]


def one_of_each_phase(deeds, phases):
    """For each phase of the journal, the request in its middle, or else the deed in its middle."""
    for phase in dict.fromkeys(phases):
        numbers = [number for number, each in enumerate(phases, 1) if each == phase]
        asked = [number for number in numbers if sends(deeds[number - 1])]
        yield (asked or numbers)[len(asked or numbers) // 2]
