"""From agreed terms to an agreement in effect: what is to be done, by whom, until when (人民调解法 28—31)."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from linli.cases.models import Case
from linli.kit.ids import derived
from linli.mediation.actions.steps import step
from linli.mediation.models import Instalment, Mediation, Paper, PaperKind
from linli.mediation.rules.papers import missing_signatures
from linli.people.access import SYSTEM


def put_in_effect(case: UUID, paper: Paper, at: datetime, command_id: UUID) -> bool:
    """Lets a written agreement take effect once every party, a mediator and the seal stand under this very text."""
    if paper.kind != PaperKind.AGREEMENT or missing_signatures(paper):
        return False
    if Case.objects.filter(pk=case).values_list("state", flat=True).get() != "agreement_written":
        return False
    take_over_terms(paper)
    step("take_effect", case=case, by=SYSTEM, at=at, command_id=derived(command_id, "take effect"))
    return True


def take_over_terms(paper: Paper) -> None:
    """Writes the instalments and the amount of an agreement to the tables that watch over them."""
    rows = [
        _instalment(paper, place, row)
        for place, row in enumerate(paper.content.get("instalments") or [], start=1)
    ]
    Instalment.objects.filter(case_id=paper.case_id).delete()
    Instalment.objects.bulk_create(rows)
    amount = paper.content.get("amount") or None
    Mediation.objects.filter(pk=paper.case_id).update(amount=Decimal(amount) if amount else None)


def _instalment(paper: Paper, place: int, row: dict[str, Any]) -> Instalment:
    return Instalment(
        case_id=paper.case_id,
        id=derived(paper.id, f"instalment{place}"),
        position=place,
        party=int(row["party"]),
        what=row["what"],
        amount=Decimal(row["amount"]) if row.get("amount") else None,
        due_on=date.fromisoformat(row["due_on"]),
    )
