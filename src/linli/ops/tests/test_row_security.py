"""The second lock, on PostgreSQL: what the application's own role is handed, and what it may not do.

The default run is the owner's, whom no policy holds. These tests step into the role `linli secure` makes.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from conftest import NOW, POSTS, Cast, Town
from django.core.management import call_command
from django.db import connection, transaction
from django.db.utils import ProgrammingError
from django.test import Client

from linli.cases.models import Case, Event
from linli.kit import clock
from linli.kit.ids import uuid7
from linli.ledger.models import Leaf
from linli.mediation.tests.story import Story
from linli.notify.models import Message
from linli.ops import securing
from linli.people import scope
from linli.people.access import SYSTEM, Actor
from linli.people.actions import rates
from linli.privacy.actions import glass, reads
from linli.privacy.models import Read
from linli.service_requests.actions import publishing
from linli.service_requests.models import Request
from linli.web.views import inbox

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"
ROLE = "linli_app_test"

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(connection.vendor != "postgresql", reason="row-level security is PostgreSQL's"),
]


@pytest.fixture
def secured(db: None) -> None:
    securing.secure(role=ROLE)


@contextmanager
def as_the_application() -> Iterator[None]:
    """From here on statements are the application role's, as if it had connected."""
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL ROLE {ROLE}")
    scope.forget()
    try:
        yield
    finally:
        if not connection.needs_rollback:
            connection.connection.execute("RESET ROLE")  # itself it must not ask who the role is
        scope.forget()


@pytest.fixture
def application(secured: None) -> Callable[[], Any]:
    return as_the_application


def raw_ids() -> set[Any]:
    """Cases a statement that forgot every filter gets."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM cases_case")
        return {found for (found,) in cursor.fetchall()}


def test_a_query_nobody_has_spoken_for_sees_nothing(
    application: Callable[[], Any], report: Callable[..., Any], cast: Cast
) -> None:
    case = report().case
    with application():
        assert raw_ids() == set()
        assert Event.objects.count() == Request.objects.count() == 0
        with scope.everything():
            assert raw_ids() == {case.pk}
        assert raw_ids() == set()


def test_the_database_says_what_visible_to_says_for_every_post(
    application: Callable[[], Any],
    report: Callable[..., Any],
    move: Callable[..., Any],
    cast: Cast,
    town: Town,
) -> None:
    """Random cases all over the tree, some in other hands, some with a partner, some that accuse a unit."""
    chance = random.Random(20260930)  # noqa: S311
    units = [
        town[name] for name in ("grid", "grid2", "village", "east", "west_grid", "west_village", "county")
    ]
    offices = ["east_works", "county_housing", "west_works", "county_petitions"]
    for _n in range(40):
        case = report(place=chance.choice(units)).case
        holder, accused = (
            chance.choice([*offices, ""]),
            chance.choice(["", "", "east", "village", "east_works"]),
        )
        Case.objects.filter(pk=case.pk).update(
            holder_path=town[holder].path if holder else "",
            accused_path=town[accused].path if accused else "",
        )
        if chance.random() < 0.3:
            partner = town[chance.choice(offices)]
            case.partners.create(organisation=partner, path=partner.path, since=NOW)
    wrong = []
    with application():
        for key, *_rest in POSTS:
            actor = cast[key]
            posted = replace(actor, posted_at=frozenset({town["east"].path} if key == "outsider" else ()))
            with scope.everything():
                expected = set(Case.objects.visible_to(posted).values_list("pk", flat=True))
                events = set(Event.objects.filter(case_id__in=expected).values_list("case_id", flat=True))
            with scope.acting(posted):
                found = (
                    raw_ids(),
                    set(Event.objects.values_list("case_id", flat=True)),
                    Request.objects.count(),
                )
            if found != (expected, events, len(expected)):
                wrong.append(key)
    assert wrong == []


def test_what_was_said_in_a_mediation_is_handed_to_its_own_people_alone(
    application: Callable[[], Any], dispute: Callable[..., Any], cast: Cast
) -> None:
    story = Story(cast, dispute().case.pk)
    story.to("agreement_written")
    tables = securing.guarded_tables()
    assert {"mediation_mediation", "mediation_party", "mediation_paper", "documents_attachment"} <= set(
        tables
    )
    with application():
        for table, column in tables.items():
            for who, sees in ((cast["outsider"], False), (cast["mediator"], True), (SYSTEM, True)):
                with scope.acting(who), connection.cursor() as cursor:
                    cursor.execute(f"SELECT count(*) FROM {table}")
                    (mine,) = cursor.fetchone()
                with scope.everything(), connection.cursor() as cursor:
                    cursor.execute(f"SELECT count(*) FROM {table} WHERE {column} IS NOT NULL")
                    (every,) = cursor.fetchone()
                assert mine == (every if sees else 0), (table, who.role)


def test_a_reporter_is_handed_one_case(application: Callable[[], Any], report: Callable[..., Any]) -> None:
    mine, other = report().case, report(text="垃圾桶满了三天没人收，路口味道很大。").case
    with application():
        with scope.acting(Actor.reporter(mine.pk)):
            assert raw_ids() == {mine.pk}
            assert set(Event.objects.values_list("case_id", flat=True)) == {mine.pk}
        with scope.acting(Actor.reporter(mine.pk), more=[other.pk]):
            assert raw_ids() == {mine.pk, other.pk}


def rows_of(table: str, column: str) -> set[Any]:
    """Cases whose rows a statement without any filter gets."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {column} FROM {table}")  # noqa: S608  (our own)
        return {found for (found,) in cursor.fetchall()}


def test_public_pages_are_handed_published_requests_and_what_a_code_opens(
    application: Callable[[], Any], report: Callable[..., Any], dispute: Callable[..., Any], cast: Cast
) -> None:
    """No row of a mediation, of an accusation, of a kept identity, or of what asks for consent; no internal event."""
    lamp = report().case
    kept = report(text="邻居半夜装修吵得睡不着，别说是我说的。", is_identity_kept=True).case
    quarrel = report(text="两家为宅基地吵起来了，请来调解一下。", category="dispute.land").case
    Story(cast, dispute().case.pk).to("agreement_written")
    with application():
        with scope.everything():
            assert set(publishing.published().values_list("pk", flat=True)) == {lamp.pk}
            open_events = set(
                Event.objects.filter(case=lamp, is_public=True).values_list("number", flat=True)
            )
        with scope.public():
            assert raw_ids() == {lamp.pk}
            for table, column in securing.guarded_tables().items():
                found = rows_of(table, column) - {None}
                assert found <= ({lamp.pk} if table in securing.OPEN else set()), table
            assert set(Event.objects.values_list("number", flat=True)) == open_events
            assert list(publishing.published()) == [lamp]
            scope.admit(kept.pk)
            assert raw_ids() == {lamp.pk, kept.pk}
            assert Event.objects.filter(case=kept).exists()
        with scope.public():
            assert raw_ids() == {lamp.pk}, "what a code opened is closed with the request"
        with scope.acting(cast["outsider"]):
            scope.admit(quarrel.pk)
            assert raw_ids() == set(), "nobody at work is let in by a code"


def test_a_statement_apart_tells_the_server_nothing_and_widens_nothing(
    application: Callable[[], Any], report: Callable[..., Any], cast: Cast
) -> None:
    report()
    with application(), scope.acting(cast["outsider"]):
        assert raw_ids() == set()
        with scope.everything():
            assert rates.full([rates.Limit("small", 60, 1)], clock.now()) == []
            told = connection.connection.execute("SELECT current_setting('linli.kind')").fetchone()
        assert told == ("staff",), "what charges a budget names no case"
        assert raw_ids() == set()


def test_a_message_about_a_case_that_went_elsewhere_is_still_there_without_its_title(
    application: Callable[[], Any], report: Callable[..., Any], cast: Cast
) -> None:
    case, post = report().case, cast["outsider"]
    Message.objects.create(person_id=post.person_id, case=case, source=case.pk, event_number=1, at=NOW)
    with application(), scope.acting(post):
        told = inbox.in_words(list(inbox.received(post, "unread")), post)
    assert [(each.number, each.title, each.is_open, each.line) for each in told] == [
        (case.number, case.number, False, None)
    ]


def _a_large_table(number: int, case: Case) -> None:
    """As many copies of a case, counted by the planner: of a table of one row every plan is as good as another."""
    keys = [uuid7() for _n in range(number)]
    like = Case.objects.values().get(pk=case.pk)
    Case.objects.bulk_create(Case(**like | {"id": key, "number": f"copy-{n}"}) for n, key in enumerate(keys))
    asked = Request.objects.values().get(pk=case.pk)
    Request.objects.bulk_create(Request(**asked | {"case_id": key}) for key in keys)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE cases_case, service_requests_request, cases_referral")


def test_the_key_of_a_case_serves_the_public_policy(
    application: Callable[[], Any], report: Callable[..., Any]
) -> None:
    case = report().case
    _a_large_table(2_000, case)
    with application(), scope.public(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        assert "Index Cond: (case_id" in Event.objects.filter(case_id=case.pk).explain()
        listed = publishing.published().order_by("-received_at", "-id")[:50].explain()
    for table in ("cases_case", "service_requests_request", "cases_referral"):
        assert f"Seq Scan on {table}" not in listed, listed


def test_broken_glass_is_handed_out_until_it_ends(
    application: Callable[[], Any], report: Callable[..., Any], cast: Cast
) -> None:
    case, other = report().case, report(text="垃圾桶满了三天没人收，路口味道很大。").case
    by, at = cast["outsider"], clock.now()
    with application(), scope.acting(by):
        assert raw_ids() == set()
        glass.break_glass(number=case.number, reason="邻镇请求协查路灯线路", hours=1, by=by, at=at)
        assert raw_ids() == {case.pk}
        past = at - timedelta(hours=3)
        glass.break_glass(number=other.number, reason="邻镇请求协查路灯线路", hours=1, by=by, at=past)
        assert raw_ids() == {case.pk}, "what has ended opens nothing"


def test_a_scope_told_in_a_transaction_or_savepoint_that_is_undone_is_told_anew(
    application: Callable[[], Any], report: Callable[..., Any], cast: Cast
) -> None:
    report()

    def undone(within: Any, seen: int) -> None:
        with transaction.atomic(), within:
            assert len(raw_ids()) == seen
            transaction.set_rollback(True)

    with application(), scope.acting(cast["outsider"]):
        assert raw_ids() == set()
        undone(scope.everything(), 1)
        assert raw_ids() == set()
        with scope.everything():
            undone(scope.acting(cast["outsider"]), 0)
            assert len(raw_ids()) == 1
        assert raw_ids() == set()


REFUSED = [
    "UPDATE cases_event SET facts = '{}'",
    "UPDATE cases_event SET prev_hash = leaf_hash",
    "DELETE FROM cases_event",
    "TRUNCATE cases_event CASCADE",
    "ALTER TABLE cases_event DISABLE TRIGGER ALL",
    "ALTER TABLE cases_event DISABLE ROW LEVEL SECURITY",
    "DROP TRIGGER cases_event_append_only ON cases_event",
    "CREATE OR REPLACE FUNCTION cases_event_append_only() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
    "SET session_replication_role = replica",
    "DROP POLICY linli_scope_read ON cases_case",
    "DROP TABLE cases_event CASCADE",
    "UPDATE people_change SET what = 'nothing'",
    "DELETE FROM people_change",
    "UPDATE privacy_read SET purpose = ''",
    "DELETE FROM privacy_read",
    "UPDATE privacy_takeout SET purpose = ''",
    "DELETE FROM privacy_takeout",
    "UPDATE privacy_glass SET until = now()",
    "DELETE FROM privacy_glass",
    "DELETE FROM django_migrations",
    "INSERT INTO django_migrations (app, name, applied) VALUES ('a', 'b', now())",
    "CREATE TABLE mine (id int)",
]


@pytest.mark.parametrize("statement", REFUSED)
def test_the_application_may_only_append_and_owns_nothing(
    application: Callable[[], Any], report: Callable[..., Any], statement: str
) -> None:
    report()
    with application(), scope.everything(), pytest.raises(ProgrammingError), transaction.atomic():
        connection.cursor().execute(statement)


def test_words_of_an_event_may_be_erased_and_nothing_else_of_it(
    application: Callable[[], Any], report: Callable[..., Any]
) -> None:
    case = report().case
    with application(), scope.everything():
        Event.objects.filter(case_id=case.pk, number=1).update(data={}, salt=b"")
        assert Event.objects.get(case_id=case.pk, number=1).data == {}


def test_an_index_serves_a_list_under_the_policy(
    application: Callable[[], Any], report: Callable[..., Any], cast: Cast
) -> None:
    report()
    with application():
        with scope.acting(cast["dispatcher"]), connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_seqscan = off")
            visible = Case.objects.visible_to(cast["dispatcher"]).open().order_by("urgent_at", "id")[:20]
            plan = visible.explain()
            cursor.execute("SET LOCAL enable_bitmapscan = off")
            by_place = Case.objects.filter(place_path__gte="9", place_path__lt="9~").explain()
            events = Event.objects.filter(case_id=uuid7()).explain()
        assert "Index" in plan
        assert "Index Cond: (((place_path" in by_place or "Index Cond: ((place_path" in by_place, by_place
        assert "Index Cond: (case_id" in events


def test_the_desk_works_under_the_second_lock(
    application: Callable[[], Any], report: Callable[..., Any], cast: Cast, town: Town
) -> None:
    """Report, accept, dispatch, acknowledge, and what each post sees on the way."""
    client = Client()

    def sees(who: str, address: str) -> int:
        client.force_login(cast.people[who], backend=BACKEND)
        return client.get(address).status_code

    with application():
        with scope.everything():
            case = report().case
        page = f"/desk/cases/{case.number}"
        assert [sees(who, page) for who in ("dispatcher", "outsider", "handler")] == [200, 404, 404]
        assert [
            sees("dispatcher", each) for each in ("/desk/", "/desk/cases", "/desk/board", "/desk/inbox")
        ] == [200] * 4
        client.force_login(cast.people["dispatcher"], backend=BACKEND)
        for verb, data in (("accept", {}), ("dispatch", {"unit": str(town["east_works"].pk)})):
            sent = {"command_id": str(uuid7()), **data}
            assert client.post(f"{page}/moves/{verb}", sent).status_code in {302, 303}, verb
        assert sees("handler", page) == 200
        assert case.number in client.get("/desk/cases").content.decode()
        assert sees("outsider", "/desk/cases") == 200
        assert case.number not in client.get("/desk/cases").content.decode()
        with scope.everything():
            assert Case.objects.get(pk=case.pk).state == "dispatched"


def test_a_list_with_words_in_it_is_noted_under_the_second_lock(
    secured: None, report: Callable[..., Any], cast: Cast
) -> None:
    """Many rows at once are copied in where no policy stands, and COPY is refused where one does."""
    shown = {report().case.pk: ("words",) for _n in range(3)}
    with as_the_application(), scope.acting(cast["dispatcher"]):
        reads.note_many(shown=shown, by=cast["dispatcher"], what="excerpt", at=NOW)
    assert set(Read.objects.values_list("case_id", flat=True)) == set(shown)
    assert Leaf.objects.filter(kind=reads.READ).count() == len(shown)


def test_the_command_says_what_it_did_and_may_be_run_again(
    db: None, capsys: pytest.CaptureFixture[str]
) -> None:
    for _time in range(2):
        call_command("secure", role=ROLE)
    said = capsys.readouterr().out
    assert "行级策略" in said or "policies" in said
    assert securing.unguarded() == []
    assert not securing.is_guarded(), "the owner is held by none"


def test_policies_of_an_earlier_version_are_found_wanting(secured: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DROP VIEW linli_published CASCADE")
    assert securing.unguarded() == ["linli_published"]
