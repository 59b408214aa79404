"""Two taps that give each other's frames after a delay: a long cable, where the kernel has no netem.

usage: delay.py SECONDS TAP TAP    prints "ready" once both taps are there; they go with the process
"""

import collections
import fcntl
import os
import select
import struct
import sys
import time

TUNSETIFF = 0x400454CA
IFF_TAP, IFF_NO_PI = 0x0002, 0x1000


def open_tap(name):
    tap = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(tap, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TAP | IFF_NO_PI))
    return tap


delay = float(sys.argv[1])
a, b = open_tap(sys.argv[2]), open_tap(sys.argv[3])
other = {a: b, b: a}
print("ready", flush=True)
under_way = collections.deque()  # (when it arrives, where, frame), in order
while True:
    left = max(0.0, under_way[0][0] - time.monotonic()) if under_way else None
    for tap in select.select([a, b], [], [], left)[0]:
        try:
            frame = os.read(tap, 65535)
        except OSError:
            continue  # the tap is not up yet
        under_way.append((time.monotonic() + delay, other[tap], frame))
    while under_way and under_way[0][0] <= time.monotonic():
        _, tap, frame = under_way.popleft()
        try:
            os.write(tap, frame)
        except OSError:
            pass  # a frame that is lost is sent again by whoever misses it
