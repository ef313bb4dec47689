-- Open leads counted by age, grade, owner and source.
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
