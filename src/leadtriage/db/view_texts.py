"""The SQL of the views of leads and lists, in one spelling for both engines but for the last score.

`db.views` spells what is left, and what the reports count is `db.report_view_texts`'. Hidden leads, removed or merged
ones, are in no view. What is a flag is 1 or 0, money is in whole units.
"""

from __future__ import annotations

from collections.abc import Mapping

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
