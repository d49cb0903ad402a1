"""The core-seconds of a push and a pull by program and purpose. perf samples all processors 500 times a second.

A system library without symbols counts as one purpose: libdeflate is compression, libcrypto is SHA-256 and MD5.
"""
import collections
import os
import re
import shutil
import subprocess
import tempfile

RATE = 499
WHO = (("s3dock", r"s3dock"), ("Docker daemon", r"dockerd|containerd|^docker$|exe$"),
       ("S3 server", r"radosgw|ceph|msgr|tp_osd|bstore|rocksdb|io_context|safe_timer|log$|fn_|rgw|ms_|OpHist|registry"))
# pattern of a library or symbol, and its purpose
WHAT = (
    (r"libdeflate", "compression"), (r"libcrypto|sha256|md5", "SHA-256, MD5"),
    (r"libxxhash|XXH|run_lanes|add_blocks", "names"),
    (r"crc64", "CRC-64 of files"), (r"compress/flate|inflate|libz\.", "deflate of tar-split, gunzip"),
    (r"\broll\b|chunker|cut_|chunk_lookup_find|is_incompressible|tar_|image_feed", "cut, look-up"),
    (r"copy_(to|from)|copy_user|copy_folio|copy_page|memcpy|rep_movs|iov_iter|_copy_|clear_page|memmove", "copies"),
    (r"tcp|skb|sock|inet|ip_|netif|net_|loopback|unix_", "sockets"),
    (r"ext4|overlay|ovl_|filemap|folio|page|xas_|dentry|lookup|path|inode|jbd2|writeback|blk_|bio|submit|virtio|mas_|vma",
     "files, pages"),
    (r"runtime\.|gcWriteBarrier|mallocgc|scanobject", "Go's runtime"),
    (r"spin|futex|sched|schedule|idle|wake|mutex", "waking, waiting"),
)


def what_is(library, symbol):
    for pattern, what in WHAT:
        if re.search(pattern, library) or re.search(pattern, symbol):
            return what
    return "the kernel, otherwise" if "kernel" in library else "its own code"


def who_is(comm):
    return next((who for who, pattern in WHO if re.search(pattern, comm)), "others")


def is_allowed():
    if not shutil.which("perf"):
        return "perf is not installed"
    with tempfile.NamedTemporaryFile() as data:
        run = subprocess.run(["perf", "record", "-a", "-q", "-e", "cpu-clock", "-o", data.name, "true"],
                             capture_output=True)
    return "" if run.returncode == 0 else "perf is not allowed to look"


def gather(data):
    """Returns {program: {purpose: core-seconds}} of a recording."""
    told = subprocess.run(["perf", "report", "-i", data, "-F", "sample,comm,dso,sym", "-t", "|", "--stdio"],
                          check=True, text=True, capture_output=True).stdout
    found = collections.defaultdict(collections.Counter)
    for line in told.splitlines():
        parts = [part.strip() for part in line.split("|")]
        if line.startswith("#") or len(parts) < 4 or not parts[0].isdigit() or parts[1].startswith("swapper"):
            continue
        who = who_is(parts[1])
        what = what_is(parts[2], parts[3]) if who != "others" else "the rest"
        found[who][what] += int(parts[0]) / RATE
    return {who: dict(whats.most_common()) for who, whats in found.items()}


def record(command, log):
    with tempfile.NamedTemporaryFile(prefix="s3dock-perf.") as data:
        subprocess.run(["perf", "record", "-a", "-q", "-e", "cpu-clock", "-F", str(RATE), "-o", data.name, "--",
                        "bash", "-c", command], check=True, stdout=subprocess.DEVNULL, stderr=log)
        return gather(data.name)


def measure(stage, say):
    """Returns {title: {program: {purpose: core-seconds}}} of a push from the layers, a push from the export, and a
    pull."""
    refused = is_allowed()
    if refused:
        say(f"profile: left out, {refused}")
        return {}
    stage.need_s3()
    image, edge = stage.images["first"], stage.need_edge()
    host, found = stage.need_builder(image.name), {}
    for title, prepare, command in (
            ("push from the export", stage.empty_bucket,
             stage.s3dock("push", image.reference, "--source", "docker", host=host)),
            ("push", stage.empty_bucket, stage.s3dock("push", image.reference, host=host)),
            ("pull", stage.empty_edge, stage.s3dock("pull", image.reference, host=edge))):
        prepare()
        os.sync()
        say(f"profile: {title}")
        try:
            found[title] = record(command, stage.log)
        except (OSError, subprocess.CalledProcessError) as error:
            say(f"  FAILED: {error}")
    return found


def markdown(profile):
    """Returns one table: a row for each program and purpose, a column for each profiled command."""
    titles, lines = list(profile), []
    totals = collections.Counter()
    for found in profile.values():
        for who, whats in found.items():
            for what, seconds in whats.items():
                totals[who, what] += seconds
    lines.append(f"| core-seconds | {' | '.join(titles)} |")
    lines.append("|---|" + "---:|" * len(titles))
    for who in (*(who for who, _ in WHO), "others"):
        sums = [sum(profile[title].get(who, {}).values()) for title in titles]
        if max(sums, default=0) < 0.05:
            continue
        lines.append(f"| **{who}** | " + " | ".join(f"**{value:.1f}**" for value in sums) + " |")
        whats = sorted((what for one, what in totals if one == who), key=lambda what: -totals[who, what])
        for what in whats if who != "others" else ():
            cells = [profile[title].get(who, {}).get(what, 0) for title in titles]
            if max(cells) >= 0.1:
                lines.append(f"| {what} | " + " | ".join(f"{value:.1f}" for value in cells) + " |")
    return "\n".join(lines)
