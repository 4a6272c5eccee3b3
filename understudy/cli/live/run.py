"""`understudy run`, and the guide's `bot_controller_v2.py`: the understudy plays live, with a person in charge."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

import tyro

from understudy.cli.entry.exit_codes import EXIT_INTERRUPTED
from understudy.cli.flags.number_ranges import Count, Interval, LearningRate, Minutes, PictureSize, Range, Seed
from understudy.cli.flags.output_paths import Output
from understudy.cli.flags.spellings import DetectorWeights, Flag
from understudy.cli.live.video_choice import VideoChoice
from understudy.perception.model_files.execution_provider import Device
from understudy.recordings.video.encoder_names import EncoderName

if TYPE_CHECKING:
    from understudy.cli.live.assembly import LiveGame
    from understudy.cli.live.online_learning import OnlineChoice
    from understudy.cli.live.reviewing import CriticChoice
    from understudy.cli.show.terminal import Console
    from understudy.contract.profile import Profile


@dataclass(frozen=True, kw_only=True)
class Run:
    """Let the understudy play in the game's window, in real time; touch mouse or keyboard to take over."""

    HELP_GROUPS: ClassVar[dict[str, tuple[str, ...]]] = {
        "play": ("models", "test_mode", "minutes", "handback_delay_s", "seed", "map", "size"),
        "learning": (
            *("no_online_learning", "online_lr", "online_interval", "shadow_train", "shadow_lr"),
            *("save_recordings", "out", "no_video", "video_encoder"),
        ),
        "critic": ("critic_endpoint", "critic_model", "critic_every", "critic_calls", "no_critic"),
        "desktop": ("world", "window", "model", "profile", "device", "hotkeys", "video"),
    }

    test_mode: Flag[bool] = False
    """Decide and show, but send nothing; you can play yourself."""
    no_online_learning: Flag[bool] = False
    """Do not learn from the understudy's own play; by default it does, behind the gate."""
    online_lr: LearningRate = 1e-5
    """Learning rate of online learning."""
    online_interval: Interval = 3.0
    """Seconds between two updates of online learning."""
    shadow_train: Annotated[Flag[bool], tyro.conf.arg(aliases=("--shadow",))] = False
    """You play, the understudy watches and learns; nothing is sent to the game."""
    save_recordings: Flag[bool] = False
    """Record the session, for training and for understudy watch."""
    shadow_lr: LearningRate = 1e-4
    """Learning rate of --shadow-train."""
    models: Annotated[
        Path,
        Output(
            kind="folder",
            when=lambda command: command.learns,
            remedy="play without learning (--no-online-learning, without --shadow-train)",
        ),
    ] = Path("models/v2")
    """Folder with the three trained policies. New weights that appear in it are taken over while playing."""
    out: Annotated[Path, Output(kind="folder", when=lambda command: command.save_recordings)] = Path("data/recordings")
    """Folder for recordings."""
    seed: Seed = 0
    """Decides the world, and the understudy's own chance."""
    map: str | None = None
    """Name of the map to begin on, 1-1 (safe) to 1-4 (dangerous); by default the seed draws one."""
    minutes: Minutes | None = None
    """End by itself after so many minutes of play; by default play until F3 or until the window is closed."""
    handback_delay_s: Annotated[Interval, tyro.conf.arg(aliases=["--hand-back-s"])] = 1.5
    """Seconds without touching mouse or keyboard after which the understudy plays again."""
    size: PictureSize = (1280, 720)
    """Width and height of the window in pixels."""
    critic_endpoint: Annotated[str | None, tyro.conf.arg(name="endpoint", aliases=("--critic-endpoint",))] = None
    """Base URL of an OpenAI-compatible server whose vision-language model reviews the play; by default OPENAI_BASE_URL
    where --critic-model is given, else a few offline rules review it. The API key is read from OPENAI_API_KEY only."""
    critic_model: str | None = None
    """Name of the model there."""
    critic_every: Annotated[float, Range(0.2, 3600.0)] = 3.0
    """Seconds between two reviews."""
    critic_calls: Annotated[Count, tyro.conf.arg(name="max-calls", aliases=("--critic-calls",))] = 2000
    """Maximum number of requests to the server."""
    no_critic: Flag[bool] = False
    """Review nothing; F2 and a number still record the mode that you would have chosen."""
    world: Literal["simulator", "desktop"] = "simulator"
    """The embedded game in a window of its own, or a game on your screen: then a real mouse is moved."""
    window: str | None = None
    """With --world desktop: title of the game's window; by default the one that its profile names."""
    model: DetectorWeights = None
    """With --world desktop: weights of the detector, such as best.pt or an .onnx file; by default the profile's own."""
    profile: str = "darkorbit"
    """With --world desktop: which game, the name of a profile or a path to one (.toml)."""
    device: Device = "auto"
    """With --world desktop: where the detector runs; auto takes the best that is installed and works."""
    hotkeys: str | None = None
    """With --world desktop: other keys than F1, F2, F3, such as "pause=f8 wrong=f9 stop=f10"."""
    video: Flag[bool] = False
    """With --world desktop and --save-recordings: record nothing at all rather than without pictures; by default they
    are recorded where it is possible."""
    no_video: Flag[bool] = False
    """With --save-recordings: keep no pictures."""
    video_encoder: EncoderName = "auto"
    """Which of PyAV's encoders; auto takes the first of libopenh264 and libvpx-vp9 that is there."""

    @property
    def learns(self) -> bool:
        """Whether something is learnt while it is played, and staged in the folder of the models."""
        return self.shadow_train or not (self.no_online_learning or self.test_mode)

    def __post_init__(self) -> None:
        on_screen = (self.window, self.model, self.profile, self.device)
        if self.world == "simulator" and on_screen != (None, None, "darkorbit", "auto"):
            raise ValueError(
                "--window, --detector, --profile and --device are for a game on the screen: add --world desktop"
            )
        if self.video and not (self.world == "desktop" and self.save_recordings):
            raise ValueError("--video is for recordings of a game on the screen: add --world desktop --save-recordings")
        self.video_choice  # noqa: B018  its check

    @property
    def video_choice(self) -> VideoChoice:
        """What the flags say of pictures."""
        return VideoChoice(insists=self.video, off=self.no_video, encoder=self.video_encoder)


def run(command: Run) -> int | None:
    """Plays until the end, and says how it went."""
    if command.shadow_train:
        from understudy.cli.live.shadow import run_shadow

        return run_shadow(command)
    from understudy.cli.live.assembly import LiveSettings, open_live
    from understudy.cli.live.desktop import desktop_choice, ending_by_signals
    from understudy.cli.show.terminal import Console

    console = Console(soft_wrap=True)
    console.print("Starting ...")
    _say_what_is_not_done(command, console)
    settings = LiveSettings(
        models=command.models,
        seed=command.seed,
        map=command.map,
        size=command.size,
        handback_delay_s=command.handback_delay_s,
        test_mode=command.test_mode,
        desktop=desktop_choice(command),
    )
    with ending_by_signals(), open_live(settings, console) as game:
        interrupted = _play(command, game, console)
    return EXIT_INTERRUPTED if interrupted else None


def _play(command: Run, game: "LiveGame", console: "Console") -> bool:
    """Plays and prints the summary, also after Ctrl-C or a lost screen; says whether it was Ctrl-C."""
    from understudy.cli.live.assembly import in_words, summary
    from understudy.cli.live.online_learning import online_learning
    from understudy.cli.live.reviewing import in_a_line, review_session
    from understudy.cli.live.unseen_outcomes import unseen_outcomes_notice
    from understudy.cli.live.video_choice import pictures_in_words
    from understudy.contract.errors import WorldError

    name = "test" if command.test_mode else "understudy"
    recorder = (
        game.recorder(command.out, f"{name}_recording", video=command.video_choice) if command.save_recordings else None
    )
    console.print(f"Playing with {in_words(game.identities)}.", highlight=False)
    keys = game.window.profile.our_keys.in_words("F1 pause, F2 that was wrong, F3 stop")
    console.print(f"{_charge(command)} {keys}{_corner(command)}.", highlight=False)
    profile = game.window.profile
    critic_choice, online_choice = _critic_of(command, profile), _online_of(command, profile)
    if notice := unseen_outcomes_notice(profile, *_needing_outcomes(command)):
        console.print(notice, highlight=False)
    interrupted, lost = False, None
    with review_session(game, critic_choice) as critic, online_learning(game, online_choice) as learners:
        listeners = [one for one in (recorder, critic, *learners) if one is not None]
        try:
            game.play(listeners, command.minutes)
        except KeyboardInterrupt:
            interrupted = True
        except WorldError as problem:
            lost = problem
    for line in summary(game):
        console.print(line, highlight=False)
    if not critic_choice.none or critic.critic.counts.by_person:
        console.print(in_a_line(critic), highlight=False)
    if recorder is not None:
        ended = f"Recorded: {recorder.path}" if recorder.failure is None else f"Recording ended: {recorder.failure}"
        console.print(ended, highlight=False)
        if recorder.video is not None:
            console.print(pictures_in_words(recorder.video.counts), highlight=False)
    if lost is not None:
        raise lost
    return interrupted


def _charge(command: Run) -> str:
    return "Nothing is sent; you can play." if command.test_mode else "Touch mouse or keyboard to take over."


def _corner(command: Run) -> str:
    thrown = command.world == "desktop" and not command.test_mode
    return ", or throw the mouse into a corner of the screen to stop" if thrown else ""


def _needing_outcomes(command: Run) -> list[str]:
    """What this command would do that needs outcomes, in words."""
    if command.test_mode:
        return []
    online, rules = not command.no_online_learning, not command.no_critic and not _asks_a_model(command)
    return ["online learning"] * online + ["the critic's offline rules"] * rules


def _asks_a_model(command: Run) -> bool:
    """Whether the critic is a vision-language model, which judges the picture; the offline rules judge the bars."""
    return command.critic_endpoint is not None or command.critic_model is not None


def _critic_of(command: Run, profile: "Profile") -> "CriticChoice":
    from understudy.cli.live.reviewing import CriticChoice

    return CriticChoice(
        endpoint=command.critic_endpoint,
        model=command.critic_model,
        every_s=command.critic_every,
        max_calls=command.critic_calls,
        none=command.no_critic or command.test_mode or not (profile.shows_outcomes or _asks_a_model(command)),
    )


def _online_of(command: Run, profile: "Profile") -> "OnlineChoice":
    from understudy.cli.live.online_learning import OnlineChoice

    return OnlineChoice(
        off=command.no_online_learning or command.test_mode or not profile.shows_outcomes,
        learning_rate=command.online_lr,
        interval_s=command.online_interval,
    )


def _say_what_is_not_done(command: Run, console: "Console") -> None:
    """One line for each thing that the guide promises of this command and this version does not do."""
    asked = (command.online_lr, command.online_interval) != (Run.online_lr, Run.online_interval)
    if asked and (command.no_online_learning or command.test_mode):
        console.print("--online-lr and --online-interval mean nothing where nothing is learnt online.")
    if command.shadow_lr != Run.shadow_lr:
        console.print("--shadow-lr means nothing without --shadow-train and is ignored.")
