"""Pages as a member of the cast sees them. The clock stands at a moment the tests choose."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
from conftest import NOW, Cast
from django.test import Client

from linli.kit import clock
from linli.kit.ids import uuid7

Desk = Callable[[str], Client]


@dataclass
class Watch:
    """What time the desk believes it is."""

    at: datetime = NOW

    def on(self, **span: float) -> datetime:
        self.at += timedelta(**span)
        return self.at


@pytest.fixture
def watch(monkeypatch: pytest.MonkeyPatch) -> Watch:
    """The clock of the views, which starts when the reports come in."""
    watch = Watch()
    monkeypatch.setattr(clock, "now", lambda: watch.at)
    return watch


@pytest.fixture
def desk(cast: Cast, watch: Watch) -> Desk:
    """A signed-in browser of somebody of the cast, by name."""

    def sign_in(name: str) -> Client:
        client = Client(raise_request_exception=True)
        client.force_login(cast.people[name], backend="allauth.account.auth_backends.AuthenticationBackend")
        return client

    return sign_in


@pytest.fixture
def lamp(report: Callable[..., Any]) -> Any:
    """A street lamp that was reported a moment ago; its case."""
    return report(contact_name="王女士", contact_phone="0712-0000-777").case


@pytest.fixture
def press(watch: Watch) -> Callable[..., Any]:
    """Posts the form of a move, with a fresh command id and the version given or the present one."""

    def press(client: Client, case: Any, verb: str, **data: Any) -> Any:
        case.refresh_from_db()
        posted = {"command_id": str(uuid7()), "version": case.version, **data}
        return client.post(f"/desk/cases/{case.number}/moves/{verb}", posted)

    return press


@pytest.fixture
def in_talks(dispute: Callable[..., Any], cast: Cast, watch: Watch) -> Any:
    """A dispute that 程立新 mediates with 余海波 keeping the record; both parties know their rights."""
    from linli.cases import actions as cases
    from linli.mediation import actions as mediations
    from linli.mediation.rules import QUESTIONS

    case = dispute().case
    who: dict[str, Any] = {"case": case.pk, "by": cast["mediator"]}
    cases.advance(verb="ask", at=watch.on(minutes=1), command_id=uuid7(), **who)
    for party in (1, 2):
        for matter in ("willing", "rights"):
            mediations.answer(
                party=party, matter=matter, answer=True, how="spoken", at=watch.on(minutes=1), **who
            )
    mediations.set_test(
        answers={question.name: question.wanted for question in QUESTIONS}, at=watch.on(minutes=1), **who
    )
    mediations.accept(at=watch.on(minutes=1), command_id=uuid7(), **who)
    mediations.appoint(
        case=case.pk,
        mediators=[cast.people["mediator"]],
        recorder=cast.people["second_mediator"],
        chosen_by_parties=False,
        by=cast["chair"],
        at=watch.on(minutes=1),
        command_id=uuid7(),
    )
    mediations.begin(at=watch.on(minutes=1), command_id=uuid7(), **who)
    case.refresh_from_db()
    return case
