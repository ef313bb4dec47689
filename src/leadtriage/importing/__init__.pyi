from .mapping.header_synonyms import split_words as split_words, squeeze as squeeze
from .match.matcher import store_forgotten as store_forgotten
from .merge.bulk_events import is_undone as is_undone
from .pipeline import import_file as import_file
from .preview import preview_file as preview_file
from .run import (
    BY_HAND as BY_HAND,
    ImportOptions as ImportOptions,
    ImportSummary as ImportSummary,
    Reject as Reject,
)
from .stage.columns import read_extra_number as read_extra_number
from .stage.keys import email_key as email_key
from .stage.rows import DATE_FIELDS as DATE_FIELDS
from .stage.tables import ATTRIBUTES as ATTRIBUTES, BY_NAME as BY_NAME, Attribute as Attribute
from .undo.identity import (
    Identity as Identity,
    find_rejects as find_rejects,
    matches_identity as matches_identity,
    read_identity as read_identity,
)
from .undo.undo import UndoSummary as UndoSummary, restore_after_act as restore_after_act, undo_batch as undo_batch
