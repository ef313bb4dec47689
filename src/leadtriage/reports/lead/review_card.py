"""What a reviewer sees of a lead, in the order of the decision: who, why flagged, score, answers, history."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, select

from leadtriage.core.money import format_money
from leadtriage.core.tables import Card, Cell, Column, Table
from leadtriage.core.text import format_author, format_count, format_day
from leadtriage.core.vocabulary import EventKind, Stage
from leadtriage.criteria import Criteria
from leadtriage.db import Lead, LeadScore, table
from leadtriage.reports.lead.card import format_lead_name, format_tiered
from leadtriage.reports.lead.history import Happening, read_history
from leadtriage.reports.query import count_days, is_open
from leadtriage.scoring import (
    BY_THE_CRITERIA,
    Explanation,
    JunkLine,
    LedgerLine,
    OpenQuestion,
    explain_leads,
    find_junk_lines,
    grade_score,
)

_lead = table(Lead)
_score = table(LeadScore)

_SHOWN_IN_AUDIT = frozenset({EventKind.CREATED, EventKind.TOUCH, EventKind.OWNER})
"""The kinds of events that do not reveal anybody's opinion of the lead."""

_AT_ONCE = 10
"""How many leads to read at once: building the explaining statements takes longer than running them."""


@dataclass(frozen=True, slots=True)
class ReviewedLead:
    """A lead to review.

    Attributes:
        who: its name in a few words.
        card: what to show.
        lines: what flags it; none in an audit.
        questions: its unknown answers, the most valuable first.
    """

    lead_id: int
    who: str
    card: Card
    lines: tuple[JunkLine, ...]
    questions: tuple[OpenQuestion, ...]

    @property
    def likely_reason(self) -> str | None:
        """The reason of the first line that flags it."""
        return self.lines[0].reason if self.lines else None


def read_candidates(
    connection: Connection, criteria: Criteria, lead_ids: Sequence[int], as_of: date
) -> dict[int, ReviewedLead]:
    """Read junk candidates as a reviewer sees them, without those that no longer wait for a verdict."""
    statement = select(_lead).join_from(_lead, _score, _score.c.lead_id == _lead.c.id)
    rows = connection.execute(statement.where(_lead.c.id.in_(lead_ids), _score.c.candidate, is_open())).mappings()
    leads = {row["id"]: dict(row) for row in rows}
    lines = find_junk_lines(connection, criteria, leads, as_of)
    explained = explain_leads(connection, criteria, lines, as_of)
    return {
        lead_id: _build_review(
            leads[lead_id], criteria, explained[lead_id], as_of, lines[lead_id], read_history(connection, lead_id)
        )
        for lead_id in lines
    }


def read_audited(connection: Connection, criteria: Criteria, lead_id: int, as_of: date) -> ReviewedLead | None:
    """Read a lead as its second reviewer sees it, without any earlier opinion; None if it is no longer junk."""
    shown = (_lead.c.removed_by.is_(None), _lead.c.merged_into.is_(None), _lead.c.stage == Stage.JUNK.value)
    lead = connection.execute(select(_lead).where(_lead.c.id == lead_id, *shown)).mappings().first()
    if lead is None:
        return None
    story = [event for event in read_history(connection, lead_id) if event.kind in _SHOWN_IN_AUDIT]
    explanation = explain_leads(connection, criteria, [lead_id], as_of)[lead_id]
    return _build_review({**lead, "status": None, "stage": None}, criteria, explanation, as_of, (), story)


def read_lead_names(connection: Connection, lead_ids: Sequence[int]) -> list[str]:
    """Return the names of leads in the given order."""
    rows = connection.execute(select(_lead).where(_lead.c.id.in_(lead_ids))).mappings()
    names = {row["id"]: f"{format_lead_name(dict(row))} (lead {row['id']})" for row in rows}
    return [names[lead_id] for lead_id in lead_ids if lead_id in names]


def _build_review(
    lead: Mapping[str, Any],
    criteria: Criteria,
    explanation: Explanation,
    as_of: date,
    lines: Sequence[JunkLine],
    story: Sequence[Happening],
) -> ReviewedLead:
    questions = explanation.questions
    card = Card(
        title=f"{format_lead_name(lead)} (lead {lead['id']})",
        facts=tuple((label, value) for label, value in _list_facts(lead, as_of) if value is not None),
        tables=(
            _list_flags(lines),
            _pick_telling_lines(explanation, criteria, questions),
            _list_answers(explanation, criteria, questions),
            _list_history(story, as_of),
        ),
        record={},
    )
    return ReviewedLead(lead["id"], format_lead_name(lead), card, tuple(lines), questions)


def _list_facts(lead: Mapping[str, Any], as_of: date) -> Iterator[tuple[str, Cell]]:
    """The most telling facts first."""
    yield "Title", lead["title"]
    yield "E-mail", lead["email"]
    yield "Phone", lead["phone"]
    yield "Need", lead["need"]
    yield "Source", _join(lead["source"], lead["campaign"])
    yield "Owner", lead["owner"] or "none"
    yield "Came in", f"{format_day(lead['created_on'], as_of)}, {_format_ago(lead['created_on'], as_of)}"
    yield "Last contact", _format_last_contact(lead, as_of)
    yield "Industry", lead["industry"]
    yield "Employees", f"{lead['employees']:,}" if lead["employees"] is not None else None
    yield "Budget", format_money(lead["budget_amount"], lead["budget_currency"])
    yield "Decides on", format_day(lead["decides_on"], as_of) if lead["decides_on"] else None
    yield "Place", _join(lead["city"], lead["state"], lead["country"])
    yield "Status", lead["status"]
    yield "Stage", lead["stage"] if lead["stage"] != Stage.NEW else None
    yield "Revenue", format_money(lead["revenue_amount"], lead["revenue_currency"])
    yield "Website", lead["website"]
    yield "E-mail is", lead["email_kind"]


def _join(*texts: str | None) -> str | None:
    return ", ".join(text for text in texts if text) or None


def _format_ago(day: date, as_of: date) -> str:
    return f"{format_count(count_days(day, as_of), 'day')} ago"


def _format_last_contact(lead: Mapping[str, Any], as_of: date) -> str:
    last = lead["last_touch_on"]
    if last is None:
        return "not contacted (as far as recorded)"
    if lead["contact_dated"] is False:
        return "on an unknown day (by its status)" if lead["status"] else "on an unknown day"
    return f"{format_day(last, as_of)}, {_format_ago(last, as_of)}"


def _list_flags(lines: Sequence[JunkLine]) -> Table:
    columns = (Column("reason", "", keep=90), Column("text", "", keep=100))
    rows = tuple(
        {"reason": line.reason, "text": f"the criteria: {line.text}" if line.by == BY_THE_CRITERIA else line.text}
        for line in lines
    )
    return Table("Junk candidate, because", columns, rows)


def _pick_telling_lines(explanation: Explanation, criteria: Criteria, questions: Sequence[OpenQuestion]) -> Table:
    """Pick the ledger's lines, those that move the score most first, without those that are questions below."""
    columns = (
        Column("points", "", keep=100, align="right"),
        Column("criterion", "", keep=99),
        Column("value", "", keep=98, kind="line"),
    )
    asked = {question.criterion for question in questions}
    shown = [
        line
        for line in explanation.ledger
        if (line.points if line.known is None else line.known or line.criterion not in asked)
    ]
    rows = tuple(
        {
            "points": f"{line.points:+}" if line.points else "0" if line.known else "?",
            "criterion": line.criterion,
            "value": _format_value(line),
        }
        for line in sorted(shown, key=_weigh, reverse=True)
    )
    low = "?" if explanation.known < float(criteria.junk.known) - 1e-9 else ""
    sums = f"{explanation.score} points, potential {explanation.ceiling}, {explanation.known:.0%} known"
    return Table(f"Score: {sums}, grade {explanation.grade}{low}", columns, rows)


def _weigh(line: LedgerLine) -> int:
    return max(abs(line.points), 0 if line.known else line.ceiling - line.points)


def _format_value(line: LedgerLine) -> str | None:
    gain = line.ceiling - line.points
    if line.known is False:
        unknown = f"unknown, could give +{gain}" if gain else "unknown"
        return unknown if line.value is None else f"{unknown}: {line.value}"
    return format_tiered(line.value, line.tier)


def _list_answers(explanation: Explanation, criteria: Criteria, questions: Sequence[OpenQuestion]) -> Table:
    columns = (
        Column("gain", "", keep=100, align="right"),
        Column("grade", "", keep=99),
        Column("ask", "", keep=98, kind="line"),
    )
    rows = tuple(
        {
            "gain": f"+{question.gain}",
            "grade": f"to {question.reaches_grade}" if question.reaches_grade else None,
            "ask": question.ask,
        }
        for question in questions
    )
    best = grade_score(criteria, explanation.ceiling)
    lift = f"to {explanation.ceiling}{f', grade {best}' if best is not explanation.grade else ''}"
    return Table(f"Missing answers could lift it {lift}", columns, rows)


def _list_history(story: Sequence[Happening], as_of: date) -> Table:
    columns = (Column("at", "", keep=99), Column("by", "", keep=60), Column("text", "", keep=100, kind="line"))
    rows = tuple(
        {"at": format_day(event.at.date(), as_of), "by": format_author(event.by), "text": event.text}
        for event in reversed(story)
        if not event.repeats
    )
    return Table("History, the latest first", columns, rows)


_State = tuple[datetime, int, date]
"""When the lead last changed, its score run, and the day: the lead is read again if one of them changes."""


class ReadAhead:
    """Reads the candidates of a review in its order, several at a time."""

    def __init__(self, criteria: Criteria, lead_ids: Sequence[int]) -> None:
        self._criteria = criteria
        self._lead_ids = tuple(lead_ids)
        self._read: dict[int, tuple[_State, ReviewedLead]] = {}

    def read(self, connection: Connection, place: int, as_of: date) -> ReviewedLead | None:
        """Return the current lead at a place; None if it no longer waits for a verdict."""
        lead_id = self._lead_ids[place]
        now = _read_states(connection, [lead_id], as_of).get(lead_id)
        kept = self._read.get(lead_id)
        if now is None:
            return None
        if kept is not None and kept[0] == now:
            return kept[1]
        chosen = self._lead_ids[place : place + _AT_ONCE]
        states = _read_states(connection, chosen, as_of)
        leads = read_candidates(connection, self._criteria, chosen, as_of)
        self._read = {found: (states[found], leads[found]) for found in chosen if found in leads and found in states}
        return leads.get(lead_id)


def _read_states(connection: Connection, lead_ids: Sequence[int], as_of: date) -> dict[int, _State]:
    """Return the states of the leads that wait for a verdict."""
    rows = connection.execute(
        select(_lead.c.id, _lead.c.changed_at, _score.c.run_id)
        .join_from(_lead, _score, _score.c.lead_id == _lead.c.id)
        .where(_lead.c.id.in_(lead_ids), _score.c.candidate, is_open())
    )
    return {row.id: (row.changed_at, row.run_id, as_of) for row in rows}
