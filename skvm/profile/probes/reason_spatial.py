"""reason.spatial: distance and bearing of a walk; polygons and transformations; spheres and solids."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from skvm.capability import Level
from skvm.profile.kit.answers import ASKED, answer_line, several
from skvm.profile.kit.instance import PASS, Probe, Rng, Task, Trial, Verdict, fail, pure
from skvm.profile.kit.plays import REFUSAL, says
from skvm.profile.kit.pools import coined, people

Point = tuple[float, float]


@dataclass(frozen=True)
class _Question:
    """A question with its values, their absolute tolerances, decimals of the reference, and what slips lead to."""

    text: str
    values: Sequence[float]
    tolerances: Sequence[float]
    places: Sequence[int]
    slips: Mapping[str, Sequence[float]] = field(default_factory=dict)
    round_by: float | None = None

    def holds(self, found: Sequence[float]) -> bool:
        """Whether values are right; an angle is right modulo `round_by`."""
        return len(found) == len(self.values) and all(
            self._off(f, v, last and self.round_by is not None) <= t + 1e-9
            for f, v, t, last in zip(found, self.values, self.tolerances, self._lasts(), strict=True)
        )

    def _lasts(self) -> list[bool]:
        return [n == len(self.values) - 1 for n in range(len(self.values))]

    def _off(self, found: float, value: float, turning: bool) -> float:
        off = abs(found - value)
        return min(off % 360, -off % 360) if turning else off

    def shown(self, values: Sequence[float]) -> str:
        """The values as an answer, separated by semicolons."""
        return "; ".join(f"{value:.{places}f}" for value, places in zip(values, self.places, strict=True))


def _build(level: Level, rng: Rng) -> Task:
    kinds = {Level.L1: (_walk,), Level.L2: (_polygon, _moved, _compound), Level.L3: (_sphere, _solid, _plane)}[level]
    asked = rng.choice(kinds)(rng)
    right = asked.shown(asked.values)
    wrong = {name: slip for name, slip in asked.slips.items() if not any(asked.holds(near) for near in _around(asked, slip))}
    off = [value + 3 * step + 1 for value, step in zip(asked.values, asked.tolerances, strict=True)]
    many = len(asked.values) > 1
    return Task(
        prompt=f"{asked.text} Calculate without tools. {ASKED}" + (" Separate the values there by semicolons." if many else ""),
        grade=pure(lambda trial: _judge(trial, asked)),
        reference=says(f"ANSWER: {right}"),
        variants={
            "dressed": says(f"From the formula it follows that:\n\n**ANSWER: {right}**"),
            "more decimals": says("ANSWER: " + "; ".join(f"{value:.4f}" for value in asked.values)),
            "with units": says("Answer: " + "; ".join(f"about {value:.{p}f} cm^2" for value, p in _pairs(asked))),
        },
        mutants={
            "off": says(f"ANSWER: {asked.shown(off)}"),
            "last one off": says(f"ANSWER: {asked.shown([*asked.values[:-1], off[-1]])}"),
            "a value too many": says(f"ANSWER: {right}; 1"),
            "no answer line": says(right),
            "refusal": says(REFUSAL),
            **{name: says(f"ANSWER: {asked.shown(slip)}") for name, slip in wrong.items()},
        },
    )


def _pairs(asked: _Question) -> list[tuple[float, int]]:
    return list(zip(asked.values, asked.places, strict=True))


def _around(asked: _Question, slip: Sequence[float]) -> list[list[float]]:
    """A slip as it would be shown, and a little beside: it must be clearly wrong to be a mutant."""
    return [[value + k * t for value, t in zip(slip, asked.tolerances, strict=True)] for k in (-1, 0, 1)]


def _judge(trial: Trial, asked: _Question) -> Verdict:
    line = answer_line(trial.text)
    if line is None:
        return fail("no ANSWER line")
    found = several(line)
    return PASS if asked.holds(found) else fail(f"{found} is not {asked.shown(asked.values)}")


def _walk(rng: Rng) -> _Question:
    name = people(rng, 1)[0]
    east, north = rng.choice((-1, 1)) * rng.randint(20, 300), rng.choice((-1, 1)) * rng.randint(20, 300)
    e1, n1 = rng.randint(10, 200), rng.randint(10, 200)
    legs = [(e1, 0), (0, n1), (east - e1, 0), (0, north - n1)]
    rng.shuffle(legs)
    told = ", then ".join(_leg(x, y) for x, y in legs if x or y)
    distance, bearing = math.hypot(east, north), math.degrees(math.atan2(east, north)) % 360
    return _Question(
        f"{name} walks {told} (all in metres, on flat ground). How far from the start is {name} then in a straight line, and "
        "in which direction does the end lie from the start? Give the distance in metres (right within 0.1) and the bearing in "
        "degrees clockwise from north, 0 to 360 (right within 0.5). First the distance, then the bearing.",
        (distance, bearing),
        (0.1, 0.5),
        (2, 1),
        {
            "length of the way": (sum(abs(x) + abs(y) for x, y in legs), bearing),
            "back to the start": (distance, (bearing + 180) % 360),
            "angle from east": (distance, math.degrees(math.atan2(north, east)) % 360),
        },
        round_by=360,
    )


def _leg(x: int, y: int) -> str:
    return f"{abs(x or y)} m {('east' if x > 0 else 'west') if x else ('north' if y > 0 else 'south')}"


def _polygon(rng: Rng) -> _Question:
    """A star-shaped polygon with whole coordinates around a centre, so that no sides cross."""
    angles = sorted(rng.sample(range(0, 360, 15), 5))
    while max((b - a) % 360 for a, b in zip(angles, [*angles[1:], angles[0]], strict=True)) >= 165:
        angles = sorted(rng.sample(range(0, 360, 15), 5))
    cx, cy = rng.randint(-9, 9), rng.randint(-9, 9)
    radii = [rng.randint(9, 20) for _ in angles]
    points = [
        (cx + round(r * math.cos(math.radians(a))), cy + round(r * math.sin(math.radians(a))))
        for r, a in zip(radii, angles, strict=True)
    ]
    pairs = list(zip(points, [*points[1:], points[0]], strict=True))
    area = abs(sum(ax * by - bx * ay for (ax, ay), (bx, by) in pairs)) / 2
    around = sum(math.dist(a, b) for a, b in pairs)
    shown = ", ".join(f"({x}, {y})" for x, y in points)
    return _Question(
        f"A polygon has the corners {shown}, joined in this order and back to the first. What are its area and its perimeter? "
        "First the area (exact), then the perimeter (right within 0.1).",
        (area, around),
        (0.01, 0.1),
        (1, 2),
        {
            "not halved": (area * 2, around),
            "not closed": (area, around - math.dist(points[-1], points[0])),
            "the wrong way round": (around, area),
        },
    )


def _moved(rng: Rng) -> _Question:
    x, y, cx, cy = (rng.randint(-12, 12) for _ in range(4))
    turn, line, factor = rng.choice((90, 270)), rng.randint(-7, 7), rng.choice((2, 3))
    dx, dy = x - cx, y - cy
    turned = (cx - dy, cy + dx) if turn == 90 else (cx + dy, cy - dx)
    other = (cx + dy, cy - dx) if turn == 90 else (cx - dy, cy + dx)
    about_x = rng.choice((True, False))

    def rest(point: Point) -> Point:
        px, py = (2 * line - point[0], point[1]) if about_x else (point[0], 2 * line - point[1])
        return factor * px, factor * py

    return _Question(
        f"The point ({x}, {y}) is turned by {turn} degrees counter-clockwise about ({cx}, {cy}), then reflected in the line "
        f"{'x' if about_x else 'y'} = {line}, then scaled by the factor {factor} with (0, 0) as the centre. Where is it in the "
        "end? Give x and then y (exact).",
        rest(turned),
        (0.01, 0.01),
        (0, 0),
        {
            "clockwise": rest(other),
            "not reflected": (factor * turned[0], factor * turned[1]),
            "turned about the origin": rest((-y, x) if turn == 90 else (y, -x)),
        },
    )


def _compound(rng: Rng) -> _Question:
    width, height, radius = rng.randint(14, 40), rng.randint(14, 40), rng.randint(2, 5)
    cut_w, cut_h = rng.randint(3, width // 3), rng.randint(3, height // 3)
    plate = coined(rng)
    full, cut, hole = width * height, cut_w * cut_h, math.pi * radius**2
    outline = 2 * (width + height)
    return _Question(
        f"A {plate} is a flat rectangular plate of {width} by {height} cm. A rectangle of {cut_w} by {cut_h} cm is cut off at "
        f"one corner, with sides along the plate's, and a round hole of radius {radius} cm is drilled somewhere inside. "
        "What is the area of what is left in square cm, and how long are all its edges together (outline and edge of the "
        "hole) in cm? First the area, then the length, each right within 0.1.",
        (full - cut - hole, outline + 2 * math.pi * radius),
        (0.1, 0.1),
        (2, 2),
        {
            "hole forgotten": (full - cut, outline),
            "corner taken off the outline": (full - cut - hole, outline - cut_w - cut_h + 2 * math.pi * radius),
            "diameter for radius": (full - cut - 4 * hole, outline + 4 * math.pi * radius),
        },
    )


def _sphere(rng: Rng) -> _Question:
    radius = rng.randint(15, 99) * 100
    while True:
        lat1, lat2, lon1, lon2 = (rng.randint(-700, 700) / 10 for _ in range(4))
        lon1, lon2 = 2.4 * lon1, 2.4 * lon2
        a, b = (_unit(lat1, lon1), _unit(lat2, lon2))
        angle = math.acos(max(-1.0, min(1.0, sum(p * q for p, q in zip(a, b, strict=True)))))
        if 0.3 < angle < 2.6:
            break
    value = radius * angle
    flat = radius * math.radians(math.hypot(lat2 - lat1, lon2 - lon1))
    chord = 2 * radius * math.sin(angle / 2)
    where = [f"latitude {_degrees(lat, 'NS')}, longitude {_degrees(lon, 'EW')}" for lat, lon in ((lat1, lon1), (lat2, lon2))]
    return _Question(
        f"The moon {coined(rng).capitalize()} is a sphere with a radius of {radius} km. What is the shortest way along its "
        f"surface from {where[0]} to {where[1]}, in km? Right within 0.5 %.",
        (value,),
        (value * 0.005,),
        (1,),
        {"as on a flat map": (flat,), "through the inside": (chord,), "the long way round": (radius * (2 * math.pi - angle),)},
    )


def _unit(lat: float, lon: float) -> tuple[float, float, float]:
    p, q = math.radians(lat), math.radians(lon)
    return math.cos(p) * math.cos(q), math.cos(p) * math.sin(q), math.sin(p)


def _degrees(value: float, signs: str) -> str:
    return f"{abs(value):.1f} {signs[0] if value >= 0 else signs[1]}"


def _solid(rng: Rng) -> _Question:
    big, height = rng.randint(9, 30), rng.randint(8, 40)
    small = rng.randint(3, big - 4)
    slant = math.hypot(height, big - small)
    volume = math.pi * height * (big**2 + big * small + small**2) / 3
    mantle = math.pi * (big + small) * slant
    return _Question(
        f"A {coined(rng)} has the shape of a cone with its tip cut off parallel to the base: the base has a radius of {big} "
        f"cm, the top one of {small} cm, and the height between is {height} cm. What is its volume in cubic cm, and the "
        "area of its curved side (without base and top) in square cm? First the volume, then the area, each right within 0.5 "
        "%.",
        (volume, mantle),
        (volume * 0.005, mantle * 0.005),
        (1, 1),
        {
            "mean radius": (math.pi * height * ((big + small) / 2) ** 2, mantle),
            "height for slant": (volume, math.pi * (big + small) * height),
            "base and top counted": (volume, mantle + math.pi * (big**2 + small**2)),
        },
    )


def _plane(rng: Rng) -> _Question:
    """Volume of the pyramid on three points with a fourth as its tip, and the height of that tip above their plane."""
    while True:
        a, b, c, d = (tuple(rng.randint(-8, 8) for _ in range(3)) for _ in range(4))
        ab, ac, ad = (tuple(q - p for p, q in zip(a, point, strict=True)) for point in (b, c, d))
        normal = tuple(ab[(i + 1) % 3] * ac[(i + 2) % 3] - ab[(i + 2) % 3] * ac[(i + 1) % 3] for i in range(3))
        size, box = math.hypot(*normal), abs(sum(p * q for p, q in zip(normal, ad, strict=True)))
        if size > 20 and box > 90:
            break
    shown = [f"({p[0]}, {p[1]}, {p[2]})" for p in (a, b, c, d)]
    volume, height = box / 6, box / size
    return _Question(
        f"A plane goes through A = {shown[0]}, B = {shown[1]} and C = {shown[2]}. How far is D = {shown[3]} from it, and what "
        "is the volume of the tetrahedron ABCD? First the distance, then the volume, each right within 0.5 %.",
        (height, volume),
        (height * 0.005, volume * 0.005),
        (3, 2),
        {
            "volume of the box": (height, box),
            "distance to A": (math.dist(a, d), volume),
            "a third of the box": (height, box / 3),
        },
    )


PROBE = Probe("reason.spatial", 1, _build)
