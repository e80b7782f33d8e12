"""What serving needs before it starts."""

import socket

from django.core.management.base import CommandError
from django.utils.translation import gettext as _

THREADS = 8


def check_port(host: str, port: int) -> None:
    """Says plainly that a port is taken, instead of failing somewhere below."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise CommandError(
                _("端口 %(port)d 用不了（%(why)s）。换一个：--port %(other)d")
                % {"port": port, "why": error.strerror, "other": port + 1}
            ) from error
