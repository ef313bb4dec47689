from .apply import (
    apply_changes as apply_changes,
    create_leads as create_leads,
    find_changes as find_changes,
    keep_rows as keep_rows,
    write_events_of_leads as write_events_of_leads,
)
from .bulk_events import stands as stands
from .deduplicate import fold_rows as fold_rows
from .source_rows import (
    KeptRows as KeptRows,
    Statement as Statement,
    recall_understanding as recall_understanding,
    write_understanding as write_understanding,
)
from .status_effects import CLOSING_DAY as CLOSING_DAY, follow_status as follow_status
