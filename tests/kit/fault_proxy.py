#!/usr/bin/env python3
"""A proxy between the program and a real S3 server. It counts bytes and injects faults on request.

    tests/kit/fault_proxy.py HOST:PORT

Prints its port on 127.0.0.1. It ends when its standard input is closed. The proxy does not change the data, so
signatures stay valid: the program signs for the address of the proxy.

A test controls it like fake_s3.py: POST /.fake with a JSON object. "rules" is a new script (script.py), counted from
now. The response lists the requests by kind since the last script, in order, and the bytes "up" and "down" since the
start. Actions:

    refuse       reset, and refuse connections for `seconds`
    reset        reset before anything is forwarded
    half         forward half of the request's body, then reset both connections
    drown        read the whole request, forward nothing, then reset
    lose         forward the request, read the response, then reset
    status       read the whole request, forward nothing, respond with `status` and `code`
    cut          forward only `bytes` of the response's body, then reset
    stall        forward half of the request, send nothing for `seconds`, then reset
    pause        forward `bytes` of the response's body, send nothing for `seconds`, then reset
    delay        wait `seconds`, then continue
"""
import argparse
import json
import os
import socket
import struct
import sys
import threading
import time
import urllib.parse

sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))

from script import Script, names_of  # noqa: E402

STEP = 65536


class Gone(Exception):
    """A side has closed its connection, or the proxy must close it."""


class End:
    """One side of a connection, read in lines and pieces."""

    def __init__(self, sock):
        self.sock, self.buffer = sock, b""
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def more(self):
        got = self.sock.recv(STEP)
        if not got:
            raise Gone()
        self.buffer += got

    def head(self):
        """Returns the first line and the headers, and the same as bytes."""
        while b"\r\n\r\n" not in self.buffer:
            self.more()
        raw, self.buffer = self.buffer.split(b"\r\n\r\n", 1)
        first, *lines = raw.decode("latin-1").split("\r\n")
        fields = (line.split(":", 1) for line in lines)
        return first, {name.lower(): value.strip() for name, value in fields}, raw + b"\r\n\r\n"

    def pieces(self, size):
        while size > 0:
            if not self.buffer:
                self.more()
            piece, self.buffer = self.buffer[:size], self.buffer[size:]
            size -= len(piece)
            yield piece

    def chunks(self):
        """A chunked body in its transfer encoding."""
        size = 1
        while size:
            while b"\r\n" not in self.buffer:
                self.more()
            line, self.buffer = self.buffer.split(b"\r\n", 1)
            size = int(line.split(b";")[0], 16)
            yield line + b"\r\n"
            yield from self.pieces(size + 2)

    def cut(self):
        try:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.sock.close()
        except OSError:
            pass


class Proxy:
    def __init__(self, target):
        self.target = target
        self.script = Script()
        self.lock = threading.Lock()
        self.moved = {"up": 0, "down": 0}
        self.refuse_until = 0

    def count(self, way, size):
        with self.lock:
            self.moved[way] += size

    def control(self, client, size):
        words = json.loads(b"".join(client.pieces(size)))
        told = {"kinds": self.script.kinds, **self.moved}
        if "rules" in words:
            self.script.begin(words["rules"], words.get("seed", 1))
        body = json.dumps(told).encode()
        client.sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))

    def serve(self, sock):
        client, server = End(sock), None
        try:
            server = End(socket.create_connection(self.target))
            while self.one(client, server):
                pass
        except (Gone, OSError, ValueError):
            pass
        client.cut()
        if server:
            server.cut()

    def one(self, client, server):
        """Handles one request and its response. Returns false if the connection must be reset."""
        first, headers, raw = client.head()
        method, target, _ = first.split(" ")
        path, _, query = target.partition("?")
        size = int(headers.get("content-length", 0))
        if path == "/.fake":
            self.control(client, size)
            return True
        key = urllib.parse.unquote(path).lstrip("/").partition("/")[2]
        rule = self.script.rule(*names_of(method, key, dict(urllib.parse.parse_qsl(
            query, keep_blank_values=True)), headers))
        self.count("up", len(raw))
        if rule["do"] in ("refuse", "reset"):
            if rule["do"] == "refuse":
                self.refuse_until = time.time() + rule["seconds"]
                self.listener.shutdown(socket.SHUT_RDWR)  # wakes the thread that waits for connections
            return False
        return self.pass_request(rule, client, server, raw, size) and \
            self.pass_answer(rule, method, client, server)

    def pass_request(self, rule, client, server, raw, size):
        do = rule["do"]
        if do == "delay":
            time.sleep(rule["seconds"])
        swallow = do in ("drown", "status")
        if not swallow:
            server.sock.sendall(raw)
        left = size // 2 if do in ("half", "stall") else None
        for piece in client.pieces(size):
            self.count("up", len(piece))
            if left is not None:
                piece = piece[:left]
                left -= len(piece)
            if not swallow:
                server.sock.sendall(piece)
            if left == 0:
                break
        if do == "stall":
            time.sleep(rule["seconds"])
        if do == "status":
            body = b"<Error><Code>%s</Code></Error>" % rule["code"].encode()
            client.sock.sendall(b"HTTP/1.1 %d No\r\nContent-Type: application/xml\r\n"
                                b"Content-Length: %d\r\n\r\n%s" % (rule["status"], len(body), body))
        return do not in ("half", "stall", "drown", "status")

    def pass_answer(self, rule, method, client, server):
        do = rule["do"]
        first, headers, raw = server.head()
        status = first.split(" ")[1]
        if method == "HEAD" or status in ("204", "304"):
            body = iter(())
        elif headers.get("transfer-encoding") == "chunked":
            body = server.chunks()
        else:
            body = server.pieces(int(headers.get("content-length", 0)))
        left = rule.get("bytes", 0) if do in ("cut", "pause") else None
        if do != "lose":
            self.send(client, raw)
        for piece in body:
            if left is not None and len(piece) > left:
                self.send(client, piece[:left])
                time.sleep(rule.get("seconds", 0))
                return False
            if left is not None:
                left -= len(piece)
            if do != "lose":
                self.send(client, piece)
        return do not in ("lose", "cut", "pause") and headers.get("connection") != "close"

    def send(self, client, data):
        client.sock.sendall(data)
        self.count("down", len(data))

    def listen(self, port):
        self.listener = socket.create_server(("127.0.0.1", port), backlog=64)
        return self.listener.getsockname()[1]

    def run(self):
        port = self.listen(0)
        print(port, flush=True)
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:  # the rule `refuse` closed the socket
                self.listener.close()
                time.sleep(max(0, self.refuse_until - time.time()))
                self.listen(port)
                continue
            threading.Thread(target=self.serve, args=(sock,), daemon=True).start()


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("server")
    options = parser.parse_args()
    host, port = options.server.rsplit(":", 1)
    threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
    Proxy((host, int(port))).run()


if __name__ == "__main__":
    main()
