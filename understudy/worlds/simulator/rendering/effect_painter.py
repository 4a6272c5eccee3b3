"""Draws shots, rockets, explosions and floating numbers from the effect ring buffer at any fraction of a tick.

Stateless: an effect's age alone decides how it looks, so a frame can be drawn again to the same pixels.
"""

import math
from dataclasses import dataclass

import cv2
import numpy as np
import pygame
from jaxtyping import Float32

from understudy.contract.observation import TICK_S
from understudy.contract.profile import Profile
from understudy.worlds.simulator.engine.readings import LOADED
from understudy.worlds.simulator.engine.state import Effect
from understudy.worlds.simulator.rendering.scene import Camera, Scene, camera_of
from understudy.worlds.simulator.rendering.sprite_sheet import surface_of
from understudy.worlds.simulator.rendering.text_renderer import Colour, TextRenderer

BOLT_S, ROCKET_S, FLASH_S, BLAST_S, NUMBER_S = 0.22, 0.4, 0.16, 0.8, 1.0
NUM_BLAST_FRAMES = 20
LASER_COLOURS = ((255, 70, 60), (70, 140, 255), (70, 255, 110), (250, 240, 190))
"""Laser colours of ammunition 1 to 4."""
ALIEN_COLOUR = (255, 150, 40)
_SHOTS = {
    Effect.LASER_HIT,
    Effect.LASER_MISS,
    Effect.ROCKET_HIT,
    Effect.ROCKET_MISS,
    Effect.ALIEN_HIT,
    Effect.ALIEN_MISS,
}
_ROCKETS = {Effect.ROCKET_HIT, Effect.ROCKET_MISS}
_MISSES = {Effect.LASER_MISS, Effect.ROCKET_MISS, Effect.ALIEN_MISS}
_BLASTS = {
    Effect.KILL: (1.0, (255, 150, 60)),
    Effect.DEATH: (1.6, (120, 180, 255)),
    Effect.LOOT: (0.45, (255, 220, 90)),
}
_FROM_ALIENS = {Effect.ALIEN_HIT, Effect.ALIEN_MISS}
_RINGS = {Effect.JUMP, Effect.RESPAWN}


@dataclass(frozen=True)
class _Shot:
    """One shot in pixels of the frame."""

    effect: Effect
    tick: int
    amount: float
    start: np.ndarray
    aim: np.ndarray
    """Position of the target."""
    end: np.ndarray
    """Where the shot ends: a miss passes beside the target."""
    colour: Colour
    flight_s: float


def _shot_of(record: np.void, effect: Effect, camera: Camera, ammo: int, unit: float) -> _Shot:
    start = np.array(camera.to_pixels(float(record["from_x"]), float(record["from_y"])), float)
    aim = np.array(camera.to_pixels(float(record["x"]), float(record["y"])), float)
    along = (aim - start) / max(1.0, float(np.hypot(*(aim - start))))
    side = 1 if int(record["tick"]) % 2 else -1
    beside = (along * 60 + np.array([-along[1], along[0]]) * side * 34) * unit
    return _Shot(
        effect=effect,
        tick=int(record["tick"]),
        amount=float(record["amount"]),
        start=start,
        aim=aim,
        end=aim + beside if effect in _MISSES else aim,
        colour=ALIEN_COLOUR if effect in _FROM_ALIENS else LASER_COLOURS[(ammo - 1) % len(LASER_COLOURS)],
        flight_s=ROCKET_S if effect in _ROCKETS else BOLT_S,
    )


class EffectPainter:
    """Draws the effects of a scene."""

    def __init__(self, profile: Profile, size: tuple[int, int], lettering: TextRenderer) -> None:
        self._profile = profile
        self._unit = size[1] / 720
        self._lettering = lettering
        self._bolts: dict[tuple[Colour, int], pygame.Surface] = {}
        self._glows: dict[tuple[Colour, int], pygame.Surface] = {}
        self._blasts: dict[tuple[Colour, int, int], pygame.Surface] = {}

    def draw(self, surface: pygame.Surface, scene: Scene) -> None:
        """Draws all active effects, above the ships."""
        camera = camera_of(scene.observation, surface.get_size())
        ammo = int(scene.observation["player"]["selectors"][LOADED])
        for record in scene.effects:
            age_s = (scene.tick - float(record["tick"])) * TICK_S
            if 0 <= age_s < ROCKET_S + NUMBER_S:
                effect = Effect(int(record["effect"]))
                if effect in _SHOTS:
                    shot = _shot_of(record, effect, camera, ammo, self._unit)
                    self._draw_shot(surface, shot, age_s)
                else:
                    self._draw_event(surface, camera, record, effect, age_s)

    def _draw_event(
        self, surface: pygame.Surface, camera: Camera, record: np.void, effect: Effect, age_s: float
    ) -> None:
        """Draws a kill, a collected box, a death or a jump."""
        place, done = camera.to_pixels(float(record["x"]), float(record["y"])), age_s / BLAST_S
        if effect in _BLASTS and done < 1:
            scale, colour = _BLASTS[effect]
            if effect is Effect.KILL:
                scale *= 0.7 + self._profile.kinds[int(record["kind"])].strength
            self._draw_blast(surface, place, scale, colour, done)
        elif effect in _RINGS and done < 1:
            tint = (round(90 * (1 - done)), round(200 * (1 - done)), 255)
            pygame.draw.circle(surface, tint, place, self._unit * (20 + 130 * done), 3)
        if effect in (Effect.KILL, Effect.LOOT) and record["amount"] > 0:
            tick = int(record["tick"])
            self._draw_number(surface, place, tick, f"+{record['amount']:g}", (255, 226, 110), age_s)

    def _draw_shot(self, surface: pygame.Surface, shot: "_Shot", age_s: float) -> None:
        done = age_s / shot.flight_s
        if done >= 1:
            self._draw_impact(surface, shot, age_s - shot.flight_s)
            return
        here = shot.start + (shot.end - shot.start) * done
        if shot.effect in _ROCKETS:
            self._draw_rocket(surface, shot.start, here, done)
            return
        along = shot.end - shot.start
        angle = math.atan2(along[1], along[0])
        across = np.array([-math.sin(angle), math.cos(angle)])
        for lane in (0,) if shot.effect in _FROM_ALIENS else (-7, 7):
            _add(surface, self._bolt(shot.colour, angle), here + across * lane * self._unit)

    def _draw_impact(self, surface: pygame.Surface, shot: "_Shot", since_s: float) -> None:
        missed = shot.effect in _MISSES
        if shot.effect is Effect.ROCKET_HIT and since_s < BLAST_S:
            self._draw_blast(surface, (shot.end[0], shot.end[1]), 0.6, (255, 170, 80), since_s / BLAST_S)
        if not missed and since_s < FLASH_S:
            _add(surface, self._glow(shot.colour, round(20 * self._unit)), shot.end)
        text = "miss" if missed else f"{shot.amount:.0f}"
        tint = (150, 160, 170) if missed else (255, 92, 84) if shot.effect in _FROM_ALIENS else (255, 255, 255)
        if shot.effect is not Effect.ALIEN_MISS:
            self._draw_number(surface, (shot.aim[0], shot.aim[1]), shot.tick, text, tint, since_s)

    def _draw_rocket(self, surface: pygame.Surface, start: np.ndarray, here: np.ndarray, done: float) -> None:
        for back in range(1, 9):
            smoke = start + (here - start) * max(0.0, 1 - back * 0.05 / max(done, 0.05))
            _add(
                surface,
                self._glow((90 - 9 * back, 84 - 9 * back, 76 - 8 * back), round((5 + back) * self._unit)),
                smoke,
            )
        _add(surface, self._glow((255, 190, 90), round(13 * self._unit)), here)
        pygame.draw.circle(surface, (255, 250, 230), here.tolist(), 3 * self._unit)

    def _draw_number(
        self, surface: pygame.Surface, place: tuple[float, float], tick: int, text: str, tint: Colour, age_s: float
    ) -> None:
        if age_s < NUMBER_S:
            x = place[0] + ((tick * 37) % 41 - 20) * self._unit
            y = place[1] - (26 + 44 * age_s / NUMBER_S) * self._unit
            size = 22 if text.startswith("+") else 17
            alpha = round(255 * min(1.0, 2 * (1 - age_s / NUMBER_S)))
            self._lettering.write(surface, text, (x, y), size, tint, anchor="center", alpha=alpha)

    def _draw_blast(
        self,
        surface: pygame.Surface,
        place: tuple[float, float],
        scale: float,
        colour: Colour,
        done: float,
    ) -> None:
        radius = round(105 * scale * self._unit)
        key = (colour, radius, min(NUM_BLAST_FRAMES - 1, int(done * NUM_BLAST_FRAMES)))
        if key not in self._blasts:
            self._blasts[key] = _light(_paint_blast(radius, (key[2] + 0.5) / NUM_BLAST_FRAMES, colour))
        _add(surface, self._blasts[key], np.array(place))

    def _bolt(self, colour: Colour, angle: float) -> pygame.Surface:
        step = round(angle / math.pi * 32) % 32
        if (colour, step) not in self._bolts:
            self._bolts[colour, step] = _light(_paint_bolt(round(44 * self._unit), step * math.pi / 32, colour))
        return self._bolts[colour, step]

    def _glow(self, colour: Colour, radius: int) -> pygame.Surface:
        if (colour, radius) not in self._glows:
            y, x = np.mgrid[-radius : radius + 1, -radius : radius + 1].astype(np.float32) / max(1, radius)
            fall = np.clip(1 - np.hypot(x, y), 0, 1)[..., None] ** 1.6
            self._glows[colour, radius] = _light(fall * np.array(colour, np.float32))
        return self._glows[colour, radius]


def _add(surface: pygame.Surface, light: pygame.Surface, place: np.ndarray) -> None:
    """Blends light additively, centred on a pixel."""
    width, height = light.get_size()
    surface.blit(light, (place[0] - width / 2, place[1] - height / 2), special_flags=pygame.BLEND_RGB_ADD)


def _light(colour: Float32[np.ndarray, "height width 3"]) -> pygame.Surface:
    """Returns a surface for additive blending."""
    cover = np.full((*colour.shape[:2], 1), 255)
    return surface_of(np.concatenate([np.clip(colour, 0, 255)[..., ::-1], cover], axis=2).astype(np.uint8))


def _paint_bolt(length: int, angle: float, colour: Colour) -> Float32[np.ndarray, "side side 3"]:
    """Paints a line of light with a white core."""
    half = length // 2 + 8
    y, x = np.mgrid[-half : half + 1, -half : half + 1].astype(np.float32)
    along, across = x * math.cos(angle) + y * math.sin(angle), -x * math.sin(angle) + y * math.cos(angle)
    reach = np.hypot(np.maximum(np.abs(along) - length / 2, 0), across)
    halo, core = np.exp(-((reach / 4.2) ** 2)), np.exp(-((reach / 1.5) ** 2))
    return np.asarray(halo[..., None] * np.array(colour, np.float32) * 0.85 + 200 * core[..., None], np.float32)


def _paint_blast(radius: int, done: float, colour: Colour) -> Float32[np.ndarray, "side side 3"]:
    """Paints one stage of an explosion: a cooling fireball, sparks, and a shock ring."""
    generator = np.random.default_rng(7)
    side = 2 * radius + 1
    y, x = np.mgrid[-radius : radius + 1, -radius : radius + 1].astype(np.float32) / max(1, radius)
    distance = np.hypot(x, y)
    rough = cv2.resize(generator.random((9, 9)).astype(np.float32), (side, side), interpolation=cv2.INTER_CUBIC)
    fine = cv2.resize(generator.random((24, 24)).astype(np.float32), (side, side), interpolation=cv2.INTER_CUBIC)
    fireball = 0.25 + 0.5 * done**0.5
    heat = (
        np.clip(1.25 - distance / fireball - 0.5 * rough - 0.35 * fine * (0.4 + done), 0, 1) * (1 - done) ** 1.1 * 2.6
    )
    ring = np.exp(-(((distance - (0.2 + 0.75 * done**0.7)) / 0.035) ** 2)) * (1 - done) ** 2
    tint = np.array(colour, np.float32)
    picture = heat[..., None] * tint + np.clip(heat - 0.7, 0, 2)[..., None] * 190 + ring[..., None] * tint * 0.7
    angles, speeds = generator.uniform(0, 2 * np.pi, 26), generator.uniform(0.4, 0.95, 26)
    sparks = np.zeros((side, side), np.float32)
    for angle, speed in zip(angles, speeds, strict=True):
        reach = radius * speed * done**0.6
        place = (round(radius + reach * math.cos(angle)), round(radius + reach * math.sin(angle)))
        cv2.circle(sparks, place, max(1, radius // 60), 1.0, -1, cv2.LINE_AA)
    sparks = cv2.GaussianBlur(sparks, (0, 0), 0.9) * (1 - done)
    return np.asarray(picture + sparks[..., None] * (tint * 0.6 + 140), np.float32)
