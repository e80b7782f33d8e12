"""What the JSON API can do: every operation with its address, its scope, its words and its examples."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from django.http import HttpRequest
from django.utils.functional import Promise
from ninja import NinjaAPI
from ninja.parser import Parser
from ninja.renderers import JSONRenderer
from ninja.schema import Schema

EXAMPLES: dict[str, Any] = json.loads(Path(__file__).with_name("examples.json").read_text(encoding="utf-8"))
READ, WRITE, PUBLIC = "read", "write", ""
F = TypeVar("F", bound=Callable[..., Any])
Words = str | Promise


@dataclass(frozen=True)
class Operation:
    """One thing a program may do. `problems` are the codes of what it may answer besides what all may."""

    id: str
    method: str
    path: str
    scope: str
    tag: Words
    summary: Words
    description: Words = ""
    status: int = 200
    produces: str = "application/json"
    query: frozenset[str] = frozenset()
    problems: tuple[str, ...] = ()
    example: Any = None
    body: Mapping[str, Any] | None = None
    body_example: Mapping[str, Any] | None = None
    takes_photo: bool = False
    has_etag: bool = False
    pages: bool = False
    path_examples: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_write(self) -> bool:
        return self.method == "POST"


class StrictParser(Parser):
    """The door has read the body already."""

    def parse_body(self, request: HttpRequest) -> dict[str, Any]:
        given: dict[str, Any] = request.visit.given  # type: ignore[attr-defined]
        return given


class PlainRenderer(JSONRenderer):
    """Chinese stays readable."""

    json_dumps_params: Mapping[str, Any] = {"ensure_ascii": False, "allow_nan": False}


api = NinjaAPI(
    title="Linli",
    version="1",
    openapi_url=None,
    docs_url=None,
    urls_namespace="api_v1",
    parser=StrictParser(),
    renderer=PlainRenderer(),
)
OPERATIONS: dict[tuple[str, str], Operation] = {}


def operation(
    method: str,
    path: str,
    *,
    id: str,
    response: Any,
    query: type[Schema] | None = None,
    **about: Any,
) -> Callable[[F], F]:
    """Registers a view as an operation, here and with ninja."""
    names = frozenset(query.model_fields) if query else frozenset()
    about = {"example": EXAMPLES["answers"].get(id), "body_example": EXAMPLES["bodies"].get(id)} | about
    made = Operation(id=id, method=method, path=path, query=names, **about)
    assert (path, method) not in OPERATIONS, f"{method} {path} stands twice"
    OPERATIONS[path, method] = made
    status = made.status
    return api.api_operation(
        [method],
        path,
        operation_id=id,
        url_name=id,
        response={status: response} if response is not None else {status: None},
        summary=id,
        description="",
    )


def at_path(path: str) -> dict[str, Operation]:
    """The operations of an address, by method."""
    return {method: made for (where, method), made in OPERATIONS.items() if where == path}


def every() -> Sequence[Operation]:
    return list(OPERATIONS.values())
