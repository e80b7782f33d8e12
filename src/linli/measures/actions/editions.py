"""Publishing a month: its figures and its edition of open data, from one reading of the database."""

from __future__ import annotations

import hashlib
from datetime import date, datetime

from django.db import transaction
from django.db.models import Max, Min, QuerySet
from django.utils.translation import gettext as _

from linli.measures import formulas
from linli.measures.formulas import Period
from linli.measures.models import Edition, MonthlyFigures
from linli.orgs.models import Organisation, within


class EditionError(Exception):
    """The month cannot be published; says why, in the reader's language."""


class MonthRuns(EditionError):
    """An edition holds only periods that are over."""


class NothingYet(EditionError):
    """Nothing was reported before the month was over."""


class FiguresAlone(EditionError):
    """The month's figures were counted before: an edition counted later could differ from them by one matter."""


def publish_edition(*, county: Organisation, month: date, at: datetime) -> Edition:
    """The edition of a month that is over, made once and never again; the month's figures come out with it."""
    first = month.replace(day=1)
    known = editions_of(county).filter(month=first).first()
    if known is not None:
        return known
    if formulas.bounds(county, first)[1] > at:
        raise MonthRuns(_("%(month)s还没有过完，过完才能公布。") % {"month": f"{first:%Y-%m}"})
    seen = formulas.requests().filter(within("place_path", county.path))
    if not seen.filter(received_at__lt=formulas.bounds(county, first)[1]).exists():
        raise NothingYet(_("%(month)s和以前没有收到过事项，没有可公布的。") % {"month": f"{first:%Y-%m}"})
    publish_month(county=county, month=first, at=at)
    made = editions_of(county).filter(month=first).first()
    if made is None:
        raise FiguresAlone(
            _("%(month)s的数字早已单独公布，不再补出开放数据：两次清点可能差一件，一比就知道是哪一件。")
            % {"month": f"{first:%Y-%m}"}
        )
    return made


def publish_month(*, county: Organisation, month: date, at: datetime) -> MonthlyFigures:
    """Counts a month once and keeps what was counted. Of two at the same time one counts in vain."""
    known = MonthlyFigures.objects.filter(organisation=county, month=month).first()
    if known is not None:
        return known
    found = formulas.read_month(county, _period(county, month))
    counts = formulas.month_counts(county, month, found.accepted)
    with transaction.atomic():
        figures, is_new = MonthlyFigures.objects.get_or_create(
            organisation=county, month=month, defaults={"published_at": at, "counts": counts}
        )
        if is_new:
            _write(county, month, found, at)
    return figures


def editions_of(county: Organisation) -> QuerySet[Edition]:
    """The editions of a county, newest first."""
    return Edition.objects.filter(organisation=county).order_by("-month")


def _period(county: Organisation, month: date) -> Period:
    """From the first to the last instant of a month, but nothing an earlier edition counted.

    Months of two editions could overlap by some hours where the county's time zone was changed between them.
    """
    begin, end = formulas.bounds(county, month)
    others = Edition.objects.filter(organisation=county)
    before = others.filter(month__lt=month).aggregate(at=Max("ends_at"))["at"]
    after = others.filter(month__gt=month).aggregate(at=Min("begins_at"))["at"]
    return max(begin, before or begin), min(end, after or end)


def _write(county: Organisation, month: date, found: formulas.Month, at: datetime) -> None:
    rows = formulas.sheet(month, found)
    begin, end = found.period
    about = {
        "month": f"{month:%Y-%m}",
        "county": {"code": county.code, "zh": county.name, "en": county.name_en or county.name},
        "begins_at": begin.isoformat(),
        "ends_at": end.isoformat(),
        "published_at": at.isoformat(timespec="seconds"),
        "k": formulas.K,
    }
    table, tree = formulas.csv_file(rows), formulas.json_file(about, rows)
    Edition.objects.create(
        organisation=county,
        month=month,
        begins_at=begin,
        ends_at=end,
        published_at=at,
        csv=table,
        csv_digest=hashlib.sha256(table.encode()).hexdigest(),
        json=tree,
        json_digest=hashlib.sha256(tree.encode()).hexdigest(),
    )
