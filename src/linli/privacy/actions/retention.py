"""What a case said goes when its time is up, unless it is held; that it was there, and its log, stay."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils.translation import get_language

from linli.cases.models import Case
from linli.privacy.actions import erasing, keepers, locks
from linli.privacy.actions.reads import YEARS, years_before
from linli.privacy.models import Deletion, Hold, Read, Takeout, Why

FILE = Path(__file__).parent.parent / "data" / "retention.toml"
AT_A_TIME = 50
OPENINGS = (Read, Takeout)
IMPORTED = "import"


@dataclass(frozen=True)
class Rule:
    """How many years after its close what a case of these kinds says is kept, and by which rule of the office."""

    name: str
    kinds: tuple[str, ...]
    years: int
    source_zh: str
    source_en: str

    @property
    def source(self) -> str:
        return self.source_en if (get_language() or "").startswith("en") else self.source_zh


@cache
def rules() -> dict[str, Rule]:
    """Every rule of the file."""
    raw = tomllib.loads(FILE.read_text(encoding="utf-8"))
    return {
        name: Rule(
            name, tuple(entry.get("kinds", ())), entry["years"], entry["source"]["zh"], entry["source"]["en"]
        )
        for name, entry in raw.items()
    }


def due(*, at: datetime, limit: int = AT_A_TIME, with_imported: bool = True) -> Iterator[tuple[Case, Rule]]:
    """The closed cases whose time is up, that nobody holds and that were not seen to yet."""
    held = Hold.objects.standing().filter(case_id=OuterRef("pk"))
    gone = Deletion.objects.filter(case_id=OuterRef("pk"), why=Why.RETENTION)
    for rule in rules().values():
        until = years_before(at, rule.years)
        found = Case.objects.filter(
            kind__in=rule.kinds, is_open=False, received_at__lt=until, closed_at__lte=until
        )
        if not with_imported:
            found = found.exclude(channel=IMPORTED)
        for case in found.exclude(Exists(held)).exclude(Exists(gone)).order_by("received_at", "id")[:limit]:
            yield case, rule


def held(*, at: datetime) -> int:
    """How many cases whose time is up are held."""
    standing = Hold.objects.standing().values("case_id")
    return sum(
        Case.objects.filter(
            pk__in=standing, kind__in=rule.kinds, is_open=False, closed_at__lte=years_before(at, rule.years)
        ).count()
        for rule in rules().values()
    )


def let_go(*, case: Case, rule: Rule, at: datetime) -> Deletion | None:
    """Deletes what one case said and leaves the trace, both or neither; None where somebody was here before."""
    with transaction.atomic():
        locked = Case.objects.select_for_update().get(pk=case.pk)
        if locks.is_held(case.pk):
            return None
        if Deletion.objects.filter(case_id=case.pk, why=Why.RETENTION).exists():
            return None
        removed = keepers.erase_case(locked)
        erasing.headline(locked)
        if locked.is_locked:
            locks.unlock(case_id=case.pk, by=None, at=at)
        return erasing.trace(
            case_id=case.pk, why=Why.RETENTION, rule=rule.name, removed=removed, by=None, at=at
        )


def old_reads(*, at: datetime) -> int:
    """How many records of who read what have had their time."""
    before = years_before(at, YEARS)
    return sum(kind.objects.filter(at__lt=before).count() for kind in OPENINGS)


def sweep(*, at: datetime, limit: int = AT_A_TIME) -> int:
    """Some cases whose time is up, and old records of reads; returns how many cases.

    Histories taken in from another system go only when somebody says so (`linli retention`): they may be older than
    their term on the day they come.
    """
    found = list(due(at=at, limit=limit, with_imported=False))
    done = sum(let_go(case=case, rule=rule, at=at) is not None for case, rule in found)
    before = years_before(at, YEARS)
    for kind in OPENINGS:
        rows = kind.objects.filter(at__lt=before)
        old = list(rows.order_by("at").values_list("id", flat=True)[: 100 * limit])
        if old:
            rows.filter(id__in=old).delete()
    return done
