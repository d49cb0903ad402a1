#!/usr/bin/env python3
"""Interrupts deployments at every deed, for tests/e2e/deploy-survives-kills.sh.

    deploy_kills.py --work DIR --docker DIR --faulty LIBRARY [options] LANE...

LANE: ENV:PROXY:ORDER:FRONT[:UNITS], a deployment behind a proxy (WORK/ENV.proxy) that listens on the port FRONT. The
container of generation 1 serves. UNITS: "web,worker", the first one is behind the proxy and has the ORDER, the others have
stop-first. Lanes run side by side, except while the daemon is killed, and for images that are transferred.

A deed (tests/kit/faulty.c) is a call that leaves something behind: a request that changes something, bytes in a file, a
name, a started program. An undisturbed deployment lists them. Then, for each of them, the next generation is deployed,
and the program is interrupted there. An event of the host may follow. The same command again must complete it.

Prints one line for each group of points, "ok SENTENCE" or "not ok SENTENCE", with comments.
"""
import argparse
import collections
import sys
import threading

from deploy_host import Daemon, say
from deploy_lane import EXITS, SICK, Lane
from deploy_points import Point, every_point, one_of_each_phase, requests_of, thin


def sample(lane, _groups, _share):
    """Each phase of the journal once, and each event once."""
    deeds, phases = lane.learn()
    numbers = list(one_of_each_phase(deeds, phases))
    ways = ("done", "kill", "torn", "term")
    wrong = lane.try_points("killed once in each phase of the journal",
                            [Point(number, ways[i % 4]) for i, number in enumerate(numbers)], True)
    late = numbers[-2]
    middle = requests_of(deeds)[len(requests_of(deeds)) // 2]
    if lane.order == "start-first":
        wrong += lane.try_points("and the journal is damaged, the proxy restarts, the host reboots",
                                 [Point(middle, "kill", "flipped"), Point(late, "done", "proxy"),
                                  Point(middle, "done", "reboot")], False)
        wrong += lane.try_points("and the image is bad", [Point(middle, "kill", "", EXITS)], True)
    return wrong


def everything(lane, groups, share):
    """Every deed. Returns the number of problems."""
    wrong = 0
    deeds, phases = lane.learn()
    counts = collections.Counter(phases)
    say(f"# {lane.env}: {len(deeds)} deeds, {len(requests_of(deeds))} of them requests or programs; "
        f"by phase of the journal: {dict(counts)}")
    kills, terms = every_point(deeds, share)
    asked = requests_of(deeds)
    if "kills" in groups:
        wrong += lane.try_points("killed before, within and after each deed", kills, True)
    if "terms" in groups:
        wrong += lane.try_points("SIGTERM at each deed", terms, True)
    for event in ("removed", "emptied", "flipped"):
        if "journal" in groups:
            points = [Point(number, way, event) for number in asked for way in ("kill", "done")]
            wrong += lane.try_points(f"killed at each request, and the journal is {event}", thin(points, share), True)
    if "rollback" in groups:
        deeds, phases = lane.learn_rollback()
        say(f"# {lane.env}: a rollback has {len(deeds)} deeds; by phase: {dict(collections.Counter(phases))}")
        kills, terms = every_point(deeds, share, "rollback")
        wrong += lane.try_points("a rollback, killed before, within and after each deed", kills, True)
        wrong += lane.try_points("a rollback, SIGTERM at each deed", terms, True)
    if "control" in groups:
        wrong += lane.control()
    if "bad" in groups:
        for image, words in ((EXITS, "ends"), (SICK, "is never ready")):
            found, _ = lane.learn(image)
            points = [Point(number, "kill", "", image) for number in range(1, len(found) + 1)]
            points += [Point(number, "done", "", image) for number in requests_of(found)]
            wrong += lane.try_points(f"killed at each deed of a candidate that {words}", thin(points, share), True)
    if "proxy" in groups:
        points = [Point(number, way, "proxy") for number in asked for way in ("kill", "done")]
        wrong += lane.try_points("killed at each request, and the proxy restarts", thin(points, share), False)
    return wrong


def transfers(lane, groups, share):
    """Deployments that transfer their image. No other deployment may keep it."""
    if "pull" not in groups:
        return 0
    deeds = lane.learn_pull()
    kills, terms = every_point(deeds, share, "pull")
    wrong = lane.try_points(f"killed before, within and after each of {len(deeds)} deeds of the transfer", kills, True)
    wrong += lane.try_points("SIGTERM at each deed of the transfer", terms, True)
    lane.go_on()
    lane.go_on()  # so that no container of this lane keeps such an image
    return wrong


def outages(lane, groups, share):
    """The daemon and the host go down: nothing else may run meanwhile."""
    wrong = 0
    deeds, _ = lane.learn()
    for event, words in (("daemon", "the daemon is killed"), ("reboot", "the host reboots")):
        if event in groups:
            points = [Point(number, way, event) for number in requests_of(deeds) for way in ("kill", "done")]
            wrong += lane.try_points(f"killed at each request, and {words}", thin(points, share), False)
    return wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", required=True)
    parser.add_argument("--docker", required=True, help="the folder of the daemon (tests/kit/docker)")
    parser.add_argument("--faulty", required=True)
    parser.add_argument("--program", required=True)
    parser.add_argument("--app", required=True)
    parser.add_argument("--all", action="store_true", help="every deed; else a few of each lane")
    parser.add_argument("--groups", default="kills,terms,journal,rollback,control,bad,proxy,pull,daemon,reboot")
    parser.add_argument("--share", type=float, default=1, help="of the points, with --all")
    parser.add_argument("--rate", type=float, default=40, help="requests a second and lane")
    parser.add_argument("--notes", help="a file that gets each problem at once")
    parser.add_argument("lanes", nargs="+", metavar="LANE")
    options = parser.parse_args()
    daemon = Daemon(options.docker)
    lanes = [Lane(options, daemon, words) for words in options.lanes]
    groups, results = options.groups.split(","), []

    def run(lane, work):
        try:
            results.append(work(lane, groups, options.share))
        except Exception as problem:  # pylint: disable=broad-except
            say(f"not ok {lane.env}: all points\n#   {type(problem).__name__}: {problem}")
            results.append(1)

    # The sample kills the daemon.
    threads = [threading.Thread(target=run, args=(lane, everything if options.all else sample)) for lane in lanes]
    for thread in threads:
        thread.start()
        if not options.all:
            thread.join()
    for thread in threads:
        thread.join()
    if options.all:
        run(lanes[0], transfers)  # the proxy and the order have no effect before the candidate is created
    for lane in lanes if options.all else []:
        run(lane, outages)
    for lane in lanes:
        say(f"# {lane.env}: {dict(lane.reached)}, {lane.requests} requests, {lane.failed} failed")
    return 1 if sum(results) else 0


if __name__ == "__main__":
    sys.exit(main())
