"""What the database alone gives away of a mediation: steps and dates, no word of it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from conftest import NOW, Cast
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.test import Client

from linli.cases import actions as cases
from linli.cases.models import Case
from linli.documents import actions as documents
from linli.documents.actions import sealing as photos
from linli.documents.models import Attachment, Purpose
from linli.documents.tests import pictures
from linli.documents.views import serve
from linli.kit import sealing
from linli.kit.ids import uuid7
from linli.kit.sealing import Sealed, Unreadable, rotation, vault
from linli.kit.sealing.migrating import Seal
from linli.mediation import actions as mediations
from linli.mediation.actions import dossier, talks
from linli.mediation.models import Assignment, Mediation, Paper, Party, Reader, Talk
from linli.mediation.rules import readers
from linli.mediation.tests.story import Story
from linli.mediation.tests.test_isolation import CANARY, every_column, opened, spellings, tell_everything
from linli.service_requests.models import Request

pytestmark = pytest.mark.usefixtures("own_ring")
Dispute = Callable[..., Any]
EVERY = (
    *("account_", "api_", "auth_", "axes_", "cases_", "django_", "documents_", "ledger_", "measures_"),
    *("mediation_", "notify_", "orgs_", "people_", "portal_", "privacy_", "service_requests_"),
)
CONTACT = "0712-6543-210"


def dump(folder: Path) -> bytes:
    """Everything the database holds, its own bytes where it is one file, and every file beside it."""
    held = every_column(EVERY).encode()
    if connection.vendor == "sqlite":
        held += connection.connection.serialize()
    return held + b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


def found_in(held: bytes, *words: str) -> int:
    forms = {form for word in words for form in (word, *spellings(word))}
    return sum(held.count(form.encode()) for form in forms)


# A dump ---------------------------------------------------------------------------------------------


def test_a_dump_holds_no_word_of_what_was_said_and_no_contact(
    cast: Cast, dispute: Dispute, report: Any, tmp_path: Path
) -> None:
    report(contact_name=CANARY, contact_phone=CONTACT)
    tell_everything(cast, dispute)
    assert opened().count(CANARY) > 40
    assert found_in(dump(tmp_path), CANARY, CONTACT) == 0


def test_the_search_of_the_dump_sees_a_column_left_plain(
    cast: Cast, dispute: Dispute, tmp_path: Path
) -> None:
    made = dispute()
    assert found_in(dump(tmp_path), CANARY) == 0
    Remark = Paper._meta.apps.get_model("mediation", "Remark")
    Remark.objects.create(case=made.case, event_number=1, text=CANARY)
    assert found_in(dump(tmp_path), CANARY) == 0
    Remark.objects.update(text=Sealed(CANARY.encode()))
    assert found_in(dump(tmp_path), CANARY) > 0
    (tmp_path / "left.txt").write_text(CANARY)
    Remark.objects.all().delete()
    assert found_in(dump(tmp_path), CANARY) > 0


# What is moved --------------------------------------------------------------------------------------


def test_nothing_moved_to_another_row_column_or_case_is_read_there(dispute: Dispute) -> None:
    first, second = dispute().case, dispute(command_id=uuid7()).case
    one, other = Party.objects.filter(case=first).order_by("number")
    stolen = one.__dict__["name"]
    for pk, column in (
        ((first.pk, other.number), "name"),
        ((first.pk, one.number), "address"),
        ((second.pk, one.number), "name"),
    ):
        Party.objects.filter(pk=pk).update(**{column: stolen})
        with pytest.raises(Unreadable):
            getattr(Party.objects.get(pk=pk), column)
    assert Party.objects.get(pk=(first.pk, one.number)).name == one.name


def test_neither_is_what_is_cut_short_or_marked_as_of_another_key(dispute: Dispute) -> None:
    case = dispute().case
    whole = Mediation.objects.get(pk=case.pk).__dict__["brief"]
    for wrong in (whole[:-1], whole[:20], b"\x02" + whole[1:], whole[:2] + b"\x02" + whole[3:], b"open text"):
        Mediation.objects.filter(pk=case.pk).update(brief=Sealed(wrong))
        with pytest.raises(Unreadable):
            _brief = Mediation.objects.get(pk=case.pk).brief


# Who is let in --------------------------------------------------------------------------------------


def test_a_reader_written_into_the_tables_opens_nothing(cast: Cast, dispute: Dispute) -> None:
    story = Story(cast, dispute().case.pk).to("in_mediation")
    auditor, other = cast.people["auditor"], cast.people["second_mediator"]
    named = {"case_id": story.case_id, "person": auditor, "why": "看看", "named_by": auditor}
    Reader.objects.create(**named, since=NOW)
    Assignment.objects.create(case_id=story.case_id, person=other, role="mediator", since=NOW)
    for who in ("auditor", "second_mediator"):
        assert not mediations.may_read(story.case_id, cast[who])
        with pytest.raises(cases.CaseNotFound):
            mediations.open_content(
                case=story.case, actor=cast[who], purpose="checking", what="file", at=story.at
            )
    assert mediations.may_read(story.case_id, cast["mediator"])


def test_a_case_moved_to_another_committee_past_linli_is_not_read_there(cast: Cast, dispute: Dispute) -> None:
    case = dispute().case
    assert mediations.may_read(case.pk, cast["mediator"])
    village = cast["village_chair"]
    path = {"holder_id": village.organisation_id, "holder_path": village.path}
    Case.objects.filter(pk=case.pk).update(**path)
    assert not mediations.may_read(case.pk, village)


def test_who_mediates_no_longer_is_off_the_list(cast: Cast, dispute: Dispute) -> None:
    story = Story(cast, dispute().case.pk).to("in_mediation")
    mediator = readers.person(cast.people["mediator"].pk)
    assert vault.admits(story.case_id, mediator)
    story.do(mediations.appoint, "chair", mediators=[cast.people["second_mediator"]])
    assert not vault.admits(story.case_id, mediator)
    assert vault.admits(story.case_id, readers.person(cast.people["second_mediator"].pk))


def test_a_separate_talk_has_its_own_key_and_cannot_be_given_to_another(cast: Cast, dispute: Dispute) -> None:
    story = Story(cast, dispute().case.pk).to("in_mediation")
    talk = story.do(talks.talk, party=2, text="我其实可以让三成。", held_at=story.at)
    part = sealing.part_of(talk)
    assert vault.key_of(story.case_id, part) != vault.key_of(story.case_id)
    other = cast.people["second_mediator"]
    mine = Talk.objects.filter(case_id=story.case_id, id=talk.id)
    for change in ({"mediator": other}, {"party": 1}):
        mine.update(**change)
        with pytest.raises(Unreadable):
            _text = mine.get().text
        assert talks.held_by(story.case_id, other.pk) == talks.talks_of_party(story.case_id, 1) == []
        mine.update(mediator=cast.people["mediator"], party=2)
    mine.update(released_at=NOW)
    assert talks.released(story.case_id) == []
    mine.update(released_at=None)
    story.do(talks.release_talk, story.party, talk=talk.id, party=2)
    assert [each.text for each in talks.released(story.case_id)] == ["我其实可以让三成。"]


# Keys away, keys destroyed --------------------------------------------------------------------------


def test_disputes_come_in_and_deadlines_run_while_the_keys_are_away(
    cast: Cast, dispute: Dispute, away: Any
) -> None:
    story = Story(cast, dispute().case.pk).to("in_mediation")
    back = away()
    late = dispute(command_id=uuid7(), brief="雨水淋坏了墙根，说了很久。").case
    assert Case.objects.get(pk=late.pk).state == "diverted"
    cases.fire_due_clocks(at=story.at + timedelta(days=40))
    cases.run_due(at=story.at + timedelta(days=40))
    assert story.case.state == "expired"
    with pytest.raises(sealing.KeyringError):
        _brief = Mediation.objects.get(pk=late.pk).brief
    with pytest.raises(sealing.KeyringError):
        story.do(talks.talk, party=2, text="我其实可以让三成。", held_at=story.at)
    back()
    assert Mediation.objects.get(pk=late.pk).brief == "雨水淋坏了墙根，说了很久。"
    assert mediations.may_read(late.pk, cast["mediator"])


def test_the_page_says_so_and_the_page_without_content_stays(
    cast: Cast, dispute: Dispute, away: Any, client: Client
) -> None:
    story = Story(cast, dispute().case.pk).to("in_mediation")
    client.force_login(cast.people["mediator"])
    back = away()
    page = client.get(f"/desk/mediations/{story.case.number}")
    assert (page.status_code, "取不到密钥" in page.content.decode()) == (503, True)
    assert client.get(f"/desk/cases/{story.case.number}").status_code == 200
    listed = client.get("/desk/mediations")
    assert (listed.status_code, story.case.number in listed.content.decode()) == (200, True)
    back()
    assert client.get(f"/desk/mediations/{story.case.number}").status_code == 200
    Party.objects.filter(case_id=story.case_id).update(name=Sealed(b"x" * 40))
    page = client.get(f"/desk/mediations/{story.case.number}")
    assert (page.status_code, "解不开" in page.content.decode()) == (503, True)


def test_destroyed_keys_leave_steps_and_dates_and_no_word_not_even_in_an_older_copy(
    cast: Cast, dispute: Dispute, settings: Any, tmp_path: Path
) -> None:
    story = Story(cast, dispute().case.pk).to("in_mediation")
    talk = story.do(talks.talk, party=2, text="我其实可以让三成。", held_at=story.at)
    older = Mediation.objects.get(pk=story.case_id).__dict__["brief"]
    ring = vault.key_of(story.case_id)
    vault.shred(story.case_id)
    matter = Mediation.objects.get(pk=story.case_id)
    assert (matter.brief, matter.requests, matter.test, matter.category_id) == (
        "（已销毁）",
        [],
        {},
        "neighbours",
    )
    assert {party.name for party in Party.objects.filter(case_id=story.case_id)} == {"（已销毁）"}
    assert Party.objects.filter(case_id=story.case_id)[0].born_on is None
    assert talks.held_by(story.case_id, talk.mediator_id) == []
    assert story.case.state == "in_mediation"
    assert not mediations.may_read(story.case_id, cast["mediator"])
    assert ring.current.secret not in dump(tmp_path)
    assert repr(bytes(older))[2:-1].encode() in dump(tmp_path)  # what is left is there and says nothing
    matter.subject = "再写一次"
    with pytest.raises(vault.Shredded):
        matter.save()


# Photos, rotation, migration ------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_photos_of_a_mediation_lie_sealed_and_are_shown_open(
    cast: Cast, dispute: Dispute, settings: Any, away: Any
) -> None:
    case = dispute().case
    uploads = [
        documents.stage(data=pictures.plain(size=(400, 300)), name="墙.jpg", at=NOW) for _n in range(2)
    ]
    first, second = attach(case.pk, uploads[0].id), None
    plain = photos.read(first)
    assert plain.startswith(b"\xff\xd8\xff")
    for path in (first.file, first.thumbnail_file):
        assert path.read_bytes().startswith(photos.MARK + photos.OF_CASE)
    assert serve(first).content == plain
    assert serve(first, "thumbnail").content.startswith(b"\xff\xd8\xff")
    shutil.copy(first.file, first.thumbnail_file)
    with pytest.raises(Unreadable):
        serve(first, "thumbnail")
    back = away()
    second = attach(case.pk, uploads[1].id)
    assert second.file.read_bytes().startswith(photos.MARK + photos.STAGED)
    back()
    assert photos.read(second).startswith(b"\xff\xd8\xff")
    assert photos.go_over() == 2
    assert second.file.read_bytes().startswith(photos.MARK + photos.OF_CASE)
    second.file.unlink()
    assert photos.go_over() == 0
    vault.shred(case.pk)
    assert photos.go_over() == 0
    with pytest.raises(vault.Shredded):
        photos.read(first)


def attach(case_id: Any, upload_id: Any) -> Attachment:
    documents.attach(
        upload_ids=[upload_id],
        case_id=case_id,
        event_number=1,
        purpose=Purpose.OTHER,
        is_public=False,
        at=NOW,
        by_label="当事人",
    )
    return Attachment.objects.get(case_id=case_id, id=upload_id)


def test_a_new_server_key_takes_over_the_keys_of_cases(cast: Cast, dispute: Dispute) -> None:
    case = dispute().case
    rotation.start("sm4-gcm")
    list(rotation.go_over())
    assert set(vault.standing(case.pk)) == {2}
    assert set(rotation.in_use()) == {2}
    assert Mediation.objects.get(pk=case.pk).brief


def test_a_case_whose_keys_were_altered_is_counted_and_left(dispute: Dispute, settings: Any) -> None:
    case = dispute().case
    path = Path(settings.CASE_KEYS) / str(case.pk)[-2:] / f"{case.pk}.key"
    raw = json.loads(path.read_text())
    raw["keys"][""]["readers"].append("person:x")
    path.write_text(json.dumps(raw))
    rotation.start("aes-256-gcm")
    assert sum((step["unreadable"] for step in rotation.go_over()), 0) == 1


@pytest.mark.django_db(transaction=True)
def test_the_migration_seals_what_stood_there_and_can_be_taken_back(
    cast: Cast, dispute: Dispute, settings: Any
) -> None:
    story = Story(cast, dispute().case.pk).to("agreement_written")
    story.sign("party", 1)
    talk = story.do(talks.talk, party=2, text="我其实可以让三成。", held_at=story.at)
    before = opened()
    try:
        _migrate("0003_delete_reading")
        assert "我其实可以让三成。" in every_column(("mediation_",))
        shutil.rmtree(settings.CASE_KEYS)
    finally:
        _migrate("0004_sealed_content")
    assert "我其实可以让三成。" not in every_column(("mediation_",))
    assert opened() == before
    assert talks.held_by(story.case_id, talk.mediator_id) == [talk]
    assert mediations.may_read(story.case_id, cast["mediator"])
    assert dossier.papers_of(story.case_id)


def test_the_migration_says_what_it_seals() -> None:
    assert Seal({"party": {}, "talk": {}}).describe() == "Seal party, talk"


@pytest.mark.django_db(transaction=True)
def test_an_old_backup_does_not_bring_back_what_was_destroyed_since(cast: Cast, dispute: Dispute) -> None:
    story = Story(cast, dispute().case.pk).to("in_mediation")
    story.do(talks.talk, party=2, text="我其实可以让三成。", held_at=story.at)
    try:
        _migrate("0003_delete_reading")
        vault.shred(story.case_id)
    finally:
        _migrate("0004_sealed_content")
    assert "我其实可以让三成。" not in every_column(("mediation_",))
    assert {party.name for party in Party.objects.all()} == {""}
    assert Talk.objects.get().text == ""


def test_the_same_person_in_a_request_and_in_a_dispute_has_nothing_in_common(
    dispute: Dispute, report: Any
) -> None:
    name, phone = "李秀英", "0712-0000-101"
    request = Request.objects.get(pk=report(contact_name=name, contact_phone=phone).case.pk)
    again = Request.objects.get(pk=report(contact_name=name, contact_phone=phone).case.pk)
    party = Party.objects.get(case=dispute().case, number=1)
    held = [row.__dict__[column] for row in (request, again) for column in ("contact_name", "contact_phone")]
    held += [party.__dict__["name"], party.__dict__["phone"]]
    assert party.name == name
    pieces = [{whole[at : at + 6] for at in range(3, len(whole) - 6)} for whole in held]
    assert not any(one & other for n, one in enumerate(pieces) for other in pieces[n + 1 :])


def _migrate(name: str) -> None:
    MigrationExecutor(connection).migrate([("mediation", name)])
