#!/usr/bin/env python3
"""Starts one of the kit's servers many times: the start of Python takes longer than most tests.

    fork_server.py MODULE <SOCKET

SOCKET is a socket of packets. A packet has the arguments of one server, each with a zero byte behind it, and two
descriptors: its standard input and its standard output. The response is the server's pid. All servers and this program
end with the test that holds the other ends.
"""
import importlib
import os
import signal
import socket
import sys

sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))


def main():
    module = importlib.import_module(sys.argv[1])
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel removes servers that ended
    channel = socket.socket(fileno=0)
    while True:
        packet, files, _, _ = socket.recv_fds(channel, 65536, 2)
        if not packet:
            return
        pid = os.fork()
        if pid == 0:
            for number, file in enumerate(files):
                os.dup2(file, number)
            os.closerange(3, 64)
            channel.detach()
            sys.argv = [sys.argv[1], *packet.decode().split("\0")[:-1]]
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            module.main()
            os._exit(0)
        for file in files:
            os.close(file)
        channel.send(str(pid).encode())


main()
