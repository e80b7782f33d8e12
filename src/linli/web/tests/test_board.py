"""The supervisor's board: what is late, where, at whose desk; and supervision ordered from it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from conftest import Cast, Town
from django.test import Client
from django.urls import reverse

from linli.cases.actions import board
from linli.cases.models import Case, Event
from linli.kit.ids import uuid7

Desk = Callable[[str], Client]
URL = "/desk/board"
ORDER = "请说明超期的原因和办结日期。"


@pytest.fixture
def stuck(report: Any, move: Any, watch: Any, cast: Cast, town: Town) -> dict[str, Case]:
    """Two lamps in the east, one with the unit and one not yet sent; one in the west; all reported at NOW."""
    sent = report().case
    move(sent, "accept", "dispatcher")
    move(sent, "dispatch", "dispatcher", unit=str(town["east_works"].pk))
    return {"sent": sent, "waiting": report().case, "west": report(place=town["west_grid"]).case}


def order(client: Client, *cases: Case, **changes: Any) -> Any:
    given = {"case": [str(case.pk) for case in cases], "order": ORDER, "command": str(uuid7()), **changes}
    return client.post(reverse("web:supervisions"), given)


@pytest.mark.parametrize("who", ["handler", "grid_worker", "verifier", "clerk", "administrator"])
def test_refuses_a_stranger(desk: Desk, who: str) -> None:
    assert desk(who).get(URL).status_code == 404
    assert desk(who).post(reverse("web:supervisions")).status_code == 404


def test_those_who_may_not_supervise_see_no_order(desk: Desk, stuck: dict[str, Case], watch: Any) -> None:
    watch.on(days=40)
    page = desk("auditor").get(URL)
    assert page.status_code == 200
    assert not page.context["may_supervise"]
    assert order(desk("auditor"), stuck["sent"]).status_code == 404


def test_counts_what_is_open_soon_and_late(desk: Desk, stuck: dict[str, Case], watch: Any) -> None:
    totals = desk("supervisor").get(URL).context["totals"]
    assert (totals.open, totals.soon, totals.late) == (3, 0, 0)
    watch.on(days=13)  # 13 October 16:42, the last day
    totals = desk("supervisor").get(URL).context["totals"]
    assert (totals.open, totals.soon, totals.late) == (3, 3, 0)
    watch.on(days=1)
    totals = desk("supervisor").get(URL).context["totals"]
    assert (totals.open, totals.soon, totals.late) == (3, 0, 3)
    assert totals.late_spans == (3, 0, 0, 0)
    watch.on(days=20)
    assert desk("supervisor").get(URL).context["totals"].late_spans == (0, 0, 0, 3)


def test_each_post_sees_its_own_area(desk: Desk, stuck: dict[str, Case], watch: Any) -> None:
    watch.on(days=40)
    assert desk("township_supervisor").get(URL).context["totals"].late == 2
    page = desk("outsider").get(URL)
    assert page.context["totals"].late == 1
    assert stuck["sent"].number not in page.content.decode()


def test_an_accusation_does_not_show_to_the_unit_accused(
    desk: Desk, report: Any, watch: Any, town: Town
) -> None:
    report(request_type="accusation", accused=town["east"])
    watch.on(days=90)
    assert desk("township_supervisor").get(URL).context["totals"].open == 0
    assert desk("supervisor").get(URL).context["totals"].open == 1


def test_says_where_and_at_whose_desk(desk: Desk, stuck: dict[str, Case], watch: Any, town: Town) -> None:
    watch.on(days=40)
    context = desk("supervisor").get(URL).context
    places = {line.label: (line.row.open, line.row.late) for line in context["places"]}
    assert places == {"东河镇": (2, 2), "西山镇": (1, 1)}
    assert {line.label: line.row.late for line in context["holders"]} == {"东河镇各单位": 1}
    assert {unit.name: (why, each.late) for each, unit, why in context["desks"]} == {
        "东河镇": ("待受理", 1),
        "东河镇村镇建设办": ("待签收", 1),
        "西山镇": ("待受理", 1),
    }
    assert [line.row.late for line in context["categories"]] == [3]
    assert context["total"].row.late == 3
    assert sum(count for _why, _label, count in context["stuck"]) == 3


def test_every_figure_leads_to_exactly_the_cases_behind_it(
    desk: Desk, stuck: dict[str, Case], watch: Any, move: Any, town: Town
) -> None:
    move(stuck["sent"], "return", "handler", ground="duty", reason="按清单属于县住建局的管护范围")
    move(stuck["sent"], "reassign", "dispatcher", unit=str(town["county_housing"].pk), reason="按清单改派")
    move(stuck["sent"], "return", "housing_handler", ground="area", reason="村道路灯按清单由镇里管护的")
    watch.on(days=40)
    client = desk("supervisor")
    totals = client.get(URL).context["totals"]
    assert (totals.returned, totals.ruling) == (1, 1)
    for name in ("open", "late", "soon", "returned", "ruling", "held", "reopened", "supervised"):
        rows = client.get(reverse("web:cases"), {"board": name}).context["rows"]
        assert len(rows) == getattr(totals, name), name
    for line in client.get(URL).context["places"]:
        assert len(client.get(line.late_href).context["rows"]) == line.row.late
    desks = [each for each, _unit, _why in client.get(URL).context["desks"]]
    assert sum(each.returned for each in desks) == 1
    for each in desks:
        at_desk = {"desk": str(each.organisation_id), "why": each.why}
        assert len(client.get(URL, at_desk).context["late"]) == each.late
        assert len(client.get(URL, {**at_desk, "returned": "1"}).context["late"]) == each.returned


def test_narrows_the_late_list(desk: Desk, stuck: dict[str, Case], watch: Any, town: Town) -> None:
    watch.on(days=40)
    client = desk("supervisor")

    def late(**given: str) -> set[str]:
        return {item.case.number for item in client.get(URL, given).context["late"]}

    sent, waiting, west = (stuck[name].number for name in ("sent", "waiting", "west"))
    assert late() == {sent, waiting, west}
    assert late(place="990001102") == {west}
    assert late(holder="990001101-cj") == {sent}
    assert late(why="to_accept") == {waiting, west}
    assert late(desk=str(town["east"].pk), why="to_accept") == {waiting}
    assert late(category="facility") == {sent, waiting, west}
    assert late(category="dispute") == set()
    assert late(span="3") == {sent, waiting, west}
    assert late(span="0") == set()
    assert late(span="9", desk="rubbish", after="rubbish") == {sent, waiting, west}
    assert late(span="²") == {sent, waiting, west}


def test_turns_pages_oldest_first(desk: Desk, report: Any, watch: Any) -> None:
    for _n in range(board.PAGE + 3):
        report(at=watch.on(minutes=7))
    watch.on(days=40)
    first = desk("supervisor").get(URL)
    assert len(first.context["late"]) == board.PAGE
    rest = desk("supervisor").get(URL, {"after": first.context["more"]})
    assert len(rest.context["late"]) == 3
    seen = [item.case for page in (first, rest) for item in page.context["late"]]
    assert len({case.pk for case in seen}) == board.PAGE + 3
    assert [case.due_at for case in seen] == sorted(case.due_at for case in seen if case.due_at)
    assert not rest.context["more"]


def test_orders_supervision_with_one_press(desk: Desk, stuck: dict[str, Case], watch: Any) -> None:
    watch.on(days=40)
    client = desk("supervisor")
    answer = order(client, stuck["sent"])
    assert answer.status_code == 302
    event = Event.objects.get(case_id=stuck["sent"].pk, verb="supervise")
    assert event.data == {"order": ORDER}
    context = client.get(URL).context
    assert context["totals"].supervised == 1
    assert [item.is_supervised for item in context["late"] if item.case.pk == stuck["sent"].pk] == [True]


def test_a_second_press_orders_nothing_twice(desk: Desk, stuck: dict[str, Case], watch: Any) -> None:
    watch.on(days=40)
    command = str(uuid7())
    for _n in range(2):
        order(desk("supervisor"), stuck["sent"], command=command)
    assert Event.objects.filter(verb="supervise").count() == 1


def test_names_what_could_not_be_ordered(desk: Desk, stuck: dict[str, Case], watch: Any) -> None:
    watch.on(days=40)
    client = desk("supervisor")
    answer = client.post(
        reverse("web:supervisions"),
        {"case": [str(stuck["sent"].pk), str(stuck["waiting"].pk)], "order": ORDER, "command": str(uuid7())},
        follow=True,
    )
    said = [str(message) for message in answer.context["messages"]]
    assert any("1" in line for line in said)
    assert any(stuck["waiting"].number in line for line in said)
    assert Event.objects.filter(verb="supervise").count() == 1


def test_a_supervisor_of_one_township_orders_nothing_in_the_other(
    desk: Desk, stuck: dict[str, Case], watch: Any
) -> None:
    watch.on(days=40)
    order(desk("township_supervisor"), stuck["west"])
    assert not Event.objects.filter(verb="supervise").exists()


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"order": "快"}, "order"),
        ({"order": ""}, "order"),
        ({"case": []}, "case"),
        ({"case": ["rubbish"]}, "case"),
        ({"command": "rubbish"}, "command"),
    ],
)
def test_says_what_is_wrong_and_loses_nothing(
    desk: Desk, stuck: dict[str, Case], watch: Any, changes: dict[str, Any], field: str
) -> None:
    watch.on(days=40)
    answer = order(desk("supervisor"), stuck["sent"], **changes)
    assert answer.status_code == 422
    assert field in answer.context["form"].errors
    if "case" not in changes:
        assert f'value="{stuck["sent"].pk}" form="order"' in answer.content.decode()
        assert " checked" in answer.content.decode()
    assert not Event.objects.filter(verb="supervise").exists()


def test_asks_the_same_number_of_statements_however_many_cases(
    desk: Desk, report: Any, watch: Any, town: Town, django_assert_max_num_queries: Any
) -> None:
    client = desk("supervisor")
    for count in (1, 12):
        for n in range(count):
            report(place=town["grid" if n % 2 else "west_grid"])
        client.get(URL)
        with django_assert_max_num_queries(16):
            client.get(URL)
    watch.on(days=40)
    with django_assert_max_num_queries(16):
        client.get(URL)


def test_an_empty_county_has_an_empty_board(desk: Desk, town: Town) -> None:
    page = desk("supervisor").get(URL)
    assert page.status_code == 200
    assert page.context["totals"].open == 0
