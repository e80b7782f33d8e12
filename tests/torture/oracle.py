"""Who may see a case, said again without SQL: docs/architecture.md, "Access", read without the code."""

from __future__ import annotations

from linli.cases.models import Case, Partner
from linli.people.access import Actor, roles


def may_see(post: Actor, case: Case) -> bool:
    if post.kind == "system":
        return True
    if post.kind == "reporter":
        return case.pk == post.case_id
    if not post.path or post.role not in roles():
        return False
    if case.accused_path and any(own.startswith(case.accused_path) for own in {post.path, *post.posted_at}):
        return False
    reach = roles()[post.role].reach
    return (
        ("place" in reach and case.place_path.startswith(post.path))
        or ("holder" in reach and bool(case.holder_path) and case.holder_path.startswith(post.path))
        or ("partner" in reach and _is_partner(post, case))
    )


def _is_partner(post: Actor, case: Case) -> bool:
    called = Partner.objects.filter(case_id=case.pk)
    return any(one.ended_at is None and one.path.startswith(post.path) for one in called)
