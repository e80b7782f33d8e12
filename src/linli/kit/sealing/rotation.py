"""Goes over to a new key while everything runs: batch by batch, nothing locked for long, resumed where it stopped."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Generator, Iterator
from typing import Any

from django.db import models
from django.db.models.functions import Substr

from linli.kit.sealing import keys, vault
from linli.kit.sealing.cipher import HEAD, Unreadable, head_of, open_sealed, seal
from linli.kit.sealing.field import SERVER, Sealed, SealedField, sealed_fields
from linli.kit.sealing.keys import Keyring, KeyringError

BATCH = 500
GRACE_SECONDS = 60  # no process seals with a ring older than that


class Busy(KeyringError):
    """The key is still needed, or was in use a moment ago."""


def start(algorithm: str) -> Keyring:
    """A new key, with which everything is sealed from now on; every process takes it up within a second or two."""
    keys.write(keys.keyring().with_new_key(algorithm))
    return keys.keyring()


def go_over(batch: int = BATCH) -> Generator[Counter[str], None, None]:
    """Seals everything anew that another key than the current one sealed. Yields after each batch what was done.

    `resealed` values and case keys, `unreadable` ones that stay as they are. Interrupted, it is simply run again.
    """
    for field in sealed_fields(SERVER):
        yield from _column(field, batch)
    for case in vault.cases():
        yield _case(case)


def in_use() -> Counter[int]:
    """How many values and case keys each key of the ring has sealed."""
    found: Counter[int] = Counter()
    for field in sealed_fields(SERVER):
        rows = _with_heads(field).values_list("head").annotate(n=models.Count("*"))
        for head, n in rows.order_by():
            found[int.from_bytes(bytes(head)[1:HEAD])] += n
    for case in vault.cases():
        found.update(vault.standing(case))
    return found


def retire(number: int) -> None:
    """Takes a key out of the ring for good, once nothing needs it. Raises Busy, KeyringError."""
    ring = keys.keyring()
    if time.time() - ring.since < GRACE_SECONDS:
        raise Busy("the current key is too new; wait a minute")
    left = ring.without(number)
    if n := in_use()[number]:
        raise Busy(f"{n} values still need key {number}")
    keys.write(left)


def _with_heads(field: SealedField) -> models.QuerySet[Any]:
    rows = field.model._default_manager.annotate(
        head=Substr(field.name, 1, HEAD, output_field=models.BinaryField())
    )
    return rows.exclude(**{field.name: b""})


def _column(field: SealedField, batch: int) -> Iterator[Counter[str]]:
    last = None
    while True:
        ring = keys.keyring()
        rows = _with_heads(field).exclude(head=head_of(ring.current)).order_by("pk").only("pk", field.name)
        found = list(rows[:batch] if last is None else rows.filter(pk__gt=last)[:batch])
        if not found:
            return
        last = found[-1].pk
        yield _resealed(field, found, ring)


def _resealed(field: SealedField, rows: list[Any], ring: Keyring) -> Counter[str]:
    done: Counter[str] = Counter()
    for row in rows:
        before = row.__dict__[field.attname]
        try:
            content = open_sealed(before, field.place(row), ring)
        except Unreadable:
            done["unreadable"] += 1
            continue
        after = Sealed(seal(content, field.place(row), ring))
        same = field.model._default_manager.filter(**{"pk": row.pk, field.name: before})
        done["resealed"] += same.update(
            **{field.name: after}
        )  # whoever wrote meanwhile wrote with the new key
    return done


def _case(case: Any) -> Counter[str]:
    try:
        return Counter(resealed=vault.rewrap(case))
    except Unreadable:
        return Counter(unreadable=1)
