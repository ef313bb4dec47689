from .answers import OpenQuestion as OpenQuestion, grade_score as grade_score
from .compile.clocks import make_calendar as make_calendar, name_due as name_due, set_deadlines as set_deadlines
from .compile.conditions import compile_condition as compile_condition
from .compile.inputs import prepare_rules as prepare_rules, select_inputs as select_inputs
from .compile.totals import is_open as is_open, is_visible as is_visible, open_nominations as open_nominations
from .explain import (
    Explanation as Explanation,
    LedgerLine as LedgerLine,
    explain_lead as explain_lead,
    explain_leads as explain_leads,
)
from .freshness import lists_are_stale as lists_are_stale
from .grade_changes import Moves as Moves
from .nominations import (
    BY_THE_CRITERIA as BY_THE_CRITERIA,
    LOW_SCORE as LOW_SCORE,
    JunkLine as JunkLine,
    find_junk_lines as find_junk_lines,
)
from .run import ScoreSummary as ScoreSummary, score_leads as score_leads
from .statistics import AnswerSheets as AnswerSheets, collect_sheets as collect_sheets, has_answered as has_answered
