"""The i-th allocation fails, the i-th system call fails.

tests/kit/faulty.c is preloaded and counts; then each call in turn fails, in each way that such a call can. A
command ends well (a call was repeated, or did not matter) and has done what it is for, or it fails with an
error line, leaves no temporary file behind, and whoever reads the bucket sees what was there before or all of
the new.
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
SECONDS = 30
USUAL = 600  # cases of a run
FAILURES = set(range(0, 13))  # any code of the program's own


def preload(options, worker, wish=None):
    env = {"LD_PRELOAD": options.faulty, "FAULTY_BOOK": os.path.join(worker.folder, "book"),
           "S3DOCK_RETRIES": "5"}
    return {**env, "FAULTY": wish} if wish else env


def counts(worker):
    with open(os.path.join(worker.folder, "book"), "rb") as file:
        return dict(zip(KINDS, struct.unpack(f"{len(KINDS)}I", file.read(4 * len(KINDS)))))


def learn(options, worker, scene):
    """How many calls of each kind a scene makes."""
    book = os.path.join(worker.folder, "book")
    if os.path.exists(book):
        os.unlink(book)
    scenes.undisturbed(worker, scene, env=preload(options, worker))
    return counts(worker)


def some(count, most):
    """1 to count, or `most` of these, evenly."""
    if count <= most:
        return range(1, count + 1)
    return sorted({1 + i * (count - 1) // (most - 1) for i in range(most)})


def one(options, where, scene, kind, number, way, score):
    def job(workers):
        worker = workers[where]
        worker.begin(scene.start)
        result = worker.program.run(*scene.command, seconds=SECONDS,
                                    env=preload(options, worker, f"{kind}:{number}:{way}"))
        # Who cannot remove leaves something; so does who ends on the spot, for want of a digest.
        excused = kind == "remove" or "for a digest" in result.err
        strays = [] if excused else worker.strays()
        if "out.tar" in strays and result.code == bench.DONE:
            strays.remove("out.tar")
        problem = scenes.wrong(worker, scene, result, FAILURES, SECONDS)
        if not problem and strays:
            problem = f"left {' '.join(strays)}"
        score.case(f"calls: {kind}", scene.name, problem and
                   f"{scene.name}, {where}, {kind} {number}, {way}: {problem}", result.err)
    return job


def run(options, score):
    images = scenes.make_images(options.results)
    workers, jobs = scenes.hire(options, "calls"), []
    try:
        digests = scenes.prepare_all(workers, images)
        for where, worker in workers[0].items():
            for scene in scenes.all_scenes(images, digests):
                if scene.name not in ("push", "push over another", "pull", "promote", "list images"):
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
