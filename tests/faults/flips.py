"""One flipped bit, anywhere in the objects of a bucket.

For a sample of positions in archive, index, metadata, tag, pointer and audit event: a pull by name, by version
and by environment returns the image, or an error and no file. It never returns another image. And in the tombstone of
objects that no image needs: a cleanup that reads it leaves every image as it was.

Also in the files that an interrupted command keeps on this host (partial download, journal, checkpoint): a push or pull
is killed, a bit in such a file is flipped, and the same command runs again, at most twice. The result is the image.
"""
import os
import random
import re
import time

import bench
import calls
import scenes
from bench import DONE, NEXT, REF

PULLS = ((REF,), ("shop:v1.0.0",), ("shop", "production"))
# Initial bucket, pulls, the digest that they give, and the begin of the keys that they may read.
WHOLE = ("promoted", PULLS, "first", ("images/shop/202603/shop-20260301-0900-1a2b3c4", "tags/", "pointers/", "audit/"))
THIN = ("thin two", ((NEXT,),), "next", ("images/",))  # with the objects of the image before
FAILURES = set(range(1, 13))
USUAL = 100  # cases per run, of each kind
SWEEP = ("cleanup", "--unfinished", "1s", "--retired-after", "1s")


def part_of(key):
    """Returns the kind of an object. A unique number in its key shows format 3."""
    new = ", format 3" if re.search(r"-[0-9a-f]{16}\.", key) else ""
    for ending, part in ((".tar.gz", "archive"), (".data", "data of a thin image"), (".index", "index" + new)):
        if key.endswith(ending):
            return part
    return {"images": "metadata", "tags": "tag", "pointers": "pointer", "audit": "event"}.get(
        key.split("/")[0], key.split("/")[0])


def keys_of(worker, subject):
    """Returns the objects that the pulls may read. The order is the same on all workers: the names of events differ,
    but not their positions."""
    start, _, _, begins = subject
    worker.begin(start)
    objects = worker.s3.tell(objects=True)["objects"]
    return [(key, objects[key][0]) for key in sorted(objects) if key.startswith(begins)]


def one(subject, which, place, bit, digest, score):
    def job(worker):
        key, size = keys_of(worker, subject)[which]
        byte = int(place * size)
        worker.s3.tell(damage=[key, byte, bit])
        out, problem, said = os.path.join(worker.folder, "out.tar"), None, ""
        for pull in subject[1]:
            result = worker.program.run("pull", *pull, "--output", out)
            said = result.err
            if result.code == DONE and bench.digest_of(out) != digest:
                problem = f"pull {' '.join(pull)} returned another image"
            elif result.code not in FAILURES | {DONE}:
                problem = f"pull {' '.join(pull)}: exit code {result.code}"
            elif result.code != DONE and os.path.exists(out):
                problem = f"pull {' '.join(pull)} failed and left a file"
            if os.path.exists(out):
                os.unlink(out)
            if problem:
                break
        score.case("flipped bits", part_of(key), problem and f"{key} byte {byte} bit {bit}: {problem}", said)
    return bench.covering(job, (subject[0], which))


def in_tombstone(which, place, bit, digest, score):
    """A cleanup reads a damaged tombstone of the objects that thicken left. The image stays as it was."""
    def job(worker):
        worker.begin("thickened")
        key, size = tombstones(worker)[which]
        byte = int(place * size)
        worker.s3.tell(damage=[key, byte, bit])
        result = worker.program.run(*SWEEP)
        problem = None if result.code in FAILURES | {DONE} else f"{' '.join(SWEEP)}: exit code {result.code}"
        seen = scenes.pulled(worker, scenes.SPARE)
        if not problem and seen != digest:
            problem = f"{scenes.SPARE} is then {seen[:300]}"
        score.case("flipped bits", "tombstone, format 2", problem and f"{key} byte {byte} bit {bit}: {problem}",
                   result.err)
    return bench.covering(job, ("tombstone", which))


def tombstones(worker):
    """Returns the tombstones of the initial bucket."""
    objects = worker.s3.tell(objects=True)["objects"]
    return [(key, objects[key][0]) for key in sorted(objects) if key.endswith(".retired")]


def of_tombstones(workers, digest, options, rng, score):
    for worker in workers:
        worker.begin("sparse")
        worker.run("thicken", scenes.SPARE)
        worker.save("thickened")
    time.sleep(2.1)  # a cleanup retires what is older than a second, and the store's clock counts seconds
    for worker in workers:
        worker.begin("thickened")
        worker.run("cleanup", "--unfinished", "1s")
        worker.save("thickened")
    found = tombstones(workers[0])
    if not found:
        raise RuntimeError("no tombstone of the objects that thicken left")
    return [in_tombstone(which, rng.random(), rng.randrange(8), digest, score)
            for which in range(len(found)) for _ in range(options.points)]


def kept_by(worker):
    """Returns every file that an interrupted command left in the caches."""
    return sorted(os.path.join(top, name) for top, _, names in os.walk(worker.program.home)
                  for name in names if os.path.getsize(os.path.join(top, name)))


def turn(path, place, bit):
    with open(path, "r+b") as file:
        file.seek(int(place * os.path.getsize(path)))
        byte = file.read(1)[0]
        file.seek(-1, os.SEEK_CUR)
        file.write(bytes([byte ^ 1 << bit]))


def interrupted(options, scene, at, place, bit, score):
    def job(worker):
        worker.begin(scene.start)
        worker.program.run(*scene.command, env=calls.preload(options, worker, f"change:{at}:kill"))
        files = kept_by(worker)
        chosen = files[int(place * 1000) % len(files)] if files else None
        if chosen:
            turn(chosen, place, bit)
        result = worker.program.run(*scene.command)
        problem = scene.look(worker, result)
        if not problem and result.code != DONE:
            problem = scenes.done_again(worker, scene)
        name = os.path.relpath(chosen, worker.program.home) if chosen else "nothing"
        score.case("flipped bits in kept files", scene.name, problem and
                   f"{scene.name} killed at {at}, {name} at {place:.3f} bit {bit}: {problem}", result.err)
    return bench.covering(job, scene.name)


def of_interrupted(options, workers, score):
    rng, jobs = random.Random(options.seed), []
    images = scenes.make_images(os.path.join(options.results, "large"))
    digests = scenes.prepare_alike(workers, images)
    for scene in scenes.all_scenes(images, digests):
        if scene.name not in ("push", "pull", "thin pull", "thin push"):
            continue
        count = calls.learn(options, workers[0], scene)["change"]
        for _ in range(2 * options.points):
            at = rng.randrange(count // 4, count)
            jobs.append(interrupted(options, scene, at, rng.random(), rng.randrange(8), score))
    bench.in_parallel(options.sample(jobs, USUAL), workers)


def run(options, score):
    images = scenes.make_images(options.results, small=True)
    workers = [scenes.Server(os.path.join(options.results, f"flips{number}"), options.program)
               for number in range(options.workers)]
    rng, jobs = random.Random(options.seed), []
    try:
        digests = scenes.prepare_alike(workers, images)
        for subject in WHOLE, THIN:
            for which in range(len(keys_of(workers[0], subject))):
                for _ in range(options.points):
                    jobs.append(one(subject, which, rng.random(), rng.randrange(8), digests[subject[2]], score))
        jobs = options.sample(jobs, USUAL)
        jobs += options.sample(of_tombstones(workers, digests["spare"], options, rng, score), USUAL)
        print(f"# flips: {len(jobs)} cases", flush=True)
        bench.in_parallel(jobs, workers)
        if options.faulty:
            of_interrupted(options, workers, score)
    finally:
        for worker in workers:
            worker.stop()
