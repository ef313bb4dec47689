from .card import show_lead as show_lead
from .export import (
    describe_subject as describe_subject,
    export_leads as export_leads,
    read_lead_summary as read_lead_summary,
)
from .history import (
    format_event as format_event,
    format_value as format_value,
    repeats_another_event as repeats_another_event,
)
from .review_card import (
    ReadAhead as ReadAhead,
    ReviewedLead as ReviewedLead,
    read_audited as read_audited,
    read_lead_names as read_lead_names,
)
