"""What the charter forbids, planted one by one; the guards are those of tests/test_charter.py."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
from django.db import models
from django.test.utils import isolate_apps
from django.urls import get_resolver

from torture.faults import World, fault

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
import test_charter as guards  # noqa: E402

PLANTED: dict[str, Any] = {}


def _models() -> list[type[models.Model]]:
    return [*guards.own_models(), *PLANTED.get("models", [])]


def _plant(patch: pytest.MonkeyPatch, what: str, *values: Any) -> None:
    patch.setitem(PLANTED, what, list(values))


def _written(world: World) -> list[str]:
    folder = world.tmp_path / "planted"
    folder.mkdir()
    for number, (name, words) in enumerate(PLANTED.get("texts", [])):
        (folder / f"{number}{name}").write_text(words, encoding="utf-8")
    return guards.forbidden_words(folder)


def tables_hold_no_judgement(world: World) -> None:
    every = _models()
    assert guards.forbidden_names(every) == []
    assert guards.forbidden_labels(every) == []
    assert guards.judged_persons(every) == []


def tables_hold_no_track(world: World) -> None:
    assert guards.tracks(_models()) == []


def no_index_by_person(world: World) -> None:
    assert guards.person_indexes(_models()) == []


def nothing_says_the_words(world: World) -> None:
    assert _written(world) == []


def no_address_leads_there(world: World) -> None:
    found = [*guards.addresses(get_resolver()), *PLANTED.get("addresses", [])]
    assert guards.forbidden_addresses(found) == []


def nobody_counts_people(world: World) -> None:
    assert [one for one in PLANTED.get("queries", []) if guards.person_counts(one)] == []


def nothing_recognises_people(world: World) -> None:
    assert (
        guards.forbidden_packages(guards.installed(guards.ROOT) | set(PLANTED.get("packages", []))) == set()
    )


@fault("charter", "a column Person.risk_level", "no person is scored", tables_hold_no_judgement)
@isolate_apps("linli.people")
def risk_level(patch: pytest.MonkeyPatch) -> None:
    class Person(models.Model):
        risk_level = models.IntegerField("等级")

        class Meta:
            app_label = "people"

    _plant(patch, "models", Person)


@fault("charter", "a label of a watch list", "no list of people to watch", nothing_says_the_words)
def watch_list_label(patch: pytest.MonkeyPatch) -> None:
    _plant(
        patch, "texts", ("django.po", 'msgstr "Watch list"'), ("seeds.toml", 'label = { zh = "重点人员" }')
    )


@fault(
    "charter", "petitions counted against somebody", "no petition counts as a demerit", nothing_says_the_words
)
def petitions_as_demerit(patch: pytest.MonkeyPatch) -> None:
    _plant(patch, "texts", ("formulas.py", "petition_count = 3  # lowers the village's mark"))


@fault("charter", "a demerit beside a person", "no person is graded", tables_hold_no_judgement)
@isolate_apps("linli.people")
def demerit_column(patch: pytest.MonkeyPatch) -> None:
    class Person(models.Model):
        pass

        class Meta:
            app_label = "people"

    class Conduct(models.Model):
        person = models.OneToOneField(Person, on_delete=models.CASCADE)
        demerit = models.IntegerField()

        class Meta:
            app_label = "people"

    _plant(patch, "models", Person, Conduct)


@fault("charter", "a series of a worker's positions", "no tracks", tables_hold_no_track)
@isolate_apps("linli.people")
def location_series(patch: pytest.MonkeyPatch) -> None:
    class Person(models.Model):
        pass

        class Meta:
            app_label = "people"

    class Ping(models.Model):
        worker = models.ForeignKey(Person, on_delete=models.CASCADE)
        at = models.DateTimeField()
        lat = models.FloatField()
        lon = models.FloatField()

        class Meta:
            app_label = "people"

    _plant(patch, "models", Ping)


@fault(
    "charter",
    "an index of all cases by telephone number",
    "no index of a person across cases",
    no_index_by_person,
)
@isolate_apps("linli.cases")
def cases_by_person(patch: pytest.MonkeyPatch) -> None:
    class Reported(models.Model):
        contact_phone = models.CharField("电话", max_length=20, db_index=True)

        class Meta:
            app_label = "cases"

    _plant(patch, "models", Reported)


@fault("charter", "a column for religion", "nothing that is nobody's business", tables_hold_no_judgement)
@isolate_apps("linli.people")
def religion_column(patch: pytest.MonkeyPatch) -> None:
    class Household(models.Model):
        religion = models.CharField("信仰", max_length=20)

        class Meta:
            app_label = "people"

    _plant(patch, "models", Household)


@fault(
    "charter",
    "an address that collects somebody's cases",
    "no page of a person's matters",
    no_address_leads_there,
)
def address_by_person(patch: pytest.MonkeyPatch) -> None:
    _plant(patch, "addresses", "desk/people/<uuid:person>/cases/")


@fault("charter", "reporters ranked by how often they wrote", "nobody counts by person", nobody_counts_people)
def people_ranked(patch: pytest.MonkeyPatch) -> None:
    _plant(patch, "queries", "Request.objects.values('reporter_id').annotate(n=Count('*')).order_by('-n')")


@fault(
    "charter", "a package that recognises faces", "no face, gait, voice or plate", nothing_recognises_people
)
def face_package(patch: pytest.MonkeyPatch) -> None:
    _plant(patch, "packages", "insightface")


@fault("charter", "a script that follows a phone", "one place, by pressing a button", nothing_says_the_words)
def phone_followed(patch: pytest.MonkeyPatch) -> None:
    _plant(patch, "texts", ("map.ts", "navigator.geolocation.watchPosition(draw)"))


@fault("charter", "a seed word that names people unstable", "seeds label nobody", nothing_says_the_words)
def seed_word(patch: pytest.MonkeyPatch) -> None:
    _plant(patch, "texts", ("categories.toml", 'label = { zh = "不稳定因素人员", en = "x" }'))
