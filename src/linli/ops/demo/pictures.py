"""Simple drawn scenes standing in for photographs, so that no real place or person is shown.

A picture is drawn from a seed: the same seed gives the same bytes. JPEG, 640 × 480, well under 20 kB.
"""

from collections.abc import Callable
from io import BytesIO
from random import Random

from PIL import Image, ImageDraw

WIDTH, HEIGHT = 640, 480
LIMIT = 20_000  # bytes

Colour = tuple[int, int, int]
Draw = ImageDraw.ImageDraw
Scene = Callable[[Draw, Random, bool], None]

NIGHT: Colour = (38, 47, 56)
DAY: Colour = (190, 206, 214)
GREY: Colour = (120, 124, 124)
DARK: Colour = (48, 52, 54)
EARTH: Colour = (134, 112, 86)
GREEN: Colour = (108, 132, 92)
WATER: Colour = (96, 130, 140)
PAPER: Colour = (240, 238, 230)
WARM: Colour = (238, 200, 110)
RUST: Colour = (150, 84, 52)


def picture(category: str, seed: int, *, is_after: bool = False) -> bytes:
    """JPEG bytes for a category or group code; `is_after` draws the same scene put right."""
    rng = Random(f"{category}/{seed}")  # noqa: S311  (a drawing, not a secret)
    image = Image.new("RGB", (WIDTH, HEIGHT), DAY)
    _scene(category)(ImageDraw.Draw(image), rng, is_after)
    return _encoded(image)


def scenes() -> list[str]:
    """The codes that have a scene of their own."""
    return list(_SCENES)


def _scene(category: str) -> Scene:
    return _SCENES.get(category) or _SCENES.get(category.partition(".")[0]) or _document


def _encoded(image: Image.Image) -> bytes:
    for quality in (82, 70, 55, 40):
        target = BytesIO()
        image.save(target, "JPEG", quality=quality, optimize=True)
        if target.tell() <= LIMIT:
            break
    return target.getvalue()


def _tint(rng: Random, colour: Colour, spread: int = 12) -> Colour:
    shift = rng.randint(-spread, spread)
    red, green, blue = (max(0, min(255, part + shift)) for part in colour)
    return red, green, blue


def _ground(draw: Draw, rng: Random, horizon: int, sky: Colour, ground: Colour) -> None:
    draw.rectangle((0, 0, WIDTH, horizon), _tint(rng, sky))
    hills = [(x, horizon - rng.randint(8, 60)) for x in range(0, WIDTH + 80, 80)]
    draw.polygon([(0, horizon), *hills, (WIDTH, horizon)], _tint(rng, _mixed(sky, GREEN)))
    draw.rectangle((0, horizon, WIDTH, HEIGHT), _tint(rng, ground))


def _mixed(a: Colour, b: Colour) -> Colour:
    return (a[0] + b[0]) // 2, (a[1] + b[1]) // 2, (a[2] + b[2]) // 2


def _road(draw: Draw, rng: Random, colour: Colour = GREY) -> None:
    _ground(draw, rng, 170, DAY, GREEN)
    bend = rng.randint(-80, 80)
    draw.polygon([(280 + bend, 170), (350 + bend, 170), (600, HEIGHT), (40, HEIGHT)], _tint(rng, colour))


def _house(draw: Draw, rng: Random, left: int, floor: int, *, wall: Colour = PAPER) -> None:
    width, height = rng.randint(120, 170), rng.randint(80, 110)
    draw.rectangle((left, floor - height, left + width, floor), _tint(rng, wall))
    roof = [
        (left - 14, floor - height),
        (left + width // 2, floor - height - 50),
        (left + width + 14, floor - height),
    ]
    draw.polygon(roof, _tint(rng, RUST))
    draw.rectangle((left + 20, floor - 60, left + 52, floor), DARK)
    draw.rectangle((left + 78, floor - 66, left + 108, floor - 36), _tint(rng, WATER))


def _lamp(draw: Draw, rng: Random, is_after: bool) -> None:
    _ground(draw, rng, 350, NIGHT, DARK)
    pole = rng.randint(180, 300)
    if is_after:
        draw.polygon([(pole + 120, 112), (pole - 10, 420), (pole + 280, 420)], _mixed(WARM, NIGHT))
    draw.line([(pole, 440), (pole, 90), (pole + 110, 90)], (150, 158, 160), 10, joint="curve")
    draw.rounded_rectangle((pole + 95, 84, pole + 160, 110), 8, WARM if is_after else GREY)
    _house(draw, rng, rng.randint(420, 460), 350, wall=(78, 84, 90))


def _pothole(draw: Draw, rng: Random, is_after: bool) -> None:
    _road(draw, rng)
    x, y = rng.randint(220, 340), rng.randint(280, 330)
    if is_after:
        draw.rectangle((x - 20, y - 10, x + 150, y + 70), _tint(rng, (92, 96, 98)))
        return
    edge = [(x + rng.randint(-12, 12) + dx, y + rng.randint(-8, 8) + dy) for dx, dy in _RING]
    draw.polygon(edge, DARK)
    draw.ellipse((x + 30, y + 14, x + 110, y + 46), WATER)
    for _ in range(9):
        draw.line(
            [(x + 65, y + 30), (x + rng.randint(-120, 240), y + rng.randint(-70, 120))], (96, 100, 100), 2
        )


_RING = [(0, 20), (30, -4), (80, -10), (130, 6), (150, 34), (110, 62), (50, 66), (8, 50)]


def _manhole(draw: Draw, rng: Random, is_after: bool) -> None:
    _road(draw, rng)
    x, y = rng.randint(210, 300), rng.randint(270, 310)
    draw.ellipse((x, y, x + 190, y + 84), RUST if is_after else (18, 20, 22))
    if is_after:
        for step in range(4):
            draw.arc(
                (x + 12 + step * 22, y + 8 + step * 9, x + 178 - step * 22, y + 76 - step * 9),
                0,
                360,
                DARK,
                4,
            )
        return
    draw.ellipse((x + 210, y + 40, x + 330, y + 92), RUST)
    draw.line([(x + 20, y + 40), (x + 8, y - 110)], EARTH, 7)
    draw.polygon([(x + 8, y - 110), (x + 70, y - 92), (x + 10, y - 66)], (190, 60, 48))


def _rubbish(draw: Draw, rng: Random, is_after: bool) -> None:
    _road(draw, rng)
    for left in (380, 480):
        draw.rounded_rectangle((left, 210, left + 84, 340), 8, _tint(rng, (62, 104, 88)))
        draw.rectangle((left - 5, 200, left + 89, 216), DARK)
    if is_after:
        return
    for _ in range(26):
        x, y, size = rng.randint(250, 590), rng.randint(290, 430), rng.randint(14, 40)
        bag = rng.choice([PAPER, DARK, (184, 70, 60), WARM, (96, 120, 170)])
        draw.ellipse((x, y, x + size, y + size * 3 // 4), _tint(rng, bag))


def _pipe(draw: Draw, rng: Random, is_after: bool) -> None:
    _ground(draw, rng, 150, DAY, EARTH)
    y = rng.randint(280, 310)
    draw.polygon([(60, y - 60), (580, y - 60), (620, HEIGHT), (20, HEIGHT)], _tint(rng, (98, 80, 60)))
    draw.rectangle((0, y, WIDTH, y + 44), _tint(rng, (150, 160, 166)))
    draw.line([(0, y + 10), (WIDTH, y + 10)], (206, 212, 214), 4)
    joint = rng.randint(260, 360)
    draw.rectangle((joint, y - 8, joint + 60, y + 52), WATER if is_after else RUST)
    if not is_after:
        for _ in range(30):
            top = (joint + rng.randint(-150, 200), y - rng.randint(30, 190))
            draw.line([(joint + 30, y), top], (214, 228, 232), rng.randint(2, 5))
        draw.ellipse((joint - 140, y + 90, joint + 220, y + 170), WATER)


def _canal(draw: Draw, rng: Random, is_after: bool) -> None:
    _ground(draw, rng, 180, DAY, GREEN)
    shore = WATER if is_after else _mixed(WATER, EARTH)
    draw.polygon([(250, 180), (340, 180), (560, HEIGHT), (90, HEIGHT)], _tint(rng, shore))
    draw.line([(250, 180), (90, HEIGHT)], GREY, 16)
    draw.line([(340, 180), (560, HEIGHT)], GREY, 16)
    for _ in range(0 if is_after else 24):
        x, y = rng.randint(180, 470), rng.randint(300, 460)
        draw.ellipse(
            (x, y, x + rng.randint(10, 54), y + rng.randint(6, 22)), rng.choice([EARTH, GREEN, PAPER])
        )


def _bridge(draw: Draw, rng: Random, is_after: bool) -> None:
    _ground(draw, rng, 200, DAY, GREEN)
    draw.rectangle((0, 350, WIDTH, HEIGHT), _tint(rng, WATER))
    draw.rectangle((0, 290, WIDTH, 340), _tint(rng, GREY))
    for pier in (150, 420):
        draw.rectangle((pier, 340, pier + 46, 440), _tint(rng, GREY))
    gap = rng.randint(3, 6)
    for post in range(12):
        if is_after or post not in (gap, gap + 1):
            draw.rectangle((post * 56, 236, post * 56 + 10, 292), PAPER)
            draw.rectangle((post * 56, 240, post * 56 + 56, 250), PAPER)
    if not is_after:
        draw.line([(gap * 56, 250), (gap * 56 + 90, 330)], RUST, 8)


def _hillside(draw: Draw, rng: Random, is_after: bool) -> None:
    _ground(draw, rng, 260, DAY, GREEN)
    draw.polygon([(0, 380), (0, 120), (300, 60), (640, 330), (640, 380)], _tint(rng, EARTH))
    draw.rectangle((0, 380, WIDTH, HEIGHT), _tint(rng, GREY))
    if is_after:
        draw.polygon([(120, 380), (160, 230), (520, 300), (560, 380)], _tint(rng, (158, 158, 150)))
        return
    for _ in range(34):
        x, y, size = rng.randint(180, 520), rng.randint(300, 440), rng.randint(16, 64)
        draw.polygon(
            [(x, y), (x + size, y - size // 3), (x + size + 10, y + size // 2), (x + 6, y + size // 2)],
            _tint(rng, EARTH, 30),
        )


def _building(draw: Draw, rng: Random, is_after: bool) -> None:
    _ground(draw, rng, 360, DAY, EARTH)
    left = rng.randint(180, 240)
    draw.rectangle((left, 160, left + 260, 360), _tint(rng, (206, 190, 160)))
    draw.polygon([(left - 24, 160), (left + 130, 84), (left + 284, 160)], _tint(rng, RUST))
    draw.rectangle((left + 40, 250, left + 100, 360), DARK)
    if not is_after:
        x = left + rng.randint(150, 200)
        crack = [(x + rng.randint(-16, 16), y) for y in range(160, 361, 25)]
        draw.line(crack, DARK, 7)
        draw.line([(0, 320), (WIDTH, 300)], WARM, 9)


def _wires(draw: Draw, rng: Random, is_after: bool) -> None:
    _ground(draw, rng, 330, DAY, GREEN)
    for pole in (120, 500):
        draw.rectangle((pole, 90, pole + 16, 400), _tint(rng, EARTH))
        draw.rectangle((pole - 46, 110, pole + 62, 120), DARK)
    for step, sag in enumerate((20, 30, 40 if is_after else rng.randint(180, 230))):
        draw.line([(84 + step * 44, 114), (310, 116 + sag), (464 + step * 44, 114)], DARK, 4, joint="curve")
    if not is_after:
        draw.ellipse((230, 230, 380, 330), GREEN)


def _street(draw: Draw, rng: Random, is_after: bool) -> None:
    _road(draw, rng)
    _house(draw, rng, 20, 210)
    _house(draw, rng, 460, 210)
    for _ in range(0 if is_after else 7):
        x, y = rng.randint(90, 430), rng.randint(260, 380)
        draw.rectangle((x, y, x + 90, y + 46), _tint(rng, EARTH))
        canopy = rng.choice([(184, 70, 60), (70, 110, 150), WARM])
        draw.polygon([(x - 16, y), (x + 46, y - 46), (x + 106, y)], _tint(rng, canopy))


def _trench(draw: Draw, rng: Random, is_after: bool) -> None:
    _road(draw, rng)
    if is_after:
        draw.polygon([(150, 330), (520, 300), (540, 350), (130, 390)], _tint(rng, (96, 100, 102)))
        return
    draw.polygon([(150, 330), (520, 300), (540, 350), (130, 390)], (66, 52, 40))
    draw.polygon([(150, 300), (260, 230), (420, 220), (520, 290)], _tint(rng, EARTH))
    for cone in (110, 550):
        draw.polygon([(cone - 18, 400), (cone, 340), (cone + 18, 400)], (214, 96, 42))


def _flood(draw: Draw, rng: Random, is_after: bool) -> None:
    _ground(draw, rng, 200, (150, 162, 168), GREEN)
    for left in (30, 250, 460):
        _house(draw, rng, left, 300)
    draw.rectangle(
        (0, 330 if is_after else 262, WIDTH, HEIGHT), _tint(rng, GREY if is_after else (126, 116, 96))
    )
    for _ in range(0 if is_after else 22):
        x, y = rng.randint(0, 600), rng.randint(280, 460)
        draw.line([(x, y), (x + rng.randint(20, 70), y)], (160, 152, 132), 3)


def _smoke(draw: Draw, rng: Random, is_after: bool) -> None:
    _ground(draw, rng, 280, DAY, (168, 150, 96))
    x = rng.randint(220, 380)
    if is_after:
        draw.ellipse((x - 90, 350, x + 110, 400), DARK)
        return
    for step in range(16):
        size = 36 + step * 9
        cx, cy = x + step * 12 + rng.randint(-10, 10), 330 - step * 20
        grey = 110 + step * 5
        draw.ellipse((cx - size // 2, cy - size // 2, cx + size // 2, cy + size // 2), (grey, grey, grey))
    for _ in range(12):
        fx = x + rng.randint(-70, 70)
        draw.polygon([(fx - 12, 372), (fx, 372 - rng.randint(24, 70)), (fx + 12, 372)], (220, 120, 48))


def _document(draw: Draw, rng: Random, is_after: bool) -> None:
    draw.rectangle((0, 0, WIDTH, HEIGHT), _tint(rng, (148, 120, 92)))
    left, top = rng.randint(140, 190), rng.randint(30, 60)
    draw.rectangle((left, top, left + 300, top + 400), PAPER)
    draw.rectangle((left + 70, top + 34, left + 230, top + 50), DARK)
    for line in range(11):
        draw.rectangle(
            (left + 34, top + 86 + line * 24, left + rng.randint(190, 266), top + 92 + line * 24),
            (168, 168, 164),
        )
    if is_after:
        draw.ellipse((left + 180, top + 300, left + 268, top + 388), outline=(190, 60, 48), width=6)


def _homestead(draw: Draw, rng: Random, is_after: bool) -> None:
    _ground(draw, rng, 320, DAY, GREEN)
    _house(draw, rng, rng.randint(90, 150), 330)
    _house(draw, rng, rng.randint(360, 400), 330)
    draw.line([(320, 330), (320, 470)], PAPER if is_after else EARTH, 12)


_SCENES: dict[str, Scene] = {
    "facility.street_lamp": _lamp,
    "facility.road": _pothole,
    "facility.manhole": _manhole,
    "facility.bridge": _bridge,
    "facility.irrigation": _canal,
    "facility.water_pipe": _pipe,
    "environment": _rubbish,
    "environment.sewage": _canal,
    "environment.burning": _smoke,
    "environment.animals": _homestead,
    "hazard.building": _building,
    "hazard.electricity": _wires,
    "hazard.fire": _street,
    "hazard.waterside": _canal,
    "hazard.slope": _hillside,
    "works": _street,
    "works.excavation": _trench,
    "works.illegal_building": _building,
    "emergency.flood": _flood,
    "emergency.landslide": _hillside,
    "emergency.fire": _smoke,
    "emergency.accident": _pothole,
    "livelihood.water": _pipe,
    "livelihood.power": _wires,
    "dispute": _homestead,
    "dispute.wages": _document,
    "policy": _document,
    "errand": _document,
}
