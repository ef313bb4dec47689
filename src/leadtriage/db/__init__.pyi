from .check import check_database as check_database, describe_database as describe_database
from .engine import (
    connect_engine as connect_engine,
    hide_credentials as hide_credentials,
    open_database as open_database,
    reading as reading,
    translate_errors as translate_errors,
    writing as writing,
    writing_on as writing_on,
)
from .lookup import (
    find_leads_of_person as find_leads_of_person,
    find_merged_leads as find_merged_leads,
    resolve_any_lead as resolve_any_lead,
    resolve_lead as resolve_lead,
)
from .migrate import upgrade_database as upgrade_database
from .personal_data import LEAD_TABLES as LEAD_TABLES, PERSONAL_TABLES as PERSONAL_TABLES
from .sqlite import (
    copy_database as copy_database,
    database_file as database_file,
    find_backups as find_backups,
)
from .tables.decisions import (
    Erasing as Erasing,
    Forgotten as Forgotten,
    PairDecision as PairDecision,
    PutOff as PutOff,
    SecretKey as SecretKey,
    Spend as Spend,
    Verdict as Verdict,
    VerdictLine as VerdictLine,
)
from .tables.history import (
    Event as Event,
    FieldOrigin as FieldOrigin,
    HeaderMapping as HeaderMapping,
    ImportBatch as ImportBatch,
    ImportReject as ImportReject,
    ImportRow as ImportRow,
    LeadKey as LeadKey,
    LikelyDuplicate as LikelyDuplicate,
    Nomination as Nomination,
    Touch as Touch,
    next_id as next_id,
    reserve_ids as reserve_ids,
)
from .tables.lead import Lead as Lead, table as table
from .tables.scores import (
    CriteriaVersion as CriteriaVersion,
    ExtraColumn as ExtraColumn,
    LeadScore as LeadScore,
    ScoreRun as ScoreRun,
    TeamName as TeamName,
)
