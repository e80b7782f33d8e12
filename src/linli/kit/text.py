"""Text as people type it: cleaning, finding and masking personal numbers, search grams, titles.

Every function is pure and linear in the length of the text; every pattern is free of nested repetition.
"""

import re
import unicodedata
from collections.abc import Iterable
from enum import StrEnum
from typing import NamedTuple

# Where a joiner (ZWJ, ZWNJ) changes what is read: Arabic script (Uyghur), Indic, Mongolian, emoji.
_JOINABLE = (
    "\u0590-\u10ff\u1200-\u1cff\ua800-\uabff\ufb50-\ufdcf\ufe70-\ufefc\ufe0f"
    "\u2190-\u21ff\u2600-\u27bf\u2b00-\u2bff\U00010a00-\U00011fff\U0001f000-\U0001faff"
)
# Controls but newline and tab, invisible operators, bidi marks, tags, noncharacters, lone surrogates.
# Private use stays: rare characters in old names live there. So do variation selectors.
_DROPPED = (
    "\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f"
    "\ufdd0-\ufdef\ufeff\ufff9-\ufffb\ufffe\uffff\ud800-\udfff\U000e0000-\U000e007f"
)
_UNWANTED = re.compile(f"[{_DROPPED}]|(?<![{_JOINABLE}])[\u200c\u200d]|[\u200c\u200d](?![{_JOINABLE}])")
_NEWLINE = re.compile("\r\n|[\r\x0b\x0c\x85\u2028\u2029]")
_MARKS = (
    "\u0300-\u036f\u0483-\u0489\u0610-\u061a\u064b-\u065f\u0e31\u0e34-\u0e3a\u0e47-\u0e4e"
    "\u0f71-\u0f84\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f"
)
_FLOOD = re.compile(f"([{_MARKS}]{{8}})[{_MARKS}]+")


_PHONE = re.compile(r"\+?[0-9][0-9 \-()]{4,24}")


def is_phone(number: str) -> bool:
    """Whether it can be a telephone number, however it is written: 0712-0000-000, +86 138 ..."""
    return bool(_PHONE.fullmatch(number))


def clean(text: str) -> str:
    """The text in NFC with one kind of newline and nothing invisible that could mislead a reader.

    Never NFKC (full-width and rare forms are what the person wrote) and never without private use.
    """
    text = _NEWLINE.sub("\n", text)
    text = _UNWANTED.sub("", text)
    text = unicodedata.normalize("NFC", text)
    return _FLOOD.sub(r"\1", text).strip()


# --- personal numbers ---------------------------------------------------------------------------------


class NumberKind(StrEnum):
    MOBILE = "mobile"
    LANDLINE = "landline"
    IDENTITY = "identity"
    BANK_CARD = "bank_card"


class Span(NamedTuple):
    """A likely personal number at text[start:end]; `is_certain` when a check digit or its form proves it."""

    start: int
    end: int
    kind: NumberKind
    is_certain: bool


# Folding keeps the length, so that positions in the folded text are positions in the text.
_FOLDED_DIGITS = str.maketrans("０１２３４５６７８９Ｘｘ（）－‐‑‒–—−　\xa0＋", "0123456789xx()-------  +")
_RUN = re.compile(r"\(?[0-9](?:[ \-.()]{0,2}[0-9])*[Xx]?")
_GROUP = re.compile(r"[0-9]+[Xx]?")
_MOBILE = re.compile(r"(?:0?0?86)?1[3-9][0-9]{9}")
_LANDLINE = re.compile(
    "(?:0|(?:00)?860?)(?:10|2[0-9]|[3-9][0-9]{2})(?:[2-9][0-9]{6,7}|0000[0-9]{3})"  # 0000: demo numbers
)
_BARE_LANDLINE = re.compile(r"[2-8][0-9]{6,7}")
_ASKS_TO_CALL = re.compile(r"(?:电话|座机|号码|手机|致电|拨打|联系)[^0-9\n]{0,4}\Z")
_PROVINCES = "1[1-5]|2[1-3]|3[1-7]|4[1-6]|5[0-4]|6[1-5]|71|8[1-3]"
_DAY = r"(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])"
_IDENTITY_18 = re.compile(rf"(?:{_PROVINCES})[0-9]{{4}}(?:18|19|20)[0-9]{{2}}{_DAY}[0-9]{{3}}[0-9Xx]")
_IDENTITY_15 = re.compile(rf"(?:{_PROVINCES})[0-9]{{4}}[0-9]{{2}}{_DAY}[0-9]{{3}}")
_BANK_CARD = re.compile(r"[3-6][0-9]{15,18}")
_IDENTITY_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_MAX_GROUPS = 6


def mask_candidates(text: str) -> list[Span]:
    """Mobile and landline numbers, citizen numbers and bank cards found in a text, in order, not overlapping.

    Understands full-width digits, spaces and hyphens between groups, and +86. The check digit of a citizen
    number (GB 11643) and of a card (Luhn) only raises certainty: mistyped numbers are personal too.
    """
    folded = text.translate(_FOLDED_DIGITS)
    spans: list[Span] = []
    for run in _RUN.finditer(folded):
        groups = [(g.start(), g.end()) for g in _GROUP.finditer(folded, run.start(), run.end())]
        spans.extend(_spans_in(folded, groups))
    return spans


def mask(text: str, spans: Iterable[Span]) -> str:
    """The text with the middle of each span's digits replaced by asterisks; separators stay."""
    characters = list(text)
    folded = text.translate(_FOLDED_DIGITS)
    for span in spans:
        places = [p for p in range(span.start, min(span.end, len(text))) if folded[p] in "0123456789Xx"]
        head, tail = _kept(span.kind, len(places))
        for place in places[head : len(places) - tail]:
            characters[place] = "*"
    return "".join(characters)


def _kept(kind: NumberKind, digits: int) -> tuple[int, int]:
    """How many digits stay readable at the head and at the tail."""
    if kind is NumberKind.MOBILE:
        return digits - 8, 4
    if kind is NumberKind.LANDLINE:
        return (digits - 7 if digits >= 10 else 2), 2
    return (6, 4) if kind is NumberKind.IDENTITY else (4, 4)


def _spans_in(folded: str, groups: list[tuple[int, int]]) -> list[Span]:
    spans: list[Span] = []
    first = 0
    while first < len(groups):
        taken = 1
        for count in range(min(_MAX_GROUPS, len(groups) - first), 0, -1):
            chosen = groups[first : first + count]
            span = _classify(folded, chosen)
            if span:
                spans.append(span)
                taken = count
                break
        first += taken
    return spans


def _classify(folded: str, groups: list[tuple[int, int]]) -> Span | None:
    start, end = groups[0][0], groups[-1][1]
    digits = "".join(folded[a:b] for a, b in groups)
    found = _kind_of(digits)
    if (
        found is None
        and _BARE_LANDLINE.fullmatch(digits)
        and _ASKS_TO_CALL.search(folded, max(0, start - 8), start)
    ):
        found = (NumberKind.LANDLINE, False)
    return Span(start, end, *found) if found else None


def _kind_of(digits: str) -> tuple[NumberKind, bool] | None:
    if _IDENTITY_18.fullmatch(digits):
        return NumberKind.IDENTITY, _has_identity_check(digits)
    if _BANK_CARD.fullmatch(digits) and (_has_luhn_check(digits) or digits.startswith("62")):
        return NumberKind.BANK_CARD, _has_luhn_check(digits)
    if _MOBILE.fullmatch(digits):
        return NumberKind.MOBILE, True
    if _IDENTITY_15.fullmatch(digits):
        return NumberKind.IDENTITY, False
    if _LANDLINE.fullmatch(digits):
        return NumberKind.LANDLINE, True
    return None


def _has_identity_check(digits: str) -> bool:
    total = sum(int(d) * w for d, w in zip(digits[:17], _IDENTITY_WEIGHTS, strict=True))
    return "10X98765432"[total % 11] == digits[17].upper()


def _has_luhn_check(digits: str) -> bool:
    doubled = (int(d) * (1 + place % 2) for place, d in enumerate(reversed(digits)))
    return sum(d - 9 if d > 9 else d for d in doubled) % 10 == 0


# --- search -------------------------------------------------------------------------------------------

_HAN = (
    "\u3005-\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\ue000-\uf8ff"  # zh: ranges
    "\U00020000-\U0003ffff\U000f0000-\U0010fffd"
)
_TOKEN = re.compile(f"([{_HAN}]+)|(?:(?![{_HAN}])[^\\W_])+")


class Piece(NamedTuple):
    """A stretch of an excerpt; `is_hit` where it is what was looked for."""

    text: str
    is_hit: bool = False


class _Folding(dict[int, str]):
    """What a character is searched as: its plain form in lower case, a space for what separates words."""

    def __missing__(self, code: int) -> str:
        if len(self) >= _MOST_FOLDED:
            self.clear()
        plain = unicodedata.normalize("NFKC", chr(code)).lower()
        folded = self[code] = "" if code in _JOINERS else "".join(c if _is_word(c) else " " for c in plain)
        return folded


_MOST_FOLDED = 20_000
_JOINERS = frozenset({0x200C, 0x200D, *range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)})  # and variants
_HAN_CHARACTER = re.compile(f"[{_HAN}]")
_FOLDED = _Folding()


def _is_word(character: str) -> bool:
    if character.isalnum() or _HAN_CHARACTER.match(character):
        return True
    return unicodedata.category(character).startswith("M")


def folded(text: str) -> str:
    """The text as it is searched: no case, no width, no punctuation, one space between stretches of words.

    NFKC only here, never for what is stored or shown, and character by character, so that a place in the text
    stays known.
    """
    return " ".join(text.translate(_FOLDED).split())


def grams(words: str) -> list[str]:
    """The distinct single characters and pairs of neighbours of a folded text, to be stored in an index."""
    found: dict[str, None] = {}
    for token in words.split():
        found.update(dict.fromkeys(token))
        found.update(dict.fromkeys(_pairs(token)))
    return list(found)


def query_pairs(term: str) -> list[str]:
    """Which grams a text that contains the term is sure to have."""
    return _pairs(term) if len(term) > 1 else [term]


def terms(query: str, longest: int = 100) -> list[str]:
    """What a text must contain, all of it, to be what the query asks for; empty when it asks for nothing."""
    return list(dict.fromkeys(folded(clean(query)[:longest]).split()))


def marked(text: str, wanted: Iterable[str], limit: int = 60) -> list[Piece]:
    """One line of the text around the first of the folded terms in it, cut into pieces that are hits or not."""
    line = " ".join(text.split())
    spans = _spans_of(line, list(wanted))
    first = spans[0][0] if spans else 0
    start, end = _window(line, first, limit)
    pieces = [Piece("…")] if start else []
    place = start
    for left, right in ((max(a, start), min(b, end)) for a, b in spans):
        if left >= right:
            continue
        pieces += [Piece(line[place:left])] if place < left else []
        pieces.append(Piece(line[max(left, place) : right], True))
        place = right
    pieces += [Piece(line[place:end])] if place < end else []
    return [*pieces, Piece("…")] if end < len(line) else pieces


def _spans_of(line: str, wanted: list[str]) -> list[tuple[int, int]]:
    """Where the terms stand in the line, in order, touching ones joined."""
    parts = [_FOLDED[ord(character)] for character in line]
    places = [place for place, part in enumerate(parts) for _character in part]
    whole = "".join(parts)
    found = []
    for term in wanted:
        at = whole.find(term)
        while term and at >= 0:
            found.append((places[at], places[at + len(term) - 1] + 1))
            at = whole.find(term, at + len(term))
    joined: list[tuple[int, int]] = []
    for start, end in sorted(found):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined


def _window(line: str, first: int, limit: int) -> tuple[int, int]:
    """The stretch to show: from a little before the first hit, as wide as allowed."""
    start = first
    while start and width(line[start - 1 : first]) <= limit / 4:
        start -= 1
    if width(line[:first]) <= limit / 3:
        start = 0
    end, used = start, 0.0
    while end < len(line) and used + _width(line[end]) <= limit:
        used += _width(line[end])
        end += 1
    return start, end


def query_grams(query: str) -> list[str]:
    """The grams a text must all have to match: pairs of neighbours, a character where it stands alone."""
    grams: dict[str, None] = {}
    for token, is_han in _tokens(query):
        grams.update(dict.fromkeys(_pairs(token) if is_han and len(token) > 1 else [token]))
    return list(grams)


def similar(a: str, b: str) -> float:
    """How alike two texts are, 0 to 1: Dice coefficient of their query grams."""
    left, right = set(query_grams(a)), set(query_grams(b))
    if not left or not right:
        return 0.0
    return 2 * len(left & right) / (len(left) + len(right))


def _tokens(text: str) -> Iterable[tuple[str, bool]]:
    # NFKC only for the index, never for what is stored or shown.
    folded = unicodedata.normalize("NFKC", text).lower()
    return ((match[0], match[1] is not None) for match in _TOKEN.finditer(folded))


def _pairs(run: str) -> list[str]:
    return [run[n : n + 2] for n in range(len(run) - 1)]


# --- titles and excerpts ------------------------------------------------------------------------------

_GREETING = re.compile(
    r"(?:(?:你好|您好|领导好|领导|各位领导|同志|师傅|打扰了|麻烦(?:了|一下)?|请问|我(?:想|要)(?:反映|问|咨询)(?:一下|一件事|个事|个问题)?"
    r"|反映(?:一下|一件事|个事|个问题)|想(?:问|咨询)(?:一下)?)[，,。！!：:；;、\s]{1,3})"
)
_SENTENCE = re.compile(r"[^。！？!?；;\n]+")
_CLAUSE = re.compile(r"[^，,：:]+")
_EDGES = " \t\n，,。．.；;：:、！!？?—-～~·…“”\"'（("


def title_from(text: str, limit: int = 24) -> str:
    """The first clause of a description as a title, at most `limit` Chinese characters wide."""
    text = text.strip()
    for _ in range(3):
        text = text[m.end() :] if (m := _GREETING.match(text)) else text
    sentence = next((s for m in _SENTENCE.finditer(text) if (s := m[0].strip(_EDGES))), "")
    title = ""
    for match in _CLAUSE.finditer(sentence):
        clause = match[0].strip(_EDGES)
        joined = f"{title}，{clause}" if title else clause
        if title and (width(title) >= 6 or width(joined) > limit):
            break
        title = joined
    return shortened(title, limit)


def excerpt(text: str, limit: int = 60, around: str = "") -> str:
    """One line of at most `limit` width, the first place `around` occurs kept in view."""
    line = " ".join(text.split())
    at = line.casefold().find(around.casefold()) if around else -1
    if at <= limit // 3 or width(line) <= limit:
        return shortened(line, limit)
    return "…" + shortened(line[at - limit // 4 :], limit - 1)


def shortened(text: str, limit: int) -> str:
    """The text, or its beginning with an ellipsis, within `limit` Chinese character widths."""
    if width(text) <= limit:
        return text
    used = 1.0
    for place, character in enumerate(text):
        used += _width(character)
        if used > limit:
            return text[:place].rstrip(_EDGES) + "…"
    return text


def width(text: str) -> float:
    """Width in Chinese characters: a letter of the Latin alphabet or a digit counts half."""
    return sum(_width(character) for character in text)


def _width(character: str) -> float:
    return 0.5 if ord(character) < 0x1100 else 1.0
