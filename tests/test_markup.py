"""What anybody ever wrote is text on every page: markup in every word of the database, and every page looked at.

Reports, names, addresses, organisations, notices, file names, imports, whoever wrote them: one round fills every form
with markup, another puts it behind every word the database holds. Then everybody goes through all of Linli.
"""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import date, timedelta
from typing import Any

import pytest
from conftest import NOW, Cast, Town
from django.apps import apps
from django.db import connection, models
from django.test import Client

from crawl import Answer, Crawl, ask
from linli.cases import actions as cases
from linli.kit import clock
from linli.kit.codes import pretty
from linli.kit.ids import uuid7
from linli.kit.sealing import SealedField
from linli.ledger import actions as ledger
from linli.measures.actions import counting, problems, rounds
from linli.mediation import actions as mediations
from linli.mediation.tests import test_isolation as telling
from linli.mediation.tests.story import Story
from linli.people.models import Person

pytestmark = pytest.mark.django_db
BACKEND = "allauth.account.auth_backends.AuthenticationBackend"
PROBE = "<x7>~x7\"~x7'"
# The tilde: no token drawn by chance, before a quotation mark, is taken for the probe.
STAYS_RAW = re.compile(r"<x7|~x7\"")
LEADS = re.compile(
    r"\b(?:href|src|action|formaction|hx-get|hx-post)=\"\s*(data:image/|[a-z][a-z0-9+.-]*)(?::|(?<=/))",
    re.IGNORECASE,
)
DISPOSITION = re.compile(
    r"(?:inline|attachment)(?:; filename=\"[\w .()-]+\")?(?:; filename\*=utf-8''[\w%.~-]+)?", re.ASCII
)
HARMLESS = {"http", "https", "tel", "mailto", "data:image/"}
STARTS = {
    "administrator": ["/desk/", "/desk/manage"],
    "supervisor": ["/desk/", "/desk/board", "/desk/rounds", "/desk/problems", "/desk/orders", "/desk/glass"],
    "township_supervisor": ["/desk/", "/desk/rounds"],
    "dispatcher": ["/desk/", "/desk/cases", "/desk/cases/new", "/desk/claims", "/desk/held", "/desk/exports"],
    "handler": ["/desk/", "/desk/problems"],
    "mediator": ["/desk/", "/desk/mediations", "/desk/mediations/calendar"],
    "chair": ["/desk/mediations", "/desk/mediations/new"],
    "centre": ["/desk/", "/desk/screening", "/desk/vetoes/new", "/desk/mediations/board"],
    "grid_worker": ["/desk/", "/field/", "/field/phones", "/field/cases"],
    "officer": ["/desk/", "/desk/screening"],
    "clerk": ["/desk/cases/new"],
    "auditor": ["/desk/", "/desk/cases"],
}  # fmt: skip
PUBLIC = ["/", "/report/", "/track/", "/disputes/", "/grids/", "/figures/", "/guides/", "/search/?q=路灯", "/privacy/",
          "/open-data/", "/places", "/promises/", "/accessibility/", "/receipts/check"]  # fmt: skip
WEBHOOK = {
    "name": f"邻县{PROBE}",
    "url": "https://hook.example/linli",
    "post": "dispatcher",
    "kinds": ["service_request"],
    "events": ["request.accepted"],
    "is_active": "on",
}


def clients(cast: Cast) -> Iterator[tuple[str, Client, list[str]]]:
    for who, starts in STARTS.items():
        client = Client()
        client.force_login(cast.people[who], backend=BACKEND)
        yield who, client, starts


@pytest.fixture
def county(
    report: Callable[..., Any], dispute: Callable[..., Any], move: Any, town: Town, cast: Cast,
    monkeypatch: pytest.MonkeyPatch,
) -> dict[str, Any]:  # fmt: skip
    """A county where everything has happened once, every word of it with markup in it."""
    words = f"路灯坏了。{PROBE}"
    lamp = report(
        text=words, contact_name=f"周{PROBE}", contact_phone="0712-0000-118", address=words, lon=114.02, lat=31.02,
        may_publish=True,
    )  # fmt: skip
    for verb, who, data in (
        ("accept", "dispatcher", {}),
        ("dispatch", "dispatcher", {"unit": str(town["east_works"].pk), "note": words}),
        ("acknowledge", "handler", {}),
        ("progress", "handler", {"note": words}),
    ):
        move(lamp.case, verb, who, **data)
    done = report(text=words).case
    for verb, who, data in (
        ("accept", "dispatcher", {}),
        ("dispatch", "dispatcher", {"unit": str(town["east_works"].pk)}),
        ("acknowledge", "handler", {}),
        ("feedback", "handler", {"result": words}),
        ("arrange_check", "dispatcher", {}),
        ("verify", "grid_worker", {"finding": words}),
    ):
        move(done, verb, who, **data)
    for _each in range(3):
        report(text=words)
    report(text=words, request_type="accusation", accused=town["east_works"])
    monkeypatch.setattr(telling, "CANARY", PROBE)
    story = telling.tell_everything(cast, dispute)
    talking = Story(cast, dispute(subject=words, brief=words, command_id=uuid7()).case.pk).to(
        "agreement_written"
    )
    telling.plan(talking, None)
    at = max(story.at, talking.at) + timedelta(days=1)
    monkeypatch.setattr(clock, "now", lambda: at)
    ledger.sequence()
    while counting.count():
        pass
    problems.find(county=town["county"], at=NOW + timedelta(hours=3))
    made = rounds.compute(
        county=town["county"],
        scheme="townships_month",
        begins_on=date(2026, 9, 1),
        by=cast["supervisor"],
        at=at,
    )
    while cases.run_due(at=at):
        pass
    desk = dict((who, client) for who, client, _starts in clients(cast))
    assert desk["administrator"].post("/desk/manage/webhooks/new", WEBHOOK).status_code == 302
    return {"lamp": lamp, "story": story, "talking": talking, "round": made}


def with_code(code: str) -> Client:
    client = Client()
    client.post("/track/", {"code": pretty(code)})
    return client


def everybody(cast: Cast, county: dict[str, Any]) -> Iterator[tuple[str, Client, list[str]]]:
    yield from clients(cast)
    talking = county["talking"]
    yield "reporter", with_code(county["lamp"].code), ["/track/", "/track/information"]
    yield "party", with_code(mediations.party_code(talking.case_id, 1)), ["/disputes/progress"]
    yield "nobody", Client(), PUBLIC


def walk(cast: Cast, county: dict[str, Any], most: int) -> Crawl:
    crawl = Crawl(most)
    for who, client, starts in everybody(cast, county):
        crawl.go(who, client, starts)
    return crawl


def objections(answer: Answer) -> list[str]:
    """What is wrong with an answer: markup that somebody wrote, a link that runs, or a fault of ours."""
    if answer.status >= 500:
        return [f"{answer} fails"]
    if not DISPOSITION.fullmatch(named := answer.headers.get("Content-Disposition", "inline")):
        return [f"{answer} is named {named!r}"]
    if answer.is_page:
        return _of_page(answer)
    if answer.headers.get("Content-Type", "").endswith("document"):
        return _of_document(answer)
    is_guarded = answer.headers.get("X-Content-Type-Options") == "nosniff"
    return [] if is_guarded or answer.status != 200 else [f"{answer} may be taken for a page"]


def _of_page(answer: Answer) -> list[str]:
    page = answer.text
    found = [page[max(0, hit.start() - 90) : hit.end() + 30] for hit in STAYS_RAW.finditer(page)]
    leads = {hit[1].lower() for hit in LEADS.finditer(page)} - HARMLESS
    return [f"{answer} …{each}…" for each in found[:1]] + [
        f"{answer} leads to {each}:" for each in sorted(leads)
    ]


def _of_document(answer: Answer) -> list[str]:
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        parts = [archive.read(name) for name in archive.namelist() if name.endswith(".xml")]
    return [f"{answer} holds markup"] if any(b"<x7" in part for part in parts) else []


def spoiled(value: Any) -> Any:
    """The probe behind every word somebody wrote: what has blanks or Chinese letters is no code, path or state."""
    if isinstance(value, str) and value[:1] in ("{", "["):
        with suppress(ValueError):
            return json.dumps(spoiled(json.loads(value)), ensure_ascii=False)
    if isinstance(value, str):
        is_written = any(letter == " " or letter > "\u2e7f" for letter in value) and PROBE not in value
        return value + PROBE if is_written else value
    if isinstance(value, list):
        return [spoiled(each) for each in value]
    if isinstance(value, dict):
        return {name: spoiled(each) for name, each in value.items()}
    return value


# Texts that are programs of ours: the scheme of a round.
PROGRAMS = {"measures.Round": "basis"}
UNSPOILED = ("ledger", "sessions", "contenttypes", "account", "mfa", "axes", "auth")
TEXTS = (models.CharField, models.TextField, models.JSONField)


def spoil_everything() -> int:
    """Every word of every table but those that are sealed, which the actions have written with the probe."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT name FROM sqlite_master WHERE type = 'trigger' AND sql LIKE '%% BEFORE UPDATE %%'"
        )
        for (name,) in cursor.fetchall():
            cursor.execute(f"DROP TRIGGER {name}")
    changed = 0
    for model in apps.get_models():
        if model._meta.app_label in UNSPOILED or not model._meta.managed:
            continue
        names = [
            each.attname
            for each in model._meta.concrete_fields
            if isinstance(each, TEXTS)
            and PROGRAMS.get(model._meta.label) != each.name
            and not isinstance(each, SealedField)
            and not each.choices
            and not each.unique
        ]
        for row in model._default_manager.all() if names else ():
            new = {name: spoiled(getattr(row, name)) for name in names}
            new = {name: value for name, value in new.items() if value != getattr(row, name)}
            changed += model._default_manager.filter(pk=row.pk).update(**new) if new else 0
    return changed


def test_nothing_that_anybody_wrote_is_markup_on_any_page(cast: Cast, county: dict[str, Any]) -> None:
    if connection.vendor != "sqlite":
        pytest.skip("pages are the same on both; columns of PostgreSQL have no room for so long a probe")
    first = walk(cast, county, 1)
    by_name = {who: client for who, client, _starts in everybody(cast, county)}
    written = [
        ask(who, by_name[who], "POST", form.action, form.filled(f"路灯 {PROBE}"))
        for who, form in first.forms.values()
        if form.is_written
    ]
    taken = [each for each in written if each.status in (201, 302, 303)]
    assert len(taken) > 15
    assert spoil_everything() > 150
    second = walk(cast, county, 1)
    answers = [*first.answers, *written, *second.answers]
    wrong = [line for each in answers for line in objections(each)]
    assert not wrong, "\n".join(wrong)
    seen = {each.route for each in answers if each.is_page and each.status in (200, 422)}
    assert len(seen) > 100
    assert sum("~x7" in each.text for each in answers if each.is_page) > 120


@pytest.mark.parametrize(
    ("page", "is_right"),
    [
        ("<p>路灯坏了。&lt;x7&gt;~x7&quot;~x7&#x27;</p>", True),
        ('<script type="application/json">"\\u003Cx7\\u003E~x7\\"~x7\'"</script>', True),
        ("<p>路灯坏了。<x7>~x7&quot;</p>", False),
        ('<a title="~x7"~x7\'">', False),
        ('<a href="javascript:x7">', False),
        ('<a href="/desk/cases?next=https://x">', True),
    ],
)
def test_catches_markup_that_stays(page: str, is_right: bool) -> None:
    answer = Answer("nobody", "GET", "/", "", 200, {"Content-Type": "text/html"}, page.encode())
    assert (objections(answer) == []) == is_right


def test_catches_a_page_that_trusts_a_name(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    from django.utils.safestring import mark_safe

    Person.objects.filter(username="dispatcher").update(name=f"祝{PROBE}")
    ((who, client, starts), *_rest) = [each for each in clients(cast) if each[0] == "dispatcher"]
    crawl = Crawl(1)
    crawl.go(who, client, starts[:1])
    assert [line for each in crawl.answers for line in objections(each)] == []
    monkeypatch.setattr("django.template.base.conditional_escape", lambda value: mark_safe(str(value)))  # noqa: S308
    answer = ask(who, client, "GET", "/desk/")
    assert objections(answer)
