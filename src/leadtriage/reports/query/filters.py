"""Which leads a list holds: the options that all lists share, as conditions on a lead and its score.

Statements that use them select from `lead` and `lead_score`; what a list adds of its own stands with the list.

The commands that list the leads behind the numbers of a report, as people type them.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, Connection, Select, and_, case, exists, func, literal, or_, select

from leadtriage.core.tables import DrillDown
from leadtriage.core.text import comparable, fold, words
from leadtriage.core.vocabulary import OPEN_STAGES, DateBasis, Dimension, FunnelStep, Stage
from leadtriage.db import Lead, LeadScore, TeamName, table
from leadtriage.db.expressions import position
from leadtriage.reports.query.merged_leads import MERGES
from leadtriage.reports.query.periods import days_within, known_day

if TYPE_CHECKING:
    from leadtriage.criteria import Criteria

USUAL_LIMIT = 50

_lead = table(Lead)
_score = table(LeadScore)
_name = table(TeamName)

_HAVE_REASONS = (Stage.JUNK, Stage.LOST, Stage.NURTURE)

_PHONE_MARKS = " +-/().\u00a0"
_FEWEST_DIGITS = 4
"""Of a phone number's part that is worth looking for; a shorter number is looked for as a text."""


@dataclass(frozen=True, slots=True)
class Filters:
    """What a list is limited to; a filter that is not given lets every lead through.

    Texts are compared as the criteria compare them: without regard to case and repeated white space.

    Attributes:
        owner: the rep's name, any that the team's criteria have for them; the empty text means leads that nobody has.
        source: where it came from; the empty text means leads of no known source.
        campaign: the campaign that brought it; the empty text means none.
        country: its two letters in ISO 3166; the empty text means unknown.
        state: the state or region within a country; the empty text means unknown.
        grade: one or more grades of which it has one.
        stage: one or more stages of which it has one.
        since: the first day on which it came in, or on which happened what `dated` says.
        until: the last such day.
        dated: which of its days `since` and `until` are about; of contacts any that is recorded.
        qualified: whether it is qualified.
        reason: why it is a junk candidate, why it was closed, or why it is parked; the empty text means that it is
            junk, lost or parked and nobody said why.
        points: the dimension in which it has points.
        text: every word of it stands in the name, company, an e-mail address or a phone number, or is the id that a
            source system gave the lead.
    """

    owner: str | None = None
    grade: tuple[str, ...] = ()
    source: str | None = None
    stage: tuple[str, ...] = ()
    since: date | None = None
    until: date | None = None
    qualified: bool | None = None
    reason: str | None = None
    campaign: str | None = None
    text: str | None = None
    dated: DateBasis = DateBasis.CAME_IN
    points: Dimension | None = None
    country: str | None = None
    state: str | None = None


@dataclass(frozen=True, slots=True)
class ListRequest:
    """What a list is asked with.

    Attributes:
        as_of: the day that counts as today.
        limit: the most rows to return; None for all.
    """

    connection: Connection
    filters: Filters
    as_of: date
    limit: int | None = USUAL_LIMIT


@dataclass(frozen=True, slots=True)
class ReportRequest(ListRequest):
    """A list request with the criteria, for the lists and reports that need them."""

    criteria: Criteria = field(kw_only=True)


def is_visible() -> ColumnElement[bool]:
    """A lead that was neither taken back nor merged into another."""
    return and_(_lead.c.removed_by.is_(None), _lead.c.merged_into.is_(None))


def is_open() -> ColumnElement[bool]:
    """Visible and still open: a lead that an import closed is off the lists of work before it is scored again."""
    return and_(is_visible(), _lead.c.stage.in_([stage.value for stage in OPEN_STAGES]))


def may_be_contacted() -> ColumnElement[bool]:
    """In play, and nothing forbids a contact, be it known since the last `score` only."""
    return and_(is_open(), _lead.c.do_not_contact.is_not(True))


def nurture_reason() -> ColumnElement[str]:
    """Why a lead is parked; NULL for one that is not, whatever is still stored of an earlier time."""
    return case((_lead.c.stage == Stage.NURTURE.value, _lead.c.nurture_reason))


def is_visible_score(lead_id: ColumnElement[int] = _score.c.lead_id) -> ColumnElement[bool]:
    """The same as `visible` for a statement that does not read `lead`: all leads but the few that are hidden."""
    hidden = select(_lead.c.id).where(or_(_lead.c.removed_by.is_not(None), _lead.c.merged_into.is_not(None)))
    return lead_id.not_in(hidden)


def filter_conditions(filters: Filters) -> list[ColumnElement[bool]]:
    """Return what a lead and its score must fulfil, besides being visible."""
    wanted: list[ColumnElement[bool]] = []
    if filters.owner is not None:
        wanted.append(is_owner(_lead.c.owner_comparable, filters.owner))
    for column, text in (
        (_lead.c.source_comparable, filters.source),
        (_lead.c.campaign_comparable, filters.campaign),
        (_lead.c.country_comparable, filters.country),
        (_lead.c.state_comparable, filters.state),
    ):
        if text is not None:
            wanted.append(is_named(column, text))
    if filters.grade:
        wanted.append(_score.c.grade.in_([as_stored(grade).upper() for grade in filters.grade]))
    if filters.stage:
        wanted.append(_lead.c.stage.in_([as_stored(stage).lower() for stage in filters.stage]))
    wanted += _within(filters)
    if filters.qualified is not None:
        qualified = _lead.c.qualified_on
        wanted.append(qualified.is_not(None) if filters.qualified else qualified.is_(None))
    if filters.reason is not None:
        wanted.append(has_reason(filters.reason))
    if filters.points is not None:
        wanted.append(has_points(filters.points))
    if filters.text is not None:
        wanted += _mentions(as_stored(filters.text))
    return wanted


def has_reason(reason: str) -> ColumnElement[bool]:
    """Whether this is why a lead is a candidate, closed or parked; the empty text means junk, lost, parked for none."""
    if reason.strip():
        word = as_stored(reason)
        return or_(_score.c.reason == word, _lead.c.outcome_reason == word, nurture_reason() == word)
    told = case((_lead.c.stage == Stage.NURTURE.value, _lead.c.nurture_reason), else_=_lead.c.outcome_reason)
    # A file's empty cell is no reason.
    return and_(_lead.c.stage.in_([stage.value for stage in _HAVE_REASONS]), func.coalesce(func.trim(told), "") == "")


def is_named(column: ColumnElement[Any], name: str) -> ColumnElement[bool]:
    """Whether a column of names in their comparable form holds this one; the empty text means none."""
    return column == comparable(as_stored(name)) if name.strip() else column.is_(None)


def is_owner(column: ColumnElement[Any], name: str) -> ColumnElement[bool]:
    """The same of a column of owners, each of whom is found by any of their names in the team."""
    named = is_named(column, name)
    return or_(named, column.in_(select_spellings(name))) if name.strip() else named


def select_spellings(name: str) -> Select[Any]:
    """Select the comparable forms of all names of the member of the team who has this one; none for anybody else."""
    member = select(_name.c.member).where(_name.c.spelling == comparable(as_stored(name)))
    return select(_name.c.spelling).where(_name.c.member.in_(member))


def has_points(dimension: Dimension) -> ColumnElement[bool]:
    """Whether a lead has points in a dimension."""
    return _score.c[dimension.value] > 0


def _within(filters: Filters) -> list[ColumnElement[bool]]:
    """That the day which the filters are about lies within their period."""
    if filters.since is None and filters.until is None:
        return []
    if filters.dated is DateBasis.TOUCHED:
        # Loading all tables would delay every other list.
        from leadtriage.db import Touch

        touch = table(Touch)
        proof = (touch.c.withdrawn_at.is_(None), touch.c.dated, *days_within(touch.c.on, filters.since, filters.until))
        of_merged = select(MERGES.c.into).join(touch, touch.c.lead_id == MERGES.c.lead_id).where(*proof)
        return [or_(exists().where(touch.c.lead_id == _lead.c.id, *proof), _lead.c.id.in_(of_merged))]
    return days_within(known_day(filters.dated), filters.since, filters.until)


def as_stored(text: str) -> str:
    """Return a text as a database can hold it: an argument's broken bytes and NUL are in no lead, but fail no query."""
    return text.encode("utf-8", "replace").decode("utf-8").replace("\x00", "\ufffd")


def _mentions(text: str) -> list[ColumnElement[bool]]:
    """The conditions under which a lead is found by a text; none are needed for an empty one."""
    digits = "".join(c for c in text if c.isdecimal() and c.isascii())
    if len(digits) >= _FEWEST_DIGITS and all(c in _PHONE_MARKS or (c.isdecimal() and c.isascii()) for c in text):
        named = position(_lead.c.name_comparable, literal(digits)) > 0
        return [or_(_has_digits(digits), named, _has_id(text.strip()))]
    return [or_(*_texts_with(word), *([_has_id(word)] if _may_be_id(word) else [])) for word in fold(text).split()]


def _may_be_id(word: str) -> bool:
    """Whether a source system may have given it as an id: one without any digit is not worth the search."""
    return any(c.isdecimal() for c in word)


def _has_id(word: str) -> ColumnElement[bool]:
    """A lead that a source system knows by this id, given with or without the system's name."""
    # Loading all tables would delay every other list.
    from leadtriage.db import LeadKey

    key = table(LeadKey).c
    ids = key.key.startswith("i:"), func.lower(key.key).endswith(f":{word}", autoescape=True)
    return _lead.c.id.in_(select(key.lead_id).where(*ids))


def _texts_with(word: str) -> list[ColumnElement[bool]]:
    """Every text of a lead that may hold the word, as it stands or by its own words ("acme-inc" as "acme inc")."""
    columns = (
        _lead.c.name_comparable,
        _lead.c.first_name_comparable,
        _lead.c.last_name_comparable,
        _lead.c.company_comparable,
        _lead.c.email_comparable,
        func.lower(_lead.c.other_emails),
    )
    spoken = words(word)
    forms = [word, spoken] if " " in spoken else [word]
    found = [position(column, literal(form)) > 0 for column in columns for form in forms]
    return [*found, position(_lead.c.phone_comparable, literal(word)) > 0]


def _has_digits(digits: str) -> ColumnElement[bool]:
    """A phone number that holds the digits; a leading 0 or 00 stands for a country's code that may be stored."""
    wanted = digits.lstrip("0") or digits
    numbers = (_lead.c.phone, _lead.c.other_phones)
    return or_(*(position(_bare(column), literal(wanted)) > 0 for column in numbers))


def _bare(column: ColumnElement[str]) -> ColumnElement[str]:
    bare: ColumnElement[str] = column
    for mark in _PHONE_MARKS:
        bare = func.replace(bare, mark, "")
    return bare


@dataclass(frozen=True, slots=True)
class Commands:
    """Command lines for the leads that the filters let through, as they stand on a day; None for today."""

    filters: Filters
    as_of: date | None = None

    def list_leads(self, *options: str) -> str:
        """Return the command for the leads of the period that some further options choose."""
        return self.run("leads", *options)

    def list_step(self, number: str, step: FunnelStep, *options: str) -> DrillDown:
        """Return how to list the leads that count for a step of the funnel."""
        return DrillDown(number, self.run("leads", "--step", step.value, *options))

    def run(self, command: str, *options: str) -> str:
        """Return a command with these filters behind its own options, its arguments quoted for a shell."""
        words = ("leadtriage", *command.split(), *options, *self._list_filters())
        return " ".join(shlex.quote(word) for word in words)

    def without_period(self) -> Commands:
        """The same for leads that came in whenever."""
        return replace(self, filters=replace(self.filters, since=None, until=None))

    def _list_filters(self) -> Iterator[str]:
        filters = self.filters
        given = {
            "--since": (filters.since,),
            "--until": (filters.until,),
            "--source": (filters.source,),
            "--campaign": (filters.campaign,),
            "--country": (filters.country,),
            "--state": (filters.state,),
            "--owner": (filters.owner,),
            "--grade": filters.grade,
            "--stage": filters.stage,
            "--reason": (filters.reason,),
            "--as-of": (self.as_of,),
        }
        for flag, values in given.items():
            for value in values:
                if value is not None:
                    yield from (flag, str(value))
        if filters.qualified is not None:
            yield "--qualified" if filters.qualified else "--not-qualified"
