"""Where a lead would stand without a batch: the story of its stages told again from its history and the kept rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from leadtriage.importing.meanings import CLOSING, OPENING
from leadtriage.importing.rereading import Statement
from leadtriage.importing.restoring import is_taken_back, place_in_time
from leadtriage.importing.word_columns import NO_WORDS, Words, take_back
from leadtriage.vocabulary import OPEN_STAGES, EventKind, Stage, StatusMeaning

MOVES = (EventKind.CREATED, EventKind.STAGE)
"""The events that tell where a lead stands."""

TOLD_STAGES = (Stage.NURTURE, *CLOSING.values())
"""Where a lead comes in only where its file says so."""


def returns(old: str | None, new: str) -> bool:
    """Whether a lead comes back among those to work on."""
    return old is not None and old not in (Stage.NEW, Stage.WORKING) and new in (Stage.NEW, Stage.WORKING)


@dataclass(slots=True)
class Story:
    """Where a lead stands while its history is told again.

    Attributes:
        since: the day from which on it stands there; of a closed lead the day on which it closed.
        is_known: whether somebody told that day; else it is the import's.
        system: whose word it was; None where it was a person's.
        returned_on: the day on which it came back among those to work on.
        by_people: whether a person ever moved it.
        closings: the stages in which it was closed since then.
        words: the row of a file that said so.
    """

    stage: str = Stage.NEW
    since: date | None = None
    is_known: bool = True
    system: str | None = None
    returned_on: date | None = None
    by_people: bool = False
    closings: set[str] = field(default_factory=set)
    words: Words = NO_WORDS

    def move(self, stage: str, on: date, system: str | None, words: Words, *, is_known: bool) -> None:
        """Let it stand elsewhere from a day on."""
        if returns(self.stage, stage):
            self.returned_on = on
            self.closings.clear()
        self.stage, self.since, self.system, self.is_known, self.words = stage, on, system, is_known, words
        if stage not in OPEN_STAGES:
            self.closings.add(stage)


def came_in_elsewhere(line: Any, batch: int) -> bool:
    """Whether an event tells that a lead came in parked or closed, by an import that is taken back."""
    return line.kind == EventKind.CREATED and line.new in TOLD_STAGES and is_taken_back(line, batch)


def retell(history: Sequence[Any], statements: Sequence[Statement], batch: int, *, contacted: bool) -> Story:
    """The story without the batch: what remains moves the lead as `follow` would have, but for what people decided.

    How a lead came in counts as long as no import that stands tells of it.

    Args:
        contacted: whether a contact with which the lead came in still counts.
    """
    moves = [line for line in history if line.kind in MOVES]
    moving = {line.batch_id for line in moves}
    steps: list[tuple[Any, Any]] = [
        (place_in_time(line.recorded_at, line.batch_id, event=True), line)
        for line in moves
        if line.kind == EventKind.CREATED or not (line.retracted or is_taken_back(line, batch))
    ]
    steps += [
        (place_in_time(statement.recorded_at, statement.batch, event=False), statement)
        for statement in statements
        if statement.batch not in moving
    ]
    told_days = {statement.batch: statement.closed_on for statement in statements}
    words = {statement.batch: statement.words for statement in statements}
    story = Story()
    for _, step in sorted(steps, key=lambda each: each[0]):
        if isinstance(step, Statement):
            target = _follow(story, step)
            if target is not None:
                told = step.closed_on or step.said_on
                story.move(target, told, step.system, step.words, is_known=step.closed_on is not None)
            elif step.closed_on is not None and not story.is_known and _target(step) == story.stage:
                story.since, story.is_known = step.closed_on, True
        elif statements and came_in_elsewhere(step, batch):
            story.move(Stage.WORKING if contacted else Stage.NEW, step.at.date(), step.system, NO_WORDS, is_known=False)
        else:
            story.by_people = story.by_people or step.batch_id is None
            day = told_days.get(step.batch_id) if step.new not in OPEN_STAGES else None
            is_known = step.batch_id is None or day is not None
            said = words.get(step.batch_id, NO_WORDS)
            story.move(step.new, day or step.at.date(), step.system, said, is_known=is_known)
    return story


def _follow(story: Story, statement: Statement) -> str | None:
    """Where a statement that moved nothing in its time moves the lead now."""
    if story.by_people:
        return None
    target = _target(statement)
    ends = target not in OPEN_STAGES
    opens = (
        statement.meaning in OPENING
        and story.system == statement.system
        and take_back(story.words, statement.words, tuple(CLOSING))
    )
    passes_on = story.stage == Stage.CONVERTED and target in (Stage.WON, Stage.LOST)
    moves = (
        (ends and target not in story.closings and (story.stage in OPEN_STAGES or passes_on))
        or (target == Stage.NURTURE and story.stage in (Stage.NEW, Stage.WORKING))
        or (target == Stage.WORKING and story.stage == Stage.NEW)
        or (story.stage == Stage.NURTURE and not ends and target != Stage.NURTURE and statement.meaning is not None)
        or (story.stage not in OPEN_STAGES and opens)
    )
    return target if moves else None


def _target(statement: Statement) -> str:
    if statement.meaning in CLOSING:
        return CLOSING[StatusMeaning(statement.meaning)]
    if statement.meaning == StatusMeaning.NURTURE:
        return Stage.NURTURE
    return Stage.WORKING if statement.touched_on else Stage.NEW
