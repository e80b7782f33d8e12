"""What a party said in a separate talk: its mediator alone reads it, unless that party releases it.

There is deliberately nothing here that counts talks or lists them across parties.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from linli.cases import actions as cases
from linli.cases.models import Event
from linli.kit import text as words
from linli.kit.ids import derived, uuid7
from linli.kit.sealing import part_of, vault
from linli.mediation.actions.sittings import held
from linli.mediation.models import Assignment, AssignmentRole, Party, Talk
from linli.mediation.rules import readers
from linli.people.access import Actor
from linli.people.models import Person

LONGEST = 10_000


def talk(
    *,
    case: UUID,
    party: int,
    text: str,
    held_at: datetime,
    by: Actor,
    at: datetime,
    command_id: UUID | None = None,
) -> Talk:
    """Keeps what a party said. No event, so that nobody else learns there was a talk at all."""
    said = words.clean(text)
    with transaction.atomic():
        locked = held(case, by)
        if by.person_id is None or not _mediates(case, by.person_id):
            raise cases.NotAllowed(_("单独谈话由调解员自己记。"))
        if not locked.is_open:
            raise cases.OutOfOrder(_("这一件已经办结，不能再记谈话。"))
        row = Talk(
            case_id=case,
            id=derived(command_id, "talk") if command_id else uuid7(),
            party=party,
            mediator_id=by.person_id,
            text=said,
            held_at=held_at,
            at=at,
        )
        known = Talk.objects.filter(case_id=case, id=row.id).first()
        if known is not None:
            return _repeated(known, row)
        _check(row, at)
        hearers = [readers.person(row.mediator_id), readers.party(party)]
        vault.make(case, hearers, part_of(row))
        row.save(force_insert=True)
    return row


def release_talk(*, case: UUID, talk: UUID, party: int, by: Actor, at: datetime, command_id: UUID) -> Event:
    """The party itself lets everybody in the case read what it said; nobody can do that for it, or undo it."""
    with transaction.atomic():
        cases.lock(case, by)
        if by.kind != "reporter" or by.case_id != case:
            raise cases.NotAllowed(_("只有说这段话的一方能公开它。"))
        row = Talk.objects.select_for_update().filter(case_id=case, id=talk, party=party).first()
        if row is None:
            raise cases.CaseNotFound
        if row.released_at is not None:
            return _released_before(case, command_id)
        event = cases.advance(
            case=case, verb="release", by=by, at=at, command_id=command_id, data={}, facts={"party": party}
        )
        vault.admit(case, [readers.EVERYBODY], part_of(row))
        Talk.objects.filter(case_id=case, id=talk).update(released_at=at)
    return event


def talks_for(case_id: UUID, person: Person) -> list[Talk]:
    """The talks this mediator held, as long as they mediate the case."""
    if not _mediates(case_id, person.pk):
        return []
    return held_by(case_id, person.pk)


def held_by(case_id: UUID, person_id: UUID | None) -> list[Talk]:
    """The talks of a case that were sealed for this mediator, whatever the table says."""
    rows = Talk.objects.filter(case_id=case_id, mediator_id=person_id).order_by("held_at", "id")
    return [row for row in rows if readers.hears(row, readers.person(person_id))]


def talks_of_party(case_id: UUID, number: int) -> list[Talk]:
    """What this party itself said, for the party alone."""
    rows = Talk.objects.filter(case_id=case_id, party=number).order_by("held_at", "id")
    return [row for row in rows if readers.hears(row, readers.party(number))]


def released(case_id: UUID) -> list[Talk]:
    """What parties have let everybody in the case read."""
    rows = Talk.objects.filter(case_id=case_id, released_at__isnull=False)
    return [row for row in rows.order_by("released_at", "id") if readers.hears(row, readers.EVERYBODY)]


def _mediates(case_id: UUID, person_id: UUID) -> bool:
    current = Assignment.objects.current().filter(case_id=case_id, role=AssignmentRole.MEDIATOR)
    return current.filter(person_id=person_id).exists()


def _check(row: Talk, at: datetime) -> None:
    errors = {}
    if not Party.objects.filter(case_id=row.case_id, number=row.party).exists():
        errors["party"] = _("请选是哪一方说的。")
    if not row.text:
        errors["text"] = _("请写下谈话内容。")
    elif len(row.text) > LONGEST:
        errors["text"] = _("谈话内容最多%(n)d个字，现在是%(have)d个。") % {
            "n": LONGEST,
            "have": len(row.text),
        }
    if row.held_at > at:
        errors["held_at"] = _("谈话时间不能在现在之后。")
    if errors:
        raise cases.BadData(errors)


def _repeated(known: Talk, row: Talk) -> Talk:
    if (known.party, known.text, known.mediator_id) != (row.party, row.text, row.mediator_id):
        raise cases.CommandReused
    return known


def _released_before(case: UUID, command_id: UUID) -> Event:
    first = Event.objects.filter(case_id=case, command_id=command_id, verb="release").first()
    if first is None:
        raise cases.OutOfOrder(_("这段谈话已经公开过了。"))
    return first
