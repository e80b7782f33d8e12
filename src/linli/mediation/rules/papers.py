"""Which papers the file must hold, which points the record, and which signatures the agreement (人民调解法 27—29)."""

from __future__ import annotations

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
    signed = Signature.objects.valid().filter(case_id=paper.case_id, paper=paper.id, sha256=paper.sha256)
    rows = list(signed.values_list("signer", "party", "person"))
    parties = {party for signer, party, _person in rows if signer == Signer.PARTY}
    wanted = Party.objects.present().filter(case_id=paper.case_id)
    if paper.party is not None:
        wanted = wanted.filter(number=paper.party)
    missing: list[tuple[Signer, int | None]] = [
        (Signer.PARTY, number)
        for number in wanted.order_by("number").values_list("number", flat=True)
        if number not in parties
    ]
    mediators = set(
        Assignment.objects.filter(case_id=paper.case_id, role=AssignmentRole.MEDIATOR).values_list(
            "person", flat=True
        )
    )
    if not any(signer == Signer.MEDIATOR and person in mediators for signer, _party, person in rows):
        missing.append((Signer.MEDIATOR, None))
    if with_seal and not any(signer == Signer.SEAL for signer, _party, _person in rows):
        missing.append((Signer.SEAL, None))
    return missing


def missing_points(paper: Paper) -> list[int]:
    """Numbers, from 1, of the seven points of a record that are empty. The seventh is the signatures themselves."""
    points = paper.content.get("points", [])
    written = [str(point).strip() for point in points] + [""] * len(POINTS)
    return [number for number, text in enumerate(written[: len(POINTS) - 1], start=1) if not text]


def missing_papers(matter: Mediation) -> list[PaperKind]:
    """The papers a file of this outcome must hold and does not (司法部人民调解文书格式，“必须”各项)."""
    held = set(
        Paper.objects.current().filter(case_id=matter.case_id).values_list("kind", flat=True).distinct()
    )
    missing = []
    if not held & {PaperKind.APPLICATION, PaperKind.REGISTER}:
        missing.append(PaperKind.REGISTER)
    wanted = [PaperKind.RIGHTS, PaperKind.IDENTITY]
    if matter.outcome in (Outcome.SUCCEEDED, Outcome.FAILED):
        wanted.append(PaperKind.RECORD)
    if matter.outcome == Outcome.SUCCEEDED and not held & {PaperKind.AGREEMENT, PaperKind.ORAL}:
        wanted.append(PaperKind.AGREEMENT)
    missing += [kind for kind in wanted if kind not in held]
    records = current(matter.case_id, PaperKind.RECORD)
    if PaperKind.RECORD in wanted and PaperKind.RECORD not in missing and any(map(missing_points, records)):
        missing.append(PaperKind.RECORD)
    return missing
