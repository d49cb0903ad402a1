"""Every request of every command meets every fault.

Each command first runs without faults, which records the number of requests of each kind. Then, for every kind, the
test disturbs the first, second, ... request, and finally all of them, in every way. If the command succeeds, the test
checks its effect. Otherwise it must fail with the fault's exit code, in limited time, and a reader of the bucket must
see the old state or the complete new state.
"""
import os

import bench
import scenes
from bench import AUTH, CONFLICT, DONE, INTEGRITY, NETWORK, UNSUPPORTED

ZERO_ETAG = '"00000000000000000000000000000000"'

# name: the server's rule, the allowed exit codes for one fault and for all, and the kinds of requests that it applies
# to (None: all).
BODIES = ("Get", "Range", "List", "Create", "Complete", "Copy", "CopyPart", "Parts", "Uploads")
DOCUMENTS = ("Create", "Complete", "Copy", "CopyPart")
TAGGED = ("Get", "Range", "Head", "Put", "PutIf", "Part")
FAULTS = {
    "connection refused": ({"do": "refuse", "seconds": 0.1}, {DONE}, {NETWORK}, None),
    "reset before the body": ({"do": "reset"}, {DONE}, {NETWORK}, None),
    "reset after the body": ({"do": "drown"}, {DONE}, {NETWORK}, None),
    "response lost": ({"do": "lose"}, {DONE}, {NETWORK}, None),
    "no response": ({"do": "stall", "seconds": 1.5}, {DONE}, {NETWORK}, None),
    "500": ({"do": "status", "status": 500, "code": "InternalError"}, {DONE}, {NETWORK}, None),
    "500 without a body": ({"do": "status", "status": 500}, {DONE}, {NETWORK}, None),
    "500 after the work": ({"do": "drop", "status": 500, "code": "InternalError"}, {DONE}, {NETWORK}, None),
    "503 SlowDown": ({"do": "status", "status": 503, "code": "SlowDown"}, {DONE}, {NETWORK}, None),
    "400 RequestTimeout": ({"do": "status", "status": 400, "code": "RequestTimeout"}, {DONE}, {NETWORK},
                           None),
    "403 ExpiredToken": ({"do": "status", "status": 403, "code": "ExpiredToken"}, {DONE, AUTH}, {AUTH},
                         None),
    "403 AccessDenied": ({"do": "status", "status": 403, "code": "AccessDenied"}, {DONE, AUTH}, {AUTH},
                         None),
    "403 RequestTimeTooSkewed": ({"do": "status", "status": 403, "code": "RequestTimeTooSkewed"}, {DONE},
                                 {AUTH}, None),
    "400 RequestTimeTooSkewed": ({"do": "status", "status": 400, "code": "RequestTimeTooSkewed"}, {DONE},
                                 {AUTH}, None),
    "a login page": ({"do": "text", "body": "<html>pay first</html>"}, {DONE, NETWORK}, {NETWORK}, None),
    "200 with an error": ({"do": "error200", "code": "InternalError"}, {DONE}, {NETWORK}, DOCUMENTS),
    "200 without a body": ({"do": "empty"}, {DONE, NETWORK}, {NETWORK, INTEGRITY}, DOCUMENTS),
    "body truncated": ({"do": "cut", "bytes": 40}, {DONE}, {NETWORK}, BODIES),
    "body shortened": ({"do": "short", "bytes": 7}, {DONE, NETWORK, INTEGRITY, CONFLICT},
                   {NETWORK, INTEGRITY, CONFLICT}, BODIES),
    "wrong length": ({"do": "headers", "headers": {"Content-Length": "9999999"}},
                     {DONE, NETWORK, INTEGRITY}, {NETWORK, INTEGRITY},
                     ("Get", "Range", "Head", "List", "Create", "Parts", "Uploads")),
    "wrong range": ({"do": "range", "content_range": "bytes 5-9/10"}, {DONE, NETWORK, INTEGRITY},
                    {NETWORK, INTEGRITY}, ("Range",)),
    "whole object instead of a range": ({"do": "whole"}, {DONE, NETWORK, INTEGRITY, UNSUPPORTED},
                               {NETWORK, INTEGRITY, UNSUPPORTED}, ("Range",)),
    "wrong ETag": ({"do": "headers", "headers": {"ETag": ZERO_ETAG}}, {DONE, INTEGRITY, CONFLICT},
                   {INTEGRITY, CONFLICT}, TAGGED),
    "no ETag": ({"do": "headers", "headers": {"ETag": None}}, {DONE, NETWORK, INTEGRITY, CONFLICT,
                                                              UNSUPPORTED},
                {NETWORK, INTEGRITY, CONFLICT, UNSUPPORTED}, TAGGED),
    "one bit flipped": ({"do": "flip"}, {DONE, NETWORK, INTEGRITY, CONFLICT},
                        {NETWORK, INTEGRITY, CONFLICT}, BODIES),
    "wrong date": ({"do": "headers", "headers": {"Date": "Thu, 01 Jan 1970 00:00:00 GMT"}}, {DONE}, set(),
                   None),
    "no date": ({"do": "headers", "headers": {"Date": "the day after"}}, {DONE}, set(), None),
}
USUAL = 1000  # cases per run


def cases(worker, scene, most):
    """Returns every (kind, number or 0 for all) of the scene's requests."""
    kinds = scenes.undisturbed(worker, scene)["kinds"]
    found = []
    for kind in dict.fromkeys(kinds):
        found += [(kind, number) for number in range(1, min(kinds.count(kind), most) + 1)]
        found.append((kind, 0))
    return found


def one(options, scene, kind, number, fault, score):
    deed, once, always, _ = FAULTS[fault]
    rule = {"kind": kind, "nth": number or 1, "times": 1 if number else 0, **deed}
    # With a permanent fault, few tries are enough. A command may succeed without an optional request.
    allowed = once if number else once | always
    if allowed != {DONE}:
        allowed = allowed | scene.refusals
    if kind == "Head" and "400" in fault:  # a HEAD response has no error code
        allowed = allowed | {UNSUPPORTED}
    env = {} if number else {"S3DOCK_RETRIES": "2"}

    def job(worker):
        worker.begin(scene.start, [rule])
        result = worker.program.run(*scene.command, env=env, seconds=bench.PATIENCE)
        problem = scenes.wrong(worker, scene, result, allowed, bench.PATIENCE)
        score.case(f"requests: {fault}", scene.name, problem and
                   f"{scene.name}, {kind} {number or 'always'}, {fault}: {problem}", result.err)
    return bench.covering(job, None if options.threads else fault, scene.name, kind, "once" if number else "always")


def run(options, score):
    images = scenes.make_images(options.results)
    workers = [scenes.Server(os.path.join(options.results, f"matrix{number}"), options.program)
               for number in range(options.workers)]
    try:
        digests = scenes.prepare_alike(workers, images)
        for worker in workers:
            worker.expect_halves(images)
        jobs = []
        for scene in scenes.all_scenes(images, digests) + scenes.unfinished_scenes(images, digests):
            if options.threads and not scene.transfers():
                continue
            for kind, number in cases(workers[0], scene, options.most):
                for fault, (_, _, _, kinds) in FAULTS.items():
                    if kinds is None or kind in kinds:
                        jobs.append(one(options, scene, kind, number, fault, score))
        jobs = options.sample(jobs, USUAL)
        print(f"# matrix: {len(jobs)} cases", flush=True)
        bench.in_parallel(jobs, workers)
    finally:
        for worker in workers:
            worker.stop()
