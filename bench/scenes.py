"""The scenes: a question each, the contestants that answer it, and what we want the answer to be.

A scene is a function of the stage that returns a Scene; `SCENES` names them all in playing order.
"""
import os
import shutil

from harness import Contestant, Failed, Goal, Scene
from stage import BUCKET, kit, stats

MIB = 2**20
LEVEL = 5  # the default of s3dock push


def missing(*tools):
    """The first tool that is not installed, or ''."""
    return next((tool for tool in tools if not shutil.which(tool)), "")


def wall(figures, name):
    return figures[name]["wall"]


def ratio(ours, peer, text, limit):
    return Goal(f"{ours} / {peer}: {text}", lambda f: wall(f, ours) / wall(f, peer), limit)


def memory_goal(*names):
    return Goal("peak memory", lambda f: max(f[name]["peak_memory"] for name in names) / MIB, 128, "MiB")


def fill_bucket(stage):
    """The bucket with the image in it, as the first push leaves it; returns the archive's key."""
    stage.empty_bucket()
    stage.run(stage.s3dock("push", stage.reference, host=stage.need_builder()))
    return next(line.partition(" ")[2] for line in kit("bucket", "list", BUCKET).splitlines()
                if line.endswith(".tar.gz"))


def push_cold(stage):
    host, ref = stage.need_builder(), stage.reference
    stage.need_s3()
    save = f"docker -H {host} save {ref}"
    return Scene("push-cold", "push into an empty bucket", [
        Contestant("s3dock push", stage.s3dock("push", ref, host=host), stage.empty_bucket, stats),
        Contestant("s3dock push, from the export", stage.s3dock("push", ref, "--source", "docker", host=host),
                   stage.empty_bucket, stats),
        Contestant("docker save | pigz | aws s3 cp", f"{save} | pigz | aws s3 cp --quiet - s3://{BUCKET}/peer.tar.gz",
                   stage.empty_bucket, missing=missing("pigz", "aws")),
        Contestant("docker save > /dev/null", f"{save} > /dev/null"),
    ], [
        ratio("s3dock push", "docker save | pigz | aws s3 cp", "time", 0.40),
        ratio("s3dock push, from the export", "docker save | pigz | aws s3 cp", "time", 0.40),
        ratio("s3dock push", "docker save > /dev/null", "time", None),
        ratio("s3dock push, from the export", "docker save > /dev/null", "time", None),
        memory_goal("s3dock push", "s3dock push, from the export"),
    ])


def push_unchanged(stage):
    host, ref = stage.need_builder(), stage.reference
    stage.need_s3()
    return Scene("push-unchanged", "push what the bucket already holds", [
        Contestant("s3dock push", stage.s3dock("push", ref, host=host), None, stats),
    ], [
        Goal("time", lambda f: wall(f, "s3dock push"), 0.5, "s"),
        Goal("uploaded", lambda f: f["s3dock push"]["uploaded_bytes"], 0, "bytes"),
    ], setup=lambda: fill_bucket(stage))


def pull_cold(stage):
    edge, ref = stage.need_edge(), stage.reference
    stage.need_s3()

    def setup():
        key = fill_bucket(stage)
        peer.command = f"aws s3 cp --quiet s3://{BUCKET}/{key} - | gunzip | docker -H {edge} load -q"
        # Both read from memory what they load: the archive, and the file of the plain tar.
        stage.run(f"cat {stage.archive} > /dev/null")

    peer = Contestant("aws s3 cp | gunzip | docker load", "", stage.empty_edge, missing=missing("aws"))
    return Scene("pull-cold", "pull into an empty Docker", [
        Contestant("s3dock pull", stage.s3dock("pull", ref, host=edge), stage.empty_edge, stats),
        Contestant("docker load -i", f"docker -H {edge} load -q -i {stage.archive}", stage.empty_edge),
        peer,
    ], [
        ratio("s3dock pull", "docker load -i", "time", 1.10),
        memory_goal("s3dock pull"),
    ], setup=setup)


def pull_unchanged(stage):
    edge, ref = stage.need_edge(), stage.reference
    stage.need_s3()
    pull = stage.s3dock("pull", ref, host=edge)

    def setup():
        fill_bucket(stage)
        stage.run(pull)

    return Scene("pull-unchanged", "pull what the host already has", [
        Contestant("s3dock pull", pull, None, stats),
    ], [Goal("time", lambda f: wall(f, "s3dock pull"), 0.5, "s")], setup=setup)


def engine(stage):
    """File in, directory out, all in memory: what the engine adds to libdeflate."""
    ram, jobs = stage.tmpfs(), os.cpu_count()
    image, store = os.path.join(ram, "image.tar"), os.path.join(ram, "store")
    endpoint = f"file://{store}"
    push = stage.s3dock("push", stage.reference, "--input", image, "--jobs", str(jobs), "--level", str(LEVEL),
                        "--bucket", BUCKET, endpoint=endpoint)
    pull = stage.s3dock("pull", stage.reference, "--output", os.path.join(ram, "back.tar"), "--jobs", str(jobs),
                        "--bucket", BUCKET, endpoint=endpoint)

    def setup():
        if not stage.room_in_memory(3 * stage.raw_size):
            raise Failed("/dev/shm is too small for the image, its archive and the copy that comes back")
        shutil.copyfile(stage.archive, image)
        empty()
        stage.run(push)
        # The mean chunk of our cut is the chunk of the yardstick: 20 bytes of index a chunk.
        for folder, _, names in os.walk(store):
            for name in names:
                if name.endswith(".index"):
                    count = os.path.getsize(os.path.join(folder, name)) // 20
                    yardstick.command = (f"{stage.tool('bare_deflate')} {image} {stage.raw_size // count} "
                                         f"{jobs} {LEVEL}")

    def empty():
        shutil.rmtree(store, ignore_errors=True)
        os.makedirs(os.path.join(store, BUCKET))

    def seconds(run):
        size, packed, packing, unpacking = run.output.split()
        return {"packing": float(packing), "unpacking": float(unpacking), "archive_bytes": int(packed)}

    def forget():
        back = os.path.join(ram, "back.tar")
        if os.path.exists(back):
            os.unlink(back)

    yardstick = Contestant("libdeflate alone", "", inspect=seconds)
    return Scene("engine", "the engine alone: file in, directory out, in memory", [
        Contestant("s3dock push", push, empty, stats),
        Contestant("s3dock pull", pull, forget, stats),
        yardstick,
    ], [
        Goal("push: throughput against libdeflate alone",
             lambda f: f["libdeflate alone"]["packing"] / wall(f, "s3dock push"), 0.90, at_least=True),
        Goal("pull: throughput against libdeflate alone",
             lambda f: f["libdeflate alone"]["unpacking"] / wall(f, "s3dock pull"), None),
    ], setup=setup)


def archive_size(stage):
    store = os.path.join(stage.home, "size")
    push = stage.s3dock("push", stage.reference, "--input", stage.archive, "--bucket", BUCKET,
                        endpoint=f"file://{store}")

    def empty():
        shutil.rmtree(store, ignore_errors=True)
        os.makedirs(os.path.join(store, BUCKET))

    return Scene("size", "size of the archive", [
        Contestant("s3dock push", push, empty, stats),
        Contestant("gzip -6", f"gzip -6 -c {stage.archive} | wc -c", inspect=lambda run: {"archive_bytes": int(run.output)}),
        Contestant("zstd -3", f"zstd -3 -T0 -q -c {stage.archive} | wc -c",
                   inspect=lambda run: {"archive_bytes": int(run.output)}, missing=missing("zstd")),
    ], [
        Goal("s3dock push / gzip -6: bytes", lambda f: f["s3dock push"]["archive_bytes"] / f["gzip -6"]["archive_bytes"], 1.03),
    ], repeat=1)


def huge(stage):
    """A made-up image of 10 GB through a pipe: memory must not grow with it."""
    size, store = 10 * 10**9, os.path.join(stage.home, "huge")
    reference = "huge:20260301-0900-1a2b3c4"
    endpoint = f"file://{store}"

    def empty():
        shutil.rmtree(store, ignore_errors=True)
        os.makedirs(os.path.join(store, BUCKET))

    push = stage.s3dock("push", reference, "--input", "-", "--bucket", BUCKET, endpoint=endpoint)
    pull = stage.s3dock("pull", reference, "--output", "-", "--bucket", BUCKET, endpoint=endpoint).replace(" --json", "")
    return Scene("huge", "a made-up image of 10 GB", [
        Contestant("s3dock push", f"{stage.tool('pattern')} {size} | {push}", empty, stats),
        Contestant("s3dock pull", f"{pull} > /dev/null"),
    ], [memory_goal("s3dock push", "s3dock pull")], repeat=1)


SCENES = {scene.__name__.replace("_", "-"): scene for scene in
          (push_cold, push_unchanged, pull_cold, pull_unchanged, engine, archive_size, huge)}
