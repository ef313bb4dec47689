from .aging import BUCKETS as BUCKETS, list_aging as list_aging
from .duplicates import (
    FieldChoice as FieldChoice,
    build_pair_card as build_pair_card,
    find_filtered_pairs as find_filtered_pairs,
    list_duplicates as list_duplicates,
)
from .junk import (
    list_audit_sample as list_audit_sample,
    list_candidate_ids as list_candidate_ids,
    list_candidates as list_candidates,
)
from .leads import Chosen as Chosen, choose_leads as choose_leads, find_leads as find_leads, list_leads as list_leads
from .log import (
    LogFilters as LogFilters,
    list_act as list_act,
    list_history as list_history,
    list_imports as list_imports,
)
from .parked import list_nurture as list_nurture
from .queue import list_queue as list_queue
from .stale import list_stale as list_stale, select_idle as select_idle
