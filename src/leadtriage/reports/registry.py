"""Every report and list: its rows, its command, its docs page and its place on the page of reports.

The command line, the generated reference, the test of query plans and the HTML page read this table. It loads nothing
heavy, so that help and completion stay fast: `Report.load` imports what computes the rows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from importlib import import_module
from typing import Any

from leadtriage.core.tables import Column
from leadtriage.core.vocabulary import TeamMetric

PERIOD = ("owner", "source", "campaign", "since", "until")
"""The filters that every report takes."""


class FunnelBy(StrEnum):
    """What `report funnel` has a funnel for each of."""

    SOURCE = "source"
    OWNER = "owner"
    CAMPAIGN = "campaign"
    MONTH = "month"


class SourcesBy(StrEnum):
    """What `report sources` has a row for, besides each source."""

    CAMPAIGN = "campaign"


class RegionsBy(StrEnum):
    """What `report regions` has a row for, besides each country."""

    STATE = "state"


class ReasonsBy(StrEnum):
    """What `report reasons` splits each reason by."""

    SOURCE = "source"
    GRADE = "grade"
    RULE = "rule"


@dataclass(frozen=True, slots=True)
class Choice:
    """An option with a fixed set of values."""

    values: type[StrEnum]
    help: str


@dataclass(frozen=True, slots=True)
class DrillDownCommand:
    """The command that lists the leads behind a number.

    Attributes:
        command: without the program's name; a word in capitals stands for what differs from row to row.
        in_period: whether the report's period narrows it.
        unless: a filter that the command cannot take.
    """

    number: str
    command: str
    in_period: bool = True
    unless: str = ""


@dataclass(frozen=True, slots=True)
class PagePart:
    """How the HTML page shows a report.

    Attributes:
        question: what the report answers, in a sentence.
        remarks: what a reader must know about the numbers, in sentences.
        bars: the keys of a part and its whole, for a chart of a table without a builder in `reports.page.parts`.
        sums: the columns to add up for the rows that the page leaves out.
        money: the columns to round to whole units.
        hidden: the columns that only the command shows.
    """

    question: str
    remarks: tuple[str, ...] = ()
    bars: tuple[str, str] = ("", "")
    sums: tuple[str, ...] = ()
    money: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """A report or list.

    Attributes:
        command: as people type it.
        function: its module below `leadtriage.reports`, and its name there. A report's function takes a `ReportRequest`
            and, where the report has the option, a value of `by`.
        columns: of its rows, in order. Scripts rely on their keys.
        keys: the keys of the rows by further options ("--by rule"; "" for none), where `columns` does not list them.
        docs: its page in `docs/`.
        help: of its command: a line, a paragraph, and examples.
        filters: the filters that it takes.
        by: its option `--by`.
        behind: its option `--behind`, which lists the leads behind a number with the function `leads`.
        always_has_rows: it has rows even where no lead is in it.
        drill_down: how to list the leads behind its numbers.
        page: its place on the HTML page; the page shows reports in the order of this table.
    """

    command: str
    function: str
    docs: str
    columns: tuple[Column, ...] = ()
    keys: Mapping[str, str] = field(default_factory=dict)
    help: str = ""
    filters: tuple[str, ...] = PERIOD
    by: Choice | None = None
    behind: Choice | None = None
    leads: str = ""
    always_has_rows: bool = False
    drill_down: tuple[DrillDownCommand, ...] = ()
    page: PagePart | None = None

    @property
    def name(self) -> str:
        """The last word of its command."""
        return self.command.rpartition(" ")[2]

    @property
    def is_report(self) -> bool:
        """Whether its command belongs to the group `report`, and is made from this table."""
        return self.command.startswith("report ")

    @property
    def row_keys(self) -> dict[str, str]:
        """The keys of its rows by command and option."""
        keys = self.keys or {"": ", ".join(column.key for column in self.columns)}
        return {f"{self.command} {option}".rstrip(): names for option, names in keys.items()}

    def load(self, function: str = "") -> Callable[..., Any]:
        """Import its function, or another one given in the same way."""
        module, _, name = (function or self.function).rpartition(".")
        loaded: Callable[..., Any] = getattr(import_module(f"leadtriage.reports.{module}"), name)
        return loaded


def find_report(name: str) -> Report:
    """Return the report or list with this name or command; raise KeyError where there is none."""
    return _BY_NAME[name]


def _number(key: str, label: str, keep: int = 50, kind: str = "text", shown: str | None = None) -> Column:
    return Column(key, label, keep=keep, align="right", kind=kind, shown=shown)


def _rate(name: str, label: str, keep: int, keep_interval: int, shown: str | None = None) -> tuple[Column, ...]:
    return (
        _number(f"{name}_rate", label, keep, "share", shown),
        _number(f"{name}_low", "At least", keep_interval, "share"),
        _number(f"{name}_high", "At most", keep_interval - 1, "share"),
    )


def _list(command: str, function: str, docs: str, keys: str) -> Report:
    """A list, whose columns are its module's: a test compares the keys."""
    return Report(command, function, docs, keys={"": keys})


_EXPORT_WON = "export won.csv --stage won"

REPORTS: tuple[Report, ...] = (
    Report(
        command="report funnel",
        function="manager.funnel.list_funnel",
        docs="report-funnel.md",
        columns=(
            Column("step", "Step", keep=100, shown="step_shown"),
            _number("leads", "Leads", 95),
            _number("share_of_leads", "Of all", 90, "share"),
            _number("share_of_previous", "Share", 85, "share", "previous_shown"),
            _number("median_days", "Median", 70, "days"),
            _number("p90_days", "90% within", 60, "days"),
        ),
        help="""Show how far the leads of a period have come.

        Counts the leads that came in within the period: how many are qualified, assigned, contacted in time, late or
        never, and won, and in how many days. List the leads of a step with: leadtriage leads --step STEP.

        Examples:
          leadtriage report funnel --since 2026-10-01 --until 2026-10-31
          leadtriage report funnel --by source
        """,
        by=Choice(FunnelBy, "A funnel for each."),
        always_has_rows=True,
        drill_down=(
            DrillDownCommand("came in", "leads --step leads"),
            DrillDownCommand("qualified", "leads --step qualified"),
            DrillDownCommand("assigned", "leads --step assigned"),
            DrillDownCommand("contacted in time", "leads --step touched_in_time"),
            DrillDownCommand("contacted late", "leads --step touched_late"),
            DrillDownCommand("not contacted", "leads --step never_touched"),
            DrillDownCommand("won", "leads --step won"),
            DrillDownCommand("of one source", "leads --step STEP --source NAME", unless="source"),
        ),
        page=PagePart(
            question="How far have the leads come, and where are they lost?",
            remarks=(
                "Contacted in time means within the clock of the lead's grade. Not contacted means that no contact was "
                "recorded.",
                "Days count from the day a lead came in, those to assigned from the day it was qualified.",
            ),
        ),
    ),
    Report(
        command="report sources",
        function="manager.sources.list_sources",
        docs="report-sources.md",
        columns=(
            Column("source", "Source", keep=100, shown="source_shown"),
            Column("campaign", "Campaign", keep=99, shown="campaign_shown"),
            _number("leads", "Leads", 98),
            _number("junk_reviewed", "Junk", 70),
            _number("junk_nominated", "Candidates", 60),
            *_rate("junk", "Junk rate", 90, 50),
            _number("qualified", "Qualified", 96),
            _number("won", "Won", 95),
            _number("value", "Value", 80),
            _number("spend", "Spend", 92),
            _number("cost_per_lead", "Per lead", 65),
            _number("cost_per_qualified", "Per qualified", 93),
            _number("cost_per_win", "Per win", 75),
            _number("return", "Return", 85, "share", "return_shown"),
            Column("note", "Note", keep=20),
        ),
        help="""Show what each source brought, and what it cost.

        Counts the leads that came in within the period: how many are junk, qualified and won, what the won ones are
        worth, what was spent (see: leadtriage spend), and what a lead, a qualified lead and a win cost. Sums are in the
        criteria's currency. List the leads behind a number with: leadtriage leads --source NAME --step STEP.

        Examples:
          leadtriage report sources --since 2026-10-01 --until 2026-10-31
          leadtriage report sources --by campaign --source 'Web'
        """,
        by=Choice(SourcesBy, "A row for each of its campaigns."),
        drill_down=(
            DrillDownCommand("leads", "leads --source NAME"),
            DrillDownCommand("junk", "leads --stage junk --source NAME"),
            DrillDownCommand("candidates", "junk --source NAME"),
            DrillDownCommand("qualified", "leads --step qualified --source NAME"),
            DrillDownCommand("won", "leads --step won --source NAME"),
            DrillDownCommand("value, in the column outcome_value", f"{_EXPORT_WON} --source NAME"),
            DrillDownCommand("spend", "spend list --source NAME", unless="owner"),
            DrillDownCommand("by campaign", "report sources --by campaign"),
        ),
        page=PagePart(
            question="Where do good leads come from, and what does a good one cost?",
            bars=("qualified", "leads"),
            sums=("leads", "junk_reviewed", "junk_nominated", "qualified", "won", "value", "spend"),
            money=("value", "spend"),
            hidden=("campaign",),
            remarks=(
                "Junk was confirmed in a review; candidates wait for one and are not in the junk rate. Brackets hold "
                "the range in which the true rate lies, as far as so few leads can tell.",
                "Return is the value gained beyond the spend, as a share of the spend.",
            ),
        ),
    ),
    Report(
        command="report regions",
        function="manager.regions.list_regions",
        docs="report-regions.md",
        columns=(
            Column("country", "Country", keep=100, shown="country_shown"),
            Column("state", "State", keep=99, shown="state_shown"),
            _number("leads", "Leads", 98),
            _number("qualified", "Qualified", 96),
            _number("won", "Won", 95),
            _number("value", "Value", 80),
            Column("note", "Note", keep=20),
        ),
        keys={
            "": "country, leads, qualified, won, value, note",
            "--by state": "country, state, leads, qualified, won, value, note",
        },
        help="""Show which countries good leads come from.

        Counts the leads that came in within the period by country: how many are qualified and won, and what the won
        ones are worth in the criteria's currency. List the leads behind a number with: leadtriage leads --country XX
        --step STEP.

        Examples:
          leadtriage report regions --since 2026-10-01 --until 2026-10-31
          leadtriage report regions --by state --country US
        """,
        filters=(*PERIOD, "country", "state"),
        by=Choice(RegionsBy, "A row for each state of a country."),
        drill_down=(
            DrillDownCommand("leads", "leads --country XX"),
            DrillDownCommand("qualified", "leads --step qualified --country XX"),
            DrillDownCommand("won", "leads --step won --country XX"),
            DrillDownCommand("value, in the column outcome_value", f"{_EXPORT_WON} --country XX"),
            DrillDownCommand("by state", "report regions --by state --country XX"),
        ),
        page=PagePart(
            question="Which countries do good leads come from?",
            bars=("qualified", "leads"),
            sums=("leads", "qualified", "won", "value"),
            money=("value",),
        ),
    ),
    Report(
        command="report team",
        function="manager.team.list_team",
        docs="report-team.md",
        columns=(
            Column("name", "Name", keep=100, shown="name_shown"),
            _number("assigned", "Assigned", 95),
            _number("touched", "Contacted", 55),
            _number("in_time", "In time", 94),
            _number("late", "Late", 93),
            _number("never", "Never", 92),
            _number("wait_assign_days", "Days to assign", 70, shown="wait_assign_shown"),
            _number("wait_rep_days", "Days to contact", 84, shown="wait_rep_shown"),
            _number("promises", "Promises", 50, shown="promises_shown"),
            _number("kept", "Kept", 86, shown="kept_shown"),
            _number("idle", "Idle", 90),
            _number("won", "Won", 91),
            _number("flagged", "Flagged", 60, shown="flagged_shown"),
            _number("confirmed", "Confirmed", 45, shown="confirmed_shown"),
            _number("overturned", "Overturned", 82, shown="overturned_shown"),
            *_rate("overturn", "Rate", 65, 41),
            _number("goal", "Goal", 30),
            Column(*("done", "Done", 96, "right", "progress"), shown="done_shown", of="goal", mark="due_by_today"),
            _number("due_by_today", "Due by today", 75, shown="due_shown"),
            Column("note", "Note", keep=10, shown="note_shown"),
        ),
        help="""Show what each rep made of their leads, and how far goals are.

        Also shows how long leads waited, which promises were kept and whose junk flags were overturned, with advice.
        --since and --until select the days on which things happened: leads assigned and closed, contacts promised for,
        flags and verdicts given. Goals count the current month or quarter. --behind lists the leads behind a number, of
        --owner's row or of all rows.

        Examples:
          leadtriage report team --since 2026-10-01 --until 2026-10-31
          leadtriage report team --owner 'Anna Berg' --behind late
        """,
        behind=Choice(TeamMetric, f"List the leads behind this number: {', '.join(TeamMetric)}."),
        leads="manager.team.list_team_leads",
        drill_down=(
            DrillDownCommand("any number of a row, such as late", "report team --behind late --owner NAME"),
            DrillDownCommand(
                "the value of won leads, in the columns closed_on and outcome_value",
                f"{_EXPORT_WON} --owner NAME",
                in_period=False,
            ),
            DrillDownCommand(
                "any number of a goal, for its month or quarter",
                "report team --behind won --since FIRST-DAY --until LAST-DAY --owner NAME",
                in_period=False,
            ),
        ),
        page=PagePart(
            question="Who was assigned leads within the period, and who contacted them in time?",
            remarks=(
                "Here the period selects the days on which things happened: leads assigned and won, contacts promised "
                "for, flags and verdicts given. Idle counts now, a goal counts the current month or quarter.",
                "Days are working days, the median of them. Overturned are flags that a reviewer did not call junk; "
                "brackets hold the range in which the true rate lies, as far as so few flags can tell.",
            ),
        ),
    ),
    Report(
        command="aging",
        function="lists.list_aging",
        docs="cli.md",
        keys={"": "bucket, a, b, c, d, total"},
        page=PagePart(
            question="How long have the open leads been waiting, whenever they came in?",
            remarks=("Open leads are counted as they are now.",),
        ),
    ),
    Report(
        command="report trend",
        function="manager.trend.list_trend",
        docs="report-trend.md",
        columns=(
            Column("week", "Week from", keep=100),
            _number("came_in", "Came in", 99),
            _number("qualified", "Qualified", 97),
            _number("touched", "Contacted", 96),
            _number("junked", "Junked", 94),
            _number("won", "Won", 98),
            _number("stale", "Stale at its end", 95, shown="stale_shown"),
        ),
        help="""Show week by week what came in, was won, and went stale.

        --since and --until select the weeks, by default the last 13; each number counts what happened within its week.
        List the leads behind one with: leadtriage leads --dated, or --stale-on for those that were stale on a day.

        Examples:
          leadtriage report trend
          leadtriage report trend --since 2026-01-01 --source 'Trade show'
        """,
        always_has_rows=True,
        drill_down=tuple(
            DrillDownCommand(number, f"leads {options}", in_period=False)
            for number, options in (
                ("came in", "--since MONDAY --until SUNDAY"),
                ("qualified", "--dated qualified --since MONDAY --until SUNDAY"),
                ("contacted", "--dated touched --since MONDAY --until SUNDAY"),
                ("junked", "--dated closed --stage junk --since MONDAY --until SUNDAY"),
                ("won", "--dated closed --stage won --since MONDAY --until SUNDAY"),
                ("stale at its end", "--stale-on SUNDAY"),
            )
        ),
        page=PagePart(
            question="What happened in each week, whenever the leads came in?",
            remarks=(
                "Only days within the period count: for the first and the last week, use these as MONDAY and SUNDAY. "
                "What an import brought without a day is in no week, unless the lead was at most a week old.",
            ),
        ),
    ),
    Report(
        command="report reasons",
        function="manager.reasons.list_reasons",
        docs="report-reasons.md",
        columns=(
            Column("kind", "Became", keep=100, shown="kind_shown"),
            Column("reason", "Reason", keep=99, shown="reason_shown"),
            Column("source", "Source", keep=80, shown="source_shown"),
            Column("grade", "Grade then", keep=85, kind="grade", shown="grade_shown"),
            Column("flagged_by", "Flagged by", keep=85, shown="flagged_by_shown"),
            Column("rule", "Rule", keep=80),
            _number("leads", "Leads", 95),
        ),
        keys={
            "": "kind, reason, source, grade, leads",
            "--by rule": "kind, reason, flagged_by, rule, leads",
        },
        help="""Show why leads became junk, were lost or snoozed.

        Counts the leads that came in within the period by reason, source and grade at that time, or with --by rule by
        what flagged them. Also counts leads lost for a reason that the score had not seen. List the leads of a reason
        with: leadtriage leads --stage junk|lost|nurture --reason REASON, '' for those without one.

        Examples:
          leadtriage report reasons --since 2026-10-01 --until 2026-10-31
          leadtriage report reasons --by rule
        """,
        by=Choice(ReasonsBy, "Split each reason by this, not by source and grade."),
        drill_down=(
            DrillDownCommand("junk", "leads --stage junk --reason REASON"),
            DrillDownCommand("lost", "leads --stage lost --reason REASON"),
            DrillDownCommand("snoozed", "leads --stage nurture --reason REASON"),
            DrillDownCommand("no reason given", "leads --reason ''"),
            DrillDownCommand("by source", "report reasons"),
            DrillDownCommand("by what flagged them", "report reasons --by rule"),
        ),
        page=PagePart(
            question="Why did leads become junk, were lost or snoozed, and how good did they look then?",
            remarks=("The columns A to D are the grades on the day of the decision.",),
        ),
    ),
    Report(
        command="report criteria",
        function="manager.criteria.list_criteria_in_use",
        docs="report-criteria.md",
        columns=(
            Column("dimension", "Side", keep=100, shown="dimension_shown"),
            Column("criterion", "Criterion", keep=100),
            Column("tier", "Answer", keep=99, kind="line"),
            _number("points", "Points", 98),
            _number("known", "Known", 70),
            _number("holds", "Holds", 97),
            _number("mean_won", "Won get", 90),
            _number("mean_lost", "Lost get", 89),
            _number("nominated", "Flagged", 50),
            _number("rescued", "Rescued", 49),
            Column("note", "Note", keep=80, shown="note_shown"),
        ),
        help="""Show what each criterion does, and if it tells won from lost.

        Counts the leads that came in within the period: for how many each criterion is known, how many get points from
        each of its answers, what won and lost leads get from it on average, and how often reviewers overruled what
        flags leads. List the leads of an answer with: leadtriage leads --criterion NAME --tier ANSWER.

        Examples:
          leadtriage report criteria
          leadtriage report criteria --since 2026-01-01
        """,
        always_has_rows=True,
        drill_down=(
            DrillDownCommand("known", "leads --criterion NAME"),
            DrillDownCommand("holds", "leads --criterion NAME --tier ANSWER"),
            DrillDownCommand("flagged and rescued", "junk --rates", in_period=False),
        ),
        page=PagePart(
            question="What does each criterion do, and does it tell won leads from lost ones?",
            remarks=(
                "Won get and Lost get are the points that won and lost leads get from an answer on average. They need "
                "at least 20 leads of each.",
            ),
        ),
    ),
    _list(
        "queue",
        "lists.list_queue",
        "queue.md",
        "rank, id, name, company, title, email, phone, source, owner, stage, qualified, score, ceiling, grade, "
        "known, fit, budget, authority, need, timing, age_days, next_step",
    ),
    _list(
        "leads",
        "lists.list_leads",
        "cli.md",
        "id, name, company, title, email, phone, source, campaign, owner, stage, status, qualified, score, "
        "ceiling, grade, known, reason, created, last_touch",
    ),
    _list(
        "junk",
        "lists.list_candidates",
        "junk.md",
        "id, name, company, email, source, owner, score, ceiling, known, reason, why, flagged_by, age_days",
    ),
    _list(
        "junk --audit",
        "lists.list_audit_sample",
        "review.md",
        "id, name, company, title, email, phone, source, need, score, ceiling, known, age_days, verdict, reason, note",
    ),
    Report(
        command="junk --rates",
        function="manager.activities.list_overturns",
        docs="review.md",
        columns=(
            Column("kind", "Whose", keep=90),
            Column("name", "Name", keep=100),
            _number("verdicts", "Verdicts", 80),
            _number("confirmed", "Junk", 60),
            _number("overturned", "Overturned", 70),
            *_rate("overturn", "Rate", 95, 85, "rate_shown"),
            Column("note", "Note", keep=10),
        ),
    ),
    _list(
        "duplicates",
        "lists.list_duplicates",
        "duplicates.md",
        "a_id, b_id, a_name, b_name, a_email, b_email, evidence, confidence",
    ),
    _list(
        "stale",
        "lists.list_stale",
        "stale.md",
        "id, name, company, owner, grade, score, clock, due, overdue_days, last_touch, stage, leads",
    ),
    _list(
        "nurture",
        "lists.list_nurture",
        "working.md",
        "id, name, company, owner, grade, score, until, due, contact_due, reason, last_touch",
    ),
    _list(
        "imports",
        "lists.list_imports",
        "cli.md",
        "batch, at, by, file, sha256, rows, created, updated, unchanged, merged, rejected, undone_at",
    ),
    Report(
        command="spend",
        function="manager.sources.list_spend",
        docs="report-sources.md",
        columns=(
            _number("id", "Id", 40),
            Column("month", "Month", keep=95),
            Column("source", "Source", keep=100),
            Column("campaign", "Campaign", keep=80),
            _number("amount", "Amount", 99),
            Column("currency", "Currency", keep=98),
            Column("note", "Note", keep=60),
            Column("by", "By", keep=30),
            Column("at", "At", keep=20),
        ),
    ),
)
"""All reports and lists. Reports stand in the order of the page and of `report --help`."""
_BY_NAME = {name: report for report in reversed(REPORTS) for name in (report.name, report.command)}
