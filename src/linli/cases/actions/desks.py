"""Whose turn it is: the unit at which a piece of work waits."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from linli.cases.actions.turn import Turn
from linli.cases.models import Event
from linli.cases.procedures import Desk
from linli.orgs import lookup
from linli.orgs.models import Organisation, is_within, lineage, within
from linli.people.access import roles_with_duty
from linli.people.models import Grant

Post = tuple[UUID, datetime, datetime | None]
STAFF = lookup.Memory()


def nearest(duty: str, path: str, at: datetime, *without: str) -> UUID | None:
    """The nearest unit, from `path` upwards, where somebody does that duty; the root where nobody does.

    `without` leaves out units and everything below them.
    """
    paths = [p for p in lineage(path)[::-1] if not any(is_within(p, left_out) for left_out in without)]
    if not paths:
        return None
    staff = _staff(duty, paths[-1])
    for candidate in paths:
        for organisation_id, since, until in staff.get(candidate, ()):
            if since <= at and (until is None or until > at):
                return organisation_id
    return Organisation.objects.filter(path=paths[-1]).values_list("pk", flat=True).first()


def _staff(duty: str, root: str) -> dict[str, list[Post]]:
    """Who does that duty in the whole county, by path and with the time of their posts; at most a second old."""

    def look() -> dict[str, list[Post]]:
        found: dict[str, list[Post]] = {}
        grants = Grant.objects.filter(role__in=roles_with_duty(duty), person__is_active=True)
        for grant in grants.filter(within("organisation__path", root)).select_related("organisation"):
            post = (grant.organisation_id, grant.valid_from, grant.valid_until)
            found.setdefault(grant.organisation.path, []).append(post)
        return found

    return STAFF.get((duty, root), look)


def find(desk: Desk, turn: Turn) -> UUID | None:
    """The unit a desk of a procedure file means for this case, now; never one the case accuses.

    Nor does the unit that handles the case decide about its own work, as long as there is another.
    """
    matter, stage = turn.case, turn.stage_task
    around = matter.place_path or matter.holder_path

    def close_to(path: str, *without: str) -> UUID | None:
        return nearest(desk.role, path, turn.received_at, matter.accused_path, *without)

    match desk.at:
        case "holder":
            return matter.holder_id or nearest("dispatcher", around, turn.received_at, matter.accused_path)
        case "unit":
            return turn.unit.pk if turn.unit else None
        case "desk":
            return stage.organisation_id if stage else matter.holder_id
        case "checker":
            return turn.checker_id or close_to(around, matter.holder_path)
        case "superior":
            return close_to(_common_superior(turn))
        case "above":
            return close_to(_above(turn))
        case _:
            return close_to(around, matter.holder_path) or close_to(around)


def _above(turn: Turn) -> str:
    """The path strictly above the unit that was late, or that asks its superior; the root stays the root."""
    late = turn.facts.get("owner_path") or turn.actor.path or turn.case.holder_path or turn.case.place_path
    upwards = lineage(late)[::-1]
    return upwards[1] if len(upwards) > 1 else late


def _common_superior(turn: Turn) -> str:
    """The lowest unit above every unit that returned the case (信访工作条例 24)."""
    events = Event.objects.filter(case_id=turn.case.pk)
    reopened = events.filter(verb="reopen").order_by("-number").values_list("number", flat=True).first()
    returned = events.filter(verb="return", number__gt=reopened or 0).select_related("organisation")
    paths = [event.organisation.path for event in returned if event.organisation]
    if turn.actor.path:
        paths.append(turn.actor.path)
    common = lineage(paths[0])[-2::-1] if paths else []
    for path in paths[1:]:
        above = set(lineage(path)[:-1])
        common = [candidate for candidate in common if candidate in above]
    return common[0] if common else turn.case.place_path.split("/")[0] + "/"
