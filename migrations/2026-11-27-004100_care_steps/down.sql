DELETE FROM duty_cadences WHERE duty_kind = 'search';
ALTER TABLE isolation_case_transitions DROP COLUMN anchor;
