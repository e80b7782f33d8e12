"""Papers as Word files: a template with the marks of docxtpl, filled in a sandbox."""

from __future__ import annotations

import io
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from docx.shared import Mm
from docxtpl import DocxTemplate, InlineImage
from markupsafe import Markup, escape

from . import filling, typesetting, wording
from .sandbox import Sandbox

# docxtpl turns these back into braces, whoever wrote them.
_UNDONE = re.compile(r"\{_|_\}|%_|_%")


def filled(
    template: bytes,
    form: filling.Form,
    data: dict[str, Any],
    images: Sequence[bytes] = (),
    *,
    strict: bool = False,
    **more: Any,
) -> DocxTemplate:
    document = DocxTemplate(io.BytesIO(template))
    document.init_docx()
    context = context_of(document, form, data, images) | more
    document.render(context, Sandbox(FILTERS, strict, escaped), autoescape=True)
    return document


def escaped(value: Any) -> Any:
    if value is None:
        return ""
    if isinstance(value, str) and not hasattr(value, "__html__") and _UNDONE.search(value):
        return Markup(str(escape(value)).replace("_", "&#95;"))  # noqa: S704  # escaped on this line
    return value


def context_of(
    document: DocxTemplate, form: filling.Form, data: dict[str, Any], images: Sequence[bytes]
) -> dict[str, Any]:
    """What the marks of a template may name: the fields of the form, and ready-made pictures."""
    signatures = data.get("signatures") or []
    ready = filling.ready(
        form, {key: value for key, value in data.items() if key not in ("images", "signatures")}
    )
    drawn = [
        _signature(document, wording.clean({**one, "image": None}), one.get("image")) for one in signatures
    ]

    def signed(*roles: str) -> list[dict[str, Any]]:
        return [one for one in drawn if one["role"] in roles]

    seal = ready.get("seal") or None
    return ready | {
        "signed": signed,
        "pictures": [
            InlineImage(document, io.BytesIO(image), width=Mm(140)) for image in images if is_picture(image)
        ],
        "seal_picture": InlineImage(document, io.BytesIO(seal_png(form, ready)), height=Mm(30))
        if seal
        else "",
        "seal": seal,
        "BLANK_NUMBER": filling.BLANK_NUMBER,
    }


def is_picture(image: Any) -> bool:
    return bool(image) and bytes(image).startswith((b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n"))


def _signature(document: DocxTemplate, one: dict[str, Any], image: Any) -> dict[str, Any]:
    picture: Any = ""
    if is_picture(image):
        picture = InlineImage(document, io.BytesIO(bytes(image)), height=Mm(12))
    return {
        "role": one.get("role", ""),
        "name": wording.said(one.get("name")),
        "at": wording.moment(one.get("at")),
        "how": wording.said(one.get("how")),
        "picture": picture,
    }


def seal_png(form: filling.Form, data: dict[str, Any]) -> bytes:
    """The round electronic mark as a picture."""
    lines = filling.seal_of(data["seal"], wording.said(data.get("committee")))["lines"]
    printable = [typesetting.printable(line)[0] for line in lines]
    return typesetting.seal(tuple(printable))


# What templates may do with a field


def _lines(value: Any, blanks: int = 1) -> list[str]:
    """Line by line; so many blank lines where nothing is said."""
    text = wording.said(value)
    return text.split("\n") if text else [RULED] * blanks


def _numbered(value: Any, style: str = "digits", blanks: int = 1) -> list[str]:
    items = filling.listed(value)
    return [filling.number_of(style, n) + item for n, item in enumerate(items, 1)] or [RULED] * blanks


def _points(value: Any, blanks: int = 1) -> list[dict[str, Any]]:
    return filling.pointed(value) or [{"title": "", "text": "", "blank": blanks}]


def _rows(value: Any, least: int = 0, first: str = "name") -> Iterator[dict[str, Any]]:
    """The records of a table, with empty rows up to the least number; `count` is the number of a record."""
    items = value if isinstance(value, list) else []
    for number, item in enumerate(items, 1):
        yield defaultdict(str, item if isinstance(item, dict) else {first: item}, count=number)
    for _empty in range(least - len(items)):
        yield defaultdict(str)


def _party_label(party: dict[str, Any]) -> str:
    number = party.get("number")
    return wording.said(party.get("side")) + (f"（{number}）" if number else "")


def _options(value: Any, *options: str) -> str:
    return "　".join(wording.ticks(value, list(options)))


RULED = "＿" * 34
FILTERS: dict[str, Callable[..., Any]] = {
    **wording.WORDINGS,
    "said": wording.said,
    "lines": _lines,
    "numbered": _numbered,
    "points": _points,
    "rows": _rows,
    "names": filling.names,
    "described": filling.described,
    "party": _party_label,
    "options": _options,
    "counted": filling.counted,
}
