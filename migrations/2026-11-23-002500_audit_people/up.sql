-- Who was told of plainly by a pull: for "who looked at my record".
CREATE INDEX audit_log_people_idx ON audit_log USING gin ((details->'people')) WHERE verb = 'sync.pull_plain';
