"""Every opening of one case, whether by itself or in a file of many, in the order of time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from linli.cases.actions import paging
from linli.cases.models import Case
from linli.privacy.models import Read, Takeout


@dataclass(frozen=True)
class Openings:
    """Of which case, and whose openings are left out: the ids of staff, as a subquery."""

    case: Case
    without: QuerySet[Any, Any] | None = None

    def newest(self, after: paging.Key | None = None, size: int | None = None) -> list[Read]:
        """Newest first, so many after a key, in two statements. What was taken out with others looks as if alone."""
        alone = self._some(Read.objects.filter(case_id=self.case.pk), after)[:size]
        among = self._some(Takeout.objects.holding(self.case.pk), after)[:size]
        found = [*alone, *(self._alone(each) for each in among)]
        for read in found:
            read.case = self.case
        return sorted(found, key=lambda read: (read.at, read.id), reverse=True)[:size]

    def _some(self, rows: QuerySet[Any], after: paging.Key | None) -> QuerySet[Any]:
        rows = paging.older(rows, after)
        if self.without is not None:
            rows = rows.exclude(person_id__in=self.without)
        return rows.select_related("person", "organisation").order_by("-at", "-id")

    def _alone(self, takeout: Takeout) -> Read:
        return Read(
            case=self.case,
            id=takeout.id,
            person=takeout.person,
            role=takeout.role,
            organisation=takeout.organisation,
            source=takeout.source,
            purpose=takeout.purpose,
            what=takeout.what,
            groups=takeout.groups,
            at=takeout.at,
        )
