"""Anything at all sent to GeoReport v2, made from its own schema: no fault of ours, and no answer it does not name.

LINLI_FUZZ=3000 pytest src/linli/api/tests/fuzz_open311.py runs as many cases; the suite runs a few of them.
"""

from __future__ import annotations

import os
from collections import Counter
from typing import Any

import pytest
import schemathesis
from conftest import Cast, Town
from django.core.wsgi import get_wsgi_application
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from linli.api import access
from linli.api.open311 import tokens
from linli.kit import clock
from linli.people.actions import keys

CASES = int(os.environ.get("LINLI_FUZZ", "0"))
SEED = 420921
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
QUIET = list(HealthCheck)


class Fuzz:
    """What was sent so far and what came back."""

    def __init__(self, secret: str, known: dict[str, list[str]]) -> None:
        self.secret, self.known = secret, known
        self.statuses: Counter[int] = Counter()
        self.failures: dict[str, str] = {}

    def send(self, case: Any, seeds: dict[str, str], *, with_key: bool) -> None:
        """Sends a case, with some of its values replaced by those that lead somewhere."""
        for place in (case.path_parameters, case.query):
            for name, value in seeds.items():
                if place and name in place:
                    place[name] = value
        if isinstance(case.body, dict):
            case.body = {**case.body, **{name: value for name, value in seeds.items() if name in BODY}}
        headers = {"Authorization": f"Bearer {self.secret}"} if with_key else {}
        response = case.call(headers=headers)
        self.statuses[response.status_code] += 1
        try:
            case.validate_response(response, checks=CHECKS)
        except FailureGroup as group:
            for failure in group.exceptions:
                self.failures.setdefault(
                    f"{case.method} {case.path} {failure}"[:400], case.as_curl_command()[:600]
                )


BODY = ("service_code", "lat", "long", "description", "address_id", "attribute[fault]")


def fuzz_of(secret: str, number: str, token: str) -> Fuzz:
    known = {
        "service_request_id": [number, f"{number},260101-00000"],
        "service_code": ["facility.street_lamp", "facility.road"],
        "jurisdiction_id": ["", "990001"],
        "token": [token, "0" * 64],
        "lat": ["31.02"],
        "long": ["114.02"],
        "description": ["The lamp by the school has been dark for three nights."],
        "attribute[fault]": ["dark"],
        "address_id": ["990001101201001"],
    }
    return Fuzz(secret, known)


def run(fuzz: Fuzz, cases: int) -> None:
    """About so many cases, half of them as the schema says and half against it."""
    schema = schemathesis.openapi.from_wsgi("/open311/openapi.json", get_wsgi_application())
    found: list[Any] = list(schema.get_all_operations())
    operations = [result.ok() for result in found]
    each = max(1, cases // len(operations) // 2 + 1)
    for operation in operations:
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
            _alone(fuzz, operation, mode, each)


def _alone(fuzz: Fuzz, operation: Any, mode: GenerationMode, examples: int) -> None:
    good = {name: st.sampled_from(values) for name, values in fuzz.known.items()}
    some = st.one_of(st.fixed_dictionaries(good), st.fixed_dictionaries({}, optional=good))

    @seed(SEED)
    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=QUIET,
    )
    @given(case=operation.as_strategy(generation_mode=mode), seeds=some, with_key=st.booleans())
    def ask(case: Any, seeds: dict[str, str], with_key: bool) -> None:
        fuzz.send(case, seeds, with_key=with_key)

    ask()


def told(fuzz: Fuzz) -> str:
    lines = [f"{fuzz.statuses.total()} cases, seed {SEED}"]
    lines += [f"  {status}: {n}" for status, n in sorted(fuzz.statuses.items())]
    return "\n".join([*lines, f"{len(fuzz.failures)} failures", *map(str, fuzz.failures.items())])


@pytest.mark.django_db(transaction=True)  # each request opens and closes its connection
def test_nothing_breaks_and_nothing_is_undocumented(
    town: Town, cast: Cast, report: Any, monkeypatch: pytest.MonkeyPatch, settings: Any, tmp_path: Any
) -> None:
    settings.ATTACHMENTS, settings.COUNTY_CODE = tmp_path, "990001"
    monkeypatch.setattr(access, "ANYBODY_PER_MINUTE", 1_000_000)
    by, at = cast["administrator"], clock.now()
    _key, secret = keys.issue(name="Fuzz", scopes=["open311"], by=by, at=at, per_minute=6000)
    shown = report(at=at, may_publish=True).case
    taken = report(at=at, channel="open311", answers={"fault": "dark"}).case
    fuzz = fuzz_of(secret, shown.number, tokens.token_of(taken.pk))
    run(fuzz, CASES or 120)
    print(f"\n{told(fuzz)}")
    assert not fuzz.failures, told(fuzz)
    assert {200, 400, 403, 404} <= set(fuzz.statuses)
