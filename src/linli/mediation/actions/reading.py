"""Who may open the content of a mediation, and the record of everybody who did."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from linli.cases import actions as cases
from linli.cases.models import Case
from linli.kit.text import clean
from linli.ledger import actions as ledger
from linli.mediation.models import Assignment, Purpose, Reader
from linli.mediation.rules import readers
from linli.people.access import Actor
from linli.people.models import Person
from linli.privacy.actions import purposes, reads
from linli.privacy.actions.openings import Openings
from linli.privacy.models import Group, Read

KINDS = ("mediation", "mediation_medical", "mediation_labour")
BEFORE_A_MEDIATOR = frozenset({"diverted", "consent_check", "accepted"})
EVERYTHING = (Group.PARTIES, Group.WORDS, Group.PAPERS, Group.PHOTOS, Group.TALKS, Group.HISTORY)
# What each page or file of a mediation shows; a paper where none is named.
SHOWN: dict[str, tuple[Group, ...]] = {
    "page": EVERYTHING,
    "dossier": EVERYTHING,
    "api": (Group.PARTIES, Group.WORDS, Group.PAPERS, Group.TALKS, Group.HISTORY),
    "sessions": (Group.PARTIES, Group.TALKS),
    "photo": (Group.PHOTOS,),
    "letter": (Group.PARTIES,),
}


def may_read(case_id: UUID, actor: Actor) -> bool:
    """Whether a post may open the content: who mediates it, whom the case names, and who is taking it in.

    Nobody may because they stand above in the tree (人民调解法 15；trust in what is said in the room).
    """
    if actor.kind == "system":
        return True
    if actor.person_id is None:
        return False
    mine = {"case_id": case_id, "person_id": actor.person_id, "ended_at": None}
    if Assignment.objects.filter(**mine).exists() or Reader.objects.filter(**mine).exists():
        return (
            readers.admits(case_id, readers.person(actor.person_id))
            and Case.objects.visible_to(actor).filter(pk=case_id).exists()
        )
    return takes_in(case_id, actor)


def takes_in(case_id: UUID, actor: Actor) -> bool:
    """Whether the post is at the committee that takes the case in, until it has a mediator."""
    if not actor.may("mediation.accept") or actor.organisation_id is None:
        return False
    taking_in = Case.objects.filter(pk=case_id, holder_id=actor.organisation_id, state__in=BEFORE_A_MEDIATOR)
    return taking_in.exists() and readers.admits(case_id, readers.unit(actor.organisation_id))


def is_named(case_id: UUID, actor: Actor) -> bool:
    """Whether the post reads as a named officer, who says what for, and not as a mediator of the case."""
    if actor.person_id is None:
        return False
    return not Assignment.objects.current().filter(case_id=case_id, person_id=actor.person_id).exists()


def held(case: UUID, by: Actor) -> Case:
    """The case, held for this transaction, for whoever may read it and do the work; CaseNotFound for others."""
    locked = cases.lock(case, by)
    if by.kind == "system":
        return locked
    if not may_read(case, by):
        raise cases.CaseNotFound
    if not by.may("mediation.accept"):
        raise cases.NotAllowed(_("您现在的岗位不能做这一步。"))
    return locked


def open_content(*, case: Case, actor: Actor, purpose: str, what: str, at: datetime) -> None:
    """Writes down who opens what for which purpose, before any of it is shown; CaseNotFound for strangers.

    Raises ledger.Unwitnessed while no witness would notice if the record were taken away again.
    """
    if actor.kind != "system" and (actor.person_id is None or not may_read(case.pk, actor)):
        raise cases.CaseNotFound
    if actor.kind != "system" and purpose not in Purpose.values:
        raise cases.BadData({"purpose": _("请选打开的用途。")})
    if actor.kind != "system":
        ledger.require_witness(at)
    groups = SHOWN.get(what, (Group.PARTIES, Group.PAPERS))
    reads.note(case=case, by=actor, what=what, groups=groups, at=at, purpose=purpose)


def name_reader(*, case: UUID, person: Person, why: str, by: Actor, at: datetime) -> Reader:
    """The case names an officer who may read it, with the reason; somebody already named stays named."""
    words = " ".join(clean(why).split())
    if not 2 <= len(words) <= 120:
        raise cases.BadData({"why": _("请写明理由，2 到 120 个字。")})
    with transaction.atomic():
        held(case, by)
        known = Reader.objects.filter(case_id=case, person=person, ended_at=None).first()
        if known is not None:
            return known
        return admit_reader(case, person.pk, words, by.person_id or person.pk, at)


def admit_reader(case: UUID, person_id: UUID, why: str, named_by: UUID, at: datetime) -> Reader:
    """Names somebody in the tables and on the sealed list."""
    readers.admit(case, [person_id])
    return Reader.objects.create(case_id=case, person_id=person_id, why=why, named_by_id=named_by, since=at)


def readings_of(case_id: UUID) -> list[Read]:
    """Everybody who opened the case, latest first."""
    return Openings(Case.objects.get(pk=case_id)).newest()


def seen_by_parties(case: Case) -> Openings:
    """The openings every party is told of alike: all but those of whoever mediates it or keeps its record.

    When those open it could tell one party of separate talks with another; that they may is told instead.
    """
    return Openings(case, without=Assignment.objects.filter(case_id=case.pk).values("person_id"))


def install() -> None:
    """Makes known what a mediation may be opened for."""
    purposes.add(KINDS, Purpose.choices)
