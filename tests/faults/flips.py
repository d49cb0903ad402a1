"""One bit turned, anywhere in what a bucket holds.

For a sample of positions in archive, index, metadata, tag, pointer and audit event: a pull by name, by version
and by environment gives the image, or an error and no file. It never gives another image.
"""
import os
import random

import bench
import scenes
from bench import DONE, REF

PULLS = ((REF,), ("shop:v1.0.0",), ("shop", "production"))
FAILURES = set(range(1, 13))
OURS = "20260301-0900-1a2b3c4"


def part_of(key):
    if key.endswith(".tar.gz"):
        return "archive"
    return {"images": "metadata" if key.endswith(".json") else "index", "tags": "tag",
            "pointers": "pointer", "audit": "event"}.get(key.split("/")[0], key.split("/")[0])


def keys_of(worker):
    """What such a pull may read, in an order that is the same on all workers: events have other names, and
    the same place."""
    worker.begin("promoted")
    objects = worker.s3.tell(objects=True)["objects"]
    return [(key, objects[key][0]) for key in sorted(objects)
            if not key.startswith("images/") or OURS in key]


def one(which, place, bit, digest, score):
    def job(worker):
        key, size = keys_of(worker)[which]
        byte = int(place * size)
        worker.s3.tell(damage=[key, byte, bit])
        out, problem, said = os.path.join(worker.folder, "out.tar"), None, ""
        for pull in PULLS:
            result = worker.program.run("pull", *pull, "--output", out)
            said = result.err
            if result.code == DONE and bench.digest_of(out) != digest:
                problem = f"pull {' '.join(pull)} gave another image"
            elif result.code not in FAILURES | {DONE}:
                problem = f"pull {' '.join(pull)}: exit code {result.code}"
            elif result.code != DONE and os.path.exists(out):
                problem = f"pull {' '.join(pull)} failed and left a file"
            if os.path.exists(out):
                os.unlink(out)
            if problem:
                break
        score.case("flipped bits", part_of(key), problem and f"{key} byte {byte} bit {bit}: {problem}", said)
    return job


def run(options, score):
    images = scenes.make_images(options.results, small=True)
    workers = [scenes.Server(os.path.join(options.results, f"flips{number}"), options.program)
               for number in range(options.workers)]
    rng, jobs = random.Random(options.seed), []
    try:
        digest = [worker.prepare(images) for worker in workers][0]["first"]
        for which in range(len(keys_of(workers[0]))):
            for _ in range(options.points):
                jobs.append(one(which, rng.random(), rng.randrange(8), digest, score))
        jobs = options.sample(jobs)
        print(f"# flips: {len(jobs)} cases", flush=True)
        bench.in_parallel(jobs, workers)
    finally:
        for worker in workers:
            worker.stop()
