"""Where a reporter is told goes with what else they gave."""

from __future__ import annotations

from linli.cases.models import Case
from linli.notify.models import ReporterWish
from linli.privacy.actions import keepers


def forget(case: Case) -> keepers.Removed:
    return {"addresses": ReporterWish.objects.filter(case_id=case.pk).delete()[0]}


def forget_own(case: Case, party: int | None) -> keepers.Removed:
    """The reporter's; parties have none."""
    return forget(case) if party is None else {}


def install() -> None:
    """Has addresses go with the words of a case, and with what its reporter gave."""
    if forget not in keepers.also:
        keepers.also.append(forget)
        keepers.also_of_person.append(forget_own)
