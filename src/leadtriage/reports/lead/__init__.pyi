from .card import show_lead as show_lead
from .export import describe_subject as describe_subject, export_leads as export_leads, read_who as read_who
from .history import is_told_by_another as is_told_by_another, say_event as say_event, say_value as say_value
from .review_card import (
    ReadAhead as ReadAhead,
    ReviewedLead as ReviewedLead,
    name_leads as name_leads,
    read_audited as read_audited,
)
