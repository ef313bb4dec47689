"""The product's words as enums: one word per thing, in code, database, output and docs alike."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class Dimension(StrEnum):
    """What a qualified lead is judged by: the five dimensions of its score."""

    FIT = "fit"
    BUDGET = "budget"
    AUTHORITY = "authority"
    NEED = "need"
    TIMING = "timing"


class Stage(StrEnum):
    """Where a lead stands."""

    NEW = "new"
    WORKING = "working"
    NURTURE = "nurture"
    JUNK = "junk"
    CONVERTED = "converted"
    WON = "won"
    LOST = "lost"


OPEN_STAGES = (Stage.NEW, Stage.WORKING, Stage.NURTURE)

OUTCOMES = (Stage.WON, Stage.LOST, Stage.CONVERTED)
"""How people close a lead; junk is for a review to say."""

QUALIFIED_STAGES = (Stage.WON, Stage.CONVERTED)
"""What has come so far was qualified, whether anybody had said so or not."""


class Grade(StrEnum):
    """A lead's rank by its score, A the best."""

    A = "A"
    B = "B"
    C = "C"
    D = "D"


class Reason(StrEnum):
    """Why a lead was nominated, junked, parked or lost; a team may have its own words besides."""

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
"""The dimension in which a reason finds a lead wanting; the other reasons are about none."""


class VerdictWord(StrEnum):
    """What a reviewer says of a junk candidate; `ask` puts it on the list of those that need answers."""

    JUNK = "junk"
    RESCUE = "rescue"
    NURTURE = "nurture"
    ASK = "ask"


class VerdictKind(StrEnum):
    """Whether a verdict decides a candidate or is a second look at confirmed junk."""

    REVIEW = "review"
    AUDIT = "audit"


class PairWord(StrEnum):
    """What a person said of two leads that may be one."""

    MERGED = "merged"
    APART = "apart"


class SaidBy(StrEnum):
    """Who gave the reason of an outcome."""

    LEAD = "lead"
    REP = "rep"


class EmailKind(StrEnum):
    """What an e-mail address says of its owner; the worst that applies."""

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
    """What a line of the history tells."""

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
    """A kind of proof of contact; `unknown` is one that a CRM status or date reported."""

    CALL = "call"
    EMAIL = "email"
    MEETING = "meeting"
    MESSAGE = "message"
    UNKNOWN = "unknown"


class RowOutcome(StrEnum):
    """What became of an imported row."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    MERGED = "merged"
    REJECTED = "rejected"


class StatusMeaning(StrEnum):
    """What a CRM's own status word says to us."""

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
    """A promise of follow-up that can be overdue."""

    FIRST_TOUCH = "first_touch"
    IDLE = "idle"
    PROMISED = "promised"
    EXPIRING = "expiring"
    BACKLOG = "backlog"


class ScoreCause(StrEnum):
    """Why a grade moved."""

    DATA = "data"
    CRITERIA = "criteria"
    TIME = "time"


class FunnelStep(StrEnum):
    """How far leads of a period have come, each step a part of one before it."""

    LEADS = "leads"
    QUALIFIED = "qualified"
    ASSIGNED = "assigned"
    TOUCHED_IN_TIME = "touched_in_time"
    TOUCHED_LATE = "touched_late"
    NEVER_TOUCHED = "never_touched"
    WON = "won"


class DateBasis(StrEnum):
    """Which of a lead's days a period is about."""

    CAME_IN = "came_in"
    QUALIFIED = "qualified"
    ASSIGNED = "assigned"
    TOUCHED = "touched"
    CLOSED = "closed"


class TeamMetric(StrEnum):
    """A number of the team's report of which the leads can be listed."""

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
