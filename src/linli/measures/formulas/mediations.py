"""The month of people's mediation, in the columns justice bureaus print (domain: judicial statistics, 2016).

Accepted are the disputes taken in during the month; succeeded are those of them that came to an agreement in effect,
written or oral. The rate is of all accepted, not of those finished: 842 of 869 printed as 96.9 %. A month therefore
still improves while its last disputes are being mediated. For the desks of the county, not for publication: small
cells are not hidden.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from django.db.models import Count, Q, QuerySet, Sum
from django.utils.translation import get_language

from linli.mediation.models import Category, Mediation, Outcome, Source
from linli.orgs.models import Kind, Organisation, within

DASH = "—"
IN_ORDER = (Source.PROACTIVE, Source.APPLIED, Source.ENTRUSTED)
Cells = Sequence[Mapping[str, Any]]
TENTH, CENT, MILLION, TEN_THOUSAND = Decimal("0.1"), Decimal("0.01"), Decimal(1_000_000), Decimal(10_000)


@dataclass(frozen=True)
class Line:
    """A source or category: how many were accepted, how many of them succeeded, and its share in per cent."""

    code: str
    label: str
    accepted: int
    succeeded: int
    share: Decimal | None

    @property
    def share_words(self) -> str:
        return percent_words(self.share)


@dataclass(frozen=True)
class MediationMonth:
    """One month of a unit. `rate` is None without a case, `amount` (yuan) without an agreement that names one."""

    unit: Organisation
    month: date
    accepted: int
    succeeded: int
    rate: Decimal | None
    sources: tuple[Line, ...]
    categories: tuple[Line, ...]
    amount: Decimal | None

    @property
    def rate_words(self) -> str:
        return percent_words(self.rate)

    @property
    def amount_words(self) -> str:
        """In the unit people count in: 2873.8 (ten thousands of yuan), or 28.738 (millions) in English."""
        if self.amount is None:
            return DASH
        in_english = (get_language() or "").startswith("en")
        return f"{(self.amount / (MILLION if in_english else TEN_THOUSAND)).normalize():f}"


def percent(part: int, whole: int) -> Decimal | None:
    """A share to one place, half up as printed; None of nothing."""
    if not whole:
        return None
    return (Decimal(100 * part) / whole).quantize(TENTH, ROUND_HALF_UP)


def percent_words(value: Decimal | None) -> str:
    return DASH if value is None else f"{value}%"


def mediation_month(unit: Organisation, month: date) -> MediationMonth:
    """The month of a place and everything below it; of a committee, what it mediated. Always two statements."""
    done = Q(outcome=Outcome.SUCCEEDED)
    counted = accepted_in(unit, month).order_by().values("source", "category_id")
    cells = list(
        counted.annotate(n=Count("pk"), done=Count("pk", filter=done), sum=Sum("amount", filter=done))
    )
    total, amounts = sum(cell["n"] for cell in cells), [cell["sum"] for cell in cells]
    known = [amount for amount in amounts if amount is not None]
    succeeded = sum(cell["done"] for cell in cells)
    return MediationMonth(
        unit=unit,
        month=month.replace(day=1),
        accepted=total,
        succeeded=succeeded,
        rate=percent(succeeded, total),
        sources=tuple(_line("source", each.value, str(each.label), cells, total) for each in IN_ORDER),
        categories=tuple(_by_category(cells, total)),
        amount=sum(known, Decimal()).quantize(CENT) if known else None,
    )


def accepted_in(unit: Organisation, month: date) -> QuerySet[Mediation]:
    """The disputes such a month counts; those of them that succeeded are told by their outcome."""
    first = month.replace(day=1)
    following = (first + timedelta(days=32)).replace(day=1)
    axis = "holder" if unit.kind == Kind.COMMITTEE else "place"
    return Mediation.objects.filter(
        within(f"case__{axis}_path", unit.path), accepted_on__gte=first, accepted_on__lt=following
    )


def _by_category(cells: Cells, total: int) -> Iterable[Line]:
    """Every category of the list in its order; one no longer in use only where something was counted."""
    for row in Category.objects.order_by("position", "code"):
        line = _line("category_id", row.code, row.label, cells, total)
        if row.is_active or line.accepted:
            yield line


def _line(axis: str, code: str, label: str, cells: Cells, total: int) -> Line:
    mine = [cell for cell in cells if cell[axis] == code]
    accepted = sum(cell["n"] for cell in mine)
    succeeded = sum(cell["done"] for cell in mine)
    return Line(code, label, accepted, succeeded, percent(accepted, total))
