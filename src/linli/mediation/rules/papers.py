"""Which papers the file must hold, which points the record, and which signatures the agreement (人民调解法 27—29)."""

from __future__ import annotations

from collections.abc import Container, Iterable
from uuid import UUID

from django.utils.translation import gettext_noop

from linli.mediation.models import (
    Assignment,
    AssignmentRole,
    Mediation,
    Outcome,
    Paper,
    PaperKind,
    Party,
    Signature,
    Signer,
)

POINTS = (
    gettext_noop("告知权利义务"),
    gettext_noop("说明原则和调解人员"),
    gettext_noop("双方陈述"),
    gettext_noop("查明的事实"),
    gettext_noop("告知风险"),
    gettext_noop("协议内容，或者不成的原因和其他途径"),
    gettext_noop("各方签名"),
)


def current(case_id: UUID, kind: PaperKind) -> list[Paper]:
    return list(Paper.objects.current().filter(case_id=case_id, kind=kind).order_by("at"))


def missing_signatures(paper: Paper, *, with_seal: bool = True) -> list[tuple[Signer, int | None]]:
    """Who has yet to sign this exact text: each party present, a mediator of the case, and the committee's seal."""
    own = {"case_id": paper.case_id}
    mediators = Assignment.objects.filter(**own, role=AssignmentRole.MEDIATOR).values_list(
        "person", flat=True
    )
    return lacking_signatures(
        paper,
        Party.objects.present().filter(**own).order_by("number"),
        Signature.objects.valid().filter(**own, paper=paper.id, sha256=paper.sha256),
        set(mediators),
        with_seal=with_seal,
    )


def lacking_signatures(
    paper: Paper,
    present: Iterable[Party],
    signatures: Iterable[Signature],
    mediators: Container[UUID | None],
    *,
    with_seal: bool = True,
) -> list[tuple[Signer, int | None]]:
    """The same of rows that were loaded before: the parties present, and the signatures that stand under the text."""
    signed = list(signatures)
    parties = {each.party for each in signed if each.signer == Signer.PARTY}
    wanted = [party.number for party in present if paper.party in (None, party.number)]
    missing: list[tuple[Signer, int | None]] = [
        (Signer.PARTY, number) for number in wanted if number not in parties
    ]
    if not any(each.signer == Signer.MEDIATOR and each.person_id in mediators for each in signed):
        missing.append((Signer.MEDIATOR, None))
    if with_seal and not any(each.signer == Signer.SEAL for each in signed):
        missing.append((Signer.SEAL, None))
    return missing


def missing_points(paper: Paper) -> list[int]:
    """Numbers, from 1, of the seven points of a record that are empty. The seventh is the signatures themselves."""
    points = paper.content.get("points", [])
    written = [str(point).strip() for point in points] + [""] * len(POINTS)
    return [number for number, text in enumerate(written[: len(POINTS) - 1], start=1) if not text]


def missing_papers(matter: Mediation) -> list[PaperKind]:
    """The papers a file of this outcome must hold and does not (司法部人民调解文书格式，“必须”各项)."""
    return lacking_papers(matter, Paper.objects.current().filter(case_id=matter.case_id).order_by("at"))


def lacking_papers(matter: Mediation, papers: Iterable[Paper]) -> list[PaperKind]:
    """The same of papers that were loaded before."""
    there = list(papers)
    held = {paper.kind for paper in there}
    missing = []
    if not held & {PaperKind.APPLICATION, PaperKind.REGISTER}:
        missing.append(PaperKind.REGISTER)
    wanted = [PaperKind.RIGHTS, PaperKind.IDENTITY]
    if matter.outcome in (Outcome.SUCCEEDED, Outcome.FAILED):
        wanted.append(PaperKind.RECORD)
    if matter.outcome == Outcome.SUCCEEDED and not held & {PaperKind.AGREEMENT, PaperKind.ORAL}:
        wanted.append(PaperKind.AGREEMENT)
    missing += [kind for kind in wanted if kind not in held]
    records = [paper for paper in there if paper.kind == PaperKind.RECORD]
    if PaperKind.RECORD in wanted and PaperKind.RECORD not in missing and any(map(missing_points, records)):
        missing.append(PaperKind.RECORD)
    return missing
