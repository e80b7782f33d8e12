"""Lists of the cases behind numbers that no column of a case tells: of a problem, and of rounds of screening.

Written in the address as `problem:<id>` or `rounds:<code of a unit>:<month>`; the reader sees those they may see.
"""

from __future__ import annotations

from datetime import date
from uuid import UUID

from django.db.models import Q
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from linli.measures.actions import problems
from linli.measures.models import Problem
from linli.mediation.actions import screening
from linli.orgs.models import Organisation

PROBLEM, ROUNDS = "problem", "rounds"


def href(*of: str) -> str:
    """The list of all cases so written, open or closed."""
    return f"{reverse('web:cases')}?{urlencode({'open': 'all', 'of': ':'.join(of)})}"


def of_problem(problem: Problem) -> str:
    return href(PROBLEM, str(problem.pk))


def of_rounds(unit: Organisation, month: date) -> str:
    return href(ROUNDS, unit.code, f"{month:%Y-%m}")


def cases_of(written: str) -> Q:
    """The cases; none for what makes no sense, all where nothing is written."""
    if not written:
        return Q()
    sort, *rest = written.split(":")
    try:
        if sort == PROBLEM:
            return _of_problem(UUID(rest[0]))
        code, month = rest
        return _of_rounds(code, date.fromisoformat(f"{month}-01")) if sort == ROUNDS else Q(pk__in=[])
    except (IndexError, ValueError):
        return Q(pk__in=[])


def words(written: str) -> str:
    """What it is in words, without saying which: that is known to whoever came from there."""
    return {PROBLEM: _("一个源头问题的事项"), ROUNDS: _("排查登记的纠纷")}.get(written.split(":")[0], written)


def _of_problem(pk: UUID) -> Q:
    found = Problem.objects.select_related("organisation").filter(pk=pk).first()
    return Q(pk__in=problems.cases_of(found).values("pk") if found else [])


def _of_rounds(code: str, month: date) -> Q:
    unit = Organisation.objects.filter(code=code).first()
    return Q(pk__in=screening.registered(unit.path, month).values("pk") if unit else [])
