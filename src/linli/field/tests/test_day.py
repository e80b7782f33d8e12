"""A day without a network in a real Chromium: killed twice, the server once; afterwards everything is there, once.

`LINLI_DAY_REPORTS` says how many reports (6; the figure in docs/field.md is of 30).
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import pytest
from conftest import FLAGS, Cast, Town
from django.db import connection
from django.test import Client
from playwright.sync_api import Browser

from .day import Handset, Server, until

REPORTS = int(os.environ.get("LINLI_DAY_REPORTS", "6"))
KEPT = "caches.match('/field/', {ignoreSearch: true}).then((found) => found !== undefined)"
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def handset(town: Town, cast: Cast, browser: Browser, chromium: str, tmp_path: Path, settings: Any) -> Any:
    if connection.vendor != "sqlite":
        pytest.skip("the server in a process of its own works on a copy of a SQLite database")
    client = Client()
    client.force_login(
        cast.people["grid_worker"], backend="allauth.account.auth_backends.AuthenticationBackend"
    )
    server = Server(tmp_path / "var")
    cookie = client.cookies[settings.SESSION_COOKIE_NAME].value
    phone = Handset(browser, chromium, tmp_path / "profile", server.url, cookie, FLAGS)
    yield phone, server
    if phone.context is not None:
        phone.context.close()
    server.kill()


def test_a_day_without_a_network_arrives_whole_and_once(handset: tuple[Handset, Server]) -> None:
    phone, server = handset
    server.start()
    page = phone.switch_on(is_offline=False)
    phone.enrol()
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    until(page, KEPT)
    page.wait_for_selector('[data-screen="home"] [data-text="post"]:not([hidden])')
    server.kill()
    phone.context.set_offline(True)  # type: ignore[union-attr]
    for number in range(1, REPORTS + 1):
        if number in (REPORTS // 3 + 1, 2 * REPORTS // 3 + 1):
            phone.kill()
            page = phone.switch_on(is_offline=True)
            phone.unlock()
        phone.report(number, photos=1 + number % 2)
    assert phone.unsent() == REPORTS
    server.start()
    phone.context.set_offline(False)  # type: ignore[union-attr]
    page = phone.page  # type: ignore[assignment]
    _wait(lambda: len(server.rows("SELECT id FROM field_sent")) >= 1)
    server.kill()
    server.start()
    page.reload()
    phone.unlock()
    _wait(lambda: phone.unsent() == 0)
    cases = server.rows("SELECT title FROM cases_case WHERE channel = 'grid'")
    assert sorted(cases) == sorted({title for title in cases})
    assert len(cases) == REPORTS
    sent = {row[0] for row in server.rows("SELECT photo_sha256 FROM field_parcel")}
    assert sent == set(phone.pictures)
    attached = server.rows("SELECT count(*) FROM documents_attachment")[0][0]
    assert attached == len(phone.pictures) == sum(1 + number % 2 for number in range(1, REPORTS + 1))


def _wait(holds: Any, seconds: float = 240) -> None:
    until = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < until, "it did not come to that in time"
        time.sleep(0.1)
