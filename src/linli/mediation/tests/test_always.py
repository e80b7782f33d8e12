"""Rules 1 to 9 and 11 of people's mediation after every step, whatever anybody tried.

Seeded random walks: `WALKS=200 pytest …` walks more, a failure names its seed and prints the way it went.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from conftest import NOW, Cast, Town

from linli.mediation import actions as mediations
from linli.mediation.tests.rules import Watch
from linli.mediation.tests.walk import Walk

WALKS = int(os.environ.get("WALKS", "8"))
STEPS = 70
Dispute = Callable[..., Any]


def begun(dispute: Dispute, cast: Cast, seed: int) -> Walk:
    """A dispute of one of the kinds, as a party or the committee brought it in."""
    chance = random.Random(seed)
    parties = [
        mediations.PartyDetails(name="李秀英", phone="0712-0000-101"),
        mediations.PartyDetails(name="陈国强", side="respondent", phone="0712-0000-102"),
    ]
    if chance.random() < 0.3:
        parties.append(mediations.PartyDetails(name="陈国庆", side="respondent"))
    category = ["neighbours", "labour", "medical"][seed % 3]
    made = dispute(parties=parties, category=category, source=chance.choice(["applied", "proactive"]))
    walk = Walk(cast, made.case.pk, chance, NOW + timedelta(minutes=5))
    walk.form = chance.choice(["written", "written", "oral"])
    walk.boldness = chance.choice([0.1, 0.2, 0.3, 0.5])
    return walk


@pytest.mark.parametrize("seed", range(WALKS))
def test_whatever_anybody_does(seed: int, town: Town, cast: Cast, dispute: Dispute) -> None:
    walk = begun(dispute, cast, seed)
    watch = Watch(walk.case_id)
    walk.after_each = watch.look
    try:
        for _step in range(STEPS):
            walk.step()
    except BaseException:
        print(f"seed {seed} at {walk.at}", *walk.log, sep="\n  ")
        raise
    assert walk.done > STEPS / 6
