"""AES, AES-GCM, ChaCha20-Poly1305 and X25519 in plain Python: FIPS 197, SP 800-38D, RFC 8439, RFC 7748.

Slow and not constant-time: for reading captures in tests. Nothing but the standard library, and nothing of lib/.
"""

import struct


def _make_sbox():
    sbox = [0] * 256
    p = q = 1
    while True:
        p = p ^ ((p << 1) & 0xFF) ^ (0x1B if p & 0x80 else 0)
        q ^= q << 1
        q ^= q << 2
        q ^= q << 4
        q &= 0xFF
        if q & 0x80:
            q ^= 0x09
        rotations = q ^ _rotl8(q, 1) ^ _rotl8(q, 2) ^ _rotl8(q, 3) ^ _rotl8(q, 4)
        sbox[p] = rotations ^ 0x63
        if p == 1:
            break
    sbox[0] = 0x63
    return sbox


def _rotl8(value, bits):
    return ((value << bits) | (value >> (8 - bits))) & 0xFF


SBOX = _make_sbox()


class Aes:
    """Encryption of single blocks with a key of 16 or 32 bytes."""

    def __init__(self, key):
        words = [list(key[i : i + 4]) for i in range(0, len(key), 4)]
        self.rounds = len(words) + 6
        step = len(words)
        round_constant = 1
        for i in range(step, 4 * (self.rounds + 1)):
            word = list(words[i - 1])
            if i % step == 0:
                word = [SBOX[b] for b in word[1:] + word[:1]]
                word[0] ^= round_constant
                round_constant = _double(round_constant)
            elif step > 6 and i % step == 4:
                word = [SBOX[b] for b in word]
            words.append([a ^ b for a, b in zip(words[i - step], word)])
        self.keys = [sum(words[4 * r : 4 * r + 4], []) for r in range(self.rounds + 1)]

    def block(self, data):
        state = [a ^ b for a, b in zip(data, self.keys[0])]
        for round_number in range(1, self.rounds + 1):
            state = [SBOX[state[(4 * (i // 4) + 5 * (i % 4)) % 16]] for i in range(16)]
            if round_number < self.rounds:
                state = sum((_mix(state[4 * c : 4 * c + 4]) for c in range(4)), [])
            state = [a ^ b for a, b in zip(state, self.keys[round_number])]
        return bytes(state)


def _double(value):
    return ((value << 1) ^ (0x1B if value & 0x80 else 0)) & 0xFF


def _mix(column):
    a, b, c, d = column
    total = a ^ b ^ c ^ d
    return [
        a ^ total ^ _double(a ^ b),
        b ^ total ^ _double(b ^ c),
        c ^ total ^ _double(c ^ d),
        d ^ total ^ _double(d ^ a),
    ]


def _ghash(h, data):
    tag = 0
    for i in range(0, len(data), 16):
        tag ^= int.from_bytes(data[i : i + 16].ljust(16, b"\0"), "big")
        product, factor = 0, h
        for bit in range(127, -1, -1):
            if tag >> bit & 1:
                product ^= factor
            factor = (factor >> 1) ^ (0xE1 << 120 if factor & 1 else 0)
        tag = product
    return tag


def _pad16(data):
    return data + bytes(-len(data) % 16)


def _gcm_tag(aes, nonce, ad, body):
    h = int.from_bytes(aes.block(bytes(16)), "big")
    lengths = struct.pack(">QQ", 8 * len(ad), 8 * len(body))
    hashed = _ghash(h, _pad16(ad) + _pad16(body) + lengths)
    mask = int.from_bytes(aes.block(nonce + b"\0\0\0\1"), "big")
    return (hashed ^ mask).to_bytes(16, "big")


def _gcm_crypt(aes, nonce, data):
    blocks = (len(data) + 15) // 16
    stream = b"".join(aes.block(nonce + struct.pack(">I", i + 2)) for i in range(blocks))
    return bytes(a ^ b for a, b in zip(data, stream))


def gcm_open(key, nonce, ad, sealed):
    """The plaintext, or None when the tag does not fit."""
    aes = Aes(key)
    body, tag = sealed[:-16], sealed[-16:]
    return _gcm_crypt(aes, nonce, body) if _gcm_tag(aes, nonce, ad, body) == tag else None


def gcm_seal(key, nonce, ad, plain):
    aes = Aes(key)
    body = _gcm_crypt(aes, nonce, plain)
    return body + _gcm_tag(aes, nonce, ad, body)


def chacha20_block(key, counter, nonce):
    state = list(struct.unpack("<16I", b"expand 32-byte k" + key + struct.pack("<I", counter) + nonce))
    x = list(state)
    quarters = [
        (0, 4, 8, 12), (1, 5, 9, 13), (2, 6, 10, 14), (3, 7, 11, 15),
        (0, 5, 10, 15), (1, 6, 11, 12), (2, 7, 8, 13), (3, 4, 9, 14),
    ]
    for _ in range(10):
        for a, b, c, d in quarters:
            for left, right, bits in ((a, d, 16), (c, b, 12), (a, d, 8), (c, b, 7)):
                x[left] = (x[left] + x[b if left == a else d]) & 0xFFFFFFFF
                mixed = x[right] ^ x[left]
                x[right] = ((mixed << bits) | (mixed >> (32 - bits))) & 0xFFFFFFFF
    return struct.pack("<16I", *((a + b) & 0xFFFFFFFF for a, b in zip(x, state)))


def _poly1305(key, data):
    r = int.from_bytes(key[:16], "little") & 0x0FFFFFFC0FFFFFFC0FFFFFFC0FFFFFFF
    total = 0
    for i in range(0, len(data), 16):
        total = (total + int.from_bytes(data[i : i + 16] + b"\1", "little")) * r % ((1 << 130) - 5)
    total += int.from_bytes(key[16:], "little")
    return (total & ((1 << 128) - 1)).to_bytes(16, "little")


def _chacha_tag(key, nonce, ad, body):
    lengths = struct.pack("<QQ", len(ad), len(body))
    one_time = chacha20_block(key, 0, nonce)[:32]
    return _poly1305(one_time, _pad16(ad) + _pad16(body) + lengths)


def _chacha_crypt(key, nonce, data):
    blocks = (len(data) + 63) // 64
    stream = b"".join(chacha20_block(key, i + 1, nonce) for i in range(blocks))
    return bytes(a ^ b for a, b in zip(data, stream))


def chacha_open(key, nonce, ad, sealed):
    """The plaintext, or None when the tag does not fit."""
    body, tag = sealed[:-16], sealed[-16:]
    return _chacha_crypt(key, nonce, body) if _chacha_tag(key, nonce, ad, body) == tag else None


def chacha_seal(key, nonce, ad, plain):
    body = _chacha_crypt(key, nonce, plain)
    return body + _chacha_tag(key, nonce, ad, body)


def xchacha_open(key, nonce, ad, sealed):
    """XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha): 24 bytes of nonce."""
    # HChaCha20 is the block function without its last addition.
    block = struct.unpack("<16I", chacha20_block(key, *struct.unpack("<I12s", nonce[:16])))
    start = struct.unpack("<16I", b"expand 32-byte k" + key + nonce[:16])
    words = [(a - b) & 0xFFFFFFFF for a, b in zip(block, start)]
    inner = struct.pack("<8I", *(words[:4] + words[12:]))
    return chacha_open(inner, bytes(4) + nonce[16:], ad, sealed)


P25519 = 2**255 - 19


def x25519(private, public):
    """The Montgomery ladder of RFC 7748 section 5."""
    clamped = bytearray(private)
    clamped[0] &= 248
    clamped[31] = (clamped[31] & 127) | 64
    scalar = int.from_bytes(clamped, "little")
    u = int.from_bytes(public, "little") & ((1 << 255) - 1)
    x2, z2, x3, z3, swap = 1, 0, u, 1, 0
    for bit in range(254, -1, -1):
        now = scalar >> bit & 1
        if swap ^ now:
            x2, x3, z2, z3 = x3, x2, z3, z2
        swap = now
        a, b, c, d = x2 + z2, x2 - z2, x3 + z3, x3 - z3
        aa, bb, da, cb = a * a, b * b, d * a, c * b
        x3 = (da + cb) ** 2 % P25519
        z3 = u * (da - cb) ** 2 % P25519
        x2 = aa * bb % P25519
        z2 = (aa - bb) * (aa + 121665 * (aa - bb)) % P25519
    if swap:
        x2, z2 = x3, z3
    return (x2 * pow(z2, P25519 - 2, P25519) % P25519).to_bytes(32, "little")


def x25519_public(private):
    return x25519(private, b"\x09" + bytes(31))
