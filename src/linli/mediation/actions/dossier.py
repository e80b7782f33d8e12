"""The whole file of a mediation (一案一卷): every paper in order, with who signed it, ready to be printed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from django.utils import timezone, translation

from linli.documents.actions import sealing
from linli.documents.models import Attachment
from linli.documents.render import papers as render
from linli.mediation.models import (
    Assignment,
    AssignmentRole,
    Committee,
    Companion,
    CompanionRole,
    FormTemplate,
    Instalment,
    Mediation,
    Paper,
    PaperKind,
    Party,
    Signature,
    Signer,
)
from linli.mediation.rules.papers import POINTS, missing_papers

FORMS = Path(__file__).resolve().parent.parent / "papers"
SOURCE_LANGUAGE = "zh-hans"
ORDER = {kind: place for place, kind in enumerate(PaperKind.values)}
STAFF_ROLES = {
    PaperKind.INVESTIGATION: "investigator",
    PaperKind.FOLLOW_UP: "visitor",
    PaperKind.REGISTER: "registrar",
}
RETENTION = {"long": "长期", "short": "短期", "permanent": "永久"}  # zh: printed on the cover


@dataclass(frozen=True)
class Listed:
    """A line of the list of contents: a paper that is there, or one that must be and is not."""

    kind: PaperKind
    paper: Paper | None = None
    is_missing: bool = False


@dataclass
class _Gathered:
    """What every paper of one case shares."""

    matter: Mediation
    parties: list[Party]
    companions: list[Companion]
    signatures: list[Signature]
    mediators: list[str]
    committee: str
    photos: dict[UUID, list[Attachment]]


def in_order(papers: Sequence[Paper]) -> list[Paper]:
    """Current papers in the order of the file."""
    return sorted(papers, key=lambda paper: (ORDER[paper.kind], paper.at, paper.id))


def contents(matter: Mediation) -> list[Listed]:
    """What is in the file, and what must still come, in the order of the file."""
    held = [Listed(PaperKind(paper.kind), paper) for paper in in_order(_current(matter.case_id))]
    incomplete = missing_papers(matter)
    there = {each.kind for each in held}
    lines = [Listed(each.kind, each.paper, each.kind in incomplete) for each in held]
    lines += [Listed(kind, None, True) for kind in incomplete if kind not in there]
    return sorted(lines, key=lambda line: ORDER[line.kind])


def papers_of(case_id: UUID) -> list[render.Paper]:
    """Every current paper of the file, as it is printed."""
    gathered = _gather(case_id)
    return [_printed(paper, gathered) for paper in in_order(_current(case_id))]


def printed(paper: Paper) -> render.Paper:
    """One version of one paper, with the signatures that stand under it."""
    return _printed(paper, _gather(paper.case_id))


def cover_of(case_id: UUID) -> dict[str, Any]:
    gathered = _gather(case_id)
    matter = gathered.matter
    return {
        "name": matter.subject,
        "number": matter.file_number,
        "committee": gathered.committee,
        "mediators": gathered.mediators,
        "from": _iso(matter.accepted_on),
        "to": _iso(matter.ended_on),
        "compiled_by": (gathered.mediators or [""])[0],
        "compiled_on": _iso(_archived_on(matter)),
        "retention": RETENTION.get(matter.retention, matter.retention),
        "note": "",
    }


def dossier_pdf(case_id: UUID, at: datetime) -> bytes:
    """The whole file as one PDF/A, its pages counted through."""
    with translation.override(SOURCE_LANGUAGE):
        return render.dossier_pdf(FORMS, papers_of(case_id), cover=cover_of(case_id), dated=at)


def paper_pdf(paper: Paper, at: datetime) -> bytes:
    with translation.override(SOURCE_LANGUAGE):
        one = printed(paper)
        return render.pdf(FORMS, [one], title=one.title, dated=at)


def dossier_docx(case_id: UUID, at: datetime) -> bytes:
    """The whole file as one Word file, an administrator's own templates in the place of ours."""
    with translation.override(SOURCE_LANGUAGE):
        return render.dossier_docx(FORMS, papers_of(case_id), cover=cover_of(case_id), own=own_templates())


def paper_docx(paper: Paper) -> bytes:
    with translation.override(SOURCE_LANGUAGE):
        return render.docx(FORMS, printed(paper), template=own_templates().get(paper.kind))


def _current(case_id: UUID) -> list[Paper]:
    return list(Paper.objects.current().filter(case_id=case_id))


def _archived_on(matter: Mediation) -> date | None:
    closed_at = matter.case.closed_at
    return timezone.localtime(closed_at).date() if closed_at else None


def _gather(case_id: UUID) -> _Gathered:
    matter = Mediation.objects.select_related("case__holder", "category").get(pk=case_id)
    committee = Committee.objects.select_related("organisation").filter(pk=matter.case.holder_id).first()
    mediating = Assignment.objects.filter(case_id=case_id, role=AssignmentRole.MEDIATOR, ended_at=None)
    names = mediating.select_related("person").order_by("since", "id")
    return _Gathered(
        matter=matter,
        parties=list(Party.objects.filter(case_id=case_id).order_by("number")),
        companions=list(Companion.objects.filter(case_id=case_id, ended_at=None).order_by("id")),
        signatures=list(Signature.objects.valid().filter(case_id=case_id).order_by("at", "id")),
        mediators=[each.person.name for each in names],
        committee=committee.organisation.name if committee else "",
        photos={},
    )


def _printed(paper: Paper, gathered: _Gathered) -> render.Paper:
    kind = PaperKind(paper.kind)
    under = [s for s in gathered.signatures if s.paper == paper.id and s.sha256 == paper.sha256]
    seal = next((s for s in under if s.signer == Signer.SEAL), None)
    data = {
        "committee": gathered.committee,
        "file_number": gathered.matter.file_number,
        "subject": gathered.matter.subject,
        "parties": [_party(party, gathered, paper.at) for party in _parties(paper, gathered)],
        "date": timezone.localtime(paper.at).date().isoformat(),
        "remark": "",
        **_content(kind, paper, gathered),
        "signatures": [_signed(s, kind, gathered) for s in under if s.signer != Signer.SEAL],
        "seal": {"committee": gathered.committee, "at": seal.at.isoformat()} if seal else None,
    }
    return render.Paper(paper.kind, "", data, _pictures(paper))


def _parties(paper: Paper, gathered: _Gathered) -> list[Party]:
    """Those a paper names: a party's own paper names that party alone, except where it says who both sides are."""
    own = [party for party in gathered.parties if party.number == paper.party]
    names_all = paper.kind in (PaperKind.APPLICATION, PaperKind.LEGAL_AID)
    return own if own and not names_all else gathered.parties


def _party(party: Party, gathered: _Gathered, at: datetime) -> dict[str, Any]:
    age = party.age_on(timezone.localtime(at).date())
    speaks = [
        each.name
        for each in gathered.companions
        if each.party == party.number and each.role != CompanionRole.HELPER
    ]
    return {
        "side": party.side,
        "name": party.name,
        "sex": party.get_sex_display() if party.sex else "",
        "ethnicity": party.ethnicity,
        "age": "" if age is None else str(age),
        "occupation": party.occupation,
        "address": party.address,
        "phone": party.phone,
        "is_body": party.is_body,
        "representative": (speaks or [""])[0] if party.is_body else "",
    }


def _content(kind: PaperKind, paper: Paper, gathered: _Gathered) -> dict[str, Any]:
    """The fields of the paper itself, in the shape its form wants."""
    content = dict(paper.content)
    matter = gathered.matter
    if kind == PaperKind.RECORD:
        texts = [*content.get("points", []), *[""] * len(POINTS)][: len(POINTS)]
        content["points"] = [
            {"title": title, "text": text} for title, text in zip(POINTS, texts, strict=True)
        ]
    if kind in (PaperKind.AGREEMENT, PaperKind.ORAL):
        content["effective_on"] = _iso(matter.effective_on)
        content["mediator"] = "、".join(gathered.mediators)  # zh: joins names on an official paper
    if kind == PaperKind.CONFIRMATION:
        content |= {"number": matter.file_number, "effective_on": _iso(matter.effective_on)}
    if kind == PaperKind.CLOSING:
        content |= {
            "unit": gathered.committee,
            "accepted_on": _iso(matter.accepted_on),
            "closed_on": _iso(matter.ended_on),
            "source": matter.get_source_display(),
        }
    if kind == PaperKind.LEGAL_AID:
        content |= _for_legal_aid(paper, gathered)
    return content


def _for_legal_aid(paper: Paper, gathered: _Gathered) -> dict[str, Any]:
    """Whoever asks for legal aid is the applicant, on whichever side of the dispute they stand."""
    asks = next((p for p in gathered.parties if p.number == paper.party), gathered.parties[0])
    others = [p for p in gathered.parties if p.side != asks.side]
    return {
        "applicant": _party(asks, gathered, paper.at),
        "respondent": [_party(party, gathered, paper.at) for party in others],
    }


def _signed(signature: Signature, kind: PaperKind, gathered: _Gathered) -> dict[str, Any]:
    role, name = str(signature.signer), signature.name
    if signature.signer == Signer.MEDIATOR:
        role = STAFF_ROLES.get(kind, role)
    if signature.agent:
        role, name = "agent", f"{signature.agent}（代 {signature.name}）"  # zh: on an official paper
    return {
        "role": role,
        "name": name,
        "image": bytes(signature.image) or None,
        "at": signature.at.isoformat(),
        "how": signature.get_how_display(),
    }


def _pictures(paper: Paper) -> list[bytes]:
    """Photos filed with the paper; one whose bytes are gone is left out rather than the whole file."""
    wanted = [UUID(each) for each in paper.content.get("photos") or []]
    rows = Attachment.objects.filter(case_id=paper.case_id, id__in=wanted)
    found = {photo.id: photo for photo in rows}
    pictures = []
    for photo_id in wanted:
        photo = found.get(photo_id)
        if photo is not None and photo.file.is_file():
            pictures.append(sealing.read(photo))
    return pictures


def _iso(day: date | None) -> str:
    return day.isoformat() if day else ""


def performance_of(case_id: UUID) -> list[dict[str, str]]:
    """What was performed so far, as the rows of a proof of performance."""
    rows = Instalment.objects.filter(case_id=case_id).exclude(done_on=None).order_by("due_on", "position")
    return [
        {
            "what": row.what,
            "amount": "" if row.amount is None else f"{row.amount:,.2f}",
            "due_on": _iso(row.due_on),
            "done_on": _iso(row.done_on),
            "note": row.note,
        }
        for row in rows
    ]


def own_templates() -> dict[str, bytes]:
    """Word templates an administrator put in the place of ours, by kind of paper."""
    return {row.kind: bytes(row.docx) for row in FormTemplate.objects.all()}
