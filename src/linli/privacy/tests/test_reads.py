"""Nothing of a case is shown before it is written down who is shown it, and nothing when that cannot be done."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from conftest import NOW, Cast, Town
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from linli.cases.actions import BadData
from linli.cases.models import Case
from linli.documents import actions as documents
from linli.documents.actions import listings
from linli.documents.actions.listings import Asked
from linli.documents.models import Purpose
from linli.documents.tests.pictures import plain
from linli.kit import clock
from linli.ledger import actions as ledger
from linli.ledger.actions.verifying import verify
from linli.ledger.models import Leaf
from linli.mediation.models import Party
from linli.mediation.tests.story import Story
from linli.people.actions import keys
from linli.people.models import Grant
from linli.privacy.actions import purposes, reads, seen
from linli.privacy.actions.openings import Openings
from linli.privacy.models import Group, Read, Takeout

pytestmark = pytest.mark.django_db
CANARY = "金丝雀七十七号"
BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


@pytest.fixture
def told(report: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> Case:
    """A request whose words, contact and photo carry what must never leave unnoticed."""
    monkeypatch.setattr(clock, "now", lambda: NOW)
    case: Case = report(
        title="路灯不亮", text=f"{CANARY}说路灯坏了三天。", contact_name=CANARY, contact_phone="0712-0000-777"
    ).case
    ledger.sequence()
    return case


def sign_in(cast: Cast, name: str) -> Client:
    client = Client()
    client.force_login(cast.people[name], backend=BACKEND)
    return client


def program(cast: Cast, name: str) -> Client:
    grant = Grant.objects.get(person=cast.people[name])
    _key, secret = keys.issue(name=name, scopes=["read"], grant=grant, by=cast[name], at=NOW, per_minute=6000)
    return Client(headers={"Authorization": f"Bearer {secret}"})


def broken(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(rows: Any) -> None:
        raise DatabaseError("no room")

    monkeypatch.setattr("linli.privacy.actions.reads.rows.insert", fails)
    monkeypatch.setattr("linli.privacy.actions.reads.rows.insert_many", fails)


def addresses(resolver: URLResolver, prefix: str = "/") -> Iterator[str]:
    for entry in resolver.url_patterns:
        if isinstance(entry, URLResolver):
            yield from addresses(entry, prefix + str(entry.pattern))
        elif isinstance(entry, URLPattern):
            yield prefix + str(entry.pattern)


def pages_of(case: Case) -> list[str]:
    """Every page of staff, with this case's number where an address asks for one, and a search for its words."""
    found = []
    for address in addresses(get_resolver()):
        if not address.startswith(("/desk/", "/api/v1/", "/field/")):
            continue
        address = address.replace("<str:number>", case.number).replace("<number>", case.number)
        if "<" not in address:
            found.append(address)
    return [*sorted(set(found)), f"/desk/cases?q={CANARY}&open=all", "/api/v1/events?after=0"]


def test_every_page_that_says_something_of_a_case_notes_it_first_and_is_empty_when_it_cannot(
    told: Case, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    clients = [sign_in(cast, name) for name in ("dispatcher", "grid_worker")] + [program(cast, "dispatcher")]
    showing = []
    for address in pages_of(told):
        for client in clients:
            before = Read.objects.filter(case=told).count()
            answer = client.get(address)
            body = b"".join(answer) if answer.streaming else answer.content
            if CANARY.encode() in body or json.dumps(CANARY).strip('"').encode() in body:
                showing.append((address, client))
                assert Read.objects.filter(case=told).count() > before, address
    assert {address.removeprefix("/desk").split("?")[0] for address, _client in showing} >= {
        f"/cases/{told.number}",
        "/cases",
        f"/api/v1/requests/{told.number}",
        "/api/v1/events",
    }
    broken(monkeypatch)
    for address, client in showing:
        answer = client.get(address)
        assert answer.status_code == 503, address
        for secret in (CANARY, told.title, told.number, "0712-0000-777", "祝丽华"):
            assert secret not in answer.content.decode(), address


def test_the_pages_of_a_mediation_note_it_first_and_are_empty_when_they_cannot(
    dispute: Callable[..., Any], cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    story = Story(cast, dispute(brief=f"{CANARY}，雨水管排到院墙。").case.pk).to("in_mediation")
    monkeypatch.setattr(clock, "now", lambda: story.at)
    client, number = sign_in(cast, "mediator"), story.case.number
    name = Party.objects.get(case=story.case, number=1).name
    showing = []
    for address in [each for each in pages_of(story.case) if CANARY not in each]:
        before = Read.objects.filter(case=story.case).count()
        answer = client.get(address)
        body = (b"".join(answer) if answer.streaming else answer.content).decode(errors="replace")
        if CANARY in body:
            showing.append(address)
            assert Read.objects.filter(case=story.case).count() > before, address
    assert f"/desk/mediations/{number}" in showing
    broken(monkeypatch)
    for address in showing:
        answer = client.get(address)
        assert answer.status_code == 503, address
        for secret in (CANARY, name, number):
            assert secret not in answer.content.decode(), address


def test_one_opening_is_one_row_and_one_leaf(told: Case, cast: Cast) -> None:
    client = sign_in(cast, "dispatcher")
    assert client.get(f"/desk/cases/{told.number}").status_code == 200
    read = Read.objects.get()
    assert (read.case_id, read.person_id, read.role, read.purpose, read.what) == (
        told.pk,
        cast.people["dispatcher"].pk,
        "dispatcher",
        "handling",
        "page",
    )
    assert read.organisation_id == cast["dispatcher"].organisation_id
    assert read.groups == ["contact", "history", "words"]
    assert read.source.startswith("session:")
    assert str(client.session.session_key) not in read.source
    leaf = Leaf.objects.get(case_id=read.id, kind="read")
    (again,) = ledger.sources()["read"](read.id, read.id)
    assert (again.subject, again.hash) == (read.id, bytes(leaf.hash))


def test_what_the_post_may_not_see_is_not_among_what_it_was_shown(told: Case, cast: Cast) -> None:
    sign_in(cast, "auditor").get(f"/desk/cases/{told.number}")
    read = Read.objects.get()
    assert (read.groups, read.purpose) == (["history", "words"], "checking")


@pytest.mark.parametrize("name", ["outsider", "west_handler", "administrator"])
def test_a_stranger_leaves_no_read(told: Case, cast: Cast, name: str) -> None:
    assert sign_in(cast, name).get(f"/desk/cases/{told.number}").status_code == 404
    assert not Read.objects.exists()


def test_a_photo_is_noted_and_not_served_when_it_cannot_be(
    report: Callable[..., Any], town: Town, cast: Cast, settings: Any, tmp_path: Any, monkeypatch: Any
) -> None:
    settings.ATTACHMENTS = tmp_path
    monkeypatch.setattr(clock, "now", lambda: NOW)
    upload = documents.stage(data=plain(), name="", at=NOW)
    receipt = report(photos=[str(upload.pk)])
    documents.attach(
        upload_ids=[upload.pk],
        case_id=receipt.case.pk,
        event_number=1,
        purpose=Purpose.REPORT,
        is_public=True,
        by_label="",
        at=NOW,
    )
    client = sign_in(cast, "dispatcher")
    address = f"/desk/cases/{receipt.case.number}/photos/{upload.pk}"
    assert client.get(address).status_code == 200
    assert [read.groups for read in Read.objects.filter(what="photo")] == [["photos"]]
    broken(monkeypatch)
    assert client.get(f"{address}/thumbnail").status_code == 503


def test_a_list_is_noted_for_each_of_its_cases_at_once(
    told: Case, report: Callable[..., Any], cast: Cast, django_assert_num_queries: Any
) -> None:
    others = [report(at=NOW).case for _n in range(3)]
    asked = Asked(cast["dispatcher"], "open=all", NOW)
    rows = [row for batch in listings.known()["cases"].rows(asked) for row in batch]
    assert len(rows) == 4
    taken = Takeout.objects.get()
    assert set(taken.case_ids) == {case.pk for case in [told, *others]}
    assert (taken.what, taken.groups, taken.role) == ("export", ["headline"], "dispatcher")
    assert Leaf.objects.filter(kind="takeout").count() == 1
    with django_assert_num_queries(4):  # the two tables, inside a savepoint of the test
        shown = dict.fromkeys((case.pk for case in others), (Group.HEADLINE,))
        reads.note_many(shown=shown, by=cast["dispatcher"], what="list", at=NOW)


def test_whoever_is_concerned_sees_what_was_taken_out_with_others(
    told: Case, report: Callable[..., Any], cast: Cast, django_assert_num_queries: Any
) -> None:
    cases = [told, *(report(at=NOW + timedelta(minutes=n)).case for n in range(5))]
    left_out = cases.pop(3)
    by, later = cast["dispatcher"], NOW + timedelta(hours=1)
    reads.note(case=told, by=by, what="page", groups=["words"], at=NOW)
    for at in (later, later + timedelta(hours=1)):
        reads.note_takeout(
            cases=[case.pk for case in cases], by=by, what="export", groups=["headline"], at=at
        )
    for case in cases[1:]:
        assert [seen_.at for seen_ in seen.page(Openings(case)).rows] == [later + timedelta(hours=1), later]
    assert Openings(left_out).newest() == []
    with django_assert_num_queries(2):
        first = seen.page(Openings(told), size=2)
    rest = seen.page(Openings(told), first.more, size=2)
    assert [seen_.groups for seen_ in [*first.rows, *rest.rows]] == ["标题和进展", "标题和进展", "说的话"]
    assert rest.more == ""


def test_nothing_goes_into_a_file_where_it_cannot_be_noted(
    told: Case, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken(monkeypatch)
    with pytest.raises(reads.NotRecorded):
        next(listings.known()["cases"].rows(Asked(cast["dispatcher"], "open=all", NOW)))


def test_no_purpose_is_taken_that_this_kind_of_case_does_not_know(told: Case, cast: Cast) -> None:
    opening: dict[str, Any] = {
        "case": told,
        "by": cast["dispatcher"],
        "what": "page",
        "groups": [],
        "at": NOW,
    }
    for wrong in ("curiosity", "mediating", "sealing"):
        with pytest.raises(BadData):
            reads.note(**opening, purpose=wrong)
    assert not Read.objects.exists()
    assert purposes.is_allowed("mediating", "mediation")


def test_the_person_concerned_is_not_noted(told: Case) -> None:
    from linli.people.access import Actor

    reads.note(case=told, by=Actor.reporter(told.pk), what="page", groups=["words"], at=NOW)
    assert not Read.objects.exists()


def test_a_read_can_neither_be_changed_nor_taken_away(told: Case, cast: Cast) -> None:
    reads.note(case=told, by=cast["dispatcher"], what="page", groups=["words"], at=NOW)
    for change in (
        lambda: Read.objects.update(purpose="checking"),
        lambda: Read.objects.all().delete(),
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            change()
    with connection.cursor() as cursor, pytest.raises(DatabaseError), transaction.atomic():
        cursor.execute("DELETE FROM privacy_read")
    assert Read.objects.count() == 1


def test_nor_can_what_was_taken_out(told: Case, cast: Cast) -> None:
    reads.note_takeout(cases=[told.pk], by=cast["dispatcher"], what="export", groups=["words"], at=NOW)
    for change in (
        lambda: Takeout.objects.update(cases=b""),
        lambda: Takeout.objects.all().delete(),
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            change()
    ledger.sequence()
    assert verify().faults == []


def test_every_post_has_a_purpose_of_its_own_work(cast: Cast) -> None:
    found = {name: purposes.of(actor) for name, actor in cast.posts.items()}
    assert found["supervisor"] == "supervising"
    assert found["clerk"] == "answering"
    assert found["auditor"] == "checking"
    assert {found[name] for name in ("dispatcher", "handler", "grid_worker", "mediator", "chair")} == {
        "handling"
    }
