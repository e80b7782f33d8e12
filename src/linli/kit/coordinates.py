"""Positions: WGS-84 (what we store), GCJ-02 and BD-09 (what Chinese phone maps give), and distance.

All functions take and give degrees as (longitude, latitude). The shift GCJ-02 adds to WGS-84 is published nowhere;
the formula is the one every open map library uses, good to a metre or two against Chinese map services.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from math import asin, atan2, cos, floor, isfinite, pi, radians, sin, sqrt

Position = tuple[float, float]

EARTH_RADIUS = 6_371_008.8  # metres, mean radius (IUGG)
SEMI_MAJOR = 6_378_245.0  # Krasovsky 1940, the ellipsoid of the GCJ-02 shift
ECCENTRICITY_SQUARED = 0.00669342162296594323
BD_ANGLE = pi * 3000.0 / 180.0
PRECISION = 1e-9  # degrees at which an inverse is good enough (about 0.1 mm)


class System(StrEnum):
    """Coordinate systems a position may come in."""

    WGS84 = "wgs84"
    GCJ02 = "gcj02"
    BD09 = "bd09"


def is_valid(longitude: float, latitude: float) -> bool:
    """Whether these are finite degrees on the globe."""
    return isfinite(longitude) and isfinite(latitude) and -180 <= longitude <= 180 and -90 <= latitude <= 90


def is_in_china(longitude: float, latitude: float) -> bool:
    """Whether the position lies in the box inside which Chinese maps shift positions."""
    return 72.004 <= longitude <= 137.8347 and 0.8293 <= latitude <= 55.8271


def square(longitude: float, latitude: float) -> Position:
    """The middle of the square of a two-hundredth of a degree (some 500 m) the position lies in."""
    return round((floor(longitude * 200) + 0.5) / 200, 4), round((floor(latitude * 200) + 0.5) / 200, 4)


def distance(a: Position, b: Position) -> float:
    """Metres between two positions along the globe (haversine)."""
    latitude_a, latitude_b = radians(a[1]), radians(b[1])
    half_chord = (
        sin((latitude_b - latitude_a) / 2) ** 2
        + cos(latitude_a) * cos(latitude_b) * sin(radians(b[0] - a[0]) / 2) ** 2
    )
    return 2 * EARTH_RADIUS * asin(min(1.0, sqrt(half_chord)))


def wgs84_to_gcj02(longitude: float, latitude: float) -> Position:
    """Shift a true position to where Chinese maps draw it; outside China nothing is shifted."""
    if not is_in_china(longitude, latitude):
        return longitude, latitude
    east, north = _shift(longitude - 105.0, latitude - 35.0)
    angle = radians(latitude)
    magic = 1 - ECCENTRICITY_SQUARED * sin(angle) ** 2
    meridian = SEMI_MAJOR * (1 - ECCENTRICITY_SQUARED) / (magic * sqrt(magic))
    parallel = SEMI_MAJOR / sqrt(magic) * cos(angle)
    return longitude + east * 180.0 / (parallel * pi), latitude + north * 180.0 / (meridian * pi)


def gcj02_to_wgs84(longitude: float, latitude: float) -> Position:
    """The true position of one read off a Chinese map (by iteration)."""
    return _inverse(wgs84_to_gcj02, longitude, latitude)


def gcj02_to_bd09(longitude: float, latitude: float) -> Position:
    """From the national to the second shift of one map service."""
    radius = sqrt(longitude**2 + latitude**2) + 0.00002 * sin(latitude * BD_ANGLE)
    angle = atan2(latitude, longitude) + 0.000003 * cos(longitude * BD_ANGLE)
    return radius * cos(angle) + 0.0065, radius * sin(angle) + 0.006


def bd09_to_gcj02(longitude: float, latitude: float) -> Position:
    """Undo the second shift (by iteration)."""
    return _inverse(gcj02_to_bd09, longitude, latitude)


def to_wgs84(longitude: float, latitude: float, system: System = System.WGS84) -> Position:
    """A position of any known system as WGS-84."""
    if system == System.BD09:
        longitude, latitude = bd09_to_gcj02(longitude, latitude)
    if system in (System.BD09, System.GCJ02):
        longitude, latitude = gcj02_to_wgs84(longitude, latitude)
    return longitude, latitude


def _shift(x: float, y: float) -> Position:
    """Metres of shift east and north, for degrees counted from 105° E 35° N."""
    shared = (20.0 * sin(6.0 * x * pi) + 20.0 * sin(2.0 * x * pi)) * 2.0 / 3.0
    east = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * sqrt(abs(x)) + shared
    east += (20.0 * sin(x * pi) + 40.0 * sin(x / 3.0 * pi)) * 2.0 / 3.0
    east += (150.0 * sin(x / 12.0 * pi) + 300.0 * sin(x / 30.0 * pi)) * 2.0 / 3.0
    north = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * sqrt(abs(x)) + shared
    north += (20.0 * sin(y * pi) + 40.0 * sin(y / 3.0 * pi)) * 2.0 / 3.0
    north += (160.0 * sin(y / 12.0 * pi) + 320.0 * sin(y * pi / 30.0)) * 2.0 / 3.0
    return east, north


def _inverse(forward: Callable[[float, float], Position], longitude: float, latitude: float) -> Position:
    """The position that `forward` takes to the given one: the shift changes slowly, so this closes in fast."""
    x, y = longitude, latitude
    for _ in range(30):
        shifted_x, shifted_y = forward(x, y)
        error_x, error_y = shifted_x - longitude, shifted_y - latitude
        x, y = x - error_x, y - error_y
        if abs(error_x) < PRECISION and abs(error_y) < PRECISION:
            break
    return x, y
