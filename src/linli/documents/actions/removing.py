"""Photos of a case go when what was said in it goes."""

from __future__ import annotations

from functools import partial

from django.db import transaction
from django.db.models import Q

from linli.cases.models import Case, Event
from linli.documents.actions import storing
from linli.documents.models import Attachment
from linli.privacy.actions import keepers


def remove_all(case: Case) -> keepers.Removed:
    """Every photo of a case; returns how many."""
    return _remove(list(Attachment.objects.filter(case_id=case.pk)))


def remove_own(case: Case) -> keepers.Removed:
    """The photos its reporter took; those units took of their work stay."""
    own = Event.objects.filter(case_id=case.pk).filter(Q(actor_kind="reporter") | Q(number=1))
    numbers = list(own.values_list("number", flat=True))
    return _remove(list(Attachment.objects.filter(case_id=case.pk, event_number__in=numbers)))


def _remove(photos: list[Attachment]) -> keepers.Removed:
    """Rows at once, bytes once that stands."""
    for photo in photos:
        Attachment.objects.filter(case_id=photo.case_id, id=photo.id).delete()
        transaction.on_commit(partial(storing.unlink, photo.file, photo.thumbnail_file))
    return {"photos": len(photos)}


def install() -> None:
    """Has photos go with the words of a case."""
    if remove_all not in keepers.also:
        keepers.also.append(remove_all)
