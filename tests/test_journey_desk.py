"""From a resident's phone to a verified close, and back: one matter through every hand, in a real browser.

A phone reports; a dispatcher accepts and sends it on; the unit takes it on, writes progress and reports back; the
dispatcher arranges a check; a grid worker checks on site; the resident follows it all under one code, rates it, and
reopens it. Everybody has their own window and their own sign-in.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from io import BytesIO
from typing import Any

import pytest
from conftest import PASSWORD, Cast, Town
from PIL import Image
from playwright.sync_api import FilePayload, Page, expect

from linli.cases import actions
from linli.cases.models import Case, Event
from linli.documents.models import Attachment
from linli.kit import clock

pytestmark = [pytest.mark.browser, pytest.mark.journey, pytest.mark.django_db(transaction=True)]

WORDS = "村部门前三盏路灯连着三个晚上不亮了，学生下晚自习看不清。"
CODE = re.compile(r"[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{5}")


def photo() -> FilePayload:
    data = BytesIO()
    Image.new("RGB", (640, 480), "navy").save(data, "JPEG")
    return {"name": "lamp.jpg", "mimeType": "image/jpeg", "buffer": data.getvalue()}


def deliver() -> None:
    """What the worker does between two steps: hands over the outbox."""
    while actions.run_due(at=clock.now()):
        pass


def go_on(page: Page) -> None:
    page.locator("main form button.btn-primary[name=go]:visible").last.click()


def report(page: Page, town: Town) -> str:
    """Reports the lamps on a phone, by lists, with a photo; returns the tracking code."""
    page.goto("/report/")
    page.fill("#text", WORDS)
    page.locator("summary", has_text="公共设施").click()
    page.check("input[value='facility.street_lamp']")
    go_on(page)
    page.select_option("#town", town["east"].code)
    expect(page.locator("#village option")).to_have_count(2)
    page.select_option("#village", town["village"].code)
    expect(page.locator("#grid option")).to_have_count(3)
    page.select_option("#grid", town["grid"].code)
    go_on(page)
    page.set_input_files("#photo", photo())
    expect(page.locator("ll-photos figure img")).to_have_count(1)
    go_on(page)
    page.locator("main form button.btn-primary[value=next]").last.click()
    expect(page.locator("h1")).to_have_text("收到了，谢谢您")
    code = page.locator("#code").inner_text()
    assert CODE.fullmatch(code)
    return code


def open_case(page: Page, number: str) -> None:
    page.goto("/desk/")
    page.locator(".ll-what a", has=page.locator(f"xpath=self::*[contains(@href, '{number}')]")).first.click()
    expect(page.locator("h1")).to_be_visible()


def make(page: Page, verb: str, **fields: str) -> None:
    """Opens the short form of a move, fills it in and sends it."""
    form = page.locator(f"#move-{verb}")
    if form.evaluate("element => element.tagName") == "DETAILS" and form.get_attribute("open") is None:
        form.locator("summary").click()
    for name, value in fields.items():
        field = form.locator(f"[name={name}]")
        if field.evaluate("element => element.tagName") == "SELECT":
            field.select_option(value)
        else:
            field.fill(value)
    form.locator("button.btn-primary, button.btn-danger-line").last.click()
    expect(page.locator("[role=status]", has_text="已记下")).to_be_visible()
    deliver()


def test_from_report_to_close_and_back(window: Callable[..., Page], town: Town, cast: Cast) -> None:
    resident = window(width=360)
    code = report(resident, town)
    deliver()
    case = Case.objects.get()
    number = case.number

    dispatcher = window("dispatcher", width=1280)
    dispatcher.goto("/desk/")
    dispatcher.get_by_role("button", name=f"受理 {number}").click()
    expect(dispatcher.locator("[role=status]", has_text="已记下：受理")).to_be_visible()
    deliver()
    dispatcher.get_by_role("link", name=f"派单 {number}").click()
    expect(dispatcher.locator("#dispatch-unit")).to_have_value(str(town["east_works"].pk))
    make(dispatcher, "dispatch", note="三天内修好，注意安全。")

    handler = window("handler", width=360)
    handler.goto("/desk/")
    handler.get_by_role("button", name=f"签收 {number}").click()
    deliver()
    open_case(handler, number)
    expect(handler.locator("main")).to_contain_text("三天内修好，注意安全。")
    make(handler, "progress", note="控制箱进水，已订空气开关，货到就换。")
    handler.locator("#move-feedback summary").click()
    handler.set_input_files("#feedback-photo", photo())
    expect(handler.locator("#move-feedback ll-photos figure img")).to_have_count(1)
    make(handler, "feedback", result="空气开关换好了，三盏灯当晚都亮了。")

    open_case(dispatcher, number)
    make(dispatcher, "arrange_check")

    worker = window("grid_worker", width=360)
    open_case(worker, number)
    expect(worker.locator("#move-verify")).to_be_visible()
    make(worker, "verify", finding="三盏灯都亮着，路口看得清。")
    assert Case.objects.get().state == "closed"

    resident.goto("/track/")
    if resident.locator("#code").count():
        resident.fill("#code", code)
        resident.click("main button.btn-primary")
    for text in ("东河镇村镇建设办", "空气开关换好了", "三盏灯都亮着"):
        expect(resident.locator("main")).to_contain_text(text)
    resident.check("input[name=grade][value='2']")
    resident.locator("form[action='/track/rating'] button.btn-primary").click()
    deliver()
    resident.locator("#reopen-heading").click()
    resident.fill("#reopen-reason", "两天又灭了一盏，晚上还是看不清。")
    resident.locator("form[action='/track/reopening'] button").click()
    expect(resident.locator("main")).to_contain_text("已经重开")
    deliver()

    dispatcher.goto("/desk/")
    expect(dispatcher.locator(".ll-work")).to_contain_text("重开 1 次")
    expect(dispatcher.get_by_role("link", name=f"派单 {number}")).to_be_visible()
    check_history(Case.objects.get(pk=case.pk))


def check_history(case: Case) -> None:
    """Every step is an event, by whoever made it, and the photos stand where they were added."""
    steps = list(Event.objects.filter(case=case).order_by("number").values_list("verb", "role"))
    assert steps == [
        ("open", "resident"),
        ("accept", "dispatcher"),
        ("dispatch", "dispatcher"),
        ("acknowledge", "handler"),
        ("progress", "handler"),
        ("feedback", "handler"),
        ("arrange_check", "dispatcher"),
        ("verify", "grid_worker"),
        ("rate", "resident"),
        ("reopen", "resident"),
    ]
    assert (case.state, case.reopenings) == ("reopened", 1)
    assert sorted(Attachment.objects.values_list("purpose", flat=True)) == ["feedback", "report"]


def test_signs_in_with_a_password_and_out_again(window: Callable[..., Page], cast: Cast) -> None:
    person = cast.people["dispatcher"]
    person.set_password(PASSWORD)
    person.save()
    page = window(width=360)
    page.goto("/desk/cases?open=all")
    page.fill("[name=login]", "dispatcher")
    page.fill("[name=password]", "not-the-password")
    page.click("main button.btn-primary")
    expect(page.locator("[role=alert]")).to_be_visible()
    expect(page.locator("[name=login]")).to_have_value("dispatcher")
    page.fill("[name=password]", PASSWORD)
    page.click("main button.btn-primary")
    expect(page.locator("h1")).to_have_text("全部事项")
    page.locator(".ll-head summary", has_text="更多").click()
    with page.expect_navigation():
        page.get_by_role("button", name="退出登录").click()
    page.goto("/desk/")
    expect(page.locator("h1")).to_have_text("工作人员登录")


def test_works_by_keyboard(window: Callable[..., Page], town: Town, cast: Cast, report: Any) -> None:
    cases = [report(text=text).case for text in ("一组的路灯坏了两盏请来修", "二组的路灯坏了三盏请来修")]
    page = window("dispatcher", width=1280)
    page.goto("/desk/")
    page.keyboard.press("a")  # with no row at hand, nothing is accepted
    page.keyboard.press("n")
    expect(page.locator("h1")).to_have_text("登记新事项")
    page.goto("/desk/")
    page.keyboard.press("j")
    page.keyboard.press("x")
    expect(page.locator(".ll-bulk")).to_be_visible()
    expect(page.locator("[data-select-count]")).to_have_text("1")
    page.keyboard.press("x")
    page.locator(".ll-what a").first.focus()
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text(cases[1].title)
    page.goto("/desk/")
    page.keyboard.press("/")
    page.keyboard.type("三盏")
    page.keyboard.press("Enter")
    expect(page.locator(".ll-what a")).to_have_count(1)
    page.keyboard.press("j") if page.locator(":focus").count() == 0 else page.locator(".ll-what a").focus()
    page.keyboard.press("a")
    expect(page.locator("[role=status]", has_text="已记下：受理")).to_be_visible()


def test_badges_and_lists_refresh_by_themselves(
    window: Callable[..., Page], town: Town, cast: Cast, report: Any
) -> None:
    page = window("dispatcher", width=1280)
    page.goto("/desk/")
    expect(page.locator(".empty-title")).to_have_text("都办完了")
    case = report().case
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(page.locator(".ll-what a")).to_have_text(case.title)
    expect(page.locator(".ll-tabs [data-count=work]")).to_have_text("1")
