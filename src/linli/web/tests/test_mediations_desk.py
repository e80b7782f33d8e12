"""The window, the mediator's desk, the centre's board and the statistics of mediation."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from conftest import NOW, Cast, Town
from django.test import Client

from linli.cases.models import Case
from linli.mediation.actions import reading, screening
from linli.mediation.models import Mediation, Outcome, Party
from linli.privacy.models import Read
from linli.web.forms.register import new_command
from linli.web.tests.conftest import Desk
from linli.web.views import paging

pytestmark = pytest.mark.django_db

NEW = "/desk/mediations/new"


@pytest.fixture
def typed(town: Town, committee: Any) -> Callable[..., dict[str, str]]:
    """What somebody at the window types; keyword arguments change it, `__` standing for a hyphen."""

    def form(**changes: str) -> dict[str, str]:
        given = {
            "command": new_command(),
            "willing": "yes",
            "rows": "2",
            "source": "applied",
            "category": "neighbours",
            "place": town["village"].code,
            "subject": "赵铁柱、钱多多鸡舍纠纷",
            "brief": "鸡舍挨着窗户，味道大。",
            "requests": "挪开鸡舍\n清理一次",
            "parties-0-side": "applicant",
            "parties-0-name": "赵铁柱",
            "parties-0-phone": "0712-0000-201",
            "parties-1-side": "respondent",
            "parties-1-name": "钱多多",
        }
        return given | {name.replace("__", "-"): value for name, value in changes.items()}

    return form


def test_asks_first_whether_they_are_willing(desk: Desk, committee: Any) -> None:
    page = desk("mediator").get(NEW).content.decode()
    assert "愿意调解吗" in page
    assert "parties-0-name" not in page


def test_whoever_is_unwilling_leaves_with_the_routes_and_nothing_is_kept(desk: Desk, committee: Any) -> None:
    before = Case.objects.count()
    page = desk("mediator").get(f"{NEW}?willing=no").content.decode()
    assert "人民法院" in page
    assert "仲裁" in page
    assert Case.objects.count() == before


def test_a_committee_registers_into_itself(desk: Desk, typed: Any, committee: Any) -> None:
    client = desk("mediator")
    answer = client.post(NEW, typed())
    assert answer.status_code == 302
    matter = Mediation.objects.get()
    assert matter.subject == "赵铁柱、钱多多鸡舍纠纷"
    assert matter.case.holder_id == committee.pk
    assert matter.requests == ["挪开鸡舍", "清理一次"]
    assert [party.name for party in Party.objects.filter(case=matter.case).order_by("number")] == [
        "赵铁柱",
        "钱多多",
    ]
    receipt = client.get(answer["Location"])
    assert "ll-code" in receipt.content.decode()
    assert "赵铁柱" in receipt.content.decode()
    assert "钱多多" not in receipt.content.decode()
    assert receipt["Cache-Control"] == "no-store"
    assert client.get(answer["Location"]).status_code == 302


def test_a_village_officer_registers_into_the_village_committee(desk: Desk, typed: Any, town: Town) -> None:
    assert desk("officer").post(NEW, typed()).status_code == 302
    assert Mediation.objects.get().case.holder_id == town.units["village_committee"].pk


def test_the_centre_leaves_it_to_be_assigned(desk: Desk, typed: Any) -> None:
    assert desk("centre").post(NEW, typed()).status_code == 302
    assert Mediation.objects.get().case.holder_id is None


def test_a_dispute_found_in_a_grid_is_registered_from_its_round_and_lies_in_the_village(
    desk: Desk, typed: Any, town: Town, cast: Cast
) -> None:
    """By whoever went round, who sees nothing more of it; the round counts it."""
    made = screening.record_round(
        place=town["grid"], month=date(2026, 9, 1), found=1, by=cast["grid_worker"], at=NOW
    )
    for who in ("grid_worker", "officer"):
        page = desk(who).get(f"{NEW}?willing=yes&round={made.pk}").content.decode()
        assert re.search(rf'<option value="{town["village"].code}" selected', page), who
    worker = desk("grid_worker")
    assert worker.post(NEW, typed(source="proactive", round=str(made.pk))).status_code == 302
    matter = Mediation.objects.get()
    assert (matter.screening, matter.case.place) == (made, town["village"])
    assert not reading.may_read(matter.pk, cast["grid_worker"])
    for page in ("mediations", "cases"):
        assert worker.get(f"/desk/{page}/{matter.case.number}").status_code == 404
    assert "没登记成件" not in worker.get("/desk/screening").content.decode()


def test_whoever_does_not_mediate_goes_back_to_a_page_there_is(desk: Desk, committee: Any) -> None:
    for who, page in (
        ("mediator", "/desk/mediations"),
        ("grid_worker", "/desk/screening"),
        ("clerk", "/desk/"),
    ):
        shown = desk(who).get(NEW).content.decode().split("<main")[1]
        assert f'href="{page}"' in shown, who
        assert desk(who).get(page).status_code == 200


def test_a_row_more_keeps_everything_typed(desk: Desk, typed: Any) -> None:
    page = desk("mediator").post(NEW, typed(more="1", parties__1__address="东头")).content.decode()
    assert 'name="parties-2-name"' in page
    assert 'value="赵铁柱"' in page
    assert 'value="东头"' in page
    assert "鸡舍挨着窗户" in page


def test_what_was_typed_stays_when_it_is_refused(desk: Desk, typed: Any) -> None:
    answer = desk("mediator").post(NEW, typed(subject="", parties__0__born_on="2025-02-29"))
    assert answer.status_code == 422
    page = answer.content.decode()
    assert 'value="赵铁柱"' in page
    assert "鸡舍挨着窗户" in page
    assert "没有“2025-02-29”这一天" in page
    assert not Mediation.objects.exists()


def test_the_same_form_sent_twice_makes_one_case(desk: Desk, typed: Any) -> None:
    client, given = desk("mediator"), typed()
    client.post(NEW, given)
    client.post(NEW, given)
    assert Mediation.objects.count() == 1


def test_a_place_outside_is_refused(desk: Desk, typed: Any, town: Town) -> None:
    assert desk("mediator").post(NEW, typed(place=town["west_village"].code)).status_code == 422


def test_no_form_asks_for_money(desk: Desk, committee: Any) -> None:
    page = desk("mediator").get(f"{NEW}?willing=yes").content.decode()
    assert "不收费" in page
    names = re.findall(r' name="([^"]+)"', page)  # in ids and tokens the three letters stand by chance
    assert {"subject", "brief"} <= set(names)
    assert [name for name in names if "fee" in name] == []


@pytest.mark.parametrize("who", ["verifier", "handler", "administrator"])
def test_who_may_not_register_finds_no_window(desk: Desk, committee: Any, who: str) -> None:
    assert desk(who).get(NEW).status_code == 404


def test_the_desk_lists_what_waits_without_its_content(desk: Desk, dispute: Any) -> None:
    case = dispute().case
    page = desk("chair").get("/desk/mediations").content.decode()
    assert case.number in page
    assert "李秀英" not in page
    assert not Read.objects.filter(case=case).exists()


def test_the_desk_takes_the_same_statements_for_many(
    desk: Desk, dispute: Any, django_assert_max_num_queries: Any
) -> None:
    for _n in range(4):
        dispute()
    client = desk("chair")
    client.get("/desk/mediations")
    with django_assert_max_num_queries(16):
        client.get("/desk/mediations")


def test_the_board_counts_and_leads_to_the_cases(desk: Desk, dispute: Any, committee: Any) -> None:
    case = dispute().case
    client: Client = desk("centre")
    page = client.get("/desk/mediations/board").content.decode()
    assert "东河镇人民调解委员会" in page
    for narrow in (f"committee={committee.pk}", "category=neighbours", "late=all"):
        shown = client.get(f"/desk/mediations/board?{narrow}").content.decode()
        assert case.number in shown, narrow
        assert "李秀英" not in shown
    assert case.number not in client.get("/desk/mediations/board?category=labour").content.decode()
    for odd in ("committee=nobody", "committee=" + "-" * 36, "state=x", "category=%00"):
        assert client.get(f"/desk/mediations/board?{odd}").status_code == 200


def test_the_boards_list_goes_on_page_by_page_to_the_last(
    desk: Desk, dispute: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A number leads to everything it counts."""
    every = {dispute().case.number for _n in range(5)}
    monkeypatch.setattr(paging.urgent, "__defaults__", (2,))
    client, after, seen = desk("centre"), "", []
    while True:
        response = client.get("/desk/mediations/board", {"late": "all", "after": after})
        seen += [row.case.number for row in response.context["page"].rows]
        after = response.context["page"].more
        if not after:
            break
        assert "再看" in response.content.decode()
    assert response.context["tables"].total.open == len(seen) == len(every)
    assert set(seen) == every


def test_the_board_takes_the_same_statements_for_many(
    desk: Desk, dispute: Any, django_assert_max_num_queries: Any
) -> None:
    for _n in range(4):
        dispute()
    client = desk("centre")
    with django_assert_max_num_queries(16):
        client.get("/desk/mediations/board?late=all")


def test_who_may_not_watch_finds_no_board(desk: Desk, committee: Any) -> None:
    for who in ("mediator", "officer", "handler"):
        assert desk(who).get("/desk/mediations/board").status_code == 404
        assert desk(who).get("/desk/mediations/statistics").status_code == 404


def test_the_statistics_show_a_month_and_give_it_as_a_table(desk: Desk, committee: Any) -> None:
    client = desk("centre")
    page = client.get("/desk/mediations/statistics?month=2026-09").content.decode()
    assert "婚姻家庭" in page
    assert client.get("/desk/mediations/statistics?month=2026-99").status_code == 200
    assert client.get("/desk/mediations/statistics?month=9999-12").status_code == 200


A_NUMBER = re.compile(r'href="(\?month=[^"]+)#list">(\d+)</a>')


def test_every_number_of_the_statistics_opens_to_its_disputes(desk: Desk, dispute: Any) -> None:
    settled, open_, other = (dispute().case for _n in range(3))
    before = dispute().case
    Mediation.objects.exclude(pk=before.pk).update(accepted_on=date(2026, 9, 20), source="applied")
    Mediation.objects.filter(pk=other.pk).update(source="proactive")
    Mediation.objects.filter(pk=settled.pk).update(outcome=Outcome.SUCCEEDED)
    Mediation.objects.filter(pk=before.pk).update(accepted_on=date(2026, 8, 31))
    client, page = desk("centre"), "/desk/mediations/statistics"

    def listed(query: str) -> set[str]:
        return {row.case.number for row in client.get(page + query).context["page"].rows}

    found = A_NUMBER.findall(client.get(f"{page}?month=2026-09").content.decode())
    assert len(found) == 7  # both totals; two of a source, one of another; two of the category
    for address, n in found:
        assert len(listed(address.replace("&amp;", "&"))) == int(n), address
    assert listed("?month=2026-09&shown=succeeded") == {settled.number}
    assert listed("?month=2026-09&shown=accepted&source=applied") == {settled.number, open_.number}
    assert listed("?month=2026-09&shown=accepted&category=labour") == set()
    assert listed("?month=2026-09&shown=nonsense") == set()
    assert "李秀英" not in client.get(f"{page}?month=2026-09&shown=accepted").content.decode()
