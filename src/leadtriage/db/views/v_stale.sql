-- Overdue leads, a row for each clock; the backlog is one row an owner, with its number of leads.
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
