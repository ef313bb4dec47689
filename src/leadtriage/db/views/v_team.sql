-- What was assigned, contacted, won and flagged, a row a member of the team.
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
SELECT first_spelling(name) AS name, sum(assigned) AS assigned, sum(in_time) + sum(late) AS touched,
    sum(in_time) AS in_time, sum(late) AS late, sum(never) AS never, sum(idle) AS idle, sum(won) AS won,
    sum(confirmed) AS confirmed, sum(overturned) AS overturned
FROM parts GROUP BY key
