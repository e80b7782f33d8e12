"""Turns plain columns into sealed ones and back, batch by batch, with rows of any number in them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db import models
from django.db.migrations.operations.base import Operation

from linli.kit.sealing.field import Sealed, SealedField
from linli.kit.sealing.vault import Shredded

BATCH = 200
PARKED = "_other"
OVERWRITE = {"sqlite": ("PRAGMA secure_delete = ON",)}


class Seal(Operation):
    """`columns`: model → column → what it becomes. All of them at once, because each change of state costs a second.

    SQLite overwrites what it drops. On PostgreSQL the plain values stay in the files until VACUUM FULL.
    """

    reversible = True

    def __init__(self, columns: dict[str, dict[str, SealedField]]) -> None:
        self.columns = columns

    def describe(self) -> str:
        return "Seal " + ", ".join(self.columns)

    def state_forwards(self, app_label: str, state: Any) -> None:
        for name, fields in self.columns.items():
            for column, field in fields.items():
                state.models[app_label, name].fields[column] = field.clone()
        state.reload_models({(app_label, name) for name in self.columns}, delay=True)

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        for statement in OVERWRITE.get(schema_editor.connection.vendor, ()):
            schema_editor.execute(statement)
        self._swap(app_label, schema_editor, from_state, to_state)

    def database_backwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        self._swap(app_label, schema_editor, from_state, to_state)

    def _swap(self, app_label: str, schema_editor: Any, before: Any, after: Any) -> None:
        for name, fields in self.columns.items():
            old, new = (state.apps.get_model(app_label, name) for state in (before, after))
            wanted = [new._meta.get_field(column) for column in fields]
            for field in wanted:
                schema_editor.execute(_added(field, schema_editor))
            _fill(old, wanted, schema_editor.connection)
            for field in wanted:
                table, column, parked = _quoted(field, schema_editor)
                schema_editor.execute(f"ALTER TABLE {table} DROP COLUMN {column}")
                schema_editor.execute(f"ALTER TABLE {table} RENAME COLUMN {parked} TO {column}")


def _quoted(field: Any, schema_editor: Any) -> tuple[str, str, str]:
    quote = schema_editor.quote_name
    return quote(field.model._meta.db_table), quote(field.column), quote(field.column + PARKED)


def _added(field: Any, schema_editor: Any) -> str:
    """A column beside the old one; rows have nothing in it yet."""
    table, _column, parked = _quoted(field, schema_editor)
    kind = field.db_parameters(schema_editor.connection)["type"]
    if field.null:
        return f"ALTER TABLE {table} ADD COLUMN {parked} {kind} NULL"
    nothing = schema_editor.quote_value(_prepared(field, _nothing(field), schema_editor.connection))
    return f"ALTER TABLE {table} ADD COLUMN {parked} {kind} DEFAULT {nothing} NOT NULL"


def _nothing(field: Any) -> Any:
    default = b"" if isinstance(field, SealedField) else field.get_default()
    return "" if default is None else default


def _prepared(field: Any, value: Any, connection: Any) -> Any:
    made = field.get_db_prep_save(value, connection)
    return bytes(made) if isinstance(made, memoryview) else made


def _fill(model: Any, wanted: list[Any], connection: Any) -> None:
    """Each row's values, sealed or opened, written into the columns beside the old ones."""
    quote = connection.ops.quote_name
    keys = model._meta.pk_fields
    told = ", ".join(f"{quote(field.column + PARKED)} = %s" for field in wanted)
    where = " AND ".join(f"{quote(key.column)} = %s" for key in keys)
    statement = f"UPDATE {quote(model._meta.db_table)} SET {told} WHERE {where}"  # noqa: S608  our own names
    for batch in _batches(model):
        rows = []
        for row in batch:
            values = [_prepared(field, _turned(field, row), connection) for field in wanted]
            rows.append(
                [*values, *(key.get_db_prep_save(getattr(row, key.attname), connection) for key in keys)]
            )
        with connection.cursor() as cursor:
            cursor.executemany(statement, rows)


def _turned(field: Any, row: models.Model) -> Any:
    value = getattr(row, field.attname)
    if not isinstance(field, SealedField):
        return value
    try:
        return field.sealed(value, row)
    except Shredded:  # an old backup was put back: what was destroyed since does not return
        return Sealed()


def _batches(model: Any) -> Iterator[list[Any]]:
    last = None
    while True:
        rows = model.objects.order_by("pk")
        batch = list(rows[:BATCH] if last is None else rows.filter(pk__gt=last)[:BATCH])
        if not batch:
            return
        last = batch[-1].pk
        yield batch
