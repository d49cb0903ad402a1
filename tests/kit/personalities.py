"""Personalities of fake_s3.py: one per kind of S3 store, with the quirks that its documentation or its users report.

A personality has only the members in which it differs from PLAIN. docs/providers.md has the same table for readers.

    tests/kit/personalities.py [--few]   prints their names; --few: of few that show each quirk at least once
"""
import sys

PLAIN = {
    # "both", or "virtual": the bucket must be in the host name. Then `path_code` is the code of the refusal.
    "addressing": "both",
    "path_code": "",
    # The region that signatures must name; None: any.
    "region": "us-east-1",
    # Writes with If-Match or If-None-Match: "honoured", "ignored", or a code of 501 or 400.
    "conditions": "honoured",
    # Reads with If-None-Match: "honoured", "ignored", or "refused" with 412 instead of 304.
    "unless": "honoured",
    # If-Match without quotes only, as Ceph: quotes count as a part of the ETag.
    "bare_etags": False,
    # CopyPart: "yes", "empty" (the source is ignored), or a code of 501.
    "copy_part": "yes",
    # A condition on the source of a copy never holds for objects of parts, as Swift.
    "strict_source": False,
    # Parts: all but the last of one size; numbers without gaps; how many at most.
    "equal_parts": False,
    "contiguous": False,
    "parts_max": 10000,
    # ListMultipartUploads: "yes", "exact" (only if the prefix is a whole key), or a code of 501.
    "list_uploads": "yes",
    # Complete: "plain", "late" (blanks before the document; the first one fails in a 200).
    "complete": "plain",
    # ETag of an object of parts: "md5" (MD5-N), "upper" (as Alibaba), "own" (no MD5 at all), "empty" (not in Complete).
    "etag": "md5",
    # Headers that are refused, by their beginnings, and the status and code of the refusal.
    "refused": (),
    "refusal": (400, "InvalidArgument"),
    # Objects and parts without Content-MD5 are refused.
    "md5": False,
    # CreateBucket needs the region in its document.
    "location": False,
}

CHECKSUMS = ("x-amz-checksum-", "x-amz-sdk-checksum-algorithm")
NO_EXTRAS = ("x-amz-acl", "x-amz-tagging", "x-amz-request-payer", "x-amz-object-lock-")
KMS = ("x-amz-server-side-encryption-aws-kms-key-id", "x-amz-server-side-encryption-bucket-key-enabled")

PERSONALITIES = {
    "aws": {"region": "eu-central-1", "location": True, "complete": "late"},
    "r2": {"region": None, "equal_parts": True, "refused": NO_EXTRAS + KMS, "refusal": (501, "NotImplemented")},
    "gcs": {"region": None, "conditions": "ignored", "copy_part": "NotImplemented", "etag": "own", "refused": CHECKSUMS + KMS},
    "b2": {"region": "us-west-004", "conditions": "NotImplemented", "equal_parts": True, "refused": CHECKSUMS},
    "wasabi": {"region": "eu-central-1", "conditions": "ignored", "complete": "late"},
    "spaces": {"region": None, "bare_etags": True, "refused": CHECKSUMS, "etag": "empty"},
    "hetzner": {"region": "fsn1", "bare_etags": True, "copy_part": "NotImplemented", "etag": "empty",
                "refused": ("x-amz-tagging", "x-amz-request-payer") + KMS},
    "ceph": {"region": None, "bare_etags": True, "etag": "empty"},
    "minio": {"region": None, "list_uploads": "exact"},
    "garage": {"region": "garage", "conditions": "ignored", "equal_parts": True,
               "refused": NO_EXTRAS + KMS + ("x-amz-checksum-crc64nvme",), "refusal": (501, "NotImplemented")},
    "seaweedfs": {"region": None, "etag": "own"},
    "versitygw": {"etag": "own"},
    "swift": {"region": None, "conditions": "NotImplemented", "strict_source": True, "refused": CHECKSUMS,
              "refusal": (501, "NotImplemented")},
    "rclone": {"region": None, "conditions": "ignored", "copy_part": "empty"},
    "alibaba": {"addressing": "virtual", "path_code": "SecondLevelDomainForbidden", "conditions": "InvalidArgument",
                "list_uploads": "NotImplemented", "etag": "upper", "refused": CHECKSUMS},
    "tencent": {"addressing": "virtual", "path_code": "PathStyleDomainForbidden", "conditions": "ignored",
                "contiguous": True, "complete": "late", "etag": "own"},
    "ibm": {"region": None, "etag": "own", "refused": KMS},
    "storj": {"region": None, "copy_part": "NotImplemented", "etag": "own", "refused": NO_EXTRAS, "refusal": (501, "NotImplemented")},
    "scaleway": {"region": "fr-par", "parts_max": 1000},
    "exoscale": {"region": None, "etag": "empty"},
    "storagegrid": {"conditions": "ignored", "md5": True},
}


def quirks_of(name):
    """Returns all members of a personality; "": PLAIN."""
    return {**PLAIN, **(PERSONALITIES[name] if name else {})}


def traits_of(name):
    """Returns what a personality can show: each value of a member, each refused header, whether regions matter."""
    quirks = quirks_of(name)
    traits = {("refused", header) for header in quirks.pop("refused")}
    traits.add(("any region", quirks.pop("region") is None))
    return traits | set(quirks.items())


def few():
    """Returns few personalities that show all traits together."""
    missing, chosen = set().union(*map(traits_of, PERSONALITIES)), []
    while missing:
        chosen.append(max(PERSONALITIES, key=lambda name: len(traits_of(name) & missing)))
        missing -= traits_of(chosen[-1])
    return chosen


if __name__ == "__main__":
    print("\n".join(few() if sys.argv[1:] == ["--few"] else PERSONALITIES))
