"""What a run found, as rows: what was done, how often, and what was objected to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

Row = tuple[str, str, str]
SO_FAR = "so-far.json"  # what a part has found, should it be stopped


def objections_of(found: Any) -> dict[str, int]:
    """Everything a part counted that should be zero, by name; the parts of a part included."""
    if not isinstance(found, dict):
        return {}
    total = {str(name): int(count) for name, count in found.get("objections", {}).items()}
    total |= {name: int(found[name]) for name in ("lost", "left to deliver") if found.get(name)}
    for name, one in found.items():
        if name not in ("objections", "examples"):
            total |= {f"{name}: {key}": count for key, count in objections_of(one).items()}
    return total


def bad(found: Any) -> dict[str, int]:
    return {name: count for name, count in objections_of(found).items() if count}


def rows(found: dict[str, Any]) -> Iterator[Row]:
    """One row a part, in the order of the run."""
    for name, one in found["parts"].items():
        yield (NAMES.get(name, name), _done(name, one), _said(one))


NAMES = {
    "kills": "SIGKILL under load",
    "fsyncs": "failing fdatasync of the write-ahead log",
    "cuts": "connection cut at COMMIT, then the same command again",
    "disks": "full disks: database, photos, logs",
    "attachments": "system calls of the photo writer, failed or killed",
    "races": "races for one transition, two sweepers, clock set back",
    "backups": "backups under load, restored, verified, swapped",
    "requests": "malformed requests",
    "access": "authorisation checks",
    "tampering": "tamperings with the record",
}


def _done(name: str, one: dict[str, Any]) -> str:
    if "skipped" in one:
        return f"skipped: {one['skipped']}"
    if "broken" in one and "objections" not in one:
        return f"did not run: {one['broken']}"
    stopped = f"; then stopped: {one['broken']}" if "broken" in one else ""
    return _counted(name, one) + stopped


def _counted(name: str, one: dict[str, Any]) -> str:
    if name == "kills":
        done = one["kills"]
        killed = ", ".join(f"{done[what]:,} {what}" for what in sorted(done))
        total = sum(done[what] for what in done if what != "connections cut")
        return f"{total:,} kills ({killed}); {one['acknowledged']:,} acknowledged writes{_imported(one)}{_rest(one)}"
    if name == "fsyncs":
        return f"{one['failures']:,} failures, {one['panics']:,} panics; {one['acknowledged']:,} acknowledged writes"
    return str(DONE[name](one))


def _imported(one: dict[str, Any]) -> str:
    many = one.get("imported", 0)
    return f" ({many:,} of them in files of old cases, a hundred cases a commit)" if many else ""


def _rest(one: dict[str, Any]) -> str:
    """How often there was no answer, and clients that had none for a quarter of an hour and gave up."""
    gave_up = f", {one['failed']} clients gave up waiting" if one.get("failed") else ""
    return f", {one['retried']:,} of them asked for again after no answer{gave_up}"


DONE: dict[str, Any] = {
    "disks": lambda one: (
        f"{one['database']['refusals']:,} refusals by the database, {one['database']['acknowledged']:,} acknowledged;"
        f" {one['photos']['kept']} photos kept, {one['photos']['refused']} refused;"
        f" {one['logs']['answered']} of {one['logs']['requests']} requests answered without room for a log"
    ),
    "cuts": lambda one: (
        f"{sum(one['cuts'].values()):,} cuts ({', '.join(f'{count:,} {way}' for way, count in one['cuts'].items())})"
    ),
    "attachments": lambda one: f"{one['injections']:,} injections at {one['points']} points",
    "races": lambda one: (
        f"{one['races']:,} races of {one['threads']} threads, {one['sweeps']:,} clocks swept by two"
    ),
    "backups": lambda one: (
        f"{one['backups']} backups, {one['altered']} altered or torn ones ({one['refused']} refused),"
        f" {one['restored rows']:,} rows put back in {one['restore seconds']} s"
    ),
    "requests": lambda one: (
        f"{one['requests']:,} requests to {one['addresses']} addresses, {one.get('least', 0):,} or more to each"
    ),
    "access": lambda one: f"{one['checks']:,} checks of {one['principals']} principals",
    "tampering": lambda one: f"{one['tamperings']:,} tamperings of {one['kinds']} kinds",
}


def _said(one: dict[str, Any]) -> str:
    if "skipped" in one or ("broken" in one and "objections" not in one):
        return "—"
    found = bad(one)
    if not found:
        return "0 lost, 0 half, 0 wrong" if "acknowledged" in one else "0 objections"
    return "**" + ", ".join(f"{count} {name}" for name, count in found.items()) + "**"
