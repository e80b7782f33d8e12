"""What the kernel itself does after an event."""

from __future__ import annotations

from datetime import datetime

from linli.cases.actions import Reaction, advance
from linli.cases.actions.referrals import report_back
from linli.cases.models import Case, Event
from linli.kit.ids import uuid7
from linli.people.access import SYSTEM


def _close_members(event: Event, at: datetime) -> None:
    """Closes every case merged into the one that closed, so that each reporter gets the answer."""
    members = Case.objects.filter(group=event.case_id, state="merged").exclude(pk=event.case_id)
    for member_id in members.values_list("pk", flat=True):
        advance(case=member_id, verb="close_with_head", by=SYSTEM, at=at, command_id=uuid7())


close_members = Reaction(
    name="cases.close_members",
    wants=lambda event, move: move.to in ("closed", "declined") and event.verb != "close_with_head",
    run=_close_members,
)

return_referral = Reaction(
    name="cases.return_referral",
    wants=lambda event, move: bool(move.to) and bool(event.case.procedure.states[event.state].outcome),
    run=report_back,
)
