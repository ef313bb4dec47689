from .matcher import (
    find_reused_ids as find_reused_ids,
    match_rows as match_rows,
    reject_forgotten as reject_forgotten,
    store_keys as store_keys,
    tell_reused_ids as tell_reused_ids,
)
