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
)
from .statuses import (
    NO_STATUS as NO_STATUS,
    StatusColumn as StatusColumn,
    StatusRow as StatusRow,
    find_status_columns as find_status_columns,
    pair_status_columns as pair_status_columns,
    parse_outcome as parse_outcome,
    parse_status as parse_status,
    parse_status_reason as parse_status_reason,
    reverts_status as reverts_status,
    row_reverts_status as row_reverts_status,
)
