"""The page of the gate: what plays beside what waits, the audit log, test, promote and roll back."""

from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from understudy.contract.errors import FlagError
from understudy.learning.registry.audit_log import Line
from understudy.learning.registry.candidates import POLICIES
from understudy.learning.registry.promotion import PromotionRecord, promote, rollback
from understudy.studio.active_weights import PolicyState, Weights, WeightsReader
from understudy.studio.jobs import JobRunner
from understudy.studio.learning_page import plain_job
from understudy.studio.pages import Posted, page, post, text, word
from understudy.studio.settings import StudioSettings

WHY = "manual, in the studio"
NUM_DECISIONS = 200
MAX_CANDIDATES = 5
"""Candidates shown beside what plays, the newest."""
HIDDEN_METRICS = ("accuracy", "choice")
"""They repeat others (as in `understudy train`)."""


def routes(settings: StudioSettings, weights: WeightsReader, jobs: JobRunner) -> list[Route]:
    """Returns the routes of the gate's page."""

    def show(request: Request) -> Response:
        decisions = weights.decisions(NUM_DECISIONS)
        states = weights.states()
        return page(
            "gate.html",
            active="gate",
            states=[(state, state.staged[:MAX_CANDIDATES], metric_rows(state)) for state in states],
            decisions=decisions,
            tests=tests_by_identity(decisions),
            form=settings.forms.get("gate"),
            can_roll_back=any(state.kept for state in states),
            models=settings.models,
        )

    def now(request: Request) -> Response:
        return JSONResponse([plain_job(job) for job in jobs.jobs() if job.arguments[0] == "gate"])

    def candidate(posted: Posted) -> Path:
        policy, name = word(posted, "policy", choices=POLICIES), word(posted, "name")
        for one in weights.state(policy).staged:
            if one.path.name == name and one.identity == posted.get("identity"):
                return one.path
        raise FlagError("This candidate has gone or was written again: load the page again.")

    def test(posted: Posted) -> dict[str, Any]:
        words = settings.forms["gate"].arguments({"why": WHY})
        job = jobs.start([words[0], str(candidate(posted)), *words[1:]])
        return {"said": f"Started: {job.command}"}

    def promote_candidate(posted: Posted) -> dict[str, Any]:
        path = candidate(posted)
        identity = promote(settings.models, path, PromotionRecord(why=WHY))
        return {"said": f"{text(path.name)} plays now ({identity[:8]}); rolling back brings the old ones back."}

    def roll_back(posted: Posted) -> dict[str, Any]:
        to = posted.get("to")
        if to is not None:
            to = word(posted, "to", choices=tuple(weights.state(word(posted, "policy", choices=POLICIES)).kept))
        policy = None if posted.get("policy") is None else word(posted, "policy", choices=POLICIES)
        changed, identity = rollback(settings.models, to, policy, WHY)
        return {"said": f"The {changed} {identity[:8]} plays again."}

    return [
        Route("/gate", show),
        Route("/gate/now", now),
        Route("/gate/test", post(test), methods=["POST"]),
        Route("/gate/promote", post(promote_candidate), methods=["POST"]),
        Route("/gate/rollback", post(roll_back), methods=["POST"]),
    ]


def metric_rows(state: PolicyState) -> list[tuple[str, list[float | None], float | None]]:
    """Returns metric, its value for what plays and each candidate shown, and the trivial baseline of what plays."""
    shown: list[Weights | None] = [state.active, *state.staged[:MAX_CANDIDATES]]
    tables = [{} if one is None else {name: value for name, value, _ in one.metrics} for one in shown]
    baselines = {} if state.active is None else {name: baseline for name, _, baseline in state.active.metrics}
    names = dict.fromkeys(name for table in tables for name in table if name not in HIDDEN_METRICS)
    return [(name, [table.get(name) for table in tables], baselines.get(name)) for name in names]


def tests_by_identity(decisions: list[Line]) -> dict[str, Line]:
    """Returns for each identity the last decision about it that has figures."""
    found: dict[str, Line] = {}
    for line in decisions:
        numbers = line.get("numbers")
        if isinstance(numbers, dict) and isinstance(line.get("to"), str) and _is_gated(numbers):
            found.setdefault(line["to"], line)
    return found


def _is_gated(numbers: dict[str, Any]) -> bool:
    names = ("score", "incumbent_score", "gain", "gain_low", "gain_high")
    return all(isinstance(numbers.get(name), int | float) for name in names)
