from .assign import Assignment as Assignment, assign_by_hand as assign_by_hand, assign_leads as assign_leads
from .audit import audit_lead as audit_lead, draw_audit as draw_audit
from .flag import Flagged as Flagged, Restored as Restored, flag_lead as flag_lead, restore_lead as restore_lead
from .forget import Erasure as Erasure, forget_person as forget_person
from .lifecycle import (
    Closing as Closing,
    Snooze as Snooze,
    add_lead as add_lead,
    check_closing as check_closing,
    check_snooze as check_snooze,
    close_leads as close_leads,
    disqualify_lead as disqualify_lead,
    parse_value as parse_value,
    qualify_lead as qualify_lead,
    reopen_lead as reopen_lead,
    snooze_leads as snooze_leads,
)
from .merge import (
    Merged as Merged,
    compare_leads as compare_leads,
    keep_apart as keep_apart,
    merge_leads as merge_leads,
)
from .questions import (
    AnswerResult as AnswerResult,
    GivenAnswer as GivenAnswer,
    find_open_questions as find_open_questions,
    store_answer_file as store_answer_file,
    store_answers as store_answers,
)
from .review import (
    NEED_REASON as NEED_REASON,
    Judgement as Judgement,
    check_used_reason as check_used_reason,
    describe_verdict as describe_verdict,
    find_leads_flagged_only_by as find_leads_flagged_only_by,
    judge as judge,
    known_reasons as known_reasons,
    last_verdicts as last_verdicts,
)
from .review_file import ReviewFileResult as ReviewFileResult, judge_from_file as judge_from_file
from .spend import (
    SpendLine as SpendLine,
    SpendOptions as SpendOptions,
    SpendSummary as SpendSummary,
    SpendText as SpendText,
    describe_future_months as describe_future_months,
    import_spend as import_spend,
    read_currency as read_currency,
    read_spend as read_spend,
    record_spend as record_spend,
)
from .touch import Contact as Contact, log_contact as log_contact
from .undo import undo_last_act as undo_last_act
from .unit_of_work import Changed as Changed
