"""The engine's rules as whole-array numpy over B worlds, for scale: what one would write without a compiler.

It has the rules that cost time: hands (minimap, free space, selecting an alien, flying to a box), held steering,
flight with inertia, laser, rocket, death of aliens and of the player and their return, wandering, hunting and shooting
aliens, loot, repair, and the whole observation with its nearest twenty objects. Left out, as they would only make it
slower: portals, packs, leashes, cargo, the ring of effects, refilling of ammunition. It follows the same numbers but
draws other chances, so it is no reference for results; `engine_plain.py` is.
"""

import numpy as np

from understudy.contract.observation import MAX_TRACKS, OBSERVATION, TICK_S
from understudy.worlds.simulator.engine.readings import AMMO, HP, LASER, LOADED, NUM_AMMO, ROCKET, SHIELD
from understudy.worlds.simulator.engine.state import PARKED, WORLD


class NumpyEngine:
    """B worlds that begin as copies of the compiled engine's."""

    def __init__(self, states: np.ndarray, rules: np.ndarray) -> None:
        assert states.dtype == WORLD
        self.w = {name: states[name].copy() for name in WORLD.names or ()}
        self.r = rules[0]
        self.random = np.random.default_rng(0)
        self.observations = np.zeros(len(states), OBSERVATION)
        self.rows = np.arange(len(states))
        self.size = self.r["kind_size"]

    def act(self, actions: np.ndarray) -> None:
        """One tick of all worlds; actions are records of dtype ACTION."""
        self.events = {
            name: np.zeros(len(self.rows)) for name in ("hits", "misses", "kills", "loot", "deaths", "value")
        }
        self.use_hands(actions)
        self.move_ship()
        self.fire()
        self.collect()
        self.move_aliens()
        self.live_and_die()
        self.w["tick"] += 1
        self.observe()

    def use_hands(self, actions: np.ndarray) -> None:
        w, r, alive = self.w, self.r, self.w["alive"] == 1
        x, y, left = actions["cursor_x"], actions["cursor_y"], actions["button"] == 1
        pressed = actions["keys"] & ~w["keys"]
        clicked = left & (w["button"] != 1) & alive
        w["cursor_x"], w["cursor_y"], w["keys"], w["button"] = (
            x.astype("f8"),
            y.astype("f8"),
            actions["keys"],
            actions["button"],
        )
        there_x = w["x"] + (x - 0.5) * r["view_width"]
        there_y = w["y"] + (y - 0.5) * r["view_height"]
        on_map = inside(x, y, r["minimap"])
        on_panel = np.any([inside(x, y, edges) for edges in r["panels"][: r["num_panels"]]], axis=0)
        alien = self.under(
            there_x, there_y, w["alien_x"], w["alien_y"], 0.5 * r["click_margin"] * self.size[w["alien_kind"]]
        )
        box = self.under(there_x, there_y, w["box_x"], w["box_y"], 0.5 * r["click_margin"] * r["box_size"])
        space = clicked & ~on_map & ~on_panel
        hit, boxed = space & (alien >= 0), space & (alien < 0) & (box >= 0)
        free = space & (alien < 0) & (box < 0)
        w["laser_on"][hit & (w["selected"] != alien)] = 0
        w["selected"] = np.where(hit, alien, w["selected"])
        steering = np.where(clicked, np.where(on_map, 2, np.where(free, 1, 0)), np.where(left, w["steering"], 0))
        by_map, by_space = (steering == 2) & on_map & alive, (steering == 1) & alive
        across = (x - r["minimap"][0]) / (r["minimap"][2] - r["minimap"][0]) * r["map_width"]
        down = (y - r["minimap"][1]) / (r["minimap"][3] - r["minimap"][1]) * r["map_height"]
        at_box = (self.rows, np.maximum(box, 0))
        for goal, space_goal, map_goal, boxes in (
            ("goal_x", there_x, across, "box_x"),
            ("goal_y", there_y, down, "box_y"),
        ):
            w[goal] = np.select([by_map, by_space, boxed], [map_goal, space_goal, w[boxes][at_box]], w[goal])
        w["box_goal"] = np.where(boxed, box, np.where(by_map | by_space, -1, w["box_goal"]))
        w["steering"] = steering.astype("u1")
        for k in range(4):
            w["ammo_kind"][(pressed & r["key_ammo"][k]) > 0] = k + 1
        w["laser_on"] ^= (((pressed & r["key_laser"]) > 0) & (w["selected"] >= 0) & alive).astype("u1")
        self.rocket = ((pressed & r["key_rocket"]) > 0) & alive

    def under(self, x: np.ndarray, y: np.ndarray, xs: np.ndarray, ys: np.ndarray, reach: np.ndarray) -> np.ndarray:
        dx, dy = np.abs(xs - x[:, None]), np.abs(ys - y[:, None])
        far = np.where((dx <= reach) & (dy <= reach), dx * dx + dy * dy, np.inf)
        nearest = far.argmin(axis=1)
        return np.where(np.isfinite(far[self.rows, nearest]), nearest, -1)

    def move_ship(self) -> None:
        w, r, alive = self.w, self.r, self.w["alive"] == 1
        dx, dy = w["goal_x"] - w["x"], w["goal_y"] - w["y"]
        length = np.hypot(dx, dy)
        share = np.where(length > 1.0, np.minimum(r["speed"], 4.0 * length) / np.maximum(length, 1e-9), 0.0) * alive
        w["vx"] += (dx * share - w["vx"]) * r["response"]
        w["vy"] += (dy * share - w["vy"]) * r["response"]
        w["x"] = np.clip(w["x"] + w["vx"] * TICK_S * alive, 0.0, r["map_width"])
        w["y"] = np.clip(w["y"] + w["vy"] * TICK_S * alive, 0.0, r["map_height"])
        m = w["map_index"]
        w["safe"] = (np.hypot(w["x"] - r["base_x"][m], w["y"] - r["base_y"][m]) < r["base_radius"][m]).astype("u1")

    def fire(self) -> None:
        w, r = self.w, self.r
        target = (self.rows, np.maximum(w["selected"], 0))
        far = np.where(
            w["selected"] >= 0, np.hypot(w["alien_x"][target] - w["x"], w["alien_y"][target] - w["y"]), np.inf
        )
        w["laser_on"][far > r["laser_lost"]] = 0
        w["selected"][far > r["selection_lost"]] = -1
        able = (w["safe"] == 0) & (w["alive"] == 1) & (far <= r["laser_range"])
        loaded = (self.rows, w["ammo_kind"] - 1)
        laser = able & (w["laser_on"] == 1) & (w["tick"] >= w["laser_ready"]) & (w["ammo"][loaded] >= 1)
        rocket = able & self.rocket & (w["tick"] >= w["rocket_ready"])
        w["ammo"][loaded] -= laser
        w["laser_ready"] = np.where(laser, w["tick"] + int(r["laser_reload_s"]), w["laser_ready"])
        w["rocket_ready"] = np.where(rocket, w["tick"] + int(r["rocket_reload_s"]), w["rocket_ready"])
        for shot, damage in ((laser, w["ammo_kind"] * r["laser_damage"]), (rocket, r["rocket_damage"])):
            self.strike_aliens(shot, damage, target)

    def strike_aliens(self, shot: np.ndarray, damage: np.ndarray, target: tuple[np.ndarray, np.ndarray]) -> None:
        w, r = self.w, self.r
        hit = shot & (self.random.random(len(shot)) < r["laser_hit_chance"])
        self.events["hits"] += hit
        self.events["misses"] += shot & ~hit
        w["alien_engaged"][target] |= shot.astype("u1")
        w["alien_hurt"][target] = np.where(shot, w["tick"], w["alien_hurt"][target])
        w["fight_tick"] = np.where(shot, w["tick"], w["fight_tick"])
        absorbed = np.minimum(w["alien_shield"][target], r["absorption"] * damage) * hit
        w["alien_shield"][target] -= absorbed
        w["alien_hull"][target] -= (damage * hit) - absorbed
        dead = shot & (w["alien_hull"][target] <= 0)
        kind = w["alien_kind"][target]
        self.events["kills"] += dead
        self.events["value"] += dead * r["kind_value"][kind]
        which = (self.rows[dead], target[1][dead])
        for name, value in (("alien_x", PARKED), ("alien_y", PARKED), ("alien_hull", 0.0), ("alien_engaged", 0)):
            w[name][which] = value
        w["alien_until"][which] = w["tick"][dead] + int(r["alien_respawn_s"])
        w["selected"][dead], w["laser_on"][dead] = -1, 0

    def collect(self) -> None:
        w, r = self.w, self.r
        k = (self.rows, np.maximum(w["box_goal"], 0))
        near = np.hypot(w["box_x"][k] - w["x"], w["box_y"][k] - w["y"]) <= r["collect_radius"]
        taken = (w["box_goal"] >= 0) & near & (w["alive"] == 1)
        self.events["loot"] += taken
        self.events["value"] += taken * r["kind_value"][w["box_kind"][k]]
        w["ammo"][taken] = np.minimum(w["ammo"][taken] + r["box_ammo"], r["ammo_hold"])
        which = (self.rows[taken], k[1][taken])
        w["box_x"][which], w["box_y"][which], w["box_id"][which] = PARKED, PARKED, 0
        w["box_until"][which] = w["tick"][taken] + int(r["box_respawn_s"])
        w["box_goal"][taken] = -1
        back = (w["box_id"] == 0) & (w["tick"][:, None] >= w["box_until"]) & (w["box_kind"] == r["bonus_box_kind"])
        count = int(back.sum())
        w["box_x"][back] = self.random.uniform(150.0, r["map_width"] - 150.0, count)
        w["box_y"][back] = self.random.uniform(150.0, r["map_height"] - 150.0, count)
        w["box_id"][back] = 1_000_000 + self.random.integers(0, 1_000_000, count)

    def move_aliens(self) -> None:
        w, r, kind = self.w, self.r, self.w["alien_kind"]
        w["alien_x"] += w["alien_vx"] * TICK_S
        w["alien_y"] += w["alien_vy"] * TICK_S
        dx, dy = w["x"][:, None] - w["alien_x"], w["y"][:, None] - w["alien_y"]
        far = np.hypot(dx, dy)
        prey = ((w["alive"] == 1) & (w["safe"] == 0))[:, None]
        living = w["alien_hull"] > 0
        sees = prey & living & (r["alien_temper"][kind] == 1) & (far < r["alien_sight"][kind])
        hunting = ((w["alien_engaged"] == 1) | sees) & prey & (far <= r["chase_lost"])
        w["alien_engaged"] = hunting.astype("u1")
        self.steer_aliens(hunting, living, dx, dy, far)
        self.alien_shots(hunting, far)
        quiet = living & ~hunting & (w["tick"][:, None] - w["alien_hurt"] > 160)
        for name in ("alien_hull", "alien_shield"):
            full = r[name][kind]
            w[name] = np.where(quiet, np.minimum(w[name] + 0.05 * TICK_S * full, full), w[name])

    def steer_aliens(
        self, hunting: np.ndarray, living: np.ndarray, dx: np.ndarray, dy: np.ndarray, far: np.ndarray
    ) -> None:
        w, r, kind = self.w, self.r, self.w["alien_kind"]
        wish = 0.75 * r["alien_range"][kind]
        towards = np.clip((far - wish) / np.maximum(0.3 * wish, 1.0), -0.5, 1.0)
        around = (1.0 - np.abs(towards)) * np.where(w["alien_id"] % 2 == 0, 0.5, -0.5)
        scale = r["alien_speed"][kind] / (far + 1.0)
        w["alien_vx"] += hunting * ((dx * towards - dy * around) * scale - w["alien_vx"]) * 0.2
        w["alien_vy"] += hunting * ((dy * towards + dx * around) * scale - w["alien_vy"]) * 0.2
        turn = (
            ~hunting & (w["tick"][:, None] >= w["alien_until"]) & (np.arange(far.shape[1]) < w["num_aliens"][:, None])
        )
        worlds, which = np.nonzero(turn)
        map_index, field = w["map_index"][worlds], w["alien_field"][turn]
        angle, radius = self.random.uniform(0, 2 * np.pi, len(which)), np.sqrt(self.random.random(len(which)))
        x = r["field_x"][map_index, field] + np.cos(angle) * radius * r["field_radius"][map_index, field]
        y = r["field_y"][map_index, field] + np.sin(angle) * radius * r["field_radius"][map_index, field]
        born = ~living[turn]
        w["alien_x"][worlds[born], which[born]], w["alien_y"][worlds[born], which[born]] = x[born], y[born]
        for name in ("alien_hull", "alien_shield"):
            w[name][worlds[born], which[born]] = r[name][kind[turn]][born]
        way_x, way_y = x - w["alien_x"][turn], y - w["alien_y"][turn]
        length, speed = np.hypot(way_x, way_y) + 1.0, 0.4 * r["alien_speed"][kind[turn]]
        w["alien_vx"][turn], w["alien_vy"][turn] = way_x / length * speed, way_y / length * speed
        w["alien_until"][turn] = w["tick"][worlds] + (length / speed / TICK_S).astype("i8")

    def alien_shots(self, hunting: np.ndarray, far: np.ndarray) -> None:
        w, r, kind = self.w, self.r, self.w["alien_kind"]
        shot = hunting & (far <= r["alien_range"][kind]) & (w["tick"][:, None] >= w["alien_ready"])
        w["alien_ready"] = np.where(shot, w["tick"][:, None] + r["alien_reload"][kind].astype("i8"), w["alien_ready"])
        w["alien_shot"] = np.where(shot, w["tick"][:, None], w["alien_shot"])
        hit = shot & (self.random.random(shot.shape) < r["alien_hit_chance"][kind])
        damage = (hit * r["alien_damage"][kind]).sum(axis=1)
        absorbed = np.minimum(w["shield"], r["absorption"] * damage)
        w["shield"] -= absorbed
        w["hull"] = np.maximum(w["hull"] - (damage - absorbed), 0.0)
        for name in ("hurt_tick", "fight_tick"):
            w[name] = np.where(damage > 0, w["tick"], w[name])

    def live_and_die(self) -> None:
        w, r = self.w, self.r
        dies = (w["alive"] == 1) & (w["hull"] <= 0)
        returns = (w["alive"] == 0) & (w["tick"] >= w["respawn_tick"])
        self.events["deaths"] += dies
        w["respawn_tick"] = np.where(dies, w["tick"] + int(r["death_s"]), w["respawn_tick"])
        w["alive"][dies], w["selected"][dies], w["laser_on"][dies] = 0, -1, 0
        m = w["map_index"][returns]
        w["x"][returns], w["y"][returns] = r["base_x"][m], r["base_y"][m]
        w["goal_x"][returns], w["goal_y"][returns] = r["base_x"][m], r["base_y"][m]
        w["hull"][returns], w["shield"][returns], w["alive"][returns] = r["hull"], r["shield"], 1
        alive, safe = w["alive"] == 1, w["safe"] == 1
        calm = np.where(w["tick"] - w["hurt_tick"] > r["shield_wait_s"], r["shield_rate"], 0.0)
        quiet = np.where(w["tick"] - w["fight_tick"] > r["hull_wait_s"], r["hull_rate"], 0.0)
        w["shield"] = np.minimum(
            w["shield"] + alive * np.where(safe, r["base_rate"], calm) * r["shield"] * TICK_S, r["shield"]
        )
        w["hull"] = np.minimum(
            w["hull"] + alive * np.where(safe, r["base_rate"], quiet) * r["hull"] * TICK_S, r["hull"]
        )

    def observe(self) -> None:
        w, r, o = self.w, self.r, self.observations
        player, m = o["player"], w["map_index"]
        o["time_s"] = w["tick"] * TICK_S
        gauges = player["gauges"]
        gauges[:, HP], gauges[:, SHIELD] = w["hull"] / r["hull"], w["shield"] / r["shield"]
        player["x"], player["y"] = w["x"] / r["map_width"], w["y"] / r["map_height"]
        player["vx"], player["vy"] = w["vx"] / r["view_width"], w["vy"] / r["view_height"]
        gauges[:, ROCKET] = 1.0 - np.maximum(w["rocket_ready"] - w["tick"], 0) / r["rocket_reload_s"]
        gauges[:, AMMO : AMMO + NUM_AMMO] = w["ammo"] / r["ammo_hold"]
        gauges[:, AMMO + NUM_AMMO :] = np.nan
        player["selectors"][:, LOADED], player["switches"][:, LASER] = w["ammo_kind"], w["laser_on"]
        for name in ("map_index", "safe", "alive"):
            player[name] = w[name]
        for name, count in self.events.items():
            o["events"][name] = count
        for name in ("cursor_x", "cursor_y", "keys", "button"):
            o[name] = w[name]
        o["landmarks"]["x"][:, 0], o["landmarks"]["y"][:, 0] = (
            r["base_x"][m] / r["map_width"],
            r["base_y"][m] / r["map_height"],
        )
        self.observe_tracks(o["tracks"])

    def observe_tracks(self, tracks: np.ndarray) -> None:
        w, r, m = self.w, self.r, self.w["map_index"]
        nowhere = np.zeros_like(w["box_x"])
        x = np.concatenate([w["alien_x"], w["box_x"], r["portal_x"][m], r["base_x"][m, None]], axis=1)
        y = np.concatenate([w["alien_y"], w["box_y"], r["portal_y"][m], r["base_y"][m, None]], axis=1)
        dx, dy = x - w["x"][:, None], y - w["y"][:, None]
        there = (np.abs(dx) <= 0.5 * r["view_width"]) & (np.abs(dy) <= 0.5 * r["view_height"])
        far = np.where(there, dx * dx + dy * dy, np.inf)
        nearest = np.argpartition(far, MAX_TRACKS, axis=1)[:, :MAX_TRACKS]
        rows = self.rows[:, None]
        nearest = nearest[rows, np.argsort(far[rows, nearest], axis=1)]
        pad = np.zeros((len(self.rows), 5))
        kinds = np.concatenate([w["alien_kind"], w["box_kind"], np.full_like(pad, r["portal_kind"])], axis=1).astype(
            "i2"
        )
        ids = np.concatenate([w["alien_id"], w["box_id"], 1 + np.broadcast_to(np.arange(5), pad.shape)], axis=1)
        vx = np.concatenate([w["alien_vx"], nowhere, pad], axis=1)
        vy = np.concatenate([w["alien_vy"], nowhere, pad], axis=1)
        kind = kinds[rows, nearest]
        seen = there[rows, nearest]
        tracks["id"], tracks["kind"], tracks["role"] = ids[rows, nearest] * seen, kind, r["role"][kind]
        tracks["x"] = 0.5 + dx[rows, nearest] / r["view_width"]
        tracks["y"] = 0.5 + dy[rows, nearest] / r["view_height"]
        tracks["width"], tracks["height"] = self.size[kind] / r["view_width"], self.size[kind] / r["view_height"]
        tracks["vx"] = (vx[rows, nearest] - w["vx"][:, None]) / r["view_width"]
        tracks["vy"] = (vy[rows, nearest] - w["vy"][:, None]) / r["view_height"]
        alien = nearest < w["alien_x"].shape[1]
        index = np.where(alien, nearest, 0)
        tracks["gauges"][..., HP] = np.where(
            alien, w["alien_hull"][rows, index] / np.maximum(r["alien_hull"][kind], 1), np.nan
        )
        tracks["gauges"][..., SHIELD] = np.where(
            alien, w["alien_shield"][rows, index] / np.maximum(r["alien_shield"][kind], 1), np.nan
        )
        tracks["attacking"] = alien & (w["tick"][:, None] - w["alien_shot"][rows, index] <= r["attacking_s"])
        tracks["selected"] = alien & (nearest == w["selected"][:, None])
        tracks[~seen] = np.zeros((), tracks.dtype)


def inside(x: np.ndarray, y: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Which points lie in a rectangle given as left, top, right, bottom."""
    return (edges[0] <= x) & (x < edges[2]) & (edges[1] <= y) & (y < edges[3])
