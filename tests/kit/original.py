#!/usr/bin/env python3
"""A twin of the original s3dock: its requests and its rules, for buckets in a folder.

    tests/kit/original.py FOLDER list APP
    tests/kit/original.py FOLDER promote APP:TAG ENVIRONMENT MONTH    (it took the month from the clock)
    tests/kit/original.py FOLDER pull APP ENVIRONMENT OUT             writes the save stream
    tests/kit/original.py FOLDER push APP:TAG FILE MONTH              FILE: a save stream

It shows what clients of the original do with the objects of newer versions. It prints the original's messages and
exits with 1 after an error.
"""
import gzip
import hashlib
import json
import os
import sys

NOW = "2026-11-23T08:19:34.480966983+01:00"


class Failed(Exception):
    pass


class Original:
    def __init__(self, folder):
        self.folder = folder

    def path(self, key):
        return os.path.join(self.folder, key)

    def head(self, key):
        return os.path.isfile(self.path(key))

    def get(self, key):
        if not self.head(key):
            raise Failed(f"NoSuchKey: {key}")
        with open(self.path(key), "rb") as file:
            return file.read()

    def put(self, key, data):
        os.makedirs(os.path.dirname(self.path(key)), exist_ok=True)
        with open(self.path(key), "wb") as file:
            file.write(data)

    def copy(self, source, target):
        self.put(target, self.get(source))

    def delete(self, key):
        os.remove(self.path(key))

    def list(self, app):
        """Only the ending counts."""
        top = f"images/{app}/"
        keys = [os.path.join(folder, name) for folder, _, names in os.walk(self.path(top)) for name in names]
        tags = [os.path.basename(key)[len(app) + 1:-len(".tar.gz")] for key in keys if key.endswith(".tar.gz")]
        for tag in sorted(tags, reverse=True):
            print(f"{app}:{tag}")

    def promote(self, ref, environment, month):
        """The metadata is not read."""
        app, tag = ref.split(":")
        key, pointer = image_key(ref, month), f"pointers/{app}/{environment}.json"
        if not self.head(key):
            raise Failed(f"image not found in S3: {key}")
        time, _, commit = tag.rpartition("-")
        self.put(pointer, document({"target_type": "image", "target_path": key, "promoted_at": NOW, "promoted_by": "twin",
                                    "git_hash": commit, "git_time": time, "source_image": ref}))

    def pull(self, app, environment, out):
        pointer = f"pointers/{app}/{environment}.json"
        if not self.head(pointer):
            raise Failed(f"environment pointer not found: {app}/{environment}")
        target = json.loads(self.get(pointer))
        if target["target_type"] == "tag":
            target = json.loads(self.get(target["target_path"]))
        key = target["target_path"]
        metadata = json.loads(self.get(key[:-len(".tar.gz")] + ".json"))
        data = self.get(key)
        expected, got = metadata.get("checksum", ""), hashlib.md5(data).hexdigest()
        if expected != got:
            raise Failed(f"download failed after 3 attempts: checksum mismatch: expected {expected}, got {got}")
        try:
            stream = gzip.decompress(data)
        except gzip.BadGzipFile as error:
            raise Failed(f"failed to create gzip reader: {error}") from error
        with open(out, "wb") as file:
            file.write(stream)

    def push(self, ref, path, month):
        with open(path, "rb") as file:
            data = gzip.compress(file.read(), mtime=0)
        key = image_key(ref, month)
        description = key[:-len(".tar.gz")] + ".json"
        checksum = hashlib.md5(data).hexdigest()
        if self.head(description):
            if json.loads(self.get(description)).get("checksum", "") == checksum:
                print("skipped")
                return
            kept = f"archive/{key[len('images/'):-len('.tar.gz')]}-archived-on-20261123-0819"
            self.copy(key, kept + ".tar.gz")
            self.copy(description, kept + ".json")
            self.delete(key)
            self.delete(description)
        time, _, commit = ref.split(":")[1].rpartition("-")
        self.put(key, data)
        self.put(description, document({"checksum": checksum, "size": len(data), "created_at": NOW, "git_hash": commit,
                                        "git_time": time, "image_tag": ref, "app_name": ref.split(":")[0]}))


def image_key(ref, month):
    app, tag = ref.split(":")
    return f"images/{app}/{month}/{app}-{tag}.tar.gz"


def document(members):
    return json.dumps(members, indent=2).encode()


def main():
    if len(sys.argv) < 4 or sys.argv[2] not in ("list", "promote", "pull", "push"):
        sys.exit(__doc__)
    try:
        getattr(Original(sys.argv[1]), sys.argv[2])(*sys.argv[3:])
    except Failed as error:
        sys.exit(f"[ERROR] {error}")


main()
