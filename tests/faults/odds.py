"""Random faults in many requests, and their effect on the duration.

A push and a pull at a limited rate, so that the machine's speed does not matter. They run without faults; with 10 % of
all requests failing, which may take 1.5 times as long (median); and with 50 %, which must succeed.
"""
import os
import statistics

import bench
import scenes
from bench import DONE, REF

SIZE = 24 << 20
RATE = "5M"
DEEDS = ({"do": "reset"}, {"do": "drown"}, {"do": "lose"}, {"do": "cut", "bytes": 1000},
         {"do": "status", "status": 500, "code": "InternalError"},
         {"do": "status", "status": 503, "code": "SlowDown"})
RUNS = 3
SLOWER = 1.5


def rules(odds):
    """Returns rules that make this share of all requests fail, each in one of the ways."""
    left, found = odds, []
    for number, deed in enumerate(DEEDS):
        share = left / (len(DEEDS) - number)  # of the requests that earlier rules do not affect
        found.append({"kind": "Any", "times": 0, "chance": share / (1 - (odds - left)), **deed})
        left -= share
    return found


def transfer(worker, command, odds, seed):
    """Returns the seconds of one push or pull, or the problem."""
    start, arguments, look = command
    worker.begin(start)
    worker.s3.tell(rules=rules(odds), seed=seed)
    result = worker.program.run(*arguments, "--limit-rate", RATE, seconds=bench.PATIENCE)
    worker.calm()
    if result.code != DONE:
        return f"exit code {result.code}: {result.err.strip()}"
    return look(worker, result) or result.seconds


def run(options, score):
    image = os.path.join(options.results, "large.tar")
    bench.write_image(image, REF, [bench.layer([("data", bench.noise(SIZE, 7))])])
    workers = [scenes.Server(os.path.join(options.results, f"odds{number}"), options.program)
               for number in range(max(8, options.workers))]
    took, jobs = {}, []
    try:
        workers[0].begin("")
        workers[0].run("push", REF, "--input", image)
        digest = scenes.pulled(workers[0], REF)
        workers[0].save("one")
        for worker in workers[1:]:
            worker.take_over(workers[0].hand_over())
        commands = {"push": ("", ("push", REF, "--input", image), scenes.shows(REF, "absent", digest)),
                    "pull": ("one", ("pull", REF, "--output", "out.tar"), scenes.wrote("out.tar", digest))}

        def one(name, odds, seed):
            def job(worker):
                answer = transfer(worker, commands[name], odds, seed)
                failed = answer if isinstance(answer, str) else None
                if not failed:
                    took.setdefault((name, odds), []).append(answer)
                score.case(f"random faults: {odds:.0%} of all requests fail", name,
                           failed and f"{name}, seed {seed}: {failed}")
            return job

        # The runs that are compared take turns, so that they meet the same load of the machine.
        for number in range(RUNS):
            odds_now = (0.1, 0) if number and options.share < 1 else (0.1, 0, 0.5)
            jobs += [one(name, odds, options.seed + number) for name in commands for odds in odds_now]
        bench.in_parallel(jobs, workers)
        for name in commands:
            if (name, 0) in took and (name, 0.1) in took:
                ratio = statistics.median(took[name, 0.1]) / statistics.median(took[name, 0])
                score.figure(f"{name}: with 10 % of all requests failing (median of {RUNS})",
                             f"{ratio:.2f} times as long")
                score.case(f"random faults: with 10 % failing, at most {SLOWER} times as long", name,
                           f"{name}: {ratio:.2f} times" if ratio > SLOWER else None)
    finally:
        for worker in workers:
            worker.stop()
