"""What a query for requests may ask, and every fault in how it asks."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from django.http import QueryDict
from django.utils.translation import gettext as _

from linli.kit import codes
from linli.service_requests.actions import moment_of

from .faults import Fault, Refused, told

LONGEST = timedelta(days=90)
MOST = 1_000  # requests in one answer
DEEPEST = 100_000  # requests that can be paged through; further back, a narrower range of dates leads
STATUSES = ("open", "closed")
_WHOLE = re.compile(r"[0-9]{1,9}")
_FIRST, _LAST = datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC)


@dataclass(frozen=True)
class Query:
    """A query that makes sense. Where `numbers` are given, nothing else narrows it."""

    since: datetime
    until: datetime
    numbers: list[str] = field(default_factory=list)
    services: list[str] = field(default_factory=list)
    statuses: frozenset[str] = frozenset()
    page: int = 1
    page_size: int = MOST

    @property
    def first(self) -> int:
        return (self.page - 1) * self.page_size


def query_of(given: QueryDict, at: datetime, known: Collection[str]) -> Query:
    """The query; raises Refused with every fault. `known` are the codes of services."""
    faults: list[Fault] = []
    numbers = several(given, "service_request_id")
    if len(numbers) > MOST:
        raise Refused(Fault(400, _("一次最多问 %(most)s 个 service_request_id。") % {"most": MOST}))
    if numbers:
        return Query(_FIRST, _LAST, [codes.normalise_number(number) for number in numbers])
    services = several(given, "service_code")
    statuses = several(given, "status")
    faults += [unknown_service(code) for code in services if code not in known]
    faults += [
        Fault(400, _("status 只能是 open 或 closed，不是“%(given)s”。") % {"given": told(status)})
        for status in statuses
        if status not in STATUSES
    ]
    since, until = _range(given, at, faults)
    page, page_size = _pages(given, faults)
    if faults:
        raise Refused(*faults[:MOST])
    return Query(since, until, [], services, frozenset(statuses), page, page_size)


def several(given: QueryDict, name: str) -> list[str]:
    """The values of a parameter, separated by commas or given more than once; each once."""
    parts = (part.strip() for value in given.getlist(name) for part in value.split(","))
    return list(dict.fromkeys(part for part in parts if part))


def unknown_service(code: str) -> Fault:
    return Fault(404, _("没有 service_code “%(given)s”。") % {"given": told(code)})


def _range(given: QueryDict, at: datetime, faults: list[Fault]) -> tuple[datetime, datetime]:
    """The range asked for: with one end, 90 days from there; with none, the 90 days before now."""
    start, end = (_moment(given, name, faults) for name in ("start_date", "end_date"))
    if start is None and end is None:
        return at - LONGEST, at
    if end is None:
        assert start is not None
        return start, min(start, _LAST - LONGEST) + LONGEST
    if start is None:
        return max(end, _FIRST + LONGEST) - LONGEST, end
    if end < start:
        faults.append(Fault(400, _("end_date 不能早于 start_date。")))
    elif end - start > LONGEST:
        faults.append(Fault(400, _("start_date 到 end_date 最多 90 天。")))
    return start, end


def _moment(given: QueryDict, name: str, faults: list[Fault]) -> datetime | None:
    said = given.get(name, "").strip()
    if not said:
        return None
    moment = moment_of(said)
    if moment is None:
        words = {"name": name, "given": told(said)}
        faults.append(Fault(400, _("%(name)s 应像 2026-11-24T00:00:00Z，不是“%(given)s”。") % words))
    return moment


def _pages(given: QueryDict, faults: list[Fault]) -> tuple[int, int]:
    page = _whole(given, "page", DEEPEST, 1, faults)
    page_size = _whole(given, "page_size", MOST, MOST, faults)
    if page * page_size > DEEPEST and page > 1:
        said = _("最多翻到第 %(most)s 条，请用 start_date 和 end_date 缩小范围。") % {"most": DEEPEST}
        faults.append(Fault(400, said))
    return page, page_size


def _whole(given: QueryDict, name: str, most: int, default: int, faults: list[Fault]) -> int:
    said = given.get(name, "").strip()
    if not said:
        return default
    number = int(said) if _WHOLE.fullmatch(said) else 0
    if not 1 <= number <= most:
        words = {"name": name, "most": most, "given": told(said)}
        faults.append(Fault(400, _("%(name)s 应是 1 到 %(most)s 的数，不是“%(given)s”。") % words))
        return default
    return number
