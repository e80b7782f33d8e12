"""The sums follow the events exactly once, and counting from zero comes to the same."""

from __future__ import annotations

import contextlib
import itertools
import os
import random
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from conftest import NOW, Cast, Town

from linli.cases import actions as cases
from linli.cases.models import Case
from linli.cases.tests.test_always import Walk
from linli.ledger import actions as ledger
from linli.measures import formulas
from linli.measures.actions import behind, checking, counting, reading
from linli.measures.actions.reading import View
from linli.measures.models import Counted, Progress, Rollup, Spread
from linli.orgs import actions as orgs
from linli.orgs.models import is_within
from linli.people.access import Actor

pytestmark = pytest.mark.django_db
WALKS = int(os.environ.get("WALKS", "3"))
WORK = "更换了损坏的灯头和空气开关，三盏灯都亮了。"
YEAR = (date(2026, 1, 1), date(2027, 1, 1))
Sums = dict[str, list[tuple[Any, ...]]]


def count_all(limit: int = 500) -> None:
    ledger.sequence()
    while counting.count(limit=limit):
        pass


def dump() -> Sums:
    """Every sum that is not nothing, and what every case adds."""
    rows = [row for row in Rollup.objects.values_list() if any(row[-len(formulas.sums.NAMES) :])]
    return {
        "rollup": sorted(rows, key=str),
        "spread": sorted(Spread.objects.exclude(n=0).values_list(), key=str),
        "counted": sorted(Counted.objects.values_list(), key=str),
    }


def year(town: Town, unit: str, **more: str) -> reading.Counts:
    return reading.totals(View.of(town[unit], YEAR[0], YEAR[1], **more))


def nonzero(counts: reading.Counts) -> reading.Counts:
    return {name: n for name, n in counts.items() if n}


class Quick(Walk):
    """Goes the same ways without looking at every table at every step."""

    def give(self, command: dict[str, Any]) -> None:
        with contextlib.suppress(cases.CommandError):
            cases.advance(**command)
            self.done += 1


@pytest.mark.parametrize("seed", range(WALKS))
def test_counting_from_zero_comes_to_the_same_after_any_history(seed: int, town: Town, cast: Cast) -> None:
    walk = Quick(town, cast, random.Random(1000 + seed))
    walk.report()
    walk.report()
    for _step in range(40):
        walk.step()
        if walk.chance.random() < 0.3:
            ledger.sequence()
            counting.count(limit=walk.chance.choice([1, 3, 50]))
    count_all()
    assert counting.is_counted()
    kept = dump()
    found = checking.check()
    assert (found.cases, found.waiting, found.differences) == (len(walk.opened), 0, [])
    assert list(counting.rebuild(at_a_time=1))[-1] == len(walk.opened)
    assert dump() == kept
    assert conserved() == []
    assert walk.done > 10


@pytest.mark.parametrize("seed", range(WALKS))
def test_every_case_behind_a_number_is_found_after_any_history(seed: int, town: Town, cast: Cast) -> None:
    """At units it has left and at those around them, too: held against what each case adds."""
    walk = Quick(town, cast, random.Random(2000 + seed))
    walk.report()
    for _step in range(60):
        walk.step()
    count_all()
    rows = list(Counted.objects.exclude(kind="mediation"))
    for axis, unit in itertools.product(("place", "holder"), town.units.values()):
        view = View(unit.path, *YEAR, axis=axis)
        for name in ("received", "finished", "returned", "closed_late", "late_open", "unit_due"):
            found = set(behind.cases_behind(view, [name]).values_list("pk", flat=True))
            assert found == {row.pk for row in rows if adds(row, axis, unit.path, name)}, (axis, unit, name)
    Counted.objects.update(place_around="", holder_around="")  # as before an update: not known yet
    again = behind.cases_behind(view, [name]).values_list("pk", flat=True)
    assert set(again) == found


def adds(row: Counted, axis: str, path: str, name: str) -> bool:
    is_known = not is_within(path, row.accused_path)
    return is_known and any(
        along == axis and is_within(unit, path) and name in counts for along, unit, _day, counts in row.adds
    )


def conserved() -> list[str]:
    """Units where what was received is not what is open and what was finished."""
    found = []
    for path in Rollup.objects.filter(axis="place").values_list("path", flat=True).distinct():
        there = Case.objects.filter(place_path__startswith=path).exclude(
            accused_path__in=formulas.paths_above(path)
        )
        open_now = there.filter(is_open=True).count()
        if reading.standing(View(path, *YEAR))["open"] != open_now:
            found.append(path)
    return found


def closed(case: Any, move: Any, town: Town, at: Any = NOW) -> None:
    move(case, "accept", "dispatcher", at=at)
    move(case, "dispatch", "dispatcher", at=at, unit=str(town["east_works"].pk))
    move(case, "acknowledge", "handler", at=at)
    move(case, "feedback", "handler", at=at, result=WORK)
    move(case, "arrange_check", "dispatcher", at=at)
    move(case, "verify", "grid_worker", at=at, finding="三盏灯都亮着。")


def test_counts_a_case_at_every_unit_above(report: Callable[..., Any], move: Any, town: Town) -> None:
    closed(report().case, move, town, NOW + timedelta(days=1))
    count_all()
    expected = {
        **{name: 1 for name in ("received", "answerable", "answered", "finished")},
        **{name: 1 for name in ("due", "on_time", "unit_due", "unit_on_time", "assessed")},
    }
    for unit in ("county", "east", "village", "grid", "east_works"):
        assert nonzero(year(town, unit)) == expected, unit
    for unit in ("west", "grid2", "county_housing"):
        assert nonzero(year(town, unit)) == {}, unit
    assert year(town, "county", category="facility") == year(town, "county", channel="portal")
    assert nonzero(year(town, "county", category="facility.manhole")) == {}
    view = View.of(town["county"], date(2026, 9, 30), date(2026, 10, 1))
    assert reading.totals(view)["received"] == 1
    assert list(reading.by_day(View.of(town["county"], *YEAR))) == [date(2026, 9, 30), date(2026, 10, 1)]
    assert list(reading.by_category(view)) == ["facility", "facility.street_lamp"]
    assert list(reading.by_category(view, groups=True)) == ["facility"]
    assert list(reading.by_channel(view)) == ["portal"]
    towns = reading.below(view, ["township"])
    assert {path: counts["received"] for path, counts in towns.items()} == {
        town["east"].path: 1,
        town["west"].path: 0,
    }


def test_what_is_late_stays_late_and_with_whom_it_was(report: Any, move: Any, town: Town) -> None:
    case, late = report().case, NOW + timedelta(days=20)
    move(case, "accept", "dispatcher", at=NOW)
    move(case, "dispatch", "dispatcher", at=NOW, unit=str(town["east_works"].pk))
    cases.fire_due_clocks(at=late)
    count_all()
    assert year(town, "east_works")["late_open"] == 1
    move(case, "return", "handler", at=late, ground="duty", reason="按职责清单，路灯由县住建局管护。")
    housing = str(town["county_housing"].pk)
    move(case, "reassign", "dispatcher", at=late, unit=housing, reason="按清单改派。")
    count_all()
    works = year(town, "east_works")
    assert (works["due"], works["late_open"], works["returned"], works["unit_due"]) == (1, 1, 1, 1)
    assert year(town, "county_housing")["due"] == 0
    move(case, "acknowledge", "housing_handler", at=late)
    move(case, "feedback", "housing_handler", at=late, result=WORK)
    move(case, "arrange_check", "dispatcher", at=late)
    move(case, "verify", "grid_worker", at=late, finding="三盏灯都亮着。")
    count_all()
    counts = year(town, "east")
    assert (counts["due"], counts["on_time"], counts["closed_late"], counts["late_open"]) == (1, 0, 1, 0)
    assert reading.figure("closed", View.of(town["east"], *YEAR)).value == 100
    assert reading.figure("on_time", View.of(town["east"], *YEAR)).value == 0


def test_reopening_takes_the_credit_back(report: Any, move: Any, town: Town) -> None:
    case = report().case
    closed(case, move, town, NOW + timedelta(days=1))
    move(case, "rate", Actor.reporter(case.pk), grade="5")
    count_all()
    assert (year(town, "east_works")["on_time"], year(town, "east_works")["satisfied"]) == (1, 1)
    move(case, "reopen", Actor.reporter(case.pk), reason="昨晚又不亮了。")
    count_all()
    works = year(town, "east_works")
    assert (works["due"], works["on_time"], works["undone"], works["reopened"]) == (1, 0, 1, 1)
    assert (works["rated"], works["satisfied"], works["unit_on_time"]) == (1, 0, 0)


def test_declining_and_merging_give_no_credit_and_hide_nothing(report: Any, move: Any, town: Town) -> None:
    head, declined, late, merged = (report().case for _ in range(4))
    wrong = {"route": "court", "reason": "这是合同纠纷，请到人民法院起诉。"}
    move(declined, "decline", "dispatcher", at=NOW, **wrong)
    after = NOW + timedelta(days=20)
    cases.fire_due_clocks(at=after)
    move(late, "decline", "dispatcher", at=after, **wrong)
    move(merged, "merge", "dispatcher", at=after, head=head.number)
    count_all()
    counts = year(town, "east")
    assert (counts["received"], counts["declined"], counts["merged"]) == (4, 2, 1)
    assert (counts["due"], counts["on_time"], counts["closed_late"]) == (3, 0, 0)


def test_an_accusation_is_not_counted_where_the_accused_could_see_it(report: Any, town: Town) -> None:
    report(category="opinion.misconduct", request_type="accusation", accused=town["east"])
    count_all()
    assert year(town, "county")["received"] == 1
    assert year(town, "east")["received"] == year(town, "grid")["received"] == 0


def test_a_unit_that_moves_takes_its_figures_along(report: Any, town: Town) -> None:
    report()
    count_all()
    orgs.move(organisation=town["village"], to=town["west"], by=None, at=NOW)
    count_all()
    assert year(town, "west")["received"] == 1
    assert year(town, "east")["received"] == 0
    assert checking.check().differences == []


def test_a_batch_that_fails_is_counted_once_later(report: Any, town: Town, monkeypatch: Any) -> None:
    for _ in range(3):
        report()
    ledger.sequence()
    with monkeypatch.context() as broken:
        broken.setattr(counting, "add", lambda *_args: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            counting.count(limit=2)
    assert Counted.objects.count() == 0
    assert counting.position() == 0
    count_all(limit=2)
    assert year(town, "county")["received"] == 3


def test_the_check_finds_what_was_changed_by_hand(report: Any, town: Town) -> None:
    report()
    count_all()
    row = Rollup.objects.filter(path=town["east"].path, category="", channel="", grain="day")
    row.update(received=5)
    found = checking.check()
    assert [(each.table, each.by) for each in found.differences] == [("measures_rollup", {"received": 4})]
    Counted.objects.update(channel="hotline")
    assert "measures_counted" in {each.table for each in checking.check().differences}
    list(counting.rebuild())
    assert checking.check().differences == []


def test_what_waits_to_be_counted_is_no_difference(report: Any, move: Any, town: Town) -> None:
    case = report().case
    count_all()
    move(case, "accept", "dispatcher")
    report()
    found = checking.check()
    assert (found.cases, found.waiting, found.differences) == (2, 2, [])


def test_reading_takes_one_statement_whatever_there_is(
    report: Any, town: Town, django_assert_num_queries: Any
) -> None:
    for _ in range(3):
        report()
    count_all()
    view = View.of(town["county"], *YEAR)
    for read in (reading.totals, reading.by_month, reading.by_category, reading.by_channel, reading.standing):
        with django_assert_num_queries(1):
            read(view)
    with django_assert_num_queries(2):
        reading.below(view, ["township"])


def test_times_are_exact_for_few_and_near_for_many(
    report: Any, move: Any, town: Town, monkeypatch: Any
) -> None:
    for hours in (2, 5, 30, 75):
        closed(report().case, move, town, NOW + timedelta(hours=hours))
    count_all()
    view = View.of(town["county"], *YEAR)
    exact = reading.figure("close_median", view)
    assert (exact.value, exact.whole, exact.is_exact) == (17.5 * 60, 4, True)
    monkeypatch.setattr(reading, "EXACT_UP_TO", 3)
    near = reading.figure("close_median", view)
    assert near.is_exact is False
    assert near.value == pytest.approx(17.5 * 60, rel=0.011)
    assert reading.figure("contact_p90", view).whole == 4


def test_days_and_months_tile_any_period() -> None:
    for begin, end in ((date(2026, 1, 5), date(2026, 4, 9)), (date(2026, 2, 1), date(2026, 3, 1))):
        days = [
            begin_ + timedelta(days=n)
            for _grain, begin_, end_ in reading.spans(begin, end)
            for n in range((end_ - begin_).days)
        ]
        assert days == [begin + timedelta(days=n) for n in range((end - begin).days)]
    assert reading.spans(date(2026, 1, 5), date(2026, 1, 5)) == []
    assert Progress.objects.count() == 0
