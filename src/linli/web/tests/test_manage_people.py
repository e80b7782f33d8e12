"""Accounts and posts, as an administrator of the county and one of a township see them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from conftest import START, Cast, Town
from django.test import Client
from django.urls import reverse

from linli.kit import clock
from linli.people import actions
from linli.people.access import Actor
from linli.people.models import Change, Grant, Person

Desk = Callable[[str], Client]


@pytest.fixture
def east_admin(cast: Cast, town: Town, desk: Desk) -> Client:
    administer_east(cast, town)
    return desk("east_admin")


def administer_east(cast: Cast, town: Town) -> None:
    """Adds an administrator of one township to the cast."""
    person = Person.objects.create(username="east_admin", name="东管")
    cast.people["east_admin"] = person
    grant = Grant.objects.create(
        person=person, role="administrator", organisation=town["east"], valid_from=START
    )
    cast.posts["east_admin"] = Actor.from_grant(grant)


ACCOUNT = {
    "name": "柳青",
    "username": "liu.qing",
    "work_phone": "0712-0000-111",
    "email": "",
    "role": "dispatcher",
    "organisation": "990001101",
    "begins": "",
    "until": "",
}


def person_url(cast: Cast, who: str, page: str = "manage_person") -> str:
    return reverse(f"web:{page}", args=[cast.people[who].pk])


@pytest.mark.parametrize("who", ["dispatcher", "supervisor", "auditor", "grid_worker"])
@pytest.mark.parametrize("page", ["manage", "manage_people", "manage_person_new", "manage_organisations"])
def test_refuses_a_stranger(desk: Desk, who: str, page: str) -> None:
    assert desk(who).get(reverse(f"web:{page}")).status_code == 404


def test_sends_the_anonymous_to_desk(cast: Cast) -> None:
    assert Client().get(reverse("web:manage_people")).status_code == 302


def test_opens_an_account_with_its_first_post_and_shows_the_password_once(desk: Desk, cast: Cast) -> None:
    client = desk("administrator")
    answer = client.post(reverse("web:manage_person_new"), ACCOUNT)
    assert answer.status_code == 201
    assert answer["Cache-Control"] == "no-store"
    person = Person.objects.get(username="liu.qing")
    password = answer.context["password"]
    assert password in answer.content.decode()
    assert person.check_password(password)
    assert person.grants.get().role == "dispatcher"
    again = client.get(reverse("web:manage_person", args=[person.pk]))
    assert password not in again.content.decode()
    assert [c.what for c in Change.objects.order_by("id")] == ["account.opened", "post.granted"]
    assert password not in str(list(Change.objects.values()))


def test_opens_nothing_when_the_post_cannot_be_granted(east_admin: Client, town: Town) -> None:
    answer = east_admin.post(reverse("web:manage_person_new"), {**ACCOUNT, "organisation": "990001102"})
    assert answer.status_code == 422
    assert not Person.objects.filter(username="liu.qing").exists()
    assert "柳青" in answer.content.decode()  # nothing typed is lost


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("username", "x"),
        ("username", "handler"),
        ("name", "   "),
        ("role", "resident"),
        ("role", "king"),
        ("organisation", "没有这个单位"),
        ("organisation", "第一网格"),
        ("work_phone", "call me"),
        ("email", "nowhere"),
        ("until", "2020-01-01"),
        ("begins", "31/12/2026"),
    ],
)
def test_names_the_field_that_is_wrong(desk: Desk, field: str, value: str) -> None:
    answer = desk("administrator").post(reverse("web:manage_person_new"), {**ACCOUNT, field: value})
    assert answer.status_code == 422
    assert field in answer.context["form"].errors
    assert not Person.objects.filter(username="liu.qing").exists()


def test_grants_and_revokes_a_post_within_the_area(east_admin: Client, cast: Cast, town: Town) -> None:
    given = {"role": "verifier", "organisation": "绿林村", "begins": "", "until": "2099-12-31"}
    answer = east_admin.post(person_url(cast, "officer", "manage_person_posts"), given)
    assert answer.status_code == 302
    post = Grant.objects.get(person=cast.people["officer"], role="verifier")
    assert post.organisation == town["village"]
    assert post.granted_by == cast.people["east_admin"]
    assert post.valid_until is not None
    east_admin.post(reverse("web:manage_post_end", args=[post.pk]))
    post.refresh_from_db()
    assert not Grant.objects.active(clock.now()).filter(pk=post.pk).exists()


@pytest.mark.parametrize("unit", ["990001", "990001102", "990001102-cj", "西山镇"])
def test_refuses_a_post_above_or_beside_the_own_organisation(
    east_admin: Client, cast: Cast, unit: str
) -> None:
    given = {"role": "handler", "organisation": unit, "begins": "", "until": ""}
    answer = east_admin.post(person_url(cast, "officer", "manage_person_posts"), given)
    assert answer.status_code == 422
    assert Grant.objects.filter(person=cast.people["officer"]).count() == 1


def test_the_action_itself_refuses_another_area(cast: Cast, town: Town, east_admin: Client) -> None:
    with pytest.raises(actions.OutsideArea):
        actions.grant(
            person=cast.people["officer"],
            role="handler",
            organisation=town["west"],
            by=cast["east_admin"],
            at=clock.now(),
        )
    post = Grant.objects.get(person=cast.people["outsider"])
    with pytest.raises(actions.OutsideArea):
        actions.revoke(post=post, by=cast["east_admin"], at=clock.now())


@pytest.mark.parametrize("who", ["outsider", "supervisor", "administrator"])
def test_people_of_other_areas_do_not_exist(east_admin: Client, cast: Cast, who: str) -> None:
    assert east_admin.get(person_url(cast, who)).status_code == 404
    assert east_admin.post(person_url(cast, who, "manage_person_password")).status_code == 404
    post = Grant.objects.get(person=cast.people[who])
    assert east_admin.post(reverse("web:manage_post_end", args=[post.pk])).status_code == 404
    listed = east_admin.get(reverse("web:manage_people")).content.decode()
    assert cast.people[who].name not in listed


def test_an_account_with_a_post_above_is_left_to_those_above(
    east_admin: Client, cast: Cast, town: Town
) -> None:
    """Else a township administrator could set the password of a county supervisor, and be one."""
    leader = cast.people["supervisor"]
    Grant.objects.create(person=leader, role="supervisor", organisation=town["east"], valid_from=START)
    assert east_admin.get(person_url(cast, "supervisor")).status_code == 200
    before = leader.password
    east_admin.post(person_url(cast, "supervisor", "manage_person_password"))
    east_admin.post(person_url(cast, "supervisor", "manage_person_account"), {"state": "closed"})
    east_admin.post(person_url(cast, "supervisor", "manage_person_details"), {"name": "别人"})
    leader.refresh_from_db()
    assert (leader.password, leader.is_active, leader.name) == (before, True, "高岩")


def test_nobody_gives_posts_to_themselves(east_admin: Client, cast: Cast) -> None:
    given = {"role": "supervisor", "organisation": "东河镇", "begins": "", "until": ""}
    answer = east_admin.post(person_url(cast, "east_admin", "manage_person_posts"), given)
    assert answer.status_code == 422
    assert Grant.objects.filter(person=cast.people["east_admin"]).count() == 1


def test_nobody_closes_their_own_account_nor_ends_their_own_administration(
    east_admin: Client, cast: Cast
) -> None:
    east_admin.post(person_url(cast, "east_admin", "manage_person_account"), {"state": "closed"})
    post = Grant.objects.get(person=cast.people["east_admin"])
    east_admin.post(reverse("web:manage_post_end", args=[post.pk]))
    assert Grant.objects.active(clock.now()).filter(pk=post.pk).exists()


def test_a_post_is_not_given_twice(desk: Desk, cast: Cast) -> None:
    given = {"role": "handler", "organisation": "990001101-cj", "begins": "", "until": ""}
    answer = desk("administrator").post(person_url(cast, "handler", "manage_person_posts"), given)
    assert answer.status_code == 422
    assert "role" in answer.context["post_form"].errors


def test_a_revoked_post_is_gone_at_the_next_request(desk: Desk, cast: Cast) -> None:
    handler, admin = desk("handler"), desk("administrator")
    assert handler.get(reverse("web:work")).status_code == 200
    post = Grant.objects.get(person=cast.people["handler"])
    admin.post(reverse("web:manage_post_end", args=[post.pk]))
    assert handler.get(reverse("web:work")).status_code == 404


def test_a_closed_account_is_signed_out_and_can_be_opened_again(desk: Desk, cast: Cast) -> None:
    handler, admin = desk("handler"), desk("administrator")
    url = person_url(cast, "handler", "manage_person_account")
    admin.post(url, {"state": "closed"})
    assert handler.get(reverse("web:work")).status_code in (302, 404)
    admin.post(url, {"state": "open"})
    assert Person.objects.get(username="handler").is_active
    assert admin.post(url, {"state": "burnt"}).status_code == 404


def test_a_new_password_signs_the_old_one_out(desk: Desk, cast: Cast) -> None:
    person = cast.people["handler"]
    handler = desk("handler")
    answer = desk("administrator").post(person_url(cast, "handler", "manage_person_password"))
    person.refresh_from_db()
    assert person.check_password(answer.context["password"])
    assert handler.get(reverse("web:work")).status_code == 302


def test_names_the_desk_that_stays_empty(desk: Desk, cast: Cast, report: Any) -> None:
    report()
    post = Grant.objects.get(person=cast.people["dispatcher"])
    answer = desk("administrator").post(reverse("web:manage_post_end", args=[post.pk]), follow=True)
    assert "东河镇" in "".join(str(message) for message in answer.context["messages"])
    index = desk("administrator").get(reverse("web:manage"))
    assert [each.unit.code for each in index.context["empty_desks"]] == ["990001101"]


def test_passwords_are_hard_to_guess_and_easy_to_copy() -> None:
    passwords = {actions.initial_password() for _n in range(50)}
    assert len(passwords) == 50
    assert all(len(password) == 19 and not set(password) & set("01lio") for password in passwords)


def test_finds_people_by_name_account_and_unit(desk: Desk, cast: Cast) -> None:
    client = desk("administrator")
    for query, found in (("祝丽华", "dispatcher"), ("west_han", "west_handler"), ("石桥", None)):
        rows = client.get(reverse("web:manage_people"), {"q": query}).context["rows"]
        assert [person.username for person, _held in rows] == ([found] if found else [])
    never = client.get(reverse("web:manage_people"), {"show": "without"}).context["rows"]
    assert never == []


def test_lists_people_in_the_same_number_of_statements(
    desk: Desk, cast: Cast, town: Town, django_assert_max_num_queries: Any
) -> None:
    for n in range(30):
        person = Person.objects.create(username=f"many{n:02}", name=f"多{n}")
        Grant.objects.create(person=person, role="handler", organisation=town["east"], valid_from=START)
    client = desk("administrator")
    client.get(reverse("web:manage_people"))
    with django_assert_max_num_queries(9):
        assert client.get(reverse("web:manage_people")).status_code == 200


def test_a_post_may_begin_and_end_on_given_days(desk: Desk, cast: Cast) -> None:
    begins = clock.now().date() + timedelta(days=10)
    given = {"role": "verifier", "organisation": "990001101", "begins": begins, "until": begins}
    desk("administrator").post(person_url(cast, "officer", "manage_person_posts"), given)
    post = Grant.objects.get(person=cast.people["officer"], role="verifier")
    assert post.valid_until is not None
    assert post.valid_until - post.valid_from == timedelta(days=1)
    assert not Grant.objects.active(clock.now()).filter(pk=post.pk).exists()
