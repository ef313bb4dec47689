-- Leads, outcomes and spend a source and campaign.
WITH parts AS (
    SELECT lead.source_comparable AS source_key, lead.campaign_comparable AS campaign_key, lead.source, lead.campaign,
        1 AS leads, CASE WHEN reached.stage = 'junk' THEN 1 ELSE 0 END AS junk_reviewed,
        reached.candidate AS junk_nominated, reached.qualified, reached.won,
        reached.value, reached.value_currency, CAST(NULL AS DOUBLE PRECISION) AS spend, NULL AS spend_currency
    FROM v_funnel AS reached JOIN lead ON lead.id = reached.id
    UNION ALL
    SELECT spend.source_comparable, spend.campaign_comparable, spend.source, spend.campaign, 0, 0, 0, 0, 0, NULL, NULL,
        whole_units(spend.amount, spend.currency), spend.currency
    FROM spend
)
SELECT first_spelling(source) AS source, first_spelling(campaign) AS campaign, sum(leads) AS leads,
    sum(junk_reviewed) AS junk_reviewed, sum(junk_nominated) AS junk_nominated,
    sum(qualified) AS qualified, sum(won) AS won,
    CASE WHEN min(value_currency) = max(value_currency) THEN sum(value) END AS value,
    CASE WHEN min(value_currency) = max(value_currency) THEN min(value_currency) END AS value_currency,
    CASE WHEN min(spend_currency) = max(spend_currency) THEN sum(spend) END AS spend,
    CASE WHEN min(spend_currency) = max(spend_currency) THEN min(spend_currency) END AS spend_currency
FROM parts GROUP BY source_key, campaign_key
