from .header_synonyms import headers_digest as headers_digest, squeeze as squeeze
from .mapper import ColumnPlan as ColumnPlan, HeaderPlan as HeaderPlan, plan_columns as plan_columns
from .own_export import (
    OWN_SYSTEM as OWN_SYSTEM,
    find_own_extras as find_own_extras,
    is_own_export as is_own_export,
    is_own_list as is_own_list,
    parse_crm_id as parse_crm_id,
    parse_own_money as parse_own_money,
    plan_own_columns as plan_own_columns,
    read_own_cells as read_own_cells,
)
from .statuses import (
    NO_WORDS as NO_WORDS,
    WordColumn as WordColumn,
    Words as Words,
    find_word_columns as find_word_columns,
    pair_columns as pair_columns,
    read_outcome as read_outcome,
    read_status as read_status,
    status_reason as status_reason,
    take_back as take_back,
    takes_back as takes_back,
)
