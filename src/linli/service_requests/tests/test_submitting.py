"""Taking a request in: what is refused by name, what a retry gets, and where an accusation may not go."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from conftest import NOW, Cast, Town

from linli.cases import actions as cases
from linli.cases.actions.integrity import verify
from linli.cases.models import Case, TrackingCode
from linli.kit.ids import uuid7
from linli.orgs import actions as orgs
from linli.people.access import Actor
from linli.service_requests import actions as service_requests
from linli.service_requests.models import Category, Request, RoutingRule

Report = Callable[..., Any]

WRONG: dict[str, dict[str, Any]] = {
    "text": {"text": "灯"},
    "category": {"category": "facility"},
    "request_type": {"request_type": "order"},
    "channel": {"channel": "pigeon"},
    "place": {"place": None},
    "title": {"title": "灯" * 61},
    "address": {"address": "路" * 201},
    "contact_name": {"contact_name": "张" * 51},
    "contact_phone": {"contact_phone": "call me"},
    "accused": {"request_type": "accusation"},
}


@pytest.mark.parametrize("name", WRONG)
def test_names_the_field_that_is_wrong_and_writes_nothing(report: Report, town: Town, name: str) -> None:
    with pytest.raises(cases.BadData) as refused:
        report(**WRONG[name])
    assert set(refused.value.errors) == {name}
    assert not Case.objects.exists()
    assert not Request.objects.exists()


@pytest.mark.parametrize("point", [(999.0, 31.0), (114.0, float("nan")), (114.0, None), (None, 31.0)])
def test_a_point_is_on_the_globe(report: Report, town: Town, point: tuple[Any, Any]) -> None:
    with pytest.raises(cases.BadData) as refused:
        report(lon=point[0], lat=point[1])
    assert set(refused.value.errors) == {"place"}


def test_names_every_wrong_field_at_once(report: Report, town: Town) -> None:
    with pytest.raises(cases.BadData) as refused:
        report(text="", contact_phone="?", place=None)
    assert set(refused.value.errors) == {"text", "contact_phone", "place"}


def test_a_retry_gets_the_first_receipt(report: Report, town: Town) -> None:
    command = uuid7()
    first, again = (report(command_id=command, contact_phone="0712-0000-000") for _try in range(2))
    assert (first.is_new, again.is_new) == (True, False)
    assert (again.case, again.code) == (first.case, first.code)
    assert Case.objects.count() == 1


@pytest.mark.parametrize(
    "change",
    [{"text": "另外一件事，水管爆了。"}, {"contact_phone": "0712-0000-001"}, {"category": "facility.water"}],
)
def test_anything_else_under_a_used_id_is_refused(report: Report, town: Town, change: dict[str, str]) -> None:
    command = uuid7()
    report(command_id=command, contact_phone="0712-0000-000")
    if "category" in change:
        other = Category.objects.filter(parent__isnull=False).exclude(pk="facility.street_lamp").first()
        assert other is not None
        change = {"category": other.code}
    with pytest.raises(cases.CommandReused):
        report(**{"command_id": command, "contact_phone": "0712-0000-000", **change})


def test_another_person_gets_no_receipt_for_it(report: Report, town: Town, cast: Cast) -> None:
    command = uuid7()
    report(command_id=command)
    with pytest.raises(cases.CommandReused):
        report(command_id=command, by=cast["clerk"])


def test_two_residents_with_the_same_words_are_two_cases(report: Report, town: Town) -> None:
    assert report().case != report().case


def test_the_code_is_stored_nowhere_and_found_however_it_is_typed(report: Report, town: Town) -> None:
    receipt = report()
    assert service_requests.find_by_code(receipt.code.lower()) == receipt.case
    assert service_requests.find_by_code("0" * 13) is None
    stored = TrackingCode.objects.get(case=receipt.case)
    assert receipt.code.encode() not in bytes(stored.digest)
    assert receipt.code not in str(receipt.event.data) + str(receipt.event.facts)
    assert verify(receipt.case.pk) == []


def test_the_event_says_which_rule_chose(report: Report, town: Town) -> None:
    facts = report().event.facts
    assert facts["rule"] is not None
    assert facts["suggested"] == str(town["east_works"].pk)


def test_a_rule_whose_author_has_gone_is_named_as_broken(report: Report, town: Town, cast: Cast) -> None:
    chosen = report().event.facts["rule"]
    RoutingRule.objects.filter(code=chosen).update(author=cast.people["administrator"])
    cast.people["administrator"].is_active = False
    cast.people["administrator"].save()
    facts = report().event.facts
    assert chosen in facts["broken_rules"]
    assert facts["rule"] != chosen
    assert chosen in {rule.code for rule, _reason in service_requests.broken_rules()}


def test_the_unit_accused_is_never_suggested(report: Report, town: Town) -> None:
    for accused in ("east_works", "east"):
        receipt = report(request_type="accusation", category="facility.street_lamp", accused=town[accused])
        suggested = receipt.event.facts["suggested"]
        assert suggested != str(town["east_works"].pk)
        assert receipt.case.is_identity_kept


def test_nobody_may_be_accused_whom_nobody_stands_above(report: Report, town: Town) -> None:
    with pytest.raises(cases.BadData, match="12388"):
        report(request_type="accusation", accused=town["county"])


def test_a_unit_that_was_just_moved_is_not_accused_under_its_old_path(report: Report, town: Town) -> None:
    """Or nobody would know any more from whom to hide it."""
    stale = town["village"]
    orgs.move(organisation=type(stale).objects.get(pk=stale.pk), to=town["west"], by=None, at=NOW)
    with pytest.raises(cases.BadData, match="刚刚划转"):
        report(
            request_type="accusation", category="opinion.misconduct", accused=stale, place=town["west_grid"]
        )


def test_a_place_is_taken_as_it_is_now(report: Report, town: Town) -> None:
    stale = town["grid"]
    orgs.move(organisation=town["village"], to=town["west"], by=None, at=NOW)
    case = report(place=stale).case
    assert case.place_path.startswith(town["west"].path)


def test_a_reporter_of_another_case_is_not_this_one(report: Report, town: Town) -> None:
    first, second = report().case, report().case
    assert not Case.objects.visible_to(Actor.reporter(first.pk)).filter(pk=second.pk).exists()
