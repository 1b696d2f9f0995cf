-- Who was told of plainly in a file: for "who looked at my record", as of pulls.
CREATE INDEX audit_log_exported_people_idx ON audit_log USING gin ((details->'people')) WHERE verb = 'export.page';
