"""The peers: other tools that push and pull an image. Peers that are not installed are reported as missing.

A pusher is a function of (stage, image, link), and a puller a function of (stage, image, link, host). Both return a
Contestant. Pullers require the data that `publish` has written.
"""
import os
import shlex
import shutil

from harness import Contestant
from links import LOOPBACK
from stage import BUCKET, REGISTRY_BUCKET


def missing(*tools):
    """Returns the first tool that is not installed, or ''."""
    return next((tool for tool in tools if not shutil.which(tool)), "")


def at_link(stage, link):
    """Returns environment variables that lead an S3 client over the link."""
    return f"AWS_ENDPOINT_URL=http://127.0.0.1:{stage.port('s3', link)} "


# --- through a registry -------------------------------------------------------------------------------

def name_at(stage, image, link):
    return f"127.0.0.1:{stage.port('registry', link)}/{image.app}:{image.tag}"


class Registry:
    """docker push and docker pull through docker-registry on the same S3 server."""
    name, via, tools = "docker", "registry", ("docker-registry",)

    def push(self, stage, image, link=LOOPBACK):
        stage.need_registry()
        host, name = stage.need_builder(image.name), name_at(stage, image, link)
        return Contestant("docker push", f"docker -H {host} push -q {name}",
                          lambda: stage.docker(host, "tag", image.reference, name), via="registry", key="docker")

    def pull(self, stage, image, link, host):
        stage.need_registry()
        return Contestant("docker pull", f"docker -H {host} pull -q {name_at(stage, image, link)}",
                          via="registry", key="docker")

    def publish(self, stage, image):
        contestant = self.push(stage, image)
        contestant.prepare()
        stage.run(contestant.command)


class Skopeo(Registry):
    name, tools = "skopeo", ("docker-registry", "skopeo")

    def push(self, stage, image, link=LOOPBACK):
        stage.need_registry()
        host = stage.need_builder(image.name)
        return Contestant("skopeo copy", "skopeo --insecure-policy copy --quiet --dest-tls-verify=false "
                          f"--src-daemon-host {host} docker-daemon:{image.reference} "
                          f"docker://{name_at(stage, image, link)}", via="registry", key="skopeo")

    def pull(self, stage, image, link, host):
        stage.need_registry()
        return Contestant("skopeo copy", "skopeo --insecure-policy copy --quiet --src-tls-verify=false "
                          f"--dest-daemon-host {host} docker://{name_at(stage, image, link)} "
                          f"docker-daemon:{image.reference}", via="registry", key="skopeo")


class Podman(Registry):
    """podman push and pull, with its own storage."""
    name, tools = "podman", ("docker-registry", "podman")

    def storage(self, stage, name):
        top = os.path.join(stage.home, name)
        return f"podman --root {top}/root --runroot {top}/run --cgroup-manager cgroupfs"

    def push(self, stage, image, link=LOOPBACK):
        stage.need_registry()
        podman = self.storage(stage, "podman-builder")

        def prepare():
            stage.run(f"{podman} image exists {image.reference} || {podman} load -q -i {image.path}")
        return Contestant("podman push", f"{podman} push -q --tls-verify=false {image.reference} "
                          f"docker://{name_at(stage, image, link)}", prepare, via="registry", key="podman")

    def pull(self, stage, image, link, host):
        stage.need_registry()
        podman = self.storage(stage, "podman-edge")
        return Contestant("podman pull", f"{podman} pull -q --tls-verify=false {name_at(stage, image, link)}",
                          lambda: stage.run(f"{podman} rmi -af"), via="registry", key="podman")


# --- as a stream --------------------------------------------------------------------------------------

class Stream:
    """docker save | a compressor | an S3 client, and the reverse."""
    via = "s3"

    def __init__(self, name, packer, unpacker, client="aws"):
        self.name, self.packer, self.unpacker, self.client = name, packer, unpacker, client
        self.tools = (packer.split()[0], client)
        self.object = f"peer.{name}"

    def send(self, stage, link):
        if self.client == "rclone":
            return rclone(stage, link) + f"rclone rcat peer:{BUCKET}/{self.object}", "rclone rcat"
        if self.client == "s3cmd":
            return s3cmd(stage, link) + f" put - s3://{BUCKET}/{self.object}", "s3cmd put -"
        return at_link(stage, link) + f"aws s3 cp --quiet - s3://{BUCKET}/{self.object}", "aws s3 cp -"

    def fetch(self, stage, link):
        if self.client == "rclone":
            return rclone(stage, link) + f"rclone cat peer:{BUCKET}/{self.object}", "rclone cat"
        if self.client == "s3cmd":
            return s3cmd(stage, link) + f" get s3://{BUCKET}/{self.object} -", "s3cmd get -"
        return at_link(stage, link) + f"aws s3 cp --quiet s3://{BUCKET}/{self.object} -", "aws s3 cp"

    def push(self, stage, image, link=LOOPBACK):
        stage.need_s3()
        command, word = self.send(stage, link)
        return Contestant(f"docker save | {self.packer} | {word}",
                          f"docker -H {stage.need_builder(image.name)} save {image.reference} | "
                          f"{self.packer} | {command}", stage.empty_bucket, key=self.name)

    def pull(self, stage, image, link, host):
        stage.need_s3()
        command, word = self.fetch(stage, link)
        return Contestant(f"{word} | {self.unpacker} | docker load",
                          f"{command} | {self.unpacker} | docker -H {host} load -q", key=self.name)

    def publish(self, stage, image):
        """Requires the image's archive in the bucket, which is an ordinary gzip file."""
        if self.unpacker in ("gunzip", "pigz -d"):
            archive = next(key for key in stage.keys() if key.endswith(".tar.gz") and image.tag in key)
            stage.run(f"aws s3 cp --quiet s3://{BUCKET}/{archive} s3://{BUCKET}/{self.object}")
        else:
            stage.run(f"{self.packer} < {shlex.quote(image.path)} | {self.send(stage, LOOPBACK)[0]}")


def rclone(stage, link):
    return ("RCLONE_CONFIG_PEER_TYPE=s3 RCLONE_CONFIG_PEER_PROVIDER=Ceph RCLONE_CONFIG_PEER_ENV_AUTH=true "
            f"RCLONE_CONFIG_PEER_ENDPOINT=http://127.0.0.1:{stage.port('s3', link)} RCLONE_CONFIG= ")


def s3cmd(stage, link):
    where = f"127.0.0.1:{stage.port('s3', link)}"
    return (f"s3cmd --quiet --no-ssl --host={where} --host-bucket={where} --access_key=\"$AWS_ACCESS_KEY_ID\" "
            "--secret_key=\"$AWS_SECRET_ACCESS_KEY\" --config=/dev/null")


PEERS = {peer.name: peer for peer in (
    Registry(),
    Stream("gzip", "gzip", "gunzip"),
    Stream("pigz", "pigz", "pigz -d"),
    Stream("zstd", "zstd -q -T0", "zstd -q -d"),
    Skopeo(),
    Stream("rclone", "pigz", "pigz -d", "rclone"),
    Stream("s3cmd", "pigz", "pigz -d", "s3cmd"),
    Podman(),
)}
QUICK = ("docker", "pigz", "zstd")


def pushers(stage, names, image, link=LOOPBACK, turns=0):
    """Returns the contestants that push the image over the link, with at most this number of turns."""
    found = []
    for name in names:
        peer = PEERS[name]
        lacks = missing(*peer.tools)
        if lacks:
            found.append(Contestant(name, "", missing=lacks))
            continue
        contestant = peer.push(stage, image, link)
        if peer.via == "registry":
            before = contestant.prepare
            contestant.prepare = lambda before=before: (stage.empty_bucket(REGISTRY_BUCKET), before and before())
        contestant.turns = turns
        found.append(contestant)
    return found


def pullers(stage, names, image, link, host, turns=0):
    """Returns the contestants that pull into an empty host, with at most this number of turns, and those that must
    publish first."""
    found, published = [], []
    for name in names:
        peer = PEERS[name]
        lacks = missing(*peer.tools)
        if lacks:
            found.append(Contestant(name, "", missing=lacks))
            continue
        contestant, before = peer.pull(stage, image, link, host), None
        before = contestant.prepare
        contestant.prepare = lambda before=before: (stage.empty_host(host), before and before())
        # All pullers from the registry share one copy.
        publisher = PEERS["docker"] if peer.via == "registry" else peer
        if publisher not in published:
            published.append(publisher)
        contestant.turns = turns
        found.append(contestant)
    return found, published


def successor_peers(stage, image, link, options):
    """docker push of a successor, into the registry as hold_in_registry leaves it; none if it was not asked for."""
    lacks = missing("docker-registry")
    if "docker" not in options.peers:
        return []
    if lacks:
        return [Contestant("docker push", "", missing=lacks)]
    peer = PEERS["docker"].push(stage, image, link)
    tag = peer.prepare
    peer.prepare = lambda: (stage.restore(REGISTRY_BUCKET), tag())
    peer.turns = options.peer_turns
    return [peer]


def hold_in_registry(stage, image, options):
    """Restores the registry with only this image, if docker push takes part."""
    if "docker" in options.peers and not missing("docker-registry"):
        stage.hold(REGISTRY_BUCKET, image.name, lambda: PEERS["docker"].publish(stage, image))
