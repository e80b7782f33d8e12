"""Which of five thousand grids a point lies in."""

from __future__ import annotations

import random
import time
from datetime import date

from linli.orgs import lookup
from linli.orgs.models import Boundary, Kind, Organisation

SIDE = 71  # 71 × 71 squares: 5,041 polygons
SIZE = 0.01
WEST, SOUTH = 113.0, 30.0


def measure(rounds: int = 50_000) -> dict[str, float]:
    """Microseconds a look-up, the one query a second that notices changes included."""
    _draw()
    dice = random.Random(1)  # noqa: S311
    reach = SIDE * SIZE
    points = [(WEST + dice.uniform(0, reach), SOUTH + dice.uniform(0, reach)) for _n in range(rounds)]
    lookup.locate(*points[0])
    begin = time.perf_counter()
    missed = sum(lookup.locate(*point) is None for point in points)
    spent = time.perf_counter() - begin
    return {"microseconds": round(spent / rounds * 1e6, 1), "polygons": SIDE * SIDE, "missed": missed}


def _draw() -> None:
    Boundary.objects.all().delete()
    village = Organisation.objects.filter(kind=Kind.VILLAGE).order_by("path")[:1].get()
    grids = [
        Organisation(
            code=f"bench-{place}",
            name=str(place),
            kind=Kind.GRID,
            parent=village,
            path=f"{village.path}bench-{place}/",
            valid_from=date(2020, 1, 1),
        )
        for place in range(SIDE * SIDE)
    ]
    Organisation.objects.bulk_create(grids, batch_size=500)
    Boundary.objects.bulk_create(
        (
            Boundary(organisation=grid, geometry=_square(*divmod(place, SIDE)))
            for place, grid in enumerate(grids)
        ),
        batch_size=500,
    )
    lookup.forget()


def _square(row: int, column: int) -> dict[str, object]:
    west, south = WEST + column * SIZE, SOUTH + row * SIZE
    east, north = west + SIZE, south + SIZE
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {"type": "Polygon", "coordinates": [ring]}
