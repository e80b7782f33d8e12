"""Requests, mediations and proposals stand together at the desk, each with what belongs to it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from conftest import NOW, Cast, Town

from linli.cases.models import Case
from linli.kit.ids import uuid7
from linli.mediation.actions import vetoes
from linli.mediation.actions.registering import CHANNELS
from linli.web.views import kinds

from .conftest import Desk

pytestmark = pytest.mark.django_db


@pytest.fixture
def veto(town: Town, cast: Cast) -> Case:
    proposal = vetoes.Proposal(
        reason="连续三个月没有派人参加联合调处，两次督办都没有回复。",
        evidence="督办单两份，会议签到表三份。",
        addressee=town["county_petitions"],
        concerned=town["east_works"],
    )
    return vetoes.propose(proposal=proposal, by=cast["centre"], at=NOW, command_id=uuid7()).case


def test_lists_name_the_kind_and_narrow_to_it(desk: Desk, veto: Case, lamp: Case) -> None:
    client = desk("supervisor")
    every = client.get("/desk/cases").content.decode()
    assert veto.number in every
    assert lamp.number in every
    narrowed = client.get("/desk/cases?kind=veto_proposal").content.decode()
    assert veto.number in narrowed
    assert lamp.number not in narrowed
    assert veto.number not in client.get("/desk/cases?kind=service_request").content.decode()


def test_every_channel_is_told_in_words_and_can_be_asked_for(desk: Desk, veto: Case, lamp: Case) -> None:
    assert set(CHANNELS) <= set(kinds.channels())
    narrowed = desk("supervisor").get("/desk/cases?channel=window").content.decode()
    assert veto.number in narrowed
    assert lamp.number not in narrowed


def test_the_board_counts_requests_alone(desk: Desk, veto: Case, lamp: Case) -> None:
    assert desk("supervisor").get("/desk/board").context["totals"].open == 1


def test_a_proposal_is_a_page_for_its_three_units_alone(desk: Desk, veto: Case) -> None:
    for name in ("centre", "petitions_handler", "handler", "supervisor"):
        page = desk(name).get(f"/desk/cases/{veto.number}")
        assert "这只是建议" in page.content.decode()
    for name in ("outsider", "west_handler", "housing_handler", "mediator"):
        assert desk(name).get(f"/desk/cases/{veto.number}").status_code == 404


def test_a_veto_is_proposed_on_a_page(desk: Desk, town: Town) -> None:
    client = desk("centre")
    given = {
        "reason": "连续三个月没有派人参加联合调处，两次督办都没有回复。",
        "evidence": "督办单两份，会议签到表三份。",
        "addressee": str(town["county_petitions"].pk),
        "concerned": str(town["east_works"].pk),
        "command_id": str(uuid7()),
    }
    assert "不能针对居民" in client.get("/desk/vetoes/new").content.decode()
    refused = client.post("/desk/vetoes/new", {**given, "reason": "短"})
    assert refused.status_code == 422
    assert client.post("/desk/vetoes/new", given).status_code == 302
    assert client.post("/desk/vetoes/new", given).status_code == 302
    assert Case.objects.filter(kind="veto_proposal").count() == 1
    assert desk("dispatcher").get("/desk/vetoes/new").status_code == 404


def test_a_move_with_a_form_of_its_own_is_not_made_here(
    desk: Desk, lamp: Case, move: Callable[..., Any], press: Callable[..., Any]
) -> None:
    move(lamp, "accept", "dispatcher")
    client = desk("dispatcher")
    assert "/referral" in client.get(f"/desk/cases/{lamp.number}").content.decode()
    assert press(client, lamp, "refer", reason="邻里纠纷，双方都愿意坐下来谈。").status_code == 404


def test_a_referral_asks_for_what_is_missing(
    desk: Desk, lamp: Case, move: Callable[..., Any], committee: Any
) -> None:
    move(lamp, "accept", "dispatcher")
    client = desk("dispatcher")
    address = f"/desk/cases/{lamp.number}/referral"
    assert "王女士" in client.get(address).content.decode()
    refused = client.post(address, {"command_id": str(uuid7()), "reason": "短"})
    assert refused.status_code == 422
    lamp.refresh_from_db()
    assert lamp.state == "accepted"
    assert desk("handler").get(address).status_code == 404
