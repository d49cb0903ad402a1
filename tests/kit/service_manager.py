#!/usr/bin/env python3
"""A service manager for tests: the socket of NOTIFY_SOCKET. It writes each datagram as a line "SECONDS TEXT" to --log,
with the seconds of the monotonic clock.

    service_manager.py --socket PATH --log FILE

PATH may begin with "@": an abstract name. It runs until a signal ends it.
"""
import argparse
import os
import socket
import time


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--socket", required=True)
    parser.add_argument("--log", required=True)
    options = parser.parse_args()
    path = options.socket
    if path.startswith("@"):
        path = "\0" + path[1:]
    elif os.path.exists(path):
        os.unlink(path)
    server = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    server.bind(path)
    with open(options.log, "w", encoding="utf-8", buffering=1) as log:
        print(f"{time.monotonic():.3f} LISTENING", file=log)
        while True:
            text = server.recv(65536).decode("utf-8", "replace")
            for line in text.splitlines():
                print(f"{time.monotonic():.3f} {line}", file=log)


if __name__ == "__main__":
    main()
