"""The two answers that are no Noise messages: cookies and version lists (docs/handshake.md).

Nothing of lib/. Called by decode.py. Invariant: every MAC and tag is checked, and what does not fit raises Bad.
"""

from ciphers import xchacha_open
from handshake import mac, need, sha256


def open_cookie(message, handshake):
    """The 16 bytes of the cookie that answers the initiation of `handshake`."""
    need(len(message) == 77, "a cookie of another length")
    need(message[1:5] == handshake.version, "another version")
    need(message[5:13] == handshake.initiator_id, "a cookie for another id")
    need(message[13:21] == bytes(8), "a cookie with a source")
    key = sha256(b"burstwire cookie" + handshake.known)
    ad = message[:21] + handshake.mac1
    cookie = xchacha_open(key, message[21:45], ad, message[45:])
    need(cookie is not None and len(cookie) == 16, "a cookie that does not authenticate")
    return cookie


def check_mac2(initiation, cookie):
    """mac2 is zeros, or fits the cookie that the initiator was sent."""
    if initiation[1184:] == bytes(16):
        return False
    need(cookie is not None, "mac2 without a cookie")
    need(mac(cookie, initiation[:1184]) == initiation[1184:], "mac2")
    return True


def read_versions(message, handshake):
    """Versions and suites that the responder speaks."""
    need(44 <= len(message) <= 79, "a version list of another length")
    need(message[1:5] == bytes(4), "a version list with a version")
    need(message[5:13] == handshake.initiator_id, "a version list for another id")
    need(message[13:21] == bytes(8), "a version list with a source")
    body, tag = message[:-16], message[-16:]
    need(mac(sha256(b"burstwire answer" + handshake.mac1), body) == tag, "the MAC of an answer")
    count = body[21]
    suites_at = 22 + 4 * count
    versions = [body[22 + 4 * i : 26 + 4 * i].hex() for i in range(count)]
    suites = list(body[suites_at + 1 :])
    need(body[suites_at] == len(suites), "bytes behind the suites")
    need(len(set(versions)) == count >= 1 and len(set(suites)) == len(suites) >= 1, "an entry twice")
    return versions, suites
