"""Faults too large for one guard: planted in the database, in processes and in writers, caught by a whole part."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class PartFault:
    """`seen`: a run has caught it; the others need more kills or requests than any run so far has made."""

    name: str
    part: str
    says: str
    guarded: str
    seen: bool = False


IN_PARTS = {
    fault.name: fault
    for fault in (
        PartFault(
            "synchronous_commit_off",
            "kills",
            "PostgreSQL acknowledges before its log is on the disk",
            "kills of the database: acknowledged writes are missed",
        ),
        PartFault(
            "acknowledged_before_commit",
            "kills",
            "a writer says done before it is committed",
            "kills of the database: acknowledged writes are missed",
        ),
        PartFault(
            "photo_written_in_place",
            "attachments",
            "a photo is written under its own name",
            "each system call of the writer killed or failed: half a photo is found",
        ),
        PartFault(
            "races_without_lock",
            "races",
            "a case is read without lock and written without comparing",
            "racing threads: one transition is made twice",
            seen=True,
        ),
        PartFault(
            "errors_swallowed_as_500",
            "requests",
            "a view fails on odd input",
            "malformed requests: an answer of 5xx is counted",
        ),
        PartFault(
            "list_unfiltered",
            "access",
            "lists and pages forget to ask who may see",
            "authorisation checks: foreign rows are counted",
            seen=True,
        ),
    )
}
