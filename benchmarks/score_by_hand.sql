-- The arithmetic of criteria.example.yaml as a patient person would write it for the table `lead`: the yardstick for
-- `leadtriage score`. A missing value gives NULL points; the texts are put between spaces once, so that a whole word is
-- found as ' word '. Parameter: :as_of, the day that counts as today.
WITH texts AS MATERIALIZED (
    SELECT
        lead.id,
        ' ' || industry_comparable || ' ' AS industry,
        ' ' || title_comparable || ' ' AS title,
        title_comparable AS whole_title,
        ' ' || need_comparable || ' ' AS need,
        ' ' || source_comparable || ' ' AS source,
        ' ' || company_comparable || ' ' AS company,
        name_comparable AS name,
        lower(email) AS email,
        email_domain,
        email_kind,
        phone,
        employees,
        bounced,
        signs_off,
        replies,
        unanswered_touches,
        stage,
        -- minor units of US dollars; a currency without a rate gives NULL, which is unknown
        budget_amount * CASE budget_currency WHEN 'USD' THEN 1 WHEN 'EUR' THEN 1.1 WHEN 'GBP' THEN 1.3
            WHEN 'CHF' THEN 1.2 WHEN 'CAD' THEN 0.72 WHEN 'AUD' THEN 0.65 WHEN 'JPY' THEN 0.67 WHEN 'INR' THEN 0.012
            WHEN 'BRL' THEN 0.18 WHEN 'AED' THEN 0.27 END AS budget,
        revenue_amount * CASE revenue_currency WHEN 'USD' THEN 1 WHEN 'EUR' THEN 1.1 WHEN 'GBP' THEN 1.3
            WHEN 'CHF' THEN 1.2 WHEN 'CAD' THEN 0.72 WHEN 'AUD' THEN 0.65 WHEN 'JPY' THEN 0.67 WHEN 'INR' THEN 0.012
            WHEN 'BRL' THEN 0.18 WHEN 'AED' THEN 0.27 END AS revenue,
        CASE WHEN decides_on >= :as_of THEN julianday(decides_on) - julianday(:as_of) END AS decides_in_days,
        max(julianday(:as_of) - julianday(created_on), 0) AS age_days,
        lead.id IN (SELECT lead_id FROM nomination WHERE withdrawn_at IS NULL) AS nominated
    FROM lead
    WHERE removed_by IS NULL AND merged_into IS NULL
),
points AS MATERIALIZED (
    SELECT
        id, stage, nominated,
        need IS NOT NULL OR budget IS NOT NULL OR decides_in_days IS NOT NULL OR coalesce(replies >= 1, 0) AS ready,
        CASE WHEN industry IS NULL THEN NULL WHEN
            instr(industry, ' manufacturing ') OR instr(industry, ' logistics ') OR
            instr(industry, ' wholesale ') OR instr(industry, ' distribution ') OR
            instr(industry, ' technology ') OR instr(industry, ' software ') OR instr(industry, ' it ') OR
            instr(industry, ' telecommunications ') OR instr(industry, ' communications ') OR
            instr(industry, ' consulting ') OR instr(industry, ' financial services ') OR
            instr(industry, ' finance ') OR instr(industry, ' banking ') OR instr(industry, ' insurance ') OR
            instr(industry, ' pharma ') OR instr(industry, ' pharmaceuticals ') OR
            instr(industry, ' healthcare ') OR instr(industry, ' construction ') OR
            instr(industry, ' engineering ') OR instr(industry, ' energy ') OR instr(industry, ' retail ') OR
            instr(industry, ' real estate ') OR instr(industry, ' professional services ') OR
            instr(industry, ' business services ') OR instr(industry, ' service provider ')
            THEN 10 WHEN
            instr(industry, ' gambling ') OR instr(industry, ' casino ') OR instr(industry, ' adult entertainment ')
            THEN -10 ELSE 2 END AS industry,
        CASE WHEN employees IS NULL THEN NULL WHEN employees BETWEEN 50 AND 1000 THEN 10
            WHEN employees BETWEEN 10 AND 49 THEN 5 WHEN employees >= 1001 THEN 5
            WHEN employees BETWEEN 2 AND 9 THEN 2 ELSE 0 END AS employees,
        CASE email_kind WHEN 'business' THEN 5 WHEN 'free' THEN 2 WHEN 'role' THEN 2 WHEN 'disposable' THEN -5
            WHEN 'invalid' THEN -5 END AS address,
        CASE WHEN budget IS NULL THEN NULL WHEN budget >= 2000000 THEN 20 WHEN budget >= 500000 THEN 10
            WHEN budget >= 100000 THEN 2 WHEN budget BETWEEN 100 AND 99900 THEN -5 ELSE 0 END AS budget,
        CASE WHEN revenue IS NULL THEN NULL WHEN revenue >= 1000000000 THEN 8 WHEN revenue >= 100000000 THEN 4
            ELSE 0 END AS revenue,
        CASE signs_off WHEN 'alone' THEN 20 WHEN 'shared' THEN 10 WHEN 'no' THEN 0 END AS signs_off,
        -- a title that is not listed says nothing
        CASE WHEN title IS NULL THEN NULL
            WHEN whole_title IN ('student', 'intern', 'trainee', 'apprentice', 'pupil', 'job seeker', 'unemployed')
            THEN -10 WHEN
            instr(title, ' student at ') OR instr(title, ' phd student ') OR instr(title, ' doctoral student ') OR
            instr(title, ' graduate student ') OR instr(title, ' master student ') OR
            instr(title, ' working student ') OR instr(title, ' undergraduate ') OR instr(title, ' internship ')
            THEN -10 WHEN
            instr(title, ' product owner ') OR instr(title, ' process owner ') OR
            instr(title, ' business partner ') OR instr(title, ' assistant ') OR instr(title, ' secretary ') OR
            instr(title, ' receptionist ') OR instr(title, ' coordinator ')
            THEN 2 WHEN
            instr(title, ' chief ') OR instr(title, ' ceo ') OR instr(title, ' coo ') OR instr(title, ' cfo ') OR
            instr(title, ' cto ') OR instr(title, ' cio ') OR instr(title, ' cmo ') OR instr(title, ' cro ') OR
            instr(title, ' cpo ') OR instr(title, ' ciso ') OR instr(title, ' founder ') OR
            instr(title, ' cofounder ') OR instr(title, ' owner ') OR instr(title, ' proprietor ') OR
            instr(title, ' partner ') OR instr(title, ' president ') OR instr(title, ' vp ') OR
            instr(title, ' svp ') OR instr(title, ' evp ') OR instr(title, ' managing director ') OR
            instr(title, ' general manager ') OR instr(title, ' geschäftsführer ') OR
            instr(title, ' geschäftsführerin ') OR instr(title, ' inhaber ') OR instr(title, ' inhaberin ') OR
            instr(title, ' gérant ') OR instr(title, ' gérante ') OR instr(title, ' pdg ') OR
            instr(title, ' dueño ') OR instr(title, ' dueña ')
            THEN 20 WHEN
            instr(title, ' director ') OR instr(title, ' head ') OR instr(title, ' directeur ') OR
            instr(title, ' directrice ') OR instr(title, ' directora ') OR instr(title, ' direktor ') OR
            instr(title, ' leiter ') OR instr(title, ' leiterin ') OR instr(title, ' direttore ')
            THEN 15 WHEN
            instr(title, ' manager ') OR instr(title, ' buyer ') OR instr(title, ' purchasing ') OR
            instr(title, ' procurement ') OR instr(title, ' team lead ') OR instr(title, ' supervisor ') OR
            instr(title, ' einkauf ') OR instr(title, ' einkäufer ') OR instr(title, ' einkäuferin ') OR
            instr(title, ' acheteur ') OR instr(title, ' acheteuse ') OR instr(title, ' gerente ') OR
            instr(title, ' responsable ') OR instr(title, ' responsabile ')
            THEN 8 END AS title,
        CASE WHEN need IS NULL THEN NULL WHEN
            instr(need, ' thesis ') OR instr(need, ' dissertation ') OR instr(need, ' homework ') OR
            instr(need, ' school project ') OR instr(need, ' university project ') OR
            instr(need, ' just looking ') OR instr(need, ' just browsing ') OR instr(need, ' just curious ') OR
            instr(need, ' free only ') OR instr(need, ' only free ') OR instr(need, ' no budget ') OR
            instr(need, ' not interested ') OR instr(need, ' wrong person ')
            THEN -10 WHEN
            instr(need, ' replace ') OR instr(need, ' replacing ') OR instr(need, ' switch ') OR
            instr(need, ' switching ') OR instr(need, ' migrate ') OR instr(need, ' migration ') OR
            instr(need, ' manual ') OR instr(need, ' manually ') OR instr(need, ' spreadsheet ') OR
            instr(need, ' spreadsheets ') OR instr(need, ' excel ') OR instr(need, ' error ') OR
            instr(need, ' errors ') OR instr(need, ' duplicate ') OR instr(need, ' duplicates ') OR
            instr(need, ' slow ') OR instr(need, ' delay ') OR instr(need, ' delays ') OR
            instr(need, ' downtime ') OR instr(need, ' problem ') OR instr(need, ' problems ') OR
            instr(need, ' issue ') OR instr(need, ' issues ') OR instr(need, ' struggling ') OR
            instr(need, ' struggle ') OR instr(need, ' missing ') OR instr(need, ' overdue ') OR
            instr(need, ' too expensive ') OR instr(need, ' too long ') OR instr(need, ' compliance ') OR
            instr(need, ' audit ') OR instr(need, ' deadline ') OR instr(need, ' urgent ') OR
            instr(need, ' asap ') OR instr(need, ' growing ') OR instr(need, ' scaling ')
            THEN 10 ELSE 5 END AS need,
        CASE WHEN source IS NULL THEN NULL WHEN
            instr(source, ' demo ') OR instr(source, ' pricing ') OR instr(source, ' price ') OR
            instr(source, ' quote ') OR instr(source, ' proposal ') OR instr(source, ' trial ') OR
            instr(source, ' consultation ') OR instr(source, ' contact us ') OR instr(source, ' contact form ') OR
            instr(source, ' callback ') OR instr(source, ' referral ') OR instr(source, ' referred ') OR
            instr(source, ' partner ')
            THEN 10 WHEN
            instr(source, ' webinar ') OR instr(source, ' seminar ') OR instr(source, ' trade show ') OR
            instr(source, ' event ') OR instr(source, ' conference ') OR instr(source, ' web download ') OR
            instr(source, ' whitepaper ') OR instr(source, ' organic search ') OR instr(source, ' paid search ') OR
            instr(source, ' chat ')
            THEN 2 ELSE 0 END AS source,
        CASE WHEN decides_in_days IS NULL THEN NULL WHEN decides_in_days <= 30 THEN 10
            WHEN decides_in_days <= 90 THEN 5 WHEN decides_in_days <= 180 THEN 2 ELSE 0 END AS decides,
        CASE WHEN age_days <= 7 THEN 5 WHEN age_days <= 30 THEN 2 WHEN age_days >= 181 THEN -5 ELSE 0 END AS age,
        CASE
            WHEN name IN ('test', 'test test', 'test lead', 'test user', 'testing', 'asdf', 'asdf asdf', 'qwerty')
                OR instr(name, '<test lead') OR instr(name, 'test lead:')
                OR company IN (' test ', ' test company ', ' asdf ')
                OR email IN ('test@test.com', 'test@example.com', 'test@fb.com', 'test@meta.com', 'asdf@asdf.com')
            THEN 'test'
            WHEN email_kind = 'disposable' AND phone IS NULL THEN 'spam'
            WHEN (email_kind = 'invalid' OR bounced) AND phone IS NULL THEN 'bad_data'
            WHEN instr(company, ' name of a competitor ') OR instr(company, ' name of another ')
                OR email_domain IN ('competitor.example', 'other-competitor.example') THEN 'is_competitor'
            WHEN
            instr(need, ' seo services ') OR instr(need, ' backlinks ') OR instr(need, ' backlink ') OR
            instr(need, ' link building ') OR instr(need, ' guest post ') OR instr(need, ' guest posts ') OR
            instr(need, ' sponsored post ') OR instr(need, ' rank your website ') OR
            instr(need, ' rank higher on google ') OR instr(need, ' first page of google ') OR
            instr(need, ' web design services ') OR instr(need, ' lead generation services ') OR
            instr(need, ' offshore development ') OR instr(need, ' our agency can ') OR
            instr(need, ' grow your traffic ')
            THEN 'selling_to_us' WHEN
            instr(need, ' job application ') OR instr(need, ' my resume ') OR instr(need, ' my cv ') OR
            instr(need, ' my curriculum vitae ') OR instr(need, ' open positions ') OR instr(need, ' vacancy ') OR
            instr(need, ' vacancies ') OR instr(need, ' internship ')
            THEN 'job_seeker'
            WHEN whole_title IN ('student', 'pupil') OR
            instr(title, ' student at ') OR instr(title, ' phd student ') OR instr(title, ' doctoral student ') OR
            instr(title, ' graduate student ') OR instr(title, ' master student ') OR
            instr(title, ' undergraduate ')
            THEN 'student'
            WHEN budget BETWEEN 100 AND 20000 THEN 'no_budget'
            WHEN
            instr(industry, ' gambling ') OR instr(industry, ' casino ') OR instr(industry, ' adult entertainment ')
            THEN 'no_fit' WHEN
            instr(need, ' not interested ') OR instr(need, ' no interest ') OR instr(need, ' unsubscribe ') OR
            instr(need, ' remove me ') OR instr(need, ' wrong person ')
            THEN 'no_need'
            WHEN unanswered_touches >= 6 THEN 'unreachable'
            WHEN
            instr(need, ' thesis ') OR instr(need, ' dissertation ') OR instr(need, ' homework ') OR
            instr(need, ' school project ') OR instr(need, ' university project ') OR
            instr(need, ' just looking ') OR instr(need, ' just browsing ') OR instr(need, ' just curious ') OR
            instr(need, ' free only ') OR instr(need, ' only free ')
            THEN 'no_need'
        END AS reason
    FROM texts
),
sums AS MATERIALIZED (
    SELECT
        id, stage, ready, nominated, reason,
        min(max(coalesce(industry, 0) + coalesce(employees, 0) + coalesce(address, 0), -25), 25) AS fit,
        min(max(coalesce(industry, 10) + coalesce(employees, 10) + coalesce(address, 5), -25), 25) AS fit_ceiling,
        min(max(coalesce(budget, 0) + coalesce(revenue, 0), -20), 20) AS budget,
        min(max(coalesce(budget, 20) + coalesce(revenue, 8), -20), 20) AS budget_ceiling,
        min(max(coalesce(signs_off, 0) + coalesce(title, 0), -20), 20) AS authority,
        min(max(coalesce(signs_off, 20) + coalesce(title, 20), -20), 20) AS authority_ceiling,
        min(max(coalesce(need, 0) + coalesce(source, 0), -20), 20) AS need,
        min(max(coalesce(need, 10) + coalesce(source, 10), -20), 20) AS need_ceiling,
        min(max(coalesce(decides, 0) + age, -15), 15) AS timing,
        min(max(coalesce(decides, 10) + age, -15), 15) AS timing_ceiling,
        10 * (industry IS NOT NULL) + 10 * (employees IS NOT NULL) + 5 * (address IS NOT NULL)
            + 20 * (budget IS NOT NULL) + 8 * (revenue IS NOT NULL) + 20 * (signs_off IS NOT NULL)
            + 20 * (title IS NOT NULL) + 10 * (need IS NOT NULL) + 10 * (source IS NOT NULL)
            + 10 * (decides IS NOT NULL) + 5 AS known,
        -- the open question that could give most within its dimension: gain * 100 + its place, counted from behind
        max(
            CASE WHEN industry IS NULL THEN 1000 + 11 ELSE 0 END,
            CASE WHEN employees IS NULL THEN 1000 + 10 ELSE 0 END,
            CASE WHEN budget IS NULL THEN (20 - coalesce(revenue, 0)) * 100 + 8 ELSE 0 END,
            CASE WHEN signs_off IS NULL THEN (20 - coalesce(title, 0)) * 100 + 6 ELSE 0 END,
            CASE WHEN need IS NULL THEN 1000 + 4 ELSE 0 END,
            CASE WHEN decides IS NULL THEN 1000 + 2 ELSE 0 END
        ) AS next_question
    FROM points
)
INSERT INTO score_by_hand
SELECT
    id,
    score,
    ceiling,
    known / 128.0,
    CASE WHEN score >= 60 THEN 'A' WHEN score >= 40 THEN 'B' WHEN score >= 20 THEN 'C' ELSE 'D' END,
    fit,
    budget,
    authority,
    need,
    timing,
    candidate,
    CASE WHEN candidate THEN coalesce(reason, 'low') END,
    NOT candidate AND open AND score < 50 AND ceiling >= 50,
    50 - score,
    12 - next_question % 100,
    next_question / 100,
    ready AND score >= 50
FROM (
    SELECT
        *,
        stage IN ('new', 'working', 'nurture') AS open,
        stage IN ('new', 'working', 'nurture')
            AND (nominated OR reason IS NOT NULL OR ceiling < 10 OR (score < 10 AND known >= 77)) AS candidate
    FROM (
        SELECT
            *,
            fit + budget + authority + need + timing AS score,
            fit_ceiling + budget_ceiling + authority_ceiling + need_ceiling + timing_ceiling AS ceiling
        FROM sums
    )
)
