from .columns import Tally as Tally, read_extra_number as read_extra_number
from .keys import (
    RANK_EMAIL as RANK_EMAIL,
    RANK_ID as RANK_ID,
    RANK_PHONE as RANK_PHONE,
    RANK_ROW as RANK_ROW,
    email_key as email_key,
)
from .meanings import CLOSING as CLOSING, JUNK as JUNK, OPENING as OPENING, QUALIFYING as QUALIFYING
from .parallel import StagedChunk as StagedChunk, read_staged as read_staged
from .rows import (
    DATE_FIELDS as DATE_FIELDS,
    RowReader as RowReader,
    describe_date_orders as describe_date_orders,
    is_plausible_closing_day as is_plausible_closing_day,
    resolve_date_orders as resolve_date_orders,
)
from .settings import ParseSettings as ParseSettings
from .tables import (
    BY_NAME as BY_NAME,
    Attribute as Attribute,
    Staging as Staging,
    add_keys as add_keys,
    add_rows as add_rows,
    create_staging as create_staging,
    define_staging as define_staging,
)
