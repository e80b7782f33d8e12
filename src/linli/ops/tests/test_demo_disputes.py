"""The demonstration's disputes: every state, work at every desk, words of their own, and never twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from linli.cases.models import Case, Clock, Delivery, Event
from linli.kit import clock
from linli.mediation.actions import committees, screening
from linli.mediation.models import (
    Assignment,
    Committee,
    Instalment,
    Mediation,
    Party,
    ScreeningRound,
    Signature,
    Sitting,
    Talk,
)
from linli.ops.demo import disputes, mediators, seeding
from linli.ops.demo.mediators import texts
from linli.ops.demo.showing import MEDIATING
from linli.orgs.models import Revision
from linli.people.access import posts_of
from linli.people.models import Grant, Person

NOW = datetime(2026, 9, 30, 0, 10, tzinfo=UTC)  # Wednesday 8:10 in the county

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module", autouse=True)
def county(django_db_setup: None, django_db_blocker: Any, tmp_path_factory: Any) -> Iterator[None]:
    """One county with its disputes for all of these tests, taken back afterwards."""
    kept, settings.ATTACHMENTS = settings.ATTACHMENTS, Path(tmp_path_factory.mktemp("attachments"))
    with django_db_blocker.unblock(), transaction.atomic():
        seeding.seed(at=NOW, requests=1)
        disputes.seed(at=NOW)
        yield
        transaction.set_rollback(True)
    settings.ATTACHMENTS = kept


def _cases() -> Any:
    return Case.objects.filter(kind__startswith="mediation")


def test_each_dispute_ends_where_it_should_and_every_state_has_one() -> None:
    found = Counter(_cases().values_list("state", flat=True))
    assert found == Counter(state for state, _least, _most in disputes.scenes())
    assert set(found) == set(_cases()[0].procedure.states)
    assert sum(found.values()) == 120


def test_ten_committees_with_twenty_mediators_and_nothing_to_warn_of() -> None:
    assert Committee.objects.count() == 10
    assert Person.objects.filter(username__startswith="mediator").count() == 20
    assert len(set(Committee.objects.values_list("kind", flat=True))) == 5
    for committee in Committee.objects.all():
        assert not committees.warnings(committee, timezone.localdate(NOW))
        assert "People's Mediation Committee" in committee.organisation.name_en


def test_everybody_shown_has_a_post() -> None:
    roles = Grant.objects.filter(person__username__in=MEDIATING).values_list("role", flat=True)
    assert set(roles) == {"centre_officer", "committee_chair", "mediator"}
    assert set(
        Grant.objects.filter(person__username__in=MEDIATING).values_list("person__username", flat=True)
    ) == set(MEDIATING)


def test_the_first_mediator_has_sessions_today_and_in_the_coming_days() -> None:
    mine = Assignment.objects.current().filter(person__username="mediator1").values("case_id")
    days = {
        timezone.localdate(start)
        for start in Sitting.objects.filter(case_id__in=mine, state="planned").values_list(
            "starts_at", flat=True
        )
    }
    assert timezone.localdate(NOW) in days
    assert len(days) >= 3


def test_many_kinds_of_disputes_and_hardly_any_text_twice() -> None:
    matters = list(Mediation.objects.all())
    assert len({matter.category_id for matter in matters}) >= 15
    assert len({matter.subject for matter in matters}) == 120
    assert len({matter.brief for matter in matters}) >= 118
    assert {matter.source for matter in matters} == {"applied", "proactive", "entrusted"}
    assert not any("{" in matter.brief + matter.subject for matter in matters)
    assert len({party.name for party in Party.objects.filter(is_body=False)}) > 150


def test_papers_signatures_talks_and_rounds_are_there() -> None:
    assert {"party", "mediator", "seal"} == set(Signature.objects.values_list("signer", flat=True))
    assert Talk.objects.exists()
    assert Instalment.objects.filter(done_on=None).exists()
    assert Instalment.objects.exclude(done_on=None).exists()
    found = set(ScreeningRound.objects.values_list("found", flat=True))
    assert 0 in found
    assert len(found) > 1
    assert Mediation.objects.exclude(screening=None).exists()
    assert {"confirmed", "applied", "barred"} <= set(Mediation.objects.values_list("confirmation", flat=True))


def test_nothing_happens_in_the_future_or_waits_to_be_sent() -> None:
    assert not Event.objects.filter(case__in=_cases(), received_at__gt=NOW).exists()
    assert not Delivery.objects.filter(due_at__isnull=False).exists()
    assert not Clock.objects.filter(case__in=_cases(), fires_at__lte=NOW).exists()
    assert Clock.objects.filter(missed_at__isnull=False).exists()
    assert not _cases().filter(is_demo=False).exists()


def test_villages_were_gone_through_also_in_a_month_that_began_this_midnight() -> None:
    known, begin = ScreeningRound.objects.order_by("pk")[0], clock.midnight(date(2026, 10, 1))
    officer, *_more = posts_of(known.by, NOW)
    with transaction.atomic():
        made = disputes._round(known.place, begin.date(), Random(1), officer, begin + timedelta(minutes=10))
        assert begin <= made.at <= begin + timedelta(minutes=10)
        transaction.set_rollback(True)


def test_one_grid_has_not_been_gone_through_and_other_villages_have_by_their_grids() -> None:
    """What the first grid worker shown finds to do, and what a village looks like that is done grid by grid."""
    first, second = mediators._villages(mediators._places()).popitem()[1][:2]
    (waiting,) = screening.rounds_of(first, timezone.localdate(NOW))
    (done,) = screening.rounds_of(second, timezone.localdate(NOW))
    assert (waiting.is_done, len(waiting.missing), waiting.round) == (False, 1, None)
    assert (done.is_done, done.missing, done.round) == (True, [], None)
    assert len(done.grids) > 1


def test_a_second_run_changes_nothing() -> None:
    disputes.seed(at=NOW)
    assert (Mediation.objects.count(), Committee.objects.count()) == (120, 10)
    assert Revision.objects.filter(name=disputes.DONE).count() == 1


def test_no_mediator_bears_the_name_of_a_party_or_of_other_staff() -> None:
    lists = texts()
    staff = [*lists["mediators"], *lists["chairs"], *lists["officers"]]
    assert len(set(staff)) == len(staff) == 32
    assert not {party.name for party in Party.objects.all()} & set(staff)
