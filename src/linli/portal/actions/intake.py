"""Takes in what somebody typed on the portal: request, photos and the matter it repeats, all or nothing."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from linli.cases import actions as cases
from linli.cases.models import Case, Event
from linli.documents import actions as documents
from linli.documents.models import Purpose
from linli.kit.ids import uuid7
from linli.people import scope
from linli.people.access import SYSTEM, Actor
from linli.service_requests import actions as service_requests


def take_in(
    *,
    submission: service_requests.Submission,
    same_as: UUID | None = None,
    command_id: UUID,
    at: datetime,
) -> service_requests.Receipt:
    """A request of a resident without an account. `same_as` is the open case the resident says it repeats.

    The new case then joins that one's group at once: its reporter sees the steps of the other and gets the answer.
    Raises BadData and CommandReused as `service_requests.submit` does. A repeated command changes nothing.
    """
    by = Actor.reporter(command_id)
    is_all = not submission.photos and same_as is None  # submit is one transaction by itself
    with nullcontext() if is_all else transaction.atomic():
        receipt = service_requests.submit(submission=submission, by=by, at=at, command_id=command_id)
        if receipt.is_new:
            _attach(submission.photos, receipt.event, Purpose.REPORT, at)
            if same_as is not None:
                _join(receipt.case, same_as, at)
    return receipt


def make_move(*, case: Case, verb: str, data: dict[str, object], command_id: UUID, at: datetime) -> Event:
    """A move of the person who reported, with photos where the move takes them."""
    by = Actor.reporter(case.pk)
    with transaction.atomic():
        known = Event.objects.filter(case_id=case.pk, command_id=command_id).exists()
        event = cases.advance(case=case.pk, verb=verb, by=by, at=at, command_id=command_id, data=data)
        photos = data.get("photos")
        if not known and isinstance(photos, list):
            _attach(photos, event, Purpose.OTHER, at)
    return event


def _attach(photos: Sequence[str], event: Event, purpose: Purpose, at: datetime) -> None:
    documents.attach(
        upload_ids=[UUID(photo) for photo in photos],
        case_id=event.case_id,
        event_number=event.number,
        purpose=purpose,
        is_public=True,
        at=at,
        by_label=_("反映人"),
    )


@scope.everything()  # the other is found by its signed mark, published or not
def _join(case: Case, head_id: UUID, at: datetime) -> None:
    """Merges the new case with the one it repeats; where that has closed meanwhile it stays a case of its own."""
    head = Case.objects.filter(pk=head_id, is_open=True, accused_path="").first()
    if head is None or case.accused_path:
        return
    try:
        cases.advance(
            case=case.pk, verb="merge", by=SYSTEM, at=at, command_id=uuid7(), data={"head": head.number}
        )
    except cases.NotAllowed:
        return
