from .activities import list_overturns as list_overturns
from .criteria import list_criteria_in_use as list_criteria_in_use, read_coverage as read_coverage
from .digest import make_digest as make_digest
from .funnel import list_funnel as list_funnel
from .reasons import list_reasons as list_reasons
from .sources import list_sources as list_sources, list_spend as list_spend
from .team import list_team as list_team, list_team_leads as list_team_leads
from .trend import MEASURES as MEASURES, list_stale_on as list_stale_on, list_trend as list_trend
