"""A program that asks the JSON API, for the tests."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from typing import Any

from django.test import Client

from linli.kit import clock
from linli.people.access import Actor
from linli.people.actions import keys
from linli.people.models import Grant, Key

PREFIX = "/api/v1"
_numbers = count()


@dataclass
class Program:
    """Asks with a key, or without one."""

    secret: str = ""
    key: Key | None = None
    language: str = "en"
    client: Client = field(default_factory=lambda: Client(raise_request_exception=False))

    def headers(self, more: dict[str, str]) -> dict[str, str]:
        found = {"Accept-Language": self.language} | more
        return found | ({"Authorization": f"Bearer {self.secret}"} if self.secret else {})

    def get(self, path: str, **headers: str) -> Any:
        return self.client.get(PREFIX + path, headers=self.headers(_dashed(headers)))

    def post(self, path: str, given: Any = None, *, idempotency: str | None = None, **headers: str) -> Any:
        """`given` as JSON, or bytes as they are. A fresh idempotency key unless one is named; '' sends none."""
        body = given if isinstance(given, bytes) else json.dumps(given if given is not None else {})
        named = f"test-{next(_numbers)}" if idempotency is None else idempotency
        more = _dashed(headers) | ({"Idempotency-Key": named} if named else {})
        kind = more.pop("Content-Type", "application/json")
        return self.client.post(PREFIX + path, body, content_type=kind, headers=self.headers(more))


def _dashed(headers: dict[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}


def program(actor: Actor, *scopes: str, **changes: Any) -> Program:
    """A program with a fresh key of that post."""
    at = changes.pop("at", None) or clock.now() - timedelta(seconds=1)
    assert actor.grant_id is not None
    grant = Grant.objects.get(pk=actor.grant_id)
    key, secret = keys.issue(
        name="test",
        scopes=list(scopes or ("read", "write")),
        by=actor,
        at=at,
        grant=grant,
        **{"per_minute": 6000, **changes},
    )
    return Program(secret, key)
