"""Opens a captured exchange: python3 decode.py capture.json, or - for standard input. One JSON object a line.

Written from docs/wire-format.md and docs/handshake.md, with nothing of lib/. The capture holds

  datagrams   [{"from": "initiator" | "responder", "bytes": hex}, ...] in the order in which they were sent
  suite       1, 2 or 3
  secrets     {"initiator": hex, "responder": hex}: the first traffic secrets; or instead of them
  keys        {"static": hex, "ephemeral": hex, "psk": hex}: the responder's private keys
  frames      true: each packet is printed with its "frames" (frames.py) instead of its "payload"

A datagram that the document does not allow is printed with "error", and the exit code is 1. A list of captures is read as
well: after the lines of each comes {"end": 0}, or 1 where a datagram was not allowed.
"""

import hashlib
import hmac
import json
import struct
import sys

from answers import check_mac2, open_cookie, read_versions
from ciphers import Aes, chacha20_block, chacha_open, chacha_seal, gcm_open, gcm_seal
from frames import decode_frames
from handshake import Bad, Handshake, need

KEY_BYTES = {1: 16, 2: 32, 3: 32}


def expand(secret, label, length):
    return hmac.new(secret, label + b"\1", hashlib.sha256).digest()[:length]


class Direction:
    """What one side sends: keys of the phases, and the largest packet number so far."""

    def __init__(self, suite, secret):
        self.suite = suite
        self.header_key = expand(secret, b"burstwire hp", KEY_BYTES[suite])
        self.secrets = [secret]
        self.phase = 0
        self.largest = -1
        self.seen = set()

    def mask(self, sample):
        if self.suite == 3:
            counter = struct.unpack("<I", sample[:4])[0]
            return chacha20_block(self.header_key, counter, sample[4:])[:5]
        return Aes(self.header_key).block(sample)[:5]

    def key_and_nonce(self, phase, number):
        while len(self.secrets) <= phase:
            self.secrets.append(expand(self.secrets[-1], b"burstwire ku", 32))
        secret = self.secrets[phase]
        iv = int.from_bytes(expand(secret, b"burstwire iv", 12), "big")
        key = expand(secret, b"burstwire key", KEY_BYTES[self.suite])
        return key, (iv ^ number).to_bytes(12, "big")

    def open_with(self, phase, number, header, sealed):
        key, nonce = self.key_and_nonce(phase, number)
        return (chacha_open if self.suite == 3 else gcm_open)(key, nonce, header, sealed)

    def seal(self, phase, number, connection, payload):
        """The packet, as the other end would have made it."""
        header = bytes([0x40 | (phase & 1) << 2]) + connection + struct.pack(">I", number & 0xFFFFFFFF)
        key, nonce = self.key_and_nonce(phase, number)
        packet = header + (chacha_seal if self.suite == 3 else gcm_seal)(key, nonce, header, payload)
        return self.masked(packet)

    def masked(self, packet):
        """The packet with its header masked, or unmasked: it is the same."""
        mask = self.mask(packet[13:29])
        header = bytearray(packet[:13])
        header[0] ^= mask[0] & 0x1F
        for i in range(4):
            header[9 + i] ^= mask[1 + i]
        return bytes(header) + packet[13:]

    def open(self, datagram):
        need(len(datagram) >= 29, "a packet that is too short")
        need(datagram[0] & 0xE0 == 0x40, "bits that must not be set")
        header = self.masked(datagram)[:13]
        number = self.full_number(int.from_bytes(header[9:], "big"))
        bit = header[0] >> 2 & 1
        # The phase bit names the phase of now, or else the one before or behind it.
        phases = [p for p in (self.phase, self.phase + 1, self.phase - 1) if p >= 0 and p & 1 == bit]
        for phase in phases:
            payload = self.open_with(phase, number, header, datagram[13:])
            if payload is not None:
                break
        need(phases and payload is not None, "a packet that does not authenticate")
        need(header[0] & 0x1B == 0, "reserved bits")
        need(number not in self.seen, "a packet number twice")
        self.seen.add(number)
        self.phase = max(self.phase, phase)
        self.largest = max(self.largest, number)
        connection = header[1:9].hex()
        return {"number": number, "phase": phase, "connection": connection, "payload": payload.hex()}

    def full_number(self, truncated):
        """The number nearest to the one expected (RFC 9000 appendix A.3)."""
        expected = self.largest + 1
        candidate = expected & ~0xFFFFFFFF | truncated
        if candidate <= expected - (1 << 31) and candidate < (1 << 53) - (1 << 32):
            return candidate + (1 << 32)
        if candidate > expected + (1 << 31) and candidate >= 1 << 32:
            return candidate - (1 << 32)
        return candidate


class Decoder:
    def __init__(self, capture):
        self.suite = capture["suite"]
        self.keys = {name: bytes.fromhex(key) for name, key in capture.get("keys", {}).items()}
        self.shows_frames = capture.get("frames", False)
        self.handshake = None
        self.cookie = None
        self.directions = {}
        for side, secret in capture.get("secrets", {}).items():
            self.directions[side] = Direction(self.suite, bytes.fromhex(secret))

    def datagram(self, side, data):
        if data[0] & 0x80 == 0:
            need(side in self.directions, "a packet before the handshake is done")
            packet = self.directions[side].open(data)
            if self.shows_frames:
                packet["frames"] = decode_frames(bytes.fromhex(packet.pop("payload")))
            return {"type": "packet", **packet}
        names = {0x81: "initiation", 0x82: "response", 0x83: "final", 0x84: "cookie", 0x85: "versions"}
        need(data[0] in names, "an unknown type")
        shown = {"type": names[data[0]]}
        if not self.keys:
            return shown
        if data[0] > 0x83:
            need(self.handshake is not None, "an answer to nothing")
            if data[0] == 0x84:
                self.cookie = open_cookie(data, self.handshake)
                return {**shown, "cookie": self.cookie.hex()}
            versions, suites = read_versions(data, self.handshake)
            return {**shown, "versions": versions, "suites": suites}
        if data[0] == 0x81:
            self.handshake = Handshake(
                data, self.keys["static"], self.keys["ephemeral"], self.keys.get("psk")
            )
            need(self.handshake.suite == self.suite, "another suite")
            check_mac2(data, self.cookie)
        else:
            self.handshake.answer(data)
        if data[0] - 0x80 == len(self.handshake.messages):
            secrets = self.handshake.secrets()
            for name, secret in zip(("initiator", "responder"), secrets):
                self.directions[name] = Direction(self.suite, secret)
            shown["secrets"] = [secret.hex() for secret in secrets]
            shown["hash"] = self.handshake.noise.h.hex()
            shown["initiatorStatic"] = self.handshake.rs.hex()
            shown["parameters"] = {k: v.hex() for k, v in self.handshake.parameters.items()}
        return shown


def read_json(path):
    """The file as JSON, or what comes in when `path` is a hyphen."""
    if path == "-":
        return json.load(sys.stdin)
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def decode(capture):
    """Prints a line for each datagram; 1 when one of them was not allowed."""
    decoder = Decoder(capture)
    failed = False
    for datagram in capture["datagrams"]:
        side = datagram["from"]
        try:
            shown = decoder.datagram(side, bytes.fromhex(datagram["bytes"]))
        except Bad as error:
            shown = {"error": str(error)}
            failed = True
        print(json.dumps({"from": side, **shown}))
    return 1 if failed else 0


def main():
    content = read_json(sys.argv[1])
    if not isinstance(content, list):
        return decode(content)
    codes = []
    for capture in content:
        codes.append(decode(capture))
        print(json.dumps({"end": codes[-1]}))
    return max(codes, default=0)


if __name__ == "__main__":
    sys.exit(main())
