-- When and by whom leads were scored last, and what the criteria of that run say of warnings.
SELECT run.as_of, run.at, run."by",
    integer_at(version.settings, warn) AS warn_days,
    next_day(run.as_of) AS day_after
FROM score_run AS run JOIN criteria_version AS version ON version.digest = run.criteria_digest
ORDER BY run.id DESC LIMIT 1
