"""Schemathesis over the JSON API, all roles, operations alone and in chains: `make fuzz`, or LINLI_FUZZ=20000.

Half of the cases are what the schema allows, half what it does not. Numbers, codes and ids are mostly real ones, keys
those of every role, of nobody, and dead. Nothing may answer 5xx, or what its document does not say.
"""

from __future__ import annotations

import itertools
import os
import random
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import pytest
import schemathesis
from conftest import Cast, Town
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import Flaky
from hypothesis.stateful import run_state_machine_as_test
from schemathesis import Case as Asked
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from linli.api import access
from linli.api.tests.asking import program
from linli.api.v1 import moves
from linli.cases.actions import moves_for
from linli.cases.models import Case as Matter
from linli.cases.models import Clock, Task
from linli.config.wsgi import application
from linli.kit import clock
from linli.ledger import actions as ledger
from linli.mediation.tests.story import Story
from linli.orgs.models import Organisation
from linli.people.access import Actor, roles

CASES = int(os.environ.get("LINLI_FUZZ", "20000"))
SEED = int(os.environ.get("LINLI_FUZZ_SEED", "20261124"))
STEPS = 8
CHECKED = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
OURS = "X-Fuzz-Authorization"  # schemathesis makes up, and drops, the Authorization of its own
CATEGORIES = ["facility.street_lamp", "environment.rubbish", "dispute.neighbour"]
QUIET = [HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large]


@dataclass
class Fuzz:
    """What is known of the scratch county, and what came back."""

    actors: dict[str, Actor]
    keys: dict[str, str]
    numbers: list[str]
    codes: list[str]
    units: list[str]
    chance: random.Random = field(default_factory=lambda: random.Random(SEED))
    statuses: Counter[int] = field(default_factory=Counter)
    operations: Counter[str] = field(default_factory=Counter)
    roles: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    marks: Iterator[int] = field(default_factory=itertools.count)

    @property
    def cases(self) -> int:
        return sum(self.statuses.values())

    def headers(self, case: Asked[Any]) -> dict[str, str]:
        """The key of a role that may do it, if one is found; else of any, or none, or one that opens nothing."""
        role = ""
        if self.chance.random() < 0.7:
            role = self.somebody_for(case)
        role = role or self.chance.choice([*self.keys, *self.keys, "nobody", "a dead key"])
        self.roles[role] += 1
        if role == "nobody":
            return {}
        return {OURS: f"Bearer {self.keys.get(role, 'linli_' + '0' * 32)}"}

    def somebody_for(self, case: Asked[Any]) -> str:
        """A role that may see the case the address names, or make the move there; '' where none is found."""
        if (case.method, case.operation.path) == ("POST", "/requests"):
            return self.chance.choice(["clerk", "dispatcher", "grid_worker", "village_officer"])
        found = Matter.objects.filter(number=(case.path_parameters or {}).get("number", "")).first()
        if found is None:
            return ""
        noun = case.operation.path.rpartition("/")[2] if case.method == "POST" else ""
        able = [role for role, actor in self.actors.items() if self.may(actor, found, noun)]
        return self.chance.choice(able) if able else ""

    def may(self, actor: Actor, found: Matter, noun: str) -> bool:
        if not Matter.objects.visible_to(actor).filter(pk=found.pk).exists():
            return False
        if not noun:
            return True
        tasks = list(Task.objects.filter(case_id=found.pk).select_related("organisation"))
        clocks = list(Clock.objects.filter(case_id=found.pk))
        return any(move.noun == noun for move in moves_for(found, actor, tasks, clocks, clock.now()))

    def prepare(self, case: Asked[Any]) -> None:
        """Mostly real numbers, codes and ids, and a mark of its own for most writes."""
        real = {"number": self.numbers, "code": self.codes}
        for name, known in real.items():
            if name in (case.path_parameters or {}) and self.chance.random() < 0.8:
                case.path_parameters[name] = self.chance.choice(known)
        if case.method == "POST" and "number" in (case.path_parameters or {}):
            self.lead(case)
        if isinstance(case.body, dict):
            self.make_real(case.body)
        if case.method == "POST" and self.chance.random() < 0.8:
            case.headers["Idempotency-Key"] = f"fuzz-{next(self.marks)}"
        if case.headers and "If-Match" in case.headers and self.chance.random() < 0.7:
            del case.headers["If-Match"]

    def lead(self, case: Asked[Any]) -> None:
        """Mostly to a case that stands where this move begins."""
        noun = case.operation.path.rpartition("/")[2]
        states = {state for _kind, move in moves.nouns().get(noun, []) for state in move.origins}
        fitting = Matter.objects.filter(number__in=self.numbers, state__in=states).values_list(
            "number", flat=True
        )
        if self.chance.random() < 0.8 and (known := sorted(fitting)):
            case.path_parameters["number"] = self.chance.choice(known)

    def make_real(self, body: dict[str, Any]) -> None:
        known: dict[str, list[Any]] = {
            "unit": self.units,
            "checker": self.units,
            "place": self.codes,
            "accused": ["", *self.codes],
        }
        known |= {"category": CATEGORIES, "photos": [[]], "contact_phone": ["", "0712-0000-000"]}
        for name, values in known.items():
            if name in body and self.chance.random() < 0.8:
                body[name] = self.chance.choice(values)
        if "text" in body and self.chance.random() < 0.8:
            body.pop("lon", None)
            body.pop("lat", None)

    def ask(self, case: Asked[Any]) -> Any:
        self.prepare(case)
        response = case.call(headers=self.headers(case))
        self.note(case, response)
        return response

    def note(self, case: Asked[Any], response: Any) -> None:
        self.statuses[response.status_code] += 1
        self.operations[f"{case.method} {case.operation.path}"] += 1
        if response.status_code == 201 and case.operation.path == "/requests":
            self.numbers.append(response.json()["number"])
        try:
            case.validate_response(response, checks=CHECKED)
        except FailureGroup as group:
            self.fail(case, group)

    def fail(self, case: Asked[Any], group: FailureGroup) -> None:
        if len(self.failures) < 50:
            said = "; ".join(str(each) for each in group.exceptions)
            self.failures.append(f"{case.method} {case.formatted_path}: {said[:1500]}")


def served(environ: dict[str, Any], start_response: Any) -> Any:
    """The application, asked with the key the fuzz has chosen."""
    given = environ.pop("HTTP_X_FUZZ_AUTHORIZATION", "")
    environ["HTTP_AUTHORIZATION"] = given
    return application(environ, start_response)


@pytest.fixture
def one_connection() -> Iterator[None]:
    """The transaction of the test stays open from request to request, as Django's own test client sees to."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture
def fuzz(
    cast: Cast,
    town: Town,
    report: Callable[..., Any],
    dispute: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
    settings: Any,
    tmp_path: Any,
    one_connection: None,
) -> Fuzz:
    """A county with requests and disputes at several stages, and a key for every role."""
    settings.ATTACHMENTS = tmp_path
    monkeypatch.setattr(access, "ANYBODY_PER_MINUTE", 60_000)
    posts: dict[str, Any] = {}
    for name, actor in cast.posts.items():
        posts.setdefault(actor.role, cast[name])
    actors = {actor.role: actor for actor in posts.values()}
    keys = {role: program(actor, per_minute=6_000).secret for role, actor in posts.items()}
    assert set(keys) == set(roles()) - {"resident", "party"}
    numbers = [report(place=town[name]).case.number for name in ("grid", "grid2", "west_grid", "east")]
    for stage in ("diverted", "consent_check", "accepted", "in_mediation", "performing"):
        case = dispute().case
        Story(cast, case.pk).to(stage)
        numbers.append(case.number)
    ledger.sequence()
    units = Organisation.objects.all()
    return Fuzz(actors, keys, numbers, [unit.code for unit in units], [str(unit.pk) for unit in units])


def run(fuzz: Fuzz, cases: int) -> None:
    """About so many cases: two thirds one operation at a time, the rest in chains that follow the links."""
    schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", served, headers={"Accept-Language": "en"})
    operations = [found.ok() for found in schema.get_all_operations() if isinstance(found, Ok)]
    each = max(1, cases * 2 // 3 // len(operations) // 2)
    for operation in operations:
        _alone(fuzz, operation, GenerationMode.POSITIVE, each)
        if operation.body or operation.query or operation.headers:  # any text at all may stand in a path
            _alone(fuzz, operation, GenerationMode.NEGATIVE, each)
    _in_chains(fuzz, schema, cases)


def _alone(fuzz: Fuzz, operation: Any, mode: GenerationMode, examples: int) -> None:
    @seed(SEED)
    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=QUIET,
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def ask(case: Asked[Any]) -> None:
        fuzz.ask(case)

    ask()


def _in_chains(fuzz: Fuzz, schema: Any, cases: int) -> None:
    class Chains(schema.as_state_machine()):  # type: ignore[misc]
        def before_call(self, case: Asked[Any]) -> None:
            if case.method == "POST":
                case.headers["Idempotency-Key"] = f"chain-{uuid.uuid4()}"
                case.headers.pop("If-Match", None)
                if isinstance(case.body, dict):
                    fuzz.make_real(case.body)

        def get_call_kwargs(self, case: Asked[Any]) -> dict[str, Any]:
            return {"headers": fuzz.headers(case)}

        def validate_response(self, response: Any, case: Asked[Any], **kwargs: Any) -> None:
            fuzz.note(case, response)

    few = settings(
        max_examples=10,
        stateful_step_count=STEPS,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
        report_multiple_bugs=False,
    )
    while fuzz.cases < cases:
        before = fuzz.cases
        with suppress(Flaky):  # what a chain meets depends on the chains before it
            run_state_machine_as_test(Chains, settings=few)
        assert fuzz.cases > before


def told(fuzz: Fuzz) -> str:
    lines = [
        f"{fuzz.cases} cases, {len(fuzz.operations)} operations, {len(fuzz.roles)} kinds of caller, seed {SEED}"
    ]
    lines += [f"  {status}: {n}" for status, n in sorted(fuzz.statuses.items())]
    lines += [f"{len(fuzz.failures)} failures", *fuzz.failures]
    return "\n".join(lines)


@pytest.mark.django_db
def test_nothing_breaks_and_nothing_is_undocumented(fuzz: Fuzz, capsys: pytest.CaptureFixture[str]) -> None:
    run(fuzz, CASES)
    with capsys.disabled():
        print(f"\n{told(fuzz)}")
    assert fuzz.cases >= CASES
    assert fuzz.failures == []
