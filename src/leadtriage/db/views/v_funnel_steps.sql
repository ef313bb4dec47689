-- The funnel as `report funnel` counts it, a row a step.
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
