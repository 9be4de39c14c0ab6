"""Reads test/vectors/frames.json or packets.json: python3 vectors.py FILE, or - for standard input.

Prints an object a line, in the order of the file: what the payload or packet holds, and the bytes that the other way round
gives. Whether that is right is decided by wire.test.ts.
"""

import json
import sys

from decode import Direction, read_json
from frames import decode_frames, encode_frame
from handshake import Bad


def show_payload(entry):
    try:
        frames = decode_frames(bytes.fromhex(entry["payload"]))
    except Bad as error:
        return {"error": str(error)}
    return {"frames": frames, "payload": b"".join(map(encode_frame, entry.get("frames", frames))).hex()}


def show_packet(entry, directions):
    """Packets of one secret share their phases and their largest number, as those of a connection."""
    secret = entry["secret"]
    if secret not in directions:
        directions[secret] = Direction(entry["suite"], bytes.fromhex(secret))
    opened = directions[secret].open(bytes.fromhex(entry["packet"]))
    connection, payload = bytes.fromhex(entry["connection"]), bytes.fromhex(entry["payload"])
    sealer = Direction(entry["suite"], bytes.fromhex(secret))
    return {**opened, "packet": sealer.seal(entry["phase"], entry["number"], connection, payload).hex()}


def main():
    vectors = read_json(sys.argv[1])
    for entry in vectors.get("payloads", []) + vectors.get("malformed", []):
        print(json.dumps(show_payload(entry)))
    directions = {}
    for entry in vectors.get("packets", []):
        print(json.dumps(show_packet(entry, directions)))


if __name__ == "__main__":
    main()
