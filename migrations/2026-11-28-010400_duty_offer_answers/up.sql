-- Whoever offered a duty finds what became of it. Only what was offered has a line; built beside the writers, as the
-- revisions are many.
CREATE INDEX CONCURRENTLY record_revisions_offers_idx ON record_revisions (district_code, (body ->> 'revised_by'), change_no DESC) WHERE kind = 'duties' AND body ->> 'offered_to' IS NOT NULL;
