"""The categories and routing rules a county starts with; an administrator edits them afterwards."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Any

from django.db import transaction

from linli.people.models import Person
from linli.service_requests.models import Category, Question, RoutingRule

DATA = Path(__file__).parent.parent / "data"


def install_lists(*, author: Person | None = None) -> None:
    """Adds every category, rule and question of the package that is not there yet; what was edited stays edited."""
    with transaction.atomic():
        _install_categories(_read("categories.toml"))
        _install_rules(_read("routing.toml"), author)
        _install_questions(_read("questions.toml"))


def is_category(code: str) -> bool:
    """Whether a request may be put under this category: one of the lower level that is in use."""
    return Category.objects.filter(pk=code, is_active=True, parent__isnull=False).exists()


@cache
def _read(name: str) -> dict[str, Any]:
    with (DATA / name).open("rb") as file:
        return tomllib.load(file)


def _install_categories(raw: dict[str, Any]) -> None:
    known = set(Category.objects.values_list("code", flat=True))
    groups = [
        Category(code=entry["code"], **_named(entry), icon=entry["icon"], position=position * 100)
        for position, entry in enumerate(raw["group"])
    ]
    categories = [_category(entry, position, raw["source"]) for position, entry in enumerate(raw["category"])]
    for rows in (groups, categories):
        Category.objects.bulk_create(row for row in rows if row.code not in known)


def _category(entry: dict[str, Any], position: int, sources: dict[str, Any]) -> Category:
    source = sources[entry["source"]]
    advice = entry.get("advice", {"zh": "", "en": ""})
    return Category(
        code=entry["code"],
        **_named(entry),
        parent_id=entry["code"].split(".")[0],
        position=position,
        icon=entry["icon"],
        level=entry["level"],
        limit=entry["total_limit"],
        unit_limit=entry["unit_limit"],
        limit_source=source["zh"],
        limit_source_en=source["en"],
        function=entry["function"],
        unit_level=entry["unit_level"],
        photo=entry["photo"],
        advice_zh=advice["zh"],
        advice_en=advice["en"],
    )


def _named(entry: dict[str, Any]) -> dict[str, str]:
    return {
        "name_zh": entry["label"]["zh"],
        "name_en": entry["label"]["en"],
        "hint_zh": entry["hint"]["zh"],
        "hint_en": entry["hint"]["en"],
    }


def _install_rules(raw: dict[str, Any], author: Person | None) -> None:
    known = set(RoutingRule.objects.values_list("code", flat=True))
    RoutingRule.objects.bulk_create(
        RoutingRule(
            code=entry["code"],
            position=entry["order"],
            name_zh=entry["name"]["zh"],
            name_en=entry["name"]["en"],
            why_zh=entry["why"]["zh"],
            why_en=entry["why"]["en"],
            when=entry["when"],
            function=entry["to"]["function"],
            unit_level=entry["to"]["level"],
            author=author,
        )
        for entry in raw["rule"]
        if entry["code"] not in known
    )


def _install_questions(raw: dict[str, Any]) -> None:
    known = set(Question.objects.values_list("category_id", "code"))
    Question.objects.bulk_create(
        Question(
            category_id=entry["category"],
            code=entry["code"],
            position=position,
            datatype=entry["datatype"],
            is_required=entry.get("required", False),
            is_answerable=entry.get("answerable", True),
            text_zh=entry["text"]["zh"],
            text_en=entry["text"]["en"],
            hint_zh=entry["hint"]["zh"],
            hint_en=entry["hint"]["en"],
            values=entry.get("values", []),
        )
        for position, entry in enumerate(raw["question"])
        if (entry["category"], entry["code"]) not in known
    )
