"""Takes the pictures of the README and of docs/measures.md from the demonstration county in a real browser.

`make screenshots` (needs Chromium and a Chinese font: apt-get install chromium fonts-noto-cjk). The county is planted
in a database of its own under var/, unless SCREENSHOTS_VAR names one that stands already. Names given as arguments
take only those; SCREENSHOTS_LONG takes whole pages, SCREENSHOTS_TO names another folder, for looking at what is not
kept. The README shows the ones in KEPT; docs/measures.md shows every page of GALLERY, which are kept, too.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
TARGET = Path(os.environ.get("SCREENSHOTS_TO", ROOT / "docs" / "screenshots"))
VAR = Path(os.environ.get("SCREENSHOTS_VAR", ROOT / "var" / "screenshots"))
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
PASSWORD = "demo-county-2026"  # noqa: S105  (the demonstration's, public)
ONLY = set(sys.argv[1:])
PATIENCE = 120_000  # milliseconds, on a machine with other work
IS_LONG = "SCREENSHOTS_LONG" in os.environ
TALL = {360: 1180, 1280: 1180}  # what is kept of a page in the gallery
COLOURS = 256  # of a kept picture: the pages have few, and files stay small
DEMO = os.environ.get("SCREENSHOTS_DEMO", "").split()


def main() -> None:
    TARGET.mkdir(parents=True, exist_ok=True)
    environment = {**os.environ, "LINLI_VAR": str(VAR)}
    linli = [sys.executable, "-m", "linli.ops"]
    subprocess.run(
        [*linli, "demo", "--no-serve", *DEMO], env=environment, check=True, stdout=subprocess.DEVNULL
    )  # noqa: S603
    subprocess.run([*linli, "measures", "rebuild"], env=environment, check=True, stdout=subprocess.DEVNULL)  # noqa: S603
    port = free_port()
    server = subprocess.Popen([*linli, "serve", "--port", str(port)], env=environment)  # noqa: S603
    try:
        wait_for(port)
        with sync_playwright() as playwright:
            path = (
                shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
            )
            browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
            Camera(browser, f"http://127.0.0.1:{port}").take_all()
            browser.close()
    finally:
        server.terminate()
        server.wait(timeout=15)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(port: int) -> None:
    for _ in range(600):
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/promises/", timeout=5).close()  # noqa: S310
        except OSError:
            time.sleep(0.2)
        else:
            return
    raise SystemExit("the server did not start")


class Camera:
    """Opens pages for somebody and keeps pictures of them."""

    def __init__(self, browser: Browser, address: str) -> None:
        self.browser, self.address = browser, address
        self.signed: dict[str, list[Any]] = {}

    def open(self, width: int, language: str, who: str = "", **cookies: str) -> Page:
        context = self.browser.new_context(
            base_url=self.address,
            viewport={"width": width, "height": 960},
            locale={"zh": "zh-CN", "en": "en-GB"}[language],
        )
        jar = {"linli_language": {"zh": "zh-hans", "en": "en"}[language], **cookies}
        context.add_cookies(
            [{"name": name, "value": value, "url": self.address} for name, value in jar.items()]
        )
        context.add_cookies(self.signed.get(who, []))
        context.set_default_timeout(PATIENCE)
        page = context.new_page()
        if who and who not in self.signed:
            page.goto("/sign-in")
            page.fill("[name=login]", who)
            page.fill("[name=password]", PASSWORD)
            page.click("main form .btn-primary")
            page.wait_for_url("**/desk/**")
            cookies: list[Any] = page.context.cookies()
            self.signed[who] = [each for each in cookies if each["name"] not in jar]
        return page

    def shoot(self, page: Page, name: str) -> None:
        page.wait_for_load_state("networkidle")
        page.wait_for_timeout(700)
        path = TARGET / f"{name}.png"
        page.screenshot(path=path, full_page=IS_LONG)
        page.context.close()
        with Image.open(path) as taken:
            small = taken.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
        small.save(path, optimize=True)

    def take_all(self) -> None:
        for name, job in self.jobs().items():
            if any(name.startswith(wanted) for wanted in ONLY) if ONLY else name in KEPT:
                print(name)  # noqa: T201
                job(name)

    def jobs(self) -> dict[str, Callable[[str], None]]:
        jobs: dict[str, Callable[[str], None]] = {}
        for language in ("zh", "en"):
            for width in (360, 1280):
                at = f"{language}-{width}"
                for page, (who, address) in PAGES.items():
                    jobs[f"{page}-{at}"] = self._page(width, language, who, address)
                jobs[f"report-where-{at}"] = self._report(width, language)
                jobs[f"track-{at}"] = self._track(width, language)
                jobs[f"case-{at}"] = self._case(width, language)
            for screen in PHONE:
                jobs[f"phone-{screen}-{language}-360"] = self._phone(language, screen)
        jobs["home-large-360"] = self._page(360, "zh", "", "/", linli_size="large")
        jobs["work-dark-1280"] = self._page(1280, "zh", "dispatcher1", "/desk/", linli_theme="dark")
        return jobs

    def _page(
        self, width: int, language: str, who: str, address: str, **cookies: str
    ) -> Callable[[str], None]:
        def take(name: str) -> None:
            page = self.open(width, language, who, **cookies)
            if name.rsplit("-", 2)[0] in GALLERY:
                page.set_viewport_size({"width": width, "height": TALL[width]})
            page.goto(recent(address[1:-1]) if address.startswith("{") else address)
            self.shoot(page, name)

        return take

    def _report(self, width: int, language: str) -> Callable[[str], None]:
        def take(name: str) -> None:
            page = self.open(width, language)
            fill_first_step(page)
            self.shoot(page, name)

        return take

    def _track(self, width: int, language: str) -> Callable[[str], None]:
        def take(name: str) -> None:
            page = self.open(width, language)
            page.goto("/track/")
            page.fill("[name=code]", recent_code())
            page.click("main form .btn-primary")
            self.shoot(page, name)

        return take

    def _phone(self, language: str, screen: str) -> Callable[[str], None]:
        """The app of a grid worker with a case to work on; the network goes away before anything is filed."""

        def take(name: str) -> None:
            page = self.open(360, language, recent("worker"))
            page.goto("/field/")
            for field in ("#pin-1", "#pin-2"):
                page.fill(field, PIN)
            page.click('[data-screen="enrol"] button')
            page.wait_for_selector('[data-screen="home"] article')
            if screen in ("report", "outbox"):
                page.context.set_offline(True)
                fill_phone_report(page)
            if screen == "outbox":
                page.click('[data-screen="report"] .ll-savebar button')
            elif screen != "report":
                page.evaluate("screen => { location.hash = screen }", screen)
            self.shoot(page, name)

        return take

    def _case(self, width: int, language: str) -> Callable[[str], None]:
        def take(name: str) -> None:
            page = self.open(width, language, "construction1")
            page.goto("/desk/")
            page.locator("a[href*='/desk/cases/2']").first.click()
            self.shoot(page, name)

        return take


PAGES = {
    "home": ("", "/"),
    "report": ("", "/report/"),
    "grids": ("", "/grids/"),
    "figures": ("", "/figures/"),
    "work": ("dispatcher1", "/desk/"),
    "cases": ("county-dispatcher", "/desk/cases"),
    "board": ("county-leader", "/desk/board"),
    "charts": ("county-leader", "/desk/figures"),
    "faults": ("county-leader", "/desk/figures/420921/faults"),
    "charts-township": ("leader1", "/desk/figures"),
    "charts-office": ("construction1", "/desk/figures"),
    "charts-committee": ("chair1", "/desk/figures"),
    "rounds": ("county-leader", "/desk/rounds"),
    "round": ("county-leader", "{round}"),
    "orders": ("county-leader", "/desk/orders"),
    "order": ("county-leader", "{order}"),
    "reports": ("county-leader", "/desk/reports"),
    "problems": ("county-leader", "/desk/problems"),
    "map": ("county-leader", "/desk/figures/420921/map?level=village"),
    "new": ("hotline", "/desk/cases/new"),
    "manage": ("county-admin", "/desk/manage"),
}

PHONE = ("home", "tasks", "report", "outbox", "visit", "me")
PIN = "246810"

GALLERY = (
    *("charts", "charts-township", "charts-office", "charts-committee"),
    *("board", "figures", "map", "faults", "problems", "orders", "order", "rounds", "round", "reports"),
)

KEPT = {
    *(f"{page}-{language}-{width}" for page in GALLERY for language in ("zh", "en") for width in (360, 1280)),
    "phone-home-zh-360",
    "phone-outbox-en-360",
    "home-zh-360",
    "home-large-360",
    "report-where-zh-360",
    "track-zh-360",
    "work-zh-1280",
    "work-en-1280",
    "case-zh-1280",
    "case-en-1280",
    "home-en-360",
}


def fill_first_step(page: Page) -> None:
    """The first step of a report, as a resident fills it in."""
    page.goto("/report/")
    page.fill("[name=text]", "村部门前三盏路灯连着三个晚上不亮了，学生下晚自习看不清。")
    lamp = page.locator("[name=category][value='facility.street_lamp']")
    lamp.evaluate("each => { const group = each.closest('details'); if (group) group.open = true }")
    lamp.check()
    page.locator("main form .btn-primary").last.click()


def fill_phone_report(page: Page) -> None:
    """A report with a photo, as a grid worker writes it on the phone."""
    page.goto("/field/#report")
    page.set_input_files("#report-photo", ROOT / "docs" / "screenshots" / "home-zh-360.png")
    page.wait_for_selector("[data-pictures] figure")
    page.select_option('[data-screen="report"] [name=category]', "facility.street_lamp")
    page.fill(
        '[data-screen="report"] [name=text]', "村部门前三盏路灯连着三个晚上不亮了，学生下晚自习看不清。"
    )


RECENT = {  # asked of the demonstration's own data, as the server knows it
    "code": (
        "from linli.service_requests.actions import tracking_code\n"
        "case = Case.objects.filter(state='in_progress', is_demo=True).order_by('-received_at').first()\n"
        "print(tracking_code(case.pk))"
    ),
    "worker": (
        "from linli.people.models import Grant\n"
        "from linli.field.actions.carrying import cases_of\n"
        "from linli.people.access import Actor\n"
        "from linli.kit import clock\n"
        "grants = Grant.objects.filter(role='grid_worker').select_related('person', 'organisation')\n"
        "loads = [(len(cases_of(Actor.from_grant(each), clock.now())), each.person.username) for each in grants]\n"
        "print(max(loads)[1])"
    ),
    "round": (
        "from linli.measures.models import Round\n"
        "print(f'/desk/rounds/{Round.objects.exclude(published_at=None).latest(\"made_at\").pk}')"
    ),
    "order": (
        "from linli.cases.models import Order\n"
        "print(f'/desk/orders/{Order.objects.filter(returns__gt=0).latest(\"made_at\").pk}')"
    ),
}


def recent_code() -> str:
    """The tracking code of a case that is being worked on, made as the server makes it."""
    return recent("code")


def recent(what: str) -> str:
    script = f"import django; django.setup()\nfrom linli.cases.models import Case\n{RECENT[what]}"
    environment = {**os.environ, "LINLI_VAR": str(VAR), "DJANGO_SETTINGS_MODULE": "linli.config.settings"}
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-c", script], env=environment, check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


if __name__ == "__main__":
    main()
