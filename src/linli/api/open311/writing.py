"""One content, two formats. Both are written from the same values, and neither is ever read here."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

TYPES = {"xml": "text/xml; charset=utf-8", "json": "application/json; charset=utf-8"}
# The element around each member of a list, by the element around the list.
MEMBERS = {
    "attributes": "attribute",
    "endpoints": "endpoint",
    "errors": "error",
    "formats": "format",
    "history": "entry",
    "notes": "note",
    "photos": "photo",
    "service_requests": "request",
    "services": "service",
    "values": "value",
}
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_ESCAPED = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#13;"}
_TO_ESCAPE = re.compile("[&<>\r]")


def written(suffix: str, root: str, content: Any) -> bytes:
    """The content as bytes; in XML it stands in the element `root`. What is None is null, or an empty element."""
    if suffix == "json":
        return _sound(json.dumps(content, ensure_ascii=False, allow_nan=False)).encode()
    body = "".join(_element(root, content))
    return f'<?xml version="1.0" encoding="utf-8"?>\n{body}\n'.encode()


def _sound(words: str) -> str:
    return words.encode("utf-8", "replace").decode()


def _element(name: str, content: Any) -> Iterator[str]:
    inside = "".join(_inside(name, content))
    yield f"<{name}>{inside}</{name}>" if inside else f"<{name}/>"


def _inside(name: str, content: Any) -> Iterator[str]:
    if isinstance(content, dict):
        for key, value in content.items():
            yield from _element(key, value)
    elif isinstance(content, list):
        for value in content:
            yield from _element(MEMBERS[name], value)
    elif content is not None:
        yield _text(content)


def _text(value: str | bool | float) -> str:
    """The value as XML can hold it: a character it cannot hold is left out."""
    said = str(value).lower() if isinstance(value, bool) else str(value)
    return _TO_ESCAPE.sub(lambda found: _ESCAPED[found[0]], _NOT_XML.sub("", said))
