DELETE FROM duty_cadences WHERE duty_kind IN ('shift_filling', 'manned_post', 'shift_attendance');
DROP TABLE calendar_tokens, service_records, shift_attendances, shift_assignments, shifts, shift_templates, volunteers, teams;
