from .mapping.header_synonyms import split_words as split_words, squeeze as squeeze
from .match.matcher import remember_forgotten as remember_forgotten
from .merge.bulk_events import stands as stands
from .pipeline import import_file as import_file
from .preview import peek_source as peek_source
from .stage.columns import read_extra_number as read_extra_number
from .stage.keys import email_key as email_key
from .stage.rows import DATE_FIELDS as DATE_FIELDS
from .stage.tables import ATTRIBUTES as ATTRIBUTES, BY_NAME as BY_NAME, Attribute as Attribute
from .summary import (
    BY_HAND as BY_HAND,
    ImportOptions as ImportOptions,
    ImportSummary as ImportSummary,
    Reject as Reject,
)
from .undo.source_rows import (
    Identity as Identity,
    find_rejects as find_rejects,
    mentions as mentions,
    read_identity as read_identity,
)
from .undo.undo import restore_after_act as restore_after_act, undo_batch as undo_batch
