"""docs/charter.md, held. Each guard reads its words there and is shown what it must catch."""

from __future__ import annotations

import ast
import hashlib
import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.apps import apps
from django.contrib.auth import get_user_model
from django.db import models
from django.test import Client
from django.test.utils import isolate_apps
from django.urls import URLPattern, URLResolver, get_resolver

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "src" / "linli"
CHARTER = ROOT / "docs" / "charter.md"
# The fingerprint of docs/charter.md; the other copy stands in pyproject.toml. Change both on purpose only.
CHARTER_SHA256 = "8e4571de2fe603e9083f54766a12a2fa26b08c482dc418bd5bcd3444861e3ac8"

TEXTS = {".csv", ".geojson", ".html", ".js", ".json", ".po", ".py", ".toml", ".ts", ".txt"}
PLACES = {"latitude", "longitude", "lat", "lon", "lng", "location", "geometry", "whereabouts"}
IDENTIFYING = {"phone", "mobile", "contact", "citizen", "identity"}


def listed(block: str) -> list[str]:
    """The words of a fenced block of the charter."""
    found = re.search(rf"```{re.escape(block)}\n(.*?)```", CHARTER.read_text(encoding="utf-8"), re.DOTALL)
    assert found, f"docs/charter.md has no block {block}"
    return found.group(1).split()


def table(title: str) -> str:
    """The section of the charter with that title."""
    return CHARTER.read_text(encoding="utf-8").split(f"## {title}")[1].split("\n## ")[0]


def account_columns() -> set[str]:
    return set(re.findall(r"^\| `(\w+)` \|", table("What an account holds"), re.MULTILINE))


def excepted_columns() -> set[str]:
    """Columns an official form asks for, as `Model.column`."""
    return set(re.findall(r"^\| `(\w+\.\w+)` \|", table("Exceptions"), re.MULTILINE))


def work_counts() -> set[tuple[str, str]]:
    """Functions that count what officials have in hand, as (file, function)."""
    return set(re.findall(r"^\| `([\w/]+\.py)` `(\w+)` \|", table("Work that is shared out"), re.MULTILINE))


def parts(name: str) -> set[str]:
    """The words inside a name: riskLevel, risk_level and RiskLevel all give {risk, level}."""
    return {part.lower() for part in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+", name)}


def own_models() -> list[type[models.Model]]:
    return [model for model in apps.get_models() if model.__module__.startswith("linli.")]


# The charter itself


def test_the_charter_is_the_one_agreed() -> None:
    """N6: loosening a promise takes two deliberate edits besides the page."""
    now = hashlib.sha256(CHARTER.read_bytes()).hexdigest()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert now == CHARTER_SHA256, "docs/charter.md changed: write its new fingerprint here, if that is meant"
    assert now == project["tool"]["linli"]["charter-sha256"], "… and in pyproject.toml"


# Tables and columns


def forbidden_names(of: list[type[models.Model]]) -> list[str]:
    """Tables and columns named after what Linli does not hold."""
    banned, excepted = set(listed("names")), excepted_columns()
    found = []
    for model in of:
        names = [model.__name__, *(field.name for field in model._meta.get_fields())]
        found += [
            f"{model.__name__}: {name}"
            for name in names
            if parts(name) & banned and f"{model.__name__}.{name}" not in excepted
        ]
    return found


def loose_exceptions(of: list[type[models.Model]]) -> list[str]:
    """Exceptions that are required, indexed, in no row of one case, or of a column there is not."""
    columns = {
        f"{model.__name__}.{field.name}": field for model in of for field in model._meta.concrete_fields
    }
    found = []
    for name in sorted(excepted_columns()):
        field = columns.get(name)
        if field is None:
            found.append(f"{name} is not there")
            continue
        model = field.model
        indexed = [column for index in model._meta.indexes for column in index.fields]
        key = getattr(model._meta.pk, "field_names", ("",))[0]
        if (
            not field.blank
            or getattr(field, "db_index", False)
            or field.unique
            or field.name in indexed
            or key != "case_id"
        ):
            found.append(f"{name} is more than a blank of one case's form")
    return found


def forbidden_labels(of: list[type[models.Model]]) -> list[str]:
    """Labels of fields and choices, in the source language."""
    banned = [word for word in listed("labels") + listed("words") if not word.isascii()]
    found = []
    for model in of:
        for field in model._meta.concrete_fields:
            if f"{model.__name__}.{field.name}" in excepted_columns():
                continue
            shown = [str(field.verbose_name), *(str(label) for _value, label in field.flatchoices)]
            found += [
                f"{model.__name__}.{field.name}: {label}"
                for label in shown
                if any(w in label for w in banned)
            ]
    return found


def _persons(model: type[models.Model]) -> list[models.Field]:  # type: ignore[type-arg]
    user = get_user_model()
    keys = [field for field in model._meta.concrete_fields if field.is_relation]
    return [field for field in keys if getattr(field.related_model, "__name__", "") == user.__name__]


def is_about_persons(model: type[models.Model]) -> bool:
    """The account table, and any table with one row per person."""
    return model.__name__ == get_user_model().__name__ or any(field.unique for field in _persons(model))


def judged_persons(of: list[type[models.Model]]) -> list[str]:
    """Columns that score, grade, tag or place a person."""
    banned = set(listed("about-persons")) | set(listed("names"))
    found = []
    for model in of:
        if is_about_persons(model):
            columns = [field.name for field in model._meta.concrete_fields]
            found += [f"{model.__name__}.{name}" for name in columns if parts(name) & banned]
    return found


def undeclared_columns(model: type[models.Model]) -> list[str]:
    """Columns of the account table that the charter does not explain, and the other way round."""
    return sorted({field.name for field in model._meta.concrete_fields} ^ account_columns())


def tracks(of: list[type[models.Model]]) -> list[str]:
    """Tables that could hold many places of one person: a person and a position, but not one row per case."""
    found = []
    for model in of:
        key = model._meta.pk
        one_per_case = model.__name__ == "Case" or getattr(key.related_model, "__name__", "") == "Case"
        placed = [field.name for field in model._meta.concrete_fields if parts(field.name) & PLACES]
        if placed and _persons(model) and not one_per_case:
            found.append(f"{model.__name__}: {', '.join(placed)}")
    return found


def person_indexes(of: list[type[models.Model]]) -> list[str]:
    """Indexes that would find a person's cases by phone, contact or identity number."""
    found = []
    for model in of:
        indexed = [
            field.name
            for field in model._meta.concrete_fields
            if getattr(field, "db_index", False) or field.unique
        ]
        indexed += [name.lstrip("-") for index in model._meta.indexes for name in index.fields]
        found += [
            f"{model.__name__}.{name}"
            for name in dict.fromkeys(indexed)
            if parts(name) & IDENTIFYING and model.__name__ != get_user_model().__name__
        ]
    return found


def test_no_table_or_column_is_named_after_what_linli_refuses() -> None:
    assert forbidden_names(own_models()) == []


def test_exceptions_are_blanks_of_official_forms_and_nothing_more() -> None:
    assert loose_exceptions(own_models()) == []
    assert loose_exceptions([]) == ["Party.ethnicity is not there"]


def test_no_field_is_labelled_with_what_linli_refuses() -> None:
    assert forbidden_labels(own_models()) == []


def test_no_person_is_scored_graded_tagged_or_placed() -> None:
    assert judged_persons(own_models()) == []


def test_an_account_holds_what_the_charter_says_and_nothing_else() -> None:
    assert undeclared_columns(get_user_model()) == []


def test_nobody_leaves_a_track() -> None:
    assert tracks(own_models()) == []


def test_no_index_finds_a_persons_cases() -> None:
    assert person_indexes(own_models()) == []


@isolate_apps("linli.people", "linli.cases")
def test_catches_tables_that_cross_the_line() -> None:
    class Person(models.Model):
        name = models.CharField("姓名", max_length=9)
        risk_level = models.IntegerField("信用分")

        class Meta:
            app_label = "people"

    class Circumstances(models.Model):
        person = models.OneToOneField(Person, on_delete=models.CASCADE)
        religion = models.CharField(max_length=9)
        score = models.IntegerField()

        class Meta:
            app_label = "people"

    class Step(models.Model):
        worker = models.ForeignKey(Person, on_delete=models.CASCADE)
        longitude = models.FloatField()
        latitude = models.FloatField()
        contact_phone = models.CharField("电话", max_length=9, db_index=True)

        class Meta:
            app_label = "cases"

    every: list[type[models.Model]] = [Person, Circumstances, Step]
    assert forbidden_names(every) == ["Circumstances: religion"]
    assert forbidden_labels(every) == ["Person.risk_level: 信用分"]
    assert judged_persons(every) == ["Person.risk_level", "Circumstances.religion", "Circumstances.score"]
    assert "risk_level" in undeclared_columns(Person)
    assert tracks(every) == ["Step: longitude, latitude"]
    assert person_indexes(every) == ["Step.contact_phone"]


# Words in code, seeds, pages and translations


def word_pattern() -> re.Pattern[str]:
    """The charter's words; in English also as watchList, watch-list and watchlists."""
    written = [
        word if not word.isascii() else rf"(?<![a-z]){word.replace('_', '[ _-]?')}s?(?![a-z])"
        for word in listed("words")
    ]
    return re.compile("|".join(written), re.IGNORECASE)


def read_texts(*folders: Path) -> Iterator[tuple[Path, str]]:
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            skipped = {"tests", "dist", "node_modules"} & set(path.relative_to(folder).parts)
            if path.suffix in TEXTS and path.is_file() and not skipped:
                yield path, path.read_text(encoding="utf-8")


def forbidden_words(*folders: Path) -> list[str]:
    pattern = word_pattern()
    return [
        f"{path.name}: {found.group()}"
        for path, text in read_texts(*folders)
        for found in pattern.finditer(text)
    ]


def test_no_text_uses_the_words() -> None:
    assert forbidden_words(SOURCE, ROOT / "frontend") == []


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("seeds.toml", 'label = { zh = "重点人员", en = "x" }'),
        ("models.py", "risk_level = 1"),
        ("island.ts", "const riskLevel = 1"),
        ("django.po", 'msgstr "Blacklists"'),
        ("page.html", "<a href='/watch-list'>"),
        ("map.ts", "navigator.geolocation.watchPosition(draw)"),
    ],
)
def test_catches_the_words(tmp_path: Path, file: str, text: str) -> None:
    (tmp_path / file).write_text(text, encoding="utf-8")
    assert len(forbidden_words(tmp_path)) == 1


def test_leaves_plain_words_alone(tmp_path: Path) -> None:
    (tmp_path / "views.py").write_text(
        "track = surface + template + explanation + interface", encoding="utf-8"
    )
    assert forbidden_words(tmp_path) == []


# Addresses


def addresses(resolver: URLResolver, prefix: str = "") -> Iterator[str]:
    for entry in resolver.url_patterns:
        if isinstance(entry, URLResolver):
            yield from addresses(entry, prefix + str(entry.pattern))
        elif isinstance(entry, URLPattern):
            yield prefix + str(entry.pattern)


def forbidden_addresses(of: list[str]) -> list[str]:
    """Addresses named after what Linli refuses, or that collect something under a person."""
    banned = set(listed("names"))
    words = word_pattern()
    per_person = re.compile(r"(people|persons?|reporters?)/<[^>]+>/(cases|requests|history|places)")
    return [each for each in of if parts(each) & banned or words.search(each) or per_person.search(each)]


def test_no_address_leads_there() -> None:
    assert forbidden_addresses(list(addresses(get_resolver()))) == []


def test_catches_addresses() -> None:
    crossing = ["desk/watchlist/", "desk/people/<uuid:person>/cases/", "desk/risk-level/"]
    assert (
        forbidden_addresses([*crossing, "track/<str:code>/", "desk/people/<uuid:person>/grants/"]) == crossing
    )


# Queries


def person_counts(source: str) -> list[str]:
    """Queries that count or order by person: per-reporter totals, people sorted by how often they wrote."""
    person = r"reporters?(_id)?|persons?(_id)?|contact_phone|phone"
    grouped = re.compile(rf"\.values(_list)?\(['\"]({person})['\"].*\.annotate\(.*\b(Count|Sum)\(")
    people = re.compile(r"\bPerson\b\.objects.*\b(Count|Sum|Window|Rank)\(")
    sql = re.compile(rf"group\s+by\s+[\w., \"]*\b({person})\b", re.IGNORECASE)
    calls = {
        ast.unparse(node) for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call | ast.Constant)
    }
    return sorted(
        call
        for call in calls
        if grouped.search(call) or people.search(call) or sql.search(call.replace("\\n", " "))
    )


def without_work_counts(path: Path, text: str) -> str:
    """The file without the functions in which the charter lets work be shared out."""
    name, lines = path.relative_to(SOURCE).as_posix(), text.splitlines()
    for node in reversed(ast.parse(text).body):
        if isinstance(node, ast.FunctionDef) and (name, node.name) in work_counts():
            del lines[node.lineno - 1 : node.end_lineno]
    return "\n".join(lines)


def test_nobody_counts_by_person() -> None:
    texts = {
        path: path.read_text(encoding="utf-8") for path in SOURCE.rglob("*.py") if "tests" not in path.parts
    }
    assert [path.name for path, text in texts.items() if person_counts(without_work_counts(path, text))] == []
    for file, function in work_counts():  # each is still what it was allowed to be
        assert person_counts(texts[SOURCE / file]), f"{file} {function} counts nothing: strike it out"


@pytest.mark.parametrize(
    "query",
    [
        "Report.objects.values('reporter_id').annotate(n=Count('*')).order_by('-n')",
        "Person.objects.annotate(n=Count('cases')).order_by('-n')",
        "cursor.execute('SELECT count(*) FROM r\\nGROUP BY unit, contact_phone')",
    ],
)
def test_catches_counts_by_person(query: str) -> None:
    assert person_counts(query)


def test_only_the_named_function_shares_out_work() -> None:
    count = "def {name}():\n    return Assignment.objects.values_list('person_id').annotate(n=Count('*'))\n"
    path = SOURCE / "mediation/actions/members.py"
    assert not person_counts(without_work_counts(path, count.format(name="load_of")))
    assert person_counts(without_work_counts(path, count.format(name="best_of")))
    assert person_counts(without_work_counts(SOURCE / "cases/actions/board.py", count.format(name="load_of")))


def test_counting_units_is_fine() -> None:
    assert person_counts("Case.objects.values('holder_path').annotate(n=Count('*'))") == []


# Packages


def installed(root: Path) -> set[str]:
    """Every package the lock files name."""
    names: set[str] = set()
    for path in (root / "requirements").glob("*.txt"):
        found = re.findall(r"^([A-Za-z0-9._-]+)==", path.read_text(encoding="utf-8"), re.MULTILINE)
        names |= {re.sub(r"[-_.]+", "-", name).lower() for name in found}
    lock = root / "package-lock.json"
    if lock.exists():
        paths = json.loads(lock.read_text(encoding="utf-8")).get("packages", {})
        names |= {path.rpartition("node_modules/")[2] for path in paths}
    return names


def forbidden_packages(names: set[str]) -> set[str]:
    banned = set(listed("packages"))
    return names & (banned | {re.sub(r"[-_.]+", "-", name) for name in banned if "/" not in name})


def test_no_package_recognises_faces_voices_or_plates() -> None:
    names = installed(ROOT)
    assert "django" in names
    assert forbidden_packages(names) == set()


def test_catches_packages(tmp_path: Path) -> None:
    (tmp_path / "requirements").mkdir()
    (tmp_path / "requirements" / "base.txt").write_text("Face_Recognition==1.3 \\\n    --hash=x\n")
    (tmp_path / "package-lock.json").write_text('{"packages": {"node_modules/@vladmandic/human": {}}}')
    assert forbidden_packages(installed(tmp_path)) == {"face-recognition", "@vladmandic/human"}


# The browser


@pytest.mark.django_db
def test_pages_may_ask_for_one_position_and_for_nothing_else(client: Client) -> None:
    policy = client.get("/no-such-page").headers.get("Permissions-Policy", "")
    allowed = dict(re.findall(r"([a-z-]+)=\(([^)]*)\)", policy))
    assert allowed.get("geolocation") == "self"
    assert allowed.get("camera") == ""
    assert allowed.get("microphone") == ""
