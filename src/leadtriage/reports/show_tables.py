"""The parts of a lead's card as tables: the score's dimensions, the ledger, questions, nominations and the story."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from leadtriage.reports.history import Happening
from leadtriage.scoring.explain import Explanation, OpenQuestion
from leadtriage.scoring.nominating import NominatingLine
from leadtriage.tabular import Cell, Column, Table
from leadtriage.words import say_who

_LONGEST_TIER = 24
"""In characters: a tier of many words would hide the value that it stands beside."""


def name_lead(lead: Mapping[str, Any]) -> str:
    """Who a lead is in a few words: name and company, else how to reach it."""
    known = [lead[key] for key in ("name", "company") if lead[key]]
    return ", ".join(known) or lead["email"] or lead["phone"] or "No name"


def records(part: Table) -> list[dict[str, Cell]]:
    """The rows of a part as flat objects with its columns' keys."""
    return [{column.key: row[column.key] for column in part.columns} for row in part.rows]


def dimensions(explanation: Explanation) -> Table:
    """What each dimension of the score gives and could give, with a bar for the share of its maximum."""
    columns = (
        Column("dimension", "", keep=100),
        Column("share", "", keep=90, kind="bar", shown="share_shown"),
        Column("ceiling", "Could reach", keep=80, align="right"),
    )
    rows = tuple(
        {
            "dimension": total.dimension.value,
            "share": round(100 * total.points / total.max) if total.max else 0,
            "share_shown": f"{total.points} of {total.max}",
            "ceiling": total.ceiling,
        }
        for total in explanation.dimensions
    )
    return Table("Score by dimension", columns, rows)


def ledger(explanation: Explanation) -> Table:
    """Each criterion's line, and each cap's: the lines add up to the score and to what it could reach."""
    columns = (
        Column("dimension", "Dimension", keep=60),
        Column("criterion", "Criterion", keep=100),
        Column("field", "Field", keep=20),
        Column("value", "Value", keep=80, shown="value_shown"),
        Column("points", "Points", keep=99, align="right", shown="points_shown"),
        Column("ceiling", "Could reach", keep=90, align="right"),
        Column("known", "Answered", keep=40, shown="known_shown"),
    )
    rows = tuple(
        {
            "dimension": line.dimension.value,
            "criterion": line.criterion,
            "field": line.field,
            "value": line.value,
            "value_shown": say_value(line.value, line.tier),
            "points": line.points,
            "points_shown": f"{line.points:+}" if line.points else "0",
            "ceiling": line.ceiling,
            "known": line.known,
            "known_shown": {True: "yes", False: "no", None: " "}[line.known],
        }
        for line in explanation.ledger
    )
    return Table("Why this score", columns, rows)


def say_value(value: str | None, tier: str | None) -> str | None:
    """A value with the tier that it is in, where that says more."""
    if value is None or tier is None or tier == value or len(tier) > _LONGEST_TIER:
        return value
    return f"{value} ({tier})"


def add_total(part: Table, explanation: Explanation) -> Table:
    """The ledger as people read it: with its sum, without the names that only rules use."""
    total: dict[str, Cell] = dict.fromkeys((column.key for column in part.columns), None)
    total |= {
        # The criterion is what a narrow terminal keeps longest.
        "criterion": "total",
        "points": explanation.score,
        "points_shown": str(explanation.score),
        "ceiling": explanation.ceiling,
        "known_shown": f"{explanation.known:.0%}",
    }
    return without(replace(part, rows=(*part.rows, total)), "field")


def without(part: Table, key: str) -> Table:
    """A part without one of its columns, which only scripts need."""
    return replace(part, columns=tuple(column for column in part.columns if column.key != key))


def questions(asked: Iterable[OpenQuestion]) -> Table:
    """What to ask next, the answer that could give most first."""
    columns = (
        Column("criterion", "Criterion", keep=60),
        Column("ask", "Question", keep=100),
        Column("gain", "Up to", keep=90, align="right", shown="gain_shown"),
        Column("reaches_grade", "Grade", keep=80, kind="grade"),
    )
    rows = tuple(
        {
            "criterion": question.criterion,
            "ask": question.ask,
            "gain": question.gain,
            "gain_shown": f"+{question.gain}",
            "reaches_grade": str(question.reaches_grade) if question.reaches_grade else None,
        }
        for question in asked
    )
    return Table("What to ask next", columns, rows)


def put_off(questions: Iterable[OpenQuestion]) -> Table:
    """What the lead could not answer yet, and when to ask again."""
    columns = (
        Column("criterion", "Criterion", keep=60),
        Column("ask", "Question", keep=100),
        Column("again_on", "Ask again on", keep=90),
    )
    rows = tuple(
        {"criterion": question.criterion, "ask": question.ask, "again_on": question.again_on} for question in questions
    )
    return Table("Not known yet", columns, rows)


def nominations(lines: Sequence[NominatingLine]) -> Table:
    """Everything that says the lead is junk."""
    columns = (
        Column("reason", "Reason", keep=90),
        Column("text", "Why", keep=100),
        Column("by", "By", keep=80, shown="by_shown"),
    )
    rows = tuple(
        {"reason": line.reason, "text": line.text, "by": line.by, "by_shown": say_who(line.by)} for line in lines
    )
    return Table("Junk candidate, because", columns, rows)


def duplicates(leads: Iterable[Mapping[str, Any]]) -> Table:
    """The leads that may be the same one."""
    columns = (
        Column("id", "Id", keep=100, align="right"),
        Column("name", "Name", keep=90),
        Column("company", "Company", keep=70),
        Column("email", "E-mail", keep=60),
        Column("evidence", "Because", keep=95),
    )
    return Table("Likely duplicates", columns, tuple(leads))


def story(happenings: Iterable[Happening]) -> Table:
    """What happened, the earliest first."""
    columns = (
        Column("at", "At", keep=90),
        Column("by", "By", keep=60, shown="by_shown"),
        Column("kind", "Kind", keep=20),
        Column("text", "What happened", keep=100),
    )
    rows: list[dict[str, Cell]] = [
        {"at": line.at, "by": line.by, "by_shown": say_who(line.by), "kind": line.kind, "text": line.text}
        for line in happenings
    ]
    return Table("Story", columns, tuple(rows))


def extra_columns(extras: Iterable[tuple[str, str]]) -> Table:
    """What the files said besides, under their own headers."""
    columns = (Column("column", "Column", keep=100), Column("value", "Value", keep=99))
    return Table("Other columns", columns, tuple({"column": header, "value": value} for header, value in extras))
