"""A real server and a real Chromium for a day in the field: either may be killed, and goes on where it was."""

from __future__ import annotations

import hashlib
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.request
from contextlib import suppress
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection
from PIL import Image, ImageDraw
from playwright.sync_api import Browser, BrowserContext, Page

PIN = "246810"
IS_LONG = "LINLI_DAY_REPORTS" in os.environ
SIZE = (900, 600) if IS_LONG else (300, 200)  # of photos, before the phone shrinks them
PROCESSES = [] if IS_LONG else ["--workers", "1"]  # quicker to start; one phone sends to one at a time
WATCH = """
const draw = HTMLCanvasElement.prototype.toBlob;
HTMLCanvasElement.prototype.toBlob = function (done, ...rest) {
  draw.call(this, (blob) => {
    void blob.arrayBuffer().then((bytes) => crypto.subtle.digest("SHA-256", bytes)).then((digest) => {
      const hex = Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
      return window.madePicture(hex);
    }).then(() => done(blob));
  }, ...rest);
};
"""


@dataclass
class Server:
    """Linli in a process of its own, on a copy of the test's database."""

    folder: Path
    port: int = 0
    process: subprocess.Popen[bytes] | None = None

    def __post_init__(self) -> None:
        self.port = self.port or _free_port()
        self.database.parent.mkdir(parents=True, exist_ok=True)
        connection.ensure_connection()
        with sqlite3.connect(self.database) as copy:
            connection.connection.backup(copy)

    @property
    def database(self) -> Path:
        return self.folder / "linli.sqlite3"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        environment = {
            **os.environ,
            "LINLI_VAR": str(self.folder),
            "DATABASE_URL": f"sqlite:///{self.database}",
            "LINLI_SECRET_KEY": settings.SECRET_KEY,
            "LINLI_COUNTY": "990001",
        }
        command = [sys.executable, "-m", "linli.ops", "serve", "--port", str(self.port), *PROCESSES]
        self.process = subprocess.Popen(command, env=environment, start_new_session=True)
        until = time.monotonic() + 300
        while time.monotonic() < until:
            with suppress(OSError), urllib.request.urlopen(f"{self.url}/field/app.webmanifest", timeout=2):
                return
            time.sleep(0.05)
        raise TimeoutError("the server did not start")

    def kill(self) -> None:
        """As a power cut does: nothing is put in order."""
        if self.process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            self.process = None

    def rows(self, sql: str) -> list[Any]:
        with sqlite3.connect(self.database, timeout=20) as copy:
            return copy.execute(sql).fetchall()


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@dataclass
class Handset:
    """Chromium with a profile that stays when it is killed."""

    browser: Browser
    chromium: str
    profile: Path
    url: str
    session: str
    flags: list[str]
    language: str = "zh-hans"
    pictures: list[str] = field(default_factory=list)
    context: BrowserContext | None = None
    page: Page | None = None

    def switch_on(self, *, is_offline: bool) -> Page:
        context = self.browser.browser_type.launch_persistent_context(
            self.profile,
            executable_path=self.chromium,
            args=self.flags,
            viewport={"width": 360, "height": 780},
            base_url=self.url,
        )
        cookies = {settings.SESSION_COOKIE_NAME: self.session, "linli_language": self.language}
        context.add_cookies(
            [{"name": name, "value": value, "url": self.url} for name, value in cookies.items()]
        )
        context.expose_function("madePicture", lambda made: self.pictures.append(made))
        context.add_init_script(WATCH)
        context.set_offline(is_offline)
        page = context.pages[0] if context.pages else context.new_page()
        page.goto("/field/")
        self.context, self.page = context, page
        return page

    def kill(self) -> None:
        """Chromium dies where it stands."""
        assert self.context is not None
        assert self.page is not None
        session = self.context.new_cdp_session(self.page)
        with suppress(Exception):
            session.send("Browser.crash")
        with suppress(Exception):
            self.context.close()
        self.context = self.page = None

    def enrol(self) -> None:
        assert self.page is not None
        self.page.fill("#pin-1", PIN)
        self.page.fill("#pin-2", PIN)
        self.page.click('[data-screen="enrol"] button')
        self.page.wait_for_selector('[data-screen="home"]:not([hidden])')

    def unlock(self) -> None:
        assert self.page is not None
        self.page.fill("#pin", PIN)
        self.page.click('[data-screen="unlock"] button')
        self.page.wait_for_selector("body:not(.is-locked)")

    def report(self, number: int, *, photos: int = 1) -> None:
        """Reports something with photos, as a worker does it."""
        assert self.page is not None
        page = self.page
        page.goto("/field/#home")
        page.goto("/field/#report")
        page.wait_for_selector("#report-photo")
        files: Any = [
            {"name": f"{number}-{n}.png", "mimeType": "image/png", "buffer": picture(number * 10 + n)}
            for n in range(photos)
        ]
        page.set_input_files("#report-photo", files)
        page.wait_for_selector(f"[data-pictures] figure:nth-of-type({photos})")
        page.select_option('[data-screen="report"] [name=category]', "facility.street_lamp")
        page.fill('[data-screen="report"] [name=text]', f"第{number}盏路灯不亮，晚上看不见路。")
        page.click('[data-screen="report"] .ll-savebar button')
        page.wait_for_selector('[data-screen="outbox"]:not([hidden])')

    def unsent(self) -> int:
        assert self.page is not None
        said = self.page.locator("[data-unsent]").inner_text() if self.page else ""
        return int(said or 0)


def until(page: Page, holds: str, seconds: float = 60) -> None:
    """Waits for what a script promises; Playwright's own wait takes a promise for a yes."""
    end = time.monotonic() + seconds
    while not page.evaluate(holds):
        assert time.monotonic() < end, "it did not come to that in time"
        page.wait_for_timeout(50)


def picture(seed: int) -> bytes:
    """A picture that no other number gives."""
    made = Image.new("RGB", SIZE, (seed * 37 % 256, seed * 91 % 256, 120))
    pen = ImageDraw.Draw(made)
    for line in range(60):
        ends = [(line * SIZE[0] // 60, 0), (line * seed % SIZE[0], SIZE[1])]
        pen.line(ends, fill=(line * 4, seed % 256, 255 - line * 4), width=3)
    content = BytesIO()
    made.save(content, "PNG")
    return content.getvalue()


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
