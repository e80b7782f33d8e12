"""What a search found, as a list shows it: the words looked for marked in the title and where they were said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from linli.cases.actions import finding
from linli.cases.models import Case, Event
from linli.kit import text

WIDTH = 60
SAID = ("case_id", "number", "kind", "verb", "is_public", "data")


@dataclass(frozen=True)
class Excerpt:
    """The title with its hits, and a line of the first other text that has one."""

    title: list[text.Piece] = field(default_factory=list)
    line: list[text.Piece] = field(default_factory=list)


def excerpts(cases: Sequence[Case], query: str) -> dict[UUID, Excerpt]:
    """By case; one statement for all of them, none without a query."""
    wanted = text.terms(query)
    if not wanted or not cases:
        return {}
    events: dict[UUID, list[Event]] = {case.pk: [] for case in cases}
    for event in Event.objects.filter(case_id__in=events).only(*SAID).order_by("case_id", "number"):
        events[event.case_id].append(event)
    return {case.pk: _excerpt(case, events[case.pk], wanted) for case in cases}


def _excerpt(case: Case, events: list[Event], wanted: list[str]) -> Excerpt:
    title, *others = [text.marked(piece, wanted, WIDTH) for piece in finding.pieces(case, events)]
    lines = [line for line in others if any(piece.is_hit for piece in line)]
    return Excerpt(title, lines[0] if lines else [])
