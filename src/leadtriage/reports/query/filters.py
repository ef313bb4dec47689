"""Which leads a list has: filters as SQL conditions, the request that carries them, and drill-down commands."""

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
_MIN_DIGITS = 4
"""A shorter number is searched as a text, not as part of a phone number."""


@dataclass(frozen=True, slots=True)
class Filters:
    """Which leads a list has; a filter that is None or empty lets every lead through.

    Texts compare as in the criteria: case and repeated white space do not matter. An empty text means leads without a
    value.

    Attributes:
        owner: any of the names that the criteria's team section has for a person.
        grade: one or more grades of which a lead has one.
        stage: one or more stages of which a lead has one.
        since: the first day of the period that `dated` is about.
        until: its last day.
        dated: which of a lead's days must be in the period; for contacts any that is recorded.
        qualified: whether the lead is qualified.
        reason: why it is a junk candidate, was closed, or is in nurture.
        points: the dimension in which it has points.
        country: its two letters in ISO 3166.
        state: the state or region within a country.
        text: each word is part of the name, company, an e-mail address or a phone number, or is the id that a source
            system gave the lead.
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


def select_leads(filters: Filters, *values: Any, which: ColumnElement[bool] | None = None) -> Select[Any]:
    """Select values from `lead` and `lead_score` for the leads that fit, scored or not.

    Args:
        which: a condition that includes `is_visible`, which it replaces.
    """
    rows = select(*values).join_from(_lead, _score, _score.c.lead_id == _lead.c.id, isouter=True)
    return rows.where(is_visible() if which is None else which, *filter_conditions(filters))


def select_scored(filters: Filters, *values: Any) -> Select[Any]:
    """Select values from `lead_score` and `lead` for the scored leads that fit, including hidden ones."""
    rows = select(*values).join_from(_score, _lead, _lead.c.id == _score.c.lead_id)
    return rows.where(*filter_conditions(filters))


def is_visible() -> ColumnElement[bool]:
    """Whether a lead was neither undone nor merged into another."""
    return and_(_lead.c.removed_by.is_(None), _lead.c.merged_into.is_(None))


def is_visible_score(lead_id: ColumnElement[int] = _score.c.lead_id) -> ColumnElement[bool]:
    """The same for a statement that does not read `lead`."""
    hidden = select(_lead.c.id).where(or_(_lead.c.removed_by.is_not(None), _lead.c.merged_into.is_not(None)))
    return lead_id.not_in(hidden)


def is_open() -> ColumnElement[bool]:
    """Whether a lead is visible and still open; an import may have closed it since the last score."""
    return and_(is_visible(), _lead.c.stage.in_([stage.value for stage in OPEN_STAGES]))


def may_be_contacted() -> ColumnElement[bool]:
    """Whether a lead is open and no import since the last score forbids a contact."""
    return and_(is_open(), _lead.c.do_not_contact.is_not(True))


def nurture_reason() -> ColumnElement[str]:
    """Why a lead is in nurture; NULL in other stages, which may still store an earlier reason."""
    return case((_lead.c.stage == Stage.NURTURE.value, _lead.c.nurture_reason))


def filter_conditions(filters: Filters) -> list[ColumnElement[bool]]:
    """Return the conditions on a lead and its score, without visibility."""
    wanted: list[ColumnElement[bool]] = []
    if filters.owner is not None:
        wanted.append(is_owner(_lead.c.owner_comparable, filters.owner))
    for name in ("source", "campaign", "country", "state"):
        text = getattr(filters, name)
        if text is not None:
            wanted.append(is_named(_lead.c[f"{name}_comparable"], text))
    if filters.grade:
        wanted.append(_score.c.grade.in_([as_stored(grade).upper() for grade in filters.grade]))
    if filters.stage:
        wanted.append(_lead.c.stage.in_([as_stored(stage).lower() for stage in filters.stage]))
    wanted += _within_period(filters)
    if filters.qualified is not None:
        qualified = _lead.c.qualified_on
        wanted.append(qualified.is_not(None) if filters.qualified else qualified.is_(None))
    if filters.reason is not None:
        wanted.append(_has_reason(filters.reason))
    if filters.points is not None:
        wanted.append(has_points(filters.points))
    if filters.text is not None:
        wanted += _mentions(as_stored(filters.text))
    return wanted


def _has_reason(reason: str) -> ColumnElement[bool]:
    """Whether a lead has this reason; for the empty text, whether it is junk, lost or in nurture without one."""
    if reason.strip():
        word = as_stored(reason)
        return or_(_score.c.reason == word, _lead.c.outcome_reason == word, nurture_reason() == word)
    stored = case((_lead.c.stage == Stage.NURTURE.value, _lead.c.nurture_reason), else_=_lead.c.outcome_reason)
    # An imported reason may be an empty cell.
    return and_(_lead.c.stage.in_([stage.value for stage in _HAVE_REASONS]), func.coalesce(func.trim(stored), "") == "")


def is_named(column: ColumnElement[Any], name: str) -> ColumnElement[bool]:
    """Whether a column of comparable names has this name; for the empty text, whether it has none."""
    return column == comparable(as_stored(name)) if name.strip() else column.is_(None)


def is_owner(column: ColumnElement[Any], name: str) -> ColumnElement[bool]:
    """Whether a column of comparable names has any name of this team member."""
    named = is_named(column, name)
    return or_(named, column.in_(select_spellings(name))) if name.strip() else named


def select_spellings(name: str) -> Select[Any]:
    """Select the comparable forms of all names of a team member; no rows for other names."""
    member = select(_name.c.member).where(_name.c.spelling == comparable(as_stored(name)))
    return select(_name.c.spelling).where(_name.c.member.in_(member))


def has_points(dimension: Dimension) -> ColumnElement[bool]:
    """Whether a lead has points in a dimension."""
    return _score.c[dimension.value] > 0


def as_stored(text: str) -> str:
    """Return a text as a database can hold it: without NUL and the broken bytes of an argument."""
    return text.encode("utf-8", "replace").decode("utf-8").replace("\x00", "\ufffd")


def _within_period(filters: Filters) -> list[ColumnElement[bool]]:
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


def _mentions(text: str) -> list[ColumnElement[bool]]:
    """Return the conditions that find a lead by a text; none for an empty one."""
    digits = "".join(c for c in text if c.isdecimal() and c.isascii())
    if len(digits) >= _MIN_DIGITS and set(text) <= {*_PHONE_MARKS, *digits}:
        named = position(_lead.c.name_comparable, literal(digits)) > 0
        return [or_(_has_digits(digits), named, _has_source_id(text.strip()))]
    return [or_(*_contains_word(word)) for word in fold(text).split()]


def _has_digits(digits: str) -> ColumnElement[bool]:
    """Whether a phone number contains the digits; leading zeros may be stored as a country code."""
    wanted = literal(digits.lstrip("0") or digits)
    return or_(*(position(_strip_marks(column), wanted) > 0 for column in (_lead.c.phone, _lead.c.other_phones)))


def _strip_marks(number: ColumnElement[str]) -> ColumnElement[str]:
    for mark in _PHONE_MARKS:
        number = func.replace(number, mark, "")
    return number


def _contains_word(word: str) -> Iterator[ColumnElement[bool]]:
    """Look for a word in each text of a lead, as it is and by its own words ("acme-inc" as "acme inc")."""
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
    yield from (position(column, literal(form)) > 0 for column in columns for form in forms)
    yield position(_lead.c.phone_comparable, literal(word)) > 0
    if any(c.isdecimal() for c in word):
        # An id without any digit is too rare to search for.
        yield _has_source_id(word)


def _has_source_id(word: str) -> ColumnElement[bool]:
    """Whether a source system has the lead under this id, with or without the system's name."""
    # Loading all tables would delay every other list.
    from leadtriage.db import LeadKey

    key = table(LeadKey).c
    ids = key.key.startswith("i:"), func.lower(key.key).endswith(f":{word}", autoescape=True)
    return _lead.c.id.in_(select(key.lead_id).where(*ids))


@dataclass(frozen=True, slots=True)
class Commands:
    """Drill-down commands that list the leads behind a report's numbers.

    Attributes:
        as_of: the day of the report; None for today.
    """

    filters: Filters
    as_of: date | None = None

    def list_leads(self, *options: str) -> str:
        """Return the command that lists the report's leads, narrowed by options."""
        return self.run("leads", *options)

    def list_step(self, number: str, step: FunnelStep, *options: str) -> DrillDown:
        """Return the drill-down to the leads of a funnel step."""
        return DrillDown(number, self.run("leads", "--step", step.value, *options))

    def run(self, command: str, *options: str) -> str:
        """Return a command line with these options, then the filters, quoted for a shell."""
        return shlex.join(("leadtriage", *command.split(), *options, *self._list_filters()))

    def without_period(self) -> Commands:
        """Return the same commands without `since` and `until`."""
        return replace(self, filters=replace(self.filters, since=None, until=None))

    def _list_filters(self) -> Iterator[str]:
        names = ("since", "until", "source", "campaign", "country", "state", "owner", "grade", "stage", "reason")
        values = {name: getattr(self.filters, name) for name in names} | {"as-of": self.as_of}
        for name, value in values.items():
            for each in value if isinstance(value, tuple) else (value,):
                if each is not None:
                    yield from (f"--{name}", str(each))
        if self.filters.qualified is not None:
            yield "--qualified" if self.filters.qualified else "--not-qualified"
