"""Frames of docs/wire-format.md (F1 to F13) as bytes and as plain objects, both ways.

A frame is {"type", "numbers"?, "ranges"?, "fin"?, "data"? (hex), "length"? (of a run of PADDING)}: the numbers in the order
of the table in F4, but of an ACK, whose ranges are packet numbers [smallest, largest] and whose numbers are the delay field
and the ECN counts. STREAM and DATAGRAM come with the type 0x08 and 0x30, whatever bits they were sent with.

Nothing of lib/. Called by decode.py and vectors.py. Invariant: a payload that F1 to F13 forbid raises Bad.
"""

from handshake import need

VARINT_MAX = 2**53 - 1
STREAMS_MAX = 2**51
ACK_RANGES_MAX = 256
# How many varints a frame of nothing but varints has.
PLAIN = {
    0x04: 3, 0x05: 2, 0x10: 1, 0x11: 2, 0x12: 1, 0x13: 1, 0x14: 1, 0x15: 2, 0x16: 1, 0x17: 1, 0x19: 1,
}
COUNTS_STREAMS = (0x12, 0x13, 0x16, 0x17)


class Payload:
    """Bytes that are taken from the front."""

    def __init__(self, data):
        self.data = data
        self.at = 0

    @property
    def left(self):
        return len(self.data) - self.at

    def take(self, count):
        need(count <= self.left, "a frame beyond the end of the payload")
        self.at += count
        return self.data[self.at - count : self.at]

    def varint(self):
        first = self.take(1)[0]
        rest = self.take((1 << (first >> 6)) - 1)
        value = int.from_bytes(bytes([first & 0x3F]) + rest, "big")
        need(value <= VARINT_MAX, "a number above 2^53 - 1")
        return value

    def varints(self, count):
        return [self.varint() for _ in range(count)]


def decode_frames(data):
    """All frames of a payload."""
    need(len(data) > 0, "a packet without frames")
    payload = Payload(data)
    frames = []
    while payload.left > 0:
        frames.append(_decode(payload))
    return frames


def _decode(payload):
    kind = payload.take(1)[0]
    if kind == 0x00:
        length = 1
        while payload.left > 0 and payload.data[payload.at] == 0:
            payload.take(1)
            length += 1
        return {"type": kind, "length": length}
    if kind == 0x01:
        return {"type": kind}
    if kind in (0x02, 0x03):
        return _decode_ack(payload, kind)
    if 0x08 <= kind <= 0x0F:
        return _decode_stream(payload, kind)
    if kind in (0x30, 0x31):
        length = payload.varint() if kind & 1 else payload.left
        return {"type": 0x30, "data": payload.take(length).hex()}
    if kind in (0x1A, 0x1B):
        return {"type": kind, "data": payload.take(8).hex()}
    if kind in (0x1C, 0x1D):
        numbers = payload.varints(2 if kind == 0x1C else 1)
        return {"type": kind, "numbers": numbers, "data": payload.take(payload.varint()).hex()}
    if kind == 0x18:
        numbers = payload.varints(2)
        need(numbers[1] <= numbers[0], "an id that retires itself")
        need(payload.take(1) == b"\x08", "a connection id of another length")
        return {"type": kind, "numbers": numbers, "data": payload.take(24).hex()}
    need(kind in PLAIN, "an unknown frame type")
    numbers = payload.varints(PLAIN[kind])
    need(kind not in COUNTS_STREAMS or numbers[0] <= STREAMS_MAX, "more streams than there are ids")
    return {"type": kind, "numbers": numbers}


def _decode_stream(payload, kind):
    stream = payload.varint()
    offset = payload.varint() if kind & 4 else 0
    length = payload.varint() if kind & 2 else payload.left
    need(offset + length <= VARINT_MAX, "an offset above 2^53 - 1")
    data = payload.take(length).hex()
    return {"type": 8, "numbers": [stream, offset], "fin": kind & 1 == 1, "data": data}


def _decode_ack(payload, kind):
    largest, delay, more, first = payload.varints(4)
    need(more < ACK_RANGES_MAX, "too many ranges")
    ranges = [[largest - first, largest]]
    for _ in range(more):
        gap, length = payload.varints(2)
        top = ranges[-1][0] - gap - 2
        ranges.append([top - length, top])
    need(ranges[-1][0] >= 0 and all(low <= high for low, high in ranges), "a number below 0")
    counts = payload.varints(3) if kind == 0x03 else []
    return {"type": kind, "numbers": [delay, *counts], "ranges": ranges}


def varint(value):
    """The shortest form."""
    for size, bits in ((1, 6), (2, 14), (4, 30), (8, 62)):
        if value < 1 << bits:
            return (value | (size.bit_length() - 1) << (8 * size - 2)).to_bytes(size, "big")
    raise ValueError(value)


def encode_frame(frame, is_last=False):
    """The frame as bytes; STREAM and DATAGRAM with a length, or without where nothing follows."""
    kind = frame["type"]
    numbers = frame.get("numbers", [])
    data = bytes.fromhex(frame.get("data", ""))
    if kind == 0x00:
        return bytes(frame.get("length", 1))
    if kind in (0x02, 0x03):
        return _encode_ack(frame)
    if kind == 0x08:
        stream, offset = numbers
        bits = (4 if offset else 0) | (0 if is_last else 2) | (1 if frame["fin"] else 0)
        head = bytes([8 | bits]) + varint(stream) + (varint(offset) if offset else b"")
        return head + (b"" if is_last else varint(len(data))) + data
    if kind == 0x30:
        return (b"\x30" if is_last else b"\x31" + varint(len(data))) + data
    head = bytes([kind]) + b"".join(map(varint, numbers))
    if kind == 0x18:
        return head + b"\x08" + data
    return head + (varint(len(data)) if kind in (0x1C, 0x1D) else b"") + data


def _encode_ack(frame):
    ranges, (delay, *counts) = frame["ranges"], frame["numbers"]
    fields = [ranges[0][1], delay, len(ranges) - 1, ranges[0][1] - ranges[0][0]]
    for (above, _), (low, high) in zip(ranges, ranges[1:]):
        fields += [above - high - 2, high - low]
    return bytes([frame["type"]]) + b"".join(map(varint, fields + counts))
