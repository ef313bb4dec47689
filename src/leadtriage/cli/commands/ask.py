"""The command that asks what is not known of a lead and stores the answers: ask."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from leadtriage.cli.framework.command import add_command
from leadtriage.cli.framework.context import Invocation
from leadtriage.cli.framework.options import named_lead
from leadtriage.cli.framework.terminal import read_line, require_terminal, say
from leadtriage.core.errors import LeadtriageError, UsageError
from leadtriage.rendering import safe

if TYPE_CHECKING:
    from datetime import date

    from sqlalchemy import Engine

    from leadtriage.actions import AnswerResult
    from leadtriage.core.context import Act
    from leadtriage.criteria import Criteria
    from leadtriage.scoring import OpenQuestion


_NOT_KNOWN = "?"
_INSTEAD = "answer without questions: leadtriage ask LEAD --set budget=20k, or --answers FILE"


def add_commands(app: typer.Typer) -> None:
    """Add this group's commands."""
    add_command(
        app,
        "ask",
        aside="what was answered before is stored",
        examples=(
            "leadtriage ask 12",
            "leadtriage ask anna@example.com --set budget=20k --set signs_off=alone",
            "leadtriage ask 12 --not-known budget --again 6w",
            "leadtriage ask --answers answers.csv",
        ),
    )(ask)


def ask(
    invocation: Invocation,
    lead: Annotated[
        str | None, typer.Argument(help="Our id, an e-mail address, or SYSTEM:ID.", metavar="[LEAD]")
    ] = None,
    answers: Annotated[
        list[str] | None,
        typer.Option("--set", help="An answer: budget=20k; may be repeated.", metavar="FIELD=ANSWER"),
    ] = None,
    not_known: Annotated[
        list[str] | None,
        typer.Option("--not-known", help="What the lead does not know yet; may be repeated.", metavar="FIELD"),
    ] = None,
    again: Annotated[
        str | None, typer.Option("--again", help="When to ask that again. [default: 2w]", metavar="DATE")
    ] = None,
    file: Annotated[
        Path | None,
        typer.Option("--answers", help="A CSV with a column lead and one for each field.", metavar="FILE"),
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Also what was put off until later.")] = False,
) -> None:
    """Ask what is not known of a lead, and store the answers.

    Each answer is stored as it is given, and the score after it is shown. Return skips a question, ? says that the
    lead does not know yet, q ends. A field is named as in the criteria reference, or by its criterion.
    """
    from leadtriage.actions import GivenAnswer, store_answers
    from leadtriage.core.dates import parse_future_day

    criteria = invocation.criteria()
    act = invocation.act(criteria.timezone)
    again_on = parse_future_day(again, act.as_of, place="--again") if again else None
    said = [_split(pair) for pair in answers or []] + [(name, None) for name in not_known or []]
    if file is not None:
        if lead is not None or said:
            raise UsageError("names the leads and answers itself", place="--answers", hint="give nothing besides")
        _store_file(invocation, criteria, act, file, again_on)
        return
    if lead is None:
        raise UsageError("which lead?", place="LEAD", hint="the ones worth asking: leadtriage queue --needs-answers")
    with named_lead(invocation, lead) as (engine, lead_id):
        if said:
            given = [GivenAnswer(lead_id, name, text) for name, text in said]
            _show(invocation, store_answers(engine, criteria, act, given, again_on=again_on))
            return
        require_terminal(_INSTEAD)
        done = _ask_in_turn(invocation, engine, criteria, lead_id, again_on, put_off=everything)
    if done:
        _show(invocation, done)


def _split(pair: str) -> tuple[str, str | None]:
    name, equals, text = pair.partition("=")
    if not equals or not name.strip() or not text.strip():
        raise UsageError(f'"{pair}" is not FIELD=ANSWER', place="--set", hint="write --set budget=20k")
    return name.strip(), None if text.strip() == _NOT_KNOWN else text.strip()


def _ask_in_turn(
    invocation: Invocation, engine: Engine, criteria: Criteria, lead_id: int, again_on: date | None, *, put_off: bool
) -> list[AnswerResult]:
    """Ask one question after another; nothing is open while the person thinks."""
    from leadtriage.actions import find_open_questions
    from leadtriage.db import reading

    done: list[AnswerResult] = []
    passed: set[str] = set()
    while True:
        as_of = invocation.act(criteria.timezone).as_of
        with reading(engine) as connection:
            questions = find_open_questions(connection, criteria, lead_id, as_of, put_off=put_off)
        question = next((each for each in questions if each.criterion not in passed), None)
        if question is None:
            say("nothing is left to ask" if done or passed else "nothing is open: all questions are answered")
            return done
        passed.add(question.criterion)
        answered = _ask_until_understood(invocation, engine, criteria, lead_id, question, again_on)
        if answered == "quit":
            return done
        if not isinstance(answered, str):
            done.append(answered)


def _ask_until_understood(
    invocation: Invocation,
    engine: Engine,
    criteria: Criteria,
    lead_id: int,
    question: OpenQuestion,
    again_on: date | None,
) -> AnswerResult | str:
    from leadtriage.actions import GivenAnswer, store_answers

    worth = f"+{question.gain}" + (f", would make it {question.reaches_grade}" if question.reaches_grade else "")
    say(safe(f"{question.ask}  ({question.criterion}: {worth})"))
    while True:
        text = read_line("  answer, Return to skip, ? not known yet, q to end: ")
        if text is None or text.lower() == "q":
            return "quit"
        if not text:
            return "skipped"
        name = (
            question.field or f"column:{question.column}" if question.field or question.column else question.criterion
        )
        try:
            given = GivenAnswer(lead_id, name, None if text == _NOT_KNOWN else text)
            act = invocation.act(criteria.timezone)  # of the moment of the answer, not of the question
            (answered,) = store_answers(engine, criteria, act, [given], again_on=again_on)
        except LeadtriageError as error:
            say(safe(f"  {error.message}" + (f"; {error.hint}" if error.hint else "")))
            continue
        say(safe(f"  {_say_score(answered)}"))
        return answered


def _say_score(answered: AnswerResult) -> str:
    score, ceiling, grade = answered.after
    if answered.again_on is not None:
        return f"asked again from {answered.again_on} on"
    return f"score {answered.before[0]} -> {score}, grade {answered.before[2]} -> {grade}, could reach {ceiling}"


def _store_file(invocation: Invocation, criteria: Criteria, act: Act, path: Path, again_on: date | None) -> None:
    from leadtriage.actions import store_answer_file

    with invocation.database() as engine:
        _show(invocation, store_answer_file(engine, criteria, act, path, again_on=again_on))


def _show(invocation: Invocation, answered: Sequence[AnswerResult]) -> None:
    from leadtriage.core.tables import Column, Table
    from leadtriage.reports.lead import format_value

    columns = (
        Column("id", "Id", keep=99, align="right"),
        Column("field", "Answered", keep=95),
        Column("old", "Before", keep=60, shown="old_shown"),
        Column("new", "Now", keep=90, shown="new_shown"),
        Column("again_on", "Ask again", keep=70),
        Column("score", "Score", keep=92, align="right"),
        Column("ceiling", "Could reach", keep=65, align="right"),
        Column("grade", "Grade", keep=91, kind="grade"),
    )
    rows = tuple(
        {
            "id": each.lead_id,
            "field": each.field,
            "old": each.old,
            "new": each.new,
            "old_shown": format_value(each.field, each.old),
            "new_shown": format_value(each.field, each.new),
            "again_on": each.again_on,
            "score": each.after[0],
            "ceiling": each.after[1],
            "grade": each.after[2].value,
        }
        for each in answered
    )
    invocation.show(Table("Answers", columns, rows))
