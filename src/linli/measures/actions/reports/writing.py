"""From a unit and a period to documents in every language, and from those to files."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from functools import partial
from typing import Any

from django.conf import settings
from django.utils import translation

from linli.documents.render import reports as render
from linli.ledger import actions as ledger
from linli.measures.actions import counting
from linli.measures.actions.reports import monthly, months, weekly, weeks
from linli.orgs.models import Organisation
from linli.people.access import Actor

FORMS = ("pdf", "docx")
Documents = dict[str, dict[str, Any]]


def settle(*, at: datetime) -> None:
    """Gives everything that has happened its place in the ledger, signs it, and counts it."""
    while ledger.sequence():
        pass
    while ledger.make_checkpoint(at=at):
        pass
    while counting.count():
        pass


def month_of(*, unit: Organisation, month: date, at: datetime) -> Documents:
    """The report of a month, by language, from one reading of the sums."""
    found = months.read(unit=unit, month=month, at=at)
    return _in_every_language(partial(monthly.document, found))


def week_of(*, unit: Organisation, reader: Actor, first: date, at: datetime) -> Documents:
    """The digest of the week from that Monday, as `reader` sees it."""
    found = weeks.read(unit=unit, reader=reader, first=first, at=at)
    return _in_every_language(partial(weekly.document, found))


def _in_every_language(write: Callable[[], dict[str, Any]]) -> Documents:
    documents = {}
    for language, _name in settings.LANGUAGES:
        with translation.override(language):
            documents[language] = write()
    return documents


def file(document: dict[str, Any], form: str, *, at: datetime) -> bytes:
    """A report as a file (pdf, docx), its links leading to this server. `at` is when it was made."""
    if form == "docx":
        return render.docx(document, base=settings.PUBLIC_URL)
    return render.pdf(document, base=settings.PUBLIC_URL, dated=at)
