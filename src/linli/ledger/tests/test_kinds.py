"""Anything may stand in the log that says how it is hashed again."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.db import IntegrityError, transaction

from linli.kit.ids import uuid7
from linli.ledger import actions as ledger

AT = datetime(2026, 9, 30, 8, tzinfo=UTC)


def test_a_leaf_commits_to_the_whole_record_and_to_its_kind() -> None:
    subject, record = uuid7(), {"who": "a", "why": "b", "at": AT}
    leaf = ledger.leaf_for(kind="read", subject=subject, record=record, at=AT)
    assert (leaf.kind, leaf.case_id, leaf.number, len(leaf.hash)) == ("read", subject, 1, 32)
    same = ledger.leaf_for(kind="read", subject=uuid7(), record=dict(reversed(record.items())), at=AT)
    other = ledger.leaf_for(kind="other", subject=subject, record=record, at=AT)
    changed = ledger.leaf_for(kind="read", subject=subject, record={**record, "why": "c"}, at=AT)
    assert (same.hash == leaf.hash, other.hash == leaf.hash, changed.hash == leaf.hash) == (
        True,
        False,
        False,
    )


@pytest.mark.django_db
def test_a_row_has_one_leaf() -> None:
    leaf = ledger.leaf_for(kind="read", subject=uuid7(), record={}, at=AT)
    leaf.save(force_insert=True)
    with pytest.raises(IntegrityError), transaction.atomic():
        leaf.save(force_insert=True)
