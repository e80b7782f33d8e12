"""Keeping without using: a locked case is in no list, page or file of the desk, until somebody unlocks it."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from linli.cases.actions import CaseNotFound, NotAllowed
from linli.cases.models import Case
from linli.people.access import Actor
from linli.privacy.models import Hold, Lock


def lock(*, case_id: UUID, why: str, by: Actor, at: datetime) -> Lock:
    """Locks a closed case; an open one is needed by whoever works on it. One that is locked stays so."""
    with transaction.atomic():
        case = Case.objects.select_for_update().get(pk=case_id)
        if case.is_open:
            raise NotAllowed(_("事项还没办结，办理要用，不能封存。请先办结，或者写明理由答复。"))
        standing = Lock.objects.filter(case_id=case_id, ended_at=None).first()
        if standing is not None:
            return standing
        Case.objects.filter(pk=case_id).update(is_locked=True)
        return Lock.objects.create(case_id=case_id, why=why[:200], by_id=by.person_id, since=at)


def unlock(*, case_id: UUID, by: Actor, at: datetime) -> None:
    """Ends the lock. CaseNotFound where none stands."""
    with transaction.atomic():
        standing = Lock.objects.filter(case_id=case_id, ended_at=None)
        if not standing.update(ended_at=at, ended_by_id=by.person_id):
            raise CaseNotFound
        Case.objects.filter(pk=case_id).update(is_locked=False)


def hold(*, case_id: UUID, why: str, by: Actor, at: datetime) -> Hold:
    """Keeps a case beyond its time; one already held stays held."""
    assert by.person_id is not None
    standing = Hold.objects.standing().filter(case_id=case_id).first()
    return standing or Hold.objects.create(case_id=case_id, why=why[:200], by_id=by.person_id, since=at)


def release(*, case_id: UUID, by: Actor, at: datetime) -> None:
    """Ends a hold. CaseNotFound where none stands."""
    standing = Hold.objects.standing().filter(case_id=case_id)
    if not standing.update(ended_at=at, ended_by_id=by.person_id):
        raise CaseNotFound
