from .columns import read_extra_number as read_extra_number
from .keys import (
    RANK_EMAIL as RANK_EMAIL,
    RANK_ID as RANK_ID,
    RANK_PHONE as RANK_PHONE,
    RANK_ROW as RANK_ROW,
    email_key as email_key,
)
from .meanings import CLOSING as CLOSING, JUNK as JUNK, OPENING as OPENING, QUALIFYING as QUALIFYING
from .parallel import Reading as Reading, read_staged as read_staged
from .rows import (
    DATE_FIELDS as DATE_FIELDS,
    RowReader as RowReader,
    Understanding as Understanding,
    is_believed as is_believed,
    settle_date_orders as settle_date_orders,
    tell_date_orders as tell_date_orders,
)
from .tables import (
    BY_NAME as BY_NAME,
    Attribute as Attribute,
    Staging as Staging,
    add_keys as add_keys,
    add_rows as add_rows,
    attributes_of as attributes_of,
    create_staging as create_staging,
)
from .tally import Tally as Tally
