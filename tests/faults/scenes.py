"""Commands that are disturbed, the buckets they start from, and what must be true afterwards.

A worker is a bucket, on a scripted S3 server or in a folder, with a home for the program. A scene is one
command; its look says what is wrong with the world after it ended, whether well or not.
"""
import os
import re
import shutil
import subprocess
import time

import bench
from bench import CONFLICT, DONE, INTEGRITY, INTERRUPTED, NEXT, NOT_FOUND, REF

HALF_PUSH, HALF_PULL, ELSEWHERE = "half a push", "half a pull", ", another host"


class Scene:
    """One command, the bucket it starts from, what must be true afterwards; whether, after it has failed,
    the same command does it; and with which codes it may refuse to go by what it was told."""

    def __init__(self, name, start, command, look, again=True, refusals=()):
        self.name, self.start, self.command, self.look = name, start, command, look
        self.again, self.refusals = again, set(refusals)


def pulled(worker, ref):
    """What a reader gets: "absent", the digest of an image, or what went wrong."""
    out = os.path.join(worker.folder, "look.tar")
    result = worker.program.run("pull", ref, "--output", out)
    if result.code == NOT_FOUND and not os.path.exists(out):
        return "absent"
    if result.code == INTEGRITY and "integrity.size" in result.err:
        return "refused"
    if result.code != DONE:
        return f"pull {ref} -> {result.code}: {result.err.strip()}"
    digest = bench.digest_of(out)
    os.unlink(out)
    return digest


def shows(ref, before, after):
    """A look at an image: after a failure it may be the one `before`. One that was being replaced may be
    neither, for then the name stands for two objects of which only one is new; that is refused, never
    mistaken."""
    def look(worker, result):
        seen = pulled(worker, ref)
        wanted = {after} if result.code == DONE else {before, after}
        if result.code != DONE and before != "absent":
            wanted.add("refused")
        return None if seen in wanted else f"{ref} is then {seen[:300]}, wanted {wanted}"
    return look


def wrote(name, digest):
    """A look at what a pull wrote: the image, or nothing."""
    def look(worker, result):
        path = os.path.join(worker.folder, name)
        if not os.path.exists(path):
            return "no file" if result.code == DONE else None
        seen = bench.digest_of(path)
        os.unlink(path)
        if result.code != DONE:
            return "failed, and left a file"
        return None if seen == digest else "exit 0 with another image"
    return look


def says(command, before, after):
    """A look at what another command prints."""
    def look(worker, result):
        seen = worker.program.run(*command)
        wanted = {after} if result.code == DONE else {before, after}
        said = seen.out.strip() if seen.code == DONE else f"exit {seen.code}"
        return None if said in wanted else f"{' '.join(command)} says {said!r}, wanted {wanted}"
    return look


def prints(text):
    """A look at what the command itself printed."""
    def look(worker, result):
        if result.code == DONE and result.out.strip() != text:
            return f"printed {result.out!r}"
        return None
    return look


class Worker:
    """A bucket and a home for one case after the other. Below: begin, save, calm, leftovers."""

    def __init__(self, folder, path, environment):
        self.folder = folder
        self.tmp = os.path.join(folder, "tmp")
        os.makedirs(self.tmp, exist_ok=True)
        self.program = bench.Program(path, folder, {**environment, "TMPDIR": self.tmp})

    def keep_home(self, start):
        """What the program remembers now belongs to that start."""
        shutil.copytree(self.program.home, os.path.join(self.folder, "homes", start))

    def tidy(self, start):
        self.program.forget()
        home = os.path.join(self.folder, "homes", start)
        if start and os.path.exists(home):
            shutil.copytree(home, self.program.home, dirs_exist_ok=True)
        for name in self.strays():
            path = os.path.join(self.folder, name)
            if os.path.isfile(path):
                os.unlink(path)

    def run(self, *arguments):
        result = self.program.run(*arguments, seconds=300)
        if result.code != DONE:
            raise RuntimeError(f"{arguments}: {result.code} {result.err}")
        return result

    def prepare(self, images):
        """The buckets that scenes start from; the same on every worker. Answers the images' digests as a
        pull writes them."""
        self.begin("")
        self.save("")
        self.run("push", REF, "--input", images["first"])
        digests = {"first": pulled(self, REF)}
        self.save("one")
        self.run("push", NEXT, "--input", images["next"])
        digests["next"] = pulled(self, NEXT)
        self.save("two")
        self.run("tag", REF, "v1.0.0")
        self.run("promote", REF, "production")
        self.save("promoted")
        self.run("promote", NEXT, "production")
        self.save("promoted twice")
        self.begin("one")
        self.run("push", REF, "--input", images["other"])
        digests["other"] = pulled(self, REF)
        return digests

    def strays(self):
        """Files that the program has left where only its unfinished work lies."""
        found = [os.path.join("tmp", name) for name in os.listdir(self.tmp)]
        return found + [name for name in os.listdir(self.folder)
                        if name not in ("home", "homes", "tmp", "s3", "bucket", "saved", "book",
                                        "docker.sock")]


class Server(Worker):
    """The bucket is on a scripted S3 server."""

    def __init__(self, folder, path):
        os.makedirs(folder)
        self.s3 = bench.FakeS3(os.path.join(folder, "s3"))
        super().__init__(folder, path, self.s3.environment())

    def begin(self, start, rules=()):
        self.tidy(start)
        self.rules = list(rules)
        self.s3.tell(load=start.removesuffix(ELSEWHERE), rules=self.rules)

    def prepare_halves(self, images):
        """Starts at which something is unfinished: interrupted when a part, or range, did not come."""
        def half(start, kind, nth, name, *command):
            self.begin(start, [{"kind": kind, "nth": nth, "times": 0, "do": "stall", "seconds": 5}])
            code = self.program.interrupted(command, lambda: self.s3.tell()["kinds"].count(kind) >= nth)
            if code != INTERRUPTED:
                raise RuntimeError(f"{command} should be interrupted: {code}")
            self.save(name)
            self.keep_home(name)
        half("", "Part", 2, HALF_PUSH, "push", REF, "--input", images["first"])
        half("two", "Range", 9, HALF_PULL, "pull", NEXT, "--output", os.path.join(self.folder, "out.tar"))

    def save(self, name):
        self.s3.tell(save=name)

    def calm(self):
        return self.s3.tell(rules=[])

    def stop(self):
        self.s3.stop()


class Real(Worker):
    """The bucket is on a real S3 server, given by AWS_*; between it and the program stands a fault proxy. Every start
    is made anew, by pushes past the proxy."""

    def __init__(self, folder, path, images):
        os.makedirs(folder)
        self.images, self.bucket, self.start = images, "faults-" + os.path.basename(folder), None
        self.past = {"S3DOCK_ENDPOINT": os.environ["AWS_ENDPOINT_URL"]}
        keys = {name: value for name, value in os.environ.items() if name.startswith("AWS_")}
        self.proxy = bench.FaultProxy(self.past["S3DOCK_ENDPOINT"])
        super().__init__(folder, path, {**keys, "S3DOCK_BUCKET": self.bucket,
                                        "S3DOCK_ENDPOINT": self.proxy.url})
        self.kit("make")

    def kit(self, verb):
        subprocess.run([os.path.join(bench.TOP, "tests/kit/bucket"), verb, self.bucket], check=True)

    def begin(self, start, rules=(), fresh=True):
        """`fresh` false: what was there last may have been read only."""
        self.tidy("")
        self.proxy.tell(rules=[])
        if fresh or self.start != start:
            self.fill(start)
        self.start = start
        self.proxy.tell(rules=list(rules))

    def fill(self, start):
        self.kit("empty")
        for name in {"": (), "one": ("first",), "two": ("first", "next")}[start]:
            ref = {"first": REF, "next": NEXT}[name]
            pushed = self.program.run("push", ref, "--input", self.images[name], env=self.past)
            if pushed.code != DONE:
                raise RuntimeError(f"a push past the proxy: {pushed.code} {pushed.err}")
        self.tidy("")

    def calm(self):
        return self.proxy.tell(rules=[])

    def stop(self):
        self.proxy.stop()
        self.kit("empty")


class Host(Server):
    """A Docker daemon stands beside the program, and the bucket is on a server."""

    def __init__(self, folder, path, profile, images):
        super().__init__(folder, path)
        self.images, self.profile = images, profile
        self.docker = bench.FakeDocker(folder, profile)
        self.program.environment.update(self.docker.environment())

    def begin(self, start, rules=(), has=(), docker_rules=()):
        super().begin(start, rules)
        self.docker.tell(take=[self.images[name] for name in has], rules=list(docker_rules))

    def calm(self):
        super().calm()
        return self.docker.tell(rules=[])

    def stop(self):
        self.docker.stop()
        super().stop()


class Folder(Worker):
    """The bucket is a folder."""

    def __init__(self, folder, path):
        os.makedirs(folder)
        self.bucket = os.path.join(folder, "bucket")
        super().__init__(folder, path, {"S3DOCK_ENDPOINT": "file://" + self.bucket,
                                        "S3DOCK_DOCKER_TIMEOUT": "2s"})

    def saved(self, name):
        return os.path.join(self.folder, "saved", name.replace(" ", "-") or "empty")

    def begin(self, start):
        self.tidy(start)
        shutil.rmtree(self.bucket, ignore_errors=True)
        if os.path.exists(self.saved(start)):
            shutil.copytree(self.saved(start), self.bucket, symlinks=True)
        else:
            os.makedirs(os.path.join(self.bucket, bench.BUCKET))

    def save(self, name):
        shutil.copytree(self.bucket, self.saved(name), symlinks=True)

    def calm(self):
        pass

    def stop(self):
        pass


def make_images(folder, small=False):
    """Three archives; the first two have a layer in common, which is uploaded in parts unless small."""
    os.makedirs(folder, exist_ok=True)
    common = bench.layer([("opt/common", bench.noise((1 if small else 9) << 20, 1))])
    images = {name: os.path.join(folder, name + ".tar") for name in ("first", "next", "other")}
    bench.write_image(images["first"], REF, [common, bench.layer([("a", bench.noise(100000, 2))])])
    bench.write_image(images["next"], NEXT, [common, bench.layer([("b", bench.noise(100000, 3))])])
    bench.write_image(images["other"], REF, [bench.layer([("c", bench.noise(100000, 4))])])
    return images


def hire(options, name):
    """A folder and a server for each of those who work side by side."""
    return [{"folder": Folder(os.path.join(options.results, f"{name}-folder{number}"), options.program),
             "server": Server(os.path.join(options.results, f"{name}-server{number}"), options.program)}
            for number in range(options.workers)]


def prepare_all(workers, images):
    """Of those that hire() gave, or the like, each with all that it has; the images' digests."""
    def prepare(worker):
        return [each.prepare(images) for each in worker.values()][0]
    return bench.on_each(workers, prepare)[0]


def all_scenes(images, digests):
    current = ("current", "shop", "production")
    return [
        Scene("push", "", ("push", REF, "--input", images["first"]),
              shows(REF, "absent", digests["first"])),
        Scene("push with copies", "one", ("push", NEXT, "--input", images["next"]),
              shows(NEXT, "absent", digests["next"])),
        Scene("push over another", "one", ("push", REF, "--input", images["other"]),
              shows(REF, digests["first"], digests["other"])),
        Scene("pull", "two", ("pull", NEXT, "--output", "out.tar"), wrote("out.tar", digests["next"])),
        Scene("tag", "two", ("tag", NEXT, "v2.0.0"),
              says(("list", "tags", "shop"), "", f"v2.0.0 -> {NEXT}")),
        Scene("promote", "promoted", ("promote", NEXT, "production"), says(current, REF, NEXT)),
        Scene("rollback", "promoted twice", ("rollback", "shop", "production"), says(current, NEXT, REF),
              again=False, refusals=(CONFLICT, NOT_FOUND)),
        Scene("list images", "two", ("list", "images", "shop"), prints(f"{NEXT}\n{REF}")),
        Scene("history", "promoted twice", ("history", "shop", "production"), None),
        Scene("current", "promoted", current, prints(REF)),
    ]


def swept(worker, result):
    """A look at a bucket and a host: after a success nothing unfinished is left. A listing carries no sum: what a
    flipped bit hides is found the next time."""
    if any(rule["do"] == "flip" for rule in worker.rules):
        result = worker.program.run("cleanup", "--unfinished", "1s")
    left = worker.program.run("resume")
    if "retired" in left.out:  # an archive without its documents: its data go later
        time.sleep(2.1)
        worker.program.run("cleanup", "--retired-after", "1s")
        left = worker.program.run("resume")
    uploads = worker.s3.tell()["uploads"]
    if result.code == DONE and (left.code != DONE or left.out.strip() or uploads):
        return f"unfinished after a cleanup: {uploads} uploads, {left.out}{left.err}"
    return None


def unfinished_scenes(images, digests):
    """What goes on, and what is told and swept: on a server, after prepare_halves."""
    push = ("push", REF, "--input", images["first"])
    return [
        Scene("push that goes on", HALF_PUSH, push, shows(REF, "absent", digests["first"])),
        Scene("push that goes on elsewhere", HALF_PUSH + ELSEWHERE, push,
              shows(REF, "absent", digests["first"])),
        Scene("pull that goes on", HALF_PULL, ("pull", NEXT, "--output", "out.tar"),
              wrote("out.tar", digests["next"])),
        Scene("resume", HALF_PUSH, ("resume",), None),
        Scene("cleanup", HALF_PUSH, ("cleanup", "--unfinished", "1s"), swept),
    ]


def wrong(worker, scene, result, allowed, seconds):
    """What is wrong with how a disturbed command ended, or None."""
    if result.code is None:
        return f"not done in {seconds} s"
    if result.crashed():
        return f"crashed ({result.code})"
    if result.code not in allowed:
        return f"exit code {result.code}, wanted one of {sorted(allowed)}"
    if result.code != DONE and not re.search(r"^error\[", result.err, re.MULTILINE):
        return "failed without an error line"
    worker.calm()
    problem = scene.look(worker, result) if scene.look else None
    if problem or result.code == DONE or not scene.again:
        return problem
    return done_again(worker, scene)


def done_again(worker, scene):
    """The same command, undisturbed, does what it is for."""
    again = worker.program.run(*scene.command)
    if again.code != DONE:
        return f"done again, undisturbed: {again.code} {again.err.strip()}"
    return scene.look(worker, again) if scene.look else None


def undisturbed(worker, scene, **options):
    """Runs a scene as it should go; everything else is a mistake of the test."""
    worker.begin(scene.start)
    result = worker.program.run(*scene.command, **options)
    if result.code != DONE:
        raise RuntimeError(f"{scene.name} undisturbed: {result.code} {result.err}")
    problem = scene.look(worker, result) if scene.look else None
    if problem:
        raise RuntimeError(f"{scene.name} undisturbed: {problem}")
