"""A request or a move with the photos that belong to it: both or neither."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from linli.cases import actions as cases
from linli.cases.models import Event
from linli.documents import actions as documents
from linli.documents.models import Purpose
from linli.people.access import Actor
from linli.service_requests.actions.submitting import Receipt, Submission, submit

PURPOSES = {
    "progress": Purpose.PROGRESS,
    "feedback": Purpose.FEEDBACK,
    "self_handle": Purpose.FEEDBACK,
    "verify": Purpose.VERIFICATION,
    "fail_check": Purpose.VERIFICATION,
}


def submit_with_photos(
    *, submission: Submission, by: Actor, at: datetime, command_id: UUID, claimed_at: datetime | None = None
) -> Receipt:
    """Takes a request in as `submit` does. A repeated command has attached its photos already."""
    with transaction.atomic():
        receipt = submit(submission=submission, by=by, at=at, command_id=command_id, claimed_at=claimed_at)
        if receipt.is_new:
            _attach(receipt.event, submission.photos, Purpose.REPORT, is_public=True, by=by)
    return receipt


def advance_with_photos(
    *,
    case: UUID,
    verb: str,
    by: Actor,
    at: datetime,
    command_id: UUID,
    data: Mapping[str, Any],
    version: int | None = None,
    claimed_at: datetime | None = None,
    facts: Mapping[str, Any] | None = None,
) -> Event:
    """Makes a move as `advance` does. A repeated command has attached its photos already."""
    with transaction.atomic():
        event = cases.advance(
            case=case,
            verb=verb,
            by=by,
            at=at,
            command_id=command_id,
            data=data,
            version=version,
            claimed_at=claimed_at,
            facts=facts,
        )
        if event.received_at == at:
            purpose = PURPOSES.get(verb, Purpose.OTHER)
            _attach(event, event.data.get("photos", ()), purpose, is_public=event.is_public, by=by)
    return event


def attach_late(event: Event, photos: Sequence[str], verb: str, by: Actor) -> None:
    """The photos of a note that came too late to be that move: for the staff alone, as the note is."""
    _attach(event, photos, PURPOSES.get(verb, Purpose.OTHER), is_public=False, by=by)


def _attach(event: Event, photos: Any, purpose: Purpose, *, is_public: bool, by: Actor) -> None:
    documents.attach(
        upload_ids=[UUID(photo) for photo in photos],
        case_id=event.case_id,
        event_number=event.number,
        purpose=purpose,
        is_public=is_public,
        at=event.received_at,
        by_label=by.organisation.label if by.organisation else "",
    )
