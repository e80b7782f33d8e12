"""Nothing disappears: open = received + reopened - finished, at every unit and on every day, and parts make the whole.

What the sums say is held against what the events alone say, after random histories; planted faults show that it is.
"""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from conftest import Cast, Town
from django.db import transaction
from django.db.models import F
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from linli.cases.models import Case, Event
from linli.measures.actions import counting, reading
from linli.measures.actions.reading import View
from linli.measures.formulas import paths_above, story, sums
from linli.measures.models import Counted, Rollup
from linli.measures.tests.test_rollups import WORK, Quick, closed, count_all
from linli.orgs.models import Organisation, is_within, lineage
from linli.people.access import Actor

pytestmark = pytest.mark.django_db
WALKS = int(os.environ.get("WALKS", "4"))
EVER = (date(2026, 1, 1), date(2030, 1, 1))
TURNS = ("received", "reopened", "finished")
COUNTY_TIME = ZoneInfo("Asia/Shanghai")


@dataclass(frozen=True)
class Matter:
    """A case as its own events tell it: where it lies, who handled it, and how it stood after each of its days."""

    paths: dict[str, str]
    accused: str
    was_open: dict[date, bool]
    reopened: Counter[date]

    def lies_in(self, axis: str, path: str) -> bool:
        return is_within(self.paths[axis], path) and not is_within(path, self.accused)

    def is_open_after(self, day: date) -> bool:
        before = [on for on in self.was_open if on <= day]
        return bool(before) and self.was_open[max(before)]


def matters() -> list[Matter]:
    found = []
    handled = dict(Counted.objects.values_list("pk", "holder_path"))
    for case in Case.objects.all():
        was_open, reopened, procedure = {}, Counter[date](), case.procedure
        for event in Event.objects.filter(case=case).order_by("number"):
            day = local(event.received_at)
            was_open[day] = procedure.states[event.state].is_open
            reopened[day] += event.verb == "reopen"
        assert case.holder_path in ("", handled[case.pk])
        paths = {"place": case.place_path, "holder": handled[case.pk]}
        found.append(Matter(paths, case.accused_path, was_open, reopened))
    return found


def local(moment: datetime) -> date:
    return moment.astimezone(UTC).astimezone(COUNTY_TIME).date()


def wrong() -> list[str]:
    """Where the sums say something else than the events, or the units below a unit than the unit."""
    told = matters()
    paths = list(Organisation.objects.order_by("path").values_list("path", flat=True))
    found: list[str] = []
    for axis in ("place", "holder"):
        series = {path: reading.by_day(View(path, *EVER, axis=axis)) for path in paths}
        for path in paths:
            there = [matter for matter in told if matter.lies_in(axis, path)]
            found += _lost(axis, path, series[path], there)
            found += _torn(axis, path, series)
    return found


def _lost(axis: str, path: str, series: reading.Series, there: list[Matter]) -> Iterator[str]:
    """Days after which what came in less what went out is not what is open."""
    so_far = Counter[str]()
    for day in sorted({*series, *(on for matter in there for on in matter.was_open)}):
        so_far.update({name: series[day][name] for name in TURNS} if day in series else {})
        said = so_far["received"] + so_far["reopened"] - so_far["finished"]
        expected = {
            "received": sum(min(matter.was_open) <= day for matter in there),
            "reopened": sum(n for matter in there for on, n in matter.reopened.items() if on <= day),
            "open": sum(matter.is_open_after(day) for matter in there),
        }
        if (so_far["received"], so_far["reopened"], said) != tuple(expected.values()):
            yield f"{axis} {path} {day}: {dict(so_far)}, open {said}, by the events {expected}"
    at_last = so_far["received"] + so_far["reopened"] - so_far["finished"]
    if reading.standing(View(path, *EVER, axis=axis))["open"] != at_last:
        yield f"{axis} {path}: the months come to something else than the days"


def _torn(axis: str, path: str, series: dict[str, reading.Series]) -> Iterator[str]:
    """Days on which the units right below a unit, with what is its own, do not add up to it: in any count."""
    parts: dict[date, Counter[str]] = {}
    below = [series[each] for each in series if is_right_below(each, path)]
    for day, counts in [*own(axis, path), *(pair for each in below for pair in each.items())]:
        parts.setdefault(day, Counter()).update(counts)
    for day in sorted({*parts, *series[path]}):
        whole, sum_ = Counter(series[path].get(day, {})), parts.get(day, Counter())
        if +whole != +sum_:
            yield f"{axis} {path} {day}: {dict(+whole)} in all, {dict(+sum_)} in its parts"


def is_right_below(path: str, parent: str) -> bool:
    return path != parent and lineage(path)[-2:-1] == [parent]


def own(axis: str, path: str) -> Iterator[tuple[date, dict[str, int]]]:
    """What cases add at a unit itself, or what the accused unit right below it may not know of."""
    for row in Counted.objects.all():
        for along, unit, day, counts in row.adds:
            if along != axis or not is_within(unit, path) or is_within(path, row.accused_path):
                continue
            hidden = is_within(unit, row.accused_path) and is_right_below(row.accused_path, path)
            if unit == path or hidden:
                yield date.fromisoformat(day), counts


@settings(
    max_examples=WALKS,
    deadline=None,
    database=None,
    derandomize="WALKS" not in os.environ,
    phases=(Phase.generate,),
    suppress_health_check=list(HealthCheck),
)
@given(chance=st.randoms(use_true_random=True), steps=st.integers(15, 50))
def test_nothing_disappears_after_any_history(
    town: Town, cast: Cast, chance: random.Random, steps: int
) -> None:
    with transaction.atomic():
        walk = Quick(town, cast, chance)
        walk.report()
        walk.report()
        for _step in range(steps):
            walk.step()
            if chance.random() < 0.2:
                counting.count(limit=chance.choice([1, 3, 50]))
        count_all()
        assert wrong() == [], walk.log
        list(counting.rebuild())
        assert wrong() == [], walk.log
        transaction.set_rollback(True)


# The same must find what is wrong ---------------------------------------------------------------


def count_once_only(monkeypatch: pytest.MonkeyPatch, town: Town) -> None:
    """Closing a case that was reopened is forgotten."""
    finishes = story.Story.finishes
    monkeypatch.setattr(story.Story, "finishes", lambda self: iter(list(finishes(self))[:1]))


def forget_merged(monkeypatch: pytest.MonkeyPatch, town: Town) -> None:
    """A case merged away is no longer counted as received."""
    rows_of = counting.rows_of

    def without(*given: Any) -> Iterator[Counted]:
        for row in rows_of(*given):
            if any("merged" in counts for *_key, counts in row.adds):
                row.adds = []
            yield row

    monkeypatch.setattr(counting, "rows_of", without)


def leave_out_the_township(monkeypatch: pytest.MonkeyPatch, town: Town) -> None:
    monkeypatch.setattr(
        sums,
        "paths_above",
        lambda *given: [path for path in paths_above(*given) if path != town["east"].path],
    )


def show_the_accused(monkeypatch: pytest.MonkeyPatch, town: Town) -> None:
    monkeypatch.setattr(sums, "paths_above", lambda path, _accused="": lineage(path))


def write_over(monkeypatch: pytest.MonkeyPatch, town: Town) -> None:
    """Somebody takes a late count out of the sums of a village by hand, for one day."""
    rows = Rollup.objects.filter(
        path=town["village"].path, category="", channel="", grain="day", axis="place"
    )
    assert rows.filter(on_time__gt=0).update(on_time=F("on_time") - 1)


@pytest.mark.parametrize(
    "plant", [count_once_only, forget_merged, leave_out_the_township, show_the_accused, write_over]
)
def test_a_planted_fault_is_found(
    plant: Callable[..., None], report: Any, move: Any, town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    head, merged, again = (report().case for _ in range(3))
    report(category="opinion.misconduct", request_type="accusation", accused=town["east"])
    move(merged, "merge", "dispatcher", head=head.number)
    closed(head, move, town)
    closed(again, move, town)
    move(again, "reopen", Actor.reporter(again.pk), reason="昨晚又不亮了。")
    move(again, "dispatch", "dispatcher", unit=str(town["east_works"].pk))
    move(again, "acknowledge", "handler")
    move(again, "feedback", "handler", result=WORK)
    move(again, "arrange_check", "dispatcher")
    move(again, "verify", "grid_worker", finding="三盏灯都亮着。")
    count_all()
    assert wrong() == []
    plant(monkeypatch, town)
    if plant is not write_over:
        list(counting.rebuild())
    assert wrong() != []
