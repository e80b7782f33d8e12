"""What is answered when sealed content cannot be opened: a plain page, and never the content some other way."""

from __future__ import annotations

import logging
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from linli.kit.sealing import KeyringError, Unreadable, vault

logger = logging.getLogger(__name__)


class SealingMiddleware:
    """Keeps opened keys no longer than a request, and says so where they are away or something was altered."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with vault.at_hand():
            return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if not isinstance(error, (KeyringError, Unreadable)):
            return None
        logger.error("Sealed content could not be opened: %s", error)
        is_away = isinstance(error, KeyringError)
        return render(request, "sealed.html", {"is_away": is_away}, status=503)
