"""What moves of a mediation do to its own row, inside the one door, whoever makes them."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from django.db.models import Max
from django.utils import timezone

from linli.cases.actions.turn import Turn
from linli.kit.sealing import vault
from linli.mediation.models import (
    Bar,
    Committee,
    Confirmation,
    FileNumber,
    Form,
    Instalment,
    Mediation,
    Outcome,
    Paper,
    PaperKind,
)
from linli.mediation.rules import readers

OUTCOMES = {
    "decline": Outcome.REFUSED,
    "fail": Outcome.FAILED,
    "expire": Outcome.EXPIRED,
    "withdraw": Outcome.TERMINATED,
    "note_withdrawal": Outcome.TERMINATED,
}


def _rows(turn: Turn) -> Mediation:
    return Mediation.objects.get(pk=turn.case.pk)


def _today(turn: Turn) -> date:
    return timezone.localtime(turn.received_at).date()


def admit_committee(turn: Turn) -> None:
    """The committee that has to take the case in may read what it is about."""
    vault.admit(turn.case.pk, [readers.unit(turn.case.holder_id)])


def take_in(turn: Turn) -> None:
    """Notes the day of acceptance and gives the case its file number."""
    matter = _rows(turn)
    matter.accepted_on = _today(turn)
    matter.file_number = _file_number(turn, matter.accepted_on.year)
    matter.save(update_fields=["accepted_on", "file_number"])


def _file_number(turn: Turn, year: int) -> str:
    """〔2026〕小河人调字第47号: numbered through each committee's year; of two at one moment one tries again."""
    committee = Committee.objects.filter(pk=turn.case.holder_id).first()
    if committee is None:
        return ""
    taken = FileNumber.objects.filter(committee=committee, year=year)
    number = (taken.aggregate(last=Max("number"))["last"] or 0) + 1
    FileNumber.objects.create(committee=committee, year=year, number=number, case=turn.case.pk)
    return f"〔{year}〕{committee.file_mark}人调字第{number}号"  # zh: an official number


def give_up(turn: Turn) -> None:
    matter = _rows(turn)
    matter.outcome, matter.ended_on = OUTCOMES[turn.move.verb], _today(turn)
    matter.save(update_fields=["outcome", "ended_on"])


def note_routes(turn: Turn) -> None:
    Mediation.objects.filter(pk=turn.case.pk).update(routes_told_at=turn.received_at)


def settle(turn: Turn) -> None:
    """An agreement is in effect: its day, the first day something falls due, and the way to the court.

    A written one from the last signature or seal, which is this very moment; an oral one from its day (人民调解法
    29, 30). The window for judicial confirmation opens by itself, except where a court may not confirm (解释 355).
    """
    matter = _rows(turn)
    is_written = turn.move.verb == "take_effect"
    matter.form = Form.WRITTEN if is_written else Form.ORAL
    matter.outcome = Outcome.SUCCEEDED
    matter.effective_at, matter.effective_on = turn.received_at, _today(turn)
    matter.ended_on = matter.effective_on
    bar = _agreed(turn.case.pk, is_written).content.get("bar", "")
    matter.bar = bar if bar in Bar.values else ""
    matter.confirmation = Confirmation.BARRED if matter.bar else Confirmation.OPEN
    matter.save(
        update_fields=["form", "outcome", "effective_at", "effective_on", "ended_on", "bar", "confirmation"]
    )
    if matter.bar:
        turn.withheld.add("confirmation")
    turn.facts["effective_on"] = matter.effective_on.isoformat()
    set_next_due(turn)


def _agreed(case_id: UUID, is_written: bool) -> Paper:
    kind = PaperKind.AGREEMENT if is_written else PaperKind.ORAL
    return Paper.objects.current().filter(case_id=case_id, kind=kind).latest("at")


def set_next_due(turn: Turn) -> None:
    """The earliest day on which something still has to be done under the agreement."""
    undone = Instalment.objects.filter(case_id=turn.case.pk, done_on=None)
    first = undone.order_by("due_on").values_list("due_on", flat=True).first()
    turn.facts["next_due"] = first.isoformat() if first else None


def apply_to_court(turn: Turn) -> None:
    Mediation.objects.filter(pk=turn.case.pk).update(confirmation=Confirmation.APPLIED)


def note_court(turn: Turn) -> None:
    Mediation.objects.filter(pk=turn.case.pk).update(confirmation=turn.data["result"])


def close_confirmation(turn: Turn) -> None:
    open_ones = Mediation.objects.filter(pk=turn.case.pk, confirmation=Confirmation.OPEN)
    open_ones.update(confirmation=Confirmation.CLOSED)


def put_away(turn: Turn) -> None:
    matter = _rows(turn)
    matter.retention = matter.retention or "long"
    matter.save(update_fields=["retention"])


EFFECTS = (
    admit_committee,
    take_in,
    give_up,
    note_routes,
    settle,
    set_next_due,
    apply_to_court,
    note_court,
    close_confirmation,
    put_away,
)
