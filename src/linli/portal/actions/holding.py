"""Reports over the budget: kept whole, with the reasons, until somebody at the desk takes them in or declines them.

Whoever sent one has a code at once: that of the case it becomes, for the code is made from the command. Taken in, the
promise counts from the day it was sent.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from linli.cases.models import Case
from linli.documents import actions as documents
from linli.orgs.lookup import memory
from linli.orgs.models import Organisation, within
from linli.people.access import Actor
from linli.people.actions import note_change
from linli.portal.actions.intake import take_in
from linli.portal.models import Held, HeldQuerySet, HeldState
from linli.service_requests import actions as service_requests
from linli.service_requests.actions.submitting import digest_of

KEPT = timedelta(days=30)  # after the decision
_any = memory.Memory()
WHY_DECLINED = ("spam", "repeated", "empty", "abuse")


class AlreadyDecided(Exception):
    """Somebody else was quicker."""


def hold(
    *,
    submission: service_requests.Submission,
    reasons: list[str],
    command_id: UUID,
    at: datetime,
    same_as: UUID | None = None,
) -> Held:
    """Keeps a report for a person to look at. Raises BadData as `submit` does; a repeated command changes nothing."""
    service_requests.check(submission)
    place = submission.place
    assert place is not None
    code = service_requests.tracking_code(command_id)
    row = Held(
        id=command_id,
        digest=digest_of(code),
        at=at,
        place_path=place.path,
        accused_path=submission.accused.path if submission.accused else "",
        reasons=reasons,
        content=_written(submission, same_as),
    )
    _any.forget()
    with transaction.atomic():
        Held.objects.bulk_create([row], ignore_conflicts=True)
        documents.keep(upload_ids=[UUID(photo) for photo in submission.photos], at=at + KEPT)
    return row


def is_any() -> bool:
    """Whether any report is held at all; a process may be a second behind the others."""
    return _any.get("held", Held.objects.exists)


def reasons_of(command_id: UUID) -> list[str]:
    """Why a report was held that was sent before; none, where it was not."""
    return Held.objects.filter(pk=command_id).values_list("reasons", flat=True).first() or []


def is_taken_in(command_id: UUID) -> bool:
    return Case.objects.filter(pk=command_id).exists()


def find_held(code: str) -> Held | None:
    """The report of a code that nobody has taken in yet, or that was declined."""
    return Held.objects.filter(digest=digest_of(code)).exclude(state=HeldState.RELEASED).first()


def waiting_for(actor: Actor) -> HeldQuerySet:
    """What waits in the actor's area; never an accusation of one of their own units."""
    if not actor.path:
        return Held.objects.none()
    rows = Held.objects.filter(within("place_path", actor.path), state=HeldState.WAITING)
    return rows.exclude(accused_path__in=actor.ancestor_paths)


def release(*, held: Held, by: Actor, at: datetime) -> service_requests.Receipt:
    """Takes it in, as of the moment it was sent. Raises BadData where that is no longer possible."""
    with transaction.atomic():
        _decide([held.pk], HeldState.RELEASED, by, at)
        submission, same_as = _read(held.content)
        receipt = take_in(submission=submission, same_as=same_as, command_id=held.pk, at=held.at)
        _note(held, "held.released", by, at)
    return receipt


def decline(*, held: Iterable[Held], why: str, by: Actor, at: datetime) -> int:
    """Declines reports, with a reason their senders read under the code."""
    rows = list(held)
    with transaction.atomic():
        done = _decide([row.pk for row in rows], HeldState.DECLINED, by, at, why=why)
        for row in rows:
            _note(row, "held.declined", by, at)
    return done


def sweep(*, at: datetime) -> int:
    """Deletes what was decided a month ago."""
    return Held.objects.filter(decided_at__lt=at - KEPT).delete()[0]


def _decide(keys: list[UUID], state: str, by: Actor, at: datetime, why: str = "") -> int:
    """Claims them by a conditional update, so that two people at two desks never decide twice."""
    mine = Held.objects.filter(pk__in=keys, state=HeldState.WAITING)
    done = mine.update(state=state, decided_by_id=by.person_id, decided_at=at, why=why)
    if done != len(keys):
        raise AlreadyDecided(_("别人刚刚处理过，请刷新再看。"))
    return done


def _note(held: Held, what: str, by: Actor, at: datetime) -> None:
    note_change(by=by, at=at, what=what, target=("held", held.pk, ""), after={"reasons": held.reasons})


def _written(submission: service_requests.Submission, same_as: UUID | None) -> dict[str, Any]:
    place, accused = submission.place, submission.accused
    plain = {name: value for name, value in vars(submission).items() if name not in ("place", "accused")}
    return {
        **plain,
        "place": str(place.pk) if place else "",
        "accused": str(accused.pk) if accused else "",
        "same_as": str(same_as) if same_as else "",
    }


def _read(content: dict[str, Any]) -> tuple[service_requests.Submission, UUID | None]:
    given = dict(content)
    same_as = given.pop("same_as")
    place, accused = _unit(given.pop("place")), _unit(given.pop("accused"))
    found = service_requests.Submission(**given, place=place, accused=accused)
    return found, UUID(same_as) if same_as else None


def _unit(key: str) -> Organisation | None:
    return Organisation.objects.filter(pk=key).first() if key else None
