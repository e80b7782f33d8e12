"""Whoever handed something in gets a signed receipt, and checks it with the public key and nothing else."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any

import pypdf
import pytest
from conftest import NOW, Cast
from django.core.management import CommandError, call_command
from django.http import HttpResponse
from django.test import Client

from linli.cases.actions import integrity
from linli.cases.models import Case, Event
from linli.kit import clock, codes
from linli.ledger import actions as ledger
from linli.ledger import notes, receipts
from linli.ledger.actions import keys
from linli.ops import __main__ as command_line
from linli.portal.views.receipts import statement_marked
from linli.portal.views.tickets import give_party, give_track
from linli.service_requests.actions import tracking_code

pytestmark = pytest.mark.django_db
WITNESS = notes.Secret("audit.example", notes.WITNESS, bytes(32))


@pytest.fixture(autouse=True)
def _own_key(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.LOG_KEY = tmp_path / "log.key"
    monkeypatch.setattr(clock, "now", lambda: NOW)


@pytest.fixture
def following(client: Client) -> Callable[..., Client]:
    """A browser that follows a case under its code, or a mediation as a party."""

    def follow(case: Case, party: int = 0) -> Client:
        response = HttpResponse()
        if party:
            give_party(response, case.pk, party)
        else:
            give_track(response, case.pk)
        for name, morsel in response.cookies.items():
            client.cookies[name] = morsel.value
        return client

    return follow


def log(*, is_witnessed: bool) -> None:
    while ledger.sequence():
        pass
    ledger.make_checkpoint(at=NOW)
    newest = ledger.latest()
    assert newest is not None
    if is_witnessed:
        line = notes.cosign(notes.Note.parse(newest.note).text, WITNESS, int(NOW.timestamp())).line
        ledger.take_cosignatures(written=newest.note + line, at=NOW, known=[WITNESS.key])


def steps(receipt: dict[str, Any], **given: Any) -> dict[str, bool | None]:
    verdict = receipts.check(receipt, key=keys.public(), witnesses=[WITNESS.key], **given)
    return {step.name: step.is_good for step in verdict.steps}


def test_a_receipt_is_signed_at_once_and_proved_a_minute_later(report: Any, following: Any) -> None:
    case = report().case
    browser = following(case)
    first = browser.get("/track/receipt.json").json()
    assert first["proof"] is None
    assert steps(first) == {
        "signature": True,
        "said": True,
        "record": True,
        "proof": None,
        "checkpoint": None,
        "witness": None,
    }
    log(is_witnessed=False)
    assert steps(browser.get("/track/receipt.json").json())["witness"] is None
    report()
    log(is_witnessed=True)
    proved = browser.get("/track/receipt.json").json()
    assert proved["statement"] == first["statement"]
    assert set(steps(proved).values()) == {True, None}
    assert steps(proved)["witness"]
    kept = notes.Note.parse(proved["proof"]["checkpoint"])
    assert steps(proved, checkpoint=kept)["checkpoint"]


def test_it_says_what_was_received_when_and_by_when_it_is_answered(report: Any, following: Any) -> None:
    case = report().case
    receipt = following(case).get("/track/receipt.json").json()
    verdict = receipts.check(receipt, key=keys.public())
    assert verdict.said["text"].startswith("村部门前三盏路灯")
    assert verdict.statement["case"] == case.number
    assert verdict.statement["received_at"] == "2026-09-30T08:42:00.000000Z"
    assert {each["clock"]: each["limit"] for each in verdict.statement["promises"]} == {
        "total": "5wd",
        "accepting": "1wd",
    }
    assert all(each["due_at"] > "2026-09-30" for each in verdict.statement["promises"])


def test_the_code_and_the_contact_stand_nowhere_in_it(report: Any, following: Any) -> None:
    case = report(contact_name="王女士", contact_phone="0712-0000-777").case
    browser = following(case)
    log(is_witnessed=True)
    said = browser.get("/track/receipt.json").content.decode()
    paper = pdf_text(browser.get("/track/receipt.pdf"))
    for secret in (tracking_code(case.pk), codes.pretty(tracking_code(case.pk)), "王女士", "0000-777"):
        assert secret not in said
        assert secret not in paper


def pdf_text(response: Any) -> str:
    assert response["Content-Type"] == "application/pdf"
    assert "no-store" in response["Cache-Control"]
    return "".join(page.extract_text() for page in pypdf.PdfReader(BytesIO(response.content)).pages)


def test_the_paper_has_a_code_with_the_signed_statement(report: Any, following: Any) -> None:
    case = report().case
    browser = following(case)
    assert case.number in pdf_text(browser.get("/track/receipt.pdf"))
    assert len(pypdf.PdfReader(BytesIO(browser.get("/track/receipt.pdf").content)).pages) == 1
    statement = browser.get("/track/receipt.json").json()["statement"]
    marked = statement_marked(statement)
    assert len(marked) < 1500
    assert base64.urlsafe_b64decode(marked + "=" * (-len(marked) % 4)).decode() == statement
    browser.cookies["linli_language"] = "en"
    assert "Receipt" in pdf_text(browser.get("/track/receipt.pdf"))


@pytest.mark.parametrize(
    ("name", "change", "broken"),
    [
        ("the words", lambda r: {**r, "said": r["said"].replace("三盏", "两盏")}, "said"),
        ("the salt", lambda r: {**r, "salt": notes.encoded(bytes(16))}, "said"),
        ("the moment", lambda r: {**r, "statement": r["statement"].replace("08:42", "07:42")}, "signature"),
        ("the limit", lambda r: {**r, "statement": r["statement"].replace("5wd", "9wd")}, "signature"),
        ("the record", lambda r: {**r, "record": r["record"].replace("resident", "residing")}, "record"),
        ("the place", lambda r: {**r, "proof": {**r["proof"], "position": 2}}, "proof"),
        ("the way", lambda r: {**r, "proof": {**r["proof"], "hashes": r["proof"]["hashes"][1:]}}, "proof"),
    ],
)
def test_a_receipt_that_was_altered_is_seen_through(
    report: Any, following: Any, name: str, change: Callable[[dict[str, Any]], Any], broken: str
) -> None:
    case = report().case
    report()
    log(is_witnessed=True)
    receipt = following(case).get("/track/receipt.json").json()
    assert steps(receipt)[broken] is True
    assert steps(change(receipt))[broken] is False
    assert not receipts.check(change(receipt), key=keys.public()).is_good


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", "x" * 2_000_000, '{"type": "linli-receipt/v1"}', "[" * 100_000]
)
def test_what_is_no_receipt_is_refused(text: str) -> None:
    with pytest.raises(receipts.ReceiptError):
        receipts.check(receipts.read(text), key=keys.public())


def test_a_stranger_gets_no_receipt(client: Client, report: Any, dispute: Any, following: Any) -> None:
    case = report().case
    assert client.get("/track/receipt.json").status_code == 404
    assert client.get("/disputes/receipt.json").status_code == 404
    assert following(case).get("/track/receipt.docx").status_code == 404


def test_only_who_applied_has_the_receipt_of_an_application(dispute: Any, following: Any) -> None:
    case = dispute().case
    log(is_witnessed=True)
    receipt = following(case, party=1).get("/disputes/receipt.json").json()
    assert steps(receipt)["witness"]
    assert "record" not in receipt  # a member of staff stands in it
    assert "返潮" not in json.dumps(receipt, ensure_ascii=False)
    assert case.number in pdf_text(following(case, party=1).get("/disputes/receipt.pdf"))
    assert following(case, party=2).get("/disputes/receipt.json").status_code == 404


def test_what_was_erased_leaves_the_receipt_and_the_log_good(report: Any, following: Any) -> None:
    case = report().case
    before = following(case).get("/track/receipt.json").json()
    assert integrity.erase(case_id=case.pk, number=1)
    log(is_witnessed=True)
    after = following(case).get("/track/receipt.json").json()
    assert "said" not in after
    assert after["statement"] == before["statement"]
    assert steps(after)["proof"]
    assert steps({**after, "said": before["said"], "salt": before["salt"]})["said"]


def test_the_clerk_hands_the_receipt_out_once_registered(report: Any, cast: Cast, client: Client) -> None:
    case = report(channel="hotline", by=cast["clerk"]).case
    client.force_login(cast.people["clerk"], backend="allauth.account.auth_backends.AuthenticationBackend")
    assert client.get(f"/desk/cases/{case.number}/receipt.json").status_code == 404
    session = client.session
    session["receipts"] = [str(case.pk)]
    session.save()
    page = client.get(f"/desk/cases/{case.number}/receipt").content.decode()
    assert f"/desk/cases/{case.number}/receipt.pdf" in page
    receipt = client.get(f"/desk/cases/{case.number}/receipt.json").json()
    assert "record" not in receipt
    assert str(Event.objects.get(case_id=case.pk).person_id) not in json.dumps(receipt)
    assert steps(receipt)["said"]


# The command line --------------------------------------------------------------------------------


def run(*arguments: str) -> tuple[int, str]:
    out = StringIO()
    try:
        call_command("verify_receipt", *arguments, stdout=out)
    except SystemExit as ended:
        return int(ended.code or 0), out.getvalue()
    return 0, out.getvalue()


def test_the_command_needs_the_file_the_key_and_a_checkpoint(
    report: Any, following: Any, tmp_path: Path, settings: Any, django_assert_num_queries: Any
) -> None:
    log_key = str(keys.public())
    case = report().case
    log(is_witnessed=True)
    receipt = following(case).get("/track/receipt.json").json()
    file, kept = tmp_path / "receipt.json", tmp_path / "kept.txt"
    file.write_text(json.dumps(receipt))
    kept.write_text(receipt["proof"]["checkpoint"])
    settings.LOG_KEY = tmp_path / "elsewhere.key"
    given = [str(file), "--key", log_key, "--checkpoint", str(kept), "--witness", str(WITNESS.key)]
    with django_assert_num_queries(0):
        code, said = run(*given)
        assert (code, "✗" in said, said.count("✓")) == (0, False, 6)
        assert json.loads(run(*given, "--json")[1])["is_good"]
        assert "2026-09-30 16:42 收到" in said
        with pytest.raises(CommandError, match="没有日志的公钥"):
            run(str(file))
        assert not settings.LOG_KEY.exists()  # no key of its own is made to call the receipt forged by
        assert run(str(file), "--key", str(notes.Secret.make("linli.420921", notes.LOG).key))[0] == 1
    file.write_text(json.dumps({**receipt, "said": "{}"}))
    assert run(*given)[0] == 1
    file.write_text("nothing")
    with pytest.raises(CommandError):
        run(*given)


def test_the_command_is_called_by_its_plain_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANG", "zh_CN.UTF-8")
    with pytest.raises(SystemExit) as ended:
        command_line.main(["verify-receipt", str(tmp_path / "nothing")])
    assert ended.value.code == 2
