"""Pages of assessment rounds and of problems: who sees what, and each step."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Any

import pytest
from conftest import NOW, Cast, Town
from django.test import Client

from linli.kit import clock
from linli.measures.actions import problems, rounds
from linli.measures.models import Problem, Round
from linli.measures.tests.test_rollups import closed, count_all

pytestmark = pytest.mark.django_db
BACKEND = "allauth.account.auth_backends.AuthenticationBackend"
NOVEMBER = NOW + timedelta(days=35)
NUMBER = re.compile(r"\b\d{6}-[0-9A-Z]{5}\b")
WORDS = "县气象局通报当日特大暴雨，不能施工。"


def signed_in(cast: Cast, name: str) -> Client:
    client = Client()
    client.force_login(cast.people[name], backend=BACKEND)
    return client


@pytest.fixture
def made(report: Any, move: Any, town: Town, cast: Cast) -> Round:
    closed(report().case, move, town, NOW + timedelta(days=1))
    return rounds.compute(
        county=town["county"],
        scheme="townships_month",
        begins_on=date(2026, 10, 1),
        by=cast["supervisor"],
        at=NOVEMBER,
    )


def test_the_county_computes_and_others_see_nothing_before_it_is_published(made: Round, cast: Cast) -> None:
    boss = signed_in(cast, "supervisor")
    assert "100.00" in boss.get(f"/desk/rounds/{made.pk}").content.decode()
    for name in ("township_supervisor", "dispatcher", "auditor", "outsider", "grid_worker"):
        assert signed_in(cast, name).get(f"/desk/rounds/{made.pk}").status_code == 404, name
    assert boss.get("/desk/rounds").status_code == 200
    given = {"scheme": "townships_month", "begins_on": "2026-10-09"}
    assert boss.post("/desk/rounds", given).status_code == 422
    assert boss.post("/desk/rounds", {**given, "begins_on": "2024-05-05"}).status_code == 302
    assert Round.objects.count() == 2
    for day in ("9999-12-15", "0001-01-15", "1999-12-31", "2026-02-30"):
        assert boss.post("/desk/rounds", {**given, "begins_on": day}).status_code == 422, day
    assert signed_in(cast, "township_supervisor").post("/desk/rounds", given).status_code == 404
    assert signed_in(cast, "grid_worker").get("/desk/rounds").status_code == 404


def test_the_page_of_a_round_says_what_was_counted_otherwise_when_it_was_computed(
    made: Round, cast: Cast
) -> None:
    boss, page = signed_in(cast, "supervisor"), f"/desk/rounds/{made.pk}"
    assert "改过算法" not in boss.get(page).content.decode()
    Round.objects.update(basis={**made.basis, "definition": 1})
    assert "这一轮算出以后改过算法（2026-11-30 起）：评价以后重开的" in boss.get(page).content.decode()


def test_a_township_sees_its_own_result_and_objects(made: Round, cast: Cast, town: Town) -> None:
    boss, own, other = (signed_in(cast, name) for name in ("supervisor", "township_supervisor", "outsider"))
    page = f"/desk/rounds/{made.pk}"
    assert own.post(f"{page}/publication").status_code == 404
    assert boss.post(f"{page}/publication").status_code == 302
    Round.objects.update(objections_until="2099-01-01T00:00:00Z")
    mine = own.get(page).content.decode()
    assert "东河镇" in mine
    assert f"u-{town['west'].code}" not in mine
    assert f"u-{town['east'].code}" not in other.get(page).content.decode()
    assert own.post(f"{page}/objections", {"words": ""}).status_code == 422
    unknown = own.post(f"{page}/objections", {"words": WORDS, "cases": "260930-XXXX"})
    assert "260930-XXXX" in unknown.content.decode()
    assert own.post(f"{page}/objections", {"words": WORDS}).status_code == 302
    assert boss.post(f"{page}/objections", {"words": WORDS}).status_code == 404
    said = made.objections.get()
    assert WORDS in boss.get(page).content.decode()
    assert WORDS not in other.get(page).content.decode()
    ruling = {"is_upheld": "no", "reason": "雨停以后仍有两天没有施工。"}
    assert own.post(f"/desk/rounds/objections/{said.pk}/ruling", ruling).status_code == 404
    assert boss.post(f"/desk/rounds/objections/{said.pk}/ruling", {"is_upheld": "no"}).status_code == 422
    assert boss.post(f"/desk/rounds/objections/{said.pk}/ruling", ruling).status_code == 302
    given = {
        "unit": town["east"].code,
        "points": "1.5",
        "reason": "率先解决了路灯老化。",
        "evidence": "县检查记录第7号",
    }
    assert boss.post(f"{page}/adjustments", {**given, "evidence": ""}).status_code == 422
    assert boss.post(f"{page}/adjustments", given).status_code == 302
    act = {"unit": town["east"].code, "kind": "reward", "text": "路灯整治成效明显，予以表扬。"}
    assert boss.post(f"{page}/acts", act).status_code == 302
    assert act["text"] in other.get(page).content.decode()
    admonition = {**act, "kind": "admonition", "text": "返工率偏高，请到县里说明原因。"}
    assert boss.post(f"{page}/acts", admonition).status_code == 302
    assert admonition["text"] in own.get(page).content.decode()
    assert admonition["text"] not in other.get(page).content.decode()
    answer = f"/desk/rounds/acts/{made.acts.get(kind='reward').pk}/answers"
    assert other.post(answer, {"words": "收到，继续努力。"}).status_code == 404
    assert own.post(answer, {"words": "收到，继续努力。"}).status_code == 302
    Round.objects.update(objections_until="2026-11-05T00:00:00Z")
    assert boss.post(f"{page}/signature").status_code == 302
    assert Round.objects.get(pk=made.pk).final is not None
    assert "101.50" in own.get(page).content.decode()


@pytest.mark.parametrize(
    ("scheme", "until"), [("cases_month", "2026-10"), ("departments_quarter", "2026-12")]
)
def test_every_number_of_a_round_leads_to_the_cases_that_make_it(
    scheme: str, until: str, report: Any, move: Any, town: Town, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    later = NOW + timedelta(days=120)
    monkeypatch.setattr(clock, "now", lambda: later)
    for unit, handler in (("east_works", "handler"), ("county_housing", "housing_handler")):
        case, at = report().case, NOW + timedelta(days=20)
        move(case, "accept", "dispatcher", at=at)
        move(case, "dispatch", "dispatcher", at=at, unit=str(town[unit].pk))
        move(case, "acknowledge", handler, at=at)
        move(case, "feedback", handler, at=at, result="三盏灯都换了新灯泡，已经亮了。")
        move(case, "arrange_check", "dispatcher", at=at)
        move(case, "verify", "grid_worker", at=at, finding="三盏灯都亮着。")
    found = rounds.compute(
        county=town["county"], scheme=scheme, begins_on=date(2026, 10, 1), by=cast["supervisor"], at=later
    )
    count_all()
    boss = signed_in(cast, "supervisor")
    page = _said(boss, f"/desk/rounds/{found.pk}")
    links = re.findall(r'href="(/desk/figures/[^"]+/cases[^"]+)">(\d+)</a>', page)
    assert links
    for href, n in links:
        assert (f"until={until}" in href) == (scheme == "departments_quarter")
        assert len(set(NUMBER.findall(_said(boss, href)))) == int(n), href


def test_problems_lead_to_their_cases_and_take_their_next_step(report: Any, cast: Cast, town: Town) -> None:
    for _ in range(4):
        report()
    problems.find(county=town["county"], at=NOW)
    problem = Problem.objects.get()
    boss, page = signed_in(cast, "township_supervisor"), f"/desk/problems/{problem.pk}"
    behind = f"/desk/cases?open=all&of=problem%3A{problem.pk}"
    for where in ("/desk/problems", page):
        assert f'{behind}">4</a>' in re.sub(r"</?b>| 件", "", _said(boss, where)), where
    assert "绿林村 第一网格" in _said(boss, page)
    listed = _said(boss, behind)
    assert len(set(NUMBER.findall(listed))) == 4
    assert "一个源头问题的事项" in listed
    for nonsense in (
        "problem:x",
        "problem",
        "rounds:990001",
        "rounds:990001:2026-13",
        "rounds:x:2026-09",
        "?",
    ):
        assert not NUMBER.findall(_said(boss, f"/desk/cases?open=all&of={nonsense}")), nonsense
    assert signed_in(cast, "outsider").get(page).status_code == 404
    assert signed_in(cast, "grid_worker").get("/desk/problems").status_code == 404
    assert boss.post(page, {}).status_code == 422
    assert boss.post(page, {"owner": town["east_works"].pk}).status_code == 302
    worker = signed_in(cast, "handler")
    assert worker.post(page, {"cause": "", "remedy": WORDS}).status_code == 422
    assert worker.post(page, {"cause": "控制箱进水。", "remedy": "已加防雨罩并抬高。"}).status_code == 302
    assert "控制箱进水" in boss.get(page).content.decode()
    assert boss.post(page, {}).status_code == 404


def _said(client: Client, address: str) -> str:
    return client.get(address).content.decode().split("<main")[1].replace("&amp;", "&")


def test_pages_take_few_statements(made: Round, cast: Cast, django_assert_max_num_queries: Any) -> None:
    boss = signed_in(cast, "supervisor")
    boss.get("/desk/rounds")
    for page in ("/desk/rounds", f"/desk/rounds/{made.pk}", "/desk/problems"):
        with django_assert_max_num_queries(20):
            assert boss.get(page).status_code == 200
