from .assign import Assignment as Assignment, assign_by_hand as assign_by_hand, assign_leads as assign_leads
from .audit import audit_verdict as audit_verdict, draw_audit as draw_audit
from .flag import Flagged as Flagged, Restored as Restored, flag_lead as flag_lead, restore as restore
from .forget import Erased as Erased, forget_person as forget_person
from .lifecycle import (
    Closing as Closing,
    Parking as Parking,
    add_lead as add_lead,
    check_closing as check_closing,
    check_parking as check_parking,
    close as close,
    disqualify as disqualify,
    park as park,
    parse_value as parse_value,
    qualify as qualify,
    reopen as reopen,
)
from .merge import (
    Merged as Merged,
    compare_leads as compare_leads,
    keep_apart as keep_apart,
    merge_leads as merge_leads,
)
from .questions import (
    Answered as Answered,
    Given as Given,
    find_open_questions as find_open_questions,
    store_answers as store_answers,
    store_answers_of_file as store_answers_of_file,
)
from .review import (
    NEED_REASON as NEED_REASON,
    Judgement as Judgement,
    check_used_reason as check_used_reason,
    judge as judge,
    known_reasons as known_reasons,
    last_verdicts as last_verdicts,
    leads_nominated_only_by as leads_nominated_only_by,
    say_verdict as say_verdict,
)
from .review_file import Filed as Filed, judge_from_file as judge_from_file
from .spend import (
    SaidSpend as SaidSpend,
    SpendLine as SpendLine,
    SpendOptions as SpendOptions,
    SpendSummary as SpendSummary,
    import_spend as import_spend,
    read_currency as read_currency,
    read_spend as read_spend,
    record_spend as record_spend,
    warn_of_months as warn_of_months,
)
from .touch import Contact as Contact, log_contact as log_contact
from .undo import undo_last_act as undo_last_act
from .unit_of_work import Changed as Changed
