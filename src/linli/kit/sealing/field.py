"""A column the database cannot read: sealed on the way in, opened when it is looked at."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from django.apps import apps
from django.db import models
from django.utils.translation import gettext as _

from linli.kit.sealing import vault
from linli.kit.sealing.cipher import Place, Unreadable, open_sealed, seal, seal_for_server, standing_key
from linli.kit.sealing.keys import KeyringError, ring_with

SERVER, CASE = "server", "case"
JSON = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))

# How values become bytes and again values, and what stands for nothing.
Codec = tuple[Callable[[Any], bytes], Callable[[bytes], Any], Callable[[], Any]]
CODECS: dict[str, Codec] = {
    "text": (lambda value: str(value).encode(), bytes.decode, str),
    "list": (lambda value: JSON.encode(value).encode(), json.loads, list),
    "dict": (lambda value: JSON.encode(value).encode(), json.loads, dict),
    "day": (
        lambda value: value.isoformat().encode(),
        lambda data: date.fromisoformat(data.decode()),
        lambda: None,
    ),
    "bytes": (bytes, bytes, bytes),
}


class Sealed(bytes):
    """What stands in the column, as read from the database."""


class Unread(str):
    """Stands for a text that cannot be read now. It says so to people, and programs can tell it from a text."""

    is_unread = True


class _Opened:
    """Gives the value of a row's column; what stands in the row stays sealed, and is written back as it was."""

    def __init__(self, field: SealedField) -> None:
        self.field = field

    def __get__(self, instance: models.Model | None, owner: Any = None) -> Any:
        if instance is None:
            return self
        name = self.field.attname
        if name not in instance.__dict__:
            instance.refresh_from_db(fields=[name])
        value = instance.__dict__[name]
        return self.field.opened(value, instance) if isinstance(value, Sealed) else value

    def __set__(self, instance: models.Model, value: object) -> None:
        instance.__dict__[self.field.attname] = value


class SealedField(models.BinaryField):  # type: ignore[type-arg]
    """A value bound to its row and column; it cannot be searched, sorted or indexed.

    `tier` says whose key: the server's, or the case's. `is_own` gives each row a key of its own within the case, and
    `bound` names columns that may not change either without making it unreadable. `limit` is the most characters. The
    row's primary key must be known when it is saved, as it is wherever ids are made by the application.
    """

    def __init__(
        self,
        *args: Any,
        kind: str = "text",
        limit: int = 0,
        tier: str = SERVER,
        is_own: bool = False,
        bound: Sequence[str] = (),
        **options: Any,
    ) -> None:
        self.kind, self.limit, self.tier, self.is_own, self.bound = kind, limit, tier, is_own, tuple(bound)
        self.encode, self.decode, self.nothing = CODECS[kind]
        options.setdefault("default", b"")
        options.setdefault("blank", True)
        options["editable"] = True
        super().__init__(*args, **options)

    def deconstruct(self) -> Any:
        name, path, args, options = super().deconstruct()
        options.pop("editable", None)
        ours = {"kind": "text", "limit": 0, "tier": SERVER, "is_own": False, "bound": ()}
        said = {each: getattr(self, each) for each, usual in ours.items() if getattr(self, each) != usual}
        return name, path, args, {**options, **said}

    def get_internal_type(self) -> str:
        return "BinaryField"

    def contribute_to_class(self, cls: type[models.Model], name: str, private_only: bool = False) -> None:
        super().contribute_to_class(cls, name, private_only)
        setattr(cls, self.attname, _Opened(self))

    def get_default(self) -> Any:
        return self.nothing()

    def from_db_value(self, value: Any, expression: object, connection: object) -> Any:
        return Sealed(value or b"")

    def pre_save(self, model_instance: models.Model, add: bool) -> bytes:
        value = model_instance.__dict__.get(self.attname, self.nothing())
        return value if isinstance(value, Sealed) else self.sealed(value, model_instance)

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> Any:
        if value and not isinstance(value, Sealed):
            raise TypeError(f"{self.name}: save the row, so that the value is sealed for it")
        return super().get_db_prep_value(bytes(value or b""), connection, prepared)

    def sealed(self, value: Any, row: models.Model) -> Sealed:
        if value is None or value == self.nothing():
            return Sealed()
        if isinstance(value, Unread):
            raise KeyringError("what cannot be read now is not written over")
        content = self.encode(value)
        if self.tier == SERVER:
            return Sealed(seal_for_server(content, self.place(row)))
        return Sealed(seal(content, self.place(row), vault.key_of(*self._key(row))))

    def opened(self, value: bytes, row: models.Model) -> Any:
        """The value. Without its key a text of the server's reads as a plain notice; what is a case's is refused."""
        if not value:
            return self.nothing()
        if self.tier == CASE:
            try:
                return self.decode(open_sealed(value, self.place(row), vault.key_of(*self._key(row))))
            except vault.Shredded:
                return _("（已销毁）") if self.kind == "text" else self.nothing()
        try:
            return self.decode(open_sealed(value, self.place(row), ring_with(standing_key(value))))
        except (Unreadable, KeyringError):
            return Unread(_("（暂时读不出）"))

    def place(self, row: models.Model) -> Place:
        key = row.pk
        columns = row._meta.pk_fields
        parts = key if isinstance(key, tuple) else (key,)
        name = "/".join(str(column.to_python(part)) for column, part in zip(columns, parts, strict=True))
        bound = [str(self.column), *(str(getattr(row, each)) for each in self.bound)]
        return Place(self.model._meta.db_table, name, "/".join(bound))

    def _key(self, row: Any) -> tuple[UUID, str]:
        case = row.case_id if isinstance(row.case_id, UUID) else UUID(str(row.case_id))
        return case, part_of(row) if self.is_own else vault.SHARED

    def value_to_string(self, obj: models.Model) -> str:
        return bytes(self.pre_save(obj, False)).hex()


def part_of(row: Any) -> str:
    """The part of a case that is one row, under a key of its own."""
    return f"{row._meta.db_table}/{row.id}"


def sealed_fields(tier: str) -> list[SealedField]:
    """Every column sealed for a tier."""
    found = [field for model in apps.get_models() for field in model._meta.concrete_fields]
    return [field for field in found if isinstance(field, SealedField) and field.tier == tier]
