"""The one door of the JSON API: who asks, how often, in which language, in which form; problems are answered here."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse
from django.http.multipartparser import MultiPartParserError
from django.http.response import HttpResponseBase
from django.utils import translation
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _
from django.utils.translation.trans_real import parse_accept_lang_header
from django.views.decorators.csrf import csrf_exempt

from linli.api.access import Caller, UnknownKey, caller_of, noted_fault, wait_for
from linli.documents.forms import receive_in_memory
from linli.documents.render import MAX_BYTES
from linli.kit import clock
from linli.people import scope
from linli.people.access import Actor

from . import answers, reading
from .operations import Operation
from .problems import Problem, problem_of

JSON, PHOTO = "application/json", "multipart/form-data"
IDEMPOTENCY_KEY = re.compile(r"[!-~]{1,255}")
ETAG = re.compile(r'"(\d{1,9})"')
EXPOSED = "ETag, Link, Retry-After"
View = Callable[..., HttpResponseBase]


@dataclass
class Visit:
    """One request of a program."""

    caller: Caller
    at: datetime
    operation: Operation
    given: dict[str, Any] = field(default_factory=dict)
    photo: tuple[str, bytes] | None = None
    idempotency_key: str = ""
    version: int | None = None
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def actor(self) -> Actor:
        assert self.caller.actor is not None
        return self.caller.actor

    @property
    def command_id(self) -> UUID:
        assert self.caller.key is not None
        return answers.command_of(self.caller.key, self.idempotency_key)


def visit_of(request: HttpRequest) -> Visit:
    visit: Visit = request.visit  # type: ignore[attr-defined]
    return visit


def door(view: View, operations: Mapping[str, Operation]) -> View:
    """The view of an address behind the door; `operations` are what it does, by method."""

    @csrf_exempt  # nothing here looks at a cookie
    def opened(request: HttpRequest, **path: str) -> HttpResponseBase:
        is_head = request.method == "HEAD"
        with translation.override(language_of(request)):
            try:
                response = _let_in(request, view, operations, path)
            except Exception as error:
                response = answer_to(request, error)
            return _finished(request, response, is_head=is_head)

    is_public = all(not operation.scope for operation in operations.values())
    opened.permission = "public" if is_public else "key"  # type: ignore[attr-defined]
    return opened


def nowhere(request: HttpRequest, rest: str = "") -> HttpResponseBase:
    """What every address below /api/v1/ answers that is none."""
    with translation.override(language_of(request)):
        return _finished(request, Problem("not-found", _("没有这个地址，或者您看不到它。")).response())


nowhere.permission = "public"  # type: ignore[attr-defined]
nowhere.csrf_exempt = True  # type: ignore[attr-defined]


def language_of(request: HttpRequest) -> str:
    """The language asked for in Accept-Language; Chinese otherwise."""
    for wanted, _weight in parse_accept_lang_header(request.headers.get("Accept-Language", "")):
        if wanted.startswith("en"):
            return "en"
        if wanted.startswith("zh"):
            break
    return str(settings.LANGUAGE_CODE)


def answer_to(request: HttpRequest, error: Exception) -> HttpResponse:
    """The problem an error amounts to. A fault of our own is logged and told without details."""
    version = getattr(getattr(request, "visit", None), "version", None)
    problem = problem_of(error, version)
    if problem is None:
        problem = Problem("failed", noted_fault(request, error))
    return problem.response()


def _let_in(
    request: HttpRequest, view: View, operations: Mapping[str, Operation], path: dict[str, str]
) -> HttpResponseBase:
    method = "GET" if request.method == "HEAD" else request.method or ""
    operation = operations.get(method)
    if operation is None:
        raise Problem("method", headers={"Allow": ", ".join(sorted(operations))})
    request.method = method
    visit = Visit(_caller(request, operation.scope), clock.now(), operation)
    request.visit = visit  # type: ignore[attr-defined]
    _check_form(request, operation, path)
    actor = visit.caller.actor if operation.scope else None
    with scope.acting(actor) if actor else scope.public():
        response = _answer(request, view, visit, path)
    return _unless_known(request, _with_headers(visit, response))


def _answer(request: HttpRequest, view: View, visit: Visit, path: dict[str, str]) -> HttpResponseBase:
    if request.method == "GET":
        response = view(request, **path)
    else:
        sent = _read(request, visit)
        assert visit.caller.key is not None
        response = answers.once(
            key=visit.caller.key,
            idempotency_key=visit.idempotency_key,
            sent=answers.fingerprint(request.method or "", request.path, sent),
            at=visit.at,
            do=lambda: _with_headers(visit, view(request, **path)),
        )
    return response


# Who asks ---------------------------------------------------------------------------------------


def _caller(request: HttpRequest, needed: str) -> Caller:
    """Whoever holds the key, or anybody where no key is needed. Every request counts, a refused one too."""
    at = clock.now()
    header = request.headers.get("Authorization", "")
    scheme, _space, secret = header.partition(" ")
    is_bearer = scheme.lower() == "bearer" and bool(secret.strip())
    try:
        caller, is_known = caller_of(secret.strip() if is_bearer else "", at), True
    except UnknownKey:
        caller, is_known = Caller(None, None), False
    if (wait := wait_for(request, caller, at)) is not None:
        seconds = max(1, math.ceil(wait.total_seconds()))
        said = _("请在 %(n)d 秒以后再来。") % {"n": seconds}
        raise Problem("too-many", said, headers={"Retry-After": str(seconds)})
    if not is_known or (header and not is_bearer):
        raise _unauthorised("key-unknown", 'Bearer realm="linli", error="invalid_token"')
    if needed and caller.key is None:
        raise _unauthorised("key-missing", 'Bearer realm="linli"')
    if needed and (not caller.may(needed) or caller.actor is None):
        challenge = f'Bearer realm="linli", error="insufficient_scope", scope="{needed}"'
        raise Problem("scope", headers={"WWW-Authenticate": challenge})
    return caller


def _unauthorised(code: str, challenge: str) -> Problem:
    said = _("请在 Authorization 里带上 Bearer 密钥。密钥在工作台的“API 密钥”里发。")
    if code == "key-unknown":
        said = _("没有这个密钥，或者它已经停用、到期，或者它的岗位已经结束。")
    return Problem(code, said, headers={"WWW-Authenticate": challenge})


# In which form ----------------------------------------------------------------------------------


def _check_form(request: HttpRequest, operation: Operation, path: dict[str, str]) -> None:
    if not any(request.accepts(each) for each in (operation.produces, "application/problem+json")):
        raise Problem("not-acceptable", _("这里只给 %(type)s。") % {"type": operation.produces})
    if not all(reading.is_text(value) for value in path.values()):
        raise Problem("not-found", _("没有这个地址，或者您看不到它。"))
    if errors := _wrong_parameters(request, operation):
        raise Problem("invalid", errors=errors)
    if match := request.headers.get("If-Match"):
        _read_version(request, match)


def _wrong_parameters(request: HttpRequest, operation: Operation) -> dict[str, str]:
    errors = {}
    for name, values in request.GET.lists():
        if name not in operation.query:
            errors[name[:60]] = _("没有这个参数。")
        elif len(values) > 1:
            errors[name] = _("写了两次。")
        elif not reading.is_text(values[0]):
            errors[name] = _("有不能用的字符。")
    return errors


def _read_version(request: HttpRequest, match: str) -> None:
    """The version a program has seen. A weak tag, or one of another form, names none there has ever been."""
    if match.strip() == "*":
        return
    found = ETAG.fullmatch(match.strip())
    visit_of(request).version = int(found[1]) if found else 10**9


def _read(request: HttpRequest, visit: Visit) -> bytes:
    """Takes the body in; what counts as the same write is made of what is returned."""
    given = request.headers.get("Idempotency-Key", "")
    if not IDEMPOTENCY_KEY.fullmatch(given):
        said = _("每次写入都要带 Idempotency-Key：1 到 255 个可见的 ASCII 字符，同一次写入重发时不变。")
        raise Problem("idempotency-key", said)
    visit.idempotency_key = given
    wanted = PHOTO if visit.operation.takes_photo else JSON
    if request.content_type != wanted:
        raise Problem("media-type", _("这里只收 %(type)s。") % {"type": wanted})
    limit = MAX_BYTES + reading.LARGEST if visit.operation.takes_photo else reading.LARGEST
    if int(request.META.get("CONTENT_LENGTH") or 0) > limit:
        raise Problem("too-large", _("最多 %(n)d KB。") % {"n": limit // 1024})
    try:
        return _photo(request, visit) if visit.operation.takes_photo else _json(request, visit)
    except RequestDataTooBig:
        raise Problem("too-large") from None
    except (MultiPartParserError, SuspiciousOperation, UnicodeError, OSError):
        raise Problem("malformed") from None


def _json(request: HttpRequest, visit: Visit) -> bytes:
    visit.given = reading.read(request.body)
    return request.body


def _photo(request: HttpRequest, visit: Visit) -> bytes:
    receive_in_memory(request)
    file = request.FILES.get("photo")
    if not isinstance(file, UploadedFile):
        raise Problem("invalid", errors={"photo": _("请填写这一项。")})
    data, name = file.read(), file.name or ""
    visit.photo = (name, data)
    return answers.fingerprint(name, data)


# What goes out ----------------------------------------------------------------------------------


def _with_headers(visit: Visit, response: HttpResponseBase) -> Any:
    for name, value in visit.headers.items():
        response[name] = value
    response.setdefault("Content-Language", translation.get_language() or "")
    return response


def _unless_known(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    """304 where the reader has it already."""
    tag = response.headers.get("ETag")
    if request.method != "GET" or not tag or response.status_code != 200:
        return response
    known = {each.strip().removeprefix("W/") for each in request.headers.get("If-None-Match", "").split(",")}
    if tag not in known and "*" not in known:
        return response
    return HttpResponse(status=304, headers={"ETag": tag})


def _finished(request: HttpRequest, response: HttpResponseBase, *, is_head: bool = False) -> HttpResponseBase:
    visit: Visit | None = getattr(request, "visit", None)
    is_public = visit is not None and not visit.operation.scope
    response.setdefault("Content-Language", translation.get_language() or "")
    patch_vary_headers(response, ["Accept", "Accept-Language", "Authorization"])
    if is_public and visit is not None and visit.caller.key is None and response.status_code in {200, 304}:
        response.setdefault("Cache-Control", "public, max-age=60")
    else:
        response["Cache-Control"] = "no-store"
    if is_public:
        response["Access-Control-Allow-Origin"] = "*"
        response["Access-Control-Expose-Headers"] = EXPOSED
    if visit is not None and visit.caller.key is not None:
        response["RateLimit-Policy"] = f'"key";q={visit.caller.key.per_minute};w=60'
    if is_head and isinstance(response, HttpResponse):
        response.content = b""
    return response
