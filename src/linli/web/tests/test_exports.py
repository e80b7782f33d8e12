"""Every list of the desk as a file: exactly the rows of the page, for exactly those who may see the page."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from conftest import NOW, Cast, Town
from django.test import Client
from django.urls import reverse
from django.utils.translation import override
from pytest_django import Settings

from linli import web
from linli.cases import actions as cases
from linli.cases.actions import orders
from linli.cases.models import Case, Order, OrderedCase
from linli.documents.actions import exporting, listings
from linli.documents.actions.listings import Asked
from linli.documents.models import Export
from linli.ledger import actions as ledger
from linli.measures.actions import counting
from linli.measures.models import Problem, SurgeNotice
from linli.people.models import Change, Grant
from linli.web.tests.conftest import Desk, Watch

ORDER = UUID("01999a00-0000-7000-8000-000000000001")
# Where each list stands, and a post that sees it.
PAGES = {
    "cases": ("/desk/cases", "dispatcher"),
    "work": ("/desk/", "dispatcher"),
    "late": ("/desk/board", "supervisor"),
    "inbox": ("/desk/inbox", "handler"),
    "orders": ("/desk/orders", "supervisor"),
    "ordered": (f"/desk/orders/{ORDER}", "supervisor"),
    "behind": ("/desk/figures/990001/cases?count=received&month=2026-09", "supervisor"),
    "problems": ("/desk/problems", "supervisor"),
    "surges": ("/desk/problems", "supervisor"),
    "mediations": ("/desk/mediations", "mediator"),
    "mediation_desk": ("/desk/mediations", "chair"),
    "mediation_board": ("/desk/mediations/board", "centre"),
    "mediation_statistics": ("/desk/mediations/statistics", "centre"),
    "screening": ("/desk/screening", "centre"),
    "sessions": ("/desk/mediations/calendar", "mediator"),
    "units": ("/desk/manage/organisations", "administrator"),
    "people": ("/desk/manage/people", "administrator"),
    "categories": ("/desk/manage/categories", "administrator"),
    "rules": ("/desk/manage/rules", "administrator"),
    "calendar": ("/desk/manage/calendar/2026", "administrator"),
    "committees": ("/desk/manage/mediation", "administrator"),
    "mediators": ("/desk/manage/mediation/committees/990001101-tj", "administrator"),
    "rooms": ("/desk/manage/mediation/committees/990001101-tj", "administrator"),
    "disputes": ("/desk/manage/mediation/lists", "administrator"),
    "fields": ("/desk/manage/mediation/lists", "administrator"),
    "forms": ("/desk/manage/mediation/forms", "administrator"),
    "changes": ("/desk/manage/changes", "administrator"),
}
# Lists that hold something in the small town below, and a word of it.
CONTENT = {
    "cases": "路灯",
    "work": "待受理",
    "late": "超期",
    "inbox": "路灯",
    "orders": "请修路灯",
    "ordered": "路灯",
    "behind": "路灯",
    "mediation_desk": "待接收",
    "mediation_board": "邻里",
    "mediation_statistics": "合计",
    "screening": "绿林村",
    "units": "东河镇综治中心",
    "people": "祝丽华",
    "categories": "路灯",
    "calendar": "2026-10-01",
    "committees": "东河镇人民调解委员会",
    "mediators": "吴晓芸",
    "rooms": "第一调解室",
    "disputes": "邻里",
    "forms": "调解",
}
TEMPLATES = Path(web.__file__).with_name("templates")
PRIVATE = ["周婶", "0712-0000", "李秀英", "陈国强", "雨水管"]


@pytest.fixture(autouse=True)
def exported(settings: Settings, tmp_path: Path) -> Path:
    settings.EXPORTS = tmp_path / "exports"
    return tmp_path / "exports"


@pytest.fixture
def busy(
    report: Callable[..., Any], move: Callable[..., Any], dispute: Callable[..., Any], town: Town
) -> Any:
    """Two requests, one in the hands of the works office, and a dispute."""
    case = report(contact_name="周婶", contact_phone="0712-0000-118").case
    move(case, "accept", "dispatcher")
    move(case, "dispatch", "dispatcher", unit=str(town["east_works"].pk))
    report(text='=HYPERLINK("http://evil.example") 污水沟堵了。', category="environment.sewage")
    report(place=town["west_grid"])
    dispute()
    while cases.run_due(at=NOW, limit=50):
        pass
    return case


@pytest.fixture
def ordered(busy: Any, cast: Cast, town: Town) -> Order:
    """An order on the lamp of the township, and every case counted."""
    ledger.sequence()
    while counting.count():
        pass
    return orders.order(
        among=Case.objects.filter(category="facility.street_lamp", is_open=True),
        kind="service_request",
        unit=town["east"],
        title="请修路灯",
        words="请三日内修好。",
        by=cast["supervisor"],
        at=NOW,
        command_id=ORDER,
    )


def work(at: Any = NOW) -> None:
    exporter = exporting.Exporter()
    while exporter.turn(at=at):
        pass


def pressed(client: Client, page: str, name: str, form: str = "csv") -> Export:
    """Presses the button of the list on its page, as the form there stands."""
    content = client.get(page).content.decode()
    pattern = rf'name="listing" value="{name}"><input type="hidden" name="query" value="([^"]*)"'
    (query,) = re.findall(pattern, content)
    given = {"listing": name, "query": query.replace("&amp;", "&"), "format": form}
    response = client.post("/desk/exports", given)
    assert response.status_code == 302
    return Export.objects.order_by("-asked_at", "-id")[0]


def table(client: Client, export: Export) -> list[list[str]]:
    response = client.get(f"/desk/exports/{export.pk}/file")
    assert response.status_code == 200
    content = b"".join(response).decode("utf-8-sig")
    return list(csv.reader(io.StringIO(content, newline="")))


def test_every_list_is_known_here() -> None:
    assert set(listings.known()) == set(PAGES)


def test_whatever_goes_on_for_pages_has_the_button() -> None:
    """On its own template, or on the one around it."""
    pages = {path.name: path.read_text() for path in TEMPLATES.rglob("*.html")}
    paged = {name for name, said in pages.items() if "includes/pager.html" in said}
    assert len(paged) > 5
    for name in paged:
        around = [said for said in pages.values() if f"/{name}" in said]
        assert any("{% export " in said for said in (pages[name], *around)), name


def test_every_list_of_the_desk_becomes_a_file(ordered: Any, desk: Desk, watch: Watch) -> None:
    """From the button on its page to the file; nothing private is in any."""
    watch.on(days=40)
    said = {}
    for name, (page, who) in PAGES.items():
        client = desk(who)
        export = pressed(client, page, name)
        work(watch.at)
        export.refresh_from_db()
        assert export.state == "done", (name, export.trouble)
        head, *rows = table(client, export)
        assert head == [str(column.label) for column in listings.known()[name].columns], name
        assert len(rows) == export.rows_done
        said[name] = "\n".join(" ".join(row) for row in rows)
    assert {name for name, word in CONTENT.items() if word not in said[name]} == set()
    assert [(name, word) for name, text in said.items() for word in PRIVATE if word in text] == []
    assert [said[name].count("'=HYPERLINK") for name in ("cases", "work")] == [1, 1]


def test_a_filter_of_the_page_is_that_of_the_file(busy: Any, desk: Desk) -> None:
    client = desk("dispatcher")
    for page, expected in (
        ("/desk/cases", 3),
        ("/desk/cases?category=environment.sewage", 1),
        ("/desk/cases?kind=mediation", 1),
        ("/desk/cases?board=open&place=990001101", 2),
        ("/desk/cases?open=closed", 0),
        ("/desk/cases?after=broken&q=污水", 1),
        ("/desk/cases?place=nowhere&since=never", 0),
    ):
        export = pressed(client, page, "cases")
        work()
        assert len(table(client, export)) - 1 == expected, page
        assert "after" not in export.query


def test_rows_are_those_each_post_sees(busy: Any, desk: Desk, cast: Cast) -> None:
    """The same list, of everybody in the cast who may have it, beside the plain question."""
    listing, compared = listings.known()["cases"], 0
    for post in cast.posts.values():
        if not listing.is_open_to(post):
            continue
        rows = [row for batch in listing.rows(Asked(post, "open=all", NOW)) for row in batch]
        assert {row[0] for row in rows} == set(
            Case.objects.visible_to(post).values_list("number", flat=True)
        ), post.role
        assert listing.expected(Asked(post, "open=all", NOW)) == len(rows)
        compared += 1
    assert compared > 10


def test_cases_of_an_order_and_behind_a_figure_are_those_each_post_sees(
    ordered: Any, desk: Desk, cast: Cast
) -> None:
    """Nothing of an order or a figure somebody may not see, and of one they may, their own cases alone."""
    busy_lamp = OrderedCase.objects.get().case
    own = {
        case.number for case in Case.objects.visible_to(cast["dispatcher"]) if case.kind == "service_request"
    }
    county, east = "code=990001&count=received&month=2026-09", "code=990001101&count=received&month=2026-09"
    for who, name, query, wanted in (
        ("dispatcher", "behind", east, own),
        ("dispatcher", "behind", county, set()),
        ("dispatcher", "behind", "code=990001101&count=people", set()),
        ("dispatcher", "ordered", f"order={ORDER}", {busy_lamp.number}),
        ("outsider", "ordered", f"order={ORDER}", set()),
        ("outsider", "orders", "", set()),
        ("supervisor", "ordered", "order=x", set()),
    ):
        batches = listings.known()[name].rows(Asked(cast[who], query, NOW))
        assert {row[0] for batch in batches for row in batch} == wanted, (who, name, query)


def test_problems_and_surges_are_those_of_ones_area_and_all_of_them(
    report: Callable[..., Any], cast: Cast, town: Town
) -> None:
    """Also past the ten the page shows; the costliest first, what is settled last."""
    for n in range(12):
        state = "settled" if n == 0 else "owned" if n == 1 else "found"
        Problem.objects.create(
            organisation=town["grid"], category=f"facility.kind_{n:02}", state=state,
            found_on=NOW.date(), first_on=NOW.date(), last_on=NOW.date(), cases=4 + n,
            owner=town["east_works"] if n == 1 else None,
        )  # fmt: skip
    report(category="facility.street_lamp")
    Problem.objects.filter(category="facility.kind_05").update(category="facility.street_lamp")
    plain = {"category": "facility.street_lamp", "day": "2026-09-29", "counts": [5, 9], "expected": 1.25}
    for name in ("east", "west"):
        SurgeNotice.objects.create(
            organisation=town[name], day=NOW.date(), last_day=NOW.date(), surges=[plain]
        )
    said = {
        (who, name): [
            row for batch in listings.known()[name].rows(Asked(cast[who], "", NOW)) for row in batch
        ]
        for who in ("supervisor", "township_supervisor", "outsider")
        for name in ("problems", "surges")
    }
    rows = said["township_supervisor", "problems"]
    assert [row[0] for row in rows if row[0].startswith("facility")] == [
        f"facility.kind_{n:02}" for n in (11, 10, 9, 8, 7, 6, 4, 3, 2, 1, 0)
    ]
    assert [row for row in rows if row[2]] == [("路灯", "绿林村 第一网格", 1, "待认领", "")]
    assert rows[-2:] == [
        ("facility.kind_01", "绿林村 第一网格", 0, "查原因", "东河镇村镇建设办"),
        ("facility.kind_00", "绿林村 第一网格", 0, "已根治", ""),
    ]
    assert said["supervisor", "problems"] == rows
    assert said["outsider", "problems"] == []
    surged = (NOW.date(), "东河镇", "路灯", date(2026, 9, 29), 9, 1.25)
    assert said["township_supervisor", "surges"] == [surged]
    assert len(said["supervisor", "surges"]) == 2


def test_what_is_taken_away_while_it_runs_is_not_in_the_batches_to_come(
    busy: Any, cast: Cast, town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("linli.web.views.listings.matters.walk", partial(listings.walk, size=1))
    batches = listings.known()["cases"].rows(Asked(cast["dispatcher"], "", NOW))
    seen = [next(batches)[0][0]]
    left = Case.objects.visible_to(cast["dispatcher"]).exclude(number=seen[0]).order_by("-received_at", "-id")
    taken = left[0]
    Case.objects.filter(pk=taken.pk).update(accused_path=town["east"].path)
    seen += [row[0] for batch in batches for row in batch]
    assert taken.number not in seen
    assert len(seen) == 2


def test_only_the_owner_meets_an_export(busy: Any, desk: Desk, cast: Cast, watch: Watch) -> None:
    owner = desk("dispatcher")
    export = pressed(owner, "/desk/cases", "cases")
    work()
    paths = [f"/desk/exports/{export.pk}/{what}" for what in ("file", "cancellation", "removal")]
    for who in ("outsider", "handler", "administrator", "auditor"):
        stranger = desk(who)
        assert stranger.get(paths[0]).status_code == 404
        assert [stranger.post(path).status_code for path in paths[1:]] == [404, 404]
        assert str(export.pk) not in stranger.get("/desk/exports").content.decode()
    assert owner.get(f"/desk/exports/{UUID(int=7)}/file").status_code == 404
    assert owner.get(paths[0]).status_code == 200
    other = Grant.objects.create(
        person=cast.people["dispatcher"], role="supervisor", organisation=town_of(cast), valid_from=NOW
    )
    session = owner.session
    session["post"] = str(other.pk)
    session.save()
    assert owner.get(paths[0]).status_code == 404, "another post of the same person"
    session["post"] = str(export.grant_id)
    session.save()
    watch.on(hours=24)
    assert owner.get(paths[0]).status_code == 404, "expired"


def town_of(cast: Cast) -> Any:
    return cast["dispatcher"].organisation


def test_after_the_post_has_ended_there_is_no_file(busy: Any, desk: Desk, cast: Cast) -> None:
    owner = desk("dispatcher")
    export = pressed(owner, "/desk/cases", "cases")
    work()
    Grant.objects.filter(person=cast.people["dispatcher"]).update(valid_until=NOW)
    assert owner.get(f"/desk/exports/{export.pk}/file").status_code == 404


def test_the_file_comes_under_the_name_of_its_list_and_is_kept_by_nobody(busy: Any, desk: Desk) -> None:
    client = desk("dispatcher")
    for form, content_type in (
        ("csv", "text/csv; charset=utf-8"),
        ("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        ("parquet", "application/vnd.apache.parquet"),
    ):
        export = pressed(client, "/desk/cases", "cases", form)
        work()
        response = client.get(f"/desk/exports/{export.pk}/file")
        assert response["Content-Type"] == content_type
        assert response["Content-Disposition"] == (
            f"attachment; filename*=utf-8''%E5%85%A8%E9%83%A8%E4%BA%8B%E9%A1%B9-2026-09-30-1642.{form}"
        )
        assert "no-store" in response["Cache-Control"]
        assert response["X-Content-Type-Options"] == "nosniff"
        assert len(b"".join(response)) == Export.objects.get(pk=export.pk).size


def test_the_page_shows_how_far_it_is_with_and_without_script(busy: Any, desk: Desk) -> None:
    client = desk("dispatcher")
    assert "没有导出过" in client.get("/desk/exports").content.decode()
    export = pressed(client, "/desk/cases", "cases")
    page = client.get("/desk/exports").content.decode()
    assert "排队中" in page
    assert 'hx-trigger="every 2s"' in page
    assert f'action="/desk/exports/{export.pk}/cancellation"' in page
    work()
    piece = client.get("/desk/exports/progress").content.decode()
    assert "<html" not in piece
    assert "导好了" in piece
    assert "3 行" in piece
    assert "hx-trigger" not in piece
    assert f'href="/desk/exports/{export.pk}/file"' in piece
    client.post(f"/desk/exports/{export.pk}/removal")
    assert not Export.objects.exists()


def test_it_can_be_cancelled(busy: Any, desk: Desk) -> None:
    client = desk("dispatcher")
    export = pressed(client, "/desk/cases", "cases")
    client.post(f"/desk/exports/{export.pk}/cancellation")
    work()
    export.refresh_from_db()
    assert (export.state, export.rows_done) == ("cancelled", 0)


def test_nothing_is_exported_that_is_not_offered(busy: Any, desk: Desk) -> None:
    client = desk("handler")
    for listing in ("late", "people", "mediation_board", "nothing", ""):
        assert client.post("/desk/exports", {"listing": listing, "format": "csv"}).status_code == 404
    response = client.post("/desk/exports", {"listing": "cases", "format": "exe"})
    assert response.status_code == 422
    assert "请选" in response.content.decode()
    assert not Export.objects.exists()


def test_the_record_of_changes_says_who_took_what(busy: Any, desk: Desk) -> None:
    client = desk("dispatcher")
    export = pressed(client, "/desk/cases?q=路灯", "cases")
    work()
    table(client, export)
    assert Change.objects.filter(what="export.fetched", target_id=str(export.pk)).count() == 1
    page = desk("administrator").get("/desk/manage/changes").content.decode()
    assert "下载导出的名单" in page
    assert "全部事项" in page
    assert "导出名单" in page


def test_in_english_the_file_speaks_english(busy: Any, desk: Desk) -> None:
    client = desk("dispatcher")
    client.cookies["linli_language"] = "en"
    with override("zh-hans"):  # what the process spoke before is spoken after
        export = pressed(client, "/desk/cases", "cases")
        work()
        head, *rows = table(client, export)
    assert head[:3] == ["Number", "Kind", "Subject"]
    assert {row[1] for row in rows} == {"Service requests", "People's mediation"}


def test_each_list_leads_back_to_its_page() -> None:
    assert [listing.name for listing in listings.known().values() if not reverse(listing.page)] == []
