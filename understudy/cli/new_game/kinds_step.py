"""Step `kinds`: a person names what was found, gives roles, merges and throws away; then the profile has it all."""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from understudy.contract.errors import FlagError
from understudy.contract.game.readings import GaugeRole
from understudy.contract.observation import Role
from understudy.perception.discovery.discovered import NO_GAUGE, Discovery, FoundBar, FoundKind
from understudy.perception.discovery.edits import merge_kinds, name_bar, name_kind, throw_away
from understudy.perception.discovery.suggestions import ROLES, USUAL_VALUE, facts_of, role_for, value_for
from understudy.policies.click_semantics import MAX_KINDS

if TYPE_CHECKING:
    from understudy.cli.new_game.dialogue import Dialogue
    from understudy.cli.new_game.game_folder import GameFolder
    from understudy.cli.new_game.verb import NewGame
    from understudy.contract.profile import Profile
    from understudy.recordings.episode import Episode

GAUGE_ROLES = tuple(role.name for role in GaugeRole)


def name_kinds(command: "NewGame", folder: "GameFolder", dialogue: "Dialogue") -> int:
    """Asks about each kind and bar, and writes discovery and profile.

    Raises:
        FlagError: if no kind is left.
        WireError: if the discovery cannot be read.
    """
    from understudy.cli.new_game.play_step import amount_of, play_of
    from understudy.cli.show.output_file import write_output
    from understudy.contract.toml_writer import to_toml
    from understudy.perception.discovery.discovered_profile import to_profile
    from understudy.perception.discovery.discovery_files import CONTACT_SHEET, read_discovery, write_description
    from understudy.worlds.catalog import load_profile

    discovery = read_discovery(folder.discovery)
    dialogue.say(f"{folder.discovery / CONTACT_SHEET} shows everything that was found; look at it.")
    dialogue.say(f"An answer is NAME:ROLE:VALUE, with ROLE one of {', '.join(ROLES)}, or - to throw it away, or =3 to")
    dialogue.say("say that it is the same as kind 3. Enter takes what stands in brackets.")
    for kind in discovery.kept:
        discovery = dialogue.ask(
            about_kind(kind, discovery), _reader_of_kind(discovery, kind), suggested=suggestion_for(kind)
        )
        write_description(folder.discovery, discovery)  # after each answer: leaving loses none
    discovery, too_many = without_the_least_clicked(discovery)
    if too_many:
        write_description(folder.discovery, discovery)
        dialogue.say(
            f"The policies have places for {MAX_KINDS} kinds, so the least clicked are thrown away: "
            f"{', '.join(kind.shown_name for kind in too_many)}. To keep one of them, merge others that look alike "
            "(studio, page Kinds, takes them back), then --again kinds."
        )
    if discovery.bars:
        dialogue.say(f"An answer about a bar is NAME or NAME:ROLE, ROLE one of {', '.join(GAUGE_ROLES)};")
        dialogue.say("hp is VITAL, shield DANGER and others PLAIN where no role stands; - if it shows none of yours.")
    for number, bar in enumerate(discovery.bars):
        place = f"{_pixels(bar.area.left, bar.area.top, discovery)} to "
        place += _pixels(bar.area.left + bar.area.width, bar.area.top + bar.area.height, discovery)
        discovery = dialogue.ask(
            f"A bar from {place} that fills {bar.fills}: what does it show of you, such as hp, shield or fuel?",
            _reader_of_bar(discovery, number),
            suggested=suggestion_for_bar(bar),
        )
        write_description(folder.discovery, discovery)
    base, episodes = load_profile(str(folder.profile)), play_of(folder)
    profile = to_profile(discovery, replace(base, keys=_keys_of(episodes, base)))
    write_output(folder.profile, to_toml(profile).encode("utf-8"))
    minutes, _ = amount_of(episodes)
    rare = [kind.shown_name for kind in discovery.kept if kind.num_sightings < 20]
    advice = f" Seldom seen, so play more where they are: {', '.join(rare)}." if rare else ""
    if dialogue.unattended and len(discovery.kept) > 1:
        advice += " Those that look the same you merge: --again kinds and =NUMBER, or page Kinds of the studio."
    folder.finish(
        "kinds",
        f"{len(profile.kinds)} kinds in {minutes:.1f} minutes: {', '.join(kind.name for kind in profile.kinds)}; "
        f"keys: {', '.join(profile.keys) or 'none'}.{advice}",
    )
    return 0


def without_the_least_clicked(discovery: Discovery) -> tuple[Discovery, tuple[FoundKind, ...]]:
    """Throws away the kinds that the policies have no place for, the least clicked, and of those the least seen.

    Returns:
        The changed discovery, and what was thrown away.
    """
    by_use = sorted(discovery.kept, key=lambda kind: (kind.num_clicks, kind.num_sightings))
    too_many = tuple(by_use[: max(0, len(by_use) - MAX_KINDS)])
    for kind in too_many:
        discovery = throw_away(discovery, kind.id)
    return discovery, too_many


def about_kind(kind: FoundKind, discovery: Discovery) -> str:
    """Returns what is known of a kind, in one line."""
    return f"Kind {kind.id} ({kind.tile}): {', '.join(facts_of(kind, discovery))}. What is it?"


def suggestion_for(kind: FoundKind) -> str:
    """Returns the answer that keeps a kind as it is, with the role that its behaviour suggests."""
    return f"{kind.shown_name}:{role_for(kind).name}:{value_for(kind):g}"


def answered(discovery: Discovery, kind: FoundKind, text: str) -> Discovery:
    """Returns the discovery after one answer about a kind.

    Raises:
        FlagError: if the answer cannot be understood; the message says what was expected.
    """
    if text == "-":
        return throw_away(discovery, kind.id)
    if text.startswith("="):
        if not text[1:].isdigit():
            raise FlagError(f"{text!r} was given where = and the number of a kind was expected, such as =3.")
        return merge_kinds(discovery, kind.id, int(text[1:]))
    name, _, rest = text.partition(":")
    word, _, value = rest.partition(":")
    if word.upper() not in ROLES:
        raise FlagError(f"{text!r} was given where NAME:ROLE:VALUE was expected, ROLE one of {', '.join(ROLES)}.")
    role = Role[word.upper()]
    try:
        points = float(value) if value else USUAL_VALUE.get(role, 0.0)
        return name_kind(discovery, kind.id, name, role, points)
    except ValueError:
        raise FlagError(f"{value!r} was given where the points for a {name} were expected, such as 1.") from None


def suggestion_for_bar(bar: FoundBar) -> str:
    """Returns the answer that keeps a bar as it is."""
    return "-" if bar.chosen_gauge is None else bar.chosen_gauge + ("" if bar.role is None else f":{bar.role.name}")


def answered_bar(discovery: Discovery, number: int, text: str) -> Discovery:
    """Returns the discovery after one answer about a bar.

    Raises:
        FlagError: if the answer cannot be understood; the message says what was expected.
    """
    if text == "-":
        return name_bar(discovery, number, NO_GAUGE)
    name, colon, word = text.partition(":")
    if colon and word.upper() not in GAUGE_ROLES:
        raise FlagError(f"{text!r} was given where NAME:ROLE was expected, ROLE one of {', '.join(GAUGE_ROLES)}.")
    return name_bar(discovery, number, name, GaugeRole[word.upper()] if colon else None)


def _reader_of_kind(discovery: Discovery, kind: FoundKind) -> Callable[[str], Discovery]:
    return lambda text: answered(discovery, kind, text)


def _reader_of_bar(discovery: Discovery, number: int) -> Callable[[str], Discovery]:
    return lambda text: answered_bar(discovery, number, text)


def _pixels(x: float, y: float, discovery: Discovery) -> str:
    return f"{x * discovery.frame_width:.0f}, {y * discovery.frame_height:.0f}"


def _keys_of(episodes: "list[Episode]", profile: "Profile") -> tuple[str, ...]:
    """Returns the keys that were given by flag, else those that were pressed while the game was recorded."""
    from understudy.contract.profile import KEY_BITS
    from understudy.recordings.key_selection import used_keys

    if not episodes or any(len(episode.info.profile.keys) < KEY_BITS for episode in episodes):
        return profile.keys
    used = used_keys(episodes)
    return (*used, *(key for key in profile.click_keys if key not in used))
