"""Committees: founded, peopled, found for a dispute, and told what is not as the law wants it."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from conftest import NOW, Cast, Town
from django.db import transaction
from django.utils import timezone, translation
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from linli.kit.ids import uuid7
from linli.mediation.actions import committees, lists
from linli.mediation.actions.concerns import after_years
from linli.mediation.models import Assignment, Category, Committee, Duty, Field, Member, Room
from linli.orgs.actions import OrganisationError
from linli.orgs.models import Kind, Organisation
from linli.people.models import Change, Grant, Person

pytestmark = pytest.mark.django_db
TODAY = timezone.localdate(NOW)


def found(town: Town, cast: Cast, unit: str = "county", **changes: Any) -> Committee:
    given: dict[str, Any] = {
        "parent": town[unit],
        "name": f"{town[unit].name}人民调解委员会",
        "name_en": "Mediation Committee",
        "kind": "township",
        "area": town[unit],
        "file_mark": town[unit].name[:12],
        "by": cast["administrator"],
        "at": NOW,
        **changes,
    }
    return committees.found_committee(**given)


def seat(committee: Committee, cast: Cast, person: Person, duty: str = "member", **changes: Any) -> Member:
    given: dict[str, Any] = {"is_woman": False, "languages": "", "since": TODAY, **changes}
    return committees.add_member(
        committee=committee, person=person, duty=duty, by=cast["administrator"], at=NOW, **given
    )


def person(name: str) -> Person:
    made = Person(username=f"p{uuid7()}", name=name)
    made.save()
    return made


def test_founds_a_committee_in_the_tree_with_a_term_of_three_years(town: Town, cast: Cast) -> None:
    lists.install_lists()
    made = found(
        town,
        cast,
        "west",
        fields=[Field.objects.get(pk="campus")],
        established_on=TODAY,
        term_from=date(2024, 2, 29),
    )
    unit = made.organisation
    assert (unit.kind, unit.parent, unit.code) == (Kind.COMMITTEE, town["west"], "990001102-tj")
    assert made.term_until == date(2027, 2, 28)
    assert [field.pk for field in made.fields.all()] == ["campus"]
    change = Change.objects.get(target_kind="committee", target_id=unit.code)
    assert (change.what, change.by, change.after["fields"]) == (
        "committee.founded",
        cast.people["administrator"],
        "校园安全",
    )
    assert found(town, cast, "west", file_mark="别的").organisation.code == "990001102-tj2"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": " "}, "name"),
        ({"name": "会" * 81}, "name"),
        ({"kind": "guild"}, "kind"),
        ({"file_mark": ""}, "file_mark"),
        ({"file_mark": "长" * 13}, "file_mark"),
        ({"file_mark": "东河"}, "file_mark"),
        ({"established_on": TODAY + timedelta(days=1)}, "established_on"),
        ({"established_on": TODAY, "filed_on": TODAY - timedelta(days=1)}, "filed_on"),
        ({"filed_on": TODAY + timedelta(days=1)}, "filed_on"),
        ({"term_from": TODAY, "term_until": TODAY}, "term_until"),
    ],
)
def test_names_the_field_that_is_wrong(
    town: Town, cast: Cast, committee: Committee, changes: dict[str, Any], field: str
) -> None:
    units = Organisation.objects.count()
    with pytest.raises((committees.CommitteeError, OrganisationError)) as refused, transaction.atomic():
        found(town, cast, "west", **changes)
    assert getattr(refused.value, "field", "") == field
    assert (Organisation.objects.count(), Committee.objects.count()) == (units, 2)
    assert not Change.objects.exists()


def test_a_committee_is_founded_in_ones_own_area_only(town: Town, cast: Cast) -> None:
    with pytest.raises(committees.OutsideArea):
        found(town, cast, "west", by=cast["dispatcher"])
    with pytest.raises(committees.OutsideArea):
        found(town, cast, "east", area=town["west"], by=cast["dispatcher"])
    with pytest.raises(committees.AreaUnfit):
        found(town, cast, "east", area=town["grid"])


def test_a_new_name_goes_into_the_history_of_the_tree(town: Town, cast: Cast, committee: Committee) -> None:
    given: dict[str, Any] = {"by": cast["administrator"], "at": NOW}
    changes = {"name": "东河镇调解会", "term_until": date(2028, 1, 1)}
    committees.edit_committee(committee=committee, changes=changes, **given)
    committee = Committee.objects.get(pk=committee.pk)
    assert committee.organisation.name == "东河镇调解会"
    assert committee.organisation.changes.get().name == "东河镇人民调解委员会"
    change = Change.objects.get(what="committee.edited")
    assert (change.before, change.after) == ({"term_until": "2029-01-01"}, {"term_until": "2028-01-01"})


def test_a_member_comes_and_goes_with_the_post(town: Town, cast: Cast) -> None:
    made, who = found(town, cast, "west"), person("苗清")
    member = seat(made, cast, who, "chair", is_woman=True, languages=" 普通话、 本地话 ")
    assert member.languages == "普通话、 本地话"
    posts = Grant.objects.filter(person=who, organisation=made.organisation)
    assert posts.active(NOW).get().role == "committee_chair"
    given: dict[str, Any] = {"by": cast["administrator"], "at": NOW + timedelta(hours=1)}
    committees.change_member(member=member, duty="member", is_woman=True, languages="普通话", **given)
    assert posts.active(NOW + timedelta(hours=2)).get().role == "mediator"
    committees.end_member(member=member, by=cast["administrator"], at=NOW + timedelta(days=1))
    member.refresh_from_db()
    assert member.until == TODAY + timedelta(days=1)
    assert not posts.active(NOW + timedelta(days=1)).exists()
    assert not Member.objects.on(TODAY + timedelta(days=1)).filter(committee=made).exists()
    with pytest.raises(committees.NoLongerMember):
        committees.end_member(member=member, by=cast["administrator"], at=NOW + timedelta(days=2))
    whats = list(
        Change.objects.filter(target_kind="committee").order_by("at", "id").values_list("what", flat=True)
    )
    assert whats == ["committee.founded", "member.added", "member.changed", "member.ended"]


def test_a_post_given_by_hand_serves_a_new_member(town: Town, cast: Cast) -> None:
    made, who = found(town, cast, "west"), person("苗清")
    Grant.objects.create(person=who, role="mediator", organisation=made.organisation, valid_from=NOW)
    seat(made, cast, who, "appointed")
    assert Grant.objects.filter(person=who).count() == 1


def test_a_later_first_day_gives_a_later_post(town: Town, cast: Cast) -> None:
    made, who = found(town, cast, "west"), person("苗清")
    seat(made, cast, who, since=TODAY + timedelta(days=3))
    post = Grant.objects.get(person=who)
    assert timezone.localtime(post.valid_from).date() == TODAY + timedelta(days=3)


def test_nobody_sits_twice_or_in_a_closed_committee(town: Town, cast: Cast) -> None:
    made, who = found(town, cast, "west"), person("苗清")
    seat(made, cast, who)
    with pytest.raises(committees.AlreadyMember):
        seat(made, cast, who, "chair")
    with pytest.raises(committees.UnknownDuty):
        seat(made, cast, person("乙"), "king")
    Organisation.objects.filter(pk=made.pk).update(valid_until=TODAY)
    with pytest.raises(committees.CommitteeClosed):
        seat(Committee.objects.get(pk=made.pk), cast, person("丙"))


def test_rooms_have_names_of_their_own(town: Town, cast: Cast, committee: Committee) -> None:
    given: dict[str, Any] = {"by": cast["administrator"], "at": NOW}
    unit = committee.organisation
    room = committees.add_room(organisation=unit, name="第二调解室", address="二楼", **given)
    with pytest.raises(committees.RoomNameTaken):
        committees.add_room(organisation=unit, name=" 第一调解室", **given)
    with pytest.raises(committees.RoomNameMissing):
        committees.edit_room(room=room, name="", address="", is_active=True, **given)
    committees.edit_room(room=room, name="第二调解室", address="三楼", is_active=False, **given)
    kept = Room.objects.get(pk=room.pk)
    assert (kept.address, kept.is_active) == ("三楼", False)
    with pytest.raises(committees.OutsideArea):
        committees.add_room(organisation=unit, name="第三调解室", by=cast["outsider"], at=NOW)


def test_the_professional_committee_comes_first_then_the_nearest(
    town: Town, cast: Cast, committee: Committee, django_assert_num_queries: Any
) -> None:
    campus = Field.objects.get(pk="campus")
    schools = found(
        town, cast, "county", kind="professional", file_mark="校园", name="校园调委会", fields=[campus]
    )
    seat(schools, cast, person("苗清"))
    factory = found(town, cast, "village", kind="enterprise", file_mark="纺织厂", name="纺织厂调委会")
    seat(factory, cast, person("苗蓝"))
    west = found(town, cast, "west")
    seat(west, cast, person("苗红"))
    village = Committee.objects.get(pk=town["village_committee"])
    about = {code: Category.objects.get(pk=code) for code in ("campus", "neighbours", "medical")}
    with django_assert_num_queries(3):
        fit = committees.committees_for(town["grid"], about["campus"])
    assert fit == [schools, village, committee, factory]
    assert committees.committees_for(town["grid"], about["neighbours"]) == [village, committee, factory]
    assert committees.committees_for(town["west_grid"], about["medical"]) == [west]
    Member.objects.filter(committee=village).update(until=TODAY)
    assert committees.committees_for(town["grid"], about["neighbours"]) == [committee, factory, village]


def test_load_counts_open_cases_of_each_mediator_in_one_statement(
    cast: Cast, report: Any, django_assert_num_queries: Any
) -> None:
    busy, free = cast.people["mediator"], cast.people["chair"]
    cases = [report().case for _n in range(3)]
    for case in cases:
        Assignment.objects.create(case=case, person=busy, role="mediator", since=NOW)
    type(cases[0]).objects.filter(pk=cases[0].pk).update(is_open=False, closed_at=NOW)
    Assignment.objects.filter(case=cases[1]).update(ended_at=NOW)
    Assignment.objects.create(case=cases[1], person=free, role="recorder", since=NOW)
    with django_assert_num_queries(1):
        assert committees.load_of([busy, free]) == {busy.pk: 1, free.pk: 0}


def test_says_what_is_wrong_in_the_readers_language(town: Town, cast: Cast) -> None:
    made = found(town, cast, "west")
    assert len(committees.warnings(made, TODAY)) == 4
    with translation.override("en"):
        said = " ".join(committees.warnings(made, TODAY))
    assert "no woman" in said


Roster = list[tuple[str, bool, bool]]
rosters = st.lists(st.tuples(st.sampled_from(Duty.values), st.booleans(), st.booleans()), max_size=13)
days = st.none() | st.dates(date(2015, 1, 1), date(2032, 1, 1))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    roster=rosters,
    established=days,
    is_filed=st.booleans(),
    term=days,
    day=st.dates(date(2016, 1, 1), date(2031, 1, 1)),
)
def test_warns_exactly_when_the_law_is_not_met(
    town: Town,
    cast: Cast,
    roster: Roster,
    established: date | None,
    is_filed: bool,
    term: date | None,
    day: date,
) -> None:
    """Rule 10: 3–9 members with a woman and one chair, a running term of three years, filed in time. Never a bar."""
    with transaction.atomic():
        made = found(town, cast, "west", name=f"会{uuid7()}", file_mark=str(uuid7())[-12:])
        until = after_years(term, 3) if term else None
        Committee.objects.filter(pk=made.pk).update(
            established_on=established,
            filed_on=established if is_filed else None,
            term_from=term,
            term_until=until,
        )
        made.refresh_from_db()
        for duty, is_woman, has_left in roster:
            Member.objects.create(
                committee=made,
                person=person("甲"),
                duty=duty,
                is_woman=is_woman,
                since=date(2015, 1, 1),
                until=day if has_left else None,
            )
        kinds = [concern.kind for concern in committees.concerns([made], day)[made.pk]]
        seated = [(duty, woman) for duty, woman, has_left in roster if duty != "appointed" and not has_left]
        assert ("few" in kinds) == (len(seated) < 3)
        assert ("many" in kinds) == (len(seated) > 9)
        assert ("no_woman" in kinds) == (not any(woman for _duty, woman in seated))
        assert ("chair" in kinds) == (sum(duty == "chair" for duty, _woman in seated) != 1)
        assert ("term" in kinds) == (until is None or (until - day).days <= 60)
        overdue = established is not None and not is_filed and (day - established).days
        assert "filing" not in kinds or (overdue and overdue > 30)
        assert "filing" in kinds or not overdue or overdue < 80
        assert len(committees.warnings(made, day)) == len(kinds)
        seat(made, cast, person("乙"))
        transaction.set_rollback(True)


def test_thirty_working_days_for_filing_skip_the_holidays(town: Town, cast: Cast) -> None:
    made = found(town, cast, "west", established_on=date(2025, 9, 29))
    last = committees.filing_due(made)
    assert last == date(2025, 11, 17)
    assert not any("备案" in said for said in committees.warnings(made, last))
    assert any("备案" in said for said in committees.warnings(made, last + timedelta(days=1)))
