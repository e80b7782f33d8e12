"""The door of this interface: format, language, method, jurisdiction, key and rate, and faults in the same format.

No cookie is read and none is set. Everything is answered in the language of Accept-Language, Chinese by default.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.core.exceptions import BadRequest, SuspiciousOperation
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.http.multipartparser import MultiPartParserError
from django.http.request import UnreadablePostError
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation.trans_real import parse_accept_lang_header

from linli.api.access import Caller, UnknownKey, caller_of, noted_fault, wait_for
from linli.documents.forms import receive_in_memory
from linli.kit import clock
from linli.kit.sealing import KeyringError, Unreadable
from linli.orgs.models import Organisation
from linli.portal.views.county import county_of

from . import writing
from .faults import Fault, Refused, told

FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
UNREADABLE = (SuspiciousOperation, BadRequest, MultiPartParserError, UnreadablePostError)
READING = ("GET", "HEAD", "OPTIONS")
UNTIL_KEYS_ARE_BACK = timedelta(minutes=1)

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Content:
    """What is answered: the element it stands in, and the values."""

    root: str
    values: Any


@dataclass(frozen=True)
class Visit:
    """Somebody at the door, let in. `given` is what they sent; `is_test` when they came by the test endpoint."""

    request: HttpRequest
    given: QueryDict
    at: datetime
    is_test: bool
    caller: Caller
    county: Organisation

    @property
    def is_extended(self) -> bool:
        return self.given.get("extensions", "").strip().lower() == "true"


Inside = Callable[[Visit], Content | HttpResponse]


def enter(request: HttpRequest, suffix: str, is_test: bool, rooms: Mapping[str, Inside]) -> HttpResponse:
    """Answers with what the room of that method says, or with the faults."""
    with translation.override(language_of(request)):
        try:
            response = _answered(request, suffix, is_test, rooms)
        except Refused as refused:
            response = _refusal(suffix, refused)
        except UNREADABLE:
            fault = Fault(400, _("这个请求读不了：太大、格式不对，或者参数太多。"))
            response = _refusal(suffix, Refused(fault))
        except Http404:
            response = _refusal(suffix, Refused(Fault(404, _("这里没有您要的内容。"))))
        except Exception as error:
            response = _refusal(suffix, _failed(request, error))
        response["Content-Language"] = translation.get_language()
    return _headed(request, response)


def _failed(request: HttpRequest, error: Exception) -> Refused:
    """What is told of a fault of our own: nothing of what it was, which is logged."""
    if isinstance(error, (KeyringError, Unreadable)):
        logger.error("Sealed content could not be opened: %s", error)
        return Refused(Fault(503, _("加密存放的内容现在打不开。")), wait=UNTIL_KEYS_ARE_BACK)
    return Refused(Fault(500, noted_fault(request, error)))


def language_of(request: HttpRequest) -> str:
    """Chinese, unless English is preferred to it."""
    for language, _weight in parse_accept_lang_header(request.headers.get("Accept-Language", "")[:500]):
        if language.startswith("en"):
            return "en"
        if language.startswith("zh"):
            break
    return "zh-hans"


def _answered(request: HttpRequest, suffix: str, is_test: bool, rooms: Mapping[str, Inside]) -> HttpResponse:
    if is_test and not settings.OPEN311_TEST:
        raise Refused(Fault(404, _("本县没有开放测试地址。")))
    if suffix not in writing.TYPES:
        raise Refused(Fault(404, _("只有 .xml 和 .json 两种格式。")))
    allowed = [*rooms, *(["HEAD"] if "GET" in rooms else []), "OPTIONS"]
    if request.method not in allowed:
        raise Refused(Fault(405, _("这个地址不接受这种方法。")), allowed=allowed)
    if request.method == "OPTIONS":
        return HttpResponse(status=HTTPStatus.NO_CONTENT, headers={"Allow": ", ".join(allowed)})
    visit = _visit(request, is_test)
    answer = rooms["POST" if request.method == "POST" else "GET"](visit)
    if isinstance(answer, HttpResponse):
        return answer
    return _written(suffix, answer.root, answer.values)


def _visit(request: HttpRequest, is_test: bool) -> Visit:
    at = clock.now()
    given = _form(request) if request.method == "POST" else request.GET
    caller = _caller(request, given, at)
    county = county_of(request)
    jurisdictions = {value.strip() for value in given.getlist("jurisdiction_id")} - {""}
    if request.method == "POST":
        jurisdictions |= {value.strip() for value in request.GET.getlist("jurisdiction_id")} - {""}
    for jurisdiction in sorted(jurisdictions - {county.code}):
        said = _("这里没有 jurisdiction_id “%(given)s”，只有 %(own)s。")
        raise Refused(Fault(404, said % {"given": told(jurisdiction), "own": county.code}))
    if given.get("extensions", "").strip().lower() not in ("", "true", "false"):
        raise Refused(Fault(400, _("extensions 只能是 true 或 false。")))
    return Visit(request, given, at, is_test, caller, county)


def _form(request: HttpRequest) -> QueryDict:
    if request.content_type not in FORMS:
        said = _("请用 application/x-www-form-urlencoded 或 multipart/form-data 提交。")
        raise Refused(Fault(400, said))
    receive_in_memory(request)
    return request.POST


def _caller(request: HttpRequest, given: QueryDict, at: datetime) -> Caller:
    """Who is asking, counted. A wrong key is counted as nobody's, so that keys cannot be tried out at any speed."""
    secret, is_wrong = _secret(request, given), False
    try:
        caller = caller_of(secret, at)
    except UnknownKey:
        caller, is_wrong = Caller(None, None), True
    wait = wait_for(request, caller, at)
    if wait is not None:
        raise Refused(Fault(429, _("问得太频繁了，请稍后再来。")), wait=wait)
    if is_wrong:
        raise Refused(Fault(403, _("这个 api_key 打不开这里：没有发过、已经停用，或者抄错了。")))
    if request.method == "POST" and not caller.may("open311"):
        said = _("要提交事项，请给 api_key。") if not secret else _("这个 api_key 不能用来提交事项。")
        raise Refused(Fault(403, said))
    return caller


def _secret(request: HttpRequest, given: QueryDict) -> str:
    """The key: a parameter, as the standard has it, or a bearer token."""
    scheme, _space, bearer = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer" and bearer.strip():
        return bearer.strip()
    return str(given.get("api_key", "")).strip()


def _written(suffix: str, root: str, values: Any, status: int = HTTPStatus.OK) -> HttpResponse:
    content = writing.written(suffix, root, values)
    return HttpResponse(content, content_type=writing.TYPES[suffix], status=status)


def _refusal(suffix: str, refused: Refused) -> HttpResponse:
    faults = [{"code": fault.code, "description": fault.description} for fault in refused.faults]
    response = _written(suffix if suffix in writing.TYPES else "xml", "errors", faults, refused.status)
    if refused.wait is not None:
        response["Retry-After"] = str(_seconds(refused.wait))
    if refused.allowed:
        response["Allow"] = ", ".join(refused.allowed)
    return response


def _seconds(wait: timedelta) -> int:
    return max(1, -int(-wait.total_seconds() // 1))


def _headed(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """Pages of any origin may read what everybody may read; none may post, and nothing is kept by a cache."""
    response["Vary"] = "Accept-Language"
    response.setdefault("Cache-Control", "no-cache")
    if request.method in READING:
        response["Access-Control-Allow-Origin"] = "*"
    if request.method == "OPTIONS":
        response["Access-Control-Allow-Methods"] = "GET, HEAD, OPTIONS"
        response["Access-Control-Allow-Headers"] = "Accept-Language"
    return response
