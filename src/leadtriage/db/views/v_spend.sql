-- What sources cost, a row an entry.
SELECT spend.id, spend.month, spend.source, spend.campaign, whole_units(spend.amount, spend.currency) AS amount,
    spend.currency, spend.note, spend."by", spend.at
FROM spend
