"""The parts that the scenes share: names of contestants, goals of every scene, and the states in which scenes start."""
from harness import Contestant, Goal
from stage import BUCKET

MIB = 2**20
LEVEL = 5  # the default of s3dock push
OURS, EXPORT = "s3dock push", "s3dock push, from the export"
SAVE, LOAD = "docker save > /dev/null", "docker load -i"


def cold_memory(*names):
    return [Goal(f"{name}: peak memory", lambda run: run["peak_memory"] / MIB, name, 128, unit="MiB")
            for name in names]


def link_use(scene_link, name):
    """Goals for a slow link, where the link is the limit."""
    if not scene_link.is_slow or scene_link.rate > 100e6:
        return []
    return [Goal(f"{name}: share of the link that is in use", "link_share", name, 0.95, unit="", at_least=True)]


def saving(stage, image):
    return Contestant(SAVE, f"docker -H {stage.need_builder(image.name)} save {image.reference} > /dev/null",
                      via="", key="limit-save")


def fill_bucket(stage, image):
    """Restores the bucket with the image, in the state after the first push."""
    stage.need_s3()
    stage.empty_bucket()
    stage.run(stage.s3dock("push", image.reference, host=stage.need_builder(image.name)))


def image_of(stage, link, options):
    """Returns the image to send. On a slow link, it is a smaller one."""
    if not options.image and link.is_slow and link.rate <= 2e6:
        return stage.need_small()
    return stage.images[options.image or ("neighbour" if link.is_slow and link.rate <= 100e6 else "first")]


def hold_image(stage, image):
    """Restores the bucket with only this image."""
    stage.need_s3()
    stage.hold(BUCKET, image.name, lambda: fill_bucket(stage, image))
