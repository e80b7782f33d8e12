"""A phone as the server sees it: seals commands, keeps them until they are answered, sends what is left again."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from linli.field import actions, wire
from linli.field.actions import Envelope, Result
from linli.field.models import Phone
from linli.kit.ids import uuid7
from linli.people.access import Actor

VERIFIER = b"v" * 32
FINAL = {"received", "conflict", "refused", "held"}


def travelling(envelope: Envelope) -> dict[str, Any]:
    """A sealed command as JSON."""
    sealed = base64.b64encode(envelope.sealed).decode()
    return {"id": str(envelope.id), "version": envelope.version, "sealed": sealed}


@dataclass
class Device:
    """One phone and its outbox."""

    phone: Phone
    token: str
    seal_for: bytes
    outbox: dict[UUID, Envelope] = field(default_factory=dict)
    answers: dict[UUID, Result] = field(default_factory=dict)

    @classmethod
    def enrol(cls, by: Actor, at: datetime) -> Device:
        enrolled = actions.enrol(phone_id=uuid7(), name="测试机", verifier=VERIFIER, by=by, at=at)
        return cls(enrolled.phone, enrolled.token, wire.public_key())

    @property
    def authorization(self) -> str:
        return f"Phone {self.phone.pk}.{self.token}"

    def write(
        self, kind: str, *, command_id: UUID | None = None, version: int = wire.CURRENT, **content: Any
    ) -> UUID:
        """Seals a command and puts it into the outbox; `photos` and `after` are ids."""
        key = command_id or uuid7()
        said = {"kind": kind, "made_at": "2026-09-30T08:00:00+00:00", **content}
        body = json.dumps(said, default=str).encode()
        self.outbox[key] = Envelope(key, version, wire.seal(body, key, self.seal_for))
        return key

    def report(self, place: str, text: str = "村口的路灯坏了三天了。", **more: Any) -> UUID:
        data = {"text": text, "category": "facility.street_lamp", "place": place, **more.pop("data", {})}
        return self.write("report", data=data, **more)

    def move(self, case: UUID, verb: str, seen: int | None = None, **data: Any) -> UUID:
        extra = {name: data.pop(name) for name in ("photos", "after", "made_at") if name in data}
        return self.write("move", case=case, verb=verb, seen=seen, data=data, **extra)

    def as_json(self, key: UUID) -> dict[str, Any]:
        """A command of its outbox as it travels."""
        return travelling(self.outbox[key])

    def send(self, at: datetime, *wanted: UUID) -> dict[UUID, Result]:
        """Sends these commands, or all that are left, and forgets what was answered for good."""
        batch = [self.outbox[key] for key in wanted or tuple(self.outbox) if key in self.outbox]
        self.phone = Phone.objects.select_related("grant__person", "grant__organisation").get(
            pk=self.phone.pk
        )
        found = {result.id: result for result in self.deliver(batch, at)}
        for key, result in found.items():
            if result.state in FINAL:
                self.answers[key] = result
                self.outbox.pop(key, None)
        return found

    def deliver(self, batch: list[Envelope], at: datetime) -> list[Result]:
        return actions.receive(phone=self.phone, envelopes=batch, at=at)

    def photo(self, content: bytes, at: datetime, *, piece: int = 40_000) -> UUID:
        """Sends a sealed photo in pieces."""
        key = uuid7()
        sealed = wire.seal(content, key, self.seal_for)
        digest = hashlib.sha256(sealed).hexdigest()
        for offset in range(0, len(sealed), piece):
            part = sealed[offset : offset + piece]
            actions.put(
                parcel_id=key,
                phone=self.phone,
                size=len(sealed),
                sha256=digest,
                offset=offset,
                piece=part,
                at=at,
            )
        return key
