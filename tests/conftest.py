"""What every test run shares: browser tests are skipped where there is no browser, and one line says so."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
NO_BROWSER = "no Chromium on this machine"


def find_chromium() -> str | None:
    """Where the system's Chromium is, if it has one."""
    return next((path for name in BROWSERS if (path := shutil.which(name))), None)


def find_postgresql() -> str | None:
    """Where the system's PostgreSQL server is, if it has one."""
    found = shutil.which("pg_ctl")
    return found or next((str(path) for path in Path("/usr/lib/postgresql").glob("*/bin/pg_ctl")), None)


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of the browser that tests marked `browser` drive."""
    path = find_chromium()
    if path is None:
        pytest.skip(NO_BROWSER)
    return path


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if find_chromium():
        return
    for item in items:
        if item.get_closest_marker("browser"):
            item.add_marker(pytest.mark.skip(reason=NO_BROWSER))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    skipped = [
        report for report in terminalreporter.stats.get("skipped", []) if NO_BROWSER in str(report.longrepr)
    ]
    missing, packages = [], []
    if skipped:
        missing.append(f"{len(skipped)} browser tests (no Chromium)")
        packages.append("chromium")
    if not find_postgresql():
        missing.append("the run on PostgreSQL (no server)")
        packages.append("postgresql")
    if missing:
        wanted = " ".join(packages)
        terminalreporter.write_line(
            f"Skipped: {' and '.join(missing)}. To have them: apt-get install {wanted}, then .ci/run"
        )
