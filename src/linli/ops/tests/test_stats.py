"""`linli stats` and `linli import requests` on the command line."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from conftest import NOW, Cast, Town
from django.core.management import CommandError, call_command
from django.test import Client

from linli.cases.models import Case, Clock
from linli.orgs.models import Organisation
from linli.people.models import Grant, Person

SAMPLE = Path(__file__).resolve().parents[2] / "service_requests" / "tests" / "boston311_300.csv.gz"
pytestmark = pytest.mark.django_db


def run(*arguments: str | Path) -> tuple[str, str]:
    out, err = io.StringIO(), io.StringIO()
    call_command(*map(str, arguments), stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


def stats(*arguments: str) -> dict[str, int]:
    found: dict[str, int] = json.loads(run("stats", "--json", *arguments)[0])
    return found


def take_in(*arguments: str | Path) -> tuple[str, str]:
    return run("import", "requests", *arguments, "--mapping", "boston311")


def test_a_moment_without_a_zone_is_local_to_the_county() -> None:
    take_in(SAMPLE)
    local = stats("--county", "BOS", "--as-of", "2016-01-12T22:22:40")
    assert local == stats("--as-of", "2016-01-12T22:22:40") == stats("--as-of", "2016-01-12T22:22:40-05:00")
    assert set(local) == {"cases", "closed", "open", "on_time", "overdue"}
    due = Clock.objects.filter(stopped_at=None).order_by("due_at").last()
    assert due is not None
    assert due.due_at is not None
    eve = (due.due_at - timedelta(hours=1)).isoformat()
    assert stats("--as-of", eve)["overdue"] + 1 <= stats()["overdue"]


def test_only_what_had_happened_by_then_is_counted(
    report: Callable[..., Any], move: Callable[..., Any], cast: Cast
) -> None:
    case = report().case
    reasons = {"route": "court", "reason": "这是合同纠纷，请到人民法院起诉。"}
    move(case, "decline", "dispatcher", at=NOW + timedelta(hours=1), **reasons)
    assert stats("--as-of", (NOW - timedelta(minutes=1)).isoformat())["cases"] == 0
    at_noon = stats("--as-of", NOW.isoformat())
    assert (at_noon["closed"], at_noon["open"], at_noon["on_time"]) == (0, 1, 1)
    assert stats("--as-of", (NOW + timedelta(days=99)).isoformat())["closed"] == 1


def test_a_case_is_late_from_its_due_moment_on(report: Callable[..., Any], town: Town) -> None:
    due = report().case.due_at
    assert stats("--as-of", (due - timedelta(microseconds=1)).isoformat())["overdue"] == 0
    assert stats("--as-of", due.isoformat())["overdue"] == 1


def test_another_countys_cases_are_apart(report: Callable[..., Any], town: Town) -> None:
    report()
    take_in(SAMPLE, "--limit", "20")
    assert stats("--county", "BOS")["cases"] == 20
    assert stats("--county", "990001")["cases"] == 1
    assert stats()["cases"] == 21


def test_the_table_is_for_people(report: Callable[..., Any]) -> None:
    report()
    assert "1" in run("stats")[0]


@pytest.mark.parametrize("wrong", [("--county", "XYZ"), ("--as-of", "yesterday")])
def test_says_what_to_write_instead(wrong: tuple[str, str], town: Town) -> None:
    with pytest.raises(CommandError, match=r"990001|2016"):
        run("stats", *wrong)


def test_the_import_says_what_came_of_it_and_lists_what_did_not(tmp_path: Path) -> None:
    rejects = tmp_path / "rejects.csv"
    said, _ = take_in(SAMPLE, "--limit", "30", "--rejects", rejects)
    assert "30" in said
    assert rejects.read_text(encoding="utf-8-sig").splitlines() == ["row,column,reason"]
    torn = tmp_path / "torn.csv"
    torn.write_text(_heading() + "\n=1+1,nonsense\n", encoding="utf-8")
    said, shown = take_in(torn, "--rejects", rejects)
    with rejects.open(encoding="utf-8-sig", newline="") as file:
        (row,) = csv.DictReader(file)
    assert row["row"] == "2"
    assert row["reason"] in shown
    assert Case.objects.count() == 30


def test_says_before_the_import_what_cannot_be_written_or_counted(tmp_path: Path) -> None:
    for wrong in (("--rejects", tmp_path / "nowhere" / "rejects.csv"), ("--limit", "0"), ("--limit", "few")):
        with pytest.raises(CommandError):
            take_in(SAMPLE, *wrong)
    assert not Case.objects.exists()


@pytest.mark.parametrize("arguments", [("missing.csv",), ("heading.csv",)])
def test_a_file_that_is_not_the_mappings_is_refused(arguments: tuple[str], tmp_path: Path) -> None:
    (tmp_path / "heading.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    with pytest.raises(CommandError):
        take_in(tmp_path / arguments[0])


def test_staff_of_the_county_read_an_imported_case_like_any_other(client: Client) -> None:
    take_in(SAMPLE, "--limit", "60")
    person = Person.objects.create(username="clerk", name="Clerk")
    county = Organisation.objects.get(code="BOS")
    Grant.objects.create(person=person, role="dispatcher", organisation=county, valid_from=NOW)
    client.force_login(person, backend="allauth.account.auth_backends.AuthenticationBackend")
    for is_open in (True, False):
        case = Case.objects.filter(is_open=is_open, due_at__isnull=False).first()
        assert case is not None
        page = client.get(f"/desk/cases/{case.number}")
        assert case.title in page.content.decode()
        assert ("原系统已办结" in page.content.decode()) is not is_open
    for path in ("/desk/", "/desk/cases?open=all", "/desk/board"):
        assert client.get(path).status_code == 200


def _heading() -> str:
    import gzip

    return gzip.decompress(SAMPLE.read_bytes()).decode().splitlines()[0]
