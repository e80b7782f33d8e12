"""Reports are made once when they are due, and read by the unit itself and those above it."""

from __future__ import annotations

import io
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from conftest import NOW, Cast, Town
from django.urls import resolve
from pypdf import PdfReader

from linli.cases import actions as cases
from linli.cases.models import Case
from linli.documents.render import reports as render
from linli.kit import clock
from linli.ledger import actions as ledger
from linli.measures.actions import reports
from linli.measures.models import Report
from linli.notify.actions import mailings
from linli.notify.models import Mailing, Wish
from linli.notify.senders.ways import Messenger
from linli.ops import working

from .conftest import Desk

pytestmark = pytest.mark.django_db
OCTOBER = NOW + timedelta(days=2)


@pytest.fixture
def made(town: Town, report: Any, monkeypatch: pytest.MonkeyPatch) -> Report:
    """The report of the county on September."""
    monkeypatch.setattr(clock, "now", lambda: OCTOBER)
    report()
    reports.settle(at=OCTOBER)
    working.make_reports(OCTOBER)
    return Report.objects.get(organisation=town["county"], kind="month")


def test_last_months_report_is_made_once_and_when_everything_is_counted(
    town: Town, report: Any, made: Report
) -> None:
    assert made.begins_on.isoformat() == "2026-09-01"
    assert not reports.make_months(at=OCTOBER)
    Report.objects.all().delete()
    report()
    ledger.sequence()
    assert working.make_reports(OCTOBER) == 0  # something waits to be counted
    reports.settle(at=OCTOBER)
    assert working.make_reports(OCTOBER) >= 1


def test_a_county_without_a_case_has_no_report(town: Town) -> None:
    assert reports.make_months(at=OCTOBER) == 0


def test_whoever_leads_the_county_reads_it_in_both_languages(desk: Desk, made: Report) -> None:
    client = desk("supervisor")
    page = client.get("/desk/reports").content.decode()
    for form, start in (("pdf", b"%PDF"), ("docx", b"PK")):
        address = f"/desk/reports/{made.pk}.{form}"
        assert address in page
        answer = client.get(address)
        assert (answer.status_code, answer.content[: len(start)]) == (200, start)
        assert "no-store" in answer["Cache-Control"]
    client.cookies["linli_language"] = "en"
    assert "monthly report" in client.get(f"/desk/reports/{made.pk}.pdf")["Content-Disposition"]
    assert "/desk/reports?unit=" in client.get("/desk/figures").content.decode()


def test_to_everybody_else_it_does_not_exist(desk: Desk, client: Any, made: Report, town: Town) -> None:
    for who in ("dispatcher", "handler", "housing_handler", "grid_worker", "administrator"):
        assert desk(who).get(f"/desk/reports/{made.pk}.pdf").status_code == 404, who
    assert desk("grid_worker").get("/desk/reports").status_code == 404
    outsider = desk("outsider")
    for code in (town["east"].code, town["county"].code, "nowhere"):
        assert outsider.get("/desk/reports", {"unit": code}).status_code == 404
    supervisor = desk("supervisor")
    assert supervisor.get(f"/desk/reports/{uuid4()}.pdf").status_code == 404
    assert supervisor.get(f"/desk/reports/{made.pk}.html").status_code == 404
    nonsense = {"before": "2026-99-99", "kind": "people"}
    assert supervisor.get("/desk/reports", nonsense).status_code == 200
    assert client.get(f"/desk/reports/{made.pk}.pdf").status_code in (302, 404)


def test_every_number_of_a_report_leads_to_a_page_there_is(desk: Desk, made: Report) -> None:
    cells = [
        cell
        for section in made.documents["zh-hans"]["sections"]
        if section["table"]
        for row in section["table"]["rows"]
        for cell in row
    ]
    links = {cell["href"] for cell in cells if cell["href"]}
    assert len(links) >= 5
    client = desk("supervisor")
    for href in sorted(links)[:8]:
        assert client.get(href).status_code == 200, href
    for href in links:
        resolve(href.split("?")[0])


# The digest of a week ---------------------------------------------------------------------------

TUESDAY = NOW - timedelta(days=1)  # in the week after the one the digest is about


@pytest.fixture
def week(town: Town, cast: Cast, report: Any, move: Any, monkeypatch: pytest.MonkeyPatch) -> Town:
    """One case late at the works office since last week and under supervision, one that just came in."""
    monkeypatch.setattr(clock, "now", lambda: TUESDAY)
    old = TUESDAY - timedelta(days=13)
    case = report(at=old).case
    move(case, "accept", "dispatcher", at=old)
    move(case, "dispatch", "dispatcher", at=old, unit=str(town["east_works"].pk))
    cases.fire_due_clocks(at=TUESDAY)
    move(case, "supervise", "township_supervisor", at=TUESDAY, order="请三日内办结，并说明原因。")
    report(at=TUESDAY - timedelta(days=4), place=town["west_grid"])
    for person in cast.people.values():
        person.email = f"{person.username}@example.org"
        person.save(update_fields=["email"])
    reports.settle(at=TUESDAY)
    return town


def digest(town: Town, unit: str) -> str:
    found = Report.objects.get(organisation=town[unit], kind="week")
    return render.text_of(found.documents["zh-hans"])


def test_every_unit_that_may_read_one_has_its_digest_once_a_week(week: Town) -> None:
    while working.make_reports(TUESDAY):
        pass
    assert working.make_reports(TUESDAY + timedelta(hours=1)) == 0
    units = set(Report.objects.filter(kind="week").values_list("organisation", flat=True))
    towns = ("east", "east_works", "east_committee", "west", "west_works")
    wanted = ("county", "county_housing", "county_petitions", *towns)
    assert units == {week[name].pk for name in wanted}
    assert {each.begins_on.isoformat() for each in Report.objects.filter(kind="week")} == {"2026-09-21"}
    assert reports.make_weeks(at=TUESDAY + timedelta(days=5)) == 0  # Sunday
    assert reports.make_weeks(at=TUESDAY + timedelta(days=6, hours=-10)) == 0  # Monday before seven
    assert reports.make_weeks(at=TUESDAY + timedelta(days=6)) == len(wanted)


def test_it_says_what_is_late_at_whose_desk_and_only_of_ones_own(week: Town) -> None:
    reports.make_weeks(at=TUESDAY)
    late = Case.objects.get(holder=week["east_works"])
    for unit in ("county", "east", "east_works"):
        said = digest(week, unit)
        assert "现在超期 1 件" in said
        assert "督办没回复 1 件" in said
        assert f"{late.number} | 路灯 | 东河镇村镇建设办" in said
        assert "东河镇村镇建设办 | " in said
    for unit in ("west", "west_works", "county_housing"):
        said = digest(week, unit)
        assert "没有超期的。" in said
        assert late.number not in said
    assert "收到 1 件" in digest(week, "west")


def test_it_fits_on_one_sheet_in_both_languages(week: Town, report: Any) -> None:
    for n in range(12):
        report(at=TUESDAY - timedelta(days=12, minutes=n), place=week["grid" if n % 2 else "west_grid"])
    cases.fire_due_clocks(at=TUESDAY)
    reports.settle(at=TUESDAY)
    reports.make_weeks(at=TUESDAY)
    for document in Report.objects.get(organisation=week["county"], kind="week").documents.values():
        pages = PdfReader(io.BytesIO(reports.file(document, "pdf", at=TUESDAY))).pages
        assert len(pages) == 1
        assert reports.file(document, "docx", at=TUESDAY)


def test_an_accusation_is_counted_and_never_named(week: Town, report: Any) -> None:
    old = TUESDAY - timedelta(days=120)
    accusation = report(
        at=old, request_type="accusation", category="opinion.misconduct", accused=week["east"]
    ).case
    cases.fire_due_clocks(at=TUESDAY)
    reports.settle(at=TUESDAY)
    reports.make_weeks(at=TUESDAY)
    assert "现在超期 2 件" in digest(week, "county")
    assert "现在超期 1 件" in digest(week, "east")
    assert all(accusation.number not in digest(week, unit) for unit in ("county", "east", "east_works"))


def test_the_email_says_counts_and_where_to_look_and_comes_once(week: Town, cast: Cast) -> None:
    Wish.objects.create(person=cast.people["township_supervisor"], by_week=False)
    Wish.objects.create(person=cast.people["outsider"], language="en")
    reports.make_weeks(at=TUESDAY)
    reports.make_weeks(at=TUESDAY)
    sent: list[Any] = []

    class Box:
        def send(self, letter: Any) -> None:
            sent.append(letter)

    messenger = Messenger(senders={"email": Box(), "push": Box(), "sms": Box()})
    while messenger.run(TUESDAY):
        pass
    to = [letter.to for letter in sent if letter.case_id is None]
    assert len(to) == len(set(to))
    assert "dispatcher@example.org" in to
    assert not {"township_supervisor@example.org", "grid_worker@example.org", "clerk@example.org"} & set(to)
    mine = next(letter for letter in sent if letter.to == "dispatcher@example.org")
    assert "现在超期 1 件" in mine.body
    assert f"/desk/reports?unit={week['east'].code}" in mine.body
    theirs = next(letter for letter in sent if letter.to == "outsider@example.org")
    assert "Late now: 0" in theirs.body
    for letter in sent:
        assert not any(person.name in letter.body for person in cast.people.values())
        assert "路灯" not in letter.body + letter.subject


def test_somebody_who_left_meanwhile_gets_none(week: Town, cast: Cast) -> None:
    reports.make_weeks(at=TUESDAY)
    gone = cast.people["dispatcher"]
    gone.is_active = False
    gone.save(update_fields=["is_active"])
    letters = mailings.claim(at=TUESDAY, limit=50)
    assert letters
    assert gone.email not in {letter.to for letter in letters}
    failed = letters[0]
    mailings.finish(letter=failed, error="smtp", at=TUESDAY)
    row = Mailing.objects.get(pk=failed.notice_id)
    assert (row.error, row.done_at) == ("smtp", None)
    assert row.due_at is not None
    assert row.due_at > TUESDAY
    mailings.finish(letter=letters[1], error="", at=TUESDAY)
    assert mailings.sweep(at=TUESDAY + timedelta(days=40)) >= 1


def test_a_digest_is_read_at_its_unit_and_above(desk: Desk, week: Town) -> None:
    reports.make_weeks(at=TUESDAY)
    works = Report.objects.get(organisation=week["east_works"], kind="week")
    for who, status in (("handler", 200), ("dispatcher", 200), ("supervisor", 200), ("outsider", 404)):
        assert desk(who).get(f"/desk/reports/{works.pk}.pdf").status_code == status, who
    assert str(works.pk) in desk("handler").get("/desk/reports").content.decode()
    document = works.documents["zh-hans"]
    links = [tile["value"]["href"] for tile in document["tiles"] if tile["value"]["href"]]
    client = desk("handler")
    assert links
    assert all(client.get(href).status_code == 200 for href in links)
