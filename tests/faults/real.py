"""A real S3 server, and a proxy before it that disturbs what passes: a push, one that copies, a pull.

What the scripted server of the other parts says is what we think that a server says; here a real one (AWS_ENDPOINT_URL
and so on: tests/kit/ceph) takes half a body, loses its client in the middle of a part, has done what it could not tell
about. As in the matrix, every kind of request meets every fault, the first of it and all.
"""
import os

import bench
import scenes
from bench import AUTH, DONE, NETWORK

# name: what the proxy does, the codes beside 0 that are right if it goes on; and the kinds (none: all).
ANSWERS = ("Get", "Range", "List", "Create", "Complete", "CopyPart", "Copy", "Parts")
BODIES = ("Part", "Put", "PutIf", "Complete")
FAULTS = {
    "refused": ({"do": "refuse", "seconds": 0.2}, None),
    "reset before the body": ({"do": "reset"}, None),
    "reset in the middle of the body": ({"do": "half"}, BODIES),
    "reset after the body": ({"do": "drown"}, None),
    "answer lost": ({"do": "lose"}, None),
    "500": ({"do": "status", "status": 500, "code": "InternalError"}, None),
    "503 SlowDown": ({"do": "status", "status": 503, "code": "SlowDown"}, None),
    "answer cut off": ({"do": "cut", "bytes": 40}, ANSWERS),
    "silent in the middle": ({"do": "stall", "seconds": 1.5}, None),
    "silent in the answer": ({"do": "pause", "bytes": 40, "seconds": 1.5}, ANSWERS),
    "late": ({"do": "delay", "seconds": 0.5}, None),
}
SECONDS = 60
USUAL = 120  # cases of a run
SCENES = ("push", "push with copies", "pull")


def one(scene, kind, number, fault, score):
    rule = {"kind": kind, "nth": number or 1, "times": 1 if number else 0, **FAULTS[fault][0]}
    env = {} if number else {"S3DOCK_RETRIES": "2"}

    def job(worker):
        worker.begin(scene.start, [rule], fresh=scene.name != "pull")
        result = worker.program.run(*scene.command, env=env, seconds=SECONDS)
        problem = scenes.wrong(worker, scene, result, {DONE} if number else {DONE, NETWORK, AUTH}, SECONDS)
        score.case(f"real server: {fault}", scene.name, problem and
                   f"{scene.name}, {kind} {number or 'always'}, {fault}: {problem}", result.err)
    return job


def run(options, score):
    if "AWS_ENDPOINT_URL" not in os.environ:
        score.skip("a fault proxy before a real server", "there is none: AWS_ENDPOINT_URL")
        return
    images = scenes.make_images(options.results)
    workers = [scenes.Real(os.path.join(options.results, f"real{number}"), options.program, images)
               for number in range(min(4, options.workers))]
    jobs, digests = [], {}
    try:
        workers[0].begin("two")
        digests = {"first": scenes.pulled(workers[0], bench.REF), "next": scenes.pulled(workers[0], bench.NEXT),
                   "other": None}
        for scene in scenes.all_scenes(images, digests):
            if scene.name not in SCENES:
                continue
            scenes.undisturbed(workers[0], scene)
            for kind in dict.fromkeys(workers[0].calm()["kinds"]):
                jobs += [one(scene, kind, number, fault, score) for number in (1, 0)
                         for fault, (_, kinds) in FAULTS.items() if kinds is None or kind in kinds]
        jobs = options.sample(jobs, USUAL)
        print(f"# real: {len(jobs)} cases", flush=True)
        bench.in_parallel(jobs, workers)
    finally:
        for worker in workers:
            worker.stop()
