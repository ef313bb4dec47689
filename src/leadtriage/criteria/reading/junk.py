"""Reads the section `junk`: when a low score counts, and the lines that nominate whatever the score."""

from __future__ import annotations

import re
from decimal import Decimal

from leadtriage.criteria.describe import describe_condition, tell_apart
from leadtriage.criteria.model import Condition, Disqualifier, JunkRules
from leadtriage.criteria.reading.conditions import GROUPS, read_condition
from leadtriage.criteria.reading.mistakes import Mistakes, list_names
from leadtriage.criteria.reading.score import MOST_POINTS
from leadtriage.criteria.reading.values import (
    read_block,
    read_decimal,
    read_each,
    read_whole_number,
    show,
)
from leadtriage.criteria.reading.yaml_nodes import YamlMapping, YamlNode, YamlScalar

DEFAULT_JUNK = JunkRules(below=0, known=Decimal("0.6"))
REASON_PATTERN = "[a-z][a-z0-9]*(_[a-z0-9]+)*"
LONGEST_REASON = 40


def read_junk(node: YamlNode, mistakes: Mistakes) -> JunkRules:
    """Return the rules; `below` is 0 and `known` 0.6 where they are not given."""
    entries = read_block(node, mistakes, what="junk", allowed=("below", "known", "disqualify")) or {}
    below: int | None = DEFAULT_JUNK.below
    known: Decimal | None = DEFAULT_JUNK.known
    if "below" in entries:
        limit = 5 * MOST_POINTS
        below = read_whole_number(entries["below"], mistakes, what="junk: below", low=-limit, high=limit)
    if "known" in entries:
        known = read_decimal(entries["known"], mistakes, what="junk: known", low=Decimal(0), high=Decimal(1))
    disqualify: tuple[Disqualifier, ...] = ()
    if "disqualify" in entries:
        lines = read_each(
            entries["disqualify"], mistakes, lambda item: _read_disqualifier(item, mistakes), what="disqualify"
        )
        disqualify = tell_apart(lines)
    return JunkRules(below or 0, known if known is not None else DEFAULT_JUNK.known, disqualify)


def _read_disqualifier(node: YamlNode, mistakes: Mistakes) -> Disqualifier | None:
    if not isinstance(node, YamlMapping):
        mistakes.add(node.place, f"disqualify: found {show(node)}, expected a block with reason and when")
        return None
    reason = None
    if "reason" in node.entries:
        reason = _read_reason(node.entries["reason"], mistakes)
    else:
        mistakes.add(node.place, "disqualify: the key reason is missing")
    condition = _read_its_condition(node, mistakes)
    if reason is None or condition is None:
        return None
    return Disqualifier(reason, condition, describe_condition(condition), node.place.line)


def _read_its_condition(node: YamlMapping, mistakes: Mistakes) -> Condition | None:
    if "when" not in node.entries:
        misplaced = [key for key in GROUPS if key in node.entries]
        if misplaced:
            mistakes.add(
                node.key_places[misplaced[0]], f"disqualify: {misplaced[0]} cannot stand here; put it under when:"
            )
            return None
        return read_condition(node, mistakes, what="disqualify", besides=("reason", "when"))
    others = [key for key in node.entries if key not in ("reason", "when")]
    if others:
        mistakes.add(
            node.key_places[others[0]],
            f"disqualify: {list_names(others, last='and')} beside when, expected reason and when alone",
        )
    return read_condition(node.entries["when"], mistakes, what="when")


def _read_reason(node: YamlNode, mistakes: Mistakes) -> str | None:
    text = node.text if isinstance(node, YamlScalar) else ""
    if re.fullmatch(REASON_PATTERN, text) and len(text) <= LONGEST_REASON:
        return text
    near = re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")
    write = f"; write {near}" if re.fullmatch(REASON_PATTERN, near) and len(near) <= LONGEST_REASON else ""
    mistakes.add(
        node.place, f"reason: found {show(node)}, expected small letters, digits and underscores, as in no_fit{write}"
    )
    return None
