from .matcher import (
    describe_reused_ids as describe_reused_ids,
    find_reused_ids as find_reused_ids,
    match_rows as match_rows,
    reject_forgotten as reject_forgotten,
    store_keys as store_keys,
)
