"""Papers of the file and the signatures under them. A changed word makes a new version, which nobody has signed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from linli.cases import actions as cases
from linli.cases.actions import BadData, CaseNotFound, NotAllowed, StaleCase
from linli.cases.models import Case
from linli.documents import actions as documents
from linli.documents.models import Purpose as PhotoPurpose
from linli.kit.ids import derived, uuid7
from linli.kit.text import clean
from linli.mediation.actions.reading import held
from linli.mediation.actions.steps import step
from linli.mediation.models import Mediation, Paper, PaperKind, Party, Signature
from linli.mediation.rules.forms import spotless
from linli.mediation.rules.texts import fingerprint, text_of
from linli.people.access import Actor

AGREED = frozenset({PaperKind.AGREEMENT, PaperKind.ORAL})  # one of each kind in a case


def write(
    *,
    case: UUID,
    kind: str,
    content: Mapping[str, Any],
    by: Actor,
    at: datetime,
    lineage: UUID | None = None,
    seen: int | None = None,
    party: int | None = None,
    is_joint: bool = False,
    sitting: UUID | None = None,
    photos: Sequence[UUID] = (),
    paper_id: UUID | None = None,
) -> Paper:
    """Files a paper, or a new version of one. The same words again change nothing.

    `seen` is the version the editor began from: StaleCase where another came between. Signatures under the version
    before are void. A party may file its own papers only.
    """
    with transaction.atomic():
        locked = _held(case, party, is_joint, by)
        if not locked.is_open:
            raise NotAllowed(_("卷宗已经归档或者没有受理，不能再加文书。"))
        matter = Mediation.objects.get(pk=case)
        before = _before(locked, lineage, kind, seen)
        given = {**spotless(content), "photos": _photos(before, photos)}
        text = text_of(kind, given, matter)
        if before is not None and before.content == given and before.text == text:
            return before
        _check_agreed(locked, matter, kind, is_first=lineage is None and before is not None)
        paper = Paper(
            case_id=case,
            id=paper_id or uuid7(),
            version=before.version + 1 if before else 1,
            kind=kind,
            party=before.party if before else party,
            is_joint=before.is_joint if before else is_joint,
            sitting=sitting,
            content=given,
            text=text,
            sha256=fingerprint(text),
            author_id=by.person_id,
            at=at,
        )
        paper.lineage = before.lineage if before else paper.id
        _supersede(before, at)
        paper.save(force_insert=True)
        _note(locked, paper, by, at, photos)
    return paper


def _held(case: UUID, party: int | None, is_joint: bool, by: Actor) -> Case:
    if by.kind != "reporter":
        return held(case, by)
    own = not is_joint and party is not None and Party.objects.filter(case_id=case, number=party).exists()
    if not own:
        raise CaseNotFound
    return cases.lock(case, by)


def _check_agreed(case: Case, matter: Mediation, kind: str, *, is_first: bool) -> None:
    """What was agreed is not rewritten once it is in effect, nor over a draft the writer has not seen."""
    if kind in AGREED and matter.effective_at is not None:
        raise NotAllowed(_("协议已经生效，不能再改。"))
    if is_first:
        raise StaleCase(case)


def _before(case: Case, lineage: UUID | None, kind: str, seen: int | None) -> Paper | None:
    if lineage is None and kind in AGREED:
        return Paper.objects.current().filter(case_id=case.pk, kind=kind).first()
    if lineage is None:
        return None
    before = Paper.objects.current().filter(case_id=case.pk, lineage=lineage).first()
    if before is None or before.kind != kind:
        raise CaseNotFound
    if seen is not None and seen != before.version:
        raise StaleCase(case)
    return before


def _photos(before: Paper | None, photos: Sequence[UUID]) -> list[str]:
    """Photos filed with the versions before, and the new ones."""
    known = list(before.content.get("photos", [])) if before else []
    return known + [str(photo) for photo in photos if str(photo) not in known]


def _supersede(before: Paper | None, at: datetime) -> None:
    if before is None:
        return
    Paper.objects.filter(case_id=before.case_id, id=before.id).update(is_current=False)
    Signature.objects.valid().filter(case_id=before.case_id, paper=before.id).update(voided_at=at)


def _note(case: Case, paper: Paper, by: Actor, at: datetime, photos: Sequence[UUID]) -> None:
    """Staff leave a trail without words; what a party files for itself leaves none that another could see."""
    number = case.version
    if by.kind == "staff" and case.state in case.procedure.moves["write"].origins:
        facts = {"paper": paper.kind, "version": paper.version, "sha256": paper.sha256}
        command = derived(paper.id, "write")
        number = step("write", case=case.pk, by=by, at=at, command_id=command, facts=facts).number
    attach(case.pk, number, photos, by, at)


def attach(case: UUID, number: int, photos: Sequence[UUID], by: Actor, at: datetime) -> None:
    """Ties photos to the case; the public never sees them."""
    documents.attach(
        upload_ids=list(photos),
        case_id=case,
        event_number=number,
        purpose=PhotoPurpose.OTHER,
        is_public=False,
        at=at,
        by_label=by.label,
    )


def day_of(at: datetime) -> str:
    return timezone.localtime(at).date().isoformat()


def words_of(text: str, most: int, name: str) -> str:
    """One cleaned line, or BadData naming the field."""
    words = " ".join(clean(text).split())
    if len(words) > most:
        raise BadData({name: _("最多%(n)d个字。") % {"n": most}})
    return words
