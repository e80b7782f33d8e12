"""Every screen of the phone in both languages, large and dark: nothing sideways, nothing axe finds serious."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from conftest import AXE, Cast, Town, violations
from django.utils import timezone
from playwright.sync_api import Page

from linli.cases.models import Case
from linli.field import actions

from .day import PIN
from .device import Device

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
SCREENS = ("home", "tasks", "report", "outbox", "me", "visit", "screening")
VIEWS: dict[str, dict[str, Any]] = {
    "chinese": {"language": "zh-hans"},
    "english large dark": {"language": "en", "linli_size": "large", "linli_theme": "dark"},
}
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def faults(page: Page, where: str) -> list[str]:
    page.evaluate("scrollTo(0, document.body.scrollHeight)")  # what scrolls passes under the bar at the foot
    serious = [each for each in violations(page, RULES) if each["impact"] in {"serious", "critical"}]
    said = [f"{where}: {each['id']} {each['nodes'][0]['target']}" for each in serious]
    if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
        said.append(f"{where}: runs sideways")
    return said


@pytest.mark.skipif(not AXE.exists(), reason="axe-core is not installed: make setup")
@pytest.mark.parametrize("view", VIEWS)
def test_screens_are_accessible(view: str, window: Callable[..., Page], cast: Cast, case: Case) -> None:
    page = window("officer", **VIEWS[view])
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.goto("/field/")
    page.wait_for_selector("#pin-1:visible")
    problems += faults(page, "enrol")
    page.fill("#pin-1", PIN)
    page.fill("#pin-2", PIN)
    page.click('[data-screen="enrol"] button')
    page.wait_for_selector("[data-tasks] article")
    for screen in (*SCREENS, f"case/{case.pk}", f"move/{case.pk}/acknowledge", f"move/{case.pk}/note"):
        page.goto(f"/field/#{screen}")
        page.wait_for_selector(f'[data-screen="{screen.split("/")[0]}"]:not([hidden])')
        problems += faults(page, screen)
    page.reload()
    page.wait_for_selector("#pin:visible")
    problems += faults(page, "unlock")
    assert problems == []


@pytest.mark.skipif(not AXE.exists(), reason="axe-core is not installed: make setup")
@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_what_stands_beside_the_app_is_accessible(
    language: str, window: Callable[..., Page], town: Town, cast: Cast
) -> None:
    """What waits for a person, the paper for a resident, and the door for somebody who is not signed in."""
    at, place = timezone.now(), town["grid"].code
    device, lost = (Device.enrol(cast["grid_worker"], at) for _ in range(2))
    filed = device.report(place, data={"for_resident": True, "consent": True, "channel": "print"})
    device.send(at)
    lost.report(place, text="桥头护栏松了，有孩子靠。")
    actions.revoke(phone=lost.phone, at=at)
    lost.send(at)
    page = window("dispatcher", language=language)
    page.goto("/field/held")
    problems = faults(page, "held")
    page = window("grid_worker", language=language)
    page.goto(f"/field/receipts/{filed}")
    problems += faults(page, "receipt")
    page.click("main form button")
    page.wait_for_selector("ll-print")
    problems += faults(page, "receipt shown")
    page = window(language=language)
    page.goto("/field/")
    page.wait_for_selector('[data-screen="sign-in"]:not([hidden])')
    problems += faults(page, "sign-in")
    page = window("dispatcher", language=language)
    page.goto("/field/")
    page.wait_for_selector('[data-screen="no-post"]:not([hidden])')
    problems += faults(page, "no-post")
    assert problems == []
