"""Scenes of zstd and of thin images."""
import functools
import json

from common import SAVE, cold_memory, image_of, link_use, saving
from harness import Contestant, Goal, Scene
from links import LOOPBACK
from peers import hold_in_registry, pushers, successor_peers
from stage import BUCKET, PAIRS, stats

ZSTD, THIN = ("--compression", "zstd"), ("--compression", "zstd", "--thin")
WHOLE_BUCKET = "whole"  # a second bucket, with whole images
ZSTD_DEFAULT, ZSTD_SMALL, ZSTD_FASTEST = "zstd, default level", "zstd, level 6", "zstd, fastest"
GZIP, GZIP_FASTEST, ZSTD_EXPORT = "gzip, default level", "gzip, fastest", "zstd, from the export"
WAYS = (   # contestant, flags, key
    (ZSTD_DEFAULT, ZSTD, "zstd"), (ZSTD_SMALL, (*ZSTD, "--level", "6"), "zstd-6"),
    (ZSTD_FASTEST, (*ZSTD, "--level", "fastest"), "zstd-fastest"), (GZIP, (), "gzip"),
    (GZIP_FASTEST, ("--level", "fastest"), "gzip-fastest"),
    (ZSTD_EXPORT, (*ZSTD, "--source", "docker"), "zstd-export"))


def push_zstd(stage, link, options):
    """Codecs and levels of a push into an empty bucket, with the pipes that pack the same way."""
    stage.need_s3()
    image = image_of(stage, link, options)
    host = stage.need_builder(image.name)
    peers = pushers(stage, [name for name in options.peers if name in ("docker", "pigz", "zstd")], image, link,
                    options.peer_turns)
    named = {peer.key: peer.name for peer in peers}
    ours = [Contestant(text, stage.s3dock("push", image.reference, *flags, host=host, link=link), stage.empty_bucket,
                       stats, key=key) for text, flags, key in WAYS]

    def near(limit):
        return None if link.is_slow else limit

    def size(text, name, limit):
        return Goal(text, "stated_archive_bytes", name, limit, GZIP)

    return Scene("push-zstd", "push into an empty bucket: codecs and levels", [*ours, *peers, saving(stage, image)], [
        Goal("zstd / docker save: time", "wall", ZSTD_DEFAULT, near(0.70), SAVE),
        size("zstd / gzip at its default level: bytes", ZSTD_DEFAULT, 1.04),
        Goal("zstd at level 6 / docker save: time", "wall", ZSTD_SMALL, near(0.85), SAVE),
        size("zstd at level 6 / gzip at its default level: bytes", ZSTD_SMALL, 1.0),
        Goal("zstd at the fastest level / docker save: time", "wall", ZSTD_FASTEST, near(0.55), SAVE),
        Goal("gzip at the fastest level / docker save: time", "wall", GZIP_FASTEST, near(0.55), SAVE),
        Goal("zstd / best of docker push and docker save | pigz | aws: time", "wall", ZSTD_DEFAULT, near(0.15),
             tuple(named[key] for key in ("docker", "pigz") if key in named)),
        Goal("zstd from the export / docker save | zstd | aws: time", "wall", ZSTD_EXPORT, near(1.0),
             named.get("zstd", "")),
        *link_use(link, ZSTD_DEFAULT), *cold_memory(ZSTD_DEFAULT, ZSTD_EXPORT),
    ], link=link)


# --- thin images ----------------------------------------------------------------------------------------

PUSH_GOALS = {  # against docker push; seconds; share of the archive that is uploaded
    "edited": (0.12, 0.35, 0.004), "rebuilt": (0.06, None, 0.025), "updated": (0.10, None, 0.19)}


def fill_thin(stage, image):
    stage.run(stage.s3dock("push", image.reference, *THIN, host=stage.need_builder(image.name)))


def hold_thin(stage, image):
    """Restores the bucket with only this image, which is thin."""
    stage.need_s3()

    def fill():
        fill_thin(stage, image)
    stage.hold(BUCKET, f"{image.name}, thin", fill)


def push_thin(name):
    def scene(stage, link, options):
        """Pushes the successor of a thin image in the bucket (and the registry)."""
        stage.need_s3()
        first, image = stage.images["first"], stage.images[name]
        host = stage.need_builder("first", name)
        ours = "s3dock push --thin"
        contestants = [Contestant(ours, stage.s3dock("push", image.reference, *THIN, host=host, link=link),
                                  stage.restore, stats, key="thin")]
        contestants += successor_peers(stage, image, link, options)

        def setup():
            hold_thin(stage, first)
            hold_in_registry(stage, first, options)

        ratio, time, share = PUSH_GOALS[name]
        return Scene(f"push-thin-{name}", f"thin push of a successor: {PAIRS[name]}", contestants, [
            Goal("thin push / docker push: time", "wall", ours, ratio, "docker push"),
            *([Goal("thin push: time", "wall", ours, time, unit="s")] if time else []),
            Goal("uploaded, share of the archive",
                 lambda run: run["stated_uploaded_bytes"] / run["stated_archive_bytes"], ours, share, unit=""),
            *cold_memory(ours),
        ], setup=setup, link=link)
    return scene


def pull_thin(name):
    def scene(stage, link, options):
        """Pulls a thin image, and the same image whole from another bucket: all of it, or on a slow link, what a host
        with the image before needs."""
        stage.need_s3()
        first, image, edge = stage.images["first"], stage.images[name], stage.need_edge()
        stage.need_builder("first", name)

        def prepare():
            if link.is_slow:
                stage.keep_only(edge, first.reference)
            else:
                stage.empty_edge()

        def ours(text, key, bucket):
            return Contestant(text, stage.s3dock("pull", image.reference, "--bucket", bucket, host=edge, link=link),
                              prepare, stats, key=key)

        def setup():
            hold_thin(stage, first)
            fill_thin(stage, image)
            stage.need_bucket(WHOLE_BUCKET)
            stage.hold(WHOLE_BUCKET, image.name, functools.partial(stage.run, stage.s3dock(
                "push", image.reference, *ZSTD, "--bucket", WHOLE_BUCKET, host=stage.builder)))
            if link.is_slow:
                stage.empty_edge()
                stage.docker(edge, "load", "-q", "-i", first.path)
                stage.edge_holds = first.reference

        thin, whole = "s3dock pull, thin", "s3dock pull, whole"
        return Scene(f"pull-thin-{name}", f"pull of a thin image: {PAIRS[name]}",
                     [ours(thin, "thin", BUCKET), ours(whole, "whole", WHOLE_BUCKET)], [
            Goal("thin / whole: time", "wall", thin, 1.05, whole),
            Goal("thin / whole: bytes", "received", thin, 1.04, whole),
            Goal("thin / whole: requests", "stated_requests", thin, 1.6, whole),
            *cold_memory(thin),
        ], setup=setup, link=link)
    return scene


# --- the bucket ----------------------------------------------------------------------------------------

CHAIN = ("first", "edited", "rebuilt", "updated")


def bucket(stage, link, options):
    """The bytes of the bucket after an image and three successors."""
    stage.need_s3()
    images = [stage.images[name] for name in CHAIN]
    host = stage.need_builder(*CHAIN)

    def pushes(*flags):
        lines = [stage.s3dock("push", image.reference, *flags, host=host) + " > /dev/null" for image in images]
        return " && ".join([*lines, stage.s3dock("stats", "--quick")])

    def held(output):
        return {"bucket_bytes": json.loads(output)["data"]["total"]["bytes"]}

    whole, thin = "s3dock push", "s3dock push --thin"
    return Scene("bucket", "the bucket after an image and its edited, rebuilt and updated successors", [
        Contestant(whole, pushes(), stage.empty_bucket, held, key="whole"),
        Contestant(f"{whole}, zstd", pushes(*ZSTD), stage.empty_bucket, held, key="zstd"),
        Contestant(thin, pushes(*THIN), stage.empty_bucket, held, key="thin"),
    ], [Goal("thin images / whole archives: bytes of the bucket", "bucket_bytes", thin, 0.30, whole)],
        link=LOOPBACK, repeat=1)


SCENES = {
    "push-zstd": push_zstd,
    **{f"push-thin-{name}": push_thin(name) for name in PUSH_GOALS},
    **{f"pull-thin-{name}": pull_thin(name) for name in PUSH_GOALS},
    "bucket": bucket,
}
