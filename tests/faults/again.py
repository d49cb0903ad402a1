"""The program is killed at a random moment and run again: how many bytes do both runs transfer together?

A push, a push that copies, a thin push, and a pull at a limited rate, so that the number of requests in flight is that of a slow
link. A proxy (tests/kit/fault_proxy.py) counts the bytes. First, the command runs without a kill. Then it is killed
after a random share of those bytes, and the same command runs again. The result is the median of both runs' bytes,
relative to a run without a kill. In every case, the second run repeats at most the parts (or ranges) in flight, and
one.
"""
import os
import random
import statistics
import subprocess
import time

import bench
import scenes
from bench import DONE, NEXT, REF

KILLS, FEW = 20, 2
SIZE, SMALL = 512 << 20, 48 << 20  # of the archive; in a sample
RATE = "60M"
PART, RANGE = 8 << 20, 4 << 20
AIR = 8  # requests in flight at the start
SLACK = 1 << 20  # headers, documents, new connections
MOST = 1.05  # of a large image, by the median


class Line(scenes.Server):
    """A scripted server behind a proxy that counts bytes."""

    def __init__(self, folder, path):
        super().__init__(folder, path)
        self.proxy = bench.FaultProxy(self.s3.url)
        self.program.environment["S3DOCK_ENDPOINT"] = self.proxy.url

    def moved(self):
        told = self.proxy.tell()
        return told["up"] + told["down"]

    def stop(self):
        self.proxy.stop()
        super().stop()

    def killed(self, arguments, after):
        """Runs the program and kills it after that many bytes. Returns whether the program was killed in time."""
        start = self.moved()
        with subprocess.Popen([self.program.path, *arguments], env=self.program.environment,
                              cwd=self.folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL) as process:
            while process.poll() is None and self.moved() - start < after:
                time.sleep(0.005)
            process.kill()
        return process.returncode != DONE


def limited(scene):
    return (*scene.command, "--limit-rate", RATE)


def undisturbed(worker, scene):
    """Returns the bytes of a run without a kill."""
    worker.begin(scene.start)
    start = worker.moved()
    result = worker.program.run(*limited(scene), seconds=bench.PATIENCE)
    moved = worker.moved() - start
    if result.code != DONE or scene.look(worker, result):
        raise RuntimeError(f"{scene.name} undisturbed: {result.code} {result.err}")
    return moved


def one(scene, share, whole, ratios, score):
    def job(worker):
        worker.begin(scene.start)
        start, problem = worker.moved(), None
        if not worker.killed(limited(scene), share * whole):
            problem = "the command ended before the kill"
        first = worker.moved() - start
        result = worker.program.run(*limited(scene), seconds=bench.PATIENCE)
        both = worker.moved() - start
        most = whole + (AIR + 1) * (RANGE if scene.name == "pull" else PART) + SLACK
        if result.code != DONE:
            problem = f"the second run: {result.code} {result.err}"
        elif both > most:
            problem = f"{first} and {both - first} bytes, without a kill {whole}"
        problem = problem or scene.look(worker, result)
        ratios.append(both / whole)
        score.case("killed at a random moment, run again", scene.name, problem and
                   f"{scene.name}, killed after {share:.0%}: {problem}", result.err)
    return job


def make_images(folder, size):
    """Creates two archives. The second one contains everything of the first one."""
    rest = bench.noise(size, 11)
    images = {name: os.path.join(folder, name + ".tar") for name in ("first", "next")}
    bench.write_image(images["first"], REF, [bench.layer([("data", rest)])])
    bench.write_image(images["next"], NEXT, [bench.layer([("data", rest)]),
                                             bench.layer([("more", bench.noise(size // 2, 12))])])
    return images


def all_scenes(images, digests):
    push = ("push", REF, "--input", images["first"], "--no-delta")
    return [
        scenes.Scene("push", "", push, scenes.shows(REF, "absent", digests["first"])),
        scenes.Scene("push with copies", "one", ("push", NEXT, "--input", images["next"]),
                     scenes.shows(NEXT, "absent", digests["next"])),
        scenes.Scene("thin push", "", ("push", REF, *scenes.THIN, "--input", images["first"]),
                     scenes.shows(REF, "absent", digests["first"])),
        scenes.Scene("pull", "one", ("pull", REF, "--output", "out.tar"),
                     scenes.wrote("out.tar", digests["first"])),
    ]


def prepare(worker, images):
    worker.begin("")
    worker.run("push", REF, "--input", images["first"])
    digests = {"first": scenes.pulled(worker, REF)}
    worker.save("one")
    worker.run("push", NEXT, "--input", images["next"])
    return {**digests, "next": scenes.pulled(worker, NEXT)}


def judge(ratios, score):
    for name, found in ratios.items():
        median = statistics.median(found)
        score.figure(f"{name} of {SIZE >> 20} MiB, killed at a random moment and run again (median of {len(found)})",
                     f"{median:.3f} times the bytes of an undisturbed one; at most {max(found):.3f}")
        score.case(f"in both runs at most {MOST} times the bytes", name,
                       f"{name}: {median:.3f}" if median > MOST else None)


def run(options, score):
    os.makedirs(options.results, exist_ok=True)
    size, kills = (SIZE, KILLS) if options.share >= 1 else (SMALL, FEW)
    images = make_images(options.results, size)
    workers = [Line(os.path.join(options.results, f"again{number}"), options.program)
               for number in range(min(3, options.workers))]
    rng, jobs, ratios = random.Random(options.seed), [], {}
    try:
        digests = prepare(workers[0], images)
        for worker in workers[1:]:
            worker.take_over(workers[0].hand_over())
        for scene in all_scenes(images, digests):
            whole, ratios[scene.name] = undisturbed(workers[0], scene), []
            jobs += [one(scene, rng.uniform(0.05, 0.95), whole, ratios[scene.name], score)
                     for _ in range(kills)]
        bench.in_parallel(jobs, workers)
        if options.share >= 1:
            judge(ratios, score)
    finally:
        for worker in workers:
            worker.stop()
