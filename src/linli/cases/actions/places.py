"""Keeps the paths cases carry in step with the tree."""

from __future__ import annotations

from uuid import UUID

from django.db import connection
from django.db.models import F, Value
from django.db.models.functions import Concat, Substr

from linli.cases.models import Case, Clock, Partner, Task
from linli.orgs.models import Organisation, within


def standing(organisation_id: UUID) -> Organisation | None:
    """A unit nobody has closed, with its path as it is now and stays until the end of this transaction.

    A move of the unit waits for us on PostgreSQL and then rewrites the copy of the path we make; holding the key
    only, we do not wait for one another. SQLite lets nobody else write meanwhile anyway.
    """
    if connection.vendor == "postgresql":
        locking = "SELECT * FROM orgs_organisation WHERE id = %s AND valid_until IS NULL FOR KEY SHARE"
        return next(iter(Organisation.objects.raw(locking, [organisation_id])), None)
    return Organisation.objects.filter(pk=organisation_id, valid_until=None).first()


def stands(path: str) -> bool:
    """Whether a unit has this path now, and keeps it until the end of this transaction."""
    found = Organisation.objects.filter(path=path).values_list("pk", flat=True).first()
    held = standing(found) if found is not None else None
    return held is not None and held.path == path


def as_it_stands(unit: Organisation) -> Organisation | None:
    """As `standing`, for a unit at hand: read again whole only where it has been moved since."""
    asked = "SELECT path FROM orgs_organisation WHERE id = %s AND valid_until IS NULL"
    on_postgresql = connection.vendor == "postgresql"
    with connection.cursor() as cursor:
        key = unit.pk if on_postgresql else unit.pk.hex
        cursor.execute(asked + " FOR KEY SHARE" if on_postgresql else asked, [key])
        found = cursor.fetchone()
    return unit if found == (unit.path,) else standing(unit.pk)


def follow_move(old: str, new: str) -> None:
    """Rewrites the copies of a moved subtree's paths, in the transaction of the move."""
    for model, fields in ((Case, ("place_path", "holder_path", "accused_path")), (Partner, ("path",))):
        for field in fields:
            rest = Substr(F(field), len(old) + 1)
            model.objects.filter(within(field, old)).update(**{field: Concat(Value(new), rest)})


def follow_merger(closed: Organisation, into: Organisation) -> None:
    """Open matters of a unit that was merged go on in the one it became part of; so does what it is accused of."""
    old, new = closed.path, into.path
    Case.objects.filter(accused_path=old).update(accused_path=new)
    Case.objects.filter(place=closed).update(place_path=new)
    Case.objects.filter(place=closed, is_open=True).update(place=into)
    Case.objects.filter(holder=closed).update(holder_path=new)
    Case.objects.filter(holder=closed, is_open=True).update(holder=into)
    Partner.objects.filter(organisation=closed).update(path=new)
    Task.objects.filter(organisation=closed).update(organisation=into)
    Clock.objects.filter(organisation=closed, stopped_at=None).update(organisation=into)
