"""The review of likely duplicates: both leads side by side, to merge or to keep apart."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from string import ascii_lowercase, digits
from typing import Any

from sqlalchemy import Connection, select

from leadtriage.actions import compare_leads, keep_apart, merge_leads
from leadtriage.cli.framework.context import Context, Printer
from leadtriage.cli.framework.options import Selection
from leadtriage.cli.framework.terminal import require_terminal
from leadtriage.cli.review.session import Review, Reviewer, Step, hold_at_terminal
from leadtriage.core.errors import LeadtriageError
from leadtriage.core.tables import Card, Cell, Column, Table
from leadtriage.core.text import format_count
from leadtriage.db import Lead, reading, table
from leadtriage.matching import LikelyPair
from leadtriage.reports.lists import FieldChoice, build_pair_card, find_filtered_pairs
from leadtriage.reports.query import explain_if_empty

BY_OPTION = "merge two leads with `leadtriage duplicates --merge LEAD LEAD`, or keep them apart with --apart"
_MERGED, _APART = "merged", "kept apart"
_FIELD_KEYS = digits[1:] + "".join(letter for letter in ascii_lowercase if letter not in "mkwsuq")


@dataclass(slots=True)
class PairItem:
    """A pair on the screen, with what the reviewer chose so far.

    Attributes:
        ids: the lead that stays, then the other.
        toggled: the fields that take the other value.
        choices: the fields that differ.
    """

    place: int
    pair: LikelyPair
    ids: tuple[int, int]
    toggled: set[str] = field(default_factory=set)
    leads: dict[int, dict[str, Any]] = field(default_factory=dict)
    choices: list[FieldChoice] = field(default_factory=list)


class PairReview(Review[PairItem, str]):
    """Reviews likely duplicates."""

    question = "[m]erge [k]eep apart [w]inner is the other [s]kip [u]ndo [q]uit [?] > "
    last_question = "that was the last pair: [u]ndo, [q]uit > "
    help = (
        "m  merge: the lead on the left stays, each field with the value marked *",
        "1  a number or letter takes the other value of its field",
        "w  the lead on the right stays instead",
        "k  keep apart: they are two leads, and are never listed again",
        "s  skip; u  undo the last step of this review; q  quit: decisions are stored already",
    )

    def __init__(self, reviewer: Reviewer, pairs: Sequence[LikelyPair]) -> None:
        super().__init__(reviewer, len(pairs))
        self._pairs = tuple(pairs)
        self._item: PairItem | None = None

    def read(self) -> PairItem | None:
        """Read both leads; None if one was merged or removed meanwhile."""
        pair = self._pairs[self.place]
        if self._item is None or self._item.place != self.place:
            self._item = PairItem(self.place, pair, (pair.lead_id, pair.other_lead_id))
        item = self._item
        with reading(self.reviewer.engine) as connection:
            item.leads = _read_visible(connection, item.ids)
            if len(item.leads) < 2:
                return None
            found = compare_leads(connection, *(item.leads[lead_id] for lead_id in item.ids))
        other = {item.ids[0]: item.ids[1], item.ids[1]: item.ids[0]}
        item.choices = [
            FieldChoice(key, one.field, one.mine, one.its, other[one.newer] if one.field in item.toggled else one.newer)
            for key, one in zip(_FIELD_KEYS, found, strict=False)
        ]
        return item

    def build_card(self, item: PairItem) -> Card:
        """Both leads side by side."""
        left, right = item.ids
        return build_pair_card(item.pair, item.leads[left], item.leads[right], item.choices)

    def list_actions(self, item: PairItem) -> Mapping[str, Callable[[], None]]:
        """Merge, keep apart, swap the leads, or take the other value of a field."""

        def swap() -> None:
            item.ids, item.toggled = (item.ids[1], item.ids[0]), set()

        def toggle(name: str) -> Callable[[], None]:
            return lambda: item.toggled.symmetric_difference_update({name})

        fields = {choice.key: toggle(choice.field) for choice in item.choices}
        return {"m": lambda: self._merge(item), "k": lambda: self._keep_apart(item), "w": swap, **fields}

    def _merge(self, item: PairItem) -> None:
        chosen = {choice.field: choice.taken for choice in item.choices}
        reviewer = self.reviewer
        try:
            done = merge_leads(reviewer.engine, reviewer.criteria, reviewer.make_act(), *item.ids, chosen)
        except LeadtriageError as error:
            self.session.tell(f"not merged: {error}")
            return
        self.complete(Step(self.place, _MERGED, done.act))
        for sentence in (f"lead {item.ids[1]} merged into lead {item.ids[0]}", *done.warnings):
            self.session.tell(sentence)

    def _keep_apart(self, item: PairItem) -> None:
        reviewer = self.reviewer
        try:
            act = keep_apart(reviewer.engine, reviewer.criteria, reviewer.make_act(), *item.ids)
        except LeadtriageError as error:
            self.session.tell(f"not stored: {error}")
            return
        self.complete(Step(self.place, _APART, act))
        self.session.tell(f"leads {item.ids[0]} and {item.ids[1]} kept apart")

    def describe(self, step: Step[str]) -> str:
        """What was done."""
        return step.outcome or "skipped"

    def show_summary(self, printer: Printer) -> None:
        """Print how many pairs were merged, kept apart and skipped."""
        columns = (Column("done", "Done"), Column("pairs", "Pairs", align="right"))
        counts = self.count_outcomes()
        rows: tuple[dict[str, Cell], ...] = tuple(
            {"done": done or "skipped", "pairs": counts[done]} for done in (_MERGED, _APART, None) if counts[done]
        )
        printer.show(Table("Pairs", columns, rows))
        printer.note(f"{format_count(self.left, 'pair')} left")


def _read_visible(connection: Connection, ids: Sequence[int]) -> dict[int, dict[str, Any]]:
    lead = table(Lead)
    visible = select(lead).where(lead.c.id.in_(ids), lead.c.removed_by.is_(None), lead.c.merged_into.is_(None))
    return {row["id"]: dict(row) for row in connection.execute(visible).mappings()}


def review_pairs(context: Context, selection: Selection, least: float) -> None:
    """Review likely duplicates at the terminal.

    Raises:
        UsageError: there is no terminal.
    """
    require_terminal(BY_OPTION)
    filters = selection.filters(context.act().as_of)
    with context.database() as engine:
        with reading(engine) as connection:
            pairs = find_filtered_pairs(connection, filters, least)
            nothing = explain_if_empty(connection, Table("Likely duplicates", (), ()), filters)
        if not pairs:
            context.printer.show(nothing)
            return
        hold_at_terminal(context, engine, lambda reviewer: PairReview(reviewer, pairs[: selection.most]))
