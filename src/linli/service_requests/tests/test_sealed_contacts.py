"""Whoever has the database does not learn who reported; intake goes on while the keys are away."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from conftest import Town
from django.core import serializers
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.db.migrations.executor import MigrationExecutor
from django.utils import translation

from linli.cases import actions as cases
from linli.kit import sealing
from linli.kit.ids import uuid7
from linli.kit.sealing import keys, rotation
from linli.service_requests.actions.publishing import masked, public_view
from linli.service_requests.models import Request

pytestmark = pytest.mark.usefixtures("own_ring")
Report = Callable[..., Any]
NAME, PHONE = "欧阳无敌", "0712-0000-118"


def columns(pk: Any) -> dict[str, bytes]:
    """What the database itself holds of a request."""
    with connection.cursor() as cursor:
        value = pk.hex if connection.vendor == "sqlite" else pk
        cursor.execute("SELECT * FROM service_requests_request WHERE case_id = %s", [value])
        row = cursor.fetchone()
        assert cursor.description is not None
        return {
            column[0]: bytes(value)
            for column, value in zip(cursor.description, row, strict=True)
            if isinstance(value, (bytes, memoryview))
        }


def test_the_database_holds_neither_name_nor_telephone(report: Report) -> None:
    case = report(contact_name=NAME, contact_phone=PHONE).case
    held = columns(case.pk)
    assert set(held) == {"contact_name", "contact_phone"}
    assert not any(NAME.encode() in value or PHONE.encode() in value for value in held.values())
    request = Request.objects.get(pk=case.pk)
    assert (request.contact_name, request.contact_phone) == (NAME, PHONE)


def test_what_was_not_said_is_stored_as_nothing(report: Report) -> None:
    case = report().case
    assert columns(case.pk) == {"contact_name": b"", "contact_phone": b""}
    assert Request.objects.filter(contact_name="").exists()


def test_a_value_moved_to_another_request_is_not_read_as_its_own(report: Report) -> None:
    first, second = (report(contact_name=name, contact_phone=PHONE).case for name in ("张三", "李四"))
    stolen = Request.objects.get(pk=first.pk).__dict__["contact_name"]
    Request.objects.filter(pk=second.pk).update(contact_name=stolen)
    with translation.override("zh-hans"):
        assert Request.objects.get(pk=second.pk).contact_name == "（暂时读不出）"


def test_nobody_writes_a_name_past_the_seal(report: Report) -> None:
    case = report().case
    with pytest.raises(TypeError, match="contact_name: save the row"):
        Request.objects.filter(pk=case.pk).update(contact_name=NAME)


def test_a_fixture_holds_the_sealed_value(report: Report) -> None:
    request = Request.objects.get(pk=report(contact_name=NAME).case.pk)
    (written,) = json.loads(serializers.serialize("json", [request], fields=["contact_name"]))
    assert written["fields"]["contact_name"] == request.__dict__["contact_name"].hex()
    assert isinstance(Request.contact_name, type(vars(Request)["contact_name"]))


def test_the_notice_in_place_of_a_name_is_never_written_over_the_name(report: Report, away: Any) -> None:
    pk = report(contact_name=NAME, contact_phone=PHONE).case.pk
    back = away()
    request = Request.objects.get(pk=pk)
    request.contact_name = request.contact_name  # as a form does that only changes the telephone
    with pytest.raises(sealing.KeyringError), transaction.atomic():
        request.save(update_fields=["contact_name"])
    back()
    assert Request.objects.get(pk=pk).contact_name == NAME


def test_saving_a_row_again_keeps_what_it_held(report: Report) -> None:
    case = report(contact_name=NAME).case
    row = Request.objects.defer("contact_name").get(pk=case.pk)
    assert row.contact_name == NAME
    row.may_publish = True
    row.save()
    assert Request.objects.get(pk=case.pk).contact_name == NAME


def test_intake_goes_on_without_the_keys_and_is_read_once_they_are_back(report: Report, away: Any) -> None:
    back = away()
    command = uuid7()
    case = report(command_id=command, contact_name=NAME, contact_phone=PHONE).case
    assert not report(command_id=command, contact_name=NAME, contact_phone=PHONE).is_new
    held = columns(case.pk)
    assert held["contact_name"][0] == 3
    assert NAME.encode() not in held["contact_name"]
    request = Request.objects.get(pk=case.pk)
    with translation.override("zh-hans"):
        assert request.contact_name == "（暂时读不出）"
    request.save()
    back()
    assert Request.objects.get(pk=case.pk).contact_phone == PHONE
    with pytest.raises(cases.CommandReused):
        report(command_id=command, contact_name="别人", contact_phone=PHONE)


def test_without_even_the_public_key_nothing_is_taken_in_open(
    report: Report, away: Any, settings: Any
) -> None:
    away()
    settings.INTAKE_KEY.write_text("{}")
    with pytest.raises(sealing.KeyringError):
        report(contact_name=NAME)
    assert not Request.objects.exists()
    assert report().is_new


def test_nothing_is_published_whose_names_cannot_be_masked(report: Report, away: Any) -> None:
    case = report(may_publish=True, text=f"路灯坏了，请打电话给{NAME}。", contact_name=NAME).case
    request = Request.objects.get(pk=case.pk)
    assert NAME not in public_view(case, request).text
    away()
    assert masked(request.text, request) == "***"
    assert masked("", request) == ""


def test_a_new_key_takes_over_batch_by_batch_and_an_interruption_costs_nothing(report: Report) -> None:
    found = [report(contact_name=f"{NAME}{n}", contact_phone=PHONE).case.pk for n in range(7)]
    old = sealing.keyring().current_id
    new = rotation.start("sm4-gcm").current_id
    going = rotation.go_over(batch=2)
    assert next(going) == {"resealed": 2}
    going.close()
    assert all(Request.objects.get(pk=pk).contact_name == f"{NAME}{n}" for n, pk in enumerate(found))
    assert rotation.in_use() == {old: 12, new: 2}
    done: Counter[str] = sum(rotation.go_over(batch=2), Counter())
    assert done == {"resealed": 12}
    assert rotation.in_use() == {new: 14}
    assert all(Request.objects.get(pk=pk).contact_name == f"{NAME}{n}" for n, pk in enumerate(found))
    assert {columns(pk)["contact_phone"][0] for pk in found} == {2}


def test_a_key_in_use_or_just_replaced_is_not_retired_and_a_retired_one_opens_nothing(
    report: Report, monkeypatch: pytest.MonkeyPatch
) -> None:
    pk = report(contact_name=NAME).case.pk
    before = Request.objects.get(pk=pk).__dict__["contact_name"]
    old = sealing.keyring().current_id
    rotation.start("aes-256-gcm")
    with pytest.raises(rotation.Busy, match="too new"):
        rotation.retire(old)
    monkeypatch.setattr(rotation, "GRACE_SECONDS", 0)
    with pytest.raises(rotation.Busy, match="1 values"):
        rotation.retire(old)
    list(rotation.go_over())
    rotation.retire(old)
    assert Request.objects.get(pk=pk).contact_name == NAME
    Request.objects.filter(pk=pk).update(contact_name=before)
    assert isinstance(Request.objects.get(pk=pk).contact_name, sealing.Unread)
    assert sum(rotation.go_over(), Counter()) == {"unreadable": 1}


@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite in memory has one writer and no others")
@pytest.mark.django_db(transaction=True)
def test_nobody_reads_anything_wrong_while_a_key_is_changed(
    report: Report, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rotation, "GRACE_SECONDS", 0)
    pks = [report(contact_name=f"{NAME}{n}").case.pk for n in range(40)]
    over, seen = threading.Event(), Counter[str]()

    def read() -> None:
        while not over.is_set():
            for n, pk in enumerate(pks):
                seen["right" if Request.objects.get(pk=pk).contact_name == f"{NAME}{n}" else "wrong"] += 1
        connection.close()

    readers = [threading.Thread(target=read) for _n in range(2)]
    for reader in readers:
        reader.start()
    for algorithm in ("sm4-gcm", "aes-256-gcm"):
        old = sealing.keyring().current_id
        rotation.start(algorithm)
        list(rotation.go_over(batch=7))
        rotation.retire(old)
    over.set()
    for reader in readers:
        reader.join()
    assert (seen["wrong"], seen["right"] > 0) == (0, True)


def test_what_came_in_while_the_keys_were_away_is_sealed_like_the_rest_afterwards(
    report: Report, away: Any
) -> None:
    back = away()
    case = report(contact_name=NAME).case
    back()
    assert sum(rotation.go_over(), Counter()) == {"resealed": 1}
    assert columns(case.pk)["contact_name"][0] == 1
    assert Request.objects.get(pk=case.pk).contact_name == NAME


def told(*given: Any) -> str:
    out = StringIO()
    with translation.override("zh-hans"):
        call_command("keys", *given, stdout=out)
    return out.getvalue()


def test_the_command_tells_makes_takes_over_and_retires(
    report: Report, monkeypatch: pytest.MonkeyPatch, settings: Any, tmp_path: Path
) -> None:
    report(contact_name=NAME)
    assert "密钥 1  aes-256-gcm  1 处在用  现在用" in told("status")
    assert "现在用密钥 2（sm4-gcm）" in told("new", "--algorithm", "sm4-gcm")
    assert "换好 1 处" in told("rotate")
    with translation.override("zh-hans"), pytest.raises(CommandError, match="没有做成"):
        call_command("keys", "retire", "1")
    monkeypatch.setattr(rotation, "GRACE_SECONDS", 0)
    assert "密钥 1 已停用" in told("retire", "1")
    assert "密钥 1" not in told()


def test_the_command_says_what_nothing_opens(report: Report, settings: Any) -> None:
    report(contact_name=NAME)
    rotation.start("aes-256-gcm")
    ring = json.loads(settings.KEYRING.read_text())
    del ring["keys"]["1"]
    settings.KEYRING.write_text(json.dumps(ring))
    keys.forget()
    assert "密钥 1  不在钥匙串里  1 处打不开" in told("status")
    with translation.override("zh-hans"), pytest.raises(CommandError, match="有 1 处打不开"):
        call_command("keys", "rotate", stdout=StringIO())


def test_the_command_copies_the_keys_of_cases_and_what_was_destroyed_over_the_copy(tmp_path: Path) -> None:
    folder, case = tmp_path / "copy", uuid7()
    assert "另存" in told("copy", str(folder))
    sealing.vault.make(case)
    told("copy", str(folder))
    (kept,) = folder.rglob("*.key")
    assert "sealed" in kept.read_text()
    assert kept.stat().st_mode & 0o077 == 0
    sealing.vault.shred(case)
    told("copy", str(folder))
    assert "sealed" not in kept.read_text()


@pytest.mark.django_db(transaction=True)
def test_the_migration_seals_what_stood_there_and_can_be_taken_back(report: Report, town: Town) -> None:
    pks = [report(contact_name=f"{NAME}{n}", contact_phone=PHONE).case.pk for n in range(3)] + [
        report().case.pk
    ]
    try:
        _migrate("0003_questions")
        assert _plain(pks) == [(f"{NAME}{n}", PHONE) for n in range(3)] + [("", "")]
    finally:
        _migrate("0004_sealed_contacts")
    assert not any(NAME.encode() in value for pk in pks for value in columns(pk).values())
    assert [Request.objects.get(pk=pk).contact_name for pk in pks] == [f"{NAME}{n}" for n in range(3)] + [""]


def _migrate(name: str) -> None:
    MigrationExecutor(connection).migrate([("service_requests", name)])


def _plain(pks: list[Any]) -> list[Any]:
    state = MigrationExecutor(connection).loader.project_state([("service_requests", "0003_questions")])
    model = state.apps.get_model("service_requests", "Request")
    return [(row.contact_name, row.contact_phone) for row in (model.objects.get(pk=pk) for pk in pks)]
