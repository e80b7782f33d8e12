"""Every page as a person meets it: on a phone and on a desk, in both languages, large and dark.

Nothing may run sideways, break the content security policy, call a foreign host, or fail the accessibility rules.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from conftest import AXE, Cast, Town, violations
from playwright.sync_api import Page

from linli.ledger import actions as ledger
from linli.measures.actions import counting
from linli.mediation import actions as mediations
from linli.mediation.tests.story import Story

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
VIEWS: dict[str, dict[str, Any]] = {
    "phone": {"width": 360},
    "desk-en": {"width": 1280, "language": "en"},
    "phone-large-dark": {"width": 360, "linli_size": "large", "linli_theme": "dark"},
}
PUBLIC = ["/", "/report/", "/track/", "/disputes/", "/disputes/routes", "/grids/", "/grids/990001101201001",
          "/figures/", "/privacy/", "/promises/",
          "/accessibility/", "/sign-in", "/nowhere"]  # fmt: skip
DESK = {
    "dispatcher": [
        "/desk/",
        "/desk/cases",
        "/desk/cases/new",
        "/desk/inbox",
        "/desk/exports",
        "/desk/board",
        "/desk/cases/{number}",
    ],
    "handler": ["/desk/", "/desk/cases/{number}", "/desk/figures"],
    "supervisor": [
        "/desk/board",
        "/desk/figures",
        "/desk/figures/990001/map",
        "/desk/figures/990001/cases?count=received",
        "/desk/rounds",
        "/desk/problems",
    ],
    "chair": ["/desk/figures"],
    "administrator": [
        "/desk/manage",
        "/desk/manage/categories",
        "/desk/manage/rules",
        "/desk/manage/calendar",
        "/desk/manage/organisations",
        "/desk/manage/people",
    ],
}
DISPUTES = {
    "mediator": [
        "/desk/mediations",
        "/desk/mediations/calendar",
        "/desk/mediations/new",
        "/desk/mediations/{number}",
        "/desk/mediations/{number}/terms",
        "/desk/mediations/{number}/routes",
        "/desk/cases/{number}",
    ],
    "centre": [
        "/desk/mediations/board",
        "/desk/mediations/statistics",
        "/desk/screening",
        "/desk/vetoes/new",
        "/desk/cases/{number}",
    ],
    "administrator": [
        "/desk/manage/mediation",
        "/desk/manage/mediation/lists",
        "/desk/manage/mediation/forms",
    ],
}

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def matter(report: Callable[..., Any], move: Callable[..., Any], town: Town, cast: Cast) -> Any:
    """A case in the hands of the works office, and one still to be accepted."""
    case = report(contact_name="周婶", contact_phone="0712-0000-118", address="村部门前").case
    move(case, "accept", "dispatcher")
    move(case, "dispatch", "dispatcher", unit=str(town["east_works"].pk))
    move(case, "acknowledge", "handler")
    report(text="小学围墙外的污水沟堵了，学生要绕路。", category="environment.sewage")
    ledger.sequence()
    while counting.count():
        pass
    return case


class Look:
    """A window through which every page is checked."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.wrong: list[str] = []
        page.on(
            "console", lambda message: self.wrong.append(message.text) if message.type == "error" else None
        )
        page.on("pageerror", lambda error: self.wrong.append(str(error)))
        page.on("request", lambda request: self._mind(request.url))

    def _mind(self, url: str) -> None:
        if url.startswith("http") and not url.startswith("http://localhost:"):
            self.wrong.append(f"asks a foreign host: {url}")

    def at(self, address: str) -> list[str]:
        """What is wrong with a page."""
        self.wrong.clear()
        self.page.goto(address, wait_until="load")
        self.page.wait_for_timeout(100)
        sideways = self.page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        if sideways > 0:
            self.wrong.append(f"{sideways} px too wide")
        self.wrong += [f"{v['id']}: {v['nodes'][0]['html'][:160]}" for v in violations(self.page, RULES)]
        is_meant = address == "/nowhere"
        return [w for w in self.wrong if not (is_meant and "404" in w)]


def check(page: Page, addresses: list[str]) -> None:
    look = Look(page)
    wrong = {address: found for address in addresses if (found := look.at(address))}
    assert not wrong, "\n".join(
        f"{address}: {problem}" for address, found in wrong.items() for problem in found
    )


@pytest.mark.skipif(not AXE.exists(), reason="axe-core is not installed: make setup")
@pytest.mark.parametrize("view", VIEWS)
def test_public_pages_are_in_order(view: str, window: Callable[..., Page], matter: Any) -> None:
    check(window(**VIEWS[view]), PUBLIC)


@pytest.mark.skipif(not AXE.exists(), reason="axe-core is not installed: make setup")
@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("who", DESK)
def test_desk_pages_are_in_order(who: str, view: str, window: Callable[..., Page], matter: Any) -> None:
    check(window(who, **VIEWS[view]), [address.format(number=matter.number) for address in DESK[who]])


@pytest.fixture
def quarrel(dispute: Callable[..., Any], cast: Cast) -> Any:
    """A dispute whose agreement waits for signatures."""
    story = Story(cast, dispute().case.pk)
    story.to("agreement_written")
    return story.case


@pytest.mark.skipif(not AXE.exists(), reason="axe-core is not installed: make setup")
@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("who", DISPUTES)
def test_pages_of_mediation_are_in_order(
    who: str, view: str, window: Callable[..., Page], quarrel: Any
) -> None:
    check(window(who, **VIEWS[view]), [address.format(number=quarrel.number) for address in DISPUTES[who]])


@pytest.mark.skipif(not AXE.exists(), reason="axe-core is not installed: make setup")
@pytest.mark.parametrize("view", VIEWS)
def test_the_page_of_a_party_is_in_order(view: str, window: Callable[..., Page], quarrel: Any) -> None:
    page = window(**VIEWS[view])
    page.goto("/track/")
    page.fill("#code", mediations.party_code(quarrel.pk, 1))
    page.click("main button.btn-primary")
    papers = page.locator("a[href^='/disputes/papers/']").evaluate_all(
        "all => all.map(a => a.getAttribute('href'))"
    )
    addresses = [each for each in dict.fromkeys(papers) if not each.endswith(".pdf")]
    assert addresses
    check(page, ["/disputes/progress", *addresses, "/disputes/end", "/disputes/legal-aid"])
