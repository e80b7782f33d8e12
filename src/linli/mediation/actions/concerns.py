"""What is not as the law wants it in a committee: said where committees are looked after, and never a bar.

人民调解法 8: three to nine members, one chair, women among them; 9: elected for three years. A committee is filed
within 30 working days of its establishment (医疗纠纷预防和处理条例 32; 各地人民调解条例).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from linli.cases.procedures.calendar import current
from linli.cases.procedures.limits import Limit, due
from linli.mediation.models import Committee, Duty, Member

FEWEST, MOST = 3, 9
TERM_YEARS = 3
SOON = timedelta(days=60)
FILING = Limit.parse("30wd")
LONG_OVER = timedelta(days=120)  # thirty working days never last longer
ELECTED = (Duty.CHAIR, Duty.VICE, Duty.MEMBER)


@dataclass(frozen=True)
class Concern:
    """One thing to see to. kind: few, many, no_woman, chair, term, filing."""

    kind: str
    text: str


def warnings(committee: Committee, day: date) -> list[str]:
    """What is not as the law wants it in one committee on that day, in the reader's language."""
    return [concern.text for concern in concerns([committee], day)[committee.pk]]


def concerns(committees: Iterable[Committee], day: date) -> dict[UUID, list[Concern]]:
    """The same of many committees, in one statement."""
    wanted = list(committees)
    rosters: defaultdict[UUID, list[Member]] = defaultdict(list)
    for member in Member.objects.on(day).filter(committee__in=wanted, duty__in=ELECTED):
        rosters[member.committee_id].append(member)
    return {
        committee.pk: [
            *_of_members(rosters[committee.pk]),
            *_of_term(committee, day),
            *_of_filing(committee, day),
        ]
        for committee in wanted
    }


def after_years(day: date, years: int) -> date:
    """The same day some years on; 29 February becomes the 28th."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return day.replace(year=day.year + years, day=28)


def filing_due(committee: Committee) -> date | None:
    """The last day for filing the committee with the county's justice bureau."""
    if committee.established_on is None:
        return None
    calendar = current()
    start = datetime.combine(committee.established_on, time(12), calendar.zone)
    return due(start, FILING, calendar).due_date


def _of_members(members: Sequence[Member]) -> Iterator[Concern]:
    n = len(members)
    if n < FEWEST:
        said = ngettext(
            "委员现在有 %(n)d 人，少于 3 人（人民调解法第八条）",
            "委员现在有 %(n)d 人，少于 3 人（人民调解法第八条）",
            n,
        )
        yield Concern("few", said % {"n": n})
    if n > MOST:
        yield Concern("many", _("委员现在有 %(n)d 人，多于 9 人（人民调解法第八条）") % {"n": n})
    if not any(member.is_woman for member in members):
        yield Concern("no_woman", _("委员里没有女性（人民调解法第八条）"))
    chairs = sum(member.duty == Duty.CHAIR for member in members)
    if chairs == 0:
        yield Concern("chair", _("没有主任（人民调解法第八条）"))
    elif chairs > 1:
        yield Concern("chair", _("主任有 %(n)d 人，只能有 1 人（人民调解法第八条）") % {"n": chairs})


def _of_term(committee: Committee, day: date) -> Iterator[Concern]:
    begins, until = committee.term_from, committee.term_until
    if until is None:
        yield Concern("term", _("没有填本届的任期（人民调解法第九条：三年）"))
        return
    shown = {"day": until.isoformat()}
    if until <= day:
        yield Concern("term", _("本届已于 %(day)s 届满，请改选（人民调解法第九条）") % shown)
    elif until - day <= SOON:
        yield Concern("term", _("本届到 %(day)s 届满，请准备改选") % shown)
    if begins is not None and until > after_years(begins, TERM_YEARS):
        yield Concern("term", _("本届的任期超过三年（人民调解法第九条）"))


def _of_filing(committee: Committee, day: date) -> Iterator[Concern]:
    established = committee.established_on
    if committee.filed_on is not None or established is None or established > day:
        return
    last = filing_due(committee) if day - established < LONG_OVER else None
    if last is None:
        yield Concern("filing", _("设立后 30 个工作日内应当备案，早已过了"))
    elif last < day:
        yield Concern("filing", _("设立后 30 个工作日内应当备案，%(day)s 已到期") % {"day": last.isoformat()})
