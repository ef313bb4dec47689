-- Junk candidates that wait for a review.
SELECT lead.id, lead.name, lead.company, lead.email, lead.source, lead.owner, score.score, score.ceiling, score.known,
    score.reason,
    CASE WHEN run.as_of > lead.created_on THEN days_between(run.as_of, lead.created_on) ELSE 0 END AS age_days
FROM v_last_score AS run
JOIN lead_score AS score ON is_true(score.candidate)
JOIN lead ON lead.id = score.lead_id
WHERE lead.removed_by IS NULL AND lead.merged_into IS NULL AND lead.stage IN ('new', 'working', 'nurture')
