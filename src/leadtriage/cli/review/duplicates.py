"""Goes through likely duplicates pair by pair: shows both leads side by side, asks, stores the answer, and goes on.

Nothing of the database is open while a person thinks; what was decided stays, however the review ends.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from string import ascii_lowercase, digits
from typing import Any

from sqlalchemy import Engine, select

from leadtriage.actions import compare_leads, keep_apart, merge_leads
from leadtriage.cli.framework.command import end_with
from leadtriage.cli.framework.context import Invocation
from leadtriage.cli.framework.options import Selection
from leadtriage.cli.framework.terminal import RETURN, require_terminal
from leadtriage.cli.review.session import Session, TerminalSession, Walk, hold
from leadtriage.core.context import Act
from leadtriage.core.errors import LeadtriageError
from leadtriage.core.tables import Cell, Column, Table
from leadtriage.core.text import format_count
from leadtriage.criteria import Criteria
from leadtriage.db import Lead, reading, table
from leadtriage.matching import LikelyPair
from leadtriage.reports.lists import FieldChoice, build_pair_card, find_filtered_pairs
from leadtriage.reports.query import explain_if_empty

BY_OPTION = "to merge two leads: leadtriage duplicates --merge LEAD LEAD; to keep them apart: --apart LEAD LEAD"
QUESTION = "[m]erge [k]eep apart [w]inner is the other [s]kip [u]ndo [q]uit [?] > "
LAST_QUESTION = "that was the last pair: [u]ndo, [q]uit > "
HELP = (
    "m  merge them: the lead on the left stays, each field with the value marked *",
    "1  a number or letter takes the other value of its field",
    "w  the lead on the right stays instead",
    "k  keep apart: they are two, and nobody is asked again",
    "s  skip; u  take back the last thing done here; q  quit: what is done stays",
)
_COMMANDS = "mkwsuq?"
_FIELD_KEYS = digits[1:] + "".join(letter for letter in ascii_lowercase if letter not in _COMMANDS)
_MERGED, _APART, _SKIPPED = "merged", "kept apart", "skipped"


@dataclass(frozen=True, slots=True)
class PairStep:
    """What was done with a pair: its place, the word for it, and the act's number where something was stored."""

    place: int
    done: str
    act: int | None = None


class PairReview(Walk[PairStep]):
    """One person's way through the pairs."""

    def __init__(
        self,
        session: Session,
        engine: Engine,
        criteria: Criteria,
        make_act: Callable[[], Act],
        pairs: Sequence[LikelyPair],
    ) -> None:
        super().__init__(session, engine, criteria, make_act)
        self._pairs = tuple(pairs)

    def run(self) -> None:
        """Go on until the last pair is done or the person quits.

        Raises:
            EndOfInput, KeyboardInterrupt: the person left; what was stored stays so.
        """
        going_on = True
        while going_on:
            going_on = self._review_one() if self._place < len(self._pairs) else self._ask_whether_done()

    @property
    def left(self) -> int:
        """How many pairs nobody came to."""
        return len(self._pairs) - self._place

    def _ask_whether_done(self) -> bool:
        if not self.steps or self._session.ask_key(LAST_QUESTION, ("u", "q", RETURN)) != "u":
            return False
        self._undo()
        return True

    def _review_one(self) -> bool:
        """Show the pair whose turn it is and do what is said; whether to go on."""
        pair = self._pairs[self._place]
        ids = (pair.lead_id, pair.other_lead_id)
        toggled: set[str] = set()
        while True:
            with reading(self._engine) as connection:
                leads = _read_visible(connection, ids)
                found = [] if len(leads) < 2 else compare_leads(connection, leads[ids[0]], leads[ids[1]])
            if len(leads) < 2:
                # A merge has made it part of another pair, or somebody else was here in the meantime.
                self._place += 1
                return True
            choices = [
                FieldChoice(key, one.field, one.mine, one.its, _flip(one.newer, ids, flip=one.field in toggled))
                for key, one in zip(_FIELD_KEYS, found, strict=False)
            ]
            card = build_pair_card(pair, leads[ids[0]], leads[ids[1]], choices)
            self._session.show(card, f"{self._place + 1} of {len(self._pairs)}")
            by_key = {choice.key: choice.field for choice in choices}
            keys = (*_COMMANDS, *by_key)
            key = self._session.ask_key(QUESTION, keys)
            while key == "?":
                key = self._session.ask_key(QUESTION, keys, HELP)
            if key in by_key:
                toggled ^= {by_key[key]}
            elif key == "w":
                ids, toggled = (ids[1], ids[0]), set()
            else:
                return self._decide(key, ids, {choice.field: choice.taken for choice in choices})

    def _decide(self, key: str, ids: tuple[int, int], chosen: dict[str, int]) -> bool:
        if key == "m":
            self._merge(ids, chosen)
        elif key == "k":
            self._keep_apart(ids)
        elif key == "s":
            self._go_on(PairStep(self._place, _SKIPPED))
        elif key == "u":
            self._undo()
        return key != "q"

    def _merge(self, ids: tuple[int, int], chosen: dict[str, int]) -> None:
        try:
            done = merge_leads(self._engine, self._criteria, self._make_act(), *ids, chosen)
        except LeadtriageError as error:
            self._session.tell(f"not merged: {error}")
            return
        self._go_on(PairStep(self._place, _MERGED, done.act))
        for sentence in (f"lead {ids[1]} was merged into lead {ids[0]}", *done.warnings):
            self._session.tell(sentence)

    def _keep_apart(self, ids: tuple[int, int]) -> None:
        try:
            act = keep_apart(self._engine, self._criteria, self._make_act(), *ids)
        except LeadtriageError as error:
            self._session.tell(f"not stored: {error}")
            return
        self._go_on(PairStep(self._place, _APART, act))
        self._session.tell(f"leads {ids[0]} and {ids[1]} are kept apart")

    def _go_on(self, step: PairStep) -> None:
        self.steps.append(step)
        self._place += 1

    def _undo(self) -> None:
        last = self._take_back_last()
        if last is not None:
            self._session.tell("back to the one skipped" if last.act is None else f"taken back: {last.done}")


def review_pairs(invocation: Invocation, selection: Selection, least: float) -> None:
    """Hold a review at the terminal and show what it came to.

    Raises:
        UsageError: there is no terminal.
    """
    require_terminal(BY_OPTION)
    criteria = invocation.criteria()
    filters = selection.filters(invocation.act(criteria.timezone).as_of)
    with invocation.database() as engine:
        with reading(engine) as connection:
            pairs = find_filtered_pairs(connection, filters, least)
            nothing = explain_if_empty(connection, Table("Likely duplicates", (), ()), filters)
        if not pairs:
            invocation.show(nothing)
            return
        with TerminalSession() as session:
            chosen = pairs if selection.most is None else pairs[: selection.most]
            held = PairReview(session, engine, criteria, lambda: invocation.act(criteria.timezone), chosen)
            code = hold(held.run)
    _show_steps(invocation, held)
    end_with(code)


def _show_steps(invocation: Invocation, held: PairReview) -> None:
    counts = {word: sum(step.done == word for step in held.steps) for word in (_MERGED, _APART, _SKIPPED)}
    columns = (Column("done", "Done"), Column("pairs", "Pairs", align="right"))
    rows: tuple[dict[str, Cell], ...] = tuple({"done": word, "pairs": count} for word, count in counts.items() if count)
    invocation.show(Table("Pairs", columns, rows))
    invocation.note(f"{format_count(held.left, 'pair')} left")


def _read_visible(connection: Any, ids: Sequence[int]) -> dict[int, dict[str, Any]]:
    lead = table(Lead)
    shown = select(lead).where(lead.c.id.in_(ids), lead.c.removed_by.is_(None), lead.c.merged_into.is_(None))
    return {row["id"]: dict(row) for row in connection.execute(shown).mappings()}


def _flip(taken: int, ids: tuple[int, int], *, flip: bool) -> int:
    return (ids[1] if taken == ids[0] else ids[0]) if flip else taken
