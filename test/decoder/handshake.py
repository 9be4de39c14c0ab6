"""The handshake of docs/handshake.md, read with the responder's private keys: what both sides ended with.

Given the responder's static and ephemeral private keys (and the pre-shared key), the messages of the initiator can be
opened like the responder opens them, and the response can be followed as the initiator would. Every MAC is checked.
"""

import hashlib
import hmac

from ciphers import chacha_open, gcm_open, x25519, x25519_public

PATTERNS = {
    1: ("IK", [["e", "es", "s", "ss"], ["e", "ee", "se"]]),
    2: ("XX", [["e"], ["e", "ee", "s", "es"], ["s", "se"]]),
    3: ("IKpsk2", [["e", "es", "s", "ss"], ["e", "ee", "se", "psk"]]),
    4: ("XXpsk3", [["e"], ["e", "ee", "s", "es"], ["s", "se", "psk"]]),
}
CIPHERS = {1: "AESGCM", 2: "AESGCM", 3: "ChaChaPoly"}


class Bad(Exception):
    """A capture that the document does not allow."""


def need(condition, what):
    if not condition:
        raise Bad(what)


def mac(key, data):
    return hmac.new(key, data, hashlib.sha256).digest()[:16]


def sha256(data):
    return hashlib.sha256(data).digest()


class Symmetric:
    """SymmetricState and CipherState of Noise, for one who only opens."""

    def __init__(self, name, cipher):
        self.h = name.ljust(32, b"\0") if len(name) <= 32 else sha256(name)
        self.ck = self.h
        self.cipher = cipher
        self.key = None
        self.n = 0

    def hkdf(self, material, count):
        temporary = hmac.new(self.ck, material, hashlib.sha256).digest()
        outputs, last = [], b""
        for index in range(count):
            last = hmac.new(temporary, last + bytes([index + 1]), hashlib.sha256).digest()
            outputs.append(last)
        return outputs

    def mix_hash(self, data):
        self.h = sha256(self.h + data)

    def mix_key(self, material):
        self.ck, self.key = self.hkdf(material, 2)
        self.n = 0

    def mix_key_and_hash(self, material):
        self.ck, hashed, self.key = self.hkdf(material, 3)
        self.mix_hash(hashed)
        self.n = 0

    def open(self, data):
        plain = data
        if self.key is not None:
            if self.cipher == "AESGCM":
                plain = gcm_open(self.key, bytes(4) + self.n.to_bytes(8, "big"), self.h, data)
            else:
                plain = chacha_open(self.key, bytes(4) + self.n.to_bytes(8, "little"), self.h, data)
            need(plain is not None, "a Noise message that does not authenticate")
            self.n += 1
        self.mix_hash(data)
        return plain


class Handshake:
    """One handshake, message by message."""

    def __init__(self, initiation, static, ephemeral, psk):
        self.static, self.ephemeral, self.psk = static, ephemeral, psk
        self.rs = self.re = None
        head = self.parse_initiation(initiation)
        name, self.messages = PATTERNS[self.pattern]
        cipher = CIPHERS[self.suite]
        self.noise = Symmetric(f"Noise_{name}_25519_{cipher}_SHA256".encode(), cipher)
        self.noise.mix_hash(b"burstwire handshake 1" + head)
        if self.pattern in (1, 3):
            self.noise.mix_hash(x25519_public(static))
        payload = self.read(0, initiation[len(head) : 1168])
        self.time = int.from_bytes(payload[:8], "big")
        self.parameters = {"initiator": parameters(payload[8:]), "responder": b""}
        self.last_mac = self.mac1 = initiation[1168:1184]

    def parse_initiation(self, message):
        need(len(message) == 1200 and message[0] == 0x81, "not an initiation")
        self.version = message[1:5]
        need(message[5:13] == bytes(8), "an initiation with a destination")
        self.initiator_id = message[13:21]
        self.pattern, self.suite = message[21], message[22]
        n = message[23]
        versions = [message[24 + 4 * i : 28 + 4 * i] for i in range(n)]
        need(self.version in versions, "the version is not in its list")
        at = 24 + 4 * n
        suites = message[at + 1 : at + 1 + message[at]]
        need(self.suite in suites, "the suite is not in its list")
        at += 1 + message[at]
        at += 1 + message[at]
        # The S of mac1 and of cookies.
        self.known = x25519_public(self.static) if self.pattern in (1, 3) else bytes(32)
        need(mac(sha256(b"burstwire mac1" + self.known), message[:1168]) == message[1168:1184], "mac1")
        return message[:at]

    def answer(self, message):
        """A response or a final message."""
        body, tag = message[:-16], message[-16:]
        need(mac(sha256(b"burstwire answer" + self.last_mac), body) == tag, "the MAC of an answer")
        self.last_mac = tag
        need(message[1:5] == self.version, "another version")
        if message[0] == 0x82:
            self.responder_id = message[13:21]
            need(message[5:13] == self.initiator_id, "a response for another id")
            payload = self.read(1, body[21:])
            need(payload[:8] == self.responder_id, "the id in the payload")
            self.parameters["responder"] = parameters(payload[8:])
        else:
            need(message[0] == 0x83, "not an answer")
            ids = (message[5:13], message[13:21])
            need(ids == (self.responder_id, self.initiator_id), "a final message with other ids")
            self.parameters["initiator"] = parameters(self.read(2, body[21:]))

    def read(self, index, message):
        """The payload. The responder's own message is checked against its private keys."""
        own = index == 1
        noise = self.noise
        for token in self.messages[index]:
            if token == "e":
                key, message = message[:32], message[32:]
                if own:
                    need(key == x25519_public(self.ephemeral), "another ephemeral")
                else:
                    self.re = key
                noise.mix_hash(key)
                if self.pattern in (3, 4):
                    noise.mix_key(key)
            elif token == "s":
                length = 32 + (16 if noise.key else 0)
                key, message = noise.open(message[:length]), message[length:]
                if own:
                    need(key == x25519_public(self.static), "another static key")
                else:
                    self.rs = key
            elif token == "psk":
                noise.mix_key_and_hash(self.psk)
            else:
                remote = self.re if token[0] == "e" else self.rs
                private = self.ephemeral if token[1] == "e" else self.static
                shared = x25519(private, remote)
                need(shared != bytes(32), "a low-order point")
                noise.mix_key(shared)
        return noise.open(message)

    def secrets(self):
        """Traffic secrets of initiator and responder."""
        return self.noise.hkdf(b"", 2)


def parameters(data):
    length = int.from_bytes(data[:2], "big")
    need(len(data) >= 2 + length and not any(data[2 + length :]), "parameters or padding")
    return data[2 : 2 + length]
