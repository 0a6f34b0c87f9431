"""SQL of the distribution report."""

# Before each statement: the leads of the period.
PERIOD_SQL = """
WITH period AS MATERIALIZED (
    SELECT id, source_id, listing_price, created_at, claimed_via, team_id IS NOT DISTINCT FROM %(team)s AS is_here,
           CASE WHEN team_id = %(team)s THEN claimed_by_user_id END AS claimer_id,
           CASE WHEN team_id = %(team)s THEN claimed_at END AS claimed_at
    FROM leads_lead
    WHERE created_at >= %(start)s AND created_at < %(end)s
        AND merged_into_id IS NULL AND (%(source)s::bigint IS NULL OR source_id = %(source)s)
)
"""

PRICES_SQL = "SELECT DISTINCT listing_price FROM period"

# Offers of these leads to members, and the leads that count. OFFSET 0 looks the offers up lead by lead: a join would
# read all offers of the team [measured: 350 ms instead of 28 for a week of 100,000 leads].
OFFERS_SQL = """
, turn AS MATERIALIZED (
    SELECT period.id AS lead_id, offer.*
    FROM period, LATERAL (
        SELECT user_id, status, alerted_at, end_code, created_at AS planned_at, position, notify_at,
               has_text_alert OR has_email_alert OR has_call_alert AS is_turn
        FROM leads_leadoffer AS offer
        WHERE offer.lead_id = period.id AND offer.team_id = %(team)s
        OFFSET 0
    ) AS offer
), came_in AS MATERIALIZED (
    SELECT * FROM period WHERE is_here OR id IN (SELECT lead_id FROM turn)
)
"""

LEAD_FIGURES_SQL = """
, offered AS (
    SELECT lead_id, count(*) AS offers, count(alerted_at) AS alerted, min(alerted_at) AS first_alerted_at,
           count(*) FILTER (WHERE status = 'Declined') AS declines, count(*) FILTER (WHERE status = 'Lost') AS lost,
           count(*) FILTER (WHERE status = 'Expired') AS expired
    FROM turn
    GROUP BY lead_id
), lead_times AS (
    SELECT source_id, band, is_here, claimed_at, first_alerted_at, offers, alerted, declines, lost, expired,
           width_bucket(created_at, %(days)s::timestamptz[]) AS day,
           extract(epoch FROM first_alerted_at - created_at)::float AS to_alert,
           extract(epoch FROM claimed_at - created_at)::float AS to_claim,
           width_bucket(extract(epoch FROM claimed_at - created_at)::float, %(claims)s::float[]) AS claim_time
    FROM came_in
    JOIN unnest(%(prices)s::text[], %(bands)s::int[]) AS priced(listing_price, band) USING (listing_price)
    LEFT JOIN offered ON lead_id = came_in.id
)
SELECT CASE WHEN grouping(source_id) = 0 THEN 'source' WHEN grouping(band) = 0 THEN 'band'
            WHEN grouping(day) = 0 THEN 'day' WHEN grouping(claim_time) = 0 THEN 'claim_time' ELSE 'all' END,
       coalesce(source_id, band, day, claim_time),
       coalesce(sum(offers), 0)::bigint, coalesce(sum(alerted), 0)::bigint, count(claimed_at),
       coalesce(sum(declines), 0)::bigint, coalesce(sum(lost), 0)::bigint, coalesce(sum(expired), 0)::bigint,
       count(*), count(*) FILTER (WHERE first_alerted_at IS NULL),
       count(*) FILTER (WHERE is_here AND claimed_at IS NULL), count(*) FILTER (WHERE NOT is_here),
       percentile_cont(ARRAY[0.5, 0.95]) WITHIN GROUP (ORDER BY to_alert),
       percentile_cont(ARRAY[0.5, 0.95]) WITHIN GROUP (ORDER BY to_claim)
FROM lead_times
GROUP BY GROUPING SETS ((), (source_id), (band), (day), (claim_time))
"""

# The first member of each lead, and the expected share of each member. In a round robin each member who took part in
# the turn has a share by weight, except members who could not be notified (leads.lifecycle.round_robin_adjustments).
# In other orders, the member who was notified first has it. A row without alerts is not a turn: it records a claim from
# the pond.
FIRST_OFFERS_SQL = """
, spun AS MATERIALIZED (
    SELECT lead_id, decided_at AS planned_at, rotation
    FROM came_in JOIN leads_routingtrace ON lead_id = came_in.id
    WHERE jsonb_typeof(rotation) = 'object' AND EXISTS (SELECT FROM leads_rotationslot WHERE team_id = %(team)s)
    UNION ALL
    SELECT lead_id, at, details->'rotation'
    FROM came_in JOIN leads_traceentry ON lead_id = came_in.id
    WHERE jsonb_typeof(details->'rotation') = 'object'
        AND EXISTS (SELECT FROM leads_rotationslot WHERE team_id = %(team)s)
), had AS MATERIALIZED (
    SELECT * FROM turn
    WHERE is_turn AND NOT (status = 'Cancelled' AND alerted_at IS NULL AND end_code <> %(claimed)s)
), taken AS MATERIALIZED (
    SELECT DISTINCT ON (lead_id, planned_at) lead_id, planned_at, user_id AS taker_id, position AS taken_at, rotation
    FROM had JOIN spun USING (lead_id, planned_at)
    ORDER BY lead_id, planned_at, position
), owed AS (
    SELECT taken.*, place.user_id, place.weight
    FROM taken, jsonb_to_recordset(rotation->'places') AS place(user_id bigint, weight int)
    WHERE NOT EXISTS (
        SELECT FROM turn
        WHERE turn.lead_id = taken.lead_id AND turn.planned_at = taken.planned_at AND turn.user_id = place.user_id
            AND position < taken_at
    )
), heard AS (
    SELECT lead_id, planned_at, user_id, rank() OVER (PARTITION BY lead_id, planned_at ORDER BY notify_at) AS place
    FROM had
    WHERE NOT EXISTS (SELECT FROM spun WHERE spun.lead_id = had.lead_id AND spun.planned_at = had.planned_at)
), begun AS (
    SELECT user_id, (user_id = taker_id)::int AS is_first,
           weight::float / sum(weight) OVER (PARTITION BY lead_id, planned_at) AS expected
    FROM owed
    UNION ALL
    SELECT user_id, 1, 1 FROM heard WHERE place = 1
)
SELECT user_id, sum(is_first)::bigint, CASE WHEN EXISTS (SELECT FROM taken) THEN sum(expected) END
FROM begun
GROUP BY user_id
"""

# Claims without an offer, as from the pond, have a row too, so that claims add up to those of the leads.
OFFER_FIGURES_SQL = """
, made AS (
    SELECT user_id, source_id, listing_price, 1 AS offers, alerted_at, status, is_claim, claimed_at, claimed_via
    FROM turn JOIN came_in ON came_in.id = lead_id,
         LATERAL (SELECT user_id = claimer_id AND status = 'Claimed' AS is_claim) AS decided
    UNION ALL
    SELECT claimer_id, source_id, listing_price, 0, NULL, '', true, claimed_at, claimed_via
    FROM came_in
    WHERE claimer_id IS NOT NULL
        AND NOT EXISTS (SELECT FROM turn WHERE lead_id = id AND user_id = claimer_id AND status = 'Claimed')
)
SELECT user_id, CASE WHEN grouping(source_id) = 0 THEN 'source' WHEN grouping(band) = 0 THEN 'band' ELSE 'all' END,
       coalesce(source_id, band), sum(offers)::bigint, count(alerted_at),
       count(*) FILTER (WHERE is_claim), count(*) FILTER (WHERE status = 'Declined'),
       count(*) FILTER (WHERE status = 'Lost'), count(*) FILTER (WHERE status = 'Expired'),
       percentile_cont(ARRAY[0.5, 0.95]) WITHIN GROUP (ORDER BY extract(epoch FROM claimed_at - alerted_at)::float)
           FILTER (WHERE is_claim AND claimed_via <> 'Auto')
FROM made JOIN unnest(%(prices)s::text[], %(bands)s::int[]) AS priced(listing_price, band) USING (listing_price)
GROUP BY GROUPING SETS ((user_id), (user_id, source_id), (user_id, band))
ORDER BY user_id, source_id, band
"""
