"""Writes test/vectors/frames.json and packets.json: python3 make_vectors.py.

Run once, when the wire format was made. To run it again is to change the format: what peers in the field send could no
longer be read. It uses the decoder, which was written from the documents, and nothing of lib/.
"""

import hashlib
import json
import os

from decode import Direction
from frames import VARINT_MAX, encode_frame

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "vectors")
EDGES = [0, 0x3F, 0x40, 0x3FFF, 0x4000, 2**30 - 1, 2**30, VARINT_MAX]
STREAMS = 2**51


def named(name, length):
    blocks = [hashlib.sha256(f"burstwire vector {name} {i}".encode()).digest() for i in range(length // 32 + 1)]
    return b"".join(blocks)[:length]


def single_frames():
    """Every type, with numbers of every length."""
    yield "PADDING", {"type": 0, "length": 3}
    yield "PING", {"type": 1}
    for edge in EDGES:
        yield f"ACK of {edge}", {"type": 2, "numbers": [edge], "ranges": [[0, edge]]}
        for kind, name in ((0x10, "MAX_DATA"), (0x14, "DATA_BLOCKED"), (0x19, "RETIRE_CONNECTION_ID")):
            yield f"{name} {edge}", {"type": kind, "numbers": [edge]}
        yield f"RESET_STREAM {edge}", {"type": 4, "numbers": [edge, 7, edge]}
        yield f"STOP_SENDING {edge}", {"type": 5, "numbers": [3, edge]}
        yield f"MAX_STREAM_DATA {edge}", {"type": 0x11, "numbers": [edge, 5]}
        yield f"STREAM_DATA_BLOCKED {edge}", {"type": 0x15, "numbers": [4, edge]}
    for kind in (0x12, 0x13, 0x16, 0x17):
        yield f"streams, type {kind:#x}", {"type": kind, "numbers": [STREAMS]}
    ranges = [[90, 100], [70, 80], [5, 5], [0, 1]]
    yield "ACK with gaps", {"type": 2, "numbers": [1000], "ranges": ranges}
    yield "ACK with ECN", {"type": 3, "numbers": [0, 12, 0, 70_000], "ranges": ranges}
    for offset in (0, 1, 2**40):
        for fin in (False, True):
            data = named(f"stream {offset}", 20).hex()
            yield f"STREAM at {offset}, {fin}", {"type": 8, "numbers": [8, offset], "fin": fin, "data": data}
    yield "STREAM without data", {"type": 8, "numbers": [2, 77], "fin": True, "data": ""}
    yield "NEW_CONNECTION_ID", {"type": 0x18, "numbers": [9, 3], "data": named("id", 24).hex()}
    yield "PATH_CHALLENGE", {"type": 0x1A, "data": named("challenge", 8).hex()}
    yield "PATH_RESPONSE", {"type": 0x1B, "data": named("response", 8).hex()}
    yield "CONNECTION_CLOSE", {"type": 0x1C, "numbers": [0x0A, 0x18], "data": "no €".encode().hex()}
    yield "CONNECTION_CLOSE of the application", {"type": 0x1D, "numbers": [4242], "data": ""}
    yield "DATAGRAM", {"type": 0x30, "data": named("datagram", 100).hex()}
    yield "DATAGRAM without data", {"type": 0x30, "data": ""}


def payloads():
    frames = list(single_frames())
    for name, frame in frames:
        yield {"name": name, "payload": encode_frame(frame).hex(), "frames": [frame], "isShortest": True}
    stream = {"type": 8, "numbers": [4, 9], "fin": False, "data": "010203"}
    row = [{"type": 1}, stream, {"type": 0x10, "numbers": [64]}, {"type": 0, "length": 5}]
    joined = b"".join(map(encode_frame, row))
    yield {"name": "many in one packet", "payload": joined.hex(), "frames": row, "isShortest": True}
    for frame in (stream, {"type": 0x30, "data": "0405"}):
        payload = b"\x01" + encode_frame(frame, True)
        yield {"name": "to the end", "payload": payload.hex(), "frames": [{"type": 1}, frame]}
    longer = {"type": 0x10, "numbers": [5]}
    for payload in ("104005", "1080000005", "10c000000000000005"):
        yield {"name": "a longer form of a number", "payload": payload, "frames": [longer]}
    zero_offset = {"type": 8, "numbers": [1, 0], "fin": False, "data": "aa"}
    yield {"name": "an offset of 0 that is there", "payload": "0e010001aa", "frames": [zero_offset]}


MALFORMED = [
    ("a longer form of a type", "4001"),
    ("CRYPTO", "06000100"),
    ("NEW_TOKEN", "070100"),
    ("HANDSHAKE_DONE", "1e"),
    ("an unknown type", "3f"),
    ("a number above 2^53 - 1", "10e0000000000000"),
    ("a number above 2^53 - 1", "10c020000000000000"),
    ("a cut number", "1040"),
    ("a cut STREAM", "0a000401"),
    ("STREAM beyond 2^53 - 1", "0e00c01fffffffffffff01aa"),
    ("ACK below 0", "0203000004"),
    ("ACK with a gap below 0", "02050001010900"),
    ("ACK without its ranges", "02050001"),
    ("MAX_STREAMS above 2^51", "12c008000000000001"),
    ("NEW_CONNECTION_ID of 4 bytes", "18010004" + "00" * 20),
    ("NEW_CONNECTION_ID that retires itself", "18010208" + "00" * 24),
    ("a cut PATH_CHALLENGE", "1a00000000000000"),
    ("a cut reason", "1d000561"),
    ("a DATAGRAM beyond the end", "310401"),
]


def packets():
    for suite in (1, 2, 3):
        secret = named(f"secret {suite}", 32)
        direction = Direction(suite, secret)
        for phase, number, length in ((0, 0, 1), (0, 1, 40), (0, 70_000, 0), (1, 2**30, 300), (1, 2**31 - 7, 17)):
            payload = named(f"payload {suite} {number}", length)
            connection = named(f"connection {suite}", 8)
            yield {
                "suite": suite,
                "secret": secret.hex(),
                "phase": phase,
                "number": number,
                "connection": connection.hex(),
                "payload": payload.hex(),
                "packet": direction.seal(phase, number, connection, payload).hex(),
            }


def write(name, content):
    with open(os.path.join(FOLDER, name), "w", encoding="utf-8") as file:
        json.dump(content, file, indent=2, ensure_ascii=False)
        file.write("\n")


if __name__ == "__main__":
    malformed = [{"name": name, "payload": payload} for name, payload in MALFORMED]
    write("frames.json", {"payloads": list(payloads()), "malformed": malformed})
    write("packets.json", {"packets": list(packets())})
