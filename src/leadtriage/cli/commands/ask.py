"""The command that asks the open questions about a lead and stores the answers: ask."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from leadtriage.cli.framework.command import add_command
from leadtriage.cli.framework.context import Context, Printer
from leadtriage.cli.framework.options import OptionalLead, Text, option, split_pair
from leadtriage.cli.framework.terminal import print_message, read_line, require_terminal
from leadtriage.core.errors import LeadtriageError, UsageError
from leadtriage.rendering import safe

if TYPE_CHECKING:
    from datetime import date

    from sqlalchemy import Engine

    from leadtriage.actions import AnswerResult
    from leadtriage.scoring import OpenQuestion

_NOT_KNOWN = "?"


def add_commands(app: typer.Typer) -> None:
    """Add this group's commands."""
    add_command(app, "ask", ask, if_interrupted="the answers so far are stored")


def ask(
    context: Context,
    lead: OptionalLead = None,
    answers: Annotated[
        list[str] | None, option("--set", "An answer: budget=20k; may be repeated.", "FIELD=ANSWER")
    ] = None,
    not_known: Annotated[
        list[str] | None, option("--not-known", "What the lead does not know yet; may be repeated.", "FIELD")
    ] = None,
    again: Annotated[Text, option("--again", "When to ask that again. [default: 2w]", "DATE")] = None,
    file: Annotated[
        Path | None, option("--answers", "A CSV file with a column `lead` and one for each field.", "FILE")
    ] = None,
    everything: Annotated[bool, option("--all", "Also ask what was postponed.")] = False,
) -> None:
    """Ask the open questions about a lead, and store the answers.

    Each answer is stored at once, and the new score is shown. Press Return to skip a question, ? if the lead does not
    know yet, q to stop. Name a field as in the criteria reference, or by its criterion.

    Examples:
      leadtriage ask 12
      leadtriage ask anna@example.com --set budget=20k --set signs_off=alone
      leadtriage ask 12 --not-known budget --again 6w
      leadtriage ask --answers answers.csv
    """
    from leadtriage.actions import GivenAnswer, store_answer_file, store_answers
    from leadtriage.core.dates import parse_future_day

    again_on = parse_future_day(again, context.act().as_of, place="--again") if again else None
    given = [split_pair(pair, "--set", "FIELD=ANSWER") for pair in answers or []]
    given += [(name, _NOT_KNOWN) for name in not_known or []]
    if file is not None:
        if lead is not None or given:
            raise UsageError("cannot be combined with LEAD, --set or --not-known", place="--answers")
        with context.acting() as target:
            _show(context.printer, store_answer_file(*target, file, again_on=again_on))
        return
    if lead is None:
        raise UsageError(
            "no lead given", place="LEAD", hint="list those to ask with `leadtriage queue --needs-answers`"
        )
    with context.acting_on(lead) as (engine, criteria, act, lead_id):
        if given:
            parsed = [GivenAnswer(lead_id, name, _parse_answer(text)) for name, text in given]
            done: Sequence[AnswerResult] = store_answers(engine, criteria, act, parsed, again_on=again_on)
        else:
            require_terminal("use `leadtriage ask LEAD --set budget=20k`, or --answers FILE")
            done = _Interview(context, engine, lead_id, again_on).ask_all(postponed=everything)
    if done:
        _show(context.printer, done)


def _parse_answer(text: str) -> str | None:
    return None if text == _NOT_KNOWN else text


@dataclass(frozen=True, slots=True)
class _Interview:
    """Asks one question after another; no transaction is open while the person thinks."""

    context: Context
    engine: Engine
    lead_id: int
    again_on: date | None

    def ask_all(self, *, postponed: bool) -> list[AnswerResult]:
        """Ask until nothing is left or the person stops; return what was answered."""
        from leadtriage.actions import find_open_questions
        from leadtriage.db import reading

        done: list[AnswerResult] = []
        asked: set[str] = set()
        while True:
            criteria, today = self.context.criteria, self.context.act().as_of
            with reading(self.engine) as connection:
                questions = find_open_questions(connection, criteria, self.lead_id, today, put_off=postponed)
            question = next((each for each in questions if each.criterion not in asked), None)
            if question is None:
                print_message("no more questions" if asked else "no open questions: all are answered")
                return done
            asked.add(question.criterion)
            try:
                answered = self._ask(question)
            except EOFError:
                return done
            if answered is not None:
                done.append(answered)

    def _ask(self, question: OpenQuestion) -> AnswerResult | None:
        """Ask until the answer is valid; None if skipped.

        Raises:
            EOFError: the person stopped.
        """
        from leadtriage.actions import GivenAnswer, store_answers

        worth = f"+{question.gain}" + (
            f", would reach grade {question.reaches_grade}" if question.reaches_grade else ""
        )
        print_message(safe(f"{question.ask}  ({question.criterion}: {worth})"))
        column = f"column:{question.column}" if question.column else None
        field = question.field or column or question.criterion
        while True:
            text = read_line("  answer, Return to skip, ? not known yet, q to stop: ")
            if text is None or text.lower() == "q":
                raise EOFError
            if not text:
                return None
            given = GivenAnswer(self.lead_id, field, _parse_answer(text))
            try:
                # The act has the time of the answer, not of the question.
                act = self.context.act()
                (answered,) = store_answers(self.engine, self.context.criteria, act, [given], again_on=self.again_on)
            except LeadtriageError as error:
                print_message(safe(f"  {error.message}" + (f"; {error.hint}" if error.hint else "")))
                continue
            print_message(safe(f"  {_describe(answered)}"))
            return answered


def _describe(answered: AnswerResult) -> str:
    score, ceiling, grade = answered.after
    if answered.again_on is not None:
        return f"will be asked again from {answered.again_on} on"
    return f"score {answered.before[0]} -> {score}, grade {answered.before[2]} -> {grade}, potential {ceiling}"


def _show(printer: Printer, answered: Sequence[AnswerResult]) -> None:
    from leadtriage.core.tables import Column, Table
    from leadtriage.reports.lead import format_value

    columns = (
        Column("id", "Id", keep=99, align="right"),
        Column("field", "Answered", keep=95),
        Column("old", "Before", keep=60, shown="old_shown"),
        Column("new", "Now", keep=90, shown="new_shown"),
        Column("again_on", "Ask again", keep=70),
        Column("score", "Score", keep=92, align="right"),
        Column("ceiling", "Potential", keep=65, align="right"),
        Column("grade", "Grade", keep=91, kind="grade"),
    )
    rows = tuple(
        {
            "id": each.lead_id,
            **{key: getattr(each, key) for key in ("field", "old", "new", "again_on")},
            "old_shown": format_value(each.field, each.old),
            "new_shown": format_value(each.field, each.new),
            "score": each.after[0],
            "ceiling": each.after[1],
            "grade": each.after[2].value,
        }
        for each in answered
    )
    printer.show(Table("Answers", columns, rows))
