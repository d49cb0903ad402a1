"""kill -9 at every operation with an effect: on disk, in the store, at the daemon.

tests/kit/faulty.c counts these operations (files opened for writing, writes, names, removals, lengths, syncs,
connections, sends). The program is killed before the i-th operation, or after half of it. A reader of the bucket then
sees the old state or the complete new state. (A pull of an image that was being replaced may fail.) The same command
again succeeds. After a cleanup, nothing unfinished is left on this host or in the bucket.
"""
import time

import bench
import calls
import scenes

USUAL = 400  # cases per run


def garbage(worker, where):
    """Returns the objects of killed runs that a cleanup did not delete, or None."""
    left = swept = worker.program.run("resume")
    if left.out.strip():
        time.sleep(1.1)  # the minimum age for cleanup is one second
        swept = worker.program.run("cleanup", "--unfinished", "1s")
        left = worker.program.run("resume")
    if "retired" in left.out:  # an archive without metadata: its data is deleted later
        time.sleep(2.1)  # the store's clock counts seconds
        swept = worker.program.run("cleanup", "--retired-after", "1s")
        left = worker.program.run("resume")
    if swept.code != bench.DONE or left.code != bench.DONE:
        return f"cleanup -> {swept.code}, resume -> {left.code}: {swept.err}{left.err}"
    told = worker.s3.tell(objects=True) if where == "server" else {"uploads": 0, "objects": {}}
    temporary = [key for key in told["objects"] if "s3dock-tmp" in key]
    if left.out.strip() or told["uploads"] or temporary:
        return f"unfinished after a cleanup: {left.out.strip()} {told['uploads']} uploads, {temporary}"
    return None


def one(options, where, scene, number, way, score):
    def job(workers):
        worker = workers[where]
        worker.begin(scene.start)
        result = worker.program.run(*scene.command,
                                    env=calls.preload(options, worker, f"change:{number}:{way}"))
        problem = None
        if result.code not in (bench.KILLED, bench.DONE):
            problem = f"ended before the kill, with {result.code}"
        worker.calm()
        if not problem and scene.look:
            problem = scene.look(worker, result)
        if not problem and result.code == bench.KILLED and scene.again:
            problem = scenes.done_again(worker, scene) or garbage(worker, where)
        score.case(f"kill -9: {scene.name}", where, problem and
                   f"{scene.name}, {where}, {way} at {number}: {problem}", result.err)
    return bench.covering(job, scene.name, where, way)


def all_scenes(images, digests, where):
    found = scenes.all_scenes(images, digests)
    if where == "server":
        found += [scene for scene in scenes.unfinished_scenes(images, digests) if scene.name != "resume"]
    return found


def run(options, score):
    images = scenes.make_images(options.results)
    workers, jobs = scenes.hire(options, "kills"), []
    try:
        digests = scenes.prepare_all(workers, images)
        for worker in workers:
            worker["server"].expect_halves(images)
        for where, worker in workers[0].items():
            for scene in all_scenes(images, digests, where):
                count = calls.learn(options, worker, scene)["change"]
                for at in calls.some(count, options.points):
                    jobs += [one(options, where, scene, at, way, score) for way in ("kill", "torn")]
        jobs = options.sample(jobs, USUAL)
        print(f"# kills: {len(jobs)} cases", flush=True)
        bench.in_parallel(jobs, workers)
    finally:
        for worker in workers:
            worker["server"].stop()
