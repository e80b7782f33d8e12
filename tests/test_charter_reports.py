"""The charter where people are reported on: files, programs, the command line, and indexes as the database has them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

import pytest
from django.core.management import get_commands
from django.db import connection, models
from django.test.utils import isolate_apps

import test_charter as charter
from linli.documents.actions import listings
from linli.documents.render.tables import Column, Kind

WHO = {"reporter", "person", "resident", "contact", "phone", "citizen", "people", "petitioner", "applicant"}
HOW_MANY = {"count", "counts", "times", "total", "often", "requests", "complaints", "petitions", "cases"}
OPENAPI = charter.SOURCE / "api" / "tests" / "openapi.json"


# Files ------------------------------------------------------------------------------------------


def reports_on_people(columns: Mapping[str, Iterable[Column]]) -> list[str]:
    """Lists that put a count beside a person, or have a column that no list has."""
    banned = set(charter.listed("names")) | {"score", "rank", "ranking", "risk", "demerit", "prediction"}
    words = charter.word_pattern()
    labels = [word for word in charter.listed("labels") if not word.isascii()]
    found = []
    for name, given in columns.items():
        some = list(given)
        found += [
            f"{name}: {one.name}"
            for one in some
            if charter.parts(one.name) & banned
            or words.search(f"{one.name} {one.label}")
            or any(label in str(one.label) for label in labels)
        ]
        about = [one.name for one in some if charter.parts(one.name) & WHO]
        counted = [one.name for one in some if one.kind is Kind.WHOLE and charter.parts(one.name) & HOW_MANY]
        if about and counted:
            found.append(f"{name} counts {', '.join(counted)} by {', '.join(about)}")
    return found


def test_no_file_reports_on_people() -> None:
    every = {name: listing.columns for name, listing in listings.known().items()}
    assert len(every) > 3
    assert reports_on_people(every) == []


@pytest.mark.parametrize(
    "column",
    [
        Column("risk_score", "x", Kind.WHOLE),
        Column("level", "信用分"),
        Column("label", "重点人员"),
        Column("religion", "x"),
    ],
)
def test_catches_columns_that_judge(column: Column) -> None:
    assert reports_on_people({"cases": [Column("number", "编号"), column]})


def test_catches_a_count_beside_a_person() -> None:
    assert reports_on_people({"people": [Column("reporter", "谁"), Column("requests", "几件", Kind.WHOLE)]})
    assert not reports_on_people({"units": [Column("unit", "单位"), Column("requests", "几件", Kind.WHOLE)]})


# Programs ---------------------------------------------------------------------------------------


def addresses_of_people(document: dict[str, Any]) -> list[str]:
    """Operations that list people, gather cases by person, or sort by them."""
    found = []
    for path, operations in document["paths"].items():
        nouns = set(path.strip("/").split("/"))
        if nouns & {"people", "persons", "residents", "reporters", "petitioners", "contacts"}:
            found.append(f"{path} is about people")
        for method, operation in operations.items():
            for one in operation.get("parameters", []):
                said = [one["name"], *map(str, one.get("schema", {}).get("enum", []))]
                if one.get("in") == "query" and any(charter.parts(word) & WHO for word in said):
                    found.append(f"{method} {path}?{one['name']}")
    return found


def test_no_program_can_list_or_sort_people() -> None:
    document = json.loads(OPENAPI.read_text(encoding="utf-8"))
    assert len(document["paths"]) > 20
    assert addresses_of_people(document) == []


@pytest.mark.parametrize(
    ("path", "parameter", "value"),
    [
        ("/reporters", "q", ""),
        ("/requests", "reporter", ""),
        ("/requests", "contact_phone", ""),
        ("/requests", "sort", "reporter"),
    ],
)
def test_catches_ways_to_people(path: str, parameter: str, value: str) -> None:
    asked = {"get": {"parameters": [{"in": "query", "name": parameter, "schema": {"enum": [value]}}]}}
    assert addresses_of_people({"paths": {path: asked}})


# The command line -------------------------------------------------------------------------------


def commands_about_people(names: Iterable[str]) -> list[str]:
    banned = set(charter.listed("names")) | {"rank", "score", "profile", "watch"}
    words = charter.word_pattern()
    return [name for name in names if charter.parts(name) & banned or words.search(name)]


def test_no_command_is_about_people() -> None:
    own = [name for name, app in get_commands().items() if app.startswith("linli.")]
    assert "doctor" in own
    assert commands_about_people(own) == []
    assert commands_about_people(["watchlist", "rank_people", "risk_level"]) == [
        "watchlist",
        "rank_people",
        "risk_level",
    ]


# The database as it is --------------------------------------------------------------------------


SQLITE = """SELECT m.tbl_name, m.name, i.name FROM sqlite_master m, pragma_index_info(m.name) i
    WHERE m.type = 'index' AND i.name IS NOT NULL"""
POSTGRESQL = """SELECT t.relname, c.relname, a.attname FROM pg_index x JOIN pg_class c ON c.oid = x.indexrelid
    JOIN pg_class t ON t.oid = x.indrelid
    JOIN pg_attribute a ON a.attrelid = x.indrelid AND a.attnum = ANY (x.indkey)"""


def indexes_by_person() -> list[str]:
    """Indexes on what identifies somebody, as the database itself knows them: migrations may write SQL, too."""
    with connection.cursor() as cursor:
        cursor.execute(POSTGRESQL if connection.vendor == "postgresql" else SQLITE)
        rows = cursor.fetchall()
    own = tuple(f"{app}_" for app in _apps())
    return sorted(
        f"{table}: {index}"
        for table, index, column in rows
        if table.startswith(own) and charter.parts(column) & charter.IDENTIFYING
    )


def _apps() -> set[str]:
    return {model._meta.app_label for model in charter.own_models()} - {"people"}


@pytest.mark.django_db
def test_the_database_has_no_index_by_person() -> None:
    assert indexes_by_person() == []


@pytest.mark.django_db
def test_catches_an_index_written_in_sql() -> None:
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE cases_planted (contact_phone varchar(20))")
        cursor.execute("CREATE INDEX planted ON cases_planted (contact_phone)")
    assert indexes_by_person() == ["cases_planted: planted"]


# Loosening it -----------------------------------------------------------------------------------


@isolate_apps("linli.people")
def test_one_column_that_judges_is_caught_by_three_guards(tmp_path: Any) -> None:
    """N6: `Person.risk_level` makes at least three tests fail."""

    class Person(models.Model):
        risk_level = models.IntegerField("信用分")

        class Meta:
            app_label = "people"

    (tmp_path / "models.py").write_text("risk_level = models.IntegerField()", encoding="utf-8")
    objecting = [
        charter.judged_persons([Person]),
        [name for name in charter.undeclared_columns(Person) if name == "risk_level"],
        charter.forbidden_labels([Person]),
        charter.forbidden_words(tmp_path),
    ]
    assert sum(bool(found) for found in objecting) >= 3
