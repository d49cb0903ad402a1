"""Runs the scenes of push, pull and successors with two versions of s3dock alternately, to measure a change.

Each version fills its own bucket, because the two versions may write different formats.
"""
import os
import shlex

from harness import Contestant, Goal, Scene
from stage import BUCKET, PAIRS, stats

SLOWER = 1.03   # limit for the new version's time, relative to the old one
NOW, BEFORE = "now", "before"


class Version:
    """One of the two programs, with its own bucket and cache."""

    def __init__(self, stage, name, program):
        self.stage, self.name, self.program = stage, name, program
        self.bucket = f"{BUCKET}-{name}"

    def command(self, *arguments, host, link):
        """Returns the command line of this version, with its own bucket."""
        where = {"S3DOCK_BUCKET": self.bucket, "XDG_CACHE_HOME": os.path.join(self.stage.home, f"cache-{self.name}")}
        settings = " ".join(f"{name}={shlex.quote(value)}" for name, value in where.items())
        return f"{settings} {self.stage.s3dock(*arguments, host=host, link=link, program=self.program)}"

    def hold(self, *images, link):
        """Fills the bucket with only these images. restore() returns to that state."""
        def fill():
            for image in images:
                host = self.stage.need_builder(image.name)
                self.stage.run(self.command("push", image.reference, host=host, link=link))
        self.stage.need_bucket(self.bucket)
        self.stage.hold(self.bucket, "+".join(image.name for image in images), fill)


def versions_of(stage, options):
    stage.need_s3()
    return [Version(stage, NOW, stage.program), Version(stage, BEFORE, options.before)]


def compared(name, title, versions, contestant, setup, link):
    """Returns a scene with one contestant for each version."""
    return Scene(f"{name}-versions", f"{title}: two versions", [contestant(version) for version in versions],
                 [Goal(f"{title}, now / before: time", "wall", NOW, SLOWER, BEFORE),
                  Goal(f"{title}, now / before: processor seconds", lambda run: run["user"] + run["system"], NOW, None,
                       BEFORE)],
                 setup=setup, link=link, alternate=True)


def push(stage, link, options):
    """A push into an empty bucket."""
    versions, image = versions_of(stage, options), stage.images[options.image or "first"]
    host = stage.need_builder(image.name)

    def contestant(version):
        return Contestant(version.name, version.command("push", image.reference, host=host, link=link),
                          lambda: stage.empty_bucket(version.bucket), stats, key=version.name)

    def setup():
        for version in versions:
            stage.need_bucket(version.bucket)

    return compared("push", "push into an empty bucket", versions, contestant, setup, link)


def pull(stage, link, options):
    """A pull into an empty Docker."""
    versions, image = versions_of(stage, options), stage.images[options.image or "first"]
    edge = stage.need_edge()

    def contestant(version):
        return Contestant(version.name, version.command("pull", image.reference, host=edge, link=link),
                          stage.empty_edge, stats, key=version.name)

    def setup():
        for version in versions:
            version.hold(image, link=link)

    return compared("pull", "pull into an empty Docker", versions, contestant, setup, link)


def push_pair(pair):
    def scene(stage, link, options):
        """A push of the successor of an image that the bucket holds."""
        versions, first, image = versions_of(stage, options), stage.images["first"], stage.images[pair]
        host = stage.need_builder("first", pair)

        def contestant(version):
            return Contestant(version.name, version.command("push", image.reference, host=host, link=link),
                              lambda: stage.restore(version.bucket), stats, key=version.name)

        def setup():
            for version in versions:
                version.hold(first, link=link)

        return compared(f"push-{pair}", f"push of a successor: {PAIRS[pair]}", versions, contestant, setup, link)
    return scene


def pull_pair(pair):
    def scene(stage, link, options):
        """A pull of the successor of an image that the host has."""
        versions, first, image = versions_of(stage, options), stage.images["first"], stage.images[pair]
        edge = stage.need_edge()
        stage.need_builder("first", pair)

        def contestant(version):
            return Contestant(version.name, version.command("pull", image.reference, host=edge, link=link),
                              lambda: stage.keep_only(edge, first.reference), stats, key=version.name)

        def setup():
            for version in versions:
                version.hold(first, image, link=link)
            if stage.edge_holds != first.reference or first.reference not in stage.names(edge):
                stage.empty_edge()
                stage.docker(edge, "load", "-q", "-i", first.path)
                stage.edge_holds = first.reference

        return compared(f"pull-{pair}", f"pull of a successor: {PAIRS[pair]}", versions, contestant, setup, link)
    return scene


SCENES = {"push": push, **{f"push-{pair}": push_pair(pair) for pair in PAIRS},
          "pull": pull, **{f"pull-{pair}": pull_pair(pair) for pair in PAIRS}}
