"""Without a witness for hours, mediations stay shut to staff; intake goes on; on the witness's return all is well."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.urls import reverse

from linli.api.v1.problems import problem_of
from linli.ledger import actions as ledger
from linli.ledger import notes
from linli.privacy.models import Read
from linli.web.tests.conftest import Desk, Watch

pytestmark = pytest.mark.django_db
WITNESS = notes.Secret("audit.example", notes.WITNESS, bytes(32))
STOPPED = "见证停了"


@pytest.fixture
def sign(settings: Any, tmp_path: Path, watch: Watch) -> Callable[[], None]:
    """What worker and witness do."""
    settings.LOG_KEY = tmp_path / "log.key"

    def run() -> None:
        while ledger.sequence():
            pass
        ledger.make_checkpoint(at=watch.at)
        newest = ledger.latest()
        assert newest is not None
        text = notes.Note.parse(newest.note).text
        written = newest.note + notes.cosign(text, WITNESS, int(watch.at.timestamp())).line
        ledger.take_cosignatures(written=written, at=watch.at, known=[WITNESS.key])
        ledger.forget()

    return run


def test_four_hours_shut_the_content_and_the_witness_opens_it_again(
    in_talks: Any, desk: Desk, watch: Watch, sign: Callable[[], None], report: Callable[..., Any]
) -> None:
    page, mediator = f"/desk/mediations/{in_talks.number}", desk("mediator")
    sign()
    assert STOPPED not in mediator.get(page).content.decode()
    watch.on(hours=2)
    assert STOPPED in mediator.get(page).content.decode()
    watch.on(hours=2, minutes=1)
    before = Read.objects.count()
    shut = mediator.get(page)
    assert (shut.status_code, shut["Retry-After"], Read.objects.count()) == (503, "300", before)
    assert "暂时不能看调解内容" in shut.content.decode()
    assert "在它恢复以前" in shut.content.decode()
    assert "返潮" not in shut.content.decode()
    mediator.cookies["linli_language"] = "en"
    assert "for now" in mediator.get(page).content.decode()
    assert report(at=watch.at).is_new
    assert desk("clerk").get(reverse("web:new")).status_code == 200
    sign()
    assert mediator.get(page).status_code == 200


def test_without_any_witness_nothing_is_shut(in_talks: Any, desk: Desk, watch: Watch, settings: Any) -> None:
    page, mediator = f"/desk/mediations/{in_talks.number}", desk("mediator")
    watch.on(days=2)
    said = mediator.get(page)
    assert (said.status_code, STOPPED in said.content.decode()) == (200, False)
    ledger.forget()
    settings.WITNESS_REQUIRED = True
    assert mediator.get(page).status_code == 503


def test_others_are_not_troubled_by_the_banner(
    desk: Desk, watch: Watch, sign: Callable[[], None], dispute: Callable[..., Any]
) -> None:
    dispute()
    sign()
    watch.on(hours=3)
    assert STOPPED in desk("mediator").get("/desk/").content.decode()
    assert STOPPED not in desk("handler").get("/desk/").content.decode()


def test_programs_are_told_when_to_come_again() -> None:
    problem = problem_of(ledger.Unwitnessed(), None)
    assert problem is not None
    assert (problem.status, problem.headers["Retry-After"]) == (503, "300")
