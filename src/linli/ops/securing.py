"""Roles and policies on PostgreSQL: the application's own role owns nothing, may not change what is only appended,
and is handed the rows of a case only within the present scope (`people/scope.py`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.apps import apps
from django.db import connection
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from psycopg import sql

from linli.cases.models import Case
from linli.service_requests.actions import published

POLICY = "linli_scope"
# Rows about a case that hold no word of it: where it waits, what is to be delivered, how it is found.
# The words of the search are here, too: no index on them could be used under a policy (docs/trust.md).
WORDLESS = {
    "cases_casenumber", "cases_trackingcode", "cases_partner", "cases_task", "cases_clock", "cases_delivery",
    "cases_casetext", "cases_orderedcase", "mediation_partycode", "notify_message", "privacy_glass",
}  # fmt: skip
# Only ever appended. An event's words may be erased; the trigger says how.
APPENDED = {
    "cases_event": ("data", "salt"), "people_change": (), "privacy_read": (), "privacy_takeout": (),
    "privacy_glass": (),
}  # fmt: skip
READ_ONLY = {"django_migrations"}
PUBLISHED = "linli_published"
# What public pages are handed of a published request, and which rows of it; of everything else nothing.
OPEN = {
    "service_requests_request": "true", "cases_event": "is_public", "documents_attachment": "is_public",
}  # fmt: skip


NO_ROLES = gettext_lazy("SQLite 没有角色和行级策略；正式部署请用 PostgreSQL。")


class Unsuitable(Exception):
    """The database cannot be secured so; `str()` says why."""


@dataclass(frozen=True)
class Secured:
    """What was done: the role, whether it is new, and how many tables have a policy."""

    role: str
    is_new: bool
    guarded: int


def secure(*, role: str, password: str = "") -> Secured:
    """Makes the role, its rights and the policies, or brings them up to date. Run by the owner, after `migrate`."""
    if connection.vendor != "postgresql":
        raise Unsuitable(str(NO_ROLES))
    if is_guarded():
        raise Unsuitable(_("请用数据表的所有者身份运行，不要用应用自己的角色。"))
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user, EXISTS (SELECT FROM pg_roles WHERE rolname = %s)", [role])
        owner, is_known = cursor.fetchone()
        if owner == role:
            raise Unsuitable(_("“%(role)s”是数据表的所有者；应用要用另一个角色。") % {"role": role})
        for statement in statements(role, password, is_new=not is_known):
            cursor.execute(statement)
    return Secured(role, not is_known, len(guarded_tables()))


def has_role(role: str) -> bool:
    if connection.vendor != "postgresql":
        raise Unsuitable(str(NO_ROLES))
    with connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = %s)", [role])
        return bool(cursor.fetchone()[0])


def is_guarded() -> bool:
    """Whether the policies hold the present connection."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT row_security_active('cases_case')")
        return bool(cursor.fetchone()[0])


def unguarded() -> list[str]:
    """Tables that should have a policy, and the view policies ask, where they are missing: a later version has them."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_class WHERE (relrowsecurity AND relkind = 'r') OR (relname = %s AND relkind = 'v')",
            [PUBLISHED],
        )
        known = {name for (name,) in cursor.fetchall()}
    return sorted({"cases_case", PUBLISHED, *guarded_tables()} - known)


def guarded_tables() -> dict[str, str]:
    """Tables with the words of a case, and the column that names the case."""
    found = {}
    for model in apps.get_models():
        if not model._meta.managed or not model.__module__.startswith("linli."):
            continue
        for field in model._meta.local_fields:
            if field.is_relation and field.related_model is Case and field.name == "case":
                found[model._meta.db_table] = str(field.column)
    return {table: column for table, column in found.items() if table not in WORDLESS}


def statements(role: str, password: str, *, is_new: bool) -> Iterator[sql.Composed]:
    """Everything `secure` runs, in order."""
    name = sql.Identifier(role)
    if is_new:
        yield sql.SQL("CREATE ROLE {} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS").format(name)
    if password:
        yield sql.SQL("ALTER ROLE {} PASSWORD {}").format(name, sql.Literal(password))
    # Policies make a plan look dearer than it is; compiling each of their parts would take longer than the query.
    yield sql.SQL("ALTER ROLE {} SET jit = off").format(name)
    yield _published()
    yield from _rights(name)
    yield from _policy("cases_case", _reached())
    for table, column in guarded_tables().items():
        yield from _policy(table, _of_a_case(table, column))


def _published() -> sql.Composed:
    """The published requests, as the owner sees them, whom no policy holds: else the policies would ask each other."""
    query, values = published(is_test=None).order_by().values("pk").query.sql_with_params()
    written = sql.SQL(query.replace("%s", "{}")).format(*map(sql.Literal, values))
    return sql.SQL("CREATE OR REPLACE VIEW {} (id) AS {}").format(sql.Identifier(PUBLISHED), written)


def _rights(role: sql.Identifier) -> Iterator[sql.Composed]:
    for granted in (
        "USAGE ON SCHEMA public TO {}",
        "SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {}",
        "USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {}",
    ):
        yield sql.SQL("GRANT " + granted).format(role)
    for what, on in (("SELECT, INSERT, UPDATE, DELETE", "TABLES"), ("USAGE, SELECT", "SEQUENCES")):
        after = f"ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT {what} ON {on} TO {{}}"
        yield sql.SQL(after).format(role)
    for table, columns in APPENDED.items():
        yield sql.SQL("REVOKE UPDATE, DELETE ON {} FROM {}").format(sql.Identifier(table), role)
        if columns:
            listed = sql.SQL(", ").join(map(sql.Identifier, columns))
            yield sql.SQL("GRANT UPDATE ({}) ON {} TO {}").format(listed, sql.Identifier(table), role)
    for table in sorted(READ_ONLY):
        yield sql.SQL("REVOKE INSERT, UPDATE, DELETE ON {} FROM {}").format(sql.Identifier(table), role)


def _policy(table: str, condition: str) -> Iterator[sql.Composed]:
    """Reading, changing and deleting only within the scope; inserting is the kernel's business."""
    named = sql.Identifier(table)
    yield sql.SQL("ALTER TABLE {} ENABLE ROW LEVEL SECURITY").format(named)
    for suffix, command, clause in (
        ("read", "SELECT", f"USING ({condition})"),
        ("add", "INSERT", "WITH CHECK (true)"),
        ("change", "UPDATE", f"USING ({condition}) WITH CHECK (true)"),
        ("remove", "DELETE", f"USING ({condition})"),
    ):
        policy = sql.Identifier(f"{POLICY}_{suffix}")
        yield sql.SQL("DROP POLICY IF EXISTS {} ON {}").format(policy, named)
        yield sql.SQL(f"CREATE POLICY {{}} ON {{}} FOR {command} {clause}").format(policy, named)


def _setting(name: str) -> str:
    """A setting, read once a statement and not once a row."""
    return f"(SELECT current_setting('linli.{name}', true))"


def _setting_as(name: str, kind: str) -> str:
    return f"(SELECT nullif(current_setting('linli.{name}', true), '')::{kind})"


def _is(kind: str) -> str:
    return f"{_setting('kind')} = '{kind}'"


def _within(column: str, axis: str) -> str:
    """A range, which an index can serve; an axis that is not set reaches nothing."""
    above = f"(SELECT nullif(current_setting('linli.{axis}', true), '') || '~')"
    return f"({column} >= {_setting(axis)} AND {column} < {above})"


def _own(column: str) -> str:
    listed = "(SELECT string_to_array(current_setting('linli.cases', true), ','))::uuid[]"
    return f"({column} = ANY ({listed}))"


def _open(column: str, rows: str = "true") -> str:
    """What everybody may see of a published request; the key of the case is looked up, row by row of what is asked."""
    there = f"EXISTS (SELECT 1 FROM {PUBLISHED} p WHERE p.id = {column})"  # noqa: S608  (our own words)
    return f"({_is('public')} AND {rows} AND {there})"


def _reached() -> str:
    """`CaseQuerySet.visible_to`, once more, in the database's own words."""
    called_in = f"ended_at IS NULL AND {_within('path', 'partner')}"
    partner = f"id IN (SELECT case_id FROM cases_partner WHERE {called_in})"  # noqa: S608  (our own words)
    hidden = "(SELECT string_to_array(current_setting('linli.hidden', true), ','))::text[]"
    mine = f"person_id = {_setting_as('person', 'uuid')} AND until > now()"
    glass = f"id IN (SELECT case_id FROM privacy_glass WHERE {mine})"  # noqa: S608  (our own words)
    axes = f"{_within('place_path', 'place')} OR {_within('holder_path', 'holder')}"
    paths = f"{axes} OR {partner} OR {glass}"
    staff = f"({_is('staff')} AND ({paths}) AND accused_path <> ALL ({hidden}))"
    return f"{_is('system')} OR {_own('id')} OR {staff} OR {_open('cases_case.id')}"


def _of_a_case(table: str, column: str) -> str:
    """Whoever sees the case; what the case's own policy says is asked row by row."""
    seen = f"EXISTS (SELECT 1 FROM cases_case c WHERE c.id = {table}.{column})"  # noqa: S608  (our own)
    shown = f" OR {_open(f'{table}.{column}', OPEN[table])}" if table in OPEN else ""
    return f"{_is('system')} OR {_own(column)} OR ({_is('staff')} AND {seen}){shown}"
