"""Concurrent commands on one name: pushes, promotions and pulls, a cleanup during a push, compact during a pull.

Each case starts some commands at random moments. A reader that polls meanwhile sees one of the pushed images, no image
yet, or an image that is being replaced. It never sees anything else. A command that reports success has had its effect.
A command that lost fails with the exit code of a conflict. At the end, the name leads to one of the images, and a
cleanup removes everything unfinished.
"""
import os
import random
import threading
import time

import bench
import kills
import scenes
from bench import CONFLICT, DONE, INTEGRITY, NETWORK, NEXT, NOT_FOUND, REF
from scenes import THIN

CASES = 10  # of each kind
LATER = "shop:20260302-1015-4d5e6f7"
SPREAD = 0.3  # all commands start within this number of seconds
RATE = ("--limit-rate", "20M")
PATIENT = {"S3DOCK_STALL_TIME": "30s"}  # nothing stalls here, and a busy machine is slow
CLEANUP = ("cleanup", "--unfinished", "1s")


class Command:
    """A command that starts after a delay, with its own home folder, like another host."""

    def __init__(self, worker, number, delay, arguments):
        self.folder = os.path.join(worker.folder, "tmp", f"host{number}")
        os.makedirs(self.folder, exist_ok=True)
        self.program = bench.Program(worker.program.path, self.folder, {**worker.s3.environment(), **PATIENT})
        self.delay, self.arguments, self.result = delay, arguments, None
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        time.sleep(self.delay)
        self.result = self.program.run(*self.arguments, seconds=bench.PATIENCE)


def look(worker, ref, wanted):
    """Returns the state that a reader sees, if that is not allowed."""
    seen = scenes.pulled(worker, ref)
    return None if seen in wanted else f"a reader sees {seen[:300]}"


def reads(worker, commands, ref, wanted):
    """Polls until all commands have ended. Returns the problem, or None."""
    problem = None
    while not problem and any(command.thread.is_alive() for command in commands):
        problem = look(worker, ref, wanted)
    for command in commands:
        command.thread.join()
    return problem


def ended_badly(commands, codes):
    for command in commands:
        if command.result.code not in codes:
            return f"{' '.join(command.arguments)}: {command.result.code} {command.result.err}"
    return None if any(command.result.code == DONE for command in commands) else "no command succeeded"


def pushes(names):
    """Several pushes of one name: of the same image, or of two images."""
    def case(worker, images, digests, rng):
        worker.begin("")
        commands = [Command(worker, number, rng.uniform(0, SPREAD),
                            ("push", REF, "--input", images[name], *RATE))
                    for number, name in enumerate(names)]
        wanted = {digests[name] for name in names}
        problem = reads(worker, commands, REF, wanted | {"absent", "refused"})
        # A push may find an archive of another size after its own upload. It then fails, because it cannot identify it.
        codes = {DONE, CONFLICT} | ({INTEGRITY} if len(wanted) > 1 else set())
        return problem or ended_badly(commands, codes) or look(worker, REF, wanted)
    return case


def promotions(worker, images, digests, rng):
    """Promotions during pulls of the environment."""
    worker.begin("promoted")
    refs = [rng.choice((REF, NEXT)) for _ in range(3)]
    commands = [Command(worker, number, rng.uniform(0, SPREAD), ("promote", ref, "production"))
                for number, ref in enumerate(refs)]
    out = os.path.join(worker.folder, "tmp", "pulled.tar")
    pulls = [Command(worker, 10 + number, rng.uniform(0, SPREAD),
                     ("pull", "shop", "production", "--output", f"{out}{number}", *RATE)) for number in range(2)]
    for command in commands + pulls:
        command.thread.join()
    for number, pull in enumerate(pulls):
        if pull.result.code != DONE:
            return f"a pull meanwhile: {pull.result.code} {pull.result.err}"
        if bench.digest_of(f"{out}{number}") not in digests.values():
            return "a pull meanwhile gave another image"
    last = worker.program.run("current", "shop", "production").out.strip()
    return ended_badly(commands, {DONE, CONFLICT}) or (None if last in refs + [REF] else f"at last {last}")


def cleanup(worker, images, digests, rng):
    """A cleanup from another host, which removes everything older than a second, during a slow push."""
    worker.begin("")
    push = Command(worker, 0, 0, ("push", REF, "--input", images["first"], "--limit-rate", "3M"))
    sweep = Command(worker, 1, rng.uniform(1, 3), CLEANUP)
    problem = reads(worker, [push, sweep], REF, {digests["first"], "absent"})
    if not problem and sweep.result.code != DONE:
        problem = f"the cleanup: {sweep.result.code} {sweep.result.err}"
    # The cleanup may remove the upload, if it is older than a second. Then the push fails, and must run again.
    if not problem and push.result.code not in (DONE, CONFLICT, NETWORK, NOT_FOUND, INTEGRITY):
        problem = f"the push: {push.result.code} {push.result.err}"
    if not problem and push.result.code != DONE:
        again = push.program.run(*push.arguments[:4])
        problem = None if again.code == DONE else f"the push again: {again.code} {again.err}"
    return problem or look(worker, REF, {digests["first"]})


def thin_pushes(worker, images, digests, rng):
    """Two successors of a thin image at once, and a cleanup of another host. Each refers to the image before."""
    worker.begin("thin one")
    commands = [Command(worker, 0, rng.uniform(0, SPREAD), ("push", NEXT, *THIN, "--input", images["next"], *RATE)),
                Command(worker, 1, rng.uniform(0, SPREAD), ("push", LATER, *THIN, "--input", images["later"], *RATE)),
                Command(worker, 2, rng.uniform(0, SPREAD), CLEANUP)]
    problem = reads(worker, commands, REF, {digests["first"]})
    # The cleanup may remove an upload that is older than a second.
    for command in commands[:2]:
        if command.result.code in (CONFLICT, NOT_FOUND):
            command.result = command.program.run(*command.arguments)
    problem = problem or next((f"{' '.join(command.arguments)}: {command.result.code} {command.result.err}"
                               for command in commands if command.result.code != DONE), None)
    return problem or look(worker, NEXT, {digests["next"]}) or look(worker, LATER, {digests["later"]})


def thin_removal(worker, images, digests, rng):
    """A cleanup retires the image before, and deletes its data, during the push of a successor that refers to them."""
    worker.begin("thin one")
    push = Command(worker, 0, rng.uniform(0, 3), ("push", NEXT, *THIN, "--input", images["next"]))
    retire = worker.program.run("cleanup", "shop", "--older-than", "1s", "--retired-after", "1s")
    time.sleep(1.1 + rng.uniform(0, 1.1))
    sweep = worker.program.run(*CLEANUP, "--retired-after", "1s")
    push.thread.join()
    for what, result in ("retiring", retire), ("deleting", sweep):
        if result.code != DONE:
            return f"{what}: {result.code} {result.err}"
    if push.result.code not in (DONE, CONFLICT, NOT_FOUND):
        return f"the push: {push.result.code} {push.result.err}"
    if push.result.code != DONE:
        again = push.program.run(*push.arguments)
        if again.code != DONE:
            return f"the push again: {again.code} {again.err}"
    # The cleanup may have retired the new image, too: it is older than a second by its name.
    return look(worker, NEXT, {digests["next"], "absent"})


def compaction(worker, images, digests, rng):
    """A compact from another host during a slow pull of the image that it moves. The pull reads the former objects to
    its end, or finds the new ones."""
    worker.begin("sparse")
    out = os.path.join(worker.folder, "tmp", "pulled.tar")
    pull = Command(worker, 0, rng.uniform(0, SPREAD), ("pull", scenes.SPARE, "--output", out, "--limit-rate", "1M"))
    move = Command(worker, 1, rng.uniform(0, 2 * SPREAD), ("compact", "shop"))
    problem = reads(worker, [pull, move], scenes.SPARE, {digests["spare"]})
    for command in pull, move:
        if not problem and command.result.code != DONE:
            problem = f"{command.arguments[0]}: {command.result.code} {command.result.err}"
    if not problem and bench.digest_of(out) != digests["spare"]:
        problem = "the pull gave another image"
    return problem or look(worker, scenes.SPARE, {digests["spare"]})


KINDS = {
    "three pushes of one image": pushes(("first", "first", "first")),
    "two pushes of one name": pushes(("first", "other")),
    "promotions during pulls": promotions,
    "cleanup during a push": cleanup,
    "two thin pushes and a cleanup": thin_pushes,
    "removal of the image that a thin push refers to": thin_removal,
    "compact during a pull": compaction,
}


def later(worker, images, digests):
    """Adds a third image with the layer that the others have."""
    images["later"] = images["next"].replace("next", "later")
    bench.write_image(images["later"], LATER, [scenes.common_layer(), bench.layer([("d", bench.noise(100000, 5))])])
    worker.begin("")
    worker.run("push", LATER, "--input", images["later"])
    digests["later"] = scenes.pulled(worker, LATER)


def one(name, seed, images, digests, score):
    def job(worker):
        problem = KINDS[name](worker, images, digests, random.Random(seed))
        problem = problem or kills.garbage(worker, "server")
        score.case("concurrent commands", name, problem and f"{name}, seed {seed}: {problem}")
    return job


def run(options, score):
    images = scenes.make_images(options.results)
    workers = [scenes.Server(os.path.join(options.results, f"together{number}"), options.program)
               for number in range(min(4, options.workers))]
    try:
        for worker in workers:
            worker.program.environment.update(PATIENT)
        digests = scenes.prepare_alike(workers, images)
        later(workers[0], images, digests)
        jobs = [one(name, options.seed + number, images, digests, score)
                for number in range(CASES if options.share >= 1 else 1) for name in KINDS]
        bench.in_parallel(jobs, workers)
    finally:
        for worker in workers:
            worker.stop()
