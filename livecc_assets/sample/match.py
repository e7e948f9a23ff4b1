"""The visible match: seeded events that a viewer can see, and the frames that show them.

A match is a small pitch with many little players and a ball that never rest. At every event one actor
(named by the colour of the kit) is shown large at a place of the pitch, in the pose and with the prop of what it does, so
that one still frame tells who acts, what it does and where. Who, what, where and when are drawn independently of one
another and of everything before: nothing that was said earlier tells what comes next.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

#: Kit colours, RGB. The name is the word that the commentator says.
COLOURS: dict[str, tuple[int, int, int]] = {
    "red": (214, 32, 32),
    "blue": (32, 60, 220),
    "yellow": (245, 222, 40),
    "black": (18, 18, 20),
    "white": (246, 246, 246),
}
ACTORS: tuple[str, ...] = tuple(COLOURS)
VERBS: tuple[str, ...] = ("jumps", "falls", "shoots", "waves", "slides")
PLACES: tuple[str, ...] = ("left", "middle", "right")

VISIBLE_SECONDS = 2.2
SIZE = 112  # side of a frame, pixels; four merged 28-pixel tokens a side

_HOW = {
    "jumps": ("jumps very high", "jumps up"),
    "falls": ("falls down hard", "falls over"),
    "shoots": ("shoots the ball", "shoots very hard"),
    "waves": ("waves a flag", "waves the flag"),
    "slides": ("slides very far", "slides along"),
}
_WHERE = {"left": "on the left", "middle": "in the middle", "right": "on the right"}
_PLACE_X = {"left": 22.0, "middle": 56.0, "right": 90.0}
_SKIN = (236, 190, 150)
_SCALE = 2  # frames are drawn twice as large and averaged, for smooth edges


@dataclass(frozen=True)
class Event:
    """One event of a match. `time` and `end` (seconds) bound what is visible: `time` <= t < `end`."""

    time: float
    end: float
    actor: str
    verb: str
    place: str


@dataclass(frozen=True)
class MatchPlan:
    """Everything that a match's frames depend on. `duration` in seconds; events in order of time, never overlapping."""

    seed: int
    duration: float
    events: tuple[Event, ...]


def plan_match(seed: int, duration: float = 28.0, min_gap: float = 3.0, max_gap: float = 4.2) -> MatchPlan:
    """Draw the events of one match: uniform gaps of `min_gap`..`max_gap` seconds between starts; uniform actor, verb and place.

    The first event starts within the first second: a live commentary first speaks for a block of three seconds at once,
    and what it says there counts as said at the block's start. The last event leaves time to speak of it.
    Raises ValueError for gaps in which two events would overlap.
    """
    if not VISIBLE_SECONDS < min_gap <= max_gap:
        raise ValueError(f"need {VISIBLE_SECONDS} < min_gap <= max_gap, got {min_gap} and {max_gap}")
    rng = np.random.default_rng([20, seed])
    time, events = float(rng.uniform(0.5, 1.0)), []
    while time + 3.0 <= duration:
        start = round(time, 2)
        actor, verb, place = (names[int(rng.integers(len(names)))] for names in (ACTORS, VERBS, PLACES))
        events.append(Event(start, round(start + VISIBLE_SECONDS, 2), actor, verb, place))
        time += float(rng.uniform(min_gap, max_gap))
    return MatchPlan(seed, float(duration), tuple(events))


def sentence(event: Event) -> str:
    """What the commentator says: five to seven words, actor and verb first, one of two wordings chosen by the event's time."""
    how = _HOW[event.verb][round(event.time * 100) % 2]
    return f"{event.actor} {how} {_WHERE[event.place]}"


def render(plan: MatchPlan, fps: float = 10, size: int = SIZE) -> Iterator[np.ndarray]:
    """Yield the match's frames in order, uint8 [size, size, 3] RGB; frame n shows the time n / fps."""
    for n in range(round(plan.duration * fps)):
        yield render_at(plan, n / fps, size)


def render_at(plan: MatchPlan, t: float, size: int = SIZE) -> np.ndarray:
    """The frame at `t` seconds, uint8 [size, size, 3] RGB. A pure function of (plan, t, size)."""
    rng = np.random.default_rng([21, plan.seed])
    side = SIZE * _SCALE
    image = Image.new("RGB", (side, side))
    draw = ImageDraw.Draw(image)
    _pitch(draw, rng)
    for n in range(3 * len(ACTORS)):
        _small_player(draw, COLOURS[ACTORS[n % len(ACTORS)]], *_wander(rng, t))
    _disc(draw, *_wander(rng, 1.7 * t), 1.8, (255, 255, 255))
    for n, event in enumerate(plan.events):
        if event.time <= t < event.end:
            where = np.random.default_rng([22, plan.seed, n])
            x, y = _PLACE_X[event.place] + where.uniform(-6, 6), where.uniform(50, 74)
            _act(draw, event, x, y, t - event.time, 1 if where.integers(2) else -1)
    return np.asarray(image.resize((size, size), Image.Resampling.BOX))


def _wander(rng: np.random.Generator, t: float) -> tuple[float, float]:
    """A smooth path over the pitch, its own for every call on the same generator."""
    fx, fy = rng.uniform(0.15, 0.5, 2)
    px, py = rng.uniform(0, 2 * math.pi, 2)
    return 56 + 48 * math.sin(fx * t + px), 60 + 42 * math.sin(fy * t + py)


def _pitch(draw: ImageDraw.ImageDraw, rng: np.random.Generator) -> None:
    shade = rng.uniform(0.85, 1.1)
    for n in range(8):
        green = tuple(int(c * shade * (1.0 if n % 2 else 0.92)) for c in (52, 140, 58))
        _box(draw, 14 * n, 0, 14 * n + 14, 112, green)
    line = (190, 215, 190)
    draw.line(_xy((56, 12), (56, 108)), fill=line, width=2)
    draw.ellipse(_xy((42, 46), (70, 74)), outline=line, width=2)
    draw.rectangle(_xy((4, 12), (108, 108)), outline=line, width=2)
    for x in (0, 107):
        _box(draw, x, 46, x + 5, 74, (150, 150, 155))


def _small_player(draw: ImageDraw.ImageDraw, kit: tuple[int, int, int], x: float, y: float) -> None:
    _box(draw, x - 1.6, y - 2.5, x + 1.6, y + 3, kit)
    _disc(draw, x, y - 4, 1.5, _SKIN)


def _act(draw: ImageDraw.ImageDraw, event: Event, x: float, y: float, since: float, facing: int) -> None:
    """The acting player, about 40 pixels tall, with the verb's pose and prop; `since` (seconds) animates it a little."""
    kit, sway = COLOURS[event.actor], math.sin(6 * since)
    if event.verb == "jumps":  # in the air over a dark shadow, both arms up
        _oval(draw, x, y + 30, 15, 4, (16, 60, 24))
        _figure(draw, x, y - 8 + 2 * sway, kit, arms=((-13, -24), (13, -24)), legs=((-9, 18), (9, 18)))
    elif event.verb == "falls":  # flat on the ground, head to the side
        _limb(draw, x - 16 * facing, y + 12, x + 12 * facing, y + 12, 13, kit)
        _limb(draw, x - 16 * facing, y + 9, x - 30 * facing, y + 4, 5, kit)
        _limb(draw, x - 16 * facing, y + 15, x - 30 * facing, y + 18, 5, kit)
        _disc(draw, x + 22 * facing, y + 12, 6.5, _SKIN)
    elif event.verb == "shoots":  # one leg out and a large burning ball
        _figure(draw, x - 8 * facing, y, kit, arms=((-11, -2), (11, -2)), legs=((-5 * facing, 22), (17 * facing, 12)))
        bx, by = x + (18 + 2 * sway) * facing, y + 12
        _disc(draw, bx, by, 10, (255, 128, 0))
        _disc(draw, bx, by, 5.5, (255, 255, 255))
    elif event.verb == "waves":  # a pole with a large magenta flag above the head
        _figure(draw, x, y + 4, kit, arms=((-10, 6), (12 * facing, -16)), legs=((-5, 22), (5, 22)))
        _limb(draw, x + 12 * facing, y - 8, x + 12 * facing, y - 38, 2, (120, 80, 40))
        _box(draw, x + 12 * facing, y - 40 + sway, x - 16 * facing, y - 24 + sway, (225, 30, 200))
    else:  # slides: sits low, legs ahead, in a brown cloud of earth
        for dx, radius in ((-18, 9), (-8, 11), (4, 9), (14, 7)):
            _disc(draw, x + dx * facing, y + 20, radius + sway, (126, 84, 46))
        _limb(draw, x - 6 * facing, y, x + 2 * facing, y + 14, 12, kit)
        _limb(draw, x + 2 * facing, y + 15, x + 24 * facing, y + 17, 6, kit)
        _disc(draw, x - 9 * facing, y - 8, 6.5, _SKIN)


def _figure(
    draw: ImageDraw.ImageDraw,
    x: float,
    y: float,
    kit: tuple[int, int, int],
    arms: tuple[tuple[float, float], ...],
    legs: tuple[tuple[float, float], ...],
) -> None:
    """An upright player: trunk around (x, y), hands and feet given relative to it."""
    for hand in arms:
        _limb(draw, x, y - 6, x + hand[0], y + hand[1], 5, kit)
    for foot in legs:
        _limb(draw, x, y + 6, x + foot[0], y + foot[1], 5, kit)
    _limb(draw, x, y - 5, x, y + 6, 15, kit)
    _disc(draw, x, y - 16, 6.5, _SKIN)


def _xy(*points: tuple[float, float]) -> list[float]:
    return [c * _SCALE for point in points for c in point]


def _box(draw: ImageDraw.ImageDraw, x0: float, y0: float, x1: float, y1: float, colour: tuple[int, ...]) -> None:
    draw.rectangle(_xy((min(x0, x1), min(y0, y1)), (max(x0, x1), max(y0, y1))), fill=colour)


def _oval(draw: ImageDraw.ImageDraw, x: float, y: float, rx: float, ry: float, colour: tuple[int, ...]) -> None:
    draw.ellipse(_xy((x - rx, y - ry), (x + rx, y + ry)), fill=colour)


def _disc(draw: ImageDraw.ImageDraw, x: float, y: float, radius: float, colour: tuple[int, ...]) -> None:
    _oval(draw, x, y, radius, radius, colour)


def _limb(
    draw: ImageDraw.ImageDraw, x0: float, y0: float, x1: float, y1: float, width: float, colour: tuple[int, ...]
) -> None:
    draw.line(_xy((x0, y0), (x1, y1)), fill=colour, width=round(width * _SCALE))
    _disc(draw, x0, y0, width / 2, colour)
    _disc(draw, x1, y1, width / 2, colour)
