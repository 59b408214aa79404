"""Frames: a length, a header in JSON, and the parts whose lengths the header names. See docs/design/0007."""

import json
import struct

HEADER_LIMIT = 16 * 1024 * 1024
PARTS_LIMIT = 2**31 - 1


class BadFrame(Exception):
    """What came is no frame: nothing after it can be read."""


def read_frame(stream):
    """The next (header, parts), or None at the end of the stream. Parts are writable memory of their own."""
    start = stream.read(4)
    if not start:
        return None
    (length,) = struct.unpack("<I", _whole(start, 4))
    if length > HEADER_LIMIT:
        raise BadFrame(f"a header of {length} bytes")
    header = json.loads(_whole(stream.read(length), length).decode("utf-8"), object_hook=_number)
    sizes = header.get("parts", [])
    if sum(sizes) > PARTS_LIMIT:
        raise BadFrame(f"parts of {sum(sizes)} bytes")
    return header, [_part(stream, size) for size in sizes]


def write_frame(stream, header, parts=()):
    """Parts are bytes or anything with a buffer."""
    views = [memoryview(part).cast("B") for part in parts]
    if sum(view.nbytes for view in views) > PARTS_LIMIT:
        raise BadFrame(f"an answer of {sum(view.nbytes for view in views)} bytes; {PARTS_LIMIT} is the most")
    text = json.dumps({**header, "parts": [view.nbytes for view in views]}).encode("utf-8")
    stream.write(struct.pack("<I", len(text)) + text)
    for view in views:
        stream.write(view)
    stream.flush()


def _part(stream, size):
    part = bytearray(size)
    view = memoryview(part)
    at = 0
    while at < size:
        got = stream.readinto(view[at:])
        if not got:
            raise BadFrame("a part that ends early")
        at += got
    return part


def _whole(data, size):
    if len(data) != size:
        raise BadFrame("a frame that ends early")
    return data


def _number(value):
    """Numbers that JSON does not have, and those that must stay floats."""
    return float(value["$float"]) if len(value) == 1 and "$float" in value else value
