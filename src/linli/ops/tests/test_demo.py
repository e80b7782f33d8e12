"""The demonstration county: alive in every state, work for everybody who can sign in, nothing out of order."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from django.conf import settings
from django.db import connection, connections, transaction
from django.test.testcases import LiveServerThread, _StaticFilesHandler
from georeport import GeoReport  # type: ignore[import-untyped]

from linli.cases.models import Case, CaseText, Clock, Delivery, Event, Order, Partner, Task, TrackingCode
from linli.documents.models import Attachment
from linli.kit import clock
from linli.ledger import merkle
from linli.measures.actions import checking
from linli.measures.models import Problem, Report, Round, SurgeNotice
from linli.notify.models import Message
from linli.ops.demo import oversight, scenes, seeding
from linli.ops.demo.county import STAND_INS, TOWNSHIPS
from linli.ops.demo.showing import SHOWN
from linli.orgs.models import Kind, Organisation
from linli.people.access import posts_of, roles
from linli.people.models import Grant, Person
from linli.service_requests.models import Category, Photo, Request

NOW = datetime(2026, 9, 30, 6, 10, tzinfo=UTC)  # Wednesday 14:10 in the county
REQUESTS = 64

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module", autouse=True)
def county(django_db_setup: None, django_db_blocker: Any, tmp_path_factory: Any) -> Iterator[None]:
    """One small county for all of these tests, taken back afterwards."""
    kept, settings.ATTACHMENTS = settings.ATTACHMENTS, Path(tmp_path_factory.mktemp("attachments"))
    with django_db_blocker.unblock(), transaction.atomic():
        seeding.seed(at=NOW, requests=REQUESTS)
        yield
        transaction.set_rollback(True)
    settings.ATTACHMENTS = kept


def test_every_state_has_a_case() -> None:
    states = set(Case.objects.values_list("state", flat=True))
    opens_another_kind = {"referred"}
    assert states == set(Case.objects.all()[0].procedure.states) - opens_another_kind
    assert states == {scene.state for scene in scenes.SCENES}


def test_every_scene_ends_where_it_should() -> None:
    cases = list(Case.objects.filter(group=None).values_list("state", flat=True))
    wanted = [scene.state for scene in scenes.SCENES if scene.state != "merged"]
    assert all(cases.count(state) >= wanted.count(state) for state in set(wanted))


@pytest.mark.parametrize("username", SHOWN)
def test_everybody_shown_has_a_post_and_those_with_a_desk_have_work(username: str) -> None:
    post = posts_of(Person.objects.get(username=username), NOW)[0]
    waiting = Task.objects.filter(organisation=post.organisation, role__in=post.duties)
    assert waiting.exists() or not post.duties


def test_each_role_can_be_tried() -> None:
    shown = set(Grant.objects.filter(person__username__in=SHOWN).values_list("role", flat=True))
    assert shown == set(roles()) - {"resident", "party", "centre_officer", "committee_chair", "mediator"}


def test_what_waits_covers_every_branch() -> None:
    whys = set(Task.objects.values_list("why", flat=True))
    assert {"supervised", "called_in", "urged", "escalated", "to_rule", "to_rework", "on_hold"} <= whys
    assert Partner.objects.filter(ended_at=None).exists()


def test_some_are_late_and_some_are_due_within_a_day() -> None:
    waiting = Case.objects.filter(is_open=True)
    assert waiting.filter(due_at__lt=NOW).count() >= 2
    assert waiting.filter(due_at__gt=NOW, due_at__lte=NOW + timedelta(days=1)).count() >= 3


def test_nothing_happens_in_the_future_or_out_of_order() -> None:
    for case in Case.objects.all():
        moments = list(case.events.order_by("number").values_list("received_at", flat=True))
        assert moments == sorted(moments)
        assert moments[-1] <= NOW
    assert not Clock.objects.filter(fires_at__lte=NOW).exists()
    assert not Delivery.objects.exclude(due_at=None).exists()


def test_every_chain_holds_and_every_row_has_its_case() -> None:
    connection.check_constraints()
    for case in Case.objects.all():
        before = merkle.GENESIS
        for event in case.events.order_by("number"):
            assert bytes(event.prev_hash) == before
            before = bytes(event.leaf_hash)
        assert (bytes(case.last_hash), case.version) == (before, case.events.count())
    everything = Case.objects.count()
    assert Request.objects.count() == TrackingCode.objects.count() == everything


def test_a_merged_case_hears_of_the_closing_and_two_reporters_make_a_group() -> None:
    merged = Case.objects.filter(state="merged").first()
    assert merged is not None
    assert merged.group is not None
    head = Case.objects.get(pk=merged.group)
    assert (head.group, head.is_open) == (head.pk, True)
    assert head.events.filter(verb="member_joined").exists()


def test_an_accusation_never_reaches_the_unit_accused() -> None:
    accused = Case.objects.exclude(accused_path="")
    assert accused.exists()
    for case in accused:
        assert case.is_identity_kept
        assert not Task.objects.filter(case=case, organisation__path__startswith=case.accused_path).exists()


def test_grid_workers_report_what_they_see_with_their_own_name() -> None:
    for event in Event.objects.filter(number=1, case__channel="grid"):
        assert event.role == "grid_worker"
        assert "我" not in event.data["text"]
        assert not Request.objects.get(pk=event.case_id).contact_name
    assert set(Event.objects.filter(number=1, case__channel="hotline").values_list("role", flat=True)) == {
        "clerk"
    }


def test_strangers_find_only_what_its_reporter_agreed_to_show() -> None:
    agreed = set(Request.objects.filter(may_publish=True).values_list("pk", flat=True))
    found = set(CaseText.objects.exclude(shown="").values_list("pk", flat=True))
    assert found
    assert found < agreed


def test_photos_come_only_with_what_can_be_photographed() -> None:
    never = set(Category.objects.filter(photo=Photo.NO).values_list("code", flat=True))
    pictured = set(Attachment.objects.values_list("case__category", flat=True))
    assert pictured
    assert not pictured & never
    assert all(photo.file.exists() for photo in Attachment.objects.all())


def test_reporters_are_called_by_many_names_and_none_has_a_real_number() -> None:
    requests = Request.objects.exclude(contact_name="")
    names = {request.contact_name for request in requests}
    assert len(names) > requests.count() * 0.7
    assert all(request.contact_phone.startswith("130-0000-") for request in requests)


def test_the_latest_news_was_told() -> None:
    assert Message.objects.filter(read_at=None, person__isnull=False).exists()
    assert not Message.objects.filter(at__lt=NOW - seeding.NEWS).exists()


def test_stand_ins_exist() -> None:
    functions = set(
        Organisation.objects.filter(kind__in=(Kind.DEPARTMENT, Kind.CENTRE)).values_list(
            "function", flat=True
        )
    )
    assert {*STAND_INS, *STAND_INS.values()} <= functions


def test_it_counts_as_seeded_and_as_a_demonstration() -> None:
    assert seeding.is_seeded()
    assert not seeding.is_begun()
    assert not Case.objects.filter(is_demo=False).exists()


@contextmanager
def running() -> Iterator[str]:
    """A server that sees what this module's transaction holds; gives its address."""
    shared = connections["default"]
    server = LiveServerThread("127.0.0.1", _StaticFilesHandler, connections_override={"default": shared})
    server.daemon = True
    shared.inc_thread_sharing()
    with patch.object(shared, "close"):  # or the first request would end the transaction
        server.start()
        server.is_ready.wait()
        yield f"http://127.0.0.1:{server.port}"
        server.terminate()
    shared.dec_thread_sharing()


def test_a_public_open311_client_reads_it() -> None:
    period = {
        "start_date": f"{NOW - timedelta(days=89):%Y-%m-%dT%H:%M:%SZ}",
        "end_date": f"{NOW:%Y-%m-%dT%H:%M:%SZ}",
    }
    with running() as address:
        for suffix in ("json", "xml"):
            client = GeoReport(f"{address}/open311/v2", output_format=suffix)
            codes = {service["service_code"] for service in client.get_service_list()}
            found = client.get_service_requests(**period)
            one = client.get_service_request(found[0]["service_request_id"])
            assert one["service_code"] in codes
            assert {request["status"] for request in found} == {"open", "closed"}
            agreed = [request for request in found if request["description"]]
            assert 0.1 * len(found) < len(agreed) < 0.6 * len(found)
    secret = Request.objects.filter(request_type="accusation").values("case__number")
    assert not {request["service_request_id"] for request in found} & set(
        secret.values_list("case__number", flat=True)
    )


def test_leaders_assess_the_month_that_ended_this_midnight() -> None:
    with transaction.atomic():
        at = clock.midnight(date(2026, 10, 1)) + timedelta(minutes=10)
        oversight.seed(county=seeding.demo_county(), at=at)
        assert set(Round.objects.values_list("begins_on", flat=True)) == {date(2026, 9, 1)}
        assert all(round_.made_at >= clock.midnight(date(2026, 10, 1)) for round_ in Round.objects.all())
        transaction.set_rollback(True)


def test_leaders_act_on_the_figures_once() -> None:
    with transaction.atomic():
        for _again in range(2):
            oversight.seed(county=seeding.demo_county(), at=NOW)
        assert Order.objects.count() >= 3
        assert set(Order.objects.values_list("state", flat=True)) >= {"open", "answered"}
        assert sorted(Round.objects.values_list("state", flat=True)) == ["computed", "published"]
        assert Round.objects.get(state="published").objections.count() == 1
        assert sorted(Problem.objects.values_list("state", flat=True)) == ["found", "owned", "remedied"]
        surge = SurgeNotice.objects.select_related("organisation").get()
        assert (surge.organisation.kind, surge.organisation.code) == ("township", TOWNSHIPS[1])
        assert [each["category"] for each in surge.surges] == ["livelihood.water"]
        assert Report.objects.filter(kind="month").count() == 1
        assert checking.check().differences == []
        transaction.set_rollback(True)
