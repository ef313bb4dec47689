-- Every lead that is neither removed nor merged, with its score.
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
