"""What can go wrong, as problem documents (RFC 9457) in the reader's language."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from django.http import Http404, HttpResponse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from ninja.errors import HttpError, ValidationError

from linli.cases.actions import (
    BadData,
    CaseNotFound,
    CommandError,
    CommandReused,
    NotAllowed,
    OutOfOrder,
    StaleCase,
)
from linli.documents.render import PhotoRefused
from linli.kit.sealing import KeyringError, Unreadable
from linli.ledger.actions import Unwitnessed
from linli.privacy.actions.reads import NotRecorded

MEDIA_TYPE = "application/problem+json"
PAGE = "/api/v1/docs"

# Code → status and title. The code is the last part of the `type`, which leads to its line in the reference.
KINDS: dict[str, tuple[int, str | Promise]] = {
    "malformed": (400, gettext_lazy("请求写得不对")),
    "idempotency-key": (400, gettext_lazy("缺少 Idempotency-Key")),
    "key-missing": (401, gettext_lazy("需要 API 密钥")),
    "key-unknown": (401, gettext_lazy("密钥无效")),
    "scope": (403, gettext_lazy("密钥没有这个权限")),
    "not-allowed": (403, gettext_lazy("岗位没有这个权限")),
    "not-found": (404, gettext_lazy("没有找到")),
    "method": (405, gettext_lazy("不能用这个方法")),
    "not-acceptable": (406, gettext_lazy("给不了这种格式")),
    "out-of-order": (409, gettext_lazy("现在不能做这一步")),
    "changed": (409, gettext_lazy("刚刚有人动过")),
    "reused": (409, gettext_lazy("Idempotency-Key 已经用过")),
    "stale": (412, gettext_lazy("版本已经变了")),
    "too-large": (413, gettext_lazy("内容太大")),
    "media-type": (415, gettext_lazy("不收这种格式")),
    "invalid": (422, gettext_lazy("有几项要改")),
    "too-many": (429, gettext_lazy("请求太频繁")),
    "failed": (500, gettext_lazy("出错了，是我们的问题")),
    "unavailable": (503, gettext_lazy("暂时办不了")),
}


class Problem(Exception):  # noqa: N818  (RFC 9457 calls it that)
    """An answer that is not the one asked for. `more` are further members of the document."""

    def __init__(
        self,
        code: str,
        detail: str = "",
        *,
        errors: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        **more: Any,
    ) -> None:
        self.code = code
        self.detail = detail
        self.errors = dict(errors or {})
        self.headers = dict(headers or {})
        self.more = more
        super().__init__(code, detail)

    @property
    def status(self) -> int:
        return KINDS[self.code][0]

    def document(self) -> dict[str, Any]:
        title = str(KINDS[self.code][1])
        found = {
            "type": f"{PAGE}#{self.code}",
            "title": title,
            "status": self.status,
            "detail": self.detail or title,
        }
        return found | ({"errors": self.errors} if self.errors else {}) | self.more

    def response(self) -> HttpResponse:
        content = json.dumps(self.document(), ensure_ascii=False)
        return HttpResponse(content, status=self.status, content_type=MEDIA_TYPE, headers=self.headers)


def invalid(errors: Mapping[str, str]) -> Problem:
    return Problem("invalid", _("下面几项写得不对，什么都没有记下。"), errors=errors)


def problem_of(error: Exception, version: int | None) -> Problem | None:
    """The problem an error of the kernel or of ninja amounts to; None for a fault of our own."""
    if isinstance(error, Problem):
        return error
    if isinstance(error, CommandError):
        return _of_command(error, version)
    if isinstance(error, PhotoRefused):
        return _of_photo(error)
    if isinstance(error, ValidationError):
        return invalid(_fields(error.errors))
    if isinstance(error, (KeyringError, Unreadable, NotRecorded, Unwitnessed)):
        return _unavailable(error)
    if isinstance(error, Http404):
        return Problem("not-found", _("没有这个地址，或者您看不到它。"))
    if isinstance(error, HttpError):
        return Problem("malformed")
    return None


def _unavailable(error: Exception) -> Problem:
    """What cannot be shown for now, though nothing is wrong with the question."""
    if isinstance(error, NotRecorded):
        said = _("谁打开了什么，要先记下再给看。现在记不下来，所以什么都不给。")
        return Problem("unavailable", said, headers={"Retry-After": "10"})
    if isinstance(error, Unwitnessed):
        said = _("见证停了，调解内容暂时不给看；恢复以后马上可以。")
        return Problem("unavailable", said, headers={"Retry-After": "300"})
    return Problem("unavailable", _("加密存放的内容现在打不开。"), headers={"Retry-After": "60"})


def _of_command(error: CommandError, version: int | None) -> Problem:
    if isinstance(error, BadData):
        return invalid(error.errors)
    if isinstance(error, StaleCase):
        now = {"state": error.case.state, "version": error.case.version}
        code = "changed" if version is None else "stale"
        said = _("您读到以后，这一件已经有人动过。什么都没有改变，请读过现在的情况再决定。")
        return Problem(code, said, headers={"ETag": f'"{error.case.version}"'}, current=now)
    codes: dict[type[CommandError], str] = {
        CaseNotFound: "not-found",
        NotAllowed: "not-allowed",
        OutOfOrder: "out-of-order",
        CommandReused: "reused",
    }
    return Problem(codes.get(type(error), "out-of-order"), str(error))


PHOTOS = {
    "too_many_bytes": "too-large",
    "not_a_photo": "media-type",
    "busy": "unavailable",
    "unavailable": "unavailable",
    "not_stored": "unavailable",
}


def _of_photo(error: PhotoRefused) -> Problem:
    code = PHOTOS.get(error.code, "invalid")
    headers = {"Retry-After": "10"} if code == "unavailable" else {}
    return Problem(code, error.message, errors={"photo": error.message}, headers=headers)


def _fields(errors: list[dict[str, Any]]) -> dict[str, str]:
    """The faults ninja found, by field, in the reader's language."""
    found: dict[str, str] = {}
    for error in errors:
        path = [str(part) for part in error["loc"] if str(part) not in WRAPPERS]
        found.setdefault(".".join(path) or "body", words_of(error))
    return found


WRAPPERS = {"body", "query", "path", "header", "asked", "given"}


def words_of(error: Mapping[str, Any]) -> str:
    """A fault pydantic found, in the reader's language."""
    kind, context = str(error["type"]), error.get("ctx", {})
    if kind in {"literal_error", "enum"}:
        return _("请从列出的几项里选：%(choices)s。") % {"choices": context.get("expected", "")}
    if kind in {"string_too_long", "too_long"}:
        return _("最多 %(n)s。") % {"n": context.get("max_length", "")}
    if kind in {"string_too_short", "too_short"}:
        return _("至少 %(n)s。") % {"n": context.get("min_length", "")}
    if kind in {"greater_than_equal", "less_than_equal"}:
        return _("应在规定的范围内（%(n)s）。") % {"n": context.get("ge", context.get("le", ""))}
    return str(WORDS.get(kind.split("_")[0] if kind not in WORDS else kind, WORDS["other"]))


WORDS = {
    "missing": gettext_lazy("请填写这一项。"),
    "extra_forbidden": gettext_lazy("没有这一项。"),
    "string": gettext_lazy("应当是文字。"),
    "string_pattern_mismatch": gettext_lazy("这一项写得不对。"),
    "bool": gettext_lazy("应当是 true 或 false。"),
    "int": gettext_lazy("应当是整数。"),
    "float": gettext_lazy("应当是数字。"),
    "finite": gettext_lazy("应当是数字。"),
    "list": gettext_lazy("应当是一列。"),
    "date": gettext_lazy("应当是日期，例如 2026-10-13。"),
    "datetime": gettext_lazy("应当是带时区的时间，例如 2026-10-13T09:00:00+08:00。"),
    "timezone": gettext_lazy("应当是带时区的时间，例如 2026-10-13T09:00:00+08:00。"),
    "uuid": gettext_lazy("应当是一个编号（UUID）。"),
    "other": gettext_lazy("这一项写得不对。"),
}
