"""The Executor, twenty times a second: does a gesture begin now, where to, and which keys go down.

Cursor positions are not predicted tick by tick (heads that do so do not play; docs/log.md). Instead each tick has a
hazard of starting a gesture, a pointer over what could be clicked (objects, landmarks on the minimap, a free point of
the minimap, a free point in space, the latter two with a mixture density for the position), and a hazard per key. The
hand carries out what is drawn. Probabilities are calibrated and sampled: such rare events never win an argmax.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn

from understudy.contract.observation import MAX_LANDMARKS, MAX_TRACKS
from understudy.contract.ranges import require_range
from understudy.policies.click_semantics import MAX_KEYS, MAX_KINDS
from understudy.policies.conditioning import CONDITIONING_WIDTH
from understudy.policies.context_features import (
    AMMO_AT,
    CONTEXT_WIDTH,
    FLIGHT_AT,
    LASER_AT,
    MAX_WIDTH,
    NUM_AMMO,
    NUM_FLIGHTS,
    frames_of,
    ship_on_map,
)
from understudy.policies.mixture_density import RAW_WIDTH, RING_WIDTH, frame_mixture, ring_mixture, window_mixture
from understudy.policies.object_features import (
    AWAY_AT,
    NUM_LANDMARK_PLACES,
    PLACE_AT,
    PORTAL_AT,
    SELECTED_AT,
    THERE_AT,
    TRACK_WIDTH,
)
from understudy.policies.reference_frames import NUM_FRAMES

MINIMAP = MAX_TRACKS + MAX_LANDMARKS
"""Candidate `a free point of the minimap`; the tracks come first, then the landmarks."""
SPACE = MINIMAP + 1
NUM_CANDIDATES = SPACE + 1
TABLE_SCALE = 40.0
"""A row of the tables is met in few batches, and Adam moves it by the learning rate each time: so each counts more."""
PORTAL_STEPS = (0.09, 0.15, 0.21, 0.27, 0.36, 0.6)
"""Distances from a portal that the table of keys tells apart, as a track's distance is written."""


@dataclass(frozen=True, kw_only=True)
class ExecutorConfig:
    """Size of the Executor."""

    width: int = 64
    """Width of object vectors; the context is twice as wide."""
    kind_width: int = 8
    """Width of the learned vector of each kind of object."""
    heads: int = 4
    """Attention heads of the pooling over objects."""
    components: int = 6
    """Mixture components of each position density along the axes of its plane."""
    frame_components: int = 4
    """Mixture components along the axes of each frame that turns with play."""
    rings: int = 2
    """Rings round the ship on the minimap."""
    dropout: float = 0.1
    """Dropout on context and hidden layers."""
    earlier: bool = False
    """Holds a second time what differs between two manners of play (policies/style_heads.py)."""
    exchanged: bool = False
    """The earlier of the two manners plays, and the newer lies beside it."""

    def __post_init__(self) -> None:
        for name in ("width", "kind_width", "heads", "components", "frame_components"):
            require_range(name, getattr(self, name), 1, MAX_WIDTH)
        require_range("rings", self.rings, 0, MAX_WIDTH)
        require_range("dropout", self.dropout, 0, 1)


SHARED = ("kind.", "object.", "landmark.", "landmark_place.", "candidate_context.", "candidate_mlp.")
"""How the names of those numbers begin that see the objects; they are the same in every manner of play."""
EARLIER = "earlier."
"""How the names of those begin that lie beside the others, for another manner."""


def is_style_specific(name: str) -> bool:
    """Whether a number of this name belongs to one manner of play alone."""
    return not name.startswith((*SHARED, EARLIER))


@dataclass(frozen=True)
class ExecutorOutput:
    """What the Executor says of one tick."""

    start_logit: Float[Tensor, " B"]
    """Of starting a gesture now, if the hand is free."""
    pointer_logits: Float[Tensor, "B C"]
    """What it would go to; impossible candidates are -inf."""
    right_logit: Float[Tensor, " B"]
    """Of using the right button."""
    minimap_density: Float[Tensor, "B X 7"]
    """Of the point on the minimap, map fractions scaled to -1..1."""
    space_density: Float[Tensor, "B Y 7"]
    """Of the point in space, window fractions scaled to -1..1."""
    key_logits: Float[Tensor, "B K"]
    """Of each key going down now."""


class Executor(nn.Module):
    """Hazards of gestures and keys."""

    def __init__(self, config: ExecutorConfig) -> None:
        super().__init__()
        self.config = config
        width = config.width
        self.kind = nn.Embedding(MAX_KINDS + 1, config.kind_width)
        self.context = nn.Sequential(
            nn.Dropout(0.5 * config.dropout), nn.Linear(CONTEXT_WIDTH + CONDITIONING_WIDTH, 2 * width), nn.GELU()
        )
        self.object = nn.Linear(TRACK_WIDTH + 1 + config.kind_width, width)
        self.landmark = nn.Linear(PLACE_AT, width)
        self.candidate_context = nn.Linear(2 * width, width)
        self.candidate_mlp = nn.Sequential(nn.GELU(), nn.Linear(width, width), nn.GELU(), nn.Dropout(config.dropout))
        self.pool_query = nn.Linear(2 * width, config.heads * width)
        self.trunk = nn.Sequential(
            nn.Linear((2 + config.heads) * width, 2 * width),
            nn.GELU(),
            nn.Dropout(config.dropout),
            nn.Linear(2 * width, 2 * width),
            nn.GELU(),
        )
        self.pointer_key = nn.Linear(width, width)
        self.pointer_query = nn.Linear(2 * width, width)
        self.free = nn.Linear(2 * width, 2)
        self.start = nn.Linear(2 * width, 2)
        own, framed = config.components, config.frame_components
        self.minimap = nn.Linear(2 * width, own * RAW_WIDTH + config.rings * RING_WIDTH)
        self.space = nn.Linear(2 * width, (own + NUM_FRAMES * framed) * RAW_WIDTH)
        self.keys = nn.Linear(2 * width, MAX_KEYS)
        nn.init.constant_(self.start.bias, -3.0)
        self.keys_by_target = nn.Embedding((MAX_KINDS + 1) * 2, MAX_KEYS)
        self.keys_by_ammo = nn.Embedding(NUM_AMMO, MAX_KEYS)
        self.keys_by_place = nn.Embedding((len(PORTAL_STEPS) + 1) * NUM_FLIGHTS, MAX_KEYS)
        self.keys_by_laser = nn.Embedding(4, MAX_KEYS)
        self.landmark_place = nn.Embedding(NUM_LANDMARK_PLACES, 1)
        nn.init.constant_(self.keys.bias, -5.0)
        nn.init.zeros_(self.keys_by_target.weight)
        nn.init.zeros_(self.keys_by_ammo.weight)
        nn.init.zeros_(self.keys_by_place.weight)
        nn.init.zeros_(self.keys_by_laser.weight)
        nn.init.zeros_(self.landmark_place.weight)
        self.earlier = nn.ParameterDict()
        if config.earlier:
            twice = {name: value for name, value in self.named_parameters() if is_style_specific(name)}
            self.earlier.update({name.replace(".", "__"): value.detach().clone() for name, value in twice.items()})

    def forward(
        self,
        context_BF: Float[Tensor, "B F"],
        advice_BA: Float[Tensor, "B A"],
        tracks_BNF: Float[Tensor, "B N track_features"],
        kinds_BN: Int64[Tensor, "B N"],
        weights_BN: Float[Tensor, "B N"],
        landmarks_BLF: Float[Tensor, "B L landmark_features"],
    ) -> ExecutorOutput:
        """Hazards of one tick; `weights_BN` are the Tactician's target probabilities."""
        context_BC = self.context(torch.cat([context_BF, advice_BA], dim=-1))
        objects = self.object(torch.cat([tracks_BNF, weights_BN[..., None], self.kind(kinds_BN)], dim=-1))
        candidates = torch.cat([objects, self.landmark(landmarks_BLF[..., :PLACE_AT])], dim=1)
        candidates_BND = self.candidate_mlp(candidates + self.candidate_context(context_BC)[:, None])
        absent_BN = torch.cat([kinds_BN == 0, landmarks_BLF[..., THERE_AT] == 0], dim=1)
        pooled = self._pool(context_BC, candidates_BND, absent_BN)
        hidden_BH = context_BC + self.trunk(torch.cat([context_BC, pooled], dim=-1))
        scores_BN = (self.pointer_key(candidates_BND) * self.pointer_query(hidden_BH)[:, None]).sum(-1)
        scores_BN = scores_BN / self.config.width**0.5 + self._landmark_bias(landmarks_BLF)
        scores_BN = scores_BN.masked_fill(absent_BN, float("-inf"))
        start, right = self.start(hidden_BH).unbind(-1)
        return ExecutorOutput(
            start_logit=start,
            pointer_logits=torch.cat([scores_BN, self.free(hidden_BH)], dim=-1),
            right_logit=right - 4.0,
            minimap_density=self._on_minimap(hidden_BH, context_BF),
            space_density=self._in_space(hidden_BH, context_BF),
            key_logits=self.keys(hidden_BH) + self._key_table_logits(context_BF, tracks_BNF, kinds_BN),
        )

    def _key_table_logits(self, context_BF: Tensor, tracks_BNF: Tensor, kinds_BN: Tensor) -> Tensor:
        """Numbers per key for each target before and under fire, for the ammunition loaded, for each distance from a
        portal on each errand, and for a laser that is on or off with and without a target.

        Which ammunition is for whom, and where one jumps, shows in a dozen presses an hour: enough for a table, too few
        for the trunk. What a target wants and what is loaded already add up: most pairs of the two were never seen.
        That nobody switches off a laser that hits shows in presses that are not there.
        """
        kind = (kinds_BN * (tracks_BNF[..., SELECTED_AT] > 0.5)).amax(dim=1)
        loaded = context_BF[:, AMMO_AT : AMMO_AT + NUM_AMMO].argmax(dim=1)
        away = torch.where(tracks_BNF[..., PORTAL_AT] > 0.5, tracks_BNF[..., AWAY_AT], torch.inf).amin(dim=1)
        step = sum((away > limit).long() for limit in PORTAL_STEPS)
        errand = context_BF[:, FLIGHT_AT : FLIGHT_AT + NUM_FLIGHTS].argmax(dim=1)
        fire = (context_BF[:, LASER_AT] > 0.5).long()
        by_target: Tensor = self.keys_by_target(kind * 2 + fire)
        by_ammo: Tensor = self.keys_by_ammo(loaded)
        by_place: Tensor = self.keys_by_place(step * NUM_FLIGHTS + errand)
        by_laser: Tensor = self.keys_by_laser((kind > 0).long() * 2 + fire)
        return TABLE_SCALE * (by_target + by_ammo + by_place + by_laser)

    def _landmark_bias(self, landmarks_BLF: Tensor) -> Tensor:
        """A number per candidate, for each landmark's own place: which portal one takes depends on where it leads."""
        places_BL = landmarks_BLF[..., PLACE_AT].long()
        by_place_BL: Tensor = TABLE_SCALE * self.landmark_place(places_BL)[..., 0]
        return nn.functional.pad(by_place_BL, (MAX_TRACKS, 0))

    def _on_minimap(self, hidden_BH: Tensor, context_BF: Tensor) -> Tensor:
        """Along the map's axes from its middle, and so far from the ship."""
        own = self.config.components * RAW_WIDTH
        raw = self.minimap(hidden_BH)
        ship_B2 = ship_on_map(context_BF)
        rings = [ring_mixture(ring_BR, ship_B2) for ring_BR in raw[:, own:].split(RING_WIDTH, dim=1)]
        return torch.cat([window_mixture(raw[:, :own].view(len(raw), -1, RAW_WIDTH)), *rings], dim=1)

    def _in_space(self, hidden_BH: Tensor, context_BF: Tensor) -> Tensor:
        """Along the window's axes, and along those of each frame that turns with play."""
        raw_BX5 = self.space(hidden_BH).view(len(hidden_BH), -1, RAW_WIDTH)
        sizes = [self.config.components] + [self.config.frame_components] * NUM_FRAMES
        own, *framed = raw_BX5.split(sizes, dim=1)
        frames = frames_of(context_BF).unbind(1)
        return torch.cat([window_mixture(own), *map(frame_mixture, framed, frames)], dim=1)

    def _pool(self, context_BC: Tensor, candidates_BND: Tensor, absent_BN: Tensor) -> Tensor:
        """Attention pooling: a query per head, values as they are; nothing in sight pools to zero."""
        batch, _, width = candidates_BND.shape
        query_BHD = self.pool_query(context_BC).view(batch, self.config.heads, width)
        scores_BHN = query_BHD @ candidates_BND.transpose(1, 2) / width**0.5
        scores_BHN = scores_BHN.masked_fill(absent_BN[:, None], -1e4)
        weights_BHN = torch.softmax(scores_BHN, dim=-1) * (~absent_BN[:, None])
        return (weights_BHN @ candidates_BND).reshape(batch, -1)
