-- The leads to call, in the order of `queue`.
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
