"""Mistakes planted on purpose, each of which the checks of the machine must find."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime
from typing import Any
from unittest import mock
from uuid import UUID

from linli.field.models import Sent
from linli.kit.ids import uuid7

from .device import Device
from .model import PhonesMachine

Fault = Callable[[ExitStack], None]


def no_dedupe(stack: ExitStack) -> None:
    """The server forgets what it has answered, and every command gets an id of its own."""
    from linli.field.actions import applying, syncing

    def forgetful(batch: Any, envelope: Any, content: Any, outcome: Any) -> Any:
        Sent.objects.filter(pk=envelope.id).delete()
        return real(batch, envelope, content, outcome)

    def fresh(doing: Any) -> Any:
        return carry_out(replaced(doing))

    def replaced(doing: Any) -> Any:
        return replace(doing, command=replace(doing.command, id=uuid7()))

    real, carry_out = syncing._settle, applying.carry_out
    stack.enter_context(mock.patch.object(syncing, "_known", return_value=None))
    stack.enter_context(mock.patch.object(syncing, "_settle", forgetful))
    stack.enter_context(mock.patch.object(syncing, "carry_out", fresh))


def early_acknowledgement(stack: ExitStack) -> None:
    """The phone strikes a command off as soon as it is sent."""

    def strike(self: PhonesMachine, device: Device, chosen: list[UUID]) -> None:
        for key in chosen:
            device.outbox.pop(key, None)

    stack.enter_context(mock.patch.object(PhonesMachine, "_lose_request", strike))


def last_write_by_phone_clock(stack: ExitStack) -> None:
    """The server takes the phone's clock for its own."""
    from linli.field.actions import applying, claims

    def believed(command: Any, at: Any, not_before: Any = None) -> Any:
        try:
            return datetime.fromisoformat(command.made_at)
        except ValueError:
            return at

    for module in (applying, claims):
        stack.enter_context(mock.patch.object(module, "claimed", believed))


def content_hash_dedupe(stack: ExitStack) -> None:
    """Two people who say the same are taken for one."""
    from linli.field.actions import applying, syncing

    seen: dict[str, Any] = {}
    real = applying.carry_out

    def once(doing: Any) -> Any:
        words = str(doing.command.data.get("text", ""))
        if words and words in seen:
            return seen[words]
        outcome = real(doing)
        if words:
            seen[words] = outcome
        return outcome

    stack.enter_context(mock.patch.object(syncing, "carry_out", once))


def silent_overwrite(stack: ExitStack) -> None:
    """What came too late is dropped without a word."""
    from linli.field.actions import applying

    stack.enter_context(mock.patch.object(applying, "_keep", return_value=None))


FAULTS: dict[str, Fault] = {
    fault.__name__: fault
    for fault in (
        no_dedupe,
        early_acknowledgement,
        last_write_by_phone_clock,
        content_hash_dedupe,
        silent_overwrite,
    )
}
