"""Faults too large for one guard: planted in the database, in processes and in writers, caught by a whole part."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class PartFault:
    """Each has been caught by a run of its part in the short profile."""

    name: str
    part: str
    says: str
    guarded: str


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
            "retried_under_another_name",
            "cuts",
            "a client that had no answer sends the same thing under a new name",
            "cuts at COMMIT: a step is not done exactly once",
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
        ),
    )
}
