"""Makes the reports that are due, each once, and finds those somebody may read."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from urllib.parse import urlencode
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import get_language, gettext_lazy

from linli.measures.actions import reading
from linli.measures.actions.figures import previous_month
from linli.measures.actions.reading import View, next_month
from linli.measures.actions.reports import weeks
from linli.measures.actions.reports.months import EVER
from linli.measures.actions.reports.writing import month_of, week_of
from linli.measures.models import Report, ReportKind
from linli.notify.actions import mailings
from linli.notify.models import Channel, Wish
from linli.orgs.models import Kind, Organisation, within
from linli.people.access import Actor, roles_with_permission
from linli.people.models import Grant

LETTER = "digest"
MORNING = time(7)  # Monday, in the unit's own time


def make_months(*, at: datetime) -> int:
    """The report of every county on the month before, once; none before its first case. Returns how many are new."""
    return sum(
        _make_month(county, at) for county in Organisation.objects.filter(kind=Kind.COUNTY, parent=None)
    )


def _make_month(county: Organisation, at: datetime) -> bool:
    month = previous_month(at.astimezone(county.zone).date())
    end = next_month(month)
    known = of_unit(county).filter(kind=ReportKind.MONTH, begins_on=month)
    if known.exists() or not reading.totals(View.of(county, EVER, end))["received"]:
        return False
    documents = month_of(unit=county, month=month, at=at)
    _report, is_new = Report.objects.get_or_create(
        organisation=county,
        kind=ReportKind.MONTH,
        begins_on=month,
        defaults={"ends_on": end, "made_at": at, "documents": documents},
    )
    return is_new


def make_weeks(*, at: datetime, limit: int | None = None) -> int:
    """The digest of every unit with posts that may read one, on the week before; from Monday morning on, once.

    It tells those who want it by e-mail, in the transaction in which it is kept. At most `limit` units at a time.
    Returns how many are new.
    """
    recent = Report.objects.filter(kind=ReportKind.WEEK, begins_on__gt=at.date() - 3 * weeks.WEEK)
    known = set(recent.values_list("organisation", "begins_on"))
    due = [
        (unit, reader, first)
        for unit, reader in weeks.readers(at).items()
        if (first := _week_due(unit, at)) is not None and (unit.pk, first) not in known
    ]
    return sum(_make_week(unit, reader, first, at) for unit, reader, first in due[:limit])


def _week_due(unit: Organisation, at: datetime) -> date | None:
    """The Monday of the week that is over; None until seven in the morning after it, in the unit's own time."""
    local = at.astimezone(unit.zone)
    monday = local.date() - timedelta(days=local.weekday())
    return monday - weeks.WEEK if local >= datetime.combine(monday, MORNING, unit.zone) else None


def _make_week(unit: Organisation, reader: Actor, first: date, at: datetime) -> bool:
    documents = week_of(unit=unit, reader=reader, first=first, at=at)
    with transaction.atomic():
        report, is_new = Report.objects.get_or_create(
            organisation=unit,
            kind=ReportKind.WEEK,
            begins_on=first,
            defaults={"ends_on": first + weeks.WEEK, "made_at": at, "documents": documents},
        )
        if is_new:
            mailings.put(subjects=dict.fromkeys(_addressed(unit, at), report.pk), why=LETTER, at=at)
    return is_new


def _addressed(unit: Organisation, at: datetime) -> list[UUID]:
    """Who holds such a post at the unit itself and has an address."""
    wanted = roles_with_permission(weeks.PERMISSION)
    grants = Grant.objects.active(at).filter(organisation=unit, role__in=wanted).exclude(person__email="")
    return list(grants.order_by("person").values_list("person", flat=True).distinct())


def _ways(wish: Wish, _has_push: bool) -> list[str]:
    """By e-mail alone, to whoever has not switched it off."""
    return [Channel.EMAIL] if wish.by_week else []


def _letter(report_id: UUID) -> tuple[str, str, str] | None:
    """Subject, words and address of an e-mail about a report: counts only. None when the report is gone."""
    report = Report.objects.filter(pk=report_id).select_related("organisation").first()
    if report is None:
        return None
    document = report.documents[get_language() or settings.LANGUAGE_CODE]
    address = f"/desk/reports?{urlencode({'unit': report.organisation.code, 'kind': report.kind})}"
    return document["title"], document["about"][0], address


DIGEST = mailings.Sort(_letter, _ways, gettext_lazy("不想再收到，请在“怎样通知我”里关掉每周简报。"))


def of_unit(unit: Organisation) -> QuerySet[Report]:
    """The reports of a unit itself."""
    return Report.objects.filter(organisation=unit)


def visible(*, report_id: UUID, by: Actor) -> Report | None:
    """A report of the reader's own unit or one below it."""
    if not by.path:
        return None
    found = Report.objects.filter(within("organisation__path", by.path), pk=report_id)
    return found.select_related("organisation").first()
