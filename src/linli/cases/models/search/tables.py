"""Where searched words are kept. Tables are made by migrations, because each database indexes them its own way."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.db.models.lookups import Lookup

from linli.cases.models.case import Case
from linli.kit import text


class GramsField(models.Field):  # type: ignore[type-arg]
    """Folded words as an index wants them: their characters and pairs on PostgreSQL, on SQLite pairs in order.

    For FTS5 each character is written as its number, so that no table of letters of SQLite's decides what a word is.
    """

    def db_type(self, connection: Any) -> str:
        return "text[]" if connection.vendor == "postgresql" else "text"

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> Any:
        if not isinstance(value, str):
            return value
        return text.grams(value) if connection.vendor == "postgresql" else pairs_in_order(value)


def pairs_in_order(words: str) -> str:
    """The words for FTS5: a token for each character with the one after it, the last of a stretch alone."""
    stretches = ([_coded(character) for character in token] for token in words.split())
    return " ".join(
        one + other for codes in stretches for one, other in zip(codes, [*codes[1:], ""], strict=True)
    )


def _coded(characters: str) -> str:
    return "".join([f"{ord(character):04x}" for character in characters])


def phrase(term: str) -> str:
    """A term for FTS5: its pairs one after another, a single character as the beginning of a pair."""
    if len(term) == 1:
        return f'"{_coded(term)}" *'
    return '"' + " ".join(_coded(term[n : n + 2]) for n in range(len(term) - 1)) + '"'


@GramsField.register_lookup
class Hold(Lookup):
    """Rows whose index knows every one of the terms: those that contain them, and on PostgreSQL some more."""

    lookup_name = "hold"
    prepare_rhs = False

    def get_db_prep_lookup(self, value: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        return "%s", (value,)

    def as_postgresql(self, compiler: Any, connection: Any) -> tuple[str, list[Any]]:
        left, parameters = self.process_lhs(compiler, connection)
        wanted = [gram for term in self.rhs for gram in text.query_pairs(term)]
        return f"{left} @> %s::text[]", [*parameters, wanted]

    def as_sqlite(self, compiler: Any, connection: Any) -> tuple[str, list[Any]]:
        column = self.lhs.target
        table = column.model._meta.db_table
        row = f"{compiler.quote_name_unless_alias(self.lhs.alias)}.id"
        wanted = f"{column.column} : ({' AND '.join(phrase(term) for term in self.rhs)})"
        return f"{row} IN (SELECT rowid FROM {table}_index WHERE {table}_index MATCH %s)", [wanted]  # noqa: S608


class Searched(models.Model):
    """Words something is found by, and the moment its list is ordered by. The primary key is what is found.

    `order` is the column of that moment in the table of what is found.
    """

    order = "received_at"

    at = models.DateTimeField()
    words = models.TextField()
    grams = GramsField()

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return str(self.pk)


class CaseText(Searched):
    """What a case is found by: `words` by whoever may see it, `shown` by everybody, empty unless published."""

    case = models.OneToOneField(Case, primary_key=True, on_delete=models.CASCADE, related_name="+")
    shown = models.TextField(default="")
    shown_grams = GramsField(default="")

    class Meta:
        managed = False
        db_table = "cases_casetext"
        constraints: ClassVar = []


GRAMS = {"words": "grams", "shown": "shown_grams"}


def statements(vendor: str, table: str, key: str, target: str, columns: tuple[str, ...]) -> list[str]:
    """What makes a table of searched words about `target`, with an index for each of the columns of words."""
    grams = [GRAMS[column] for column in columns]
    if vendor == "postgresql":
        kept = "".join(
            f", {word} text NOT NULL, {gram} text[] NOT NULL"
            for word, gram in GRAMS.items()
            if word in columns
        )
        made = [
            f"CREATE TABLE {table} ({key} uuid PRIMARY KEY REFERENCES {target} (id) DEFERRABLE INITIALLY DEFERRED, "
            f"at timestamptz NOT NULL{kept}) WITH (toast_tuple_target = 1024)",
            f"CREATE INDEX {table}_at ON {table} (at, {key})",
        ]
        for gram in grams:
            made.append(f"CREATE INDEX {table}_{gram} ON {table} USING gin ({gram})")
            # Out of the way of whoever reads the words, and not packed: the index has it all, few ever read it.
            made.append(f"ALTER TABLE {table} ALTER COLUMN {gram} SET STORAGE EXTERNAL")
        return [*made, *(f"ALTER TABLE {table} ALTER COLUMN {word} SET STORAGE MAIN" for word in columns)]
    kept = "".join(f", {word} text NOT NULL, {GRAMS[word]} text NOT NULL" for word in columns)
    names = ", ".join(grams)
    old, new = (", ".join(f"{which}.{gram}" for gram in grams) for which in ("old", "new"))
    forget = f"INSERT INTO {table}_index ({table}_index, rowid, {names}) VALUES ('delete', old.id, {old});"  # noqa: S608  our own names
    learn = f"INSERT INTO {table}_index (rowid, {names}) VALUES (new.id, {new});"  # noqa: S608  our own names
    return [
        f"CREATE TABLE {table} (id integer PRIMARY KEY, {key} char(32) NOT NULL UNIQUE REFERENCES {target} (id) "
        f"DEFERRABLE INITIALLY DEFERRED, at datetime NOT NULL{kept})",
        f"CREATE INDEX {table}_at ON {table} (at, {key})",
        f"CREATE VIRTUAL TABLE {table}_index USING fts5({names}, content = '{table}', content_rowid = 'id', "
        f"tokenize = 'ascii', prefix = '4', detail = 'full')",
        f"CREATE TRIGGER {table}_learn AFTER INSERT ON {table} BEGIN {learn} END",
        f"CREATE TRIGGER {table}_forget AFTER DELETE ON {table} BEGIN {forget} END",
        f"CREATE TRIGGER {table}_change AFTER UPDATE ON {table} BEGIN {forget} {learn} END",
    ]
