#!/usr/bin/env python3
"""Sends requests to a server at a fixed rate, and reports every one that fails.

    load.py PORT [options]      until SIGTERM, SIGINT, --seconds or --requests; prints a JSON summary
    load.py selftest            checks that each kind of failure is found

The loop is open: a request begins at its time, whatever happens to the others. A closed loop (wrk, hey) sends less while
the server stalls, and so hides the stall. A share of the requests uses new connections, the rest kept ones; a share is
slow, a share is a stream. The server is tests/kit/app.c, which repeats the id of each request and names its generation.

    --host NAME      the server (127.0.0.1); each new connection uses one of the name's addresses, as it is then
    --rate N         requests a second (200)
    --seconds S      ends after this time
    --requests N     ends after this number
    --kept SHARE     of requests on kept connections (0.5)
    --slow SHARE     of requests that take --slow-seconds (0.01, 2 s)
    --streams SHARE  of responses that are streams of --slow-seconds (0.01)
    --sockets SHARE  of requests that become a websocket for --slow-seconds (0)
    --late S         a request that takes so much longer than planned has failed (1); on a busy machine: one that takes
                     20 times the usual response of the run
    --timeout S      any request that takes so much longer than planned has failed (60)
    --leaves FILE    lines "TIME HOST": from this time on (seconds since 1970), no new request may reach this container
    --answered FILE  exists after the first request
    --failures FILE  gets a line "BEGAN ENDED KIND" for each failure (seconds since 1970)
    --grace S        time between a line of --leaves and the first request that counts (0)

A request has failed if the connection is refused or reset, the response is cut, late, or has another status than 200 or
another id. A kept connection may be closed between two requests: as all HTTP clients do, the request is sent again on a
new connection, and counted as "resent".

Exit code: 0 no request failed; 1 some failed; 2 no request was sent.
"""
import argparse
import asyncio
import collections
import contextlib
import json
import random
import signal
import socket
import struct
import sys
import time

HEAD_MAX = 65536
EXAMPLES = 6  # of each kind


class Failure(Exception):
    def __init__(self, kind, words=""):
        super().__init__(f"{kind}: {words}" if words else kind)
        self.kind = kind


class Stale(Exception):
    """A kept connection was closed before the first byte of a response."""


# ---- one request -----------------------------------------------------------------------------------

class Connection:
    def __init__(self, host, port):
        self.host, self.port, self.reader, self.writer, self.used = host, port, None, None, False

    async def address(self):
        if self.host[0].isdigit():
            return self.host
        found = await asyncio.get_running_loop().getaddrinfo(self.host, self.port, type=socket.SOCK_STREAM)
        return random.choice(found)[4][0]

    async def open(self):
        try:
            self.reader, self.writer = await asyncio.open_connection(await self.address(), self.port, limit=HEAD_MAX)
        except socket.gaierror as error:
            raise Failure("unknown", str(error)) from error
        except ConnectionRefusedError as error:
            raise Failure("refused") from error
        except OSError as error:
            raise Failure("reset", str(error)) from error

    def close(self):
        if self.writer:
            self.writer.transport.abort()

    async def head(self):
        try:
            return await self.reader.readuntil(b"\r\n\r\n")
        except asyncio.LimitOverrunError as error:
            raise Failure("garbled", "endless head") from error
        except asyncio.IncompleteReadError as error:
            if self.used and not error.partial:
                raise Stale() from error
            raise Failure("short" if error.partial else "closed", "no whole head") from error
        except OSError as error:
            if self.used:
                raise Stale() from error
            raise Failure("reset", "before the response") from error

    async def body(self, headers):
        try:
            if headers.get("transfer-encoding") == "chunked":
                return await self.chunks()
            return await self.reader.readexactly(int(headers.get("content-length", "-1")))
        except asyncio.IncompleteReadError as error:
            raise Failure("short", f"{len(error.partial)} bytes of the body") from error
        except OSError as error:
            raise Failure("reset", "within the body") from error
        except ValueError as error:
            raise Failure("garbled", "no length") from error

    async def chunks(self):
        parts = []
        while True:
            size = int((await self.reader.readuntil(b"\r\n")).split(b";")[0], 16)
            parts.append((await self.reader.readexactly(size + 2))[:-2])
            if size == 0:
                return b"".join(parts)

    async def send(self, path, number, more):
        """Sends a request. Returns the status and the headers of the response."""
        try:
            self.writer.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Id: {number}\r\n{more}\r\n\r\n".encode())
        except OSError as error:
            raise Stale() from error
        head = (await self.head()).decode("latin-1").split("\r\n")
        words = head[0].split(" ")
        if not words[0].startswith("HTTP/1.") or len(words) < 2:
            raise Failure("garbled", head[0][:40])
        return words[1], {name.lower(): value.strip()
                          for name, _, value in (line.partition(":") for line in head[1:] if line)}

    async def ask(self, path, number, closes):
        """Returns the response's headers and body, and whether the connection stays open."""
        status, headers = await self.send(path, number, "Connection: close" if closes else "Accept: */*")
        if status != "200":
            raise Failure("status", status)
        body = await self.body(headers)
        if headers.get("x-id") != str(number):
            raise Failure("garbled", f"id {headers.get('x-id')} instead of {number}")
        self.used = True
        return headers, body, not closes and headers.get("connection", "").lower() != "close"

    async def talk(self, number, seconds):
        """Opens a websocket, and sends lines that the server returns. Returns the headers."""
        status, headers = await self.send("/ws", number, "Connection: Upgrade\r\nUpgrade: websocket\r\n"
                                          "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==")
        if status != "101":
            raise Failure("status", status)
        line, end = 0, time.monotonic() + seconds
        while line == 0 or time.monotonic() < end:
            sent = b"%d of %d\n" % (line, number)
            try:
                self.writer.write(sent)
                got = await self.reader.readline()
            except OSError as error:
                raise Failure("reset", "within a websocket") from error
            if got != sent:
                raise Failure("short" if sent.startswith(got) else "garbled", f"a websocket after {line} lines")
            line += 1
            await asyncio.sleep(0.1)
        return headers


# ---- the load ----------------------------------------------------------------------------------------

Result = collections.namedtuple("Result", "began ended kind host gen failure over")  # over: seconds beyond the planned ones
LATE_SHARE = 20  # a late response takes this many times the usual one of the run, at least --late


class Load:
    def __init__(self, port, options):
        self.port, self.options = port, options
        self.idle, self.results, self.running = [], [], set()
        self.resent, self.opened, self.lag, self.stalls = 0, 0, 0.0, []
        self.stop = asyncio.Event()
        self.random = random.Random(5)

    async def connection(self):
        fresh = Connection(self.options.host, self.port)
        await fresh.open()
        self.opened += 1
        return fresh

    def open_connection(self):
        """A kept connection that the server has not closed, or None."""
        while self.idle:
            connection = self.idle.pop()
            if not connection.reader.at_eof() and not connection.reader.exception():
                return connection
            connection.close()
        return None

    async def exchange(self, path, number, kept):
        """Sends one request. Only a kept connection that was closed meanwhile is replaced, once."""
        connection = self.open_connection() if kept else None
        try:
            if connection:
                try:
                    return await self.finish(connection, path, number, kept)
                except Stale:
                    self.resent += 1
                    connection.close()
            connection = None
            connection = await self.connection()
            return await self.finish(connection, path, number, kept)
        except Stale as stale:
            raise Failure("closed") from stale
        except BaseException:
            if connection:
                connection.close()
            raise

    async def finish(self, connection, path, number, kept):
        headers, body, stays = await connection.ask(path, number, not kept)
        if stays:
            self.idle.append(connection)
        else:
            connection.close()
        return headers, body

    async def converse(self, number, seconds):
        connection = await self.connection()
        try:
            return await connection.talk(number, seconds)
        finally:
            connection.close()

    def choose(self):
        options, draw = self.options, self.random.random()
        if draw < options.slow:
            return "slow", f"/slow?{options.slow_seconds:g}", options.slow_seconds
        if draw < options.slow + options.streams:
            return "stream", f"/stream?{int(options.slow_seconds * 10)}", options.slow_seconds
        if draw < options.slow + options.streams + options.sockets:
            return "websocket", "/ws", options.slow_seconds
        return "usual", "/", 0

    async def request(self, number):
        kind, path, planned = self.choose()
        kept = self.random.random() < self.options.kept
        began, host, gen, failure = time.time(), "", "", None
        try:
            async with asyncio.timeout(planned + self.options.timeout):
                if kind == "websocket":
                    headers, body = await self.converse(number, planned), b""
                else:
                    headers, body = await self.exchange(path, number, kept)
            host, gen = headers.get("x-host", ""), headers.get("x-gen", "")
            if kind == "stream" and not body.endswith(b"end\n"):
                raise Failure("short", "a stream without its end")
        except TimeoutError:
            failure = Failure("timeout")
        except Failure as error:
            failure = error
        ended = time.time()
        over = ended - began - self.own_share(began, ended) - planned
        if self.options.answered and not self.results:
            open(self.options.answered, "w", encoding="utf-8").close()
        self.results.append(Result(began, ended, kind, host, gen, failure, over))

    def judge_late(self):
        """A busy machine delays all responses: the limit follows the usual response of this run."""
        usual = sorted(result.over for result in self.results if result.kind == "usual" and not result.failure)
        limit = max(self.options.late, LATE_SHARE * usual[len(usual) // 2] if usual else 0)
        self.results = [result._replace(failure=Failure("late", f"{result.over:.2f} s, limit {limit:.2f} s"))
                        if not result.failure and result.over > limit else result for result in self.results]

    def own_share(self, began, ended):
        """The seconds of this time in which this program itself did not run."""
        return sum(max(0, min(ended, to) - max(began, since)) for since, to in self.stalls)

    def note_delay(self, delay):
        self.lag = max(self.lag, delay)
        if delay > 0.05 and not (self.stalls and self.stalls[-1][1] > time.time() - delay):
            self.stalls.append((time.time() - delay, time.time()))

    def begin(self, number):
        task = asyncio.ensure_future(self.request(number))
        self.running.add(task)
        task.add_done_callback(self.running.discard)

    async def run(self):
        loop, options = asyncio.get_running_loop(), self.options
        for name in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(name, self.stop.set)
        start, number = loop.time(), 0
        while not self.stop.is_set() and number != options.requests and not (
                options.seconds and loop.time() - start >= options.seconds):
            due = start + number / options.rate
            if due > loop.time():
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self.stop.wait(), due - loop.time())
                continue
            self.note_delay(loop.time() - due)
            self.begin(number)
            number += 1
            if number % 50 == 0:
                await asyncio.sleep(0)
        if self.running:
            await asyncio.wait(self.running)
        for connection in self.idle:
            connection.close()
        self.judge_late()


# ---- summary -----------------------------------------------------------------------------------------

def read_leaves(path):
    leaves = {}
    if path:
        with open(path, encoding="utf-8") as file:
            for line in file:
                when, host = line.split()
                leaves[host] = float(when)
    return leaves


def stray_answers(results, leaves, grace):
    """The responses of a container to requests that began after it had left."""
    return [result for result in results
            if not result.failure and result.host in leaves and result.began > leaves[result.host] + grace]


def hosts_of(results):
    """Each container with its first and last response, in order."""
    hosts = {}
    for result in sorted(results, key=lambda result: result.ended):
        if not result.failure:
            entry = hosts.setdefault(result.host, {"host": result.host, "gen": result.gen, "answers": 0,
                                                   "first": result.ended, "last_began": result.began})
            entry["answers"] += 1
            entry["last_began"] = max(entry["last_began"], result.began)
    return list(hosts.values())


def examples_of(bad):
    """The first failures of each kind."""
    seen = collections.Counter()
    for result in bad:
        seen[result.failure.kind] += 1
        if seen[result.failure.kind] <= EXAMPLES:
            yield result


def summarise(load, options):
    results = sorted(load.results, key=lambda result: result.began)
    good = [result for result in results if not result.failure]
    bad = [result for result in results if result.failure]
    usual = sorted(result.ended - result.began for result in good if result.kind == "usual")
    last = results[-1].began if results else 0
    ends = sorted(result.ended for result in good if result.ended <= last)
    stray = stray_answers(results, read_leaves(options.leaves), options.grace)
    return {  # the reasons of a failure are last: a test that fails prints the end
        "hosts": hosts_of(results),
        "requests": len(results),
        "answers_after_leave": len(stray),
        "resent": load.resent,
        "connections": load.opened,
        "kinds": dict(collections.Counter(result.kind for result in results)),
        "latency": {"median": usual[len(usual) // 2], "p99": usual[len(usual) * 99 // 100], "max": usual[-1]} if usual
        else {},
        "longest_gap": max((after - before for before, after in zip(ends, ends[1:])), default=0),
        "own_delay": load.lag,
        "failed": len(bad),
        "failures": dict(collections.Counter(result.failure.kind for result in bad)),
        "examples": [f"{result.began:.3f} {result.kind}, after {result.ended - result.began:.3f} s: {result.failure}"
                     for result in examples_of(bad)]
        + [f"{result.began:.3f} {result.kind}: {result.host} answered after it had left" for result in stray[:EXAMPLES]],
    }


def write_failures(load, path):
    with open(path, "w", encoding="utf-8") as file:
        for result in load.results:
            if result.failure:
                file.write(f"{result.began:.6f} {result.ended:.6f} {result.failure.kind}\n")


def run(port, options):
    async def main():
        load = Load(port, options)
        await load.run()
        return load

    load = asyncio.run(main())
    if options.failures:
        write_failures(load, options.failures)
    return summarise(load, options)


# ---- selftest ----------------------------------------------------------------------------------------

def head(status="200 OK", size=2, number="", more=""):
    return (f"HTTP/1.1 {status}\r\nContent-Length: {size}\r\nX-Gen: 1\r\nX-Host: a\r\nX-Id: {number}\r\n"
            f"{more}\r\n").encode()


async def serve_badly(fault, reader, writer):
    """Responds to the requests of one connection. Every 10th one gets the fault."""
    served = 0
    while True:
        try:
            asked = (await reader.readuntil(b"\r\n\r\n")).decode()
        except (asyncio.IncompleteReadError, OSError):
            break
        number = asked.partition("X-Id: ")[2].partition("\r\n")[0]
        wrong = int(number) % 10 == 5
        if wrong and fault == "stale" and served > 0:
            break
        if wrong and fault == "reset":
            linger = struct.pack("ii", 1, 0)  # the close sends a reset
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            break
        if wrong and fault == "timeout":
            await asyncio.sleep(1000)
        if wrong and fault == "late":
            await asyncio.sleep(3)
        if wrong and fault == "closed":
            break
        if wrong and fault == "short":
            writer.write(head(size=100, number=number) + b"ok")
            break
        if wrong and fault == "status":
            writer.write(head("502 Bad Gateway", number=number) + b"no")
        elif wrong and fault == "garbled":
            writer.write(head(number="7777") + b"ok")
        elif "GET /ws" in asked:
            writer.write(b"HTTP/1.1 101 Switching Protocols\r\n\r\n" + (b"0 of " if wrong else b""))
            break
        elif "GET /stream" in asked:
            writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX-Id: " + number.encode() +
                         b"\r\n\r\n3\r\nen\n\r\n0\r\n\r\n")  # without its last line
        else:
            writer.write(head(number=number) + b"ok")
        served += 1
    with contextlib.suppress(OSError):
        await writer.drain()
    writer.close()


async def play(fault):
    """Runs a short load against a server with this fault."""
    options = parser().parse_args(["1", "--requests", "80", "--slow", "0",
                                   # A busy machine sends late requests at once, and then none finds a kept connection.
                                   "--rate", "20" if fault == "stale" else "100",
                                   "--kept", "1" if fault == "stale" else "0.5",
                                   "--streams", "0.1" if fault == "stream" else "0",
                                   "--sockets", "0.1" if fault == "websocket" else "0",
                                   "--late", "1" if fault == "late" else "100",
                                   "--timeout", "2" if fault == "timeout" else "100"])
    tasks = []

    def serve(reader, writer):
        tasks.append(asyncio.ensure_future(serve_badly(fault, reader, writer)))

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    if fault == "refused":
        server.close()
    load = Load(port, options)
    await load.run()
    server.close()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    return summarise(load, options)


def check_leaves():
    """Responses of a container that left: only those to later requests count."""
    results = [Result(began, began + 1, "usual", host, "1", None, 0)
               for began, host in ((10, "old"), (12, "old"), (13, "new"), (14, "old"))]
    return len(stray_answers(results, {"old": 12.5}, 0)) == 1 and not stray_answers(results, {"old": 12.5}, 2)


async def play_all(faults):
    """All at once, but for the last one: the others would slow down its usual responses."""
    *others, last = faults
    return [*await asyncio.gather(*(play(fault) for fault in others)), await play(last)]


def selftest():
    faults = ("none", "refused", "reset", "closed", "timeout", "short", "status", "garbled", "stream",
              "websocket", "stale", "late")
    wrong = [] if check_leaves() else ["leaves"]
    for fault, found in zip(faults, asyncio.run(play_all(faults))):
        expected = {"none": set(), "stale": set(), "stream": {"short"}, "websocket": {"short"}}.get(fault, {fault})
        kinds = set(found["failures"])
        if not expected <= kinds or (kinds != expected and fault not in ("late", "timeout")) or found["requests"] != 80:
            wrong.append(f"{fault}: {found['failures']}, {found['examples']}")
        if fault == "stale" and not found["resent"]:
            wrong.append("stale: nothing was sent again")
    for line in wrong:
        print(f"load.py: {line}", file=sys.stderr)
    return 1 if wrong else 0


def parser():
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("port", type=int)
    words.add_argument("--host", default="127.0.0.1")
    words.add_argument("--rate", type=float, default=200)
    words.add_argument("--seconds", type=float, default=0)
    words.add_argument("--requests", type=int, default=-1)
    words.add_argument("--kept", type=float, default=0.5)
    words.add_argument("--slow", type=float, default=0.01)
    words.add_argument("--slow-seconds", type=float, default=2)
    words.add_argument("--streams", type=float, default=0.01)
    words.add_argument("--sockets", type=float, default=0)
    words.add_argument("--late", type=float, default=1)
    words.add_argument("--timeout", type=float, default=60)
    words.add_argument("--leaves")
    words.add_argument("--answered")
    words.add_argument("--failures")
    words.add_argument("--grace", type=float, default=0)
    return words


def main():
    if sys.argv[1:] == ["selftest"]:
        return selftest()
    options = parser().parse_args()
    summary = run(options.port, options)
    print(json.dumps(summary, indent=1))
    if summary["failed"] or summary["answers_after_leave"]:
        return 1
    return 0 if summary["requests"] else 2


if __name__ == "__main__":
    sys.exit(main())
