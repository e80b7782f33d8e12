"""Reference data a process keeps for itself: asked for once, and dropped within a second of a change anywhere."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from time import monotonic
from typing import Any, TypeVar

from django.db import connection, transaction

from linli.orgs.models import Organisation, Revision, lineage

T = TypeVar("T")
MOST = 50_000

# How long what is kept may be out of date. Tests set 0, which keeps nothing.
keep_seconds = 1.0


class Memory:
    """Values by key, shared by the threads of a process: never change what you get.

    With a `revision` they are kept until its number changes, without one for a second. While a transaction of this
    process has changed them and may still be rolled back, nothing is kept.
    """

    def __init__(self, revision: str = "") -> None:
        self.revision = revision
        self.values: dict[Hashable, Any] = {}
        self.number: int | None = None
        self.fresh_until = 0.0
        self.is_uncommitted = False

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        """What is known under the key; else what `make` finds."""
        if not keep_seconds or self._is_changing():
            return make()
        if monotonic() >= self.fresh_until:
            self._look()
        values = self.values
        if key not in values:
            if len(values) >= MOST:
                values.clear()
            values[key] = make()
        found: T = values[key]
        return found

    def forget(self) -> None:
        """Drops everything, because this process is about to change it."""
        self._clear()
        if connection.in_atomic_block:
            self.is_uncommitted = True
            transaction.on_commit(self._clear)

    def _clear(self) -> None:
        self.values, self.fresh_until, self.is_uncommitted = {}, 0.0, False

    def _is_changing(self) -> bool:
        if self.is_uncommitted and not connection.in_atomic_block:
            self._clear()  # our change was rolled back
        return self.is_uncommitted

    def _look(self) -> None:
        number = None
        if self.revision:
            found = Revision.objects.filter(name=self.revision).values_list("number", flat=True)
            number = found.first() or 0
        if number is None or number != self.number:
            self.values = {}
        self.number = number
        self.fresh_until = monotonic() + keep_seconds


units = Memory("organisations")


def line(path: str) -> list[Organisation]:
    """The units from the root down to the one with this path; without it where no unit has that path."""
    return units.get(path, lambda: _line(path))


def _line(path: str) -> list[Organisation]:
    return list(Organisation.objects.filter(path__in=lineage(path)).order_by("path"))


def unit(path: str) -> Organisation | None:
    """The unit with this path."""
    found = line(path)
    return found[-1] if found and found[-1].path == path else None
