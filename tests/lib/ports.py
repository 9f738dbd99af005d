"""Ports of loopback for servers that the tests start, and start again."""
import random
import socket

given = set()


def free_port():
    """Free now, and given once. Below those that the kernel lends to whoever connects, so that it still is while its
    server is away."""
    for _ in range(1000):
        port = random.SystemRandom().randrange(20000, 32000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        if port not in given:
            given.add(port)
            return port
    raise OSError("no free port from 20000 to 31999 on 127.0.0.1")
