"""How days, steps of a derivation and time left read in the reader's language."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Final

from django.utils.translation import get_language, gettext_noop, ngettext
from django.utils.translation import gettext as _

from .calendar import Calendar
from .steps import Kind, Step
from .units import Unit, amount_words, duration_words

INSTANT: Final = timedelta(microseconds=1)
"""A limit due at 24:00 is kept as the next midnight; an instant earlier lies on its last day."""

WEEKDAYS: Final = (
    gettext_noop("周一"),
    gettext_noop("周二"),
    gettext_noop("周三"),
    gettext_noop("周四"),
    gettext_noop("周五"),
    gettext_noop("周六"),
    gettext_noop("周日"),
)
MONTHS: Final = (
    gettext_noop("1月"),
    gettext_noop("2月"),
    gettext_noop("3月"),
    gettext_noop("4月"),
    gettext_noop("5月"),
    gettext_noop("6月"),
    gettext_noop("7月"),
    gettext_noop("8月"),
    gettext_noop("9月"),
    gettext_noop("10月"),
    gettext_noop("11月"),
    gettext_noop("12月"),
)
DASH: Final = ("—", " – ")  # between days: in Chinese, in English
NOT_COUNTED: Final = frozenset(set(Kind) - {Kind.COUNTED, Kind.MAKEUP, Kind.DUE})


PLAIN: Final = {
    Kind.MAKEUP: gettext_noop("调休上班"),
    Kind.GIVEN: gettext_noop("收到，到期时间是事先定好的"),
    Kind.DUE: gettext_noop("到期"),
    Kind.PROVISIONAL: gettext_noop("放假安排未公布"),
}


@dataclass(frozen=True, slots=True)
class Line:
    """A step as a row of a table. `is_off` rows do not count towards the limit."""

    kind: Kind
    when: str
    what: str
    mark: str
    is_off: bool


def _in_english() -> bool:
    return (get_language() or "").startswith("en")


def date_words(day: date, *, with_year: bool = False) -> str:
    """10月13日, or with the year 2027年1月6日."""
    words = {"day": day.day, "month": _(MONTHS[day.month - 1]), "year": day.year}
    return _("%(year)d年%(month)s%(day)d日") % words if with_year else _("%(month)s%(day)d日") % words


def day_words(day: date, *, with_year: bool = False) -> str:
    """10月13日 周二."""
    parts = [date_words(day, with_year=with_year), _(WEEKDAYS[day.weekday()])]
    return " ".join(reversed(parts) if _in_english() else parts)


def range_words(first: date, last: date, *, with_year: bool = False) -> str:
    """One day with its weekday, or a run of days: 10月1日—7日."""
    if first == last:
        return day_words(first, with_year=with_year)
    if (first.year, first.month) == (last.year, last.month):
        month = {
            "month": _(MONTHS[first.month - 1]),
            "first": first.day,
            "last": last.day,
            "year": first.year,
        }
        if with_year:
            return _("%(year)d年%(month)s%(first)d日—%(last)d日") % month
        return _("%(month)s%(first)d日—%(last)d日") % month
    begin = date_words(first, with_year=with_year and first.year != last.year)
    return DASH[_in_english()].join((begin, date_words(last, with_year=with_year)))


def sentence(step: Step) -> str:
    """A step in one line of text: 10月10日 周六 调休上班 第 1 日."""
    row = line(step)
    if not _in_english():
        return " ".join(filter(None, (row.when, row.what, row.mark)))
    said = ", ".join(filter(None, (row.what, row.mark)))
    return f"{row.when}: {said}" if row.when else said


def line(step: Step) -> Line:
    """A step as a row: when, what, and the mark that counts it."""
    return Line(step.kind, _when(step), _what(step), _mark(step), step.kind in NOT_COUNTED)


def _when(step: Step) -> str:
    if step.kind is Kind.PROVISIONAL:
        return _("%(year)d 年") % {"year": step.first.year}
    if not step.has_date:
        return ""
    if step.kind is Kind.DUE or step.moment is None:
        words = range_words(step.first, step.last, with_year=step.with_year)
    else:
        words = _span_words(step, step.moment)
    is_open = step.kind is Kind.PAUSED and step.left is not None
    return _("%(day)s起") % {"day": words} if is_open else words


def _span_words(step: Step, begin: datetime) -> str:
    first = f"{day_words(step.first, with_year=step.with_year)} {begin:%H:%M}"
    if step.until is None:
        return first
    last = "" if step.first == step.last else day_words(step.last, with_year=step.with_year) + " "
    dash = DASH[_in_english()] if last else DASH[_in_english()].strip()
    return f"{first}{dash}{last}{step.until:%H:%M}"


def _what(step: Step) -> str:
    words = PLAIN.get(step.kind)
    if words:
        return _(words)
    if step.kind is Kind.START:
        return _("起算") if step.moment else _("起算，当天不计")
    if step.kind is Kind.COUNTED:
        return _what_counts(step)
    if step.kind is Kind.PAUSED:
        return _what_pauses(step)
    if step.kind is Kind.EXTENSION:
        return _("延期 %(limit)s") % {"limit": step.limit.words if step.limit else ""}
    if step.kind is Kind.MONTH_END:
        return _("当月没有 %(day)d 日，以月末为准") % {"day": step.ordinal}
    return _("末日逢%(names)s，顺延") % {"names": _names(step)} if step.kind is Kind.ROLL else _names(step)


def _what_counts(step: Step) -> str:
    if step.moment:
        return _("计时")
    return _("工作日") if step.unit is Unit.WORKING_DAYS else _("自然日")


def _what_pauses(step: Step) -> str:
    if step.left is None:
        return _("暂停")
    if not step.left[0]:
        return _("暂停，恢复后第一个工作日到期")
    return _("暂停，恢复后还有 %(left)s") % {"left": amount_words(*step.left)}


def _names(step: Step) -> str:
    english = _in_english()
    return (", " if english else "、").join((en if english else zh) if en else _(zh) for zh, en in step.names)


def _mark(step: Step) -> str:
    if step.kind is Kind.DUE and step.moment:
        return _hour_words(step.moment)
    if step.kind is Kind.PROVISIONAL:
        return _("日期暂定")
    if step.kind is Kind.SKIPPED or (step.kind is Kind.PAUSED and step.left is None):
        return _("不计")
    if step.seconds:
        return duration_words(round(step.seconds))
    if step.count == 1:
        return _("第 %(n)d 日") % {"n": step.ordinal}
    return (
        _("第 %(first)d—%(last)d 日") % {"first": step.ordinal_from, "last": step.ordinal}
        if step.count
        else ""
    )


def _hour_words(local: datetime) -> str:
    return "24:00" if local.time() == time() else f"{local:%H:%M}"


def last_day_of(due_at: datetime, calendar: Calendar) -> date:
    """The local day on which a limit due at `due_at` ends."""
    return (due_at - INSTANT).astimezone(calendar.zone).date()


def is_late(due_at: datetime, at: datetime) -> bool:
    """Whether `at` misses the limit: the due moment itself is the first that does."""
    return at >= due_at


def moment_words(due_at: datetime, at: datetime | None, calendar: Calendar) -> str:
    """The due moment, with the year unless it is that of `at`: 10月13日 周二 24:00."""
    last = last_day_of(due_at, calendar)
    day = day_words(last, with_year=at is None or last.year != at.astimezone(calendar.zone).year)
    return f"{day}{', ' if _in_english() else ' '}{_hour_words(due_at.astimezone(calendar.zone))}"


@dataclass(frozen=True)
class Remaining:
    """How far a due moment is off: days from tomorrow to the last, or days gone by since, today included."""

    due_at: datetime
    is_late: bool
    is_today: bool
    working_days: int
    days: int
    seconds: int
    calendar: Calendar = field(repr=False)

    @property
    def is_soon(self) -> bool:
        """Within one working day and not late: what the desk marks as urgent."""
        return not self.is_late and self.working_days <= 1

    @property
    def words(self) -> str:
        """In the reader's language: 还剩 1 个工作日 · 今天 24:00 前 · 超期 2 个工作日."""
        n = self.working_days
        if self.is_late:
            return self._words_late()
        if self.is_today:
            return _("今天 %(time)s 前") % {"time": _hour_words(self.due_at.astimezone(self.calendar.zone))}
        if n:
            return ngettext("还剩 %(n)d 个工作日", "还剩 %(n)d 个工作日", n) % {"n": n}
        return ngettext("还剩 %(n)d 天", "还剩 %(n)d 天", self.days) % {"n": self.days}

    def _words_late(self) -> str:
        n = self.working_days
        if n:
            return ngettext("超期 %(n)d 个工作日", "超期 %(n)d 个工作日", n) % {"n": n}
        if self.is_today:
            return _("超期 %(span)s") % {"span": duration_words(self.seconds)}
        return _("超期不到 1 个工作日")

    @property
    def span_words(self) -> str:
        """The plain time left or gone by, in hours and minutes up to two days, then in days."""
        if self.seconds >= 2 * 86_400:
            return amount_words(self.seconds // 86_400, Unit.DAYS)
        return duration_words(self.seconds)


def remaining(due_at: datetime, at: datetime, calendar: Calendar) -> Remaining:
    """What a page says about a clock at the moment `at`."""
    last = last_day_of(due_at, calendar).toordinal()
    today = at.astimezone(calendar.zone).toordinal()
    first, final = sorted((last, today))
    working = sum(map(calendar.works, range(first + 1, final + 1)))
    seconds = int(abs((due_at - at).total_seconds()))
    return Remaining(due_at, is_late(due_at, at), last == today, working, final - first, seconds, calendar)
