"""Codes people read aloud and type: Crockford base32, no I L O U, case and hyphens never matter."""

import hashlib
import hmac
import re
import secrets
import unicodedata
import uuid
from datetime import date
from functools import cache
from hashlib import blake2b

from django.conf import settings

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
TRACKING_LENGTH = 13  # 65 bits: guessing a million live codes from a thousand addresses stays hopeless
NUMBER_LENGTH = 5

_MISREAD = str.maketrans("OIL", "011")
_SEPARATORS = re.compile(r"[\s\-_.·‐‑‒–—−]")
_NUMBER = re.compile(rf"([0-9]{{6}})([{ALPHABET}]{{5,13}})")


def code_from_bytes(data: bytes, length: int = TRACKING_LENGTH) -> str:
    """`length` characters from the leading 5 × `length` bits of `data`; ValueError when it is too short."""
    surplus = len(data) * 8 - length * 5
    if surplus < 0:
        raise ValueError(f"{length} characters need {(length * 5 + 7) // 8} bytes, not {len(data)}")
    return _encode(int.from_bytes(data) >> surplus, length)


def keyed(purpose: str, data: bytes) -> bytes:
    """32 bytes that only the server's key can make from the data; no two purposes share any."""
    return hmac.digest(_key(purpose, settings.SECRET_KEY), data, "sha256")


@cache
def _key(purpose: str, secret: str) -> bytes:
    return hashlib.sha256(f"linli.{purpose}.{secret}".encode()).digest()


def new_code(length: int = TRACKING_LENGTH) -> str:
    """A code nobody can guess, from the system's randomness."""
    return code_from_bytes(secrets.token_bytes((length * 5 + 7) // 8), length)


def normalise(code: str) -> str:
    """What the person meant: full-width, case, spaces and hyphens folded, O read as 0, I and L as 1."""
    folded = unicodedata.normalize("NFKC", code[:64]).upper()
    return _SEPARATORS.sub("", folded).translate(_MISREAD)


def is_code(code: str, length: int = TRACKING_LENGTH) -> bool:
    """Whether a normalised code has the right length and only characters of the alphabet."""
    return len(code) == length and all(character in ALPHABET for character in code)


def pretty(code: str) -> str:
    """Groups of four, a single left-over character joining the last: 7K3M-9QXT-2RB8V."""
    groups = [code[start : start + 4] for start in range(0, len(code), 4)]
    if len(groups) > 1 and len(groups[-1]) == 1:
        groups[-2:] = ["".join(groups[-2:])]
    return "-".join(groups)


def number_from_uuid(
    identifier: uuid.UUID, local_date: date, *, attempt: int = 0, length: int = NUMBER_LENGTH
) -> str:
    """A case number such as 261123-7K3M9: the day, then random bits, so it tells nobody how many there are.

    Two cases of one day may draw the same number (1 in 33 million per pair); the caller tries again
    with the next `attempt`, which draws other bits from the same identifier.
    """
    bits = identifier.int
    if attempt or length > NUMBER_LENGTH:
        digest = blake2b(identifier.bytes + attempt.to_bytes(4), digest_size=16)
        bits = int.from_bytes(digest.digest())
    return f"{local_date:%y%m%d}-{_encode(bits & ((1 << 5 * length) - 1), length)}"


def normalise_number(number: str) -> str:
    """A typed case number in its written form; '' when it cannot be one."""
    match = _NUMBER.fullmatch(normalise(number))
    if not match or not _is_day(match[1]):
        return ""
    return f"{match[1]}-{match[2]}"


def is_number(number: str) -> bool:
    """Whether this is a case number exactly as we write it."""
    return bool(number) and normalise_number(number) == number


def _encode(bits: int, length: int) -> str:
    return "".join(ALPHABET[bits >> 5 * place & 31] for place in reversed(range(length)))


def _is_day(digits: str) -> bool:
    try:
        date(2000 + int(digits[:2]), int(digits[2:4]), int(digits[4:]))
    except ValueError:
        return False
    return True
