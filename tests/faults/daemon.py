"""The Docker daemon disappears, refuses, sends false data or stops; and the program is killed while it uses the daemon.

The daemon is tests/kit/fake_docker.py, which stores images as the engines do, with and without containerd's store. The
test disturbs every request of a command in every way: the first of its kind, the second, and all of them. It also
kills the command before or during each call that connects, writes to a socket or reads from it, so also during an
export and a load. Afterwards the daemon has the complete image or no image. The bucket is in a valid state, and the
same command succeeds.
"""
import os

import bench
import calls
import kills
import scenes
from bench import DOCKER, DONE, INTEGRITY, KILLED, NEXT, REF, UNSUPPORTED

PROFILES = ("docker-24", "docker-29.3")

# name: the daemon's rule, the correct exit codes besides 0, and the kinds of requests that it applies to (None: all).
FAULTS = {
    "disappears": ({"do": "gone", "seconds": 0.3}, {DOCKER}, None),
    "reset": ({"do": "reset"}, {DOCKER}, None),
    "reset after the body": ({"do": "drown"}, {DOCKER}, None),
    "response lost": ({"do": "lose"}, {DOCKER}, None),
    "no response, then reset": ({"do": "stall", "seconds": 5}, {DOCKER}, None),
    "500": ({"do": "status", "status": 500}, {DOCKER}, None),
    "500 without reading the body": ({"do": "early", "status": 500}, {DOCKER}, ("Load",)),
    "reset during a load": ({"do": "break", "bytes": 70000}, {DOCKER}, ("Load",)),
    "an error in its stream": ({"do": "error"}, {DOCKER}, ("Load",)),
    "an HTML page": ({"do": "text"}, {DOCKER, INTEGRITY, UNSUPPORTED}, None),
    "response truncated": ({"do": "cut", "bytes": 120}, {DOCKER}, None),
    "export truncated": ({"do": "cut", "bytes": 300000}, {DOCKER}, ("Get",)),
    "export stops, then reset": ({"do": "hold", "bytes": 300000, "seconds": 5}, {DOCKER}, ("Get",)),
    "one bit flipped in an export": ({"do": "flip", "bytes": 300000}, {DOCKER, INTEGRITY}, ("Get",)),
}
USUAL = 500  # cases per run
FREE = {"S3DOCK_RETRIES": "5"}


def has(ref, image, before):
    """A check of the daemon: after success, it has the complete image; after a failure, this or the earlier state."""
    def look(worker, result):
        seen = worker.docker.tell()["images"].get(ref)
        if seen is None and result.code != DONE and not before:
            return None
        if seen is None:
            return f"the daemon has no {ref}"
        return None if seen == image else f"the daemon's {ref} is {seen}"
    return look


def all_scenes(worker, digests):
    """Returns pairs: a scene, and the daemon's images at its start."""
    worker.docker.tell(take=[worker.images["first"], worker.images["next"]])
    images = worker.docker.tell()["images"]
    # The engine's layout gives another archive than the file's layout.
    push = ("push", REF, "--source", "docker")
    worker.begin("", has=["first"])
    worker.run(*push)
    exported = scenes.pulled(worker, REF)
    return [
        (scenes.Scene("push from a daemon", "", push, scenes.shows(REF, "absent", exported)), ["first"]),
        (scenes.Scene("pull into a daemon", "two", ("pull", REF), has(REF, images[REF], False)), []),
        (scenes.Scene("pull of an image that is partly in the daemon", "two", ("pull", NEXT),
                      has(NEXT, images[NEXT], False)), ["first"]),
        (scenes.Scene("pull of an image that is in the daemon", "two", ("pull", REF), has(REF, images[REF], True)),
         ["first"]),
        (scenes.Scene("doctor", "two", ("doctor",), None, again=False), ["first"]),
    ]


def requests_of(options, worker, scene, there):
    """Returns the kinds of the daemon's requests in a scene, and with options.faulty the number of calls of each kind."""
    book = os.path.join(worker.folder, "book")
    if os.path.exists(book):
        os.unlink(book)
    worker.begin(scene.start, has=there)
    result = worker.program.run(*scene.command, env=calls.preload(options, worker) if options.faulty else {})
    if result.code != DONE:
        raise RuntimeError(f"{scene.name}, {worker.profile}, undisturbed: {result.code} {result.err}")
    return worker.calm()["kinds"], calls.counts(worker) if options.faulty else None


def disturbed(profile, scene, there, kind, number, fault, score):
    deed, codes, _ = FAULTS[fault]
    rule = {"kind": kind, "nth": number or 1, "times": 1 if number else 0, **deed}

    def job(workers):
        worker = workers[profile]
        worker.begin(scene.start, has=there, docker_rules=[rule])
        result = worker.program.run(*scene.command, env=FREE, seconds=bench.PATIENCE)
        problem = scenes.wrong(worker, scene, result, codes | {DONE}, bench.PATIENCE)
        score.case(f"daemon: {fault}", scene.name, problem and
                   f"{scene.name}, {profile}, {kind} {number or 'always'}, {fault}: {problem}", result.err)
    return bench.covering(job, fault, scene.name, kind, profile)


def killed(options, profile, scene, there, kind, number, way, score):
    def job(workers):
        worker = workers[profile]
        worker.begin(scene.start, has=there)
        result = worker.program.run(*scene.command,
                                    env=calls.preload(options, worker, f"{kind}:{number}:{way}"))
        problem = None
        if result.code not in (KILLED, DONE):
            problem = f"ended before the kill, with {result.code}"
        problem = problem or scene.look(worker, result)
        if not problem and result.code == KILLED:
            problem = scenes.done_again(worker, scene) or kills.garbage(worker, "server")
        score.case(f"kill -9: {scene.name}", profile, problem and
                   f"{scene.name}, {profile}, {way} at {kind} {number}: {problem}", result.err)
    return bench.covering(job, (kind, way), scene.name, profile)


def kill_jobs(options, worker, scene, there, counts, score):
    jobs = []
    for kind, ways in (("change", ("kill", "torn")), ("recv", ("kill",))):
        for at in calls.some(counts[kind], options.points):
            jobs += [killed(options, worker.profile, scene, there, kind, at, way, score) for way in ways]
    return jobs


def run(options, score):
    images = scenes.make_images(options.results)
    workers = [{profile: scenes.Host(os.path.join(options.results, f"{profile}{number}"), options.program,
                                     profile, images) for profile in PROFILES}
               for number in range(options.workers)]
    jobs = []
    try:
        digests = scenes.prepare_alike([each for worker in workers for each in worker.values()], images)
        for profile, worker in workers[0].items():
            for scene, there in all_scenes(worker, digests):
                if options.threads and not scene.transfers():
                    continue
                kinds, counts = requests_of(options, worker, scene, there)
                for kind in dict.fromkeys(kinds):
                    numbers = [*range(1, min(kinds.count(kind), 2) + 1), 0]
                    jobs += [disturbed(profile, scene, there, kind, number, fault, score)
                             for number in numbers for fault, (_, _, only) in FAULTS.items()
                             if only is None or kind in only]
                if options.faulty and scene.again:
                    jobs += kill_jobs(options, worker, scene, there, counts, score)
        jobs = options.sample(jobs, USUAL)
        print(f"# daemon: {len(jobs)} cases", flush=True)
        bench.in_parallel(jobs, workers)
    finally:
        for worker in workers:
            for each in worker.values():
                each.stop()
