-- Every event of a lead that is neither removed nor merged.
SELECT event.id, event.at, event."by", event.kind, event.lead_id AS lead, event.field, event.old, event.new,
    event.reason, event.note, event.batch_id AS batch
FROM event JOIN lead ON lead.id = event.lead_id
WHERE lead.removed_by IS NULL AND lead.merged_into IS NULL
