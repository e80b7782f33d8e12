"""The working calendar, and limits that follow it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from linli.cases import actions as cases
from linli.cases.actions import recalculation
from linli.cases.models import CalendarDay, Case, Clock, Event
from linli.cases.procedures import calendar
from linli.people.models import Change

Desk = Callable[[str], Client]
pytestmark = pytest.mark.django_db(transaction=True)

DAY = {
    "date": "2026-10-13",
    "is_working": "0",
    "name_zh": "县庆",
    "name_en": "County day",
    "source": "县政府通知",
    "is_confirmed": "on",
}
NOTICE = """2027-01-01，放假，元旦
2027-02-05~2027-02-11，放假，春节，Spring Festival
2027-02-13 , work , 春节调休
2027-10-01至2027-10-07，休，国庆节
"""


@pytest.fixture
def admin(desk: Desk) -> Client:
    return desk("administrator")


def total(case: Case) -> Clock:
    return Clock.objects.get(case_id=case.pk, name="total")


@pytest.mark.parametrize("who", ["dispatcher", "auditor"])
@pytest.mark.parametrize("page", ["manage_calendar", "manage_notices", "manage_recalculation"])
def test_refuses_a_stranger(desk: Desk, who: str, page: str) -> None:
    assert desk(who).get(reverse(f"web:{page}")).status_code == 404


def test_shows_a_year_with_its_days_and_their_source(admin: Client) -> None:
    page = admin.get(reverse("web:manage_calendar_year", args=[2026]))
    assert page.context["is_confirmed"]
    assert len(page.context["months"]) == 12
    assert "国庆节" in page.content.decode()
    assert not admin.get(reverse("web:manage_calendar_year", args=[2027])).context["is_confirmed"]
    assert admin.get(reverse("web:manage_calendar_year", args=[9999])).status_code == 404
    assert admin.get(reverse("web:manage_calendar")).status_code == 302


def test_the_first_change_keeps_the_days_the_package_carries(admin: Client) -> None:
    """An empty table means the published days; one row in it must not push them out."""
    assert not CalendarDay.objects.exists()
    assert admin.post(reverse("web:manage_days"), DAY).status_code == 302
    known = calendar.current()
    assert not known.is_working(date(2026, 10, 13))
    assert not known.is_working(date(2026, 10, 1))
    assert known.is_working(date(2026, 10, 10))


def test_a_day_moves_the_limits_that_are_running_and_leaves_an_event(admin: Client, lamp: Case) -> None:
    before = total(lamp)
    admin.post(reverse("web:manage_days"), DAY)
    assert recalculation.is_behind()
    page = admin.post(reverse("web:manage_recalculation"))
    assert page.context["changed"] == 1
    after = total(lamp)
    assert before.due_at is not None
    assert after.due_at is not None
    assert (after.due_at - before.due_at).days == 1
    event = Event.objects.get(case_id=lamp.pk, kind="clock.rederived")
    assert event.clocks == [{"op": "rederive", "number": after.number}]
    assert event.facts["due_before"].startswith(before.due_at.strftime("%Y-%m-%dT%H:%M"))
    assert event.is_public
    lamp.refresh_from_db()
    assert lamp.due_at == after.due_at
    derived = cases.derive(lamp.pk, after, list(Event.objects.filter(case_id=lamp.pk).order_by("number")))
    assert derived.due_at == after.due_at
    assert not recalculation.is_behind()
    assert admin.post(reverse("web:manage_recalculation")).context["changed"] == 0
    assert Event.objects.filter(case_id=lamp.pk, kind="clock.rederived").count() == 1


def test_recalculates_batch_by_batch_and_counts_on(admin: Client, report: Any, watch: Any) -> None:
    made = [report().case for _n in range(5)]
    admin.post(reverse("web:manage_days"), DAY)
    step = recalculation.recalculate(at=watch.at, limit=3)
    assert step.seen == 3
    assert step.left == 2 * len(made) - 3
    assert recalculation.is_behind()
    assert recalculation.catch_up(at=watch.at, limit=3) == len(made) - step.changed
    assert not recalculation.is_behind()
    assert recalculation.catch_up(at=watch.at) == 0


def test_a_clock_already_missed_stays_missed(admin: Client, lamp: Case, watch: Any) -> None:
    watch.on(days=30)
    cases.fire_due_clocks(at=watch.at)
    before = total(lamp)
    assert before.missed_at is not None
    admin.post(reverse("web:manage_days"), DAY)
    recalculation.catch_up(at=watch.at)
    assert total(lamp).due_at == before.due_at


@pytest.mark.parametrize(
    ("field", "value"),
    [("date", "30 February"), ("date", ""), ("name_zh", ""), ("source", ""), ("is_working", "2")],
)
def test_names_the_field_that_is_wrong(admin: Client, field: str, value: str) -> None:
    answer = admin.post(reverse("web:manage_days"), {**DAY, field: value})
    assert answer.status_code == 422
    assert field in answer.context["day_form"].errors
    assert not CalendarDay.objects.exists()


def test_a_weekday_that_is_worked_needs_no_row(admin: Client) -> None:
    answer = admin.post(reverse("web:manage_days"), {**DAY, "is_working": "1"})
    assert answer.status_code == 422
    assert "县庆" in answer.content.decode()


def test_removes_a_day(admin: Client) -> None:
    admin.post(reverse("web:manage_days"), DAY)
    url = reverse("web:manage_day_removal", args=["2026-10-13"])
    assert admin.post(url).status_code == 302
    assert calendar.current().is_working(date(2026, 10, 13))
    assert admin.post(url, follow=True).status_code == 200  # already gone: said, not broken
    assert admin.post(reverse("web:manage_day_removal", args=["yesterday"])).status_code == 404
    assert [change.what for change in Change.objects.order_by("id")] == ["day.added", "day.removed"]


def test_takes_in_a_notice_line_by_line(admin: Client) -> None:
    given = {"source": "国办发明电〔2026〕7号", "lines": NOTICE}
    assert admin.post(reverse("web:manage_notices"), given).status_code == 302
    known = calendar.current()
    assert known.is_confirmed(date(2027, 6, 1))
    assert not known.is_working(date(2027, 2, 11))
    assert known.is_working(date(2027, 2, 13))
    assert known.days[date(2027, 2, 5)].name_en == "Spring Festival"
    assert known.is_working(date(2027, 4, 5))  # not in the notice any more
    assert known.is_confirmed(date(2026, 6, 1))  # other years stay


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ("2027-01-01 元旦", "第 1 行"),
        ("2027-01-01，放假，元旦\n2027-02-30，放假，春节", "第 2 行"),
        ("2027-01-01，也许，元旦", "也许"),
        ("2027-01-07~2027-01-01，放假，元旦", "从早到晚"),
        ("2027-01-01，放假，元旦\n2027-01-01，放假，元旦", "前面已经有了"),
        ("2027-01-01，放假，元旦", "10 月 1 日"),
        ("2027-01-04，上班，元旦调休", "本来就上班"),
    ],
)
def test_refuses_a_notice_as_a_whole_and_names_the_line(admin: Client, lines: str, said: str) -> None:
    answer = admin.post(reverse("web:manage_notices"), {"source": "国办", "lines": lines})
    assert answer.status_code == 422
    assert said in str(answer.context["form"].errors)
    assert lines.splitlines()[0] in answer.content.decode()
    assert not CalendarDay.objects.exists()


def test_confirms_a_year_once_it_is_whole(admin: Client) -> None:
    given = {"source": "国办发明电〔2026〕7号"}
    assert admin.post(reverse("web:manage_calendar_confirmation", args=[2030]), given).status_code == 422
    assert admin.post(reverse("web:manage_calendar_confirmation", args=[2027]), given).status_code == 302
    assert calendar.current().is_confirmed(date(2027, 5, 1))


def test_confirming_a_year_makes_provisional_dates_firm(admin: Client, report: Any, watch: Any) -> None:
    watch.on(days=90)  # 29 December: due in a year nobody has confirmed
    made = report(at=watch.at).case
    assert total(made).is_provisional
    before = total(made).due_at
    admin.post(reverse("web:manage_calendar_confirmation", args=[2027]), {"source": "国办"})
    recalculation.catch_up(at=watch.at)
    assert not total(made).is_provisional
    assert total(made).due_at == before
    made.refresh_from_db()
    assert not made.is_provisional
