"""Scenes: the commands under test, their initial buckets, and the checks afterwards.

A worker is a bucket, on a scripted S3 server or in a folder, with a home folder for the program. A scene is one
command. Its `look` checks the state after the command ended, with success or failure, and returns the problem or None.
"""
import os
import re
import shutil
import subprocess
import time

import bench
from bench import CONFLICT, DONE, INTEGRITY, INTERRUPTED, KILLED, NEXT, NOT_FOUND, REF

THIN = ("--compression", "zstd", "--thin")
# Two thin images: the second one uses a small part of the object of the first, whose metadata is deleted then.
BULKY, SPARE = "shop:20260302-0900-5e6f708", "shop:20260302-1000-6f70819"
HALF_PUSH, HALF_THIN, HALF_PULL = "half a push", "half a thin push", "half a pull"
ELSEWHERE = ", another host"


class Scene:
    """One command, its initial bucket and its check. `again`: after a failure, the same command must succeed.
    `refusals`: exit codes with which the command may refuse a disturbed response."""

    def __init__(self, name, start, command, look, again=True, refusals=()):
        self.name, self.start, self.command, self.look = name, start, command, look
        self.again, self.refusals = again, set(refusals)

    def transfers(self):
        """Whether the command pushes or pulls an image: then it works with threads."""
        return self.command[0] in ("push", "pull")


def pulled(worker, ref):
    """Returns what a reader gets: "absent", the digest of an image, or the error."""
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
    """A check of an image. After a failure, the image may be the one `before`. If the image was being replaced, a pull
    may also fail: then only one of archive and metadata is new. A pull must never return another image."""
    def look(worker, result):
        seen = pulled(worker, ref)
        wanted = {after} if result.code == DONE else {before, after}
        if result.code != DONE and before != "absent":
            wanted.add("refused")
        return None if seen in wanted else f"{ref} is then {seen[:300]}, wanted {wanted}"
    return look


def keeps(ref, digest):
    """A check of an image that the command moves to other objects: it can be pulled at any time."""
    def look(worker, result):
        seen = pulled(worker, ref)
        return None if seen == digest else f"{ref} is then {seen[:300]}"
    return look


def wrote(name, digest):
    """A check of a pull's output: the image, or no file. A program that is killed may have written the image."""
    def look(worker, result):
        path = os.path.join(worker.folder, name)
        if not os.path.exists(path):
            return "no file" if result.code == DONE else None
        seen = bench.digest_of(path)
        os.unlink(path)
        if result.code not in (DONE, KILLED):
            return "failed, and left a file"
        return None if seen == digest else f"exit code {result.code}, and another image"
    return look


def says(command, before, after):
    """A check of the output of another command."""
    def look(worker, result):
        seen = worker.program.run(*command)
        wanted = {after} if result.code == DONE else {before, after}
        said = seen.out.strip() if seen.code == DONE else f"exit {seen.code}"
        return None if said in wanted else f"{' '.join(command)} prints {said!r}, wanted {wanted}"
    return look


def prints(text):
    """A check of the output of the command itself."""
    def look(worker, result):
        if result.code == DONE and result.out.strip() != text:
            return f"printed {result.out!r}"
        return None
    return look


class Worker:
    """A bucket and a home folder, which cases use one after the other. Subclasses define begin, save, calm, stop,
    make_thin, drop, and hand_over and take_over for prepare_alike()."""

    def __init__(self, folder, path, environment):
        self.folder = folder
        self.tmp = os.path.join(folder, "tmp")
        os.makedirs(self.tmp, exist_ok=True)
        self.program = bench.Program(path, folder, {**environment, "TMPDIR": self.tmp})

    def keep_home(self, start):
        """Stores the program's home folder as a part of that initial state."""
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
        result = self.program.run(*arguments, seconds=bench.PATIENCE)
        if result.code != DONE:
            raise RuntimeError(f"{arguments}: {result.code} {result.err}")
        return result

    def prepare(self, images):
        """Saves the initial buckets of the scenes. Returns the digests of the images in the form that a pull writes."""
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
        self.begin("")
        self.run("push", REF, *THIN, "--input", images["first"])
        self.save("thin one")
        self.begin("")
        self.make_thin(images)
        self.save("thin two")
        self.begin("")
        for ref, name in (BULKY, "bulky"), (SPARE, "spare"):
            self.run("push", ref, *THIN, "--input", images[name])
        digests["spare"] = pulled(self, SPARE)
        self.drop(f"images/shop/202603/{BULKY.replace(':', '-')}.json")
        self.save("sparse")
        return digests

    def strays(self):
        """Returns files that the program left in its folders for unfinished work."""
        found = [os.path.join("tmp", name) for name in os.listdir(self.tmp)]
        return found + [name for name in os.listdir(self.folder)
                        if name not in ("home", "homes", "tmp", "s3", "bucket", "saved", "book",
                                        "docker.sock")]


class Server(Worker):
    """The bucket is on a scripted S3 server."""

    def __init__(self, folder, path):
        os.makedirs(folder)
        self.s3, self.halves = bench.FakeS3(os.path.join(folder, "s3")), {}
        super().__init__(folder, path, self.s3.environment())

    def begin(self, start, rules=()):
        state = start.removesuffix(ELSEWHERE)
        if state in self.halves:
            self.half(state, *self.halves.pop(state))
        self.tidy(start)
        self.rules = list(rules)
        self.s3.tell(load=state, rules=self.rules)

    def expect_halves(self, images):
        """Defines initial states with an unfinished push or pull, which was interrupted during a part or range. Files
        in the home folder name the server: every worker makes such a state itself, when it needs it."""
        out = os.path.join(self.folder, "out.tar")
        self.halves = {HALF_PUSH: ("", "Part", 2, ("push", REF, "--input", images["first"])),
                       HALF_THIN: ("", "Part", 2, ("push", REF, *THIN, "--input", images["first"])),
                       HALF_PULL: ("two", "Range", 9, ("pull", NEXT, "--output", out))}

    def half(self, name, start, kind, nth, command):
        self.begin(start, [{"kind": kind, "nth": nth, "times": 0, "do": "stall", "seconds": 5}])
        code = self.program.interrupted(command, lambda: self.s3.tell()["kinds"].count(kind) >= nth)
        if code != INTERRUPTED:
            raise RuntimeError(f"{command} should be interrupted: {code}")
        time.sleep(2.1)  # a cleanup removes what is older than a second, and the store's clock counts seconds
        self.save(name)
        self.keep_home(name)

    def save(self, name):
        self.s3.tell(save=name)

    def drop(self, key):
        subprocess.run([os.path.join(bench.TOP, "tests/kit/bucket"), "delete", bench.BUCKET, key], check=True,
                       env={**os.environ, **self.s3.environment(), "AWS_ENDPOINT_URL": self.s3.url})

    def make_thin(self, images):
        environment = {**os.environ, **self.s3.environment(), "AWS_ENDPOINT_URL": self.s3.url}
        upload_thin(os.path.join(self.tmp, "thin"), images, bench.BUCKET, environment)

    def hand_over(self):
        states = os.path.join(self.folder, "s3", "states")
        self.s3.tell(write=states)
        return states

    def take_over(self, states):
        self.s3.tell(read=states)

    def calm(self):
        return self.s3.tell(rules=[])

    def stop(self):
        self.s3.stop()


class Real(Worker):
    """The bucket is on a real S3 server (AWS_*), behind a fault proxy. Every initial state is created again, with
    pushes that bypass the proxy."""

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
        """`fresh` false: the last scene only read the bucket, so its state can be used again."""
        self.tidy("")
        self.proxy.tell(rules=[])
        if fresh or self.start != start:
            self.fill(start)
        self.start = start
        self.proxy.tell(rules=list(rules))

    def fill(self, start):
        self.kit("empty")
        if start == "thin two":
            upload_thin(os.path.join(self.tmp, "thin"), self.images, self.bucket, os.environ)
            return
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
    """The program uses a Docker daemon, and the bucket is on a server."""

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
                                        "S3DOCK_DOCKER_TIMEOUT": "4s"})

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

    def drop(self, key):
        os.unlink(os.path.join(self.bucket, bench.BUCKET, key))

    def make_thin(self, images):
        make_thin(os.path.join(self.bucket, bench.BUCKET), images)

    def hand_over(self):
        return os.path.join(self.folder, "saved")

    def take_over(self, states):
        shutil.copytree(states, os.path.join(self.folder, "saved"), symlinks=True)

    def calm(self):
        pass

    def stop(self):
        pass


def make_thin(folder, images, *options):
    """Writes two thin images into a folder: the second one has chunks in the object of the first."""
    subprocess.run([os.path.join(bench.TOP, "tests/kit/make_thin"), folder, *options,
                    f"{REF}={images['first']}:thin-zstd", f"{NEXT}={images['next']}:thin-zstd"], check=True)


def upload_thin(folder, images, bucket, environment):
    """Writes them into a bucket of an S3 server."""
    make_thin(folder, images, "--etag", "md5")
    for top, _, names in os.walk(folder):
        for path in (os.path.join(top, name) for name in names):
            subprocess.run([os.path.join(bench.TOP, "tests/kit/bucket"), "put", bucket,
                            os.path.relpath(path, folder), path], check=True, env=environment)
    shutil.rmtree(folder)


def common_layer(small=False):
    return bench.layer([("opt/common", bench.noise((1 if small else 9) << 20, 1))])


def make_images(folder, small=False):
    """Creates archives. The first two share a layer, which is uploaded in parts unless `small`."""
    os.makedirs(folder, exist_ok=True)
    common = common_layer(small)
    images = {name: os.path.join(folder, name + ".tar") for name in ("first", "next", "other", "bulky", "spare")}
    bench.write_image(images["first"], REF, [common, bench.layer([("a", bench.noise(100000, 2))])])
    bench.write_image(images["next"], NEXT, [common, bench.layer([("b", bench.noise(100000, 3))])])
    shared = bench.layer([("opt/shared", bench.noise(1 << 20, 6))])
    bench.write_image(images["bulky"], BULKY, [shared, common])
    bench.write_image(images["spare"], SPARE, [shared, bench.layer([("e", bench.noise(100000, 7))])])
    bench.write_image(images["other"], REF, [bench.layer([("c", bench.noise(100000, 4))])])
    return images


def hire(options, name):
    """Creates a folder and a server for each parallel worker."""
    return [{"folder": Folder(os.path.join(options.results, f"{name}-folder{number}"), options.program),
             "server": Server(os.path.join(options.results, f"{name}-server{number}"), options.program)}
            for number in range(options.workers)]


def prepare_alike(workers, images):
    """Prepares one worker. The others take over its initial buckets: that is cheaper than the same pushes again.
    Returns the digests of the images."""
    digests = workers[0].prepare(images)
    states = workers[0].hand_over()
    for worker in workers[1:]:
        worker.take_over(states)
    return digests


def prepare_all(workers, images):
    """Prepares all workers of hire(). Returns the digests of the images."""
    return [prepare_alike([worker[where] for worker in workers], images) for where in workers[0]][0]


def all_scenes(images, digests):
    current = ("current", "shop", "production")
    return [
        Scene("push", "", ("push", REF, "--input", images["first"]),
              shows(REF, "absent", digests["first"])),
        Scene("push with copies", "one", ("push", NEXT, "--input", images["next"]),
              shows(NEXT, "absent", digests["next"])),
        Scene("push that replaces an image", "one", ("push", REF, "--input", images["other"]),
              shows(REF, digests["first"], digests["other"])),
        Scene("zstd push", "", ("push", REF, "--compression", "zstd", "--input", images["first"]),
              shows(REF, "absent", digests["first"])),
        Scene("thin push", "", ("push", REF, *THIN, "--input", images["first"]),
              shows(REF, "absent", digests["first"])),
        Scene("thin push with successor", "thin one", ("push", NEXT, *THIN, "--input", images["next"]),
              shows(NEXT, "absent", digests["next"])),
        Scene("pull", "two", ("pull", NEXT, "--output", "out.tar"), wrote("out.tar", digests["next"])),
        Scene("thin pull", "thin two", ("pull", NEXT, "--output", "out.tar"), wrote("out.tar", digests["next"])),
        Scene("compact", "sparse", ("compact", "shop"), keeps(SPARE, digests["spare"])),
        Scene("thicken", "sparse", ("thicken", SPARE), keeps(SPARE, digests["spare"])),
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
    """A check of a bucket and a host: after success, nothing unfinished is left. A list has no checksum. If a flipped
    bit hides an entry, the next cleanup finds it."""
    if any(rule["do"] == "flip" for rule in worker.rules):
        result = worker.program.run("cleanup", "--unfinished", "1s")
    left = worker.program.run("resume")
    if "retired" in left.out:  # an archive without metadata: its data is deleted later
        time.sleep(2.1)
        worker.program.run("cleanup", "--retired-after", "1s")
        left = worker.program.run("resume")
    uploads = worker.s3.tell()["uploads"]
    if result.code == DONE and (left.code != DONE or left.out.strip() or uploads):
        return f"unfinished after a cleanup: {uploads} uploads, {left.out}{left.err}"
    return None


def unfinished_scenes(images, digests):
    """Scenes that resume, list or remove unfinished work. They need a server, after prepare_halves."""
    push = ("push", REF, "--input", images["first"])
    return [
        Scene("resumed push", HALF_PUSH, push, shows(REF, "absent", digests["first"])),
        Scene("push resumed on another host", HALF_PUSH + ELSEWHERE, push,
              shows(REF, "absent", digests["first"])),
        Scene("resumed thin push", HALF_THIN, ("push", REF, *THIN, "--input", images["first"]),
              shows(REF, "absent", digests["first"])),
        Scene("resumed pull", HALF_PULL, ("pull", NEXT, "--output", "out.tar"),
              wrote("out.tar", digests["next"])),
        Scene("resume", HALF_PUSH, ("resume",), None),
        Scene("cleanup", HALF_PUSH, ("cleanup", "--unfinished", "1s"), swept),
    ]


def wrong(worker, scene, result, allowed, seconds):
    """Returns the problem of a disturbed command's end, or None."""
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
    """Runs the same command without faults, which must succeed."""
    again = worker.program.run(*scene.command)
    if again.code != DONE:
        return f"the same command without faults: {again.code} {again.err.strip()}"
    return scene.look(worker, again) if scene.look else None


def undisturbed(worker, scene, **options):
    """Runs a scene without faults. A problem here is an error in the test itself. Returns the requests that the server
    then reports."""
    worker.begin(scene.start)
    result = worker.program.run(*scene.command, **options)
    if result.code != DONE:
        raise RuntimeError(f"{scene.name} without faults: {result.code} {result.err}")
    told = worker.calm()
    problem = scene.look(worker, result) if scene.look else None
    if problem:
        raise RuntimeError(f"{scene.name} without faults: {problem}")
    return told
