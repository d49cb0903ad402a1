"""The measured parts of the pages, in a folder that survives the runs. So several short runs complete the pages. A part
is a scene over a link, the modules, or the profile. Its record is a document of results (docs/bench.md) with that part
alone.

A record is current if it was measured with the program and the machine of `present`, a new document. Other records are
kept and shown with a mark until they are measured again.
"""
import json
import os

from report import SCHEMA, write_file

MACHINE = ("processor", "cores", "docker", "s3", "registry")   # figures are comparable if these are equal


def key_of(name, link):
    """Returns the name of a part."""
    return name if link.name in ("loopback", "watched") else f"{name}@{link.name}"


class Records:
    def __init__(self, folder, present):
        self.folder, self.present, self.all = folder, present, {}
        for name in sorted(os.listdir(folder)) if os.path.isdir(folder) else ():
            key, _, suffix = name.rpartition(".")
            if suffix == "json":
                with open(os.path.join(folder, name)) as file:
                    document = json.load(file)
                if document.get("schema") == SCHEMA:
                    self.all[key] = document

    def keep(self, key, document):
        """Replaces the record of this part. A scene without results does not replace one with results."""
        if not any(scene["figures"] for scene in document["scenes"]) and not document["micro"] \
                and not document.get("profile"):
            return
        self.all[key] = document
        write_file(os.path.join(self.folder, key + ".json"), json.dumps(document, indent=1) + "\n")

    def differs(self, document):
        """Returns the difference to the current measurement: "program", "machine", or ""."""
        if document.get("program_sha256") != self.present["program_sha256"]:
            return "program"
        return "" if all(document["machine"].get(name) == self.present["machine"].get(name)
                         for name in MACHINE) else "machine"

    def rank(self, key):
        """Returns the sort key for the next measurement: missing parts first, then outdated, partly failed, oldest
        parts."""
        document = self.all.get(key)
        if not document:
            return 0, ""
        if self.differs(document):
            return 1, ""
        return (2, "") if any(scene["failures"] for scene in document["scenes"]) else (3, document["time"])

    def seconds(self, key):
        """Returns the seconds of the part's last measurement, or 0."""
        return sum(scene.get("seconds", 0) for scene in self.all[key]["scenes"]) if key in self.all else 0

    def together(self, keys):
        """Returns one document of all records, in that order. It has the program of the newest current record. Each
        part states in `measured` when and with which program it was measured."""
        documents = [self.all[key] for key in keys if key in self.all]
        newest = max((document for document in documents if not self.differs(document)),
                     key=lambda document: document["time"], default=self.present)
        whole = {**newest, "images": {}, "scenes": [], "micro": {}, "measured": {}}
        whole.pop("profile", None)
        for document in documents:
            measured = {name: document[name] for name in ("time", "program", "revision", "program_sha256")}
            measured["differs"] = self.differs(document)
            whole["images"].update(document["images"])
            whole["scenes"] += [{**scene, "measured": measured} for scene in document["scenes"]]
            for part in ("micro", "profile"):
                if document.get(part):
                    whole[part], whole["measured"][part] = document[part], measured
        return whole
