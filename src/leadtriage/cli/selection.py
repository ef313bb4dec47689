"""The options by which every list is narrowed and cut: which leads, and how many rows."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any, get_args

import typer

from leadtriage.days import parse_bound
from leadtriage.errors import UsageError
from leadtriage.vocabulary import Dated, Dimension, Grade, Stage

if TYPE_CHECKING:
    from leadtriage.reports.filters import Filters

USUAL_LIMIT = 50
_PANEL = "Which rows"


def _parameter(name: str, flag: str, annotation: Any, default: Any, help: str, **more: Any) -> inspect.Parameter:
    option = typer.Option(flag, help=help, rich_help_panel=_PANEL, **more)
    kind = inspect.Parameter.KEYWORD_ONLY
    return inspect.Parameter(name, kind, default=default, annotation=Annotated[annotation, option])


def _parse_grade(text: str) -> Grade:
    """Read a grade in either case; what the command line's own reader says of another is all in lower case."""
    try:
        return Grade(text.strip().upper())
    except ValueError as error:
        raise typer.BadParameter(f"{text!r} is not one of {', '.join(Grade)}.") from error


_GRADES: dict[str, Any] = {
    "parser": _parse_grade,
    "autocompletion": lambda: [*Grade],
    "metavar": "|".join(Grade),
}
_STAGES: dict[str, Any] = {"case_sensitive": False, "metavar": "|".join(Stage)}

FILTERS = (
    _parameter("owner", "--owner", str | None, None, "Only leads of this rep; '' for no owner.", metavar="NAME"),
    _parameter("grade", "--grade", list[Grade] | None, None, "Only this grade; may be repeated.", **_GRADES),
    _parameter("source", "--source", str | None, None, "Only leads from this source; '' for unknown.", metavar="NAME"),
    _parameter("campaign", "--campaign", str | None, None, "Only leads of this campaign.", metavar="NAME"),
    _parameter("stage", "--stage", list[Stage] | None, None, "Only this stage; may be repeated.", **_STAGES),
    _parameter(
        "since",
        "--since",
        str | None,
        None,
        "Only leads that came in on this day or later: 2026-11-20, yesterday, 7d.",
        metavar="DATE",
    ),
    _parameter("until", "--until", str | None, None, "Only leads that came in on this day or before.", metavar="DATE"),
    _parameter(
        "qualified", "--qualified/--not-qualified", bool | None, None, "Only qualified leads, or only the others."
    ),
    _parameter(
        "reason",
        "--reason",
        str | None,
        None,
        "Only candidates, closed and parked leads with this reason; '' for none given.",
        metavar="WORD",
    ),
)
"""The options that say which leads."""

PERIOD = tuple(each for each in FILTERS if each.name in ("owner", "source", "campaign", "since", "until"))
"""The options of the manager's reports."""

DATED = _parameter(
    "dated",
    "--dated",
    Dated,
    Dated.CAME_IN,
    "Which day --since and --until are about.",
    case_sensitive=False,
    metavar="|".join(Dated),
)

POINTS = _parameter(
    "points",
    "--points",
    Dimension | None,
    None,
    "Only leads that have points for this.",
    case_sensitive=False,
    metavar="|".join(Dimension),
)

PAGE = (
    _parameter("limit", "--limit", int, USUAL_LIMIT, "At most so many rows.", min=1, max=2**31 - 1, metavar="N"),
    _parameter("everything", "--all", bool, False, "All rows."),
)
"""The options that say how many rows."""


def filters_with(**flags: str) -> tuple[inspect.Parameter, ...]:
    """The same options, some under other flags, for a command that needs theirs for itself."""
    return tuple(
        _with_flag(parameter, flags[parameter.name]) if parameter.name in flags else parameter for parameter in FILTERS
    )


def _with_flag(parameter: inspect.Parameter, flag: str) -> inspect.Parameter:
    annotation, option = get_args(parameter.annotation)
    return _parameter(parameter.name, flag, annotation, parameter.default, option.help, metavar=option.metavar)


@dataclass(frozen=True, slots=True)
class Selection:
    """What the options said; a command has the ones that make sense for it, the others stay at their defaults."""

    owner: str | None = None
    grade: list[Grade] | None = None
    source: str | None = None
    campaign: str | None = None
    stage: list[Stage] | None = None
    since: str | None = None
    until: str | None = None
    qualified: bool | None = None
    reason: str | None = None
    dated: Dated = Dated.CAME_IN
    points: Dimension | None = None
    limit: int = USUAL_LIMIT
    everything: bool = False

    @property
    def most(self) -> int | None:
        """The most rows that are wanted; None for all."""
        return None if self.everything else self.limit

    @property
    def is_narrowed(self) -> bool:
        """Whether any option says which leads."""
        return self != Selection(limit=self.limit, everything=self.everything)

    def filters(self, today: date, *, until: str = "--until") -> Filters:
        """The same as the reports take it.

        Args:
            today: what a day such as `yesterday` counts from.
            until: the flag of that option, for its message.

        Raises:
            UsageError: a day that is none, or a period that ends before it begins.
        """
        from leadtriage.reports.filters import Filters

        first = parse_bound(self.since, today, place="--since") if self.since else None
        last = parse_bound(self.until, today, place=until) if self.until else None
        if first is not None and last is not None and first > last:
            raise UsageError(
                f"the period ends before it begins, on {first}", place=f"{until} {last}", hint="name a later day"
            )
        return Filters(
            owner=self.owner,
            grade=tuple(self.grade or ()),
            source=self.source,
            campaign=self.campaign,
            stage=tuple(self.stage or ()),
            since=first,
            until=last,
            qualified=self.qualified,
            reason=self.reason,
            dated=self.dated,
            points=self.points,
        )
