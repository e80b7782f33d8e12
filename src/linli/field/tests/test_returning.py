"""On the phone itself, in Chromium: what was written stays in somebody's hands whatever becomes of it meanwhile."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from conftest import Cast, Town
from django.utils import timezone
from playwright.sync_api import Page, expect

from linli.cases.models import Case, Event
from linli.documents.actions import storing
from linli.documents.models import Attachment
from linli.field import actions
from linli.field.models import Phone, Sent
from linli.mediation.actions import screening
from linli.mediation.models import ScreeningRound
from linli.service_requests.models import Category

from .day import PIN, picture, until

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
LEFT = """() => new Promise((done) => {
  const opening = indexedDB.open("linli-field");
  opening.onsuccess = () => {
    const stores = ["meta", "held", "drafts", "pictures"];
    const asking = opening.result.transaction(stores);
    const counts = stores.map((store) => asking.objectStore(store).count());
    asking.oncomplete = () => {
      opening.result.close();
      done(counts.reduce((sum, count) => sum + count.result, 0));
    };
  };
})"""
AGE = """() => new Promise((done) => {
  const opening = indexedDB.open("linli-field");
  opening.onsuccess = () => {
    const change = opening.result.transaction("outbox", "readwrite");
    const rows = change.objectStore("outbox").getAll();
    rows.onsuccess = () => rows.result.forEach((row) => {
      change.objectStore("outbox").put({ ...row, at: Date.now() - 31 * 24 * 3600_000 });
    });
    change.oncomplete = () => { opening.result.close(); done(); };
  };
})"""
WORDS = "村口的路灯坏了三天了，晚上看不见路。"


@pytest.fixture
def phone(window: Callable[..., Page], cast: Cast, case: Case) -> Page:
    page = enrolled(window("officer"))
    page.wait_for_selector("[data-tasks] article")
    return page


def enrolled(page: Page) -> Page:
    page.goto("/field/")
    page.fill("#pin-1", PIN)
    page.fill("#pin-2", PIN)
    page.click('[data-screen="enrol"] button')
    return page


def go(page: Page, screen: str) -> None:
    page.evaluate("screen => { location.hash = screen }", screen)
    page.wait_for_selector(f'[data-screen="{screen.split("/")[0]}"]:not([hidden])')


def save(page: Page, screen: str) -> None:
    page.click(f'[data-screen="{screen}"] .ll-savebar button')
    page.wait_for_selector('[data-screen="outbox"]:not([hidden])')


def choose_pictures(page: Page, *seeds: int) -> None:
    files: Any = [{"name": f"{seed}.png", "mimeType": "image/png", "buffer": picture(seed)} for seed in seeds]
    page.set_input_files("#report-photo", files)


def write_report(page: Page) -> None:
    page.select_option('[data-screen="report"] [name=category]', "facility.street_lamp")
    page.fill('[data-screen="report"] [name=text]', WORDS)


def photos_of(case: Case) -> int:
    return Attachment.objects.filter(case=case).count()


def test_filing_waits_for_pictures_that_are_still_made_small(phone: Page) -> None:
    phone.evaluate(
        "() => { const quick = window.createImageBitmap;"
        " window.createImageBitmap = async (...given) => {"
        " await new Promise((done) => setTimeout(done, 700)); return quick(...given); } }"
    )
    go(phone, "report")
    write_report(phone)
    choose_pictures(phone, 1, 2)
    save(phone, "report")
    expect(phone.locator("[data-toast]")).to_contain_text("存下了")
    phone.wait_for_selector('[data-screen="outbox"] .is-got')
    assert photos_of(Case.objects.get(channel="grid")) == 2
    go(phone, "home")
    assert phone.locator("[data-drafts-part]").is_hidden()


def test_what_is_no_picture_is_refused_while_another_can_be_taken(phone: Page) -> None:
    go(phone, "report")
    write_report(phone)
    bad: Any = [{"name": "a.heic", "mimeType": "image/heic", "buffer": b"no picture"}]
    phone.set_input_files("#report-photo", bad)
    expect(phone.locator('[data-screen="report"] [data-problem]')).to_contain_text("a.heic")
    choose_pictures(phone, 1)
    phone.wait_for_selector("[data-pictures] figure")
    save(phone, "report")
    phone.wait_for_selector('[data-screen="outbox"] .is-got')
    assert photos_of(Case.objects.get(channel="grid")) == 1


def test_a_photo_the_server_cannot_take_holds_up_nothing_else(
    phone: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_folder: Any) -> None:
        raise OSError

    phone.context.set_offline(True)
    for seeds in ((1,), ()):
        go(phone, "report")
        write_report(phone)
        if seeds:
            choose_pictures(phone, *seeds)
            phone.wait_for_selector("[data-pictures] figure")
        save(phone, "report")
    monkeypatch.setattr(storing, "require_room", full)
    phone.context.set_offline(False)
    phone.evaluate("window.dispatchEvent(new Event('online'))")
    phone.wait_for_selector('[data-screen="outbox"] .is-got')
    phone.wait_for_selector('[data-screen="outbox"] .is-kept')
    assert Case.objects.filter(channel="grid").count() == 1
    monkeypatch.undo()
    phone.evaluate("window.dispatchEvent(new Event('online'))")
    until(phone, "document.querySelectorAll('[data-screen=\"outbox\"] .is-got').length === 2")


def test_what_was_refused_comes_back_with_its_photos(phone: Page) -> None:
    Category.objects.filter(code="facility.street_lamp").update(is_active=False)
    go(phone, "report")
    write_report(phone)
    choose_pictures(phone, 1, 2)
    save(phone, "report")
    phone.wait_for_selector('[data-screen="outbox"] .is-refused')
    Category.objects.update(is_active=True)
    phone.click('[data-screen="outbox"] .is-refused a')
    phone.wait_for_selector('[data-screen="report"]:not([hidden]) [data-pictures] figure:nth-of-type(2)')
    assert phone.input_value('[data-screen="report"] [name=text]') == WORDS
    save(phone, "report")
    phone.wait_for_selector('[data-screen="outbox"] .is-got')
    assert phone.locator('[data-screen="outbox"] .is-refused').count() == 0
    assert photos_of(Case.objects.get(channel="grid")) == 2


def test_a_draft_can_be_filed_after_its_case_has_left_the_phone(phone: Page, case: Case, town: Town) -> None:
    go(phone, f"move/{case.pk}/note")
    phone.fill('[data-screen="move"] [name=note]', "已经联系电工，明天上午到。")
    expect(phone.locator('[data-screen="move"] [data-kept]')).not_to_be_empty()
    Case.objects.filter(pk=case.pk).update(
        place=town["west_grid"], place_path=town["west_grid"].path, holder=None, holder_path=""
    )
    go(phone, "home")
    phone.evaluate("window.dispatchEvent(new Event('online'))")
    phone.wait_for_selector('[data-tasks] article:not(:has(a[href^="#case/"])):only-child')
    phone.click("[data-drafts] a")
    phone.wait_for_selector('[data-screen="move"]:not([hidden])')
    assert "电工" in phone.input_value('[data-screen="move"] [name=note]')
    save(phone, "move")
    phone.wait_for_selector('[data-screen="outbox"] .is-got')
    assert "电工" in Event.objects.filter(case=case, verb="note").get().data["note"]


def test_a_draft_can_be_thrown_away(phone: Page) -> None:
    go(phone, "report")
    phone.fill('[data-screen="report"] [name=text]', WORDS)
    expect(phone.locator('[data-screen="report"] [data-kept]')).not_to_be_empty()
    go(phone, "home")
    phone.click("[data-drafts] button")
    phone.wait_for_selector("[data-drafts-part]", state="hidden")


def test_a_refused_decision_is_asked_again(phone: Page, case: Case, move: Any) -> None:
    phone.context.set_offline(True)
    go(phone, f"move/{case.pk}/acknowledge")
    save(phone, "move")
    move(case, "acknowledge", "officer", timezone.now())
    phone.context.set_offline(False)
    phone.evaluate("window.dispatchEvent(new Event('online'))")
    phone.wait_for_selector('[data-screen="outbox"] .is-clash [data-choice]')
    phone.click('[data-choice="mine"]')
    phone.wait_for_selector('[data-screen="outbox"] .is-refused')
    phone.click('[data-screen="outbox"] .is-refused a')
    phone.click('[data-choice="theirs"]')
    phone.wait_for_selector('[data-screen="outbox"] .is-got')
    until(phone, "document.querySelectorAll('[data-screen=\"outbox\"] .is-clash').length === 0")


def test_a_phone_given_up_for_lost_is_wiped_while_it_is_open_and_cannot_come_back(phone: Page) -> None:
    actions.give_up_lost(phone=Phone.objects.select_related("grant").get(), at=timezone.now())
    phone.evaluate("window.dispatchEvent(new Event('online'))")
    phone.wait_for_selector('[data-screen="sign-in"]:not([hidden])')
    until(phone, f"({LEFT})().then((left) => left === 0)")
    assert Sent.objects.count() == 0


def test_signing_out_at_the_desk_wipes_the_phone_too(phone: Page) -> None:
    go(phone, "report")
    phone.fill('[data-screen="report"] [name=text]', WORDS)
    expect(phone.locator('[data-screen="report"] [data-kept]')).not_to_be_empty()
    phone.goto("/desk/")
    phone.click("summary:has-text('更多')")
    with phone.expect_navigation():
        phone.click("form[data-leaves] button")
    phone.goto("/field/")
    phone.wait_for_selector('[data-screen="sign-in"]:not([hidden])')
    assert phone.evaluate(LEFT) == 0


def test_what_was_answered_a_month_ago_leaves_the_list(phone: Page) -> None:
    go(phone, "report")
    write_report(phone)
    save(phone, "report")
    phone.wait_for_selector('[data-screen="outbox"] .is-got')
    phone.evaluate(AGE)
    phone.reload()
    phone.fill("#pin", PIN)
    phone.click('[data-screen="unlock"] button')
    phone.wait_for_selector("[data-all-empty]:not([hidden])")


def test_a_push_opens_a_case_the_phone_did_not_hold_yet(phone: Page, report: Any, town: Town) -> None:
    newer = report(at=timezone.now()).case
    go(phone, f"case/{newer.pk}")
    assert phone.locator('[data-screen="case"] [data-text="number"]').inner_text() == newer.number


def test_text_is_made_large_without_a_network_and_stays_large(phone: Page) -> None:
    phone.evaluate("navigator.serviceWorker.ready.then(() => true)")
    phone.context.set_offline(True)
    phone.click("[data-size]")
    assert phone.locator("html").get_attribute("data-linli-size") == "large"
    phone.context.set_offline(False)
    phone.reload()
    assert phone.locator("html").get_attribute("data-linli-size") == "large"
    assert phone.locator("[data-size]").get_attribute("aria-pressed") == "true"


def test_a_grid_worker_goes_round_without_a_network(
    window: Callable[..., Page], town: Town, cast: Cast
) -> None:
    """The round that is missing stands among the work of today until it is written, and again where it was refused."""
    page = enrolled(window("grid_worker"))
    card = page.locator('[data-tasks] article:has(a[href="#screening"])')
    expect(card).to_contain_text("走一遍第一网格，没有也要记“没有”")
    expect(card).to_contain_text(re.compile("还剩 \\d+ 天|今天是最后一天"))
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    page.context.set_offline(True)
    card.locator("a.btn").click()
    form = page.locator('[data-screen="screening"]')
    expect(form.locator("[name=place] option:checked")).to_have_text("第一网格")
    assert form.locator("[name=place] option").count() == 2
    form.locator("[name=found]").fill("2")
    save(page, "screening")
    expect(page.locator('[data-screen="outbox"] .is-kept')).to_contain_text("第一网格")
    go(page, "home")
    expect(page.locator("[data-tasks-empty]")).to_be_visible()
    page.reload()
    page.fill("#pin", PIN)
    page.click('[data-screen="unlock"] button')
    expect(page.locator("[data-tasks-empty]")).to_be_visible()
    assert not ScreeningRound.objects.exists()
    page.context.set_offline(False)
    page.wait_for_selector('[data-screen="home"] [data-sent] .is-got')
    made = ScreeningRound.objects.get()
    assert (made.place, made.found, made.by_id) == (town["grid"], 2, cast["grid_worker"].person_id)
    expect(page.locator("[data-tasks-empty]")).to_be_visible()


def test_an_officer_s_phone_says_how_far_the_grids_have_come(
    window: Callable[..., Page], town: Town, cast: Cast
) -> None:
    at = timezone.now()
    month = timezone.localtime(at).date().replace(day=1)
    screening.record_round(place=town["grid"], month=month, found=2, by=cast["grid_worker"], at=at)
    page = enrolled(window("officer"))
    told = "2 个网格，已记 1 个，共发现 2 起。还差：第二网格。"
    expect(page.locator("[data-tasks] article")).to_contain_text(told)
    go(page, "screening")
    form = page.locator('[data-screen="screening"]')
    expect(form.locator("[data-text=grids]")).to_have_text(told)
    form.locator("[name=place]").select_option(label="第二网格")
    expect(form.locator("[data-text=grids]")).to_be_hidden()
    save(page, "screening")
    page.wait_for_selector('[data-screen="outbox"] .is-got')
    page.evaluate("window.dispatchEvent(new Event('online'))")
    go(page, "home")
    expect(page.locator("[data-tasks-empty]")).to_be_visible()


def test_a_post_without_the_phone_is_told_so(window: Callable[..., Page], cast: Cast) -> None:
    page = window("dispatcher")
    page.goto("/field/")
    page.wait_for_selector('[data-screen="no-post"]:not([hidden])')
