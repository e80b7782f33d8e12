"""What a case is found by: number, title, address and what was said for everybody who may see it to read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from django.db import connection

from linli.cases.models import Case, CaseText, Event
from linli.cases.procedures import Procedure
from linli.kit import text

# By kind of case: the words by which everybody may find it, as they stand now.
SHOWN: dict[str, Callable[[Case], str]] = {}


def show(kind: str, words: Callable[[Case], str]) -> None:
    """Says how the words of a kind of case for everybody are found; there are none for any other."""
    SHOWN[kind] = words


def said(event: Event, procedure: Procedure) -> Iterator[str]:
    """What was said in an event, as far as whoever sees the case reads it: never an internal note."""
    if not procedure.is_searched or (event.verb == "note" and not event.is_public):
        return
    if event.number == 1:
        names = ["text"]
    else:
        names = [need.name for need in procedure.move_of(event.kind).needs if need.kind == "text"]
    yield from (str(event.data[name]) for name in names if event.data.get(name))


def pieces(case: Case, events: Iterable[Event]) -> Iterator[str]:
    """Everything a case is found by but its number, without personal numbers: they find nobody."""
    for part in (
        case.title,
        case.address,
        *(each for event in events for each in said(event, case.procedure)),
    ):
        if part:
            yield masked(part)


def masked(words: str) -> str:
    return text.mask(words, text.mask_candidates(words))


def text_of(case: Case, events: Iterable[Event], shown: str = "") -> CaseText:
    """The searched words of a case with these events, and those by which everybody finds it."""
    words = text.folded("\n".join([case.number, *pieces(case, events)]))
    shown = text.folded(shown)
    return CaseText(
        case_id=case.pk, at=case.received_at, words=words, grams=words, shown=shown, shown_grams=shown
    )


def learn(case: Case, event: Event) -> None:
    """Adds what an event says to what its case is found by: one statement, none where nothing is said."""
    words = text.folded("\n".join(masked(part) for part in said(event, case.procedure)))
    if not words:
        return
    grams = CaseText._meta.get_field("grams").get_db_prep_value(words, connection)
    more: Any = grams if isinstance(grams, list) else f" {grams}"
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE cases_casetext SET words = words || ' ' || %s, grams = grams || %s WHERE case_id = %s",
            [words, more, _key(case)],
        )


def index_again(case: Case) -> None:
    """Makes a case findable by what stands in it now, and by nothing that was erased or corrected."""
    shown = SHOWN[case.kind](case) if case.kind in SHOWN else ""
    row = text_of(case, Event.objects.filter(case_id=case.pk).order_by("number"), shown)
    CaseText.objects.filter(case_id=case.pk).update(
        words=row.words, grams=row.words, shown=row.shown, shown_grams=row.shown
    )


def hide(case: Case) -> None:
    """From now on only who may see the case finds it."""
    CaseText.objects.filter(case_id=case.pk).update(shown="", shown_grams="")


def _key(case: Case) -> Any:
    return case.pk if connection.vendor == "postgresql" else case.pk.hex
