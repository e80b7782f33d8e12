"""Categories and routing rules: edited, put in order, tried out, and shown when broken."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from conftest import Cast, Town
from django.test import Client
from django.urls import reverse

from linli.people.models import Change
from linli.service_requests.actions import editing, route
from linli.service_requests.models import Category, RoutingRule
from linli.web.tests.test_manage_people import administer_east

Desk = Callable[[str], Client]


@pytest.fixture
def admin(desk: Desk) -> Client:
    return desk("administrator")


def lamp_form(**changes: Any) -> dict[str, Any]:
    row = Category.objects.get(pk="facility.street_lamp")
    names = (
        "name_zh name_en hint_zh hint_en limit unit_limit limit_source limit_source_en function unit_level"
        " level photo advice_zh advice_en position"
    )
    return {**{name: getattr(row, name) for name in names.split()}, "unit": "", "is_active": "on", **changes}


RULE = {
    "name_zh": "路灯给住建局",
    "name_en": "Lamps to housing",
    "why_zh": "试点",
    "why_en": "Pilot",
    "categories": ["facility.street_lamp"],
    "place_kinds": ["village"],
    "function": "housing",
    "unit_level": "county",
    "unit": "",
    "is_active": "on",
}


@pytest.mark.parametrize("who", ["dispatcher", "supervisor", "handler"])
@pytest.mark.parametrize("page", ["manage_categories", "manage_rules", "manage_rule_new", "manage_changes"])
def test_refuses_a_stranger(desk: Desk, who: str, page: str) -> None:
    assert desk(who).get(reverse(f"web:{page}")).status_code == 404


def test_the_first_page_opens_everything_there_is_to_manage(admin: Client) -> None:
    page = admin.get(reverse("web:manage")).content.decode()
    assert "/desk/search" not in page  # an administrator sees no case
    names = "categories rules articles calendar organisations mediation people keys webhooks changes".split()
    assert [
        name for name in names if f'class="ll-door" href="{reverse(f"web:manage_{name}")}"' not in page
    ] == []


@pytest.mark.parametrize("page", ["manage_categories", "manage_rules", "manage_changes", "manage_calendar"])
def test_the_lists_of_the_county_are_not_a_townships_to_change(
    desk: Desk, cast: Cast, town: Town, page: str
) -> None:
    administer_east(cast, town)
    assert desk("east_admin").get(reverse(f"web:{page}")).status_code == 404
    rule = RoutingRule.objects.get(code="dispute")
    post = desk("east_admin").post(reverse("web:manage_rule_position", args=[rule.code]), {"move": "up"})
    assert post.status_code == 404


def test_edits_a_category_and_says_who_changed_what(admin: Client) -> None:
    url = reverse("web:manage_category", args=["facility.street_lamp"])
    answer = admin.post(url, lamp_form(limit="7wd", name_zh="路灯和景观灯", unit="990001-zj"))
    assert answer.status_code == 302
    row = Category.objects.get(pk="facility.street_lamp")
    assert (row.limit, row.name_zh, row.unit.code if row.unit else "") == ("7wd", "路灯和景观灯", "990001-zj")
    change = Change.objects.get()
    assert change.before["limit"] == "5wd"
    assert change.after["limit"] == "7wd"
    assert set(change.after) == {"limit", "name_zh", "unit"}
    page = admin.get(url).content.decode()
    assert "管立" in page
    assert "7wd" in page


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("limit", "5 fortnights"),
        ("limit", ""),
        ("unit_limit", "-1wd"),
        ("unit_limit", "99999wd"),
        ("level", "apocalyptic"),
        ("unit", "没有的单位"),
        ("name_zh", ""),
        ("name_en", "x" * 81),
        ("position", "first"),
    ],
)
def test_names_the_field_that_is_wrong(admin: Client, field: str, value: str) -> None:
    url = reverse("web:manage_category", args=["facility.street_lamp"])
    answer = admin.post(url, lamp_form(**{field: value, "hint_zh": "这句不能丢"}))
    assert answer.status_code == 422
    assert field in answer.context["form"].errors
    assert "这句不能丢" in answer.content.decode()
    assert not Change.objects.exists()


def test_a_category_needs_somewhere_to_go(admin: Client) -> None:
    url = reverse("web:manage_category", args=["facility.street_lamp"])
    answer = admin.post(url, lamp_form(function="", unit=""))
    assert answer.status_code == 422
    assert "function" in answer.context["form"].errors


def test_adds_a_category_below_a_group(admin: Client) -> None:
    url = reverse("web:manage_category_new", args=["facility"])
    assert admin.get(url).status_code == 200
    assert admin.post(url, lamp_form(code="fountain", name_zh="喷泉")).status_code == 302
    row = Category.objects.get(pk="facility.fountain")
    assert row.parent_id == "facility"
    assert row.is_active
    assert admin.post(url, lamp_form(code="fountain")).status_code == 422
    assert admin.post(url, lamp_form(code="Big Fountain")).status_code == 422
    inner = reverse("web:manage_category_new", args=["facility.fountain"])
    assert admin.get(inner).status_code == 404


def test_a_rule_decides_from_its_place_in_the_list(admin: Client, town: Town) -> None:
    assert admin.post(reverse("web:manage_rule_new"), RULE).status_code == 302
    rule = RoutingRule.objects.get(name_zh="路灯给住建局")
    lamp = Category.objects.get(pk="facility.street_lamp")
    given: dict[str, Any] = {
        "category": lamp,
        "request_type": "help",
        "channel": "portal",
        "place": town["grid"],
    }
    assert route(**given).rule != rule
    url = reverse("web:manage_rule_position", args=[rule.code])
    for _n in range(RoutingRule.objects.count()):
        admin.post(url, {"move": "up"})
    found = route(**given)
    assert found.rule == rule
    assert found.unit == town["county_housing"]
    positions = list(RoutingRule.objects.order_by("position").values_list("position", flat=True))
    assert positions == [10 * n for n in range(1, len(positions) + 1)]
    assert admin.post(url, {"move": "sideways"}).status_code == 404


def test_edits_a_rule_and_keeps_what_was_typed_when_it_cannot(admin: Client) -> None:
    url = reverse("web:manage_rule", args=["dispute"])
    assert admin.post(url, {**RULE, "function": ""}).status_code == 422
    answer = admin.post(url, {**RULE, "types": ["weather"], "why_zh": "这句不能丢"})
    assert answer.status_code == 422
    assert "这句不能丢" in answer.content.decode()
    assert admin.post(url, RULE).status_code == 302
    rule = RoutingRule.objects.get(code="dispute")
    assert rule.when == {"categories": ["facility.street_lamp"], "place_kinds": ["village"]}


def test_shows_a_rule_whose_unit_has_gone_and_how_to_put_it_right(
    admin: Client, cast: Cast, town: Town
) -> None:
    rule = RoutingRule.objects.get(code="dispute")
    rule.unit = town["east_works"]
    rule.save()
    town["east_works"].valid_until = date(2026, 5, 1)
    town["east_works"].save()
    page = admin.get(reverse("web:manage_rules"))
    assert [line.rule.code for line in page.context["broken"] if line.rule == rule] == ["dispute"]
    assert "东河镇村镇建设办" in page.content.decode()
    index = admin.get(reverse("web:manage"))
    assert any("东河镇村镇建设办" in item.why for item in index.context["attention"])


def test_a_rule_whose_author_has_gone_is_taken_over(admin: Client, cast: Cast) -> None:
    rule = RoutingRule.objects.get(code="accusation")
    rule.author = cast.people["dispatcher"]
    rule.save()
    cast.people["dispatcher"].is_active = False
    cast.people["dispatcher"].save()
    assert rule in [line.rule for line in admin.get(reverse("web:manage_rules")).context["broken"]]
    admin.post(reverse("web:manage_rule_confirmation", args=[rule.code]))
    rule.refresh_from_db()
    assert rule.author == cast.people["administrator"]
    assert rule not in [line.rule for line in admin.get(reverse("web:manage_rules")).context["broken"]]


def test_tries_a_rule_out_without_writing_anything(admin: Client) -> None:
    given = {
        "category": "facility.street_lamp",
        "request_type": "help",
        "channel": "portal",
        "place": "绿林村",
    }
    answer = admin.get(reverse("web:manage_rules"), given)
    outcome = answer.context["outcome"]
    assert outcome["routing"].unit.code == "990001101-cj"
    assert outcome["routing"].rule.code
    assert not Change.objects.exists()
    one = admin.get(reverse("web:manage_rules"), {**given, "place": "绿林村 第一网格"})
    assert one.context["outcome"]["place"].code == "990001101201001"
    wrong = admin.get(reverse("web:manage_rules"), {**given, "place": "第一网格"})
    assert wrong.context["outcome"] is None
    assert "990001101201001" in wrong.content.decode()  # which of them is meant


def test_reads_the_lists_in_the_same_number_of_statements(
    admin: Client, cast: Cast, django_assert_max_num_queries: Any
) -> None:
    for n in range(20):
        editing.add_rule(
            by=cast["administrator"],
            at=cast.people["administrator"].joined_at,
            changes={
                "name_zh": f"规则{n}",
                "name_en": f"Rule {n}",
                "function": "housing",
                "unit_level": "county",
            },
        )
    for page in ("manage_rules", "manage_categories", "manage", "manage_changes"):
        admin.get(reverse(f"web:{page}"))
        with django_assert_max_num_queries(14):
            assert admin.get(reverse(f"web:{page}")).status_code == 200


def test_the_changes_of_the_county_are_read_page_by_page(admin: Client, cast: Cast) -> None:
    rule = RoutingRule.objects.get(code="dispute")
    for n in range(40):
        editing.move_rule(
            rule=rule,
            places=1 if n % 2 else -1,
            by=cast["administrator"],
            at=cast.people["administrator"].joined_at,
        )
    first = admin.get(reverse("web:manage_changes"))
    assert len(first.context["entries"]) == 30
    rest = admin.get(reverse("web:manage_changes"), {"after": first.context["more"]})
    assert len(rest.context["entries"]) == 10
    assert admin.get(reverse("web:manage_changes"), {"after": "rubbish"}).status_code == 200
