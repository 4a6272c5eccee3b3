"""Rendered pictures of the simulator with ground-truth boxes: random scenes, and frames of the scripted teacher's play.

Random scenes apply domain randomisation (Tobin et al. 2017, arXiv 1703.06907): all kinds, crowds, explosions and
backgrounds that no map of the game has. The held-out set consists of frames of play and random scenes on the game's own
maps, so its score measures generalisation to unseen backgrounds.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float32, Int64, UInt8

from understudy.contract.observation import EVENTS, MAX_LANDMARKS, MAX_TRACKS, Role, empty_observation
from understudy.contract.profile import Profile
from understudy.worlds.simulator.engine.compiled_rules import compile_rules
from understudy.worlds.simulator.engine.state import EFFECT, Effect
from understudy.worlds.simulator.rendering.scene import MAP_HEIGHT, MAP_WIDTH, VIEW_HEIGHT, VIEW_WIDTH, Scene, scene_of

STRANGE_SKIES = 24
"""Number of background styles used for training only; those of the game's maps are held out."""


@dataclass(frozen=True)
class LabelledImage:
    """One picture with its ground-truth boxes."""

    picture: UInt8[np.ndarray, "height width 3"]
    """RGB."""
    kinds: Int64[np.ndarray, " M"]
    boxes: Float32[np.ndarray, "M 4"]
    """Centre x, y, width, height in fractions of the picture; a box may extend beyond its edge."""


def random_scenes(
    profile: Profile, count: int, seed: int, height: int, *, own_maps: bool = False
) -> Iterator[LabelledImage]:
    """Renders random scenes, `height` pixels high, over training-only backgrounds or, with `own_maps`, the game's."""
    from understudy.worlds.simulator.rendering.renderer import Renderer

    generator = np.random.default_rng([abs(seed), seed < 0])
    renderers = [Renderer(profile, size) for size in ((1280, 720), (960, 540), (1600, 900))]
    for number in range(count):
        renderer = renderers[(0, 0, 1, 2)[number % 4]]
        scene = _random_scene(profile, generator)
        if own_maps:
            scene.observation["player"]["map_index"] = number % len(profile.maps)
        yield _labelled(renderer.frame(scene), scene.observation, height)


def teacher_scenes(
    profile: Profile, seeds: np.ndarray, every_s: float, seconds: float, height: int
) -> Iterator[LabelledImage]:
    """Renders frames of the hunter's play, one every `every_s` seconds for `seconds` in each of the worlds `seeds`.

    The worlds take the game's maps in turn; pictures are `height` pixels high.
    """
    from understudy.contract.observation import TICK_RATE_HZ
    from understudy.worlds.simulator.rendering.renderer import Renderer
    from understudy.worlds.simulator.teacher.teacher import Teacher
    from understudy.worlds.simulator.world import Simulator

    renderer, teacher = Renderer(profile), Teacher("hunter", profile)
    for number, seed in enumerate(seeds):
        one = np.array([seed], np.uint64)
        world = Simulator(one, start_map=profile.maps[number % len(profile.maps)])
        carry = teacher.start(one)
        for tick in range(1, round(seconds * TICK_RATE_HZ) + 1):
            decision = teacher.decide(world.observe(), carry)
            carry = decision.carry
            world.act(decision.action)
            if tick % round(every_s * TICK_RATE_HZ) == 0:
                observation = world.observe().records[0]
                yield _labelled(renderer.frame(scene_of(world.states[0], observation)), observation, height)


def _labelled(frame: np.ndarray, observation: np.void, height: int) -> LabelledImage:
    tracks = observation["tracks"][observation["tracks"]["id"] > 0]
    width = round(frame.shape[1] * height / frame.shape[0])
    picture = cv2.resize(frame, (width, height), interpolation=cv2.INTER_AREA)
    boxes = np.stack([tracks[name] for name in ("x", "y", "width", "height")], axis=1)
    return LabelledImage(np.asarray(picture, np.uint8), tracks["kind"].astype(np.int64), boxes.astype(np.float32))


def _random_scene(profile: Profile, generator: np.random.Generator) -> Scene:
    """Generates a random scene: objects at random places or in clusters, damaged, shooting, at most one selected."""
    observation = empty_observation(1).records[0].copy()
    tick = float(generator.integers(0, 4000))
    _make_player(observation, generator)
    _make_tracks(observation, profile, generator)
    _make_landmarks(observation, generator)
    totals = np.zeros(1, EVENTS)[0]
    totals["value"], totals["kills"] = generator.integers(0, 900), generator.integers(0, 300)
    goal = (float(generator.uniform(0, MAP_WIDTH)), float(generator.uniform(0, MAP_HEIGHT)))
    return Scene(
        observation=observation,
        effects=_effects(observation, tick, generator),
        tick=tick,
        totals=totals,
        goal=goal if generator.random() < 0.7 else None,
    )


def _make_player(observation: np.void, generator: np.random.Generator) -> None:
    player = observation["player"]
    player["gauges"][:] = np.nan
    player["gauges"][:3] = generator.random(3)
    player["x"], player["y"] = generator.uniform(0.02, 0.98, 2)
    player["vx"], player["vy"] = generator.normal(0, 0.12, 2) * (generator.random() < 0.8)
    player["gauges"][3:7], player["selectors"][0] = generator.random(4), generator.integers(1, 5)
    player["map_index"] = 10 + generator.integers(STRANGE_SKIES)
    player["alive"], player["switches"][0] = generator.random() < 0.97, generator.random() < 0.5
    observation["cursor_x"], observation["cursor_y"] = generator.random(2)
    observation["button"] = generator.random() < 0.1


def _make_tracks(observation: np.void, profile: Profile, generator: np.random.Generator) -> None:
    rules = compile_rules(profile)[0]
    count = int(generator.integers(0, MAX_TRACKS - 2))
    weights = np.array(
        [
            0.4 if kind.role in (Role.BASE, Role.PORTAL) else 1.5 if kind.role is Role.LOOT else 1.0
            for kind in profile.kinds
        ]
    )
    kinds = generator.choice(len(profile.kinds), count, p=weights / weights.sum())
    if generator.random() < 0.5 and count:  # one pack of a few kinds, as on a real map
        kinds = generator.choice(kinds[: max(1, count // 4)], count)
    places = generator.random((count, 2))
    heap = generator.random(count) < generator.choice([0.0, 0.5, 0.9])
    middle = generator.uniform(0.2, 0.8, 2) if generator.random() < 0.5 else np.array([0.5, 0.5])
    places[heap] = np.clip(middle + generator.normal(0, 0.09, (int(heap.sum()), 2)), 0, 1)
    selected = int(generator.integers(0, 2 * count + 1))
    order = np.argsort(((places - 0.5) ** 2).sum(axis=1))
    for slot, which in enumerate(order):
        track, kind = observation["tracks"][slot], profile.kinds[kinds[which]]
        track["id"], track["kind"], track["role"] = generator.integers(100, 9000), kinds[which], kind.role
        track["x"], track["y"] = places[which]
        track["width"] = rules["kind_size"][kinds[which]] / rules["view_width"]
        track["height"] = rules["kind_size"][kinds[which]] / rules["view_height"]
        track["gauges"] = np.nan
        if kind.role is Role.ENEMY:
            track["vx"], track["vy"] = generator.normal(0, 0.1, 2)
            track["gauges"] = np.minimum(generator.random(2) * 1.6, 1.0)
            track["attacking"], track["selected"] = generator.random() < 0.3, slot == selected


def _make_landmarks(observation: np.void, generator: np.random.Generator) -> None:
    for number in range(int(generator.integers(1, MAX_LANDMARKS))):
        mark = observation["landmarks"][number]
        mark["role"] = Role.BASE if number == 0 else Role.PORTAL
        mark["x"], mark["y"] = generator.uniform(0.05, 0.95, 2)


def _effects(observation: np.void, tick: float, generator: np.random.Generator) -> np.ndarray:
    """Generates shots, explosions and log lines of the last seconds, most of them at visible objects."""
    tracks = observation["tracks"][observation["tracks"]["role"] == Role.ENEMY]
    ship = observation["player"]["x"] * MAP_WIDTH, observation["player"]["y"] * MAP_HEIGHT
    rows = []
    for _ in range(int(generator.integers(0, 14))):
        effect = Effect(int(generator.choice([1, 1, 2, 3, 4, 5, 5, 5, 6, 7, 7, 8, 9, 10, 11])))
        place, kind = np.array(ship), int(generator.integers(0, 12))
        if len(tracks) and generator.random() < 0.7:
            track = tracks[generator.integers(len(tracks))]
            place = place + (np.array([track["x"], track["y"]]) - 0.5) * (VIEW_WIDTH, VIEW_HEIGHT)
            kind = int(track["kind"])
        else:
            place = place + generator.normal(0, 0.25, 2) * (VIEW_WIDTH, VIEW_HEIGHT)
        start, end = (place, ship) if effect in (Effect.ALIEN_HIT, Effect.ALIEN_MISS) else (ship, place)
        when = tick - generator.integers(0, 30 if generator.random() < 0.7 else 240)
        rows.append((when, effect, kind, *start, *end, float(generator.integers(1, 40))))
    rows.sort(key=lambda row: row[0])
    return np.array(rows, EFFECT) if rows else np.zeros(0, EFFECT)
