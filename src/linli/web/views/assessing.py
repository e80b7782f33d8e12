"""What went well and wrong in one case, against the procedure's own clocks: a fragment of its page."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from linli.cases.procedures.calendar import current
from linli.cases.procedures.limits import Limit, remaining
from linli.kit import clock
from linli.measures.actions.assessing import Assessment, Part, Ran, assess
from linli.measures.formulas import indicators
from linli.measures.formulas.indicators import Count
from linli.people.access import post_of, requires
from linli.privacy.actions import reads
from linli.privacy.models import Group

from . import casefile
from .filters import KIND


@dataclass(frozen=True)
class Row:
    """A clock in words: its limit with what was added, and how it ended."""

    ran: Ran
    limit: str
    ended: str


@dataclass(frozen=True)
class Line:
    """A unit with its faults in words."""

    part: Part
    faults: list[tuple[Count, datetime, Decimal]]


@requires("case.view")
@require_safe
def assessment(request: HttpRequest, number: str) -> HttpResponse:
    """Of a request or a mediation that has been finished at least once; there is none of anything else."""
    post, at = post_of(request), clock.now()
    case, _said = casefile.find(number, post)
    found = assess(case.pk)
    if found is None:
        raise Http404
    reads.note(case=case, by=post, what="assessment", groups=[Group.HISTORY], at=at)
    counts, moves = indicators.counts(), case.procedure.moves
    context = {
        "case": case,
        "found": found,
        "is_request": case.kind == KIND,
        "contact": _contact(found),
        "rows": [_row(ran, at) for ran in found.clocks],
        "happened": [
            (moves[event.verb].done, event.at, unit) for event, unit in found.happened if event.verb in moves
        ],
        "lines": [
            Line(part, [(counts[fault.name], fault.at, points) for fault, points in part.faults])
            for part in found.parts
        ],
    }
    return render(request, "web/assessment.html", context)


def _contact(found: Assessment) -> str:
    """How long the reporter waited for a first answer."""
    if found.answered_at is None:
        return ""
    return remaining(found.received_at, max(found.answered_at, found.received_at), current()).span_words


def _row(ran: Ran, at: datetime) -> Row:
    return Row(ran, _("，").join(_limits(ran)), _ended(ran, at))


def _limits(ran: Ran) -> Iterator[str]:
    if ran.clock.limit:
        yield Limit.parse(ran.clock.limit).words
    for each in ran.extensions:
        yield _("延期%(limit)s") % {"limit": Limit.parse(each).words}
    if ran.pauses:
        yield ngettext("暂停过 %(n)d 次", "暂停过 %(n)d 次", ran.pauses) % {"n": ran.pauses}


def _ended(ran: Ran, at: datetime) -> str:
    due_at, stopped_at = ran.clock.due_at, ran.clock.stopped_at
    if due_at is None:
        return _("暂停中") if stopped_at is None else _("暂停中结束")
    left = remaining(due_at, stopped_at or at, current())
    if ran.is_late or left.is_late:
        return left.words
    return _("按时，提前 %(span)s") % {"span": left.span_words} if stopped_at else left.words
