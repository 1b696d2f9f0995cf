-- Different households of an organisation are counted from its visits: no rollup keeps them.
CREATE INDEX survey_visits_org_id_idx ON survey_visits (district_code, org_id, occurred_at);
