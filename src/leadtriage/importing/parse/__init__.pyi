from .model import Chunk as Chunk, ReadOptions as ReadOptions
from .rejects import write_rejected as write_rejected
from .source import (
    Source as Source,
    check_is_there as check_is_there,
    open_source as open_source,
    parsed_table as parsed_table,
)
