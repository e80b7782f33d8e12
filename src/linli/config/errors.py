"""What is answered when sealed content cannot be opened, or when an address is none that could name anything."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from functools import partial
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render

from linli.kit.sealing import KeyringError, Unreadable, vault

logger = logging.getLogger(__name__)
ZERO = "%00"
PROGRAMS = ("/api/", "/open311/")  # where this is said in the words of the interface


class OneLengthMiddleware:
    """A request says its length in one way, by Content-Length; then no proxy and no server differ about where it ends.

    Bodies in chunks are needed by no page and no program, and would be read as empty.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if "Transfer-Encoding" not in request.headers:
            return self.get_response(request)
        said = "Content-Length is needed; Transfer-Encoding is not taken.\n"
        answer = HttpResponse(
            said, content_type="text/plain; charset=utf-8", status=HTTPStatus.LENGTH_REQUIRED
        )
        answer["Connection"] = "close"  # what comes behind it on the same line is not answered
        return answer


class PlainHttpMiddleware:
    """A program that asks without HTTPS is told so; redirected, it would go on sending its key in the open."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        is_open = settings.SECURE_SSL_REDIRECT and not request.is_secure()
        if is_open and request.path_info.startswith(PROGRAMS):
            said = "HTTPS only: ask under https://, and change the key, which was sent in the open.\n"
            return HttpResponse(said, content_type="text/plain; charset=utf-8", status=HTTPStatus.FORBIDDEN)
        return self.get_response(request)


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


class ZeroByteMiddleware:
    """Nothing is named by an address with a zero byte in it; in a question and in a form it is left out.

    PostgreSQL would fail at the mere comparison.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.path_info.startswith(PROGRAMS):
            while ZERO in request.META.get("QUERY_STRING", ""):  # what is left may make up another
                request.META["QUERY_STRING"] = request.META["QUERY_STRING"].replace(ZERO, "")
            # Read when a view asks for it: until then it may say how files are to be received.
            request._load_post_and_files = partial(_load_without_zeros, request)  # type: ignore[method-assign]
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, _view: Any, _args: tuple[Any, ...], named: Mapping[str, Any]
    ) -> None:
        is_odd = any("\0" in part for part in named.values() if isinstance(part, str))
        if is_odd and not request.path_info.startswith(PROGRAMS):
            raise Http404


def _load_without_zeros(request: Any) -> None:
    """Django's own reading of a form, then without zero bytes."""
    HttpRequest._load_post_and_files(request)
    given = [(name, each) for name, values in request._post.lists() for each in values]
    if any("\0" in name + each for name, each in given):
        request._post = QueryDict(mutable=True)
        for name, each in given:
            request._post.appendlist(name.replace("\0", ""), each.replace("\0", ""))
        request._post._mutable = False
