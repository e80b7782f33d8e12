"""What is answered where an opening could not be written down: that, and nothing of anybody's."""

from __future__ import annotations

import logging
from collections.abc import Callable
from http import HTTPStatus

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string

from linli.privacy.actions.reads import NotRecorded

logger = logging.getLogger(__name__)


class ReadsFirst:
    """Turns a read that could not be noted into a page without a single personal byte."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if not isinstance(error, NotRecorded):
            return None
        logger.error("An opening could not be written down, so nothing was shown", exc_info=error)
        return not_shown()


def not_shown() -> HttpResponse:
    """Drawn without the request: nothing of the post, its counts or its messages."""
    page = render_to_string("privacy/not_recorded.html")
    headers = {"Cache-Control": "no-store", "Retry-After": "10"}
    return HttpResponse(page, status=HTTPStatus.SERVICE_UNAVAILABLE, headers=headers)
