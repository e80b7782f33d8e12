from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from conftest import Cast, Town
from django.test import Client

from linli.cases.procedures import calendar
from linli.web.tests.conftest import Desk, Watch

pytestmark = pytest.mark.django_db
NOTED = 4  # the opening and its leaf, in a savepoint of the test


@pytest.fixture
def worked(lamp: Any, move: Callable[..., Any], town: Town) -> Any:
    """The lamp in the hands of the works office, with an internal note of that office."""
    move(lamp, "accept", "dispatcher")
    move(lamp, "dispatch", "dispatcher", unit=str(town["east_works"].pk))
    move(lamp, "acknowledge", "handler")
    move(lamp, "progress", "handler", note="控制箱进水，已订空气开关。")
    move(lamp, "note", "handler", note="预算要报主任批准。", reader="internal")
    lamp.refresh_from_db()
    return lamp


def html(client: Client, case: Any, query: str = "") -> str:
    response = client.get(f"/desk/cases/{case.number}{query}")
    assert response.status_code == 200, response.status_code
    return response.content.decode()


def test_shows_what_it_is_where_it_stands_and_what_happened(desk: Desk, worked: Any, watch: Watch) -> None:
    watch.on(hours=2)
    page = html(desk("dispatcher"), worked)
    for text in (
        worked.title,
        worked.number,
        "学生下晚自习看不清",
        "公共设施 · 路灯",
        "居民的总时钟",
        "逐行推算",
        "祝丽华 受理",
        "派给东河镇村镇建设办",
        "彭建国 写进展",
        "控制箱进水",
        "绿林村 第一网格",
        "汪秀兰",
        "示意图",
        'aria-current="step"><b>办理中</b>',
    ):
        assert text in page, text


@pytest.mark.parametrize(
    "name",
    ["outsider", "sibling_worker", "housing_handler", "west_handler", "petitions_handler", "administrator"],
)
def test_does_not_exist_for_strangers(desk: Desk, worked: Any, name: str) -> None:
    client = desk(name)
    for rest in ("", "/area", "/likenesses", "/photos/0198c5f0-0000-7000-8000-000000000000"):
        assert client.get(f"/desk/cases/{worked.number}{rest}").status_code == 404
    assert client.post(f"/desk/cases/{worked.number}/moves/note").status_code == 404


@pytest.mark.parametrize("number", ["nonsense", "260930-ZZZZZ", "0", "260930-00000' OR 1=1"])
def test_a_wrong_number_is_not_found(desk: Desk, lamp: Any, number: str) -> None:
    assert desk("dispatcher").get(f"/desk/cases/{number}").status_code == 404


def test_a_number_is_read_however_it_was_typed(desk: Desk, lamp: Any) -> None:
    assert desk("dispatcher").get(f"/desk/cases/{lamp.number.lower()}").status_code == 200


@pytest.mark.parametrize(
    "name",
    [
        "dispatcher",
        "handler",
        "grid_worker",
        "officer",
        "supervisor",
        "auditor",
        "verifier",
        "county_dispatcher",
    ],
)
def test_takes_twelve_statements_at_most_and_notes_the_opening(
    desk: Desk,
    worked: Any,
    name: str,
    django_assert_max_num_queries: Any,
    move: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    client = desk(name)
    monkeypatch.setattr(calendar, "RECHECK_SECONDS", 3600.0)  # on a busy machine it is asked once more
    for verb in (None, "feedback", "arrange_check"):
        if verb == "feedback":
            move(worked, "feedback", "handler", result="空气开关换好了，三盏灯都亮了。")
        if verb == "arrange_check":
            move(worked, "arrange_check", "dispatcher")
        calendar.current()  # read once in a process
        with django_assert_max_num_queries(12 + NOTED):
            html(client, worked)


def test_offers_only_the_moves_the_post_may_make(desk: Desk, worked: Any) -> None:
    def offered(name: str) -> set[str]:
        page = html(desk(name), worked)
        return {part.split('"')[0] for part in page.split('id="move-')[1:]}

    assert offered("auditor") == set()
    assert offered("verifier") == {"note"}
    assert offered("handler") >= {"progress", "feedback", "return", "request_extension", "call_in", "note"}
    assert "reassign" in offered("dispatcher")
    assert "progress" not in offered("dispatcher")


def test_suggests_the_unit_of_the_rule(desk: Desk, lamp: Any, move: Callable[..., Any], town: Town) -> None:
    move(lamp, "accept", "dispatcher")
    page = html(desk("dispatcher"), lamp, "?move=dispatch")
    assert 'id="move-dispatch" name="moves" open' in page
    assert f'value="{town["east_works"].pk}" selected' in page


def test_an_internal_note_stays_with_its_unit_and_those_above(desk: Desk, worked: Any) -> None:
    for name in ("handler", "dispatcher", "county_dispatcher", "supervisor", "auditor"):
        assert "预算要报主任批准" in html(desk(name), worked), name
    for name in ("grid_worker", "officer"):
        page = html(desk(name), worked)
        assert "预算要报主任批准" not in page
        assert "东河镇村镇建设办内部备注 1 条" in page


def test_a_reporter_who_asked_for_it_is_unknown_to_the_unit(
    desk: Desk, report: Callable[..., Any], move: Callable[..., Any], town: Town
) -> None:
    case = report(contact_name="王女士", contact_phone="0712-0000-777", is_identity_kept=True).case
    move(case, "accept", "dispatcher")
    move(case, "dispatch", "dispatcher", unit=str(town["east_works"].pk))
    for name in ("handler", "grid_worker", "verifier"):
        page = html(desk(name), case)
        assert "0712-0000-777" not in page
        assert "反映人要求对承办单位保密" in page
    assert "0712-0000-777" in html(desk("dispatcher"), case)


def test_a_post_without_the_permission_sees_no_contact(desk: Desk, lamp: Any) -> None:
    page = html(desk("auditor"), lamp)
    assert "0712-0000-777" not in page
    assert "王女士" not in page


def test_nobody_sees_the_tracking_code(desk: Desk, lamp: Any, cast: Cast) -> None:
    from linli.kit import codes
    from linli.service_requests.actions import tracking_code

    code = tracking_code(lamp.pk)
    for name in ("dispatcher", "grid_worker", "supervisor", "auditor"):
        page = html(desk(name), lamp)
        assert code not in page
        assert codes.pretty(code) not in page
        assert "任何工作人员都看不到" in page


def test_shows_what_may_be_the_same_and_what_was_merged(
    desk: Desk, report: Callable[..., Any], move: Callable[..., Any], lamp: Any
) -> None:
    same = report(text="村部门前三盏路灯连着三个晚上不亮，学生看不清路。").case
    client = desk("dispatcher")
    fragment = client.get(f"/desk/cases/{same.number}/likenesses").content.decode()
    assert lamp.number in fragment
    assert "并到那一件" in fragment
    move(same, "merge", "dispatcher", head=lamp.number)
    assert "已并在一起" in client.get(f"/desk/cases/{lamp.number}/likenesses").content.decode()


def test_the_story_can_be_narrowed_to_public_steps(desk: Desk, worked: Any) -> None:
    page = html(desk("handler"), worked, "?story=public")
    assert "预算要报主任批准" not in page
    assert "控制箱进水" in page


def test_the_area_is_drawn_around_the_case(desk: Desk, lamp: Any) -> None:
    client = desk("dispatcher")
    response = client.get(f"/desk/cases/{lamp.number}/area")
    assert {feature["properties"]["code"] for feature in response.json()["features"]} == {
        "990001101201001",
        "990001101201002",
    }
    again = client.get(f"/desk/cases/{lamp.number}/area", headers={"If-None-Match": response["ETag"]})
    assert again.status_code == 304


def test_reads_in_english(desk: Desk, worked: Any, watch: Watch) -> None:
    client = desk("handler")
    client.cookies["linli_language"] = "en"
    page = html(client, worked)
    for text in (
        "Accepted by 祝丽华",
        "Sent to Donghe Works",
        "What I may do",
        "This unit&#x27;s clock",
        "Grid worker",
    ):
        assert text in page, text


def test_a_fragment_is_refused_rather_than_answered_with_the_sign_in(client: Client, lamp: Any) -> None:
    response = client.get(f"/desk/cases/{lamp.number}/likenesses", headers={"HX-Request": "true"})
    assert response.status_code == 401
    assert client.get(f"/desk/cases/{lamp.number}").status_code == 302
