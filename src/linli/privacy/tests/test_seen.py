"""Whom a matter concerns sees who looked at it: all of it, in order, and nothing of anybody else's."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from conftest import NOW, Cast
from django.test import Client

from linli.cases.actions.paging import Key
from linli.kit import clock
from linli.mediation.actions import reading, talks
from linli.mediation.tests.story import Story
from linli.people.access import roles
from linli.privacy.actions import purposes, seen
from linli.privacy.actions.openings import Openings
from linli.privacy.models import Read
from linli.privacy.tests.test_reads import sign_in

pytestmark = pytest.mark.django_db
READERS = (
    "dispatcher",
    "county_dispatcher",
    "supervisor",
    "auditor",
    "grid_worker",
    "verifier",
    "outsider",
    "clerk",
)
PAGES = ("", "/likenesses", "/area", "?story=public")


@pytest.mark.parametrize("seed", [1, 2])
def test_what_is_shown_is_what_happened_whatever_clerks_do(
    seed: int, report: Callable[..., Any], cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    random_ = random.Random(seed)
    cases = [report(at=NOW).case for _n in range(3)]
    clients = {name: sign_in(cast, name) for name in READERS}
    happened: dict[Any, list[tuple[Any, str, str, str]]] = {case.pk: [] for case in cases}
    at = NOW
    for _step in range(40):
        at += timedelta(seconds=random_.randint(1, 5000))
        monkeypatch.setattr(clock, "now", lambda at=at: at)
        case, name, page = random_.choice(cases), random_.choice(READERS), random_.choice(PAGES)
        status = clients[name].get(f"/desk/cases/{case.number}{page}").status_code
        if status == 200 and page in ("", "?story=public"):
            post = cast[name]
            assert post.organisation is not None
            happened[case.pk].append(
                (
                    at,
                    post.organisation.label,
                    roles()[post.role].label,
                    purposes.known()[purposes.of(post)].label,
                )
            )
    for case in cases:
        opened = [read for read in every(Openings(case)) if read.what == "page"]
        shown = [(row.at, row.unit, row.role, row.purpose) for row in seen.in_words(opened)]
        assert shown == happened[case.pk][::-1]


def every(openings: Openings) -> list[Read]:
    """All of them, four at a time."""
    found = openings.newest(size=4)
    while more := openings.newest(Key(found[-1].at, found[-1].id), size=4) if found else []:
        found += more
    return found


def test_a_reporter_sees_offices_and_roles_and_no_names(
    report: Callable[..., Any], cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    receipt = report(at=NOW)
    monkeypatch.setattr(clock, "now", lambda: NOW)
    sign_in(cast, "dispatcher").get(f"/desk/cases/{receipt.case.number}")
    resident = Client()
    assert resident.get("/track/information").status_code == 303
    resident.post("/track/", {"code": receipt.code})
    page = resident.get("/track/information").content.decode()
    assert "东河镇 · 调度员：办理本案" in page
    assert "办理经过、说的话" in page
    assert "祝丽华" not in page
    assert "东河镇 · 调度员" in resident.get("/track/").content.decode()


def test_nobody_reads_the_log_of_another_matter(
    report: Callable[..., Any], cast: Cast, monkeypatch: Any
) -> None:
    mine, theirs = report(at=NOW), report(at=NOW)
    monkeypatch.setattr(clock, "now", lambda: NOW)
    sign_in(cast, "dispatcher").get(f"/desk/cases/{theirs.case.number}")
    resident = Client()
    resident.post("/track/", {"code": mine.code})
    assert "还没有人打开过" in resident.get("/track/information").content.decode()


def test_a_partys_log_is_the_same_before_and_after_what_the_other_side_files_in_confidence(
    cast: Cast, dispute: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    story = Story(cast, dispute().case.pk).to("in_mediation")
    story.give(reading.name_reader, "chair", person=cast.people["auditor"], why="抽查卷宗")
    opening: dict[str, Any] = {"case": story.case, "what": "page", "at": story.at}
    reading.open_content(actor=cast["auditor"], purpose="checking", **opening)

    def log() -> list[seen.Seen]:
        return list(seen.page(reading.seen_by_parties(story.case)).rows)

    before = log()
    assert [row.purpose for row in before] == ["检查办理质量"]
    story.give(talks.talk, party=2, text="只对您说：最多让三千。", held_at=story.at)
    for what in ("page", "sessions", "page"):
        reading.open_content(actor=cast["mediator"], purpose="mediating", **{**opening, "what": what})
    monkeypatch.setattr(clock, "now", lambda: story.at)
    sign_in(cast, "mediator").get(f"/desk/cases/{story.case.number}")
    assert log() == before
    assert Read.objects.filter(case_id=story.case_id).count() > 1
