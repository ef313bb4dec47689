-- How far each lead had come on the day of the last score: replays the events since then, as `reports.query` does.
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
