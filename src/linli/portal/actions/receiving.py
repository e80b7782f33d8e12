"""Takes a report of the public form in, or holds it where its sender or the county is over a budget."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from linli.people.actions import rates
from linli.portal.actions import budget, holding, intake
from linli.portal.models import Held
from linli.service_requests import actions as service_requests


@dataclass(frozen=True)
class Sender:
    """Where a report comes from, and the sum its browser did for the form."""

    address: str
    challenge: str
    proof: str


def receive(
    *,
    submission: service_requests.Submission,
    same_as: UUID | None,
    command_id: UUID,
    sender: Sender,
    at: datetime,
) -> service_requests.Receipt | Held:
    """The receipt of what was taken in, or what is held. Raises BadData and CommandReused as `take_in` does.

    What is sent again, because the answer was lost, fares as it did at first and costs its sender nothing. Whether it
    was sent before is asked only where a budget is full or reports are held: in calm times nobody has to.
    """
    service_requests.check(submission)
    charged = budget.charge(address=sender.address, challenge=sender.challenge, proof=sender.proof, at=at)
    before = holding.reasons_of(command_id) if charged.full or holding.is_any() else []
    if before or (charged.full and not holding.is_taken_in(command_id)):
        if before:
            rates.give_back(charged.taken)
        return holding.hold(
            submission=submission,
            reasons=before or charged.full,
            command_id=command_id,
            at=at,
            same_as=same_as,
        )
    receipt = intake.take_in(submission=submission, same_as=same_as, command_id=command_id, at=at)
    if not receipt.is_new:
        rates.give_back(charged.taken)
    return receipt
