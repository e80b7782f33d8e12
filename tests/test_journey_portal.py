"""A resident reports on a phone in a real browser, with script and without, and follows what they reported."""

from __future__ import annotations

import re
from collections.abc import Callable
from io import BytesIO
from typing import Any

import pytest
from conftest import AXE, Cast, Town, violations
from PIL import Image
from playwright.sync_api import Browser, FilePayload, Page, expect

from linli.cases.models import Case
from linli.documents.models import Attachment

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
WORDS = "村部门前三盏路灯连着三个晚上不亮了，有事打13800001111。"
CODE = re.compile(r"[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{5}")


def photo(width: int = 3000) -> FilePayload:
    data = BytesIO()
    Image.new("RGB", (width, width // 2), "navy").save(data, "JPEG")
    return {"name": "lamp.jpg", "mimeType": "image/jpeg", "buffer": data.getvalue()}


def in_order(page: Page) -> None:
    """Nothing sideways, nothing axe objects to."""
    width = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert width <= 0, f"{page.url} is {width} px too wide"
    if AXE.exists():
        assert [f"{v['id']}: {v['nodes'][0]['html'][:160]}" for v in violations(page, RULES)] == []


def choose(page: Page, kind: str, group: str) -> None:
    page.locator("summary", has_text=group).click()
    page.check(f"input[value='{kind}']")


def go_on(page: Page) -> None:
    page.locator("main form button.btn-primary[name=go]:visible").last.click()


def test_reports_by_position_on_a_phone_and_follows_it(
    window: Callable[..., Page], town: Town, cast: Cast
) -> None:
    page = window(width=360)
    page.context.grant_permissions(["geolocation"])
    page.context.set_geolocation({"longitude": 114.02, "latitude": 31.02})
    page.goto("/")
    page.click("a.is-main")
    page.fill("#text", WORDS)
    choose(page, "facility.street_lamp", "公共设施")
    in_order(page)
    go_on(page)
    page.click("button[data-locate]")
    expect(page.locator("[role=status]", has_text="绿林村 · 第一网格")).to_be_visible()
    in_order(page)
    go_on(page)
    page.set_input_files("#photo", photo())
    expect(page.locator("ll-photos figure img")).to_have_count(1)
    in_order(page)
    go_on(page)
    expect(page.locator("mark")).to_have_text("13800001111")
    in_order(page)
    page.click("button[value=mask]")
    page.locator("main form button.btn-primary[value=next]").last.dblclick()
    expect(page.locator("h1")).to_have_text("收到了，谢谢您")
    in_order(page)
    code = page.locator("#code").inner_text()
    assert CODE.fullmatch(code)
    case = Case.objects.get()
    assert (case.place, Attachment.objects.get().width) == (town["grid"], 2048)
    page.context.clear_cookies(name="linli_track")
    page.goto("/track/")
    page.fill("#code", code.lower().replace("-", " "))
    page.click("main button.btn-primary")
    expect(page.locator("h1")).to_have_text(case.title)
    in_order(page)
    assert code not in page.content()
    assert code not in page.url


def test_a_draft_survives_the_closing_of_the_page(window: Callable[..., Page], town: Town) -> None:
    page = window(width=360)
    page.goto("/report/")
    page.fill("#text", WORDS)
    expect(page.locator("[data-draft-kept]")).to_be_visible()
    page.goto("/")
    page.goto("/report/")
    expect(page.locator("#text")).to_have_value(WORDS)
    page.click("[data-draft-delete]")
    page.reload()
    expect(page.locator("#text")).to_have_value("")


def test_chooses_on_the_map_and_from_lists(window: Callable[..., Page], town: Town) -> None:
    page = window(width=1280)
    page.goto("/report/")
    page.fill("#text", WORDS)
    choose(page, "facility.street_lamp", "公共设施")
    go_on(page)
    page.locator(".ll-map-canvas").click(position={"x": 60, "y": 200})
    expect(page.locator("section#map .alert")).to_be_visible()
    page.select_option("#town", town["west"].code)
    expect(page.locator("#village")).to_be_enabled()
    page.select_option("#village", town["west_village"].code)
    go_on(page)
    page.locator("button[value=list], button[name=go][value=back]").first.click()
    expect(page.locator("h1")).to_contain_text("？")


def test_everything_works_without_script(browser: Browser, live_server: Any, town: Town, cast: Cast) -> None:
    context = browser.new_context(
        base_url=live_server.url, viewport={"width": 360, "height": 780}, java_script_enabled=False
    )
    context.add_cookies([{"name": "linli_language", "value": "zh-hans", "url": live_server.url}])
    page = context.new_page()
    page.goto("/report/")
    page.fill("#text", WORDS)
    choose(page, "facility.street_lamp", "公共设施")
    go_on(page)
    page.select_option("#town", town["east"].code)
    page.locator("noscript button").click()
    page.select_option("#village", town["village"].code)
    go_on(page)
    page.set_input_files("#photo", photo(400))
    go_on(page)
    go_on(page)
    assert CODE.fullmatch(page.locator("#code").inner_text())
    page.goto("/track/")
    page.locator("summary", has_text="补充情况").click()
    page.fill("#add-note", "第三盏也不亮了。")
    page.locator("form[action='/track/additions'] button.btn-primary").click()
    expect(page.locator("main")).to_contain_text("第三盏也不亮了。")
    assert (Case.objects.get().place, Attachment.objects.count()) == (town["village"], 1)
    context.close()
