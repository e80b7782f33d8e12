"""One small town and one cast, built once for every test that asks. Time is passed, not patched."""

from __future__ import annotations

import gc
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import translation
from hypothesis import settings as examples
from playwright.sync_api import Browser, Page, expect, sync_playwright

from linli.kit.ids import uuid7
from linli.orgs.models import Boundary, Kind, Organisation
from linli.people.access import Actor
from linli.people.models import Grant, Person

gc.set_threshold(200_000, 20, 50)  # of millions of objects few are garbage: it is looked for seldom
pytest_plugins = ["linli.kit.tests.keyrings"]
NOW = datetime(2026, 9, 30, 8, 42, tzinfo=UTC)  # Wednesday 16:42 in the county
START = datetime(2026, 1, 1, tzinfo=UTC)
PASSWORD = "spring-rice-9-boats"
LOCKED = os.environ.get("LINLI_LOCKED", "")
PATIENCE_MS = 60_000  # of a browser on a busy machine; what is there is seen at once
examples.load_profile("ci")  # everywhere the same examples, however long they take
expect.set_options(timeout=PATIENCE_MS)


@pytest.fixture(scope="session", autouse=True)
def _flushable() -> Iterator[None]:
    """Lets tests with real transactions empty the tables that otherwise refuse it."""
    from django.apps import apps
    from django.db import connection

    unmanaged = [model._meta.db_table for model in apps.get_models() if not model._meta.managed]
    guards = {
        "cases_event_no_delete": import_module("linli.cases.migrations.0002_append_only_and_search").SQLITE[
            0
        ],
        "privacy_read_no_delete": import_module("linli.privacy.migrations.0002_reads_stay").SQLITE[0],
        "privacy_glass_no_delete": import_module("linli.privacy.migrations.0002_reads_stay").SQLITE[2],
        "privacy_takeout_no_delete": import_module("linli.privacy.migrations.0004_takeouts").SQLITE[0],
    }
    operations = type(connection.ops)
    flush = operations.sql_flush
    patch = pytest.MonkeyPatch()
    # The names of models and permissions are the same after every test: kept, they need not be written anew.
    patch.setattr(
        "django.core.management.commands.flush.emit_post_migrate_signal", lambda *given, **more: None
    )

    def with_guarded_tables(self: Any, style: Any, tables: list[str], **options: Any) -> list[str]:
        tables = [name for name in tables if name not in ("django_content_type", "auth_permission")]
        if self.connection.vendor == "postgresql":
            return flush(self, style, [*tables, *unmanaged] if tables else tables, **options)
        drop = [f"DROP TRIGGER IF EXISTS {name}" for name in guards]
        again = list(guards.values())
        emptied = [f"DELETE FROM {name}" for name in unmanaged]
        return [*drop, *flush(self, style, tables, **options), *emptied, *again]

    patch.setattr(operations, "sql_flush", with_guarded_tables)
    yield
    patch.undo()


@pytest.fixture(scope="session", autouse=True)
def _keys_of_tests(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Cases of tests keep their keys where pytest clears away."""
    from django.conf import settings

    settings.CASE_KEYS = tmp_path_factory.mktemp("case-keys")


@pytest.fixture(autouse=True)
def _in_chinese() -> Iterator[None]:
    """A request leaves its language to the thread; no test speaks that of the one before."""
    translation.deactivate()
    yield
    translation.deactivate()


@pytest.fixture(autouse=True)
def _fresh_caches() -> None:
    """What a process remembers of reference data belongs to the test before."""
    from linli.cases.procedures import calendar
    from linli.ledger import actions as ledger
    from linli.orgs import lookup
    from linli.orgs.lookup import memory
    from linli.people.actions import rough

    calendar.forget()
    ledger.forget()
    lookup.forget()
    rough.forget()
    memory.keep_seconds = 0.0
    calendar.RECHECK_SECONDS = 3600.0  # or a slow machine asks once more where statements are counted


@pytest.fixture(autouse=True)
def _unhindered(settings: Any) -> None:
    """The cast signs in without a second factor and reports without budgets; the tests of both switch them on."""
    settings.SECOND_FACTOR = False
    settings.REPORT_BUDGETS = False


@pytest.fixture(scope="session", autouse=True)
def _secured(request: pytest.FixtureRequest) -> None:
    from linli.ops import securing

    if LOCKED:
        request.getfixturevalue("django_db_setup")
        with request.getfixturevalue("django_db_blocker").unblock():
            securing.secure(role=LOCKED)


@pytest.fixture(autouse=True)
def _under_the_second_lock(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """With LINLI_LOCKED=role on PostgreSQL, requests of tests are answered as that role, as in operation."""
    from django.db import connection
    from django.test import Client

    from linli.people import scope

    if not LOCKED or not request.node.get_closest_marker("django_db"):
        return
    answer = Client.request

    def locked(self: Client, **environ: Any) -> Any:
        connection.ensure_connection()
        connection.connection.execute(f"SET ROLE {LOCKED}")
        scope.forget()
        try:
            return answer(self, **environ)
        finally:
            if not connection.needs_rollback and connection.connection is not None:
                connection.connection.execute("RESET ROLE")
            scope.forget()

    monkeypatch.setattr(Client, "request", locked)


@dataclass
class Town:
    """Two townships of one county: units by short name."""

    units: dict[str, Organisation] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Organisation:
        return self.units[name]


@dataclass
class Cast:
    """Who acts in the tests, under one post each."""

    posts: dict[str, Actor] = field(default_factory=dict)
    people: dict[str, Person] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Actor:
        return self.posts[name]


def _square(lon: float, lat: float, size: float) -> dict[str, Any]:
    ring = [[lon, lat], [lon + size, lat], [lon + size, lat + size], [lon, lat + size], [lon, lat]]
    return {"type": "Polygon", "coordinates": [ring]}


UNITS = [
    # name, parent, code, kind, function, title, English
    ("county", None, "990001", Kind.COUNTY, "", "青石县", "Qingshi County"),
    ("county_housing", "county", "990001-zj", Kind.DEPARTMENT, "housing", "县住建局", "Housing Bureau"),
    ("county_petitions", "county", "990001-xf", Kind.DEPARTMENT, "petitions", "县信访局", "Petitions Office"),
    ("east", "county", "990001101", Kind.TOWNSHIP, "", "东河镇", "Donghe Town"),
    (
        "east_works",
        "east",
        "990001101-cj",
        Kind.DEPARTMENT,
        "township_construction",
        "东河镇村镇建设办",
        "Donghe Works",
    ),
    (
        "east_centre",
        "east",
        "990001101-zz",
        Kind.CENTRE,
        "township_centre",
        "东河镇综治中心",
        "Donghe Centre",
    ),
    (
        "east_committee",
        "east",
        "990001101-tj",
        Kind.COMMITTEE,
        "",
        "东河镇人民调解委员会",
        "Donghe People's Mediation Committee",
    ),
    ("village", "east", "990001101201", Kind.VILLAGE, "", "绿林村", "Lülin Village"),
    ("grid", "village", "990001101201001", Kind.GRID, "", "第一网格", "Grid 1"),
    ("grid2", "village", "990001101201002", Kind.GRID, "", "第二网格", "Grid 2"),
    ("west", "county", "990001102", Kind.TOWNSHIP, "", "西山镇", "Xishan Town"),
    (
        "west_works",
        "west",
        "990001102-cj",
        Kind.DEPARTMENT,
        "township_construction",
        "西山镇村镇建设办",
        "Xishan Works",
    ),
    ("west_village", "west", "990001102201", Kind.VILLAGE, "", "石桥村", "Shiqiao Village"),
    ("west_grid", "west_village", "990001102201001", Kind.GRID, "", "第一网格", "Grid 1"),
]

POSTS = [
    # key, name, role, unit
    ("grid_worker", "汪秀兰", "grid_worker", "grid"),
    ("sibling_worker", "何大勇", "grid_worker", "grid2"),
    ("officer", "石守信", "village_officer", "village"),
    ("dispatcher", "祝丽华", "dispatcher", "east"),
    ("outsider", "秦望山", "dispatcher", "west"),
    ("county_dispatcher", "程远", "dispatcher", "county"),
    ("handler", "彭建国", "handler", "east_works"),
    ("housing_handler", "陆明", "handler", "county_housing"),
    ("petitions_handler", "安敏", "handler", "county_petitions"),
    ("west_handler", "邱实", "handler", "west_works"),
    ("verifier", "方正平", "verifier", "east"),
    ("supervisor", "高岩", "supervisor", "county"),
    ("township_supervisor", "潘立", "supervisor", "east"),
    ("auditor", "纪明", "auditor", "county"),
    ("clerk", "林听", "clerk", "county"),
    ("administrator", "管立", "administrator", "county"),
    ("centre", "夏明远", "centre_officer", "east"),
    ("chair", "吴晓芸", "committee_chair", "east_committee"),
    ("mediator", "程立新", "mediator", "east_committee"),
    ("second_mediator", "余海波", "mediator", "east_committee"),
]

COMMITTEES = [
    # unit, kind, area, official short name, its members as (post, duty, is a woman, languages)
    (
        "east_committee",
        "township",
        "east",
        "东河",
        [
            ("chair", "chair", True, "普通话"),
            ("mediator", "member", False, "普通话、本地话"),
            ("second_mediator", "member", False, "普通话"),
        ],
    ),
    ("village_committee", "village", "village", "绿林", [("village_chair", "chair", True, "本地话")]),
]


@pytest.fixture
def town(db: None) -> Town:
    """A county of two townships, with departments, grids and square boundaries."""
    return build_town()


def build_town() -> Town:
    from linli.service_requests.actions import install_lists

    town = Town()
    for name, parent, code, kind, function, title, english in UNITS:
        above = town.units.get(parent) if parent else None
        town.units[name] = Organisation(
            code=code,
            name=title,
            name_en=english,
            kind=kind,
            function=function,
            parent=above,
            path=(above.path if above else "") + code + "/",
            valid_from=date(2020, 1, 1),
        )
    Organisation.objects.bulk_create(town.units.values())
    squares = {
        "county": _square(114.0, 31.0, 0.4),
        "east": _square(114.0, 31.0, 0.2),
        "village": _square(114.0, 31.0, 0.1),
        "grid": _square(114.0, 31.0, 0.05),
        "grid2": _square(114.05, 31.0, 0.05),
        "west": _square(114.2, 31.0, 0.2),
        "west_village": _square(114.2, 31.0, 0.1),
        "west_grid": _square(114.2, 31.0, 0.05),
    }
    Boundary.objects.bulk_create(
        Boundary(organisation=town[name], geometry=square, source="test") for name, square in squares.items()
    )
    from linli.orgs import lookup

    lookup.forget()
    install_lists()
    return town


@pytest.fixture
def cast(town: Town) -> Cast:
    """One person a post, password `PASSWORD`, user names as in POSTS."""
    return build_cast(town)


def build_cast(town: Town) -> Cast:
    cast = Cast()
    _employ(cast, town, POSTS)
    return cast


def _employ(cast: Cast, town: Town, posts: list[tuple[str, str, str, str]]) -> None:
    grants = []
    for key, name, role, unit in posts:
        person = cast.people[key] = Person(username=key, name=name)
        person.set_unusable_password()
        grants.append(Grant(person=person, role=role, organisation=town[unit], valid_from=START))
    Person.objects.bulk_create(grant.person for grant in grants)
    Grant.objects.bulk_create(grants)
    cast.posts |= {grant.person.username: Actor.from_grant(grant) for grant in grants}


@pytest.fixture
def report(town: Town) -> Callable[..., Any]:
    """Reports a broken street lamp; keyword arguments change the submission, `at` and `by`."""
    from linli.service_requests import actions as service_requests

    def make(**changes: Any) -> Any:
        at = changes.pop("at", NOW)
        command_id = changes.pop("command_id", None) or uuid7()
        by = changes.pop("by", None) or Actor.reporter(command_id)
        given: dict[str, Any] = {
            "text": "村部门前三盏路灯连着三个晚上不亮了，学生下晚自习看不清。",
            "category": "facility.street_lamp",
            "request_type": "help",
            "channel": "portal",
            "place": town["grid"],
            **changes,
        }
        submission = service_requests.Submission(**given)
        return service_requests.submit(submission=submission, by=by, at=at, command_id=command_id)

    return make


@pytest.fixture
def committee(town: Town, cast: Cast) -> Any:
    """The mediation committee of Donghe Town with its mediators and a room; that of Lülin Village stands, too."""
    from linli.mediation.actions.lists import install_lists
    from linli.mediation.models import Committee, Member, Room

    install_lists()
    town.units["village_committee"] = Organisation.objects.create(
        code="990001101201-tj",
        name="绿林村人民调解委员会",
        name_en="Lülin Village People's Mediation Committee",
        kind=Kind.COMMITTEE,
        parent=town["village"],
        path=town["village"].path + "990001101201-tj/",
        valid_from=date(2020, 1, 1),
    )
    _employ(cast, town, [("village_chair", "陶金枝", "committee_chair", "village_committee")])
    for unit, kind, area, mark, members in COMMITTEES:
        made = Committee.objects.create(
            organisation=town[unit],
            kind=kind,
            area=town[area],
            file_mark=mark,
            established_on=START.date(),
            term_from=START.date(),
            term_until=date(2029, 1, 1),
        )
        for post, duty, is_woman, languages in members:
            Member.objects.create(
                committee=made,
                person=cast.people[post],
                duty=duty,
                is_woman=is_woman,
                languages=languages,
                since=START.date(),
            )
        Room.objects.create(organisation=town[unit], name="第一调解室", address="办公楼一楼")
    return Committee.objects.get(pk=town["east_committee"])


@pytest.fixture
def dispute(town: Town, cast: Cast, committee: Any) -> Callable[..., Any]:
    """Registers 李秀英 against 陈国强 over rain water with the committee of Donghe; gives (case, event, is_new).

    Keyword arguments change the application, `at`, `by` (a name of the cast or an Actor) and `command_id`.
    """
    from linli.mediation.actions import registering as mediations

    def make(**changes: Any) -> Any:
        at = changes.pop("at", NOW)
        command_id = changes.pop("command_id", None) or uuid7()
        by = changes.pop("by", "mediator")
        given: dict[str, Any] = {
            "subject": "李秀英、陈国强院墙排水纠纷",
            "brief": "去年陈家砌院墙以后，雨水管正对李家墙根，屋里返潮。",
            "requests": ["改接雨水管", "修补墙根"],
            "category": "neighbours",
            "source": "applied",
            "place": town["village"],
            "parties": [
                mediations.PartyDetails(name="李秀英", phone="0712-0000-101", address="绿林村三组"),
                mediations.PartyDetails(name="陈国强", side="respondent", phone="0712-0000-102"),
            ],
            "channel": "window",
            "committee": committee,
            **changes,
        }
        application = mediations.Application(**given)
        actor = cast[by] if isinstance(by, str) else by
        return mediations.register(application=application, by=actor, at=at, command_id=command_id)

    return make


@pytest.fixture
def move(cast: Cast) -> Callable[..., Any]:
    """Makes one move on a case under a post of the cast (or an Actor), an hour after the one before."""
    from linli.cases import actions as cases

    clock = {"at": NOW}

    def make(case: Any, verb: str, who: Any, at: datetime | None = None, **data: Any) -> Any:
        clock["at"] = at or clock["at"] + timedelta(minutes=5)
        actor = cast[who] if isinstance(who, str) else who
        return cases.advance(case=case.pk, verb=verb, by=actor, at=clock["at"], command_id=uuid7(), data=data)

    return make


# --- real browsers -----------------------------------------------------------------------------

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
NO_BROWSER = "no Chromium on this machine"


def find_chromium() -> str | None:
    """Where the system's Chromium is, if it has one."""
    return next((path for name in BROWSERS if (path := shutil.which(name))), None)


def find_postgresql() -> str | None:
    """Where the system's PostgreSQL server is, if it has one."""
    found = shutil.which("pg_ctl")
    return found or next((str(path) for path in Path("/usr/lib/postgresql").glob("*/bin/pg_ctl")), None)


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of the browser that tests marked `browser` drive."""
    path = find_chromium()
    if path is None:
        pytest.skip(NO_BROWSER)
    return path


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--of-database", action="store_true", help="only tests that ask the database anything")


@pytest.hookimpl(trylast=True)  # or pytest-django, which orders them too, would have the last word
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: item.path.name != "test_torture.py")  # or a worker waits for it at the end
    if config.getoption("--of-database"):
        config.hook.pytest_deselected(items=[item for item in items if not _asks_database(item)])
        items[:] = filter(_asks_database, items)
    if find_chromium():
        return
    for item in items:
        if item.get_closest_marker("browser"):
            item.add_marker(pytest.mark.skip(reason=NO_BROWSER))


def _asks_database(item: pytest.Item) -> bool:
    """pytest-django refuses every query to a test of which this does not hold."""
    fixtures = getattr(item, "fixturenames", ())
    return "django_db_setup" in fixtures or item.get_closest_marker("django_db") is not None


def pytest_collection_finish() -> None:
    """What was imported stays to the end: nobody need look through it again."""
    gc.collect()
    gc.freeze()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    skipped = [
        report for report in terminalreporter.stats.get("skipped", []) if NO_BROWSER in str(report.longrepr)
    ]
    missing, packages = [], []
    if skipped:
        missing.append(f"{len(skipped)} browser tests (no Chromium)")
        packages.append("chromium")
    if not find_postgresql():
        missing.append("the run on PostgreSQL (no server)")
        packages.append("postgresql")
    if missing:
        wanted = " ".join(packages)
        terminalreporter.write_line(
            f"Skipped: {' and '.join(missing)}. To have them: apt-get install {wanted}, then .ci/run"
        )


AXE = Path(__file__).parent / "node_modules" / "axe-core" / "axe.min.js"
# Told what passed as well, axe names and the browser sends hundreds of nodes that nobody reads.
LOOK = """async rules => {
  const asked = {runOnly: {type: 'tag', values: rules}, resultTypes: ['violations']};
  return (await axe.run(document, asked)).violations;
}"""


def violations(page: Page, rules: list[str]) -> list[dict[str, Any]]:
    """What axe finds wrong with a page by these rules."""
    if not page.evaluate("'axe' in window"):  # it stays while only the screen changes
        page.evaluate(AXE.read_text(encoding="utf-8"))
    found: list[dict[str, Any]] = page.evaluate(LOOK, rules)
    return found


FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def browser(chromium: str) -> Iterator[Browser]:
    """One browser for all tests of a process."""
    from django.db import connections

    # Playwright runs its loop in our thread, where Django keeps other connections than without one. A process
    # forked later has no loop and would take the earlier connection for its own.
    connections.close_all()
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        yield found
        found.close()


@pytest.fixture
def window(browser: Browser, live_server: Any, settings: Any) -> Iterator[Callable[..., Page]]:
    """Opens a page for somebody: `window("dispatcher", width=360, language="en")`; nobody is signed in by default."""
    contexts = []

    def open_window(who: str = "", *, width: int = 360, language: str = "zh-hans", **cookies: str) -> Page:
        context = browser.new_context(base_url=live_server.url, viewport={"width": width, "height": 780})
        contexts.append(context)
        context.set_default_timeout(PATIENCE_MS)
        jar = {"linli_language": language, **cookies}
        if who:
            client = Client()
            client.force_login(
                Person.objects.get(username=who),
                backend="allauth.account.auth_backends.AuthenticationBackend",
            )
            jar[settings.SESSION_COOKIE_NAME] = client.cookies[settings.SESSION_COOKIE_NAME].value
        context.add_cookies(
            [{"name": name, "value": value, "url": live_server.url} for name, value in jar.items()]
        )
        return context.new_page()

    yield open_window
    for context in contexts:
        context.close()
