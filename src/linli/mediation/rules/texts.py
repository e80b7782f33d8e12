"""The exact text of a paper: what people read before they sign, and what the fingerprint is taken of."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from django.utils import translation

from linli.mediation.models import Mediation, PaperKind, Party
from linli.mediation.rules.forms import FIELDS, Field
from linli.mediation.rules.papers import POINTS

FORMS = Path(__file__).resolve().parent.parent / "papers" / "forms.toml"


def in_chinese(words: Any) -> str:
    """Words as an official paper prints them, whoever writes it."""
    with translation.override("zh-hans"):
        return str(words)


def fingerprint(text: str) -> str:
    """SHA-256 of the exact text, in hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()


def text_of(kind: PaperKind | str, content: Mapping[str, Any], matter: Mediation) -> str:
    """A paper in plain Chinese text, title first: the same content of the same matter gives the same text."""
    kind = PaperKind(kind)
    with translation.override("zh-hans"):
        lines = [str(kind.label), f"纠纷名称：{matter.subject}"]  # zh: an official paper
        lines += _fixed(kind)
        if kind == PaperKind.RECORD:
            lines += _points(content)
        for field in FIELDS[kind]:
            lines += _field(field, content.get(field.name), matter)
    return "\n".join(lines)


def _points(content: Mapping[str, Any]) -> Iterator[str]:
    said = [*content.get("points", []), *[""] * len(POINTS)]
    for number, (title, words) in enumerate(zip(POINTS, said, strict=False), start=1):
        if words:
            yield f"{number}. {title}：{words}"


def _cell(column: Field, value: Any, matter: Mediation) -> str:
    """A party is named, not numbered."""
    if column.kind != "party":
        return str(value)
    party = Party.objects.filter(case_id=matter.case_id, number=value).first()
    return party.name if party else str(value)


def _field(field: Field, value: Any, matter: Mediation) -> Iterator[str]:
    if value in (None, "", []):
        return
    if field.kind == "items":
        yield f"{field.text}："
        for place, row in enumerate(value, start=1):
            filled = [column for column in field.columns if row.get(column.name)]
            cells = [f"{column.text}：{_cell(column, row[column.name], matter)}" for column in filled]
            yield f"{place}. " + "；".join(cells)  # zh: on an official paper
    elif field.kind == "lines":
        yield f"{field.text}："
        yield from (f"{place}. {line}" for place, line in enumerate(value, start=1))
    else:
        yield f"{field.text}：{dict(field.choices).get(value, value)}"


@cache
def _forms() -> dict[str, Any]:
    return tomllib.loads(FORMS.read_text(encoding="utf-8"))


def _fixed(kind: PaperKind) -> list[str]:
    """The words printed on the form itself, where the paper is those words: the rights and duties."""
    if kind != PaperKind.RIGHTS:
        return []
    lines = []
    for block in _forms()[kind.value]["blocks"]:
        lines += [block["label"]] if "clauses" in block else []
        lines += block.get("clauses", [])
        lines += [block["text"]] if "text" in block else []
    return lines
