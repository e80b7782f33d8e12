"""Shows the demonstration county: who can sign in, and web server and worker side by side."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from types import FrameType

from django.core.management.base import CommandError
from django.utils.translation import gettext as _
from rich.console import Console
from rich.table import Table

from linli.ops import serving
from linli.ops.demo import county
from linli.orgs.models import Kind, Organisation
from linli.people.access import roles
from linli.people.models import Grant

SHOWN = (
    "dispatcher1",
    "construction1",
    "grid1-01",
    "village1",
    "verifier1",
    "leader1",
    "housing",
    "hotline",
    "county-dispatcher",
    "county-leader",
    "county-auditor",
    "county-admin",
)
MEDIATING = ("centre1", "centre2", "chair1", "mediator1", "mediator2")
TOLD_TO_END = (signal.SIGTERM, signal.SIGHUP)  # the latter when the terminal's window is closed
PAUSE = 0.2
GRACE = 12.0
PATIENCE = 30.0
LINLI = (sys.executable, "-m", "linli.ops")


def sign_ins(console: Console) -> None:
    """A table with an account for every role."""
    table = Table(title=_("演示数据 · 口令都是 %(password)s") % {"password": county.PASSWORD})
    for heading in (_("账号"), _("角色"), _("单位")):
        table.add_column(heading)
    grants = Grant.objects.filter(person__username__in=SHOWN + MEDIATING).select_related(
        "person", "organisation__parent"
    )
    first = {grant.person.username: grant for grant in grants.order_by("-valid_from")}
    for username in SHOWN + MEDIATING:
        if grant := first.get(username):
            table.add_row(username, roles()[grant.role].label, _unit(grant.organisation))
    console.print(table)


def _unit(unit: Organisation) -> str:
    """The unit's name; a grid, of which every village has a first one, with that of its village."""
    if unit.kind == Kind.GRID and unit.parent is not None:
        return f"{unit.parent.label} {unit.label}"
    return unit.label


def addresses(console: Console, host: str, port: int) -> None:
    address = serving.address(host, port)
    console.print(_("居民页面：%(address)s") % {"address": address})
    console.print(_("工作台：%(address)sdesk/") % {"address": address})
    console.print(_("按 Ctrl-C 全部停下。"))


def serve(console: Console, host: str, port: int) -> None:
    """Runs web server and worker until Ctrl-C or until one of them ends; then both end."""
    running = {
        _("网站进程"): _start("serve", "--host", host, "--port", str(port)),
        _("后台进程"): _start("worker"),
    }
    before = {number: signal.signal(number, _interrupt) for number in TOLD_TO_END}
    try:
        _wait_until_answering(list(running.values()), host, port)
        addresses(console, host, port)
        while (ended := _ended(running)) is None:
            time.sleep(PAUSE)
        raise CommandError(_("%(which)s自己结束了，其余的也停下。原因写在上面。") % {"which": ended})
    except KeyboardInterrupt:
        console.print(_("正在停下…"))
    finally:
        for number in TOLD_TO_END:
            signal.signal(number, signal.SIG_IGN)
        _stop(list(running.values()))
        for number, handler in before.items():
            signal.signal(number, handler)


def _start(*arguments: str) -> subprocess.Popen[bytes]:
    """In a session of its own, so that Ctrl-C reaches it through us alone, in order."""
    return subprocess.Popen([*LINLI, *arguments], start_new_session=True)


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _ended(running: dict[str, subprocess.Popen[bytes]]) -> str | None:
    return next((name for name, process in running.items() if process.poll() is not None), None)


def _wait_until_answering(processes: Sequence[subprocess.Popen[bytes]], host: str, port: int) -> None:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until and not serving.is_answering(host, port):
        if any(process.poll() is not None for process in processes):
            return
        time.sleep(PAUSE)


def _stop(processes: Sequence[subprocess.Popen[bytes]]) -> None:
    """Asks all to end, then makes those that do not."""
    for process in processes:
        process.terminate()
    until = time.monotonic() + GRACE
    for process in processes:
        try:
            process.wait(timeout=max(0.1, until - time.monotonic()))
        except (subprocess.TimeoutExpired, KeyboardInterrupt):
            process.kill()
            process.wait()
