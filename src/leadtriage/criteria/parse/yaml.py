"""Reads YAML into nodes with places that collect mistakes: YAML 1.2 scalars, no tags, equal keys or alias bombs."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Any

import yaml

from leadtriage.core.errors import CriteriaError

LONGEST_QUOTE = 60
MOST_NAMES_LISTED = 8


@dataclass(slots=True)
class Mistakes:
    """Collects the mistakes in a file, to report all of them at once."""

    found: list[tuple[Place, str]] = field(default_factory=list)

    def raise_if_any(self, file: str) -> None:
        """Raise one CriteriaError with each mistake once as `line:column: text`, in the order of the file."""
        ordered = dict.fromkeys(sorted(self.found, key=lambda mistake: mistake[0]))
        lines = tuple(f"{place.line}:{place.column}: {text}" for place, text in ordered)
        if lines:
            count = "a mistake" if len(lines) == 1 else f"{len(lines)} mistakes, each"
            raise CriteriaError(f"{count} at line:column", mistakes=lines, place=file)


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A position in the file; line and column count from 1."""

    line: int
    column: int
    mistakes: Mistakes = field(compare=False, repr=False)

    def report(self, text: str) -> None:
        """Add a mistake at this place: what was found, what was expected."""
        self.mistakes.found.append((self, text))


def quote(text: str) -> str:
    """Quote a text for a message: shortened, without control characters."""
    short = text if len(text) <= LONGEST_QUOTE else text[: LONGEST_QUOTE - 1] + "…"
    return '"' + "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in short) + '"'


def list_names(names: Iterable[str], *, last: str = "or") -> str:
    """Return the names as "a, b or c"."""
    listed = list(names)
    if len(listed) < 2:
        return "".join(listed)
    return f"{', '.join(listed[:-1])} {last} {listed[-1]}"


def expect_name(text: str, valid: Collection[str]) -> str:
    """Return the names expected instead of an unknown one: the nearest, all of them, or both if they are few."""
    near = suggest(text, valid)
    listed = f", expected {list_names(valid)}" if not near or len(valid) <= MOST_NAMES_LISTED else ""
    return listed + near


def suggest(text: str, valid: Collection[str]) -> str:
    """Return "; did you mean NAME?" for the nearest valid name, or an empty text."""
    by_lower = {name.lower(): name for name in valid}
    wanted = text.strip().lower()
    for form in (wanted, wanted.replace(" ", "_").replace("-", "_")):
        near = difflib.get_close_matches(form, by_lower, n=1)
        if near:
            return f"; did you mean {by_lower[near[0]]}?"
    return ""


DEEPEST_NESTING = 60
LONGEST_NUMBER = 30

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The C parser if PyYAML has it: most commands read the criteria at their start."""

_NOT_PRINTABLE = re.compile("[^\t\n\r\u0020-\u007e\u0085\u00a0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_WHOLE_NUMBER = re.compile(r"[-+]?[0-9]+")
_NUMBER = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]{1,3})?")
_CONSTANTS: dict[str, bool | None] = {
    "": None,
    "~": None,
    **dict.fromkeys(("null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}


@dataclass(frozen=True, slots=True)
class _Node:
    place: Place

    def report(self, text: str) -> None:
        """Add a mistake at this node: what was found, what was expected."""
        self.place.report(text)


@dataclass(frozen=True, slots=True)
class YamlScalar(_Node):
    """One value: its text as written, and its value in YAML 1.2."""

    text: str
    value: str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class YamlList(_Node):
    """A list of nodes."""

    items: tuple[YamlNode, ...]


@dataclass(frozen=True, slots=True)
class YamlMapping(_Node):
    """Keys with their nodes and their places, in the order of the file."""

    entries: dict[str, YamlNode]
    key_places: dict[str, Place]


YamlNode = YamlScalar | YamlList | YamlMapping


@dataclass(slots=True)
class _Open:
    """An unfinished list or mapping; `size` counts its content with aliases expanded."""

    place: Place
    anchor: str | None
    is_mapping: bool
    size: int = 1
    items: list[YamlNode] = field(default_factory=list)
    entries: dict[str, YamlNode] = field(default_factory=dict)
    key_places: dict[str, Place] = field(default_factory=dict)
    key: YamlScalar | None = None

    def close(self) -> YamlNode:
        if self.is_mapping:
            return YamlMapping(self.place, self.entries, self.key_places)
        return YamlList(self.place, tuple(self.items))


class _Stop(Exception):
    """Stops reading after a reported mistake."""


def read_yaml(text: str, mistakes: Mistakes) -> YamlNode | None:
    """Return the root of the only document, or None if there is none or it cannot be read.

    Collects mistakes and raises none. Work and memory are bounded by the length of the text: nesting is limited, and
    aliases cannot expand to more than the text.
    """
    strange = _NOT_PRINTABLE.search(text)
    if strange:
        line = text.count("\n", 0, strange.start()) + 1
        column = strange.start() - text.rfind("\n", 0, strange.start())
        Place(line, column, mistakes).report(
            f"the character U+{ord(strange[0]):04X} is not allowed in YAML; save the file as plain UTF-8 text"
        )
        return None
    builder = _Builder(mistakes, len(text))
    try:
        for event in yaml.parse(text, Loader=_LOADER):
            builder.take(event)
    except _Stop:
        return None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = Place(mark.line + 1, mark.column + 1, mistakes) if mark else Place(1, 1, mistakes)
        place.report(f"invalid YAML: {_explain_syntax(error, text, place)}")
        return None
    except yaml.YAMLError as error:
        Place(1, 1, mistakes).report(f"invalid YAML: {error}")
        return None
    return builder.root


class _Builder:
    """Builds nodes from the parser's events without recursion."""

    def __init__(self, mistakes: Mistakes, text_length: int) -> None:
        self.root: YamlNode | None = None
        self._mistakes = mistakes
        self._allowed_expansion = text_length
        self._documents = 0
        self._open: list[_Open] = []
        self._anchors: dict[str, tuple[YamlNode, int] | None] = {}

    def take(self, event: yaml.Event) -> None:
        if isinstance(event, yaml.ScalarEvent):
            self._check_tag(event)
            node = _resolve(event, self._place_of(event))
            self._finish(node, len(node.text) + 1, event.anchor)
        elif isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
            self._check_tag(event)
            self._begin(event)
        elif isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
            ended = self._open.pop()
            self._finish(ended.close(), ended.size, ended.anchor)
        elif isinstance(event, yaml.AliasEvent):
            self._expand(event)
        elif isinstance(event, yaml.DocumentStartEvent):
            self._documents += 1
            if self._documents > 1:
                self._stop(self._place_of(event), "a second document starts here; the file holds only one")

    def _place_of(self, event: Any) -> Place:
        return Place(event.start_mark.line + 1, event.start_mark.column + 1, self._mistakes)

    def _stop(self, place: Place, text: str) -> None:
        place.report(text)
        raise _Stop

    def _check_tag(self, event: Any) -> None:
        if event.tag is not None:
            self._place_of(event).report(
                f"the tag {quote(event.tag)} is not allowed; write the plain value, text in quotes if need be"
            )

    def _begin(self, event: Any) -> None:
        place = self._place_of(event)
        if len(self._open) >= DEEPEST_NESTING:
            self._stop(place, f"found more than {DEEPEST_NESTING} nested levels, expected fewer")
        if event.anchor is not None:
            self._anchors[event.anchor] = None
        self._open.append(_Open(place, event.anchor, isinstance(event, yaml.MappingStartEvent)))

    def _expand(self, event: Any) -> None:
        place = self._place_of(event)
        if event.anchor not in self._anchors:
            self._stop(place, f"the alias *{event.anchor} has no anchor &{event.anchor} above it")
        target = self._anchors[event.anchor]
        if target is None:
            self._stop(place, f"the alias *{event.anchor} is inside the block that it repeats")
        else:
            node, size = target
            self._allowed_expansion -= size
            if self._allowed_expansion < 0:
                self._stop(place, "the aliases up to here repeat more than the whole file holds; write it out")
            self._finish(node, size, None)

    def _finish(self, node: YamlNode, size: int, anchor: str | None) -> None:
        if anchor is not None:
            self._anchors[anchor] = (node, size)
        if not self._open:
            self.root = node
            return
        parent = self._open[-1]
        parent.size += size
        if not parent.is_mapping:
            parent.items.append(node)
        elif parent.key is None:
            parent.key = self._read_key(node, parent)
        else:
            parent.entries.setdefault(parent.key.text, node)
            parent.key = None

    def _read_key(self, node: YamlNode, parent: _Open) -> YamlScalar:
        if not isinstance(node, YamlScalar):
            node.report("found a list or a block as a key, expected a plain word")
            return YamlScalar(node.place, "", None)
        first = parent.key_places.get(node.text)
        if first is None:
            parent.key_places[node.text] = node.place
        else:
            node.report(f"duplicate key {quote(node.text)}, first on line {first.line}")
        return node


def _resolve(event: Any, place: Place) -> YamlScalar:
    """Return the scalar as the core schema of YAML 1.2.2 (section 10.3.2) reads it, without 0o and 0x forms."""
    text: str = event.value
    plain = event.style is None or event.style == ""
    if not plain or len(text) > LONGEST_NUMBER:
        return YamlScalar(place, text, text)
    if text in _CONSTANTS:
        return YamlScalar(place, text, _CONSTANTS[text])
    if _WHOLE_NUMBER.fullmatch(text):
        return YamlScalar(place, text, int(text))
    if _NUMBER.fullmatch(text):
        return YamlScalar(place, text, float(text))
    return YamlScalar(place, text, text)


def _explain_syntax(error: yaml.MarkedYAMLError, text: str, place: Place) -> str:
    lines = text.splitlines()
    line = lines[place.line - 1] if place.line <= len(lines) else ""
    if "\t" in line[: max(place.column, len(line) - len(line.lstrip()))]:
        return "found a tab; indent with spaces"
    problem = " ".join(part for part in (error.context, error.problem) if part)
    if error.problem and "mapping values are not allowed" in error.problem:
        return f"{problem}; a text that holds a colon needs quotes, and keys of one block start in one column"
    return problem
