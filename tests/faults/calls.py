"""The i-th allocation or system call fails.

The preloaded tests/kit/faulty.c counts calls. Then each call fails in turn, in each possible way. Either the command
succeeds (it repeated the call, or the call did not matter) and its effect is complete. Or it fails with an error line
and leaves no temporary file, and a reader of the bucket sees the old state or the complete new state.
"""
import os
import struct

import bench
import scenes

KINDS = ("alloc", "open", "read", "write", "sync", "name", "remove", "make", "connect", "send", "recv",
         "thread", "change")
WAYS = {
    "alloc": ("ENOMEM", "ENOMEM*"),
    "open": ("EMFILE", "EACCES", "EINTR", "EMFILE*"),
    "read": ("EIO", "EINTR", "short"),
    "write": ("ENOSPC", "EIO", "EINTR", "EDQUOT", "short", "ENOSPC*"),
    "sync": ("EIO", "ENOSPC", "EINTR"),
    "name": ("EIO", "ENOSPC", "EACCES"),
    "remove": ("EIO", "EACCES"),
    "make": ("ENOSPC", "EACCES", "EIO"),
    "connect": ("EMFILE", "ENETUNREACH", "EINTR"),
    "send": ("ECONNRESET", "EPIPE", "EINTR", "EAGAIN", "short"),
    "recv": ("ECONNRESET", "ETIMEDOUT", "EINTR", "EAGAIN", "short"),
    "thread": ("EAGAIN", "EAGAIN*"),
}
USUAL = 600  # cases per run
FAILURES = set(range(0, 13))  # any exit code of the program itself


def preload(options, worker, wish=None):
    env = {"LD_PRELOAD": options.faulty, "FAULTY_BOOK": os.path.join(worker.folder, "book"),
           "S3DOCK_RETRIES": "5"}
    return {**env, "FAULTY": wish} if wish else env


def counts(worker):
    with open(os.path.join(worker.folder, "book"), "rb") as file:
        return dict(zip(KINDS, struct.unpack(f"{len(KINDS)}I", file.read(4 * len(KINDS)))))


def learn(options, worker, scene):
    """Returns the number of calls of each kind in a scene."""
    book = os.path.join(worker.folder, "book")
    if os.path.exists(book):
        os.unlink(book)
    scenes.undisturbed(worker, scene, env=preload(options, worker))
    return counts(worker)


def some(count, most):
    """Returns the numbers 1 to count, or `most` of them, evenly spread."""
    if count <= most:
        return range(1, count + 1)
    return sorted({1 + i * (count - 1) // (most - 1) for i in range(most)})


def one(options, where, scene, kind, number, way, score):
    def job(workers):
        worker = workers[where]
        worker.begin(scene.start)
        result = worker.program.run(*scene.command, seconds=bench.PATIENCE,
                                    env=preload(options, worker, f"{kind}:{number}:{way}"))
        # A program that cannot delete leaves files. So does a program that exits at once, because it cannot hash.
        excused = kind == "remove" or "for a digest" in result.err
        strays = [] if excused else worker.strays()
        if "out.tar" in strays and result.code == bench.DONE:
            strays.remove("out.tar")
        problem = scenes.wrong(worker, scene, result, FAILURES, bench.PATIENCE)
        if not problem and strays:
            problem = f"left {' '.join(strays)}"
        score.case(f"calls: {kind}", scene.name, problem and
                   f"{scene.name}, {where}, {kind} {number}, {way}: {problem}", result.err)
    return bench.covering(job, (kind, way), scene.name, where)


def run(options, score):
    images = scenes.make_images(options.results)
    workers, jobs = scenes.hire(options, "calls"), []
    try:
        digests = scenes.prepare_all(workers, images)
        for where, worker in workers[0].items():
            for scene in scenes.all_scenes(images, digests):
                if scene.name not in ("push", "push that replaces an image", "pull", "promote", "list images"):
                    continue
                for kind, count in learn(options, worker, scene).items():
                    for at in some(count, options.points) if kind in WAYS else ():
                        jobs += [one(options, where, scene, kind, at, way, score) for way in WAYS[kind]]
        jobs = options.sample(jobs, USUAL)
        print(f"# calls: {len(jobs)} cases", flush=True)
        bench.in_parallel(jobs, workers)
    finally:
        for worker in workers:
            worker["server"].stop()
