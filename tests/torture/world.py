"""The town everything happens in, and processes forked from one that has loaded all of Linli."""

from __future__ import annotations

import ctypes
import os
import random
import signal
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from conftest import START, UNITS, Cast, build_cast, build_town
from django.core.management import call_command
from django.db import connections

from linli.kit import clock
from linli.orgs.models import Organisation
from linli.people.access import Actor
from linli.people.actions import keys
from linli.people.models import Grant, Key

PR_SET_PDEATHSIG = 1  # linux/prctl.h


def prepare() -> None:
    """Tables, the town and its cast, in the database of this process."""
    call_command("migrate", verbosity=0)
    if not Organisation.objects.exists():
        build_cast(build_town())


def cast() -> Cast:
    grants = Grant.objects.select_related("person", "organisation")
    return Cast({grant.person.username: Actor.from_grant(grant) for grant in grants})


def unit(name: str) -> Organisation:
    codes = {row[0]: row[2] for row in UNITS}
    return Organisation.objects.get(code=codes[name])


def key_of(actor: Actor) -> str:
    """The secret of a fresh API key of that post."""
    assert actor.grant_id is not None
    grant = Grant.objects.get(pk=actor.grant_id)
    at = max(START, clock.now())
    key, secret = keys.issue(name="torture", scopes=["read", "write"], by=actor, at=at, grant=grant)
    Key.objects.filter(pk=key.pk).update(
        per_minute=60_000
    )  # what is measured is not the limit of one program
    return secret


@dataclass
class Child:
    """A forked process."""

    pid: int
    name: str

    def kill(self) -> bool:
        """SIGKILL; whether it was alive until then and died of it."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        _pid, status = os.waitpid(self.pid, 0)
        return os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL

    def wait(self) -> int:
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


def fork(name: str, job: Callable[[], Any], log: Path | None = None, nice: int = 5) -> Child:
    """A process that does the job and ends; this one must hold no connection and no thread.

    `nice`: how far it stands back, so that whoever kills is not kept waiting by those it kills.
    """
    connections.close_all()
    pid = os.fork()
    if pid:
        return Child(pid, name)
    code = 1
    try:
        _end_with_parent()
        os.nice(nice)
        if log is not None:
            handle = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            os.dup2(handle, 1)
            os.dup2(handle, 2)
        random.seed()
        job()
        code = 0
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        os._exit(code)


def _end_with_parent() -> None:
    """Whoever started it may be killed: nothing goes on alone."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
