"""What the service worker does while no page is open: sends what is left, and shows that there is news."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from conftest import NOW, Cast
from playwright.sync_api import CDPSession, Page

from linli.cases import actions as cases
from linli.cases.models import Case, Event
from linli.notify.actions import push
from linli.notify.senders.ways import Messenger, WebPush

from .day import PIN, until
from .pushing import SUBSCRIPTION, opened

RECEIVED = """() => new Promise((done) => {
  const opening = indexedDB.open("linli-field");
  opening.onsuccess = () => {
    const asking = opening.result.transaction("outbox").objectStore("outbox").getAll();
    asking.onsuccess = () => {
      opening.result.close();
      done(asking.result.length > 0 && asking.result.every((item) => item.state === "received"));
    };
  };
})"""
SHOWN = "navigator.serviceWorker.getRegistration('/field/').then((each) => each.getNotifications())"
# A click as the browser reports it. One made by a script may not keep the worker waiting or open windows.
CLICK = """async () => {
  const [notification] = await self.registration.getNotifications();
  const click = new NotificationEvent("notificationclick", { notification });
  let done;
  Object.defineProperty(click, "waitUntil", { value: (promise) => { done = promise; } });
  self.dispatchEvent(click);
  await done;
}"""
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def phone(window: Callable[..., Page], cast: Cast, case: Case) -> Page:
    """The officer's phone, enrolled, its service worker at work."""
    page = window("officer")
    page.goto("/field/")
    page.fill("#pin-1", PIN)
    page.fill("#pin-2", PIN)
    page.click('[data-screen="enrol"] button')
    page.wait_for_selector("[data-tasks] article")
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    return page


class Browser:
    """What the browser itself says to the service worker."""

    def __init__(self, page: Page, url: str) -> None:
        self.session: CDPSession = page.context.new_cdp_session(page)
        self.url, self.registration = url, ""
        self.session.on("ServiceWorker.workerRegistrationUpdated", self._remember)
        self.session.send("ServiceWorker.enable")
        while not self.registration:
            page.wait_for_timeout(50)

    def _remember(self, event: Any) -> None:
        for each in event["registrations"]:
            if each["scopeURL"].startswith(self.url) and not each["isDeleted"]:
                self.registration = each["registrationId"]

    def says(self, what: str, **more: Any) -> None:
        self.session.send(
            f"ServiceWorker.{what}", {"origin": self.url, "registrationId": self.registration, **more}
        )


def test_a_visit_is_chosen_from_the_cases_on_the_phone_and_sent_after_the_app_was_closed(
    phone: Page, case: Case, live_server: Any
) -> None:
    phone.context.set_offline(True)
    phone.goto("/field/#visit")
    save = phone.locator('[data-screen="visit"] .ll-savebar button')
    save.click()
    problem = phone.locator('[data-screen="visit"] [data-problem]')
    problem.wait_for()
    assert "哪一件" in problem.inner_text()
    phone.select_option("#visit-case", str(case.pk))
    phone.check("[name=satisfied][value=yes]")
    save.click()
    phone.wait_for_selector('[data-screen="outbox"]:not([hidden])')
    context = phone.context
    phone.close()
    context.set_offline(False)
    blank = context.new_page()
    blank.goto("/field/app.webmanifest")  # no page of the app
    Browser(blank, live_server.url).says("dispatchSyncEvent", tag="linli-outbox", lastChance=False)
    until(blank, RECEIVED)
    notes = [event.data["note"] for event in Event.objects.filter(case_id=case.pk, verb="note")]
    assert notes == ["回访：满意。"]


def test_a_push_arrives_is_shown_and_opens_the_right_page(
    phone: Page, case: Case, cast: Cast, service: Any, live_server: Any
) -> None:
    person_id = cast["officer"].person_id
    assert person_id is not None
    push.subscribe(person_id=person_id, given={**SUBSCRIPTION, "endpoint": f"{service.url}/p"}, at=NOW)
    cases.run_due(at=NOW + timedelta(hours=1))
    Messenger({"push": WebPush("mailto:x@example.com")}).run(NOW + timedelta(hours=2))
    _path, _headers, body = service.got[0]
    phone.context.grant_permissions(["notifications"], origin=live_server.url)
    phone.goto("/field/#me")
    browser = Browser(phone, live_server.url)
    browser.says("deliverPushMessage", data=opened(body).decode())
    until(phone, f"{SHOWN}.then((shown) => shown.length > 0)")
    assert phone.evaluate(f"{SHOWN}.then(([one]) => [one.title, one.body, one.data.path])") == [
        "邻里",
        "有新的任务或消息，打开看。",
        f"/field/#case/{case.pk}",
    ]
    worker = phone.context.service_workers[0]
    worker.evaluate(CLICK)
    phone.wait_for_selector('[data-screen="case"]:not([hidden])')
    until(phone, f"{SHOWN}.then((shown) => shown.length === 0)")  # both have one tag: the first must be gone
    browser.says("deliverPushMessage", data=opened(body).decode())
    until(phone, f"{SHOWN}.then((shown) => shown.length > 0)")
    phone.goto("/desk/")
    worker.evaluate("clients.openWindow = async (path) => { self.wanted = path; }")
    worker.evaluate(CLICK)
    assert worker.evaluate("self.wanted") == f"/field/#case/{case.pk}"
