"""A push, a push that copies and a pull, through a faulty proxy before a real S3 server.

The scripted server of the other parts responds as we expect a server to respond. Here a real server (AWS_ENDPOINT_URL
and so on: tests/kit/ceph) receives half a body, loses its client during a part, or completes a request whose response
is lost. As in the matrix, every kind of request meets every fault: the first request, and all of them.
"""
import os

import bench
import scenes
from bench import AUTH, DONE, NETWORK

# name: the proxy's rule, and the kinds of requests that it applies to (None: all).
ANSWERS = ("Get", "Range", "List", "Create", "Complete", "CopyPart", "Copy", "Parts")
BODIES = ("Part", "Put", "PutIf", "Complete")
FAULTS = {
    "connection refused": ({"do": "refuse", "seconds": 0.2}, None),
    "reset before the body": ({"do": "reset"}, None),
    "reset during the body": ({"do": "half"}, BODIES),
    "reset after the body": ({"do": "drown"}, None),
    "response lost": ({"do": "lose"}, None),
    "500": ({"do": "status", "status": 500, "code": "InternalError"}, None),
    "503 SlowDown": ({"do": "status", "status": 503, "code": "SlowDown"}, None),
    "response truncated": ({"do": "cut", "bytes": 40}, ANSWERS),
    "silent during the request": ({"do": "stall", "seconds": 1.5}, None),
    "silent during the response": ({"do": "pause", "bytes": 40, "seconds": 1.5}, ANSWERS),
    "delayed": ({"do": "delay", "seconds": 0.5}, None),
}
USUAL = 120  # cases per run
SCENES = ("push", "push with copies", "pull", "thin pull")


def one(scene, kind, number, fault, score):
    rule = {"kind": kind, "nth": number or 1, "times": 1 if number else 0, **FAULTS[fault][0]}
    env = {} if number else {"S3DOCK_RETRIES": "2"}

    def job(worker):
        worker.begin(scene.start, [rule], fresh=scene.name != "pull")
        result = worker.program.run(*scene.command, env=env, seconds=bench.PATIENCE)
        problem = scenes.wrong(worker, scene, result, {DONE} if number else {DONE, NETWORK, AUTH}, bench.PATIENCE)
        score.case(f"real server: {fault}", scene.name, problem and
                   f"{scene.name}, {kind} {number or 'always'}, {fault}: {problem}", result.err)
    return bench.covering(job, fault, scene.name, kind)


def run(options, score):
    if "AWS_ENDPOINT_URL" not in os.environ:
        score.skip("a fault proxy before a real server", "AWS_ENDPOINT_URL is not set")
        return
    images = scenes.make_images(options.results)
    workers = [scenes.Real(os.path.join(options.results, f"real{number}"), options.program, images)
               for number in range(min(4, options.workers))]
    jobs, digests = [], {}
    try:
        workers[0].begin("two")
        digests = {"first": scenes.pulled(workers[0], bench.REF), "next": scenes.pulled(workers[0], bench.NEXT),
                   "other": None, "spare": None}
        for scene in scenes.all_scenes(images, digests):
            if scene.name not in SCENES:
                continue
            for kind in dict.fromkeys(scenes.undisturbed(workers[0], scene)["kinds"]):
                jobs += [one(scene, kind, number, fault, score) for number in (1, 0)
                         for fault, (_, kinds) in FAULTS.items() if kinds is None or kind in kinds]
        jobs = options.sample(jobs, USUAL)
        print(f"# real: {len(jobs)} cases", flush=True)
        bench.in_parallel(jobs, workers)
    finally:
        for worker in workers:
            worker.stop()
