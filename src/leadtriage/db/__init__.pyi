from .check import check_database as check_database, describe_database as describe_database
from .engine import (
    connect_engine as connect_engine,
    open_database as open_database,
    reading as reading,
    translated as translated,
    without_password as without_password,
    writing as writing,
    writing_on as writing_on,
)
from .ids import next_id as next_id, reserve_ids as reserve_ids
from .lookup import (
    leads_of_person as leads_of_person,
    merged_leads as merged_leads,
    resolve_any_lead as resolve_any_lead,
    resolve_lead as resolve_lead,
)
from .migrate import upgrade_database as upgrade_database
from .personal_data import OF_LEAD as OF_LEAD, OF_PAIR as OF_PAIR, OF_PERSONS as OF_PERSONS
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
)
from .tables.lead import Lead as Lead, table as table
from .tables.scores import (
    CriteriaVersion as CriteriaVersion,
    ExtraColumn as ExtraColumn,
    LeadScore as LeadScore,
    ScoreRun as ScoreRun,
    TeamName as TeamName,
)
