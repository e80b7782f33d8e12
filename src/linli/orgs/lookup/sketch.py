"""A made-up division of a county into grids, for demonstrations: always 示意, never a legal boundary.

Bottom up, so that nothing gaps or overlaps: sample points are shared out among townships, then villages, then
grids; the middles of the grids span one Voronoi diagram cut at the county's outline; villages, townships and the
county are unions of those cells. The same input always gives the same sketch.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import cos, radians
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import mapping, shape
from shapely.geometry.base import BaseGeometry

Points = NDArray[np.float64]
Labels = NDArray[np.int64]

SAMPLES = 40_000
DECIMALS = 5
DENSE_WITHIN = 0.02  # degrees around a township's seat inside which villages are drawn smaller


@dataclass(frozen=True)
class SketchVillage:
    """A village to draw: `is_central` ones lie nearest the seat; `grids` says how many."""

    code: str
    grids: int
    is_central: bool = False


@dataclass(frozen=True)
class SketchTown:
    """A township to draw around its seat (longitude, latitude)."""

    code: str
    seat: tuple[float, float]
    villages: tuple[SketchVillage, ...]

    @property
    def weight(self) -> float:
        return sum(0.35 if village.is_central else 1.0 for village in self.villages)


def sketch_county(
    outline: Mapping[str, Any], *, code: str, towns: Sequence[SketchTown], seed: int = 420921
) -> dict[str, dict[str, Any]]:
    """GeoJSON geometries by code: county, townships, villages, grids (village code + 001, 002 ...).

    `outline` is a Polygon or MultiPolygon in WGS-84. Grids of a village are numbered west to east, then north
    to south (Beijing DB11 unit grids).
    """
    border = _rounded(shape(outline))
    scale = np.array([cos(radians(border.centroid.y)), 1.0])
    points = _samples(border, random.Random(seed)) * scale  # noqa: S311  drawing, not secrets
    seats = np.array([town.seat for town in towns]) * scale
    labels = _shares(points, seats, [town.weight for town in towns])
    middles: list[Points] = []
    owners: list[tuple[str, str]] = []  # (town, village) of each middle
    for number, town in enumerate(towns):
        dice = random.Random(f"{seed}/{town.code}")  # noqa: S311
        for village, inside in _villages(town, points[labels == number], seats[number], dice):
            for middle in _clusters(inside, village.grids, dice)[0]:
                middles.append(middle / scale)
                owners.append((town.code, village.code))
    return _assemble(border, np.array(middles), owners, code)


def _samples(border: BaseGeometry, dice: random.Random) -> Points:
    """Points spread evenly, with a little disorder, over the county."""
    west, south, east, north = border.bounds
    step = float(np.sqrt(border.area / SAMPLES))
    across, up = np.arange(west, east, step), np.arange(south, north, step)
    grid = np.stack(np.meshgrid(across, up), axis=-1).reshape(-1, 2)
    jitter = np.array([[dice.random(), dice.random()] for _ in range(len(grid))])
    points = grid + (jitter - 0.5) * step * 0.9
    inside: Points = points[shapely.contains_xy(border, points[:, 0], points[:, 1])]
    return inside


def _distances(points: Points, middles: Points) -> Points:
    """Squared distance of every point to every middle."""
    squares: Points = ((points[:, None, :] - middles[None, :, :]) ** 2).sum(axis=2)
    return squares


def _shares(points: Points, seats: Points, weights: Sequence[float]) -> Labels:
    """Each point's township: nearest seat, with handicaps adjusted until areas are in proportion to `weights`."""
    distances = _distances(points, seats)
    target = np.array(weights) / sum(weights)
    handicap = np.zeros(len(seats))
    labels: Labels = distances.argmin(axis=1)
    for _ in range(150):
        labels = (distances - handicap).argmin(axis=1)
        share = np.bincount(labels, minlength=len(seats)) / len(points)
        handicap += (target - share) * float(np.ptp(points[:, 0])) ** 2 * 0.3
    return labels


def _villages(
    town: SketchTown, points: Points, seat: Points, dice: random.Random
) -> list[tuple[SketchVillage, Points]]:
    """The points of each village: central ones nearest the seat, the others in order around it."""
    weights = 1.0 / (DENSE_WITHIN + np.sqrt(((points - seat) ** 2).sum(axis=1)))
    middles, labels = _clusters(points, len(town.villages), dice, weights)
    central = [village for village in town.villages if village.is_central]
    others = [village for village in town.villages if not village.is_central]
    by_distance = [int(i) for i in ((middles - seat) ** 2).sum(axis=1).argsort(kind="stable")]
    outer = by_distance[len(central) :]
    outer.sort(key=lambda i: float(np.arctan2(middles[i][1] - seat[1], middles[i][0] - seat[0])))
    order = [*by_distance[: len(central)], *outer]
    return [(village, points[labels == i]) for village, i in zip([*central, *others], order, strict=True)]


def _clusters(
    points: Points, count: int, dice: random.Random, weights: Points | None = None
) -> tuple[Points, Labels]:
    """`count` middles (k-means, started far apart) and each point's nearest one."""
    if len(points) < count:
        raise ValueError("too little room to draw that many units: move the seats of the townships")
    weights = np.ones(len(points)) if weights is None else weights
    chosen = [dice.randrange(len(points))]
    nearest = _distances(points, points[chosen])[:, 0]
    while len(chosen) < count:
        chosen.append(int((nearest * weights**2).argmax()))
        nearest = np.minimum(nearest, _distances(points, points[chosen[-1:]])[:, 0])
    middles = points[chosen].copy()
    labels = np.zeros(len(points), dtype=np.int64)
    for _ in range(12):
        labels = _distances(points, middles).argmin(axis=1)
        total = np.bincount(labels, weights, minlength=count)
        for axis in (0, 1):
            mean = np.bincount(labels, weights * points[:, axis], minlength=count)
            middles[:, axis] = np.where(total > 0, mean / np.maximum(total, 1e-12), middles[:, axis])
    return middles, _distances(points, middles).argmin(axis=1)


def _assemble(
    border: BaseGeometry, middles: Points, owners: Sequence[tuple[str, str]], county: str
) -> dict[str, dict[str, Any]]:
    cells = _cells(border, middles)
    members: dict[str, list[int]] = {}
    parts: dict[str, list[BaseGeometry]] = {county: []}
    for number, (town, village) in enumerate(owners):
        members.setdefault(village, []).append(number)
        for code in (county, town, village):
            parts.setdefault(code, []).append(cells[number])
    drawn = {code: shapely.coverage_union_all(pieces) for code, pieces in parts.items()}
    for village, numbers in members.items():
        numbers.sort(key=lambda number: (round(middles[number][0], 3), -middles[number][1]))
        drawn |= {f"{village}{place:03d}": cells[number] for place, number in enumerate(numbers, start=1)}
    return {code: _geojson(geometry) for code, geometry in drawn.items()}


def _cells(border: BaseGeometry, middles: Points) -> list[BaseGeometry]:
    diagram = shapely.voronoi_polygons(shapely.multipoints(middles), extend_to=border.envelope, ordered=True)
    return [_rounded(cell) for cell in shapely.intersection(np.array(diagram.geoms), border)]


def _rounded(geometry: BaseGeometry) -> BaseGeometry:
    """Polygons alone, corners on the fifth decimal (about a metre), slivers gone."""
    rounded = shapely.transform(geometry, lambda corners: np.round(corners, DECIMALS))
    pieces = [
        piece
        for piece in shapely.get_parts(shapely.make_valid(rounded))
        if piece.geom_type == "Polygon" and piece.area > 0
    ]
    return pieces[0] if len(pieces) == 1 else shapely.multipolygons(pieces)


def _geojson(geometry: BaseGeometry) -> dict[str, Any]:
    data: dict[str, Any] = mapping(geometry)
    return data
