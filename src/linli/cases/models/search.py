"""Search over Chinese text by character bigrams: an FTS5 phrase on SQLite, a GIN index on PostgreSQL."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import connection, models
from django.db.models.expressions import RawSQL

from linli.cases.models.case import Case, CaseQuerySet
from linli.kit import text


class GramsField(models.Field):  # type: ignore[type-arg]
    """A list of search terms: an array on PostgreSQL, words in one text on SQLite."""

    def db_type(self, connection: Any) -> str:
        return "text[]" if connection.vendor == "postgresql" else "text"

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> Any:
        if connection.vendor == "postgresql" or value is None:
            return value
        return " ".join(value)


class CaseText(models.Model):
    """The searchable words of a case. Made by the migration, because each database keeps them its own way."""

    case = models.OneToOneField(Case, primary_key=True, on_delete=models.CASCADE, related_name="+")
    grams = GramsField()

    class Meta:
        managed = False
        db_table = "cases_casetext"
        constraints: ClassVar = []


def search(cases: CaseQuerySet, query: str) -> CaseQuerySet:
    """Cases whose number, title, address or words contain the query; an empty query changes nothing."""
    wanted = text.query_grams(text.clean(query).strip())
    if not wanted:
        return cases.none() if query.strip() else cases
    if connection.vendor == "postgresql":
        ids = RawSQL("SELECT case_id FROM cases_casetext WHERE grams @> %s::text[]", [wanted])
    else:
        phrase = " ".join('"' + word.replace('"', '""') + '"' for word in wanted)
        ids = RawSQL(
            "SELECT case_id FROM cases_casetext WHERE cases_casetext MATCH %s", [f"grams : ({phrase})"]
        )
    return cases.filter(pk__in=ids)
