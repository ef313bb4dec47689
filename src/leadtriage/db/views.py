"""The views that other tools read: what they are, how they are made, and whether those in a database are these.

They show the database as of its last `score` in plain columns; `docs/views.md` tells each one's. A view holds nothing,
so that an upgrade makes all of them anew rather than change them. What differs between the engines is spelled by
`_SPELLINGS`: the texts call it `days_between(LATER, EARLIER)`, `first_name(NAME)`,
`whole_units(AMOUNT, CURRENCY)` and `is_true(FLAG)`.

The SQL of the views of leads and lists, in one spelling for both engines but for the last score.

`db.views` spells what is left, and what the reports count is `db.report_view_texts`'. Hidden leads, removed or merged
ones, are in no view. What is a flag is 1 or 0, money is in whole units.

The SQL of the views of what the reports count, as `db.view_texts` has that of leads and lists.

They put the past together as `reports.cohort` does, and tests hold them to the reports.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from sqlalchemy import Connection, inspect

# Not every SQLite trusts its JSON functions within a view. Within a text of the JSON that we write the quotes that look
# like a key's are escaped, so that the key itself is found, and a cast to a number reads its digits.
LAST_SCORE: Mapping[str, str] = {
    "sqlite": """
SELECT run.as_of, run.at, run."by",
    CAST(substr(version.settings, instr(version.settings, '"warn": ') + length('"warn": '), 9) AS INTEGER) AS warn_days,
    date(run.as_of, '+1 day') AS day_after
FROM score_run AS run JOIN criteria_version AS version ON version.digest = run.criteria_digest
ORDER BY run.id DESC LIMIT 1
""",
    "postgresql": """
SELECT run.as_of, run.at, run."by", CAST(version.settings ->> 'warn' AS INTEGER) AS warn_days,
    run.as_of + 1 AS day_after
FROM score_run AS run JOIN criteria_version AS version ON version.digest = run.criteria_digest
ORDER BY run.id DESC LIMIT 1
""",
}

_LEADS = """
SELECT lead.id, lead.name, lead.first_name, lead.last_name, lead.company, lead.title, lead.email, lead.phone,
    lead.industry, lead.country, lead.state, lead.city, lead.website, lead.need, lead.employees,
    whole_units(lead.budget_amount, lead.budget_currency) AS budget, lead.budget_currency,
    whole_units(lead.revenue_amount, lead.revenue_currency) AS revenue, lead.revenue_currency, lead.decides_on,
    lead.source, lead.campaign, lead.owner, lead.stage, lead.status,
    CASE WHEN lead.do_not_contact THEN 1 WHEN NOT lead.do_not_contact THEN 0 END AS do_not_contact,
    lead.qualified_on AS qualified, lead.qualified_by,
    score.score, score.ceiling, score.grade, score.known, score.fit AS score_fit, score.budget AS score_budget,
    score.authority AS score_authority, score.need AS score_need, score.timing AS score_timing,
    CASE WHEN score.candidate AND lead.stage IN ('new', 'working', 'nurture') THEN 1 ELSE 0 END AS candidate,
    CASE WHEN score.needs_answers THEN 1 ELSE 0 END AS needs_answers,
    CASE WHEN score.backlog THEN 1 ELSE 0 END AS backlog,
    COALESCE(score.reason, CASE WHEN lead.stage = 'nurture' THEN lead.nurture_reason END, lead.outcome_reason)
        AS reason,
    lead.created_on AS created, lead.assigned_on, lead.first_touch_on AS first_touch, lead.last_touch_on AS last_touch,
    lead.next_touch_on AS next_touch, lead.nurture_until, lead.closed_on,
    whole_units(lead.outcome_amount, lead.outcome_currency) AS value, lead.outcome_currency AS value_currency,
    lead.crm_id,
    CASE WHEN run.as_of > lead.created_on THEN days_between(run.as_of, lead.created_on)
        WHEN run.as_of IS NOT NULL THEN 0 END AS age_days
FROM lead
LEFT JOIN lead_score AS score ON score.lead_id = lead.id
LEFT JOIN v_last_score AS run ON run.as_of IS NOT NULL
WHERE lead.removed_by IS NULL AND lead.merged_into IS NULL
"""

_QUEUE = """
SELECT row_number() OVER (
        ORDER BY score.grade, CASE WHEN score.next_due < run.as_of THEN 0 ELSE 1 END, score.score DESC,
            score.ceiling DESC, score.created_on DESC, score.lead_id DESC
    ) AS rank,
    lead.id, lead.name, lead.company, lead.title, lead.email, lead.phone, lead.source, lead.owner, lead.stage,
    lead.qualified_on AS qualified, score.score, score.ceiling, score.grade, score.known, score.fit, score.budget,
    score.authority, score.need, score.timing,
    CASE WHEN run.as_of > lead.created_on THEN days_between(run.as_of, lead.created_on) ELSE 0 END AS age_days,
    CASE WHEN score.next_due < run.as_of THEN 1 ELSE 0 END AS overdue,
    CASE WHEN score.needs_answers THEN 1 ELSE 0 END AS needs_answers,
    score.first_touch_due, score.idle_due, score.promised_due, score.expires_on
FROM v_last_score AS run
JOIN lead_score AS score ON score.queue_from IS NOT NULL AND score.queue_from <= run.as_of
JOIN lead ON lead.id = score.lead_id
WHERE lead.removed_by IS NULL AND lead.merged_into IS NULL AND lead.stage IN ('new', 'working', 'nurture')
    AND lead.do_not_contact IS NOT TRUE
"""

_STALE = """
WITH overdue AS (
    SELECT lead.id, lead.name, lead.company, lead.owner, score.grade, score.score, lead.last_touch_on, lead.stage,
        score.first_touch_due, score.idle_due, score.promised_due, score.expires_on, run.as_of, run.warn_days
    FROM v_last_score AS run
    JOIN lead_score AS score ON score.next_due IS NOT NULL AND score.next_due < run.as_of
    JOIN lead ON lead.id = score.lead_id
    WHERE lead.removed_by IS NULL AND lead.merged_into IS NULL AND lead.stage IN ('new', 'working', 'nurture')
        AND lead.do_not_contact IS NOT TRUE
)
SELECT id, name, company, owner, grade, score, 'first_touch' AS clock, first_touch_due AS due,
    days_between(as_of, first_touch_due) AS overdue_days, last_touch_on AS last_touch, stage,
    CAST(NULL AS INTEGER) AS leads
FROM overdue WHERE first_touch_due < as_of
UNION ALL
SELECT id, name, company, owner, grade, score, 'idle', idle_due, days_between(as_of, idle_due), last_touch_on, stage,
    CAST(NULL AS INTEGER)
FROM overdue WHERE idle_due < as_of
UNION ALL
SELECT id, name, company, owner, grade, score, 'promised', promised_due, days_between(as_of, promised_due),
    last_touch_on, stage, CAST(NULL AS INTEGER)
FROM overdue WHERE promised_due < as_of
UNION ALL
SELECT id, name, company, owner, grade, score, 'expiring', expires_on, days_between(as_of, expires_on),
    last_touch_on, stage, CAST(NULL AS INTEGER)
FROM overdue WHERE days_between(expires_on, as_of) <= warn_days
UNION ALL
SELECT CAST(NULL AS INTEGER), NULL, NULL, score.owner, NULL, CAST(NULL AS INTEGER), 'backlog', CAST(NULL AS DATE),
    CAST(NULL AS INTEGER), CAST(NULL AS DATE), NULL, CAST(count(*) AS INTEGER)
FROM lead_score AS score JOIN lead ON lead.id = score.lead_id
WHERE is_true(score.backlog) AND lead.removed_by IS NULL AND lead.merged_into IS NULL
GROUP BY score.owner
"""

_JUNK = """
SELECT lead.id, lead.name, lead.company, lead.email, lead.source, lead.owner, score.score, score.ceiling, score.known,
    score.reason,
    CASE WHEN run.as_of > lead.created_on THEN days_between(run.as_of, lead.created_on) ELSE 0 END AS age_days
FROM v_last_score AS run
JOIN lead_score AS score ON is_true(score.candidate)
JOIN lead ON lead.id = score.lead_id
WHERE lead.removed_by IS NULL AND lead.merged_into IS NULL AND lead.stage IN ('new', 'working', 'nurture')
"""

_HISTORY = """
SELECT event.id, event.at, event."by", event.kind, event.lead_id AS lead, event.field, event.old, event.new,
    event.reason, event.note, event.batch_id AS batch
FROM event JOIN lead ON lead.id = event.lead_id
WHERE lead.removed_by IS NULL AND lead.merged_into IS NULL
"""

_AGING = """
WITH aged AS (
    SELECT days_between(run.as_of, lead.created_on) AS days, score.grade, lead.owner, lead.source
    FROM v_last_score AS run
    JOIN lead ON lead.stage IN ('new', 'working', 'nurture')
    LEFT JOIN lead_score AS score ON score.lead_id = lead.id
    WHERE lead.removed_by IS NULL AND lead.merged_into IS NULL
), placed AS (
    SELECT CASE WHEN days <= 7 THEN 0 WHEN days <= 30 THEN 8 WHEN days <= 60 THEN 31 WHEN days <= 90 THEN 61 ELSE 91 END
        AS from_days, grade, owner, source
    FROM aged
)
SELECT CASE from_days WHEN 0 THEN '0-7' WHEN 8 THEN '8-30' WHEN 31 THEN '31-60' WHEN 61 THEN '61-90' ELSE '91+' END
    AS bucket, from_days, grade, owner, source, count(*) AS leads
FROM placed GROUP BY from_days, grade, owner, source
"""

TEXTS: Mapping[str, str] = {
    "v_leads": _LEADS,
    "v_queue": _QUEUE,
    "v_stale": _STALE,
    "v_junk": _JUNK,
    "v_history": _HISTORY,
    "v_aging": _AGING,
}
"""The query of each view but that of the last score."""


_FUNNEL = """
WITH moves AS (
    SELECT event.lead_id, event.id, event.at, event.old,
        CASE WHEN event.kind <> 'undone' THEN event.kind WHEN event.field = 'qualified_by' THEN 'qualified'
            ELSE event.field END AS what
    FROM event
    WHERE event.kind IN ('stage', 'owner', 'qualified', 'undone')
        AND event.at >= (SELECT day_after FROM v_last_score)
), moved AS (
    SELECT lead_id, what, old, row_number() OVER (PARTITION BY lead_id, what ORDER BY at, id) AS place FROM moves
), later AS (
    SELECT lead_id,
        max(CASE WHEN what = 'stage' THEN 1 ELSE 0 END) AS has_stage,
        max(CASE WHEN what = 'stage' THEN old END) AS stage,
        max(CASE WHEN what = 'owner' THEN 1 ELSE 0 END) AS has_owner,
        max(CASE WHEN what = 'owner' THEN old END) AS owner,
        max(CASE WHEN what = 'qualified' THEN 1 ELSE 0 END) AS has_qualified,
        max(CASE WHEN what = 'qualified' THEN old END) AS qualified
    FROM moved WHERE place = 1 GROUP BY lead_id
), facts AS (
    SELECT lead.id, lead.created_on, lead.source, lead.campaign, score.grade, run.as_of, lead.stage AS stage_now,
        COALESCE(later.has_stage, 0) AS has_stage, later.stage AS earlier_stage,
        CASE WHEN later.has_owner = 1 THEN later.owner ELSE lead.owner END AS owner,
        CASE WHEN later.has_qualified = 1 THEN later.qualified IS NOT NULL
            ELSE COALESCE(lead.qualified_on <= run.as_of, FALSE) END AS was_qualified,
        score.candidate AS is_candidate,
        COALESCE(lead.first_touch_on, CASE WHEN lead.contact_dated IS NOT NULL
            THEN COALESCE(lead.last_touch_on, lead.imported_on) END) AS contacted,
        score.touch_due, lead.imported_on,
        CASE WHEN days_between(lead.imported_on, lead.created_on) > 7 AND lead.qualified_on <= CASE lead.qualified_by
                WHEN 'crm' THEN lead.imported_on
                WHEN 'score' THEN COALESCE(score.first_scored_on, lead.imported_on) END THEN NULL
            ELSE lead.qualified_on END AS qualified_on,
        lead.assigned_on, lead.first_touch_on,
        CASE WHEN days_between(lead.imported_on, lead.created_on) > 7 AND lead.closed_on = lead.imported_on
                AND lead.batch_id IS NOT NULL AND NOT lead.worked_here THEN NULL
            ELSE lead.closed_on END AS closed_on,
        lead.outcome_amount, lead.outcome_currency
    FROM v_last_score AS run
    JOIN lead ON lead.created_on <= run.as_of
    LEFT JOIN lead_score AS score ON score.lead_id = lead.id
    LEFT JOIN later ON later.lead_id = lead.id
    WHERE lead.removed_by IS NULL AND lead.merged_into IS NULL
), stood AS (
    SELECT facts.*,
        CASE WHEN has_stage = 1 THEN earlier_stage WHEN closed_on > as_of THEN 'working' ELSE stage_now END AS stage,
        COALESCE(contacted > touch_due, FALSE) AS is_late,
        COALESCE(contacted < imported_on OR (first_touch_on IS NULL AND contacted = imported_on), FALSE)
            AS contacted_before
    FROM facts
), reached AS (
    SELECT id, created_on, source, campaign, owner, stage, grade,
        CASE WHEN is_candidate AND stage IN ('new', 'working', 'nurture') THEN 1 ELSE 0 END AS candidate,
        was_qualified OR stage IN ('won', 'converted') AS qualified,
        COALESCE(contacted <= as_of, FALSE) AS touched, is_late AND NOT contacted_before AS late,
        CASE WHEN qualified_on <= as_of THEN qualified_on END AS qualified_on,
        CASE WHEN assigned_on <= as_of THEN assigned_on END AS assigned_on,
        CASE WHEN first_touch_on <= as_of AND NOT contacted_before THEN first_touch_on END AS touched_on,
        CASE WHEN has_stage = 0 THEN CASE WHEN stage = stage_now AND closed_on <= as_of THEN closed_on END
            WHEN stage NOT IN ('new', 'working', 'nurture') THEN (
                SELECT date(event.at) FROM event
                WHERE event.lead_id = stood.id AND event.kind = 'stage' AND event.new = stood.stage
                    AND event.batch_id IS NULL AND event.at < (SELECT day_after FROM v_last_score)
                ORDER BY event.id DESC LIMIT 1
            ) END AS closed_on,
        CASE WHEN has_stage = 0 AND stage = 'won' THEN outcome_amount END AS outcome_amount,
        CASE WHEN has_stage = 0 AND stage = 'won' THEN outcome_currency END AS outcome_currency
    FROM stood
)
SELECT id, created_on AS came_in, source, campaign, owner, stage, grade, candidate,
    CASE WHEN qualified THEN 1 ELSE 0 END AS qualified,
    CASE WHEN qualified AND owner IS NOT NULL THEN 1 ELSE 0 END AS assigned,
    CASE WHEN qualified AND owner IS NOT NULL AND touched AND NOT late THEN 1 ELSE 0 END AS touched_in_time,
    CASE WHEN qualified AND owner IS NOT NULL AND touched AND late THEN 1 ELSE 0 END AS touched_late,
    CASE WHEN qualified AND owner IS NOT NULL AND NOT touched THEN 1 ELSE 0 END AS never_touched,
    CASE WHEN stage = 'won' THEN 1 ELSE 0 END AS won,
    qualified_on, assigned_on, touched_on, closed_on,
    whole_units(outcome_amount, outcome_currency) AS value, outcome_currency AS value_currency,
    CASE WHEN NOT touched THEN 'never' WHEN late THEN 'late' ELSE 'in_time' END AS touch
FROM reached
"""

_FUNNEL_STEPS = """
WITH counted AS MATERIALIZED (
    SELECT count(*) AS leads, COALESCE(sum(qualified), 0) AS qualified, COALESCE(sum(assigned), 0) AS assigned,
        COALESCE(sum(touched_in_time), 0) AS touched_in_time, COALESCE(sum(touched_late), 0) AS touched_late,
        COALESCE(sum(never_touched), 0) AS never_touched, COALESCE(sum(won), 0) AS won
    FROM v_funnel
), steps AS (
    SELECT 1 AS place, 'leads' AS step, leads, leads AS of_all, CAST(NULL AS BIGINT) AS previous FROM counted
    UNION ALL SELECT 2, 'qualified', qualified, leads, leads FROM counted
    UNION ALL SELECT 3, 'assigned', assigned, leads, qualified FROM counted
    UNION ALL SELECT 4, 'touched_in_time', touched_in_time, leads, assigned FROM counted
    UNION ALL SELECT 5, 'touched_late', touched_late, leads, assigned FROM counted
    UNION ALL SELECT 6, 'never_touched', never_touched, leads, assigned FROM counted
    UNION ALL SELECT 7, 'won', won, leads, qualified FROM counted
)
SELECT place, step, leads,
    CAST(round(1.0 * leads / NULLIF(of_all, 0), 4) AS DOUBLE PRECISION) AS share_of_leads,
    CAST(round(1.0 * leads / NULLIF(previous, 0), 4) AS DOUBLE PRECISION) AS share_of_previous
FROM steps
"""

_SPEND = """
SELECT spend.id, spend.month, spend.source, spend.campaign, whole_units(spend.amount, spend.currency) AS amount,
    spend.currency, spend.note, spend."by", spend.at
FROM spend
"""

_SOURCES = """
WITH parts AS (
    SELECT lead.source_comparable AS source_key, lead.campaign_comparable AS campaign_key, lead.source, lead.campaign,
        1 AS leads, CASE WHEN reached.stage = 'junk' THEN 1 ELSE 0 END AS junk_reviewed,
        reached.candidate AS junk_nominated, reached.qualified, reached.won,
        reached.value, reached.value_currency, CAST(NULL AS DOUBLE PRECISION) AS spend, NULL AS spend_currency
    FROM v_funnel AS reached JOIN lead ON lead.id = reached.id
    UNION ALL
    SELECT spend.source_comparable, spend.campaign_comparable, spend.source, spend.campaign, 0, 0, 0, 0, 0, NULL, NULL,
        whole_units(spend.amount, spend.currency), spend.currency
    FROM spend
)
SELECT first_name(source) AS source, first_name(campaign) AS campaign, sum(leads) AS leads,
    sum(junk_reviewed) AS junk_reviewed, sum(junk_nominated) AS junk_nominated,
    sum(qualified) AS qualified, sum(won) AS won,
    CASE WHEN min(value_currency) = max(value_currency) THEN sum(value) END AS value,
    CASE WHEN min(value_currency) = max(value_currency) THEN min(value_currency) END AS value_currency,
    CASE WHEN min(spend_currency) = max(spend_currency) THEN sum(spend) END AS spend,
    CASE WHEN min(spend_currency) = max(spend_currency) THEN min(spend_currency) END AS spend_currency
FROM parts GROUP BY source_key, campaign_key
"""

_TEAM = """
WITH spelled AS (
    SELECT owner, min(owner_comparable) AS key FROM lead WHERE owner IS NOT NULL GROUP BY owner
), decided AS (
    SELECT DISTINCT verdict.lead_id, verdict.id, line."by", line.rule,
        CASE WHEN verdict.verdict = 'junk' AND NOT EXISTS (
            SELECT 1 FROM verdict AS again
            WHERE again.lead_id = verdict.lead_id AND again.audited_id = verdict.id AND again.kind = 'review'
                AND again.withdrawn_at IS NULL
        ) THEN 1 ELSE 0 END AS confirmed
    FROM verdict JOIN verdict_line AS line ON line.lead_id = verdict.lead_id AND line.verdict_id = verdict.id
    WHERE verdict.kind = 'review' AND verdict.withdrawn_at IS NULL AND verdict.audited_id IS NULL
        AND line."by" <> 'criteria'
), parts AS (
    SELECT COALESCE(spelled.key, reached.owner) AS key, reached.owner AS name, 1 AS assigned,
        CASE WHEN reached.touch = 'in_time' THEN 1 ELSE 0 END AS in_time,
        CASE WHEN reached.touch = 'late' THEN 1 ELSE 0 END AS late,
        CASE WHEN reached.touch = 'never' THEN 1 ELSE 0 END AS never,
        reached.won, 0 AS idle, 0 AS confirmed, 0 AS overturned
    FROM v_funnel AS reached LEFT JOIN spelled ON spelled.owner = reached.owner
    WHERE reached.owner IS NOT NULL
    UNION ALL
    SELECT lead.owner_comparable, lead.owner, 0, 0, 0, 0, 0, 1, 0, 0
    FROM v_last_score AS run
    JOIN lead_score AS score ON score.next_due < run.as_of AND score.idle_due < run.as_of
    JOIN lead ON lead.id = score.lead_id
    WHERE lead.owner IS NOT NULL AND lead.removed_by IS NULL AND lead.merged_into IS NULL
        AND lead.stage IN ('new', 'working', 'nurture') AND lead.do_not_contact IS NOT TRUE
    UNION ALL
    SELECT COALESCE(spelled.key, decided."by"), decided."by", 0, 0, 0, 0, 0, 0, decided.confirmed, 1 - decided.confirmed
    FROM decided LEFT JOIN spelled ON spelled.owner = decided."by"
)
SELECT first_name(name) AS name, sum(assigned) AS assigned, sum(in_time) + sum(late) AS touched,
    sum(in_time) AS in_time, sum(late) AS late, sum(never) AS never, sum(idle) AS idle, sum(won) AS won,
    sum(confirmed) AS confirmed, sum(overturned) AS overturned
FROM parts GROUP BY key
"""

REPORT_TEXTS: Mapping[str, str] = {
    "v_funnel": _FUNNEL,
    "v_funnel_steps": _FUNNEL_STEPS,
    "v_sources": _SOURCES,
    "v_spend": _SPEND,
    "v_team": _TEAM,
}
"""The query of each view, in an order in which they can be made."""


_CALL = re.compile(r"(days_between|first_name|whole_units|is_true)\(([\w.]+)(?:, ([\w.]+))?\)")

_WHOLE_UNITS = (
    r"CAST(\2 AS DOUBLE PRECISION) / CASE"
    r" WHEN \3 IN ('BIF', 'CLP', 'DJF', 'GNF', 'ISK', 'JPY', 'KMF', 'KRW', 'PYG', 'RWF', 'UGX', 'UYI', 'VND', 'VUV',"
    r" 'XAF', 'XOF', 'XPF') THEN 1"
    r" WHEN \3 IN ('BHD', 'IQD', 'JOD', 'KWD', 'LYD', 'OMR', 'TND') THEN 1000"
    r" WHEN \3 IN ('CLF', 'UYW') THEN 10000 ELSE 100 END"
)

_SPELLINGS: Mapping[str, Mapping[str, str]] = {
    "sqlite": {
        "days_between": r"CAST(julianday(\2) - julianday(\3) AS INTEGER)",
        "first_name": r"min(\2)",
        "whole_units": _WHOLE_UNITS,
        "is_true": r"\2 = 1",  # as the partial indexes have it
    },
    "postgresql": {
        "days_between": r"(\2 - \3)",
        "first_name": r'min(\2 COLLATE "C")',  # as `expressions.first_spelling`
        "whole_units": _WHOLE_UNITS,
        "is_true": r"\2",
    },
}

_ON_TRIAL = "view_on_trial"


def define_views(engine: str) -> dict[str, str]:
    """The query of each view by its name, in the order in which they can be made: one may read those before it.

    Args:
        engine: `sqlite` or `postgresql`.
    """
    spellings = _SPELLINGS[engine]
    texts = {"v_last_score": LAST_SCORE[engine], **TEXTS, **REPORT_TEXTS}
    return {
        name: _CALL.sub(lambda call: call.expand(spellings[call.group(1)]), text).strip()
        for name, text in texts.items()
    }


def make_views(connection: Connection) -> None:
    """Make all views; none of them may be there."""
    for name, query in define_views(connection.dialect.name).items():
        connection.exec_driver_sql(_create(name, query))


def drop_views(connection: Connection) -> None:
    """Drop those of our views that are there, so that the tables beneath them can be changed."""
    there = set(inspect(connection).get_view_names())
    for name in reversed(define_views(connection.dialect.name)):
        if name in there:
            connection.exec_driver_sql(f"DROP VIEW {name}")


def find_other_views(connection: Connection) -> list[str]:
    """The names of our views that are missing, or that are not as this version makes them."""
    there = set(inspect(connection).get_view_names())
    queries = define_views(connection.dialect.name)
    return [name for name, query in queries.items() if name not in there or not _is_made_by(connection, name, query)]


def _create(name: str, query: str, temporary: str = "") -> str:
    return f"CREATE {temporary}VIEW {name} AS\n{query}"


def _is_made_by(connection: Connection, name: str, query: str) -> bool:
    """Whether a view was made by a query; a server, which keeps no text, is asked what it makes of it."""
    definition = inspect(connection).get_view_definition(name)
    if connection.dialect.name == "sqlite":
        return definition == _create(name, query)
    with connection.begin_nested() as trial:
        connection.exec_driver_sql(_create(_ON_TRIAL, query, "TEMPORARY "))
        expected = inspect(connection).get_view_definition(_ON_TRIAL)
        trial.rollback()
    return bool(definition == expected)
