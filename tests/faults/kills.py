"""kill -9 at every operation that changes anything: on disk, in the store, at the daemon.

tests/kit/faulty.c counts them (files opened to be written, writes, names, removals, lengths, syncs, connections,
sends); the program is killed before the i-th, or with half of it done. Whoever reads the bucket then sees what
was there before or all of the new (or, of an image that was being replaced, is refused); the same command again
does what it is for.
"""
import os

import bench
import calls
import scenes

KILLED = -9


def one(options, where, scene, number, way, score):
    def job(workers):
        worker = workers[where]
        worker.begin(scene.start)
        result = worker.program.run(*scene.command,
                                    env=calls.preload(options, worker, f"change:{number}:{way}"))
        problem = None
        if result.code not in (KILLED, bench.DONE):
            problem = f"ended by itself, with {result.code}"
        worker.calm()
        if not problem and scene.look:
            problem = scene.look(worker, result)
        if not problem and result.code == KILLED and scene.again:
            problem = scenes.done_again(worker, scene)
        score.case(f"kill -9: {scene.name}", where, problem and
                   f"{scene.name}, {where}, {way} at {number}: {problem}", result.err)
    return job


def run(options, score):
    images = scenes.make_images(options.results)
    workers, jobs = [], []
    for number in range(options.workers):
        workers.append({
            "folder": scenes.Folder(os.path.join(options.results, f"kills-folder{number}"), options.program),
            "server": scenes.Server(os.path.join(options.results, f"kills-server{number}"), options.program)})
    try:
        for worker in workers:
            digests = [each.prepare(images) for each in worker.values()][0]
        for where, worker in workers[0].items():
            for scene in scenes.all_scenes(images, digests):
                count = calls.learn(options, worker, scene)["change"]
                for at in calls.some(count, options.points):
                    jobs += [one(options, where, scene, at, way, score) for way in ("kill", "torn")]
        jobs = options.sample(jobs)
        print(f"# kills: {len(jobs)} cases", flush=True)
        bench.in_parallel(jobs, workers)
    finally:
        for worker in workers:
            worker["server"].stop()
