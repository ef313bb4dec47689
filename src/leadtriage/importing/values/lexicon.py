"""The words that the readers of cells know, from words.toml, so that a language is added without touching code."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any


@cache
def _lexicon() -> Mapping[str, Any]:
    return tomllib.loads(files(__package__).joinpath("words.toml").read_text(encoding="utf-8"))


def words(room: str, name: str) -> frozenset[str]:
    """Return a list of words.toml."""
    return frozenset(_lexicon()[room][name])


def word_groups(room: str, name: str) -> tuple[tuple[str, ...], ...]:
    """Return a list of lists of words.toml, in its order."""
    return tuple(tuple(group) for group in _lexicon()[room][name])


def group_of_word(room: str, name: str) -> dict[str, str]:
    """Return, of a table of lists of words.toml, in which list each word stands."""
    return {word: group for group, members in _lexicon()[room][name].items() for word in members}


def packaged_lines(name: str) -> list[str]:
    """Return the lines of a data file of this package, without comments."""
    text = files(__package__).joinpath(name).read_text(encoding="utf-8")
    return [line for line in text.splitlines() if not line.startswith("#")]
