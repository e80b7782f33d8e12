"""Writes new rows without asking for anything back: one statement for all of a turn, one COPY for many thousands."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from typing import Any

from django.db import connection, models

from linli.kit.sealing import SealedField
from linli.people import scope

Model = type[models.Model]


def insert(rows: Iterable[models.Model]) -> None:
    """New rows of any tables, in the order given; on PostgreSQL in a single round trip."""
    planned = []
    for row in rows:
        statement, make = _inserting(type(row), connection.vendor)
        planned.append((statement, make(row)))
        row._state.adding, row._state.db = False, connection.alias
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(_written_out(planned))
            return
        for statement, values in planned:
            cursor.execute(statement, values)


def insert_many(rows: Mapping[Model, Sequence[models.Model]]) -> None:
    """Thousands of rows a table, tables in the order given: a COPY each, or on SQLite an `executemany`.

    Where policies hold the connection PostgreSQL takes no COPY, and the rows go as statements in one round trip.
    Raises Django's own errors, as any other statement does: a COPY alone would raise those of the driver.
    """
    if scope.is_guarded():
        if any(rows.values()):
            insert(row for some in rows.values() for row in some)
        return
    with connection.cursor() as cursor:
        for model, some in rows.items():
            statement, make = _inserting(model, connection.vendor)
            if connection.vendor == "postgresql":
                with connection.wrap_database_errors, cursor.copy(_copying(model)) as copy:
                    for row in some:
                        copy.write_row(make(row))
            elif some:
                cursor.executemany(statement, [make(row) for row in some])


def _written_out(planned: list[tuple[str, list[Any]]]) -> str:
    """The statements with their values quoted in place, as psycopg would: it parses long ones anew every time."""
    from psycopg.adapt import Transformer

    literal = Transformer(connection.connection).as_literal
    parts: list[bytes] = []
    for statement, values in planned:
        pieces = _pieces(statement)
        for piece, value in zip(pieces, values, strict=False):
            parts += (piece, bytes(literal(value)))
        parts += (pieces[-1], b";")
    return b"".join(parts).decode()


@cache
def _pieces(statement: str) -> list[bytes]:
    return [piece.encode() for piece in statement.split("%s")]


@cache
def _inserting(model: Model, vendor: str) -> tuple[str, Callable[[models.Model], list[Any]]]:
    """The INSERT of one row, and what takes its values from the row."""
    columns = [column for column in model._meta.concrete_fields if column.column]
    ways = [(column.attname, _preparation(column, vendor)) for column in columns]
    marks = ", ".join(_mark(column, vendor) for column in columns)
    statement = f"INSERT INTO {_table(model)} ({_names(columns)}) VALUES ({marks})"  # noqa: S608  our own names

    sealed = [(n, column) for n, column in enumerate(columns) if isinstance(column, SealedField)]

    def values(row: models.Model) -> list[Any]:
        known = row.__dict__
        found = [known[name] if make is None else make(known[name]) for name, make in ways]
        for n, column in sealed:
            found[n] = bytes(column.pre_save(row, True))
        return found

    return statement, values


@cache
def _copying(model: Model) -> str:
    columns = [column for column in model._meta.concrete_fields if column.column]
    return f"COPY {_table(model)} ({_names(columns)}) FROM STDIN"


def _table(model: Model) -> str:
    return connection.ops.quote_name(model._meta.db_table)


def _names(columns: Sequence[models.Field[Any, Any]]) -> str:
    return ", ".join(connection.ops.quote_name(str(column.column)) for column in columns)


def _mark(column: models.Field[Any, Any], vendor: str) -> str:
    return "%s::jsonb" if vendor == "postgresql" and column.get_internal_type() == "JSONField" else "%s"


def _preparation(column: models.Field[Any, Any], vendor: str) -> Callable[[Any], Any] | None:
    """How a value of this column is handed to the database; None where it goes as it is."""
    meant = column.target_field if isinstance(column, models.ForeignKey) else column
    kind = meant.get_internal_type()
    if kind == "GramsField":
        return lambda value: column.get_db_prep_value(value, connection)
    if kind == "JSONField":
        return _json
    if vendor == "postgresql" or isinstance(column, SealedField):
        return None
    if kind == "UUIDField":
        return lambda value: value and value.hex
    if kind == "DateTimeField":
        return connection.ops.adapt_datetimefield_value
    if kind in AS_THEY_ARE:
        return None
    return lambda value: column.get_db_prep_save(value, connection)


def _json(value: Any) -> str:
    return JSON.encode(value) if value else str(value)  # most are {} or []


JSON = json.JSONEncoder()
AS_THEY_ARE = frozenset(
    "CharField TextField BooleanField FloatField PositiveIntegerField PositiveSmallIntegerField".split()
)
