"""The Executor, 20 times a second: whether a gesture begins now, where it goes, and which keys go down.

Cursor positions are not predicted tick by tick (such heads do not play; docs/log.md). Each tick has instead a hazard
that a gesture begins (discrete-time hazard: Singer and Willett 1993), a pointer over what could be clicked (Vinyals et
al. 2015, arXiv 1506.03134: objects, landmarks on the minimap, a free point of the minimap, a free point in space, the
latter two with a mixture density for the position), and a hazard per key. The motor model carries the sampled gesture
out; when its press comes is drawn from the person's times, or predicted by a head of its own (timing/press_time.py).
Probabilities are calibrated and sampled: events so rare are never the argmax.

Axes: B ticks, F context features, A conditioning, N tracks, L landmarks, C candidates, K keys, X and Y components of
the densities on the minimap and in space, D object width, H hidden width.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor, nn

from understudy.contract.observation import MAX_TRACKS
from understudy.contract.ranges import require_range
from understudy.policies.click_semantics import MAX_KEYS, MAX_KINDS
from understudy.policies.conditioning import CONDITIONING_WIDTH
from understudy.policies.context_features import (
    CHOICE_AT,
    FLIGHT_AT,
    MAX_WIDTH,
    NUM_CHOICES,
    NUM_FLIGHTS,
    NUM_MIRRORED,
    NUM_PLACES,
    SWITCH_AT,
)
from understudy.policies.declared.feature_layout import COMMON, FeatureLayout
from understudy.policies.mixture_density import RAW_WIDTH, RING_WIDTH, frame_mixture, ring_mixture, window_mixture
from understudy.policies.object_features import (
    AWAY_AT,
    LANDMARK_WIDTH,
    NUM_LANDMARK_PLACES,
    PLACE_AT,
    PORTAL_AT,
    SELECTED_AT,
    THERE_AT,
    TRACK_WIDTH,
)
from understudy.policies.reference_frames import FRAME_VECTORS, NUM_FRAMES
from understudy.policies.timing.press_time import PressTimeHead

PointerPlaces = Literal["each", "together"]
"""How the pointer's temperature treats the places of the map (ExecutorConfig.pointer_places)."""
TABLE_SCALE = 40.0
"""Factor of the tables: a row occurs in few batches, and Adam moves it by the learning rate in each."""
PORTAL_STEPS = (0.09, 0.15, 0.21, 0.27, 0.36, 0.6)
"""Borders of the distances from a portal in the table of keys, in units of the feature AWAY_AT."""


@dataclass(frozen=True, kw_only=True)
class ExecutorConfig:
    """Size of the Executor."""

    width: int = 64
    """Width of object vectors; the context is twice as wide."""
    kind_width: int = 8
    """Width of the embedding of each object kind."""
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
    press_times: int = 0
    """Mixture components of the press times; 0: the motor model draws them from the person's, whatever is seen."""
    pointer_places: PointerPlaces = "each"
    """How the places of the map (landmarks and the free point of the minimap) are sampled: each at the pointer's
    temperature by itself, as in checkpoints of earlier versions, or together as one candidate, within which each keeps
    its predicted share: where the next flight goes is a free choice, and tempered, the rarer journeys never begin."""
    earlier: bool = False
    """Holds the style-specific parameters of a second style as well (policies/style_heads.py)."""
    exchanged: bool = False
    """The earlier of the two styles plays, and the newer is held beside it."""
    layout: FeatureLayout = COMMON
    """Of the context features; the profile's (`layout_of`)."""

    def __post_init__(self) -> None:
        for name in ("width", "kind_width", "heads", "components", "frame_components"):
            require_range(name, getattr(self, name), 1, MAX_WIDTH)
        require_range("rings", self.rings, 0, MAX_WIDTH)
        require_range("press_times", self.press_times, 0, MAX_WIDTH)
        require_range("dropout", self.dropout, 0, 1)


SHARED = ("kind.", "object.", "landmark.", "landmark_place.", "candidate_context.", "candidate_mlp.")
"""Prefixes of the parameters that encode objects; all styles share them."""
EARLIER = "earlier."
"""Prefix of the parameters of the style that does not play."""


def is_style_specific(name: str) -> bool:
    """Returns whether the parameter of this name belongs to one style alone."""
    return not name.startswith((*SHARED, EARLIER))


@dataclass(frozen=True)
class ExecutorOutput:
    """The Executor's predictions for B ticks."""

    start_logit: Float[Tensor, " B"]
    """Logit of the hazard that a gesture begins, given that none is in progress."""
    pointer_logits: Float[Tensor, "B C"]
    """Logits of the gesture's target; absent candidates are -inf."""
    right_logit: Float[Tensor, " B"]
    """Logit of another button than the left, or a key that clicks; the motor model draws which."""
    minimap_density: Float[Tensor, "B X 7"]
    """Mixture density of the point on the minimap, map fractions scaled to -1..1."""
    space_density: Float[Tensor, "B Y 7"]
    """Mixture density of the point in space, window fractions scaled to -1..1."""
    key_logits: Float[Tensor, "B K"]
    """Logits of the hazard that each key goes down, given that it is up."""
    press_times: Float[Tensor, "B C M 3"] | None = None
    """Mixtures over the ticks from onset to press, as of `PressTimeHead`; None without that head."""


@dataclass(frozen=True)
class PresentCandidates:
    """The P candidates that are there in B ticks of N slots (tracks, then landmarks), and where."""

    ticks: Int64[Tensor, " P"]
    """Tick of each candidate."""
    slots: Int64[Tensor, " P"]
    """Slot of each candidate."""
    ranks: Int64[Tensor, " P"]
    """Number of the same tick's candidates in slots before."""
    tracks: tuple[Tensor, ...]
    """Tick and slot of the tracks, which come first."""
    landmarks: tuple[Tensor, ...]
    """Tick and number of the landmarks."""
    unused: Bool[Tensor, "B R"]
    """Ranks that a tick does not have; R is the most candidates of any tick."""

    @classmethod
    def of(cls, absent_BN: Bool[Tensor, "B N"]) -> "PresentCandidates":
        """Finds the candidates that are not absent."""
        present_BN = ~absent_BN
        tracks = present_BN[:, :MAX_TRACKS].nonzero(as_tuple=True)
        landmarks = present_BN[:, MAX_TRACKS:].nonzero(as_tuple=True)
        ticks = torch.cat([tracks[0], landmarks[0]])
        slots = torch.cat([tracks[1], landmarks[1] + MAX_TRACKS])
        count_B = present_BN.sum(1)
        ranks = torch.arange(max(int(count_B.max()), 1), device=ticks.device)
        return cls(
            ticks=ticks,
            slots=slots,
            ranks=(present_BN.cumsum(1) - 1)[ticks, slots],
            tracks=tracks,
            landmarks=landmarks,
            unused=ranks >= count_B[:, None],
        )

    def side_by_side(self, values_PD: Float[Tensor, "P D"]) -> Float[Tensor, "B R D"]:
        """Returns each tick's candidates in the order of their slots, then zeros."""
        empty = values_PD.new_zeros((*self.unused.shape, values_PD.shape[1]))
        return empty.index_put((self.ticks, self.ranks), values_PD)

    def in_their_slots(self, values_P: Float[Tensor, " P"], shape: Sequence[int]) -> Float[Tensor, "B N"]:
        """Returns each candidate's number in its slot, zeros elsewhere; `shape` is (B, N)."""
        return values_P.new_zeros(tuple(shape)).index_put((self.ticks, self.slots), values_P)


class Executor(nn.Module):
    """Hazards of gestures and keys, pointer and position densities."""

    def __init__(self, config: ExecutorConfig) -> None:
        super().__init__()
        self.config = config
        width = config.width
        self.kind = nn.Embedding(MAX_KINDS + 1, config.kind_width)
        self.context = nn.Sequential(
            nn.Dropout(0.5 * config.dropout), nn.Linear(config.layout.width + CONDITIONING_WIDTH, 2 * width), nn.GELU()
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
        # Names in files: the tables by a selector's choice and by a switch bear the names of the first game with them.
        self.keys_by_ammo = nn.Embedding(NUM_CHOICES + config.layout.more_choices, MAX_KEYS)
        self.keys_by_place = nn.Embedding((len(PORTAL_STEPS) + 1) * NUM_FLIGHTS, MAX_KEYS)
        self.keys_by_laser = nn.Embedding(4, MAX_KEYS)
        self.landmark_place = nn.Embedding(NUM_LANDMARK_PLACES, 1)
        nn.init.constant_(self.keys.bias, -5.0)
        nn.init.zeros_(self.keys_by_target.weight)
        nn.init.zeros_(self.keys_by_ammo.weight)
        nn.init.zeros_(self.keys_by_place.weight)
        nn.init.zeros_(self.keys_by_laser.weight)
        nn.init.zeros_(self.landmark_place.weight)
        self.keys_by_more = nn.ModuleList(nn.Embedding(rows, MAX_KEYS) for rows in _more_tables(config.layout))
        for rows in self.keys_by_more.parameters():
            nn.init.zeros_(rows)
        self.press_times: PressTimeHead | None = None
        if config.press_times:
            widths = config.layout.width, TRACK_WIDTH, LANDMARK_WIDTH
            self.press_times = PressTimeHead(widths, MAX_KINDS + 1, width, config.press_times)
        self.earlier = nn.ParameterDict()
        if config.earlier:
            second = {name: value for name, value in self.named_parameters() if is_style_specific(name)}
            self.earlier.update({name.replace(".", "__"): value.detach().clone() for name, value in second.items()})

    def forward(
        self,
        context_BF: Float[Tensor, "B F"],
        conditioning_BA: Float[Tensor, "B A"],
        tracks_BNF: Float[Tensor, "B N track_features"],
        kinds_BN: Int64[Tensor, "B N"],
        weights_BN: Float[Tensor, "B N"],
        landmarks_BLF: Float[Tensor, "B L landmark_features"],
    ) -> ExecutorOutput:
        """Predicts B ticks; `weights_BN` are the Tactician's target probabilities."""
        context_BC = self.context(torch.cat([context_BF, conditioning_BA], dim=-1))
        absent_BN = torch.cat([kinds_BN == 0, landmarks_BLF[..., THERE_AT] == 0], dim=1)
        look = self._look_at_present if self.training else self._look_at_all
        hidden_BH, scores_BN = look(context_BC, tracks_BNF, weights_BN, kinds_BN, landmarks_BLF, absent_BN)
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
            press_times=None
            if self.press_times is None
            else self.press_times(context_BF, tracks_BNF, kinds_BN, landmarks_BLF),
        )

    def _look_at_all(
        self,
        context_BC: Tensor,
        tracks_BNF: Tensor,
        weights_BN: Tensor,
        kinds_BN: Tensor,
        landmarks_BLF: Tensor,
        absent_BN: Tensor,
    ) -> tuple[Float[Tensor, "B H"], Float[Tensor, "B C"]]:
        """Returns hidden vectors and the scores of all slots, those of absent candidates too."""
        objects = self.object(torch.cat([tracks_BNF, weights_BN[..., None], self.kind(kinds_BN)], dim=-1))
        candidates = torch.cat([objects, self.landmark(landmarks_BLF[..., :PLACE_AT])], dim=1)
        candidates_BND = self.candidate_mlp(candidates + self.candidate_context(context_BC)[:, None])
        hidden_BH = self._hidden(context_BC, candidates_BND, absent_BN)
        return hidden_BH, (self.pointer_key(candidates_BND) * self.pointer_query(hidden_BH)[:, None]).sum(-1)

    def _look_at_present(
        self,
        context_BC: Tensor,
        tracks_BNF: Tensor,
        weights_BN: Tensor,
        kinds_BN: Tensor,
        landmarks_BLF: Tensor,
        absent_BN: Tensor,
    ) -> tuple[Float[Tensor, "B H"], Float[Tensor, "B C"]]:
        """Returns the same but for rounding, from the candidates that are there; absent ones have the score 0.

        About a quarter of the slots is taken, so a training step costs two thirds; for the few ticks of a step of play
        it would not pay.
        """
        present = PresentCandidates.of(absent_BN)
        track, landmark = present.tracks, present.landmarks
        objects = self.object(
            torch.cat([tracks_BNF[track], weights_BN[track][:, None], self.kind(kinds_BN[track])], dim=-1)
        )
        candidates = torch.cat([objects, self.landmark(landmarks_BLF[landmark][:, :PLACE_AT])])
        candidates_PD = self.candidate_mlp(candidates + self.candidate_context(context_BC)[present.ticks])
        hidden_BH = self._hidden(context_BC, present.side_by_side(candidates_PD), present.unused)
        scores_P = (self.pointer_key(candidates_PD) * self.pointer_query(hidden_BH)[present.ticks]).sum(-1)
        return hidden_BH, present.in_their_slots(scores_P, absent_BN.shape)

    def _hidden(self, context_BC: Tensor, candidates_BND: Tensor, absent_BN: Tensor) -> Float[Tensor, "B H"]:
        pooled = self._pool(context_BC, candidates_BND, absent_BN)
        return torch.add(context_BC, self.trunk(torch.cat([context_BC, pooled], dim=-1)))

    def _key_table_logits(self, context_BF: Tensor, tracks_BNF: Tensor, kinds_BN: Tensor) -> Tensor:
        """Returns logits per key from tables: by target with each switch on and off, by each selector's choice, by
        distance from a portal and errand, and by each switch with and without a target.

        Which choice suits which target, and where one jumps, shows in a dozen presses an hour: enough for a table,
        too few for the trunk. Logits of target and choice add up, because most pairs of the two never occur.
        """
        kind = (kinds_BN * (tracks_BNF[..., SELECTED_AT] > 0.5)).amax(dim=1)
        choices_BC = context_BF[:, CHOICE_AT : CHOICE_AT + NUM_CHOICES]
        if self.config.layout.more_choices:
            choices_BC = torch.cat([choices_BC, self._columns(context_BF, 0, self.config.layout.more_choices)], dim=1)
        choice = choices_BC.argmax(dim=1)
        away = torch.where(tracks_BNF[..., PORTAL_AT] > 0.5, tracks_BNF[..., AWAY_AT], torch.inf).amin(dim=1)
        step = sum((away > limit).long() for limit in PORTAL_STEPS)
        errand = context_BF[:, FLIGHT_AT : FLIGHT_AT + NUM_FLIGHTS].argmax(dim=1)
        switched = (context_BF[:, SWITCH_AT] > 0.5).long()
        by_target: Tensor = self.keys_by_target(kind * 2 + switched)
        by_choice: Tensor = self.keys_by_ammo(choice)
        by_place: Tensor = self.keys_by_place(step * NUM_FLIGHTS + errand)
        by_switch: Tensor = self.keys_by_laser((kind > 0).long() * 2 + switched)
        logits_BK = by_target + by_choice + by_place + by_switch
        for table, row in zip(self.keys_by_more, self._more_rows(context_BF, kind), strict=True):
            logits_BK = logits_BK + table(row)
        return TABLE_SCALE * logits_BK

    def _more_rows(self, context_BF: Tensor, kind: Tensor) -> list[Tensor]:
        """Returns the row of each table in `keys_by_more`; `kind` is the target's."""
        layout, rows = self.config.layout, []
        for number in range(len(layout.switches)):
            switched = (context_BF[:, layout.switches_at + number] > 0.5).long()
            rows += [kind * 2 + switched, (kind > 0).long() * 2 + switched]
        if layout.second_choices:
            rows.append(self._columns(context_BF, layout.more_choices, layout.second_choices).argmax(dim=1))
        return rows

    def _columns(self, context_BF: Tensor, first: int, number: int) -> Tensor:
        """Returns which of some choices without a common place is active."""
        begin = self.config.layout.choices_at + first
        return context_BF[:, begin : begin + number]

    def _landmark_bias(self, landmarks_BLF: Tensor) -> Tensor:
        """Returns a logit per candidate by the landmark's place: which portal one takes depends on where it leads."""
        places_BL = landmarks_BLF[..., PLACE_AT].long()
        by_place_BL: Tensor = TABLE_SCALE * self.landmark_place(places_BL)[..., 0]
        return nn.functional.pad(by_place_BL, (MAX_TRACKS, 0))

    def _on_minimap(self, hidden_BH: Tensor, context_BF: Tensor) -> Tensor:
        """Returns components along the map's axes, and rings round the ship."""
        own = self.config.components * RAW_WIDTH
        raw = self.minimap(hidden_BH)
        ship_B2 = _ship_on_map(context_BF)
        rings = [ring_mixture(ring_BR, ship_B2) for ring_BR in raw[:, own:].split(RING_WIDTH, dim=1)]
        return torch.cat([window_mixture(raw[:, :own].view(len(raw), -1, RAW_WIDTH)), *rings], dim=1)

    def _in_space(self, hidden_BH: Tensor, context_BF: Tensor) -> Tensor:
        """Returns components along the window's axes, and along those of each frame that turns with play."""
        raw_BX5 = self.space(hidden_BH).view(len(hidden_BH), -1, RAW_WIDTH)
        sizes = [self.config.components] + [self.config.frame_components] * NUM_FRAMES
        own, *framed = raw_BX5.split(sizes, dim=1)
        frames = _frames_of(context_BF).unbind(1)
        return torch.cat([window_mixture(own), *map(frame_mixture, framed, frames)], dim=1)

    def _pool(self, context_BC: Tensor, candidates_BND: Tensor, absent_BN: Tensor) -> Tensor:
        """Applies attention pooling with a query per head and no value projection; zeros where nothing is in sight."""
        batch, _, width = candidates_BND.shape
        query_BHD = self.pool_query(context_BC).view(batch, self.config.heads, width)
        scores_BHN = query_BHD @ candidates_BND.transpose(1, 2) / width**0.5
        scores_BHN = scores_BHN.masked_fill(absent_BN[:, None], -1e4)
        weights_BHN = torch.softmax(scores_BHN, dim=-1) * (~absent_BN[:, None])
        return (weights_BHN @ candidates_BND).reshape(batch, -1)


def _more_tables(layout: FeatureLayout) -> list[int]:
    """Returns the rows of the tables by what has no common place: two for each switch, one for a second selector."""
    return [(MAX_KINDS + 1) * 2, 4] * len(layout.switches) + [layout.second_choices] * (layout.second_choices > 0)


def _frames_of(context_BF: Tensor) -> Tensor:
    """Reads the frames (origin, ahead, aside) from a context, mirrored or not; shape (B, NUM_FRAMES, 3, 2)."""
    x, y = context_BF[:, NUM_PLACES:NUM_MIRRORED], context_BF[:, NUM_MIRRORED + NUM_PLACES : 2 * NUM_MIRRORED]
    return torch.stack([x, y], dim=-1).view(-1, NUM_FRAMES, FRAME_VECTORS, 2)


def _ship_on_map(context_BF: Tensor) -> Tensor:
    """Reads the ship's position on the map from a context, -1..1; shape (B, 2)."""
    return torch.stack([context_BF[:, 0], context_BF[:, NUM_MIRRORED]], dim=-1)
