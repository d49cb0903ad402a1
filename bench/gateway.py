"""Reads the traffic from the S3 server: bytes from its counters, requests from its log.

So the loopback needs no proxy, and all clients are measured in the same way.
"""
import collections
import json
import re
import socket
import time

# S3's list prices (us-east-1, Standard, 2025), US dollars per request. Deleting is free.
PRICE = {"put": 0.005 / 1000, "copy": 0.005 / 1000, "post": 0.005 / 1000, "list": 0.005 / 1000,
         "get": 0.0004 / 1000, "head": 0.0004 / 1000, "delete": 0.0}

REQUEST = re.compile(rb'beast: \S+: \S+ - \S+ \[[^]]*\] "([A-Z]+) (\S+) HTTP')


def kind_of(method, target):
    """Returns the billing class of a request. A copy appears as PUT in the log, and costs the same."""
    path, _, query = target.partition("?")
    if method == "GET" and path.count("/") < 2:
        return "list"
    if method == "GET" and ("uploads" in query.split("&") or "uploadId=" in query):
        return "list"
    return method.lower()


def cost(requests):
    return sum(PRICE.get(kind, 0) * count for kind, count in requests.items())


class Gateway:
    def __init__(self, directory):
        self.socket, self.log = f"{directory}/client.asok", f"{directory}/log/radosgw.log"

    def counters(self):
        with socket.socket(socket.AF_UNIX) as asok:
            asok.connect(self.socket)
            asok.sendall(b'{"prefix": "perf dump", "logger": "rgw"}\0')
            size = int.from_bytes(asok.recv(4, socket.MSG_WAITALL), "big")
            told = json.loads(asok.recv(size, socket.MSG_WAITALL))["rgw"]
        return {"sent": told["put_b"], "received": told["get_b"], "requests": told["req"]}

    def mark(self):
        with open(self.log, "rb") as log:
            return {**self.counters(), "at": log.seek(0, 2)}

    def since(self, mark):
        """Returns the bytes of each direction and the requests by kind since `mark`."""
        now = self.counters()
        asked = now["requests"] - mark["requests"]
        for _ in range(40):   # the server writes its log with a delay
            with open(self.log, "rb") as log:
                log.seek(mark["at"])
                found = REQUEST.findall(log.read())
            if len(found) >= asked:
                break
            time.sleep(0.05)
        kinds = collections.Counter(kind_of(m.decode(), t.decode("utf-8", "replace")) for m, t in found)
        return {"sent": now["sent"] - mark["sent"], "received": now["received"] - mark["received"],
                "requests": dict(kinds)}
