-- What a sales team does to leads in some months, for the reports to count: two further events a lead, touches,
-- assignments, closings, verdicts and spending. Every choice follows from the lead's id, so that two runs are alike.
-- Nothing happens after 2 November 2026, the day on which the reports are made: the latest leads still wait.

CREATE TEMP TABLE worked AS
SELECT id AS lead_id, created_on, (id * 104729) % 20 AS rep,
       (id * 7919) % 1000
         + CASE WHEN created_on > '2026-10-05' THEN 1000 WHEN created_on > '2026-08-10' THEN 300 ELSE 0 END AS chance,
       date(created_on, '+' || ((id * 31) % 4) || ' days') AS assigned_on,
       date(created_on, '+' || ((id * 31) % 4 + (id * 17) % 9) || ' days') AS touched_on,
       date(created_on, '+' || (20 + (id * 13) % 60) || ' days') AS closed_on
FROM lead;

-- They came in day by day, not all of them with one file on the last day.
UPDATE lead SET imported_on = created_on;

UPDATE lead SET
  owner = 'Rep ' || w.rep, owner_comparable = 'rep ' || w.rep, assigned_on = w.assigned_on, worked_here = 1
FROM worked AS w WHERE w.lead_id = lead.id AND w.chance < 800;

INSERT INTO touch (lead_id, id, kind, "on", dated, answered, by, next_on)
SELECT lead_id, lead_id * 4, 'call', touched_on, 1, chance % 3 = 0, 'Rep ' || rep,
       CASE WHEN chance % 4 = 0 THEN date(touched_on, '+7 days') END
FROM worked WHERE chance < 700;

INSERT INTO touch (lead_id, id, kind, "on", dated, answered, by)
SELECT lead_id, lead_id * 4 + 1, 'email', date(touched_on, '+' || (1 + chance % 12) || ' days'), 1, 1, 'Rep ' || rep
FROM worked WHERE chance < 500;

UPDATE lead SET stage = 'working', first_touch_on = w.touched_on, contact_dated = 1,
  last_touch_on = CASE WHEN w.chance < 500 THEN date(w.touched_on, '+' || (1 + w.chance % 12) || ' days')
                  ELSE w.touched_on END
FROM worked AS w WHERE w.lead_id = lead.id AND w.chance < 700 AND lead.stage = 'new';

UPDATE lead SET stage = CASE w.chance % 4 WHEN 0 THEN 'won' WHEN 1 THEN 'junk' ELSE 'lost' END,
  closed_on = w.closed_on, outcome_amount = 100000 + w.chance * 1000, outcome_currency = 'USD',
  outcome_reason = CASE w.chance % 5 WHEN 0 THEN 'price' WHEN 1 THEN 'no_budget' WHEN 2 THEN 'no_need'
                   WHEN 3 THEN 'bad_timing' ELSE 'chose_competitor' END
FROM worked AS w WHERE w.lead_id = lead.id AND w.chance < 300 AND lead.stage = 'working';

UPDATE lead SET stage = 'nurture', nurture_until = date(w.touched_on, '+60 days'), parked_on = w.touched_on,
  nurture_reason = 'bad_timing'
FROM worked AS w WHERE w.lead_id = lead.id AND w.chance BETWEEN 300 AND 349 AND lead.stage = 'working';

INSERT INTO event (lead_id, id, act, at, recorded_at, by, kind, new)
SELECT lead_id, 4000000 + lead_id * 4, lead_id, touched_on || ' 10:00:00.000000', touched_on || ' 10:00:00.000000',
       'Rep ' || rep, 'touch', 'call'
FROM worked WHERE chance < 700;

INSERT INTO event (lead_id, id, act, at, recorded_at, by, kind, new)
SELECT lead_id, 4000001 + lead_id * 4, lead_id, date(touched_on, '+9 days') || ' 11:00:00.000000',
       date(touched_on, '+9 days') || ' 11:00:00.000000', 'Rep ' || rep, 'touch', 'email'
FROM worked WHERE chance < 500;

INSERT INTO event (lead_id, id, act, at, recorded_at, by, kind, field, old, new)
SELECT lead_id, 4000002 + lead_id * 4, lead_id, assigned_on || ' 09:00:00.000000', assigned_on || ' 09:00:00.000000',
       'Lead', 'owner', 'owner', NULL, 'Rep ' || rep
FROM worked WHERE chance < 800;

INSERT INTO event (lead_id, id, act, at, recorded_at, by, kind, old, new)
SELECT w.lead_id, 4000003 + w.lead_id * 4, w.lead_id, w.closed_on || ' 16:00:00.000000',
       w.closed_on || ' 16:00:00.000000', 'Rep ' || w.rep, 'stage', 'working', l.stage
FROM worked AS w JOIN lead AS l ON l.id = w.lead_id WHERE l.closed_on = w.closed_on;

INSERT INTO verdict (lead_id, id, act, kind, verdict, reason, by, at, recorded_at, score, ceiling, known, grade,
                     criteria_digest, ledger)
SELECT w.lead_id, w.lead_id, w.lead_id, 'review', CASE WHEN l.stage = 'junk' THEN 'junk' ELSE 'rescue' END, 'no_budget',
       'Lead', w.closed_on || ' 15:00:00.000000', w.closed_on || ' 15:00:00.000000', s.score, s.ceiling, s.known, s.grade,
       s.run_id, '[]'
FROM worked AS w JOIN lead AS l ON l.id = w.lead_id JOIN lead_score AS s ON s.lead_id = w.lead_id
WHERE l.stage = 'junk' OR w.chance BETWEEN 600 AND 620;

INSERT INTO verdict_line (lead_id, verdict_id, place, by, reason, text, rule)
SELECT v.lead_id, v.id, 0, CASE WHEN w.chance % 2 THEN 'Rep ' || w.rep ELSE 'criteria' END, 'no_budget', 'no budget',
       CASE WHEN w.chance % 2 = 0 THEN 'people selling to us' END
FROM verdict AS v JOIN worked AS w ON w.lead_id = v.lead_id;

INSERT INTO nomination (lead_id, id, by, reason, at, recorded_at, withdrawn_at)
SELECT v.lead_id, v.id, 'Rep ' || w.rep, 'no_budget', v.at, v.at, v.at
FROM verdict AS v JOIN worked AS w ON w.lead_id = v.lead_id WHERE w.chance % 2;

INSERT INTO spend (id, month, source, source_comparable, amount, currency, by, at, recorded_at)
SELECT row_number() OVER (ORDER BY source_comparable, month), month, source, source_comparable, 250000, 'USD', 'Lead',
       month || ' 09:00:00.000000', month || ' 09:00:00.000000'
FROM (SELECT DISTINCT substr(created_on, 1, 7) || '-01' AS month, min(source) AS source, source_comparable
      FROM lead WHERE source_comparable IS NOT NULL GROUP BY 1, 3);

DROP TABLE worked;
