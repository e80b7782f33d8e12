"""The second lock: on PostgreSQL the database itself hands out only the rows the present scope reaches.

`visible_to` is the first lock and says what somebody sees. Should a query forget it, the policies that `linli secure`
makes still stand before every row of a case. They read settings of the connection, which are written here, once a
change of scope, before the next statement. A connection nobody has spoken for sees nothing.

Reading goes on under the scope of who asks. Writing goes through the kernel's doors, which look at the case under that
scope and then widen it (`everything`): a case may leave the reach of whoever hands it on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from uuid import UUID
from weakref import WeakKeyDictionary

from django.db import connection
from psycopg import sql
from psycopg.pq import TransactionStatus

if TYPE_CHECKING:
    from linli.people.access import Actor

NAMES = ("kind", "place", "holder", "partner", "hidden", "cases", "person")
SET = "SELECT " + ", ".join(f"set_config('linli.{name}', {{}}, {{}})" for name in NAMES)
PROBE = "SELECT row_security_active('cases_case')"
BACK = "ROLLBACK TO SAVEPOINT"


@dataclass(frozen=True)
class Scope:
    """What the policies compare rows with: paths along which a post reaches, units hidden from it, or case ids.

    The kind `public` reaches published requests, and the cases whose code somebody has shown (`admit`).
    `person` reaches what that person has broken the glass for, until it ends.
    """

    kind: str = ""
    place: str = ""
    holder: str = ""
    partner: str = ""
    hidden: str = ""
    cases: str = ""
    person: str = ""

    @property
    def values(self) -> tuple[str, ...]:
        return (self.kind, self.place, self.holder, self.partner, self.hidden, self.cases, self.person)


NOTHING, EVERYTHING, PUBLIC = Scope(), Scope(kind="system"), Scope(kind="public")
APART = Scope(kind="apart")
_wanted: ContextVar[Scope] = ContextVar("scope", default=NOTHING)


def of(actor: Actor) -> Scope:
    """The scope of somebody acting, the same as `visible_to` says."""
    if actor.kind == "system":
        return EVERYTHING
    if actor.kind == "reporter":
        return Scope(kind="case", cases=str(actor.case_id))
    along = {axis: actor.path for axis in actor.reach}
    return Scope(
        kind="staff", hidden=",".join(actor.ancestor_paths), person=str(actor.person_id or ""), **along
    )


@contextmanager
def acting(actor: Actor, more: Iterable[UUID] = ()) -> Iterator[None]:
    """What is asked in here is asked by the actor. `more` are cases a reporter may look at besides their own."""
    found = of(actor)
    if more and found.kind == "case":
        found = Scope(kind="case", cases=",".join([found.cases, *map(str, more)]))
    with _entered(found):
        yield


@contextmanager
def public() -> Iterator[None]:
    """For pages open to everybody."""
    with _entered(PUBLIC):
        yield


def admit(case: UUID) -> None:
    """Lets a public page reach this case, too, to its end: whoever asks has shown its code, or is just sending it."""
    now = _wanted.get()
    if now.kind == PUBLIC.kind and str(case) not in now.cases:
        _wanted.set(replace(now, cases=",".join([*filter(None, [now.cases]), str(case)])))


@contextmanager
def everything() -> Iterator[None]:
    """For what does not depend on who asks: the kernel's own work, counts for everybody, the worker, commands."""
    with _entered(EVERYTHING):
        yield


@contextmanager
def apart() -> Iterator[None]:
    """For a statement that asks no table with policies: the server is told nothing, and needs no round trip more."""
    token = _wanted.set(APART)
    try:
        yield
    finally:
        _wanted.reset(token)


def widen() -> None:
    """For a program of ours that serves nobody in particular, from here to its end."""
    _install()
    _wanted.set(EVERYTHING)


@contextmanager
def _entered(scope: Scope) -> Iterator[None]:
    _install()
    token = _wanted.set(scope)
    try:
        yield
    finally:
        _wanted.reset(token)


class ScopeMiddleware:
    """Every request begins without any scope, whatever this thread did before; guards give it one."""

    def __init__(self, get_response: Callable[[Any], Any]) -> None:
        self.get_response = get_response

    def __call__(self, request: Any) -> Any:
        with _entered(NOTHING):
            return self.get_response(request)


def forget() -> None:
    """For whoever has just changed the role of a connection: what it was told is told anew."""
    _states.clear()


# How the connection learns of it --------------------------------------------------------------------


@dataclass
class _State:
    """What one connection to the server has been told: for good, and within its present transaction."""

    is_guarded: bool
    lasting: Scope | None = None
    passing: Scope | None = None


_states: WeakKeyDictionary[Any, _State] = WeakKeyDictionary()


def _install() -> None:
    wrappers = connection.execute_wrappers
    if connection.vendor == "postgresql" and _tell_first not in wrappers:
        wrappers.insert(0, _tell_first)


def _tell_first(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
    """Before a statement, tells the server the scope, where that has changed."""
    raw = context["connection"].connection
    state = _state_of(context["connection"])
    if state.is_guarded:
        if str(sql).startswith(BACK):
            state.passing = None  # told within the savepoint, so forgotten with it
        else:
            _tell(context["connection"], raw, state)
    return execute(sql, params, many, context)


def is_guarded() -> bool:
    """Whether the policies hold the present connection, which may then not COPY into their tables."""
    if connection.vendor != "postgresql":
        return False
    connection.ensure_connection()
    return _state_of(connection).is_guarded


def _state_of(wrapper: Any) -> _State:
    return _states.get(wrapper.connection) or _begun(wrapper, wrapper.connection)


def _begun(wrapper: Any, raw: Any) -> _State:
    """Whether the policies hold this connection at all: not the owner of the tables, nor a database without them."""
    if raw.info.transaction_status == TransactionStatus.INERROR:
        return _State(is_guarded=False)
    with wrapper.wrap_database_errors:
        known = raw.execute("SELECT to_regclass('cases_case') IS NOT NULL").fetchone()[0]
        state = _State(is_guarded=known and raw.execute(PROBE).fetchone()[0])
    _states[raw] = state
    return state


def _tell(wrapper: Any, raw: Any, state: _State) -> None:
    """In a transaction it is told for that transaction, and told anew in the next one; outside of one, for good.

    What is told for good cannot be undone by a rollback, because it is told outside of every transaction.
    """
    status = raw.info.transaction_status
    if status == TransactionStatus.INERROR:
        return
    if status == TransactionStatus.IDLE:
        state.passing = None
    wanted = _wanted.get()
    if wanted is APART or (state.passing or state.lasting) == wanted:
        return
    is_passing = not raw.autocommit
    with wrapper.wrap_database_errors:
        raw.execute(_written_out(wanted, is_passing))
    if is_passing:
        state.passing = wanted
    else:
        state.lasting = wanted


@lru_cache(maxsize=512)
def _written_out(scope: Scope, is_passing: bool) -> bytes:
    """The statement with its values in place: most requests are answered under one of a few scopes."""
    parts = [part for value in scope.values for part in (value, is_passing)]
    return sql.SQL(SET).format(*map(sql.Literal, parts)).as_bytes(None)
