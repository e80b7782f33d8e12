"""The OpenAPI document: what ninja knows of the types, with words, problems, examples and links around it."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from ninja.openapi.schema import get_schema

from . import moves
from .operations import Operation, api, every
from .problems import KINDS, MEDIA_TYPE, PAGE

PREFIX = "/api/v1"
TEXT = {"type": "string"}
PROBLEM = {
    "type": "object",
    "title": "Problem",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string"},
        "title": TEXT,
        "status": {"type": "integer"},
        "detail": TEXT,
        "errors": {"type": "object", "additionalProperties": TEXT},
        "current": {
            "type": "object",
            "properties": {"state": TEXT, "version": {"type": "integer"}},
        },
    },
}
# What may come of any request, of one that needs a key, of one that asks by parameters, and of any write.
OF_ALL = ("malformed", "key-unknown", "method", "not-acceptable", "too-many")
OF_A_KEY = ("key-missing", "scope")
OF_A_WRITE = ("idempotency-key", "reused", "changed", "too-large", "media-type", "invalid")


def document() -> dict[str, Any]:
    """The whole document in the reader's language."""
    found = dict(get_schema(api, ""))
    found["info"] = {"title": _("邻里 JSON API"), "version": "1", "description": _about()}
    found["servers"] = [{"url": PREFIX}]
    found["components"]["schemas"]["Problem"] = PROBLEM
    found["components"]["securitySchemes"] = {
        "key": {"type": "http", "scheme": "bearer", "description": _("在工作台的“API 密钥”里发。")}
    }
    found["components"]["headers"] = _headers()
    found["components"]["responses"] = _responses()
    for made in every():
        _complete(found["paths"][made.path][made.method.lower()], made)
    return found


def problems_of(made: Operation) -> list[str]:
    """The codes of what an operation may answer instead."""
    codes = [*OF_ALL, *made.problems]
    if made.scope:
        codes += OF_A_KEY
    codes += OF_A_WRITE if made.is_write else ("invalid",)
    return sorted(set(codes), key=list(KINDS).index)


def summary_of(made: Operation) -> str:
    return moves.words_of(str(made.summary))[0] if made.body is not None else str(made.summary)


def description_of(made: Operation) -> str:
    return moves.words_of(str(made.summary))[1] if made.body is not None else str(made.description)


def body_of(made: Operation) -> dict[str, Any] | None:
    """The body as JSON Schema with its example; None where there is none of JSON."""
    if made.body is None:
        return None
    noun = str(made.summary)
    return {
        "required": True,
        "content": {
            "application/json": {"schema": moves.body_schema(noun), "example": moves.body_example(noun)}
        },
    }


def _about() -> str:
    return _(
        "用 Bearer 密钥，密钥就是一个岗位：看得到什么、能做什么都和它一样，岗位结束它也结束。"
        "写入都要 Idempotency-Key；出错时是 application/problem+json，用 Accept-Language 要的语言。"
    )


def _headers() -> dict[str, Any]:
    return {
        "ETag": {"description": _("这一件现在的版本，写进 If-Match。"), "schema": TEXT},
        "Link": {"description": _('下一页，rel="next"。'), "schema": TEXT},
        "Location": {"description": _("新的一件在哪里。"), "schema": TEXT},
        "Retry-After": {"description": _("多少秒以后再来。"), "schema": {"type": "integer"}},
        "WWW-Authenticate": {"description": _("要 Bearer 密钥。"), "schema": TEXT},
        "Allow": {"description": _("能用的方法。"), "schema": TEXT},
    }


def _complete(entry: dict[str, Any], made: Operation) -> None:
    entry["tags"] = [str(made.tag)]
    entry["summary"] = summary_of(made)
    entry["description"] = description_of(made)
    entry["security"] = [{"key": []}] if made.scope else [{}, {"key": []}]
    entry["x-scope"] = made.scope or "public"
    _parameters(entry, made)
    if body := body_of(made):
        entry["requestBody"] = body
    elif made.takes_photo:
        entry["requestBody"] = _photo_body()
    elif made.body_example:
        entry["requestBody"]["content"]["application/json"]["example"] = dict(made.body_example)
    entry["responses"] = {str(made.status): _success(entry, made), **_failures(made)}


def _parameters(entry: dict[str, Any], made: Operation) -> None:
    parameters = entry.setdefault("parameters", [])
    for parameter in parameters:
        if parameter["in"] == "path":
            parameter["example"] = made.path_examples.get(parameter["name"], "420921103")
    if made.is_write:
        parameters.append(
            {
                "name": "Idempotency-Key",
                "in": "header",
                "required": True,
                "description": _("这一次写入自己的记号；重发时不变，回答也不变。"),
                "schema": {"type": "string", "pattern": "^[!-~]{1,255}$"},
                "example": "hotline-20260930-0001",
            }
        )
    if made.body is not None:
        parameters.append(
            {
                "name": "If-Match",
                "in": "header",
                "required": False,
                "description": _("看到的版本；已经变了就是 412。"),
                "schema": {"type": "string", "pattern": '^"[0-9]{1,9}"$'},
                "example": '"3"',
            }
        )


def _photo_body() -> dict[str, Any]:
    photo = {"type": "string", "format": "binary"}
    schema = {"type": "object", "required": ["photo"], "properties": {"photo": photo}}
    return {"required": True, "content": {"multipart/form-data": {"schema": schema}}}


def _success(entry: dict[str, Any], made: Operation) -> dict[str, Any]:
    known = entry["responses"].get(made.status, {})
    found: dict[str, Any] = {"description": _("办好了。") if made.is_write else _("找到了。")}
    if made.produces != "application/json":
        found["content"] = {made.produces: {"schema": {"type": "string", "format": "binary"}}}
    else:
        schema = known["content"]["application/json"]["schema"]
        found["content"] = {made.produces: {"schema": schema, "example": made.example}}
    names = [name for name, has in (("ETag", made.has_etag or made.is_write), ("Link", made.pages)) if has]
    if made.id == "create_request":
        names.append("Location")
    if names:
        found["headers"] = {name: {"$ref": f"#/components/headers/{name}"} for name in names}
    if links := LINKS.get(made.id):
        found["links"] = links
    return found


def _failures(made: Operation) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if made.has_etag:
        found["304"] = {"description": _("没有变。")}
    for status, codes in _by_status(made).items():
        found[str(status)] = {"$ref": f"#/components/responses/{_name(codes)}"}
    return found


def _by_status(made: Operation) -> dict[int, tuple[str, ...]]:
    found: dict[int, tuple[str, ...]] = {}
    for code in problems_of(made):
        status = KINDS[code][0]
        found[status] = (*found.get(status, ()), code)
    return dict(sorted(found.items()))


def _name(codes: tuple[str, ...]) -> str:
    return ".".join(codes)


def _responses() -> dict[str, Any]:
    """Every answer with a problem, each once."""
    known = {codes: status for made in every() for status, codes in _by_status(made).items()}
    return {_name(codes): _problem(status, codes) for codes, status in sorted(known.items())}


def _problem(status: int, codes: tuple[str, ...]) -> dict[str, Any]:
    titles = {code: str(KINDS[code][1]) for code in codes}
    examples = {
        code: {"value": {"type": f"{PAGE}#{code}", "title": title, "status": status, "detail": title}}
        for code, title in titles.items()
    }
    schema = {"$ref": "#/components/schemas/Problem"}
    found: dict[str, Any] = {
        "description": " / ".join(titles.values()),
        "content": {MEDIA_TYPE: {"schema": schema, "examples": examples}},
    }
    if header := OF_STATUS.get(status):
        found["headers"] = {header: {"$ref": f"#/components/headers/{header}"}}
    return found


OF_STATUS = {401: "WWW-Authenticate", 405: "Allow", 429: "Retry-After", 503: "Retry-After"}
NUMBER = {"number": "$response.body#/number"}
LINKS: dict[str, dict[str, Any]] = {
    "create_request": {
        "request": {"operationId": "get_request", "parameters": NUMBER},
        "moves": {"operationId": "list_moves", "parameters": NUMBER},
        "accept": {"operationId": "post_acceptances", "parameters": NUMBER},
        "note": {"operationId": "post_notes", "parameters": NUMBER},
    },
    "list_requests": {
        "request": {
            "operationId": "get_request",
            "parameters": {"number": "$response.body#/requests/0/number"},
        },
        "moves": {"operationId": "list_moves", "parameters": {"number": "$response.body#/requests/0/number"}},
    },
    "list_disputes": {
        "dispute": {
            "operationId": "get_dispute",
            "parameters": {"number": "$response.body#/disputes/0/number"},
        },
        "content": {
            "operationId": "open_dispute",
            "parameters": {"number": "$response.body#/disputes/0/number"},
        },
    },
    "post_acceptances": {
        "dispatch": {"operationId": "post_dispatches", "parameters": NUMBER},
        "moves": {"operationId": "list_moves", "parameters": NUMBER},
    },
    "post_dispatches": {"acknowledge": {"operationId": "post_acknowledgements", "parameters": NUMBER}},
    "post_acknowledgements": {
        "feedback": {"operationId": "post_feedback", "parameters": NUMBER},
        "progress": {"operationId": "post_progress", "parameters": NUMBER},
        "return": {"operationId": "post_returns", "parameters": NUMBER},
    },
    "post_feedback": {"check": {"operationId": "post_check_arrangements", "parameters": NUMBER}},
    "post_check_arrangements": {
        "verify": {"operationId": "post_verifications", "parameters": NUMBER},
        "redo": {"operationId": "post_reworks", "parameters": NUMBER},
    },
}
