"""The product's words as enums: one word per thing, in code, database, output and docs."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class Dimension(StrEnum):
    """The five dimensions of a score."""

    FIT = "fit"
    BUDGET = "budget"
    AUTHORITY = "authority"
    NEED = "need"
    TIMING = "timing"


class Stage(StrEnum):
    """The stage of a lead."""

    NEW = "new"
    WORKING = "working"
    NURTURE = "nurture"
    JUNK = "junk"
    CONVERTED = "converted"
    WON = "won"
    LOST = "lost"


OPEN_STAGES = (Stage.NEW, Stage.WORKING, Stage.NURTURE)

OUTCOMES = (Stage.WON, Stage.LOST, Stage.CONVERTED)
"""The stages in which people close a lead; only a review makes it junk."""

QUALIFIED_STAGES = (Stage.WON, Stage.CONVERTED)
"""Leads in these stages count as qualified in any case."""


class Grade(StrEnum):
    """A lead's rank by its score, A the best."""

    A = "A"
    B = "B"
    C = "C"
    D = "D"


class Reason(StrEnum):
    """Why a lead was flagged, junked, snoozed or lost; a team may add its own words."""

    NO_FIT = "no_fit"
    NO_BUDGET = "no_budget"
    NO_AUTHORITY = "no_authority"
    NO_NEED = "no_need"
    BAD_TIMING = "bad_timing"
    UNREACHABLE = "unreachable"
    BAD_DATA = "bad_data"
    SPAM = "spam"
    DUPLICATE = "duplicate"
    IS_COMPETITOR = "is_competitor"
    CHOSE_COMPETITOR = "chose_competitor"
    SELLING_TO_US = "selling_to_us"
    STUDENT = "student"
    EXISTING_CUSTOMER = "existing_customer"
    TEST = "test"
    PRICE = "price"
    FEATURE = "feature"


DIMENSION_OF: Mapping[Reason, Dimension] = {
    Reason.NO_FIT: Dimension.FIT,
    Reason.NO_BUDGET: Dimension.BUDGET,
    Reason.NO_AUTHORITY: Dimension.AUTHORITY,
    Reason.NO_NEED: Dimension.NEED,
    Reason.BAD_TIMING: Dimension.TIMING,
}
"""The dimension that a reason is about, for those that are about one."""


class VerdictWord(StrEnum):
    """A verdict on a junk candidate; `ask` lists it among leads that need answers."""

    JUNK = "junk"
    RESCUE = "rescue"
    NURTURE = "nurture"
    ASK = "ask"


class VerdictKind(StrEnum):
    """Whether a verdict decides a candidate or looks again at confirmed junk."""

    REVIEW = "review"
    AUDIT = "audit"


class PairWord(StrEnum):
    """A decision on two likely duplicates."""

    MERGED = "merged"
    APART = "apart"


class SaidBy(StrEnum):
    """Who gave the reason of an outcome."""

    LEAD = "lead"
    REP = "rep"


class EmailKind(StrEnum):
    """The kind of an e-mail address; the worst that applies."""

    BUSINESS = "business"
    FREE = "free"
    ROLE = "role"
    DISPOSABLE = "disposable"
    INVALID = "invalid"


class SignsOff(StrEnum):
    """Whether the person can sign for the purchase."""

    ALONE = "alone"
    SHARED = "shared"
    NO = "no"


class EventKind(StrEnum):
    """The kind of an event in the history."""

    CREATED = "created"
    FIELD = "field"
    STATUS = "status"
    OWNER = "owner"
    TOUCH = "touch"
    STAGE = "stage"
    GRADE = "grade"
    QUALIFIED = "qualified"
    NOMINATED = "nominated"
    VERDICT = "verdict"
    PUT_OFF = "put_off"
    MERGED = "merged"
    KEPT_APART = "kept_apart"
    FORGOTTEN = "forgotten"
    UNDONE = "undone"
    REMOVED = "removed"


class TouchKind(StrEnum):
    """A kind of contact; `unknown` comes from a CRM status or date."""

    CALL = "call"
    EMAIL = "email"
    MEETING = "meeting"
    MESSAGE = "message"
    UNKNOWN = "unknown"


class RowOutcome(StrEnum):
    """The outcome of an imported row."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    MERGED = "merged"
    REJECTED = "rejected"


class StatusMeaning(StrEnum):
    """The meaning of a CRM's own status word."""

    OPEN = "open"
    CONTACTED = "contacted"
    QUALIFIED = "qualified"
    UNQUALIFIED = "unqualified"
    JUNK = "junk"
    NURTURE = "nurture"
    CONVERTED = "converted"
    WON = "won"
    LOST = "lost"


class Clock(StrEnum):
    """A follow-up deadline."""

    FIRST_TOUCH = "first_touch"
    IDLE = "idle"
    PROMISED = "promised"
    EXPIRING = "expiring"
    BACKLOG = "backlog"


class ScoreCause(StrEnum):
    """Why a grade changed."""

    DATA = "data"
    CRITERIA = "criteria"
    TIME = "time"


class FunnelStep(StrEnum):
    """A step of the funnel: each contains a part of the leads of an earlier one."""

    LEADS = "leads"
    QUALIFIED = "qualified"
    ASSIGNED = "assigned"
    TOUCHED_IN_TIME = "touched_in_time"
    TOUCHED_LATE = "touched_late"
    NEVER_TOUCHED = "never_touched"
    WON = "won"


class DateBasis(StrEnum):
    """The day of a lead that must be in a period."""

    CAME_IN = "came_in"
    QUALIFIED = "qualified"
    ASSIGNED = "assigned"
    TOUCHED = "touched"
    CLOSED = "closed"


class TeamMetric(StrEnum):
    """A number in the report of the team whose leads can be listed."""

    ASSIGNED = "assigned"
    TOUCHED = "touched"
    IN_TIME = "in_time"
    LATE = "late"
    NEVER = "never"
    PROMISES = "promises"
    KEPT = "kept"
    IDLE = "idle"
    WON = "won"
    FLAGGED = "flagged"
    CONFIRMED = "confirmed"
    OVERTURNED = "overturned"
    REVIEWED = "reviewed"


class AgingBy(StrEnum):
    """What `aging` counts open leads by, besides their age."""

    GRADE = "grade"
    OWNER = "owner"
    SOURCE = "source"
