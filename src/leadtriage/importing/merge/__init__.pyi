from .apply import (
    apply_changes as apply_changes,
    create_leads as create_leads,
    find_changes as find_changes,
    store_rows as store_rows,
)
from .bulk_events import (
    event_columns as event_columns,
    is_undone as is_undone,
    write_events_of_leads as write_events_of_leads,
)
from .deduplicate import deduplicate_rows as deduplicate_rows
from .source_rows import SourceRecord as SourceRecord, SourceRows as SourceRows
from .status_effects import CLOSING_DAY as CLOSING_DAY, apply_statuses as apply_statuses
