"""The fields and kinds of dispute a county starts with, and what an administrator changes in them afterwards."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from linli.kit import text
from linli.mediation.models import Category, Field
from linli.people.access import Actor
from linli.people.actions import note_change

DATA = Path(__file__).parent.parent / "data"
CODE = re.compile(r"[a-z][a-z0-9_]{1,31}")
STEP = 10
PROCEDURES = ("mediation", "mediation_medical", "mediation_labour")
ENTRY = ("name_zh", "name_en", "is_active")
Row = TypeVar("Row", Field, Category)


class ListRefused(Exception):
    """Something wrong with an entry: field → message. Nothing was written."""

    def __init__(self, errors: Mapping[str, str]) -> None:
        self.errors = dict(errors)
        super().__init__(" ".join(self.errors.values()))


def install_lists() -> None:
    """Adds every field and category of the package that is not there yet; what was edited stays edited."""
    with transaction.atomic():
        _install_fields(_read("fields.toml")["field"])
        _install_categories(_read("categories.toml")["category"])


def add_field(*, code: str, by: Actor, at: datetime, changes: Mapping[str, Any]) -> Field:
    """Adds a professional field at the end of the list."""
    return _add(Field(code=code.strip()), "field", by, at, changes)


def edit_field(*, field: Field, by: Actor, at: datetime, changes: Mapping[str, Any]) -> Field:
    """Changes a field; switched off, it is no longer offered, and committees and cases keep it."""
    return _edit(field, "field", by, at, changes)


def add_category(*, code: str, by: Actor, at: datetime, changes: Mapping[str, Any]) -> Category:
    """Adds a kind of dispute at the end of the list."""
    return _add(Category(code=code.strip()), "dispute", by, at, changes)


def edit_category(*, category: Category, by: Actor, at: datetime, changes: Mapping[str, Any]) -> Category:
    """Changes a kind of dispute. Cases that are already running keep the procedure they follow."""
    return _edit(category, "dispute", by, at, changes)


def move_entry(*, entry: Field | Category, places: int, by: Actor, at: datetime) -> int:
    """Moves an entry up (negative) or down its list and numbers the list anew; returns its new position."""
    model = type(entry)
    with transaction.atomic():
        rows: list[Any] = list(model.objects.select_for_update().order_by("position", "code"))
        index = next(n for n, row in enumerate(rows) if row.pk == entry.pk)
        before = rows[index].position
        moved = rows.pop(index)
        rows.insert(max(0, min(len(rows), index + places)), moved)
        changed = [row for n, row in enumerate(rows, start=1) if row.position != n * STEP]
        for number, row in enumerate(rows, start=1):
            row.position = number * STEP
        model.objects.bulk_update(changed, ["position"])
        if before != moved.position:
            _note(moved, f"{_kind(moved)}.moved", by, at, {"position": before}, {"position": moved.position})
    return int(moved.position)


@cache
def _read(name: str) -> dict[str, Any]:
    with (DATA / name).open("rb") as file:
        return tomllib.load(file)


def _install_fields(entries: list[dict[str, Any]]) -> None:
    known = set(Field.objects.values_list("code", flat=True))
    Field.objects.bulk_create(
        Field(code=entry["code"], position=n * STEP, **_named(entry))
        for n, entry in enumerate(entries, start=1)
        if entry["code"] not in known
    )


def _install_categories(entries: list[dict[str, Any]]) -> None:
    known = set(Category.objects.values_list("code", flat=True))
    Category.objects.bulk_create(
        Category(
            code=entry["code"],
            position=n * STEP,
            field_id=entry.get("field"),
            procedure=entry.get("procedure", "mediation"),
            **_named(entry),
        )
        for n, entry in enumerate(entries, start=1)
        if entry["code"] not in known
    )


def _named(entry: dict[str, Any]) -> dict[str, str]:
    return {"name_zh": entry["label"]["zh"], "name_en": entry["label"]["en"]}


def _kind(row: Field | Category) -> str:
    return "field" if isinstance(row, Field) else "dispute"


def _add(row: Row, kind: str, by: Actor, at: datetime, changes: Mapping[str, Any]) -> Row:
    if not CODE.fullmatch(row.code):
        raise ListRefused({"code": _("代码用 2 至 32 个小写字母、数字和下划线，以字母开头。")})
    with transaction.atomic():
        rows = type(row).objects
        if rows.filter(pk=row.code).exists():
            raise ListRefused({"code": _("代码“%(code)s”已经有了，请换一个。") % {"code": row.code}})
        row.position = (rows.aggregate(last=Max("position"))["last"] or 0) + STEP
        _apply(row, changes)
        row.save(force_insert=True)
        _note(row, f"{kind}.added", by, at, {}, _facts(row))
    return row


def _edit(row: Row, kind: str, by: Actor, at: datetime, changes: Mapping[str, Any]) -> Row:
    with transaction.atomic():
        row = type(row).objects.select_for_update().get(pk=row.pk)
        before = _facts(row)
        _apply(row, changes)
        if (after := _facts(row)) != before:
            row.save(force_update=True)
            _note(row, f"{kind}.edited", by, at, before, after)
    return row


def _apply(row: Field | Category, changes: Mapping[str, Any]) -> None:
    """Sets the fields and has the model check itself; unknown names are a mistake of the caller."""
    allowed = (*ENTRY, "field", "procedure") if isinstance(row, Category) else ENTRY
    for name, value in changes.items():
        if name not in allowed:
            raise KeyError(name)
        setattr(row, name, " ".join(text.clean(value).split()) if isinstance(value, str) else value)
    if isinstance(row, Category) and row.procedure not in PROCEDURES:
        raise ListRefused({"procedure": _("没有这种程序，请从名单里选。")})
    try:
        row.full_clean(validate_unique=False, validate_constraints=False)
    except ValidationError as error:
        raise ListRefused({name: " ".join(said) for name, said in error.message_dict.items()}) from error


def _facts(row: Field | Category) -> dict[str, Any]:
    facts = {name: getattr(row, name) for name in ENTRY}
    if isinstance(row, Category):
        facts |= {"field": row.field.name_zh if row.field else "", "procedure": row.procedure}
    return facts


def _note(
    row: Field | Category, what: str, by: Actor, at: datetime, before: dict[str, Any], after: dict[str, Any]
) -> None:
    """Only what differs is kept."""
    changed = {key for key in {*before, *after} if before.get(key) != after.get(key)}
    note_change(
        by=by,
        at=at,
        what=what,
        target=(_kind(row), row.code, row.name_zh),
        before={key: value for key, value in before.items() if key in changed},
        after={key: value for key, value in after.items() if key in changed},
    )
