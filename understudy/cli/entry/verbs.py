"""The table of verbs, in groups, with their summaries; importing it imports no verb."""

GROUPS: dict[str, dict[str, tuple[str, str, str]]] = {
    "play": {
        "demo": ("understudy.cli.demo", "Demo", "Run the whole cycle: record, train, play, report."),
        "play": ("understudy.cli.play", "Play", "Play the embedded game yourself."),
        "run": ("understudy.cli.live.run", "Run", "Let the policies play live; you may take over."),
        "watch": ("understudy.cli.watch", "Watch", "Show a recording in a window, or write a video."),
    },
    "learn": {
        "record": ("understudy.cli.record", "Record", "Record the scripted teacher, or you on the desktop."),
        "recordings": (
            "understudy.cli.recordings",
            "Recordings",
            "List, check, repair and export recordings.",
        ),
        "train": ("understudy.cli.train", "Train", "Train the three policies from recordings."),
        "finetune": ("understudy.cli.finetune", "Finetune", "Fine-tune the policies on corrections."),
        "practise": ("understudy.cli.practise", "Practise", "Train the Executor by PPO in many games at once."),
        "critic": ("understudy.cli.feedback", "Critic", "Test a reviewer, or collect its corrections."),
        "corrections": ("understudy.cli.corrections", "Corrections", "List, show and edit corrections."),
    },
    "judge": {
        "evaluate": ("understudy.cli.evaluate", "Evaluate", "Compare policies with teacher and baselines."),
        "doctor": ("understudy.cli.doctor", "Doctor", "Diagnose recordings, or the desktop."),
    },
    "weights": {
        "gate": ("understudy.cli.gate", "Gate", "Test a candidate; promote it if it is surely better."),
        "weights": ("understudy.cli.weights.verb", "Weights", "promote, rollback, manner, history of what plays."),
        "export": ("understudy.cli.weights.export", "Export", "Write the policies for other programs to play."),
        "import": ("understudy.cli.weights.import_folder", "Import", "Read an exported folder back."),
    },
    "tools": {
        "new-game": ("understudy.cli.new_game.verb", "NewGame", "Teach it a game of yours, step by step."),
        "studio": ("understudy.cli.studio.verb", "Studio", "Open a local web page: recordings, training, gate."),
        "detector": ("understudy.cli.detector", "Detector", "Train, convert and try object detectors."),
        "profile": ("understudy.cli.profile", "Profile", "Describe another game, or check its description."),
        "completion": ("understudy.cli.entry.completion", "Completion", "Print the completion script of your shell."),
    },
}
"""Group -> verb -> the module that holds it, its dataclass (or union of dataclasses) there, and its summary. The
module's `run` takes that dataclass."""

VERBS: dict[str, tuple[str, str]] = {
    verb: (module, name) for verbs in GROUPS.values() for verb, (module, name, _) in verbs.items()
}
ALIASES: dict[str, tuple[str, str]] = {word: ("weights", word) for word in ("promote", "rollback", "manner", "history")}
"""Earlier verb -> the verb and subcommand that replaced it; both are accepted."""


def help_lines() -> list[str]:
    """Returns the lines of `understudy --help`, within 80 columns."""
    lines = ["usage: understudy VERB [--help] [FLAGS]", ""]
    lines += ["Learns to play a real-time mouse-and-keyboard game by watching one person play.", ""]
    for group, verbs in GROUPS.items():
        lines.append(group)
        lines += [f"  {verb:<12} {summary}" for verb, (_, _, summary) in verbs.items()]
    replaced = ", ".join(ALIASES)
    lines += ["", f"Earlier spellings of understudy weights ...: {replaced}."]
    lines += ["Every verb takes --help, and --debug for a detailed log.", "understudy --version prints the version."]
    return lines
