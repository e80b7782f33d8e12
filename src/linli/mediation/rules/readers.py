"""Who may open the content of a case, as the sealed list beside its key says it: a second lock, outside the database.

What the tables say of mediators, readers and committees decides first. Somebody whom only the tables name, because
somebody wrote a row past Linli, opens nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from linli.kit.sealing import part_of, vault
from linli.mediation.models import Talk

EVERYBODY = "case"  # all who read the case, once a party has released its talk


def person(person_id: UUID | None) -> str:
    return f"person:{person_id}"


def unit(organisation_id: UUID | None) -> str:
    return f"unit:{organisation_id}"


def party(number: int) -> str:
    return f"party:{number}"


def admit(case: UUID, people: Iterable[UUID]) -> None:
    """Puts people on the list. Raises Unreadable, KeyringError."""
    vault.admit(case, [person(each) for each in people])


def admits(case: UUID, reader: str) -> bool:
    return vault.admits(case, reader)


def hears(talk: Talk, reader: str) -> bool:
    """Whether a separate talk was sealed for this reader."""
    return vault.admits(talk.case_id, reader, part_of(talk))
