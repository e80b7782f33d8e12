"""The page that checks receipts, in a real browser: with a file, with the square of the paper, without a network."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import NOW
from playwright.sync_api import Page, expect

from linli.cases.actions import receipts
from linli.ledger import actions as ledger
from linli.ledger import notes
from linli.ledger import receipts as ledger_receipts
from linli.ledger.actions import keys
from linli.portal.views.receipts import statement_marked

Window = Callable[..., Page]
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
WITNESS = notes.Secret("audit.example", notes.WITNESS, bytes(32))


@pytest.fixture
def receipt(report: Any, settings: Any, tmp_path: Path) -> dict[str, Any]:
    """One with its proof, witnessed."""
    settings.LOG_KEY = tmp_path / "log.key"
    settings.WITNESSES = [str(WITNESS.key)]
    for _n in range(5):
        case = report().case
    ledger.sequence()
    ledger.make_checkpoint(at=NOW)
    newest = ledger.latest()
    assert newest is not None
    line = notes.cosign(notes.Note.parse(newest.note).text, WITNESS, int(NOW.timestamp())).line
    ledger.take_cosignatures(written=newest.note + line, at=NOW, known=[WITNESS.key])
    return receipts.receipt_of(case)


def give(page: Page, receipt: dict[str, Any]) -> None:
    data = json.dumps(receipt).encode()
    file = {"name": "receipt.json", "mimeType": "application/json", "buffer": data}
    page.set_input_files("#file", file)  # type: ignore[arg-type]


@pytest.fixture
def page(window: Window) -> Page:
    page = window(width=360)
    page.goto("/receipts/check")
    if not page.evaluate(
        "crypto.subtle.generateKey('Ed25519', false, ['sign', 'verify']).then(() => true, () => false)"
    ):
        expect(page.get_by_text("这个浏览器不会核对这种签名")).to_be_visible()
        pytest.skip("this browser knows no Ed25519, and says so")
    return page


def test_a_true_receipt_is_found_true_without_a_network(page: Page, receipt: dict[str, Any]) -> None:
    page.reload()
    page.context.set_offline(True)
    give(page, receipt)
    expect(page.get_by_text("这份回执是真的")).to_be_visible()
    expect(page.locator("[data-field=said]")).to_contain_text("村部门前三盏路灯")
    expect(page.locator("[data-field=received]")).to_have_text("2026年9月30日 16:42")
    expect(page.locator("[data-field=due]")).to_contain_text("24:00")
    shown = page.locator("[data-step]:visible").all_inner_texts()
    assert [text[0] for text in shown] == ["✓"] * 5
    page.context.set_offline(False)


@pytest.mark.parametrize(
    ("name", "old", "new", "step"),
    [
        ("said", "三盏", "两盏", "said"),
        ("record", "resident", "residing", "record"),
        ("statement", "5wd", "9wd", "signature"),
    ],
)
def test_an_altered_one_is_seen_through(
    page: Page, receipt: dict[str, Any], name: str, old: str, new: str, step: str
) -> None:
    page.reload()
    give(page, {**receipt, name: receipt[name].replace(old, new)})
    expect(page.get_by_text("这份回执不对")).to_be_visible()
    expect(page.locator(f"[data-step={step}][data-state=bad]")).to_be_visible()


def test_a_proof_that_leads_elsewhere_fails(page: Page, receipt: dict[str, Any]) -> None:
    page.reload()
    proof = {**receipt["proof"], "position": 1}
    give(page, {**receipt, "proof": proof})
    expect(page.locator("[data-step=proof][data-state=bad]")).to_be_visible()


def test_the_square_of_the_paper_opens_it(page: Page, receipt: dict[str, Any]) -> None:
    page.goto(f"/receipts/check#{statement_marked(receipt['statement'])}")
    page.reload()
    expect(page.get_by_text("这份回执是真的")).to_be_visible()
    expect(page.locator("[data-step=proof][data-state=none]")).to_be_visible()
    expect(page.get_by_text("原话没有核对")).to_be_visible()


def test_words_under_a_salt_of_another_length_are_seen_through(page: Page, receipt: dict[str, Any]) -> None:
    moved, said = bytes(15), "{}"
    page.reload()
    statement = json.loads(receipt["statement"].split("\n")[1])
    commitment = hashlib.sha256(moved + said.encode()).hexdigest()
    signed = ledger_receipts.state({**statement, "commitment": commitment}, keys.secret())
    give(page, {**receipt, "statement": str(signed), "salt": notes.encoded(moved), "said": said})
    expect(page.locator("[data-step=signature][data-state=good]")).to_be_visible()
    expect(page.locator("[data-step=said][data-state=bad]")).to_be_visible()


def test_another_key_and_another_file_are_refused_in_words(page: Page, receipt: dict[str, Any]) -> None:
    page.reload()
    give(page, {"type": "something"})
    expect(page.get_by_text("这不是一份完整的回执")).to_be_visible()
    give(page, receipt)
    page.fill("#key", "nothing")
    page.locator("#key").blur()
    expect(page.get_by_text("公钥写得不对")).to_be_visible()
    page.fill("#key", str(notes.Secret.make("linli.420921", notes.LOG).key))
    page.locator("#key").blur()
    expect(page.locator("[data-step=signature][data-state=bad]")).to_be_visible()


def test_an_old_browser_is_told_so(window: Window, receipt: dict[str, Any]) -> None:
    page = window(width=360)
    page.add_init_script("crypto.subtle.generateKey = () => Promise.reject(new Error('unknown'))")
    page.goto("/receipts/check")
    expect(page.get_by_text("这个浏览器不会核对这种签名")).to_be_visible()
    expect(page.locator("#file")).to_be_hidden()
