ALTER TABLE service_records
    DROP COLUMN attended_from,
    DROP COLUMN attended_until,
    DROP COLUMN unconfirmed_minutes,
    DROP COLUMN confirmation,
    DROP COLUMN pending;
