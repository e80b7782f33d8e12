"""What serving needs: a free port, and how the web server is set for a small machine."""

from __future__ import annotations

import os
import socket

from django.conf import settings
from django.core.management.base import CommandError
from django.db import connections
from django.utils.translation import gettext as _
from granian import Granian
from granian.constants import HTTPModes, Interfaces
from granian.log import LogLevels

THREADS = 4  # enough for two cores: more only wait for each other and keep connections open
GRACE_SECONDS = 8  # what is being answered may finish, but not hold up a restart
SEARCHED_PORTS = 50
FIRST_OPEN_PORT = 1024


def check_port(host: str, port: int) -> None:
    """Says plainly that a port cannot be had, and names one that can."""
    try:
        _bind(host, port)
    except socket.gaierror as error:
        message = _("没有“%(host)s”这个地址。本机写 127.0.0.1，对外写 0.0.0.0。")
        raise CommandError(message % {"host": host}) from error
    except OverflowError as error:
        raise CommandError(_("端口要在 1 到 65535 之间，不能是 %(port)d。") % {"port": port}) from error
    except OSError as error:
        words = {"port": port, "why": error.strerror, "other": _free_port(host, port)}
        message = _("端口 %(port)d 用不了（%(why)s）。换一个：--port %(other)d")
        raise CommandError(message % words) from error


def _bind(host: str, port: int) -> None:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind((host, port))


def _free_port(host: str, after: int) -> int:
    first = max(after + 1, FIRST_OPEN_PORT) if after < 65_000 else 8000
    for port in range(first, first + SEARCHED_PORTS):
        try:
            _bind(host, port)
        except OSError:
            continue
        return port
    return first


def is_answering(host: str, port: int) -> bool:
    """Whether something takes connections there."""
    reached = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104  (only compared)
    try:
        socket.create_connection((reached, port), timeout=1).close()
    except OSError:
        return False
    return True


def address(host: str, port: int) -> str:
    """The address to type into a browser."""
    name = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104
    return f"http://{name}:{port}/"


def processes() -> int:
    """One process a core, at most four; one alone on SQLite, which lets one write at a time anyway."""
    return min(os.cpu_count() or 1, 4) if connections["default"].vendor == "postgresql" else 1


def serve(host: str, port: int, *, workers: int, threads: int) -> None:
    """Runs the web server until it is told to stop.

    It keeps no access log: addresses and codes of residents are nobody's business.
    """
    connections.close_all()  # the processes it forks open their own
    settings.STATIC_ROOT.mkdir(parents=True, exist_ok=True)  # WhiteNoise asks for it
    Granian(
        "linli.config.wsgi:application",
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        http=HTTPModes.http1,
        websockets=False,
        workers=workers,
        blocking_threads=threads,
        respawn_failed_workers=True,
        workers_kill_timeout=GRACE_SECONDS,
        log_access=False,
        log_level=LogLevels.warning,
    ).serve()
