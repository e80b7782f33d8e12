"""What comes back at the same place: problems with an owner, a cause, a remedy, and a look whether it helped."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Count, F, Max, Min, Q, QuerySet
from django.utils.translation import gettext as _

from linli.cases.actions import BadData, NotAllowed
from linli.cases.models import Case, CaseQuerySet
from linli.kit import text
from linli.measures.actions.surges import NOT_OF_THINGS
from linli.measures.models import Problem, ProblemState
from linli.orgs.models import Organisation, is_within, within
from linli.people.access import Actor

PERIOD = timedelta(days=90)
AGAIN = 4  # reports of different matters within the period make a problem
WATCHED = timedelta(days=60)
COSTLIEST = 10
LEAST_WORDS = 5


@transaction.atomic
def find(*, county: Organisation, at: datetime) -> int:
    """Notes what has come back often enough, and looks after what was remedied; returns how many problems are new.

    Reports merged into one another are one matter, and accusations, opinions and disputes are not looked at.
    """
    today = at.astimezone(county.zone).date()
    new = 0
    for row in _recurring(county, today):
        known = Problem.objects.filter(organisation_id=row["place"], category=row["category"])
        first, last = (row[end].astimezone(county.zone).date() for end in ("first", "last"))
        fresh = {"cases": row["n"], "first_on": first, "last_on": last}
        if known.exclude(state=ProblemState.SETTLED).exists():
            known.filter(state__in=(ProblemState.FOUND, ProblemState.OWNED)).update(**fresh)
        elif not known.filter(watched_until__gt=fresh["last_on"] - PERIOD).exists():
            Problem.objects.create(
                organisation_id=row["place"], category=row["category"], found_on=today, **fresh
            )
            new += 1
    watched = _inside(county.path).filter(state__in=(ProblemState.REMEDIED, ProblemState.RETURNED))
    for problem in watched.select_related("organisation"):
        _look_after(problem, today)
    return new


def own(*, problem: Problem, owner: Organisation, by: Actor) -> Problem:
    """The county or township says which unit looks for the cause."""
    _require(by, problem, "measures.assess")
    if owner.path.split("/")[0] != by.path.split("/")[0]:
        raise BadData({"owner": _("请选本县的单位。")})
    return _moved(problem, (ProblemState.FOUND, ProblemState.RETURNED), state=ProblemState.OWNED, owner=owner)


def remedy(*, problem: Problem, cause: str, done: str, by: Actor, at: datetime) -> Problem:
    """The owner, or those above, write down the cause and what was done; from then on it is watched."""
    is_owner = problem.owner is not None and by.path and is_within(by.path, problem.owner.path)
    if not (is_owner and by.may("measures.object")):
        _require(by, problem, "measures.assess")
    said = {"cause": text.clean(cause), "remedy": text.clean(done)}
    errors = {name: _("请写明。") for name, words in said.items() if len(words) < LEAST_WORDS}
    if errors:
        raise BadData(errors)
    today = at.astimezone(problem.organisation.zone).date()
    return _moved(
        problem,
        (ProblemState.OWNED,),
        state=ProblemState.REMEDIED,
        remedied_on=today,
        watched_until=today + WATCHED,
        came_back=0,
        **said,
    )


def costliest(*, path: str, most: int = COSTLIEST) -> list[Problem]:
    """The problems under a unit that cost most cases and are not settled."""
    return list(unsettled(path=path).order_by("-all", "found_on", "pk")[:most])


def settled(*, path: str, most: int = COSTLIEST) -> list[Problem]:
    """What did not come back, newest first."""
    return list(gone(path=path).order_by("-watched_until", "pk")[:most])


def unsettled(*, path: str) -> QuerySet[Any]:
    """Every problem under a unit that is not settled; `all` is what it cost when it was last counted."""
    found = _inside(path).exclude(state=ProblemState.SETTLED).annotate(all=F("cases") + F("came_back"))
    return found.select_related("organisation__parent", "owner")


def gone(*, path: str) -> QuerySet[Problem]:
    """Every problem under a unit that is settled."""
    return _inside(path).filter(state=ProblemState.SETTLED).select_related("organisation__parent", "owner")


def cases_of(problem: Problem) -> CaseQuerySet:
    """The cases a problem counts: those that made it one, and those that came after its remedy."""
    return _of_things(Case.objects.all()).filter(_same(problem), _made(problem) | _again(problem))


def counted(problems: Sequence[Problem]) -> dict[UUID, tuple[int, int]]:
    """How many cases each is made of, and how many came after its remedy, as they stand now; in one statement."""
    sides = {}
    for n, each in enumerate(problems):
        sides[f"made{n}"] = Count("pk", filter=_same(each) & _made(each))
        sides[f"again{n}"] = Count("pk", filter=_same(each) & _again(each))
    places = Case.objects.filter(place__in=[each.organisation_id for each in problems])
    found = _of_things(places).aggregate(**sides) if problems else {}
    return {each.pk: (found[f"made{n}"], found[f"again{n}"]) for n, each in enumerate(problems)}


def visible(*, problem_id: UUID, by: Actor) -> Problem | None:
    """The problem, if it lies in the actor's area or its unit owns it."""
    found = Problem.objects.filter(pk=problem_id).select_related("organisation__parent", "owner").first()
    if found is None or not by.path:
        return None
    owns = found.owner is not None and is_within(by.path, found.owner.path)
    return found if owns or is_within(found.organisation.path, by.path) else None


def _recurring(county: Organisation, today: date) -> list[dict[str, Any]]:
    begin = datetime.combine(today - PERIOD, time(), county.zone)
    cases = _of_things(Case.objects.filter(within("place_path", county.path), received_at__gte=begin))
    cases = cases.exclude(category="").exclude(place=county)
    found: QuerySet[Any] = cases.values("place", "category").annotate(
        n=Count("pk"), first=Min("received_at"), last=Max("received_at")
    )
    return list(found.filter(n__gte=AGAIN).order_by("place", "category"))


def _of_things(cases: CaseQuerySet) -> CaseQuerySet:
    """Requests about things, each matter once: no accusation, no opinion, nothing declined."""
    once, of_people = Q(group=None) | Q(group=F("pk")), Q()
    for group in NOT_OF_THINGS:
        of_people |= Q(category__startswith=f"{group}.")
    cases = cases.filter(once, kind="service_request", accused_path="")
    return cases.exclude(of_people).exclude(state="declined")


def _same(problem: Problem) -> Q:
    return Q(place_id=problem.organisation_id, category=problem.category)


def _made(problem: Problem) -> Q:
    return Q(
        received_at__gte=_day(problem, problem.first_on),
        received_at__lt=_day(problem, problem.last_on + timedelta(days=1)),
    )


def _again(problem: Problem) -> Q:
    if problem.remedied_on is None:
        return Q(pk__in=[])
    return Q(received_at__gte=_day(problem, problem.remedied_on + timedelta(days=1)))


def _day(problem: Problem, day: date) -> datetime:
    """When a day begins where the problem is."""
    return datetime.combine(day, time(), problem.organisation.zone)


def _look_after(problem: Problem, today: date) -> None:
    """Whether it came back since it was remedied; when the time is over without that, it is settled."""
    assert problem.watched_until is not None
    again = _of_things(Case.objects.all()).filter(_same(problem), _again(problem)).count()
    state = problem.state
    if again:
        state = ProblemState.RETURNED
    elif today > problem.watched_until:
        state = ProblemState.SETTLED
    Problem.objects.filter(pk=problem.pk).update(state=state, came_back=again)


def _inside(path: str) -> QuerySet[Problem]:
    return Problem.objects.filter(within("organisation__path", path))


def _require(by: Actor, problem: Problem, permission: str) -> None:
    if not by.may(permission) or not by.path or not is_within(problem.organisation.path, by.path):
        raise NotAllowed(_("这一步要由别的岗位来做。"))


def _moved(problem: Problem, states: tuple[str, ...], **changes: Any) -> Problem:
    if not Problem.objects.filter(pk=problem.pk, state__in=states).update(**changes):
        raise NotAllowed(_("这个问题现在不能做这一步。"))
    return Problem.objects.select_related("organisation__parent", "owner").get(pk=problem.pk)
