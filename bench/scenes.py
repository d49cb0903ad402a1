"""The scenes. Each one has a question, the contestants that answer it, and goals.

A scene is a function of the stage, the link and the options (names of peers and images). It returns a Scene. `SCENES`
lists all of them. Contestants that only show a limit have the key "limit-...".
"""
import copy
import os
import shutil
import signal
import subprocess
import time

import formats
from common import (EXPORT, LEVEL, LOAD, OURS, SAVE, cold_memory, fill_bucket, hold_image, image_of, link_use,
                    saving)
from harness import Contestant, Failed, Goal, Scene
from links import LOOPBACK, WATCHED
from peers import PEERS, hold_in_registry, missing, name_at, pullers, pushers, successor_peers
from stage import BUCKET, PAIRS, REGISTRY_BUCKET, stats

# --- pushes -------------------------------------------------------------------------------------------

def push(stage, link, options):
    stage.need_s3()
    image = image_of(stage, link, options)
    host, ref = stage.need_builder(image.name), image.reference
    peers = pushers(stage, options.peers, image, link, options.peer_turns)
    names = tuple(peer.name for peer in peers)
    export = Contestant(EXPORT, stage.s3dock("push", ref, "--source", "docker", host=host, link=link),
                        stage.empty_bucket, stats, key="export", turns=options.peer_turns)
    classic = tuple(peer.name for peer in peers if peer.key in ("docker", "pigz"))

    def near(limit):
        return None if link.is_slow else limit

    def published(_):
        # The scenes of successors start with the registry that docker push has filled.
        stage.holds(REGISTRY_BUCKET, image.name)
        return {}

    for peer in peers:
        if peer.key == "docker":
            peer.inspect = published
    # On a slow link, the export does not matter.
    more = [] if link.is_slow and not options.thorough else [export]
    return Scene("push", "push into an empty bucket", [
        Contestant(OURS, stage.s3dock("push", ref, host=host, link=link), stage.empty_bucket, stats, key="layers"),
        *more,
        *peers,
        saving(stage, image),
    ], [
        Goal("push / docker save: time", "wall", OURS, near(0.9), SAVE),
        Goal("push from the export / docker save: time", "wall", EXPORT, near(1.35), SAVE),
        Goal("push / best of docker push and docker save | pigz | aws: time", "wall", OURS, near(0.22), classic),
        Goal("push / best peer: time", "wall", OURS, None, names),
        Goal("push from the export / best peer: time", "wall", EXPORT, near(0.33), names),
        *link_use(link, OURS), *cold_memory(OURS, EXPORT),
    ], link=link)


def push_unchanged(stage, link, options):
    stage.need_s3()
    image = image_of(stage, link, options)
    host = stage.need_builder(image.name)
    contestants = [Contestant(OURS, stage.s3dock("push", image.reference, host=host, link=link), None, stats,
                              key="layers")]
    lacks = missing("docker-registry")
    if "docker" in options.peers:
        contestants.append(Contestant("docker push", "", missing=lacks) if lacks else
                           PEERS["docker"].push(stage, image, link))

    def setup():
        hold_image(stage, image)
        if "docker" in options.peers and not lacks:
            PEERS["docker"].publish(stage, image)

    return Scene("push-unchanged", "push what the bucket already holds", contestants, [
        Goal("push of an unchanged image: time", "wall", OURS, 0.5, unit="s"),
        Goal("push of an unchanged image: uploaded", "stated_uploaded_bytes", OURS, 0, unit="bytes"),
    ], setup=setup, link=link)


PUSH_GOALS = {  # against docker push; from the export against docker save; share of the archive uploaded
    "edited": (0.3, 1.15, 0.015), "rebuilt": (0.2, 1.3, 0.50), "updated": (None, 1.4, 0.60),
    "neighbour": (None, None, None)}


def push_pair(name):
    def scene(stage, link, options):
        """Pushes the successor of an image in the bucket (and the registry)."""
        stage.need_s3()
        first, image = stage.images["first"], stage.images[name]
        host, ref = stage.need_builder("first", name), image.reference

        def ours(text, key, *flags):
            return Contestant(text, stage.s3dock("push", ref, *flags, host=host, link=link), stage.restore, stats,
                              key=key)

        contestants = [ours(OURS, "layers"), ours(EXPORT, "export", "--source", "docker")]
        contestants[1].turns = options.peer_turns
        if options.thorough:
            contestants.append(ours("s3dock push, everything", "full", "--no-delta"))
        contestants += successor_peers(stage, image, link, options)
        if options.thorough:
            contestants.append(saving(stage, image))

        def setup():
            hold_image(stage, first)
            hold_in_registry(stage, first, options)

        peer_goal, save_goal, share_goal = PUSH_GOALS[name]
        return Scene(f"push-{name}", f"push of a successor: {PAIRS[name]}", contestants, [
            Goal("push / docker push: time", "wall", OURS, peer_goal, "docker push"),
            Goal("push from the export / docker push: time", "wall", EXPORT,
                 0.4 if name in ("rebuilt", "updated") else None, "docker push"),
            Goal("push from the export / docker save: time", "wall", EXPORT, save_goal, SAVE),
            *([Goal("push: time", "wall", OURS, 1.0, unit="s")] if name == "edited" else []),
            Goal("uploaded, share of the archive",
                 lambda run: run["stated_uploaded_bytes"] / run["stated_archive_bytes"], OURS, share_goal, unit=""),
        ], setup=setup, link=link)
    return scene


# --- pulls --------------------------------------------------------------------------------------------

def pull(stage, link, options):
    stage.need_s3()
    image, edge = image_of(stage, link, options), stage.need_edge()
    stage.need_builder(image.name)
    peers, publishers = pullers(stage, options.peers, image, link, edge, options.peer_turns)

    def setup():
        hold_image(stage, image)
        for publisher in publishers:
            publisher.publish(stage, image)
        # Both load from memory: the archive, and the plain tar.
        stage.run(f"cat {image.path} > /dev/null")

    name = "s3dock pull"
    return Scene("pull", "pull into an empty Docker", [
        Contestant(name, stage.s3dock("pull", image.reference, host=edge, link=link), stage.empty_edge, stats,
                   key="pull"),
        Contestant(LOAD, f"docker -H {edge} load -q -i {image.path}", stage.empty_edge, via="", key="limit-load"),
        *peers,
    ], [
        Goal("pull / docker load -i: time", "wall", name, None if link.is_slow else 1.05, LOAD),
        Goal("pull / best peer: time", "wall", name, None, tuple(peer.name for peer in peers)),
        *link_use(link, name), *cold_memory(name),
    ], setup=setup, link=link)


def pull_unchanged(stage, link, options):
    stage.need_s3()
    image, edge = image_of(stage, link, options), stage.need_edge()
    command = stage.s3dock("pull", image.reference, host=edge, link=link)

    def setup():
        hold_image(stage, image)
        stage.run(stage.s3dock("pull", image.reference, host=edge))

    return Scene("pull-unchanged", "pull what the host already has",
                 [Contestant("s3dock pull", command, None, stats, key="pull")],
                 [Goal("pull of an unchanged image: time", "wall", "s3dock pull", 0.5, unit="s")], setup=setup, link=link)


PULL_GOALS = {  # against docker pull, on the loopback and on a slow link; share of the archive fetched
    "edited": (1.5, 0.5, 0.005), "rebuilt": (0.9, 0.12, 0.045), "updated": (1.5, 0.35, 0.21),
    "neighbour": (None, None, None)}


def pull_pair(name):
    def scene(stage, link, options):
        """Pulls the successor of an image that the host has."""
        stage.need_s3()
        first, image, edge = stage.images["first"], stage.images[name], stage.need_edge()
        stage.need_builder("first", name)
        lacks = missing("docker-registry")

        def prepare():
            stage.keep_only(edge, first.reference)

        def ours(text, key, *flags):
            return Contestant(text, stage.s3dock("pull", image.reference, *flags, host=edge, link=link), prepare,
                              stats, key=key)

        contestants = [ours("s3dock pull", "pull")]
        if options.thorough and not link.is_slow:  # on a slow link, auto does the same
            contestants.append(ours("s3dock pull --reuse always", "always", "--reuse", "always"))
        reuser = contestants[-1].name
        if "docker" in options.peers and lacks:
            contestants.append(Contestant("docker pull", "", missing=lacks))
        elif "docker" in options.peers:
            peer = PEERS["docker"].pull(stage, image, link, edge)
            peer.prepare = prepare
            contestants.append(peer)

        def setup():
            hold_image(stage, first)
            stage.run(stage.s3dock("push", image.reference, host=stage.builder))
            peer = "docker" in options.peers and not lacks
            if peer:
                PEERS["docker"].publish(stage, first)
                PEERS["docker"].publish(stage, image)
            if stage.edge_holds == first.reference and first.reference in stage.names(edge):
                return
            stage.empty_edge()
            if peer:
                # A daemon does not recognise a loaded layer in a registry, only a pulled one.
                stage.run(PEERS["docker"].pull(stage, first, LOOPBACK, edge).command)
                stage.docker(edge, "tag", name_at(stage, first, LOOPBACK), first.reference)
            else:
                stage.docker(edge, "load", "-q", "-i", first.path)
            stage.edge_holds = first.reference

        near, far, share = PULL_GOALS[name]
        return Scene(f"pull-{name}", f"pull of a successor: {PAIRS[name]}", contestants, [
            Goal("pull / docker pull: time", "wall", "s3dock pull", far if link.is_slow else near, "docker pull"),
            Goal(f"{reuser}: fetched, share of the archive",
                 lambda run: run["received"] / run["stated_archive_bytes"], reuser, share, unit=""),
        ], setup=setup, link=link)
    return scene


def every_peer(verb):
    def scene(stage, link, options):
        """Compares with every installed peer, with a smaller image."""
        options = copy.copy(options)
        options.peers, options.image = list(PEERS), options.image or "neighbour"
        scene = {"push": push, "pull": pull}[verb](stage, link, options)
        scene.name, scene.title = f"peers-{verb}", f"{scene.title}: a smaller image, every peer"
        for goal in scene.goals:   # the scene of the large image has the limits
            goal.limit = None
        return scene
    return scene


# --- interruptions, and many hosts ----------------------------------------------------------------------------

def resume(stage, link, options):
    """Kills a transfer at half of its bytes and measures the second run."""
    stage.need_s3()
    image, edge = image_of(stage, link, options), stage.need_edge()
    builder, half = stage.need_builder(image.name), {}
    # The beginning of each command line, and its name.
    commands = {"s3dock push": (f"DOCKER_HOST={builder}", stage.s3dock("push", image.reference)),
                "s3dock pull": (f"DOCKER_HOST={edge}", stage.s3dock("pull", image.reference))}
    if "docker" in options.peers and not missing("docker-registry"):
        stage.need_registry()
        name = name_at(stage, image, LOOPBACK)
        commands["docker push"] = "", f"docker -H {builder} push -q {name}"
        commands["docker pull"] = "", f"docker -H {edge} pull -q {name}"

    # Pushes first: the pulls need their results.
    order = sorted(commands, key=lambda which: which.endswith("pull"))

    def empty(which):
        if which == "s3dock push":
            stage.empty_bucket()
            shutil.rmtree(os.environ["XDG_CACHE_HOME"], ignore_errors=True)
        elif which == "docker push":
            stage.empty_bucket(REGISTRY_BUCKET)
        else:
            stage.empty_edge()

    def moved(which):
        return stage.gateway.counters()["received" if which.endswith("pull") else "sent"]

    def setup():
        if "docker push" in commands:
            stage.docker(builder, "tag", image.reference, name_at(stage, image, LOOPBACK))
        for which in order:
            empty(which)
            before = moved(which)
            stage.run(" ".join(commands[which]))
            half[which] = (moved(which) - before) / 2

    def interrupt(which):
        """Runs the command until half of its bytes are transferred. Tiny images may end before that. Then there is
        nothing to measure."""
        if which.endswith("pull") and not stage.keys():
            fill_bucket(stage, image)
        empty(which)
        settings, command = commands[which]
        until = moved(which) + half[which]
        running = subprocess.Popen(["bash", "-c", f"{settings} exec {command}"], start_new_session=True,
                                   stdout=subprocess.DEVNULL, stderr=stage.log)
        while running.poll() is None and moved(which) < until:
            time.sleep(0.02)
        over = running.poll() is not None
        if not over:
            os.killpg(running.pid, signal.SIGKILL)
            running.wait()
        if over and not stage.tiny:
            raise Failed("it was over before it could be killed")

    return Scene("resume", "killed when half of its bytes were through, started again", [
        Contestant(which, " ".join(commands[which]), lambda which=which: interrupt(which),
                   stats if which.startswith("s3dock") else None,
                   via="registry" if which.startswith("docker") else "s3") for which in order
    ], setup=setup)


def hosts(count):
    def scene(stage, link, options):
        """This number of hosts pull one image at the same time."""
        stage.need_s3()
        reference = "huge:20260301-0900-1a2b3c4"
        path = os.path.join(stage.home, "hosts.tar")

        def at_once(command_of):
            # All of them must succeed.
            lines = [f"{command_of(host)} > /dev/null & pids+=($!)" for host in stage.need_hosts(count)]
            wait = 'for pid in "${pids[@]}"; do wait "$pid" || exit 1; done'
            return "; ".join(["pids=()", *lines, wait])

        def setup():
            stage.empty_bucket()
            stage.run(f"{stage.tool('pattern')} 100000000 > {path}")
            stage.docker(stage.builder, "load", "-q", "-i", path)
            stage.run(stage.s3dock("push", reference, "--input", path))
            if peer:
                name = f"127.0.0.1:{stage.port('registry')}/huge:20260301-0900-1a2b3c4"
                stage.docker(stage.builder, "tag", reference, name)
                stage.docker(stage.builder, "push", "-q", name)

        stage.need_builder()
        peer = "docker" in options.peers and not missing("docker-registry")
        contestants = [Contestant(
            "s3dock pull", at_once(lambda host: stage.s3dock("pull", reference, host=host, link=link)),
            lambda: stage.empty_hosts(count), key="pull")]
        if peer:
            stage.need_registry()
            name = f"127.0.0.1:{stage.port('registry', link)}/huge:20260301-0900-1a2b3c4"
            contestants.append(Contestant("docker pull", at_once(lambda host: f"docker -H {host} pull -q {name}"),
                                          lambda: stage.empty_hosts(count), via="registry", key="docker"))
        return Scene(f"hosts-{count}", f"{count} hosts pull 100 MB at once", contestants, [
            Goal("pull / docker pull: time", "wall", "s3dock pull", 1.0 if count == 8 else None, "docker pull"),
        ], setup=setup, link=link)
    return scene


# --- without Docker: the engine, sizes, levels --------------------------------------------------------

def in_memory(stage, image):
    """Creates copies of the image and a store for its archive, in memory. Returns the push, and a command that
    empties the store."""
    ram = stage.tmpfs()
    path, store = os.path.join(ram, f"{image.name}.tar"), os.path.join(ram, "store")

    def empty():
        shutil.rmtree(store, ignore_errors=True)
        os.makedirs(os.path.join(store, BUCKET))

    def setup():
        if not os.path.exists(path):
            if not stage.room_in_memory(3 * image.size):
                raise Failed("/dev/shm is too small for the image, its archive and the copy that comes back")
            shutil.copyfile(image.path, path)
        empty()

    def command(*flags):
        return stage.s3dock("push", image.reference, "--input", path, *flags, endpoint=f"file://{store}")
    return path, store, setup, empty, command


def engine(stage, link, options):
    return engine_alone(stage, options, "engine", ("gzip", LEVEL), os.cpu_count(), 0.90)


def engine_zstd(stage, link, options):
    """One packing thread on both sides: the reader, which hashes the layers, has the other processor."""
    return engine_alone(stage, options, "engine-zstd", ("zstd", 3), 1, 0.85)


def engine_alone(stage, options, key, codec, jobs, aim):
    """Measures the engine's cost on top of the bare library: from a file to a directory, all in memory."""
    name, level = codec
    alone = f"{'libzstd' if name == 'zstd' else 'libdeflate'} alone"
    image = stage.images[options.image or "first"]
    path, store, copy, empty, command = in_memory(stage, image)
    flags = ("--compression", name, "--level", str(level), "--jobs", str(jobs))
    back = os.path.join(stage.tmpfs(), "back.tar")
    pull_back = stage.s3dock("pull", image.reference, "--output", back, "--jobs", str(jobs), endpoint=f"file://{store}")

    def setup():
        copy()
        stage.run(command(*flags))
        # The bare library uses the mean chunk size of s3dock, and 32 bytes of index per chunk.
        for folder, _, files in os.walk(store):
            for file in files:
                if file.endswith(".index"):
                    count = os.path.getsize(os.path.join(folder, file)) // 32
                    yardstick.command = f"{stage.tool('bare_codec')} {path} {image.size // count} {jobs} {name} {level}"

    def seconds(output):
        _, packed, packing, unpacking = output.split()
        return {"packing": float(packing), "unpacking": float(unpacking), "stated_archive_bytes": int(packed)}

    def forget():
        if os.path.exists(back):
            os.unlink(back)

    yardstick = Contestant(alone, "", inspect=seconds, via="", key="limit-deflate")
    return Scene(key, f"the engine alone, {name} {level}: file in, directory out, in memory", [
        Contestant("s3dock push", command(*flags), empty, stats, via="", key="push"),
        Contestant("s3dock pull", pull_back, forget, stats, via="", key="pull"),
        yardstick,
    ], [
        PassGoal(f"push: throughput against {alone}", "packing", "s3dock push", aim, alone),
        PassGoal(f"pull: throughput against {alone}", "unpacking", "s3dock pull", None, alone),
    ], setup=setup)


class PassGoal(Goal):
    """Compares the throughput with one pass of the bare library, which does two passes in a run."""

    def __init__(self, text, yardstick, ours, limit, peer):
        super().__init__(text, "wall", ours, limit, peer, "", True)
        self.yardstick = yardstick

    def values(self, runs, name):
        key = self.yardstick if name == self.peer else "wall"
        return {run["turn"]: 1 / run[key] for run in runs if run["contestant"] == name}


def levels(stage, link, options):
    """Measures the levels: in memory, or over a link."""
    if link.is_slow:
        stage.need_s3()
        image, goals = stage.need_base(), link_use(link, f"level {LEVEL}")
        return Scene("levels", "a push of 172 MB at each level", [
            Contestant(f"level {level}", stage.s3dock("push", image.reference, "--input", image.path,
                                                      "--level", str(level), link=link),
                       stage.empty_bucket, stats, key=f"level-{level}")
            for level in (1, 3, 4, 5, 6, 7)
        ], goals, link=link)
    image = stage.images[options.image or "first"]
    _, _, setup, empty, command = in_memory(stage, image)
    return Scene("levels", "compression levels", [
        Contestant(f"level {level}", command("--level", str(level)), empty, stats, via="", key=f"level-{level}")
        for level in (1, 2, 3, 4, 5, 6, 7, 9)
    ], setup=setup)


def tuning(stage, link, options):
    """Varies workers and memory. The size of a part follows from the memory and the image."""
    stage.need_s3()
    image = image_of(stage, link, options)
    ways = [("--jobs", n) for n in ("0", "1", "2", "4", "8")] + [("--memory", n) for n in ("24M", "48M", "160M", "320M")]
    return Scene("tuning", "concurrency and memory", [
        Contestant(" ".join(flags), stage.s3dock("push", image.reference, "--input", image.path, *flags, link=link),
                   stage.empty_bucket, stats, key="-".join(flags).strip("-")) for flags in ways
    ], link=link)


def archive(stage, link, options):
    image = stage.images[options.image or "first"]
    store = os.path.join(stage.home, "size")

    def empty():
        shutil.rmtree(store, ignore_errors=True)
        os.makedirs(os.path.join(store, BUCKET))

    def size(output):
        return {"stated_archive_bytes": int(output)}

    return Scene("archive", "size of the archive", [
        Contestant("s3dock push", stage.s3dock("push", image.reference, "--input", image.path,
                                               endpoint=f"file://{store}"), empty, stats, via="", key="push"),
        Contestant("gzip -6", f"gzip -6 -c {image.path} | wc -c", inspect=size, via="", key="gzip"),
        Contestant("zstd -3", f"zstd -3 -T0 -q -c {image.path} | wc -c", inspect=size, missing=missing("zstd"),
                   via="", key="zstd"),
    ], [Goal("s3dock push / gzip -6: bytes", "stated_archive_bytes", "s3dock push", 1.03, "gzip -6")], repeat=1)


def sizes(stage, link, options):
    """Generated images through a pipe: the time grows with the size, the memory does not."""
    store = os.path.join(stage.home, "sizes")
    reference = "huge:20260301-0900-1a2b3c4"
    contestants = []

    def empty():
        shutil.rmtree(store, ignore_errors=True)
        os.makedirs(os.path.join(store, BUCKET))

    for size in (0.1, 0.3, 1, 3, 10) if not stage.tiny else (0.01, 0.02, 0.05):
        push_it = stage.s3dock("push", reference, "--input", "-", endpoint=f"file://{store}")
        pull_it = (stage.s3dock("pull", reference, "--output", "-", endpoint=f"file://{store}")
                   .replace(" --json", "").replace(" --quiet", ""))
        contestants += [
            Contestant(f"push {size:g} GB", f"{stage.tool('pattern')} {size * 1e9:.0f} | {push_it}", empty, stats,
                       via="", key=f"push-{size:g}"),
            Contestant(f"pull {size:g} GB", f"{pull_it} > /dev/null", via="", key=f"pull-{size:g}")]
    large, small = contestants[-2].name, contestants[-6].name
    factor = float(large.split()[1]) / float(small.split()[1])
    return Scene("sizes", "sizes: a made-up image through a pipe", contestants, [
        *cold_memory(contestants[-2].name, contestants[-1].name),
        Goal(f"push: time of {large[5:]} against {factor:g} times that of {small[5:]}",
             lambda run: run["wall"] / (factor if run["contestant"] == large else 1), large, 1.1, small),
    ], repeat=1)


def course(stage, link, options):
    """Throughput over time, measured by a proxy that only observes."""
    stage.need_s3()
    image, edge = stage.images[options.image or "first"], stage.need_edge()
    host, ref = stage.need_builder(image.name), image.reference
    peers = [name for name in options.peers if name in ("docker", "pigz")]
    # s3dock runs after the peers' pushes, which empty the bucket. The pulls run last.
    contestants = [
        *pushers(stage, peers, image, WATCHED),
        Contestant(EXPORT, stage.s3dock("push", ref, "--source", "docker", host=host, link=WATCHED),
                   stage.empty_bucket, stats, key="export"),
        Contestant(OURS, stage.s3dock("push", ref, host=host, link=WATCHED), stage.empty_bucket, stats, key="layers"),
        Contestant("s3dock pull", stage.s3dock("pull", ref, host=edge, link=WATCHED), stage.empty_edge, stats,
                   key="pull")]
    if "docker" in peers and not missing("docker-registry"):
        contestants.append(PEERS["docker"].pull(stage, image, WATCHED, edge))
        contestants[-1].prepare = stage.empty_edge
    return Scene("course", "throughput over time", contestants, repeat=1, link=WATCHED)


def limits(stage, link, options):
    """Measures the limits of the machine."""
    image = stage.images[options.image or "first"]
    path, _, setup, _, _ = in_memory(stage, image)
    host, edge = stage.need_builder(image.name), stage.need_edge()

    def copying(output):
        return {"bytes_per_second": float(output)}

    def files():
        inspected = subprocess.run(
            ["docker", "-H", host, "image", "inspect", "-f",
             "{{.GraphDriver.Data.UpperDir}}:{{.GraphDriver.Data.LowerDir}}", image.reference],
            check=True, text=True, capture_output=True).stdout.strip()
        return " ".join(inspected.replace(":<no value>", "").split(":"))

    return Scene("limits", "bare limits", [
        saving(stage, image),
        Contestant(LOAD, f"docker -H {edge} load -q -i {image.path}", stage.empty_edge, via="", key="limit-load"),
        Contestant("memcpy", f"{stage.tool('micro')} --plain memcpy", inspect=copying, via="", key="limit-memcpy"),
        Contestant("libdeflate alone", f"{stage.tool('bare_codec')} {path} 65536 {os.cpu_count()} gzip {LEVEL} > /dev/null",
                   via="", key="limit-deflate"),
        Contestant("cat of the layers' files", f"find {files()} -type f -print0 | xargs -0 cat > /dev/null", via="",
                   key="limit-cat"),
        Contestant("layers as a stream, with SHA-256", f"{stage.tool('read_layers')} {host} {image.reference}",
                   via="", key="read"),
    ], [
        Goal("reading layers / cat of their files: throughput", lambda run: 1 / run["wall"],
             "layers as a stream, with SHA-256", 0.8, "cat of the layers' files", unit="x", at_least=True),
    ], setup=setup)


SCENES = {
    "push": push, "push-unchanged": push_unchanged,
    **{f"push-{name}": push_pair(name) for name in PAIRS},
    "pull": pull, "pull-unchanged": pull_unchanged,
    **{f"pull-{name}": pull_pair(name) for name in PAIRS},
    "resume": resume, **{f"hosts-{count}": hosts(count) for count in (2, 8, 32)},
    "sizes": sizes, "levels": levels, "tuning": tuning, "archive": archive, "engine": engine,
    "engine-zstd": engine_zstd,
    **formats.SCENES, "limits": limits, "course": course, "peers-push": every_peer("push"), "peers-pull": every_peer("pull"),
}
GROUPS = {
    "pushes": [name for name in SCENES if name.startswith("push")],
    "pulls": [name for name in SCENES if name.startswith("pull")],
    "pairs": [name for name in SCENES if name.partition("-")[2] in PAIRS],
    "formats": list(formats.SCENES),
    "hosts": ["hosts-2", "hosts-8", "hosts-32"],
    "all": list(SCENES),
}
# The default scenes.
QUICK = ("push", "push-unchanged", "push-edited", "push-rebuilt", "pull", "pull-unchanged", "pull-edited",
         "pull-rebuilt")
# Estimated seconds of one round, with its preparation, on two cores.
ROUND = {"push": 230, "push-unchanged": 25, "push-edited": 45, "push-rebuilt": 100, "push-updated": 110,
         "push-neighbour": 50, "pull": 130, "pull-unchanged": 25, "pull-edited": 45, "pull-rebuilt": 65,
         "pull-updated": 65, "pull-neighbour": 45, "resume": 80, "hosts-2": 25, "hosts-8": 45, "hosts-32": 150,
         "sizes": 120, "engine": 35, "engine-zstd": 35, "levels": 75, "profile": 90, "tuning": 120, "archive": 90, "limits": 70,
         "course": 110, "micro": 70, "peers-push": 200, "peers-pull": 150,
         "pull-edited@20mbit": 30, "pull-rebuilt@20mbit": 230, "pull-updated@20mbit": 270, "push@100mbit": 60,
         "pull@100mbit": 80, "push@1gbit": 100, "pull@1gbit": 90, "push@2mbit": 100, "pull@2mbit": 70,
         "push-zstd": 260, "bucket": 300, "push-thin-edited": 45, "push-thin-rebuilt": 80, "push-thin-updated": 90,
         "pull-thin-edited": 160, "pull-thin-rebuilt": 160, "pull-thin-updated": 160,
         "pull-thin-rebuilt@20mbit": 420, "pull-thin-updated@20mbit": 500,
         "levels@1gbit": 30, "levels@100mbit": 45, "levels@20mbit": 170}


def round_seconds(name, link, tiny=False):
    return ROUND.get(f"{name}@{link.name}", ROUND.get(name, 60)) * (0.2 if tiny else 1)
