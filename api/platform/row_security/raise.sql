-- Run by whoever owns the tables, after the migrations, under their lock; again and again without effect.
DO $wall$
DECLARE
    found record;
    told constant text := 'string_to_array(current_setting(''lianfang.sight'', true), '','')';
    narrowed constant text :=
        'area_code LIKE ANY ((SELECT %1$s)::text[]) OR (area_code || '':'' || org_id::text) LIKE ANY ((SELECT %1$s)::text[])';
    -- Closed rooms say so themselves; the service doesn't start where they and its kinds disagree.
    closed constant text[] := ARRAY(
        SELECT c.relname::text FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
        WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') AND obj_description(c.oid, 'pg_class') LIKE 'Closed room: %'
        ORDER BY 1);
    named constant text := 'string_to_array(current_setting(''lianfang.rooms'', true), '','')';
    -- Citus: tables that are divided by district. Their policies may ask nothing, so what they compare with is told in
    -- settings of its own (`kit/link.rs`); a case is followed by its district there.
    spread text[] := '{}';
    off constant boolean := coalesce(current_setting('lianfang.row_security', true), '') = 'off';
    is_spread boolean;
    by_setting constant text := '%s LIKE ANY (string_to_array(current_setting(''lianfang.%s'', true), '',''))';
    rule text;
    follows text;
    verb text;
BEGIN
    IF to_regclass('pg_catalog.pg_dist_partition') IS NOT NULL THEN
        EXECUTE 'SELECT coalesce(array_agg(c.relname::text), ''{}'') FROM pg_dist_partition AS p
                 JOIN pg_class AS c ON c.oid = p.logicalrelid WHERE p.partmethod = ''h''' INTO spread;
    END IF;
    IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'lianfang_service') THEN
        BEGIN
            CREATE ROLE lianfang_service NOLOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE;
        EXCEPTION WHEN duplicate_object OR unique_violation THEN
            -- Another database of this server made it this moment.
            NULL;
        END;
    END IF;
    IF NOT pg_has_role(current_user, 'lianfang_service', 'MEMBER') THEN
        EXECUTE format('GRANT lianfang_service TO %I', current_user);
    END IF;
    -- There the server that leads signs in to the others in the role that it is in, and who is behind policies can't write
    -- many rows at once: what sees everything has a role of its own, which passes policies by.
    IF spread <> '{}' THEN
        IF EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'lianfang_service' AND NOT rolcanlogin) THEN
            ALTER ROLE lianfang_service LOGIN;
        END IF;
        IF NOT off AND NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'lianfang_writer') THEN
            CREATE ROLE lianfang_writer LOGIN NOSUPERUSER BYPASSRLS NOCREATEDB NOCREATEROLE;
        END IF;
        IF NOT off AND NOT pg_has_role('lianfang_writer', 'lianfang_service', 'MEMBER') THEN
            GRANT lianfang_service TO lianfang_writer;
        END IF;
        IF NOT off AND NOT pg_has_role(current_user, 'lianfang_writer', 'MEMBER') THEN
            EXECUTE format('GRANT lianfang_writer TO %I', current_user);
        END IF;
    END IF;
    IF NOT has_schema_privilege('lianfang_service', 'public', 'USAGE') THEN
        GRANT USAGE ON SCHEMA public TO lianfang_service;
    END IF;

    FOR found IN
        SELECT c.relname AS name, c.relkind = 'v' AS is_view, c.relrowsecurity AS walled,
               bool_or(a.attname = 'district_code') AS of_district,
               bool_or(a.attname = 'area_code') AS of_area,
               bool_or(a.attname = 'capture') AS is_record,
               bool_or(a.attname = 'case_id') AS of_case,
               (SELECT obj_description(p.oid, 'pg_policy') FROM pg_policy AS p
                WHERE p.polrelid = c.oid AND p.polname = 'sight') AS rule
        FROM pg_class AS c
        JOIN pg_namespace AS n ON n.oid = c.relnamespace
        JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
        WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p', 'v')
        GROUP BY c.oid, c.relname, c.relkind, c.relrowsecurity
    LOOP
        -- What was written stays: records, their revisions, the ledger's entries and the audit are never deleted,
        -- and but for the current revision of a record never changed.
        IF NOT has_table_privilege('lianfang_service', format('public.%I', found.name), 'SELECT') THEN
            EXECUTE format('GRANT SELECT ON public.%I TO lianfang_service', found.name);
        END IF;
        CONTINUE WHEN found.is_view OR found.name IN ('__diesel_schema_migrations', 'migration_lock');
        IF NOT has_table_privilege('lianfang_service', format('public.%I', found.name), 'INSERT') THEN
            EXECUTE format('GRANT INSERT ON public.%I TO lianfang_service', found.name);
            IF found.name NOT IN ('record_revisions', 'ledger_entries', 'ledger_changes', 'audit_log') THEN
                EXECUTE format('GRANT UPDATE ON public.%I TO lianfang_service', found.name);
                IF NOT found.is_record THEN
                    EXECUTE format('GRANT DELETE ON public.%I TO lianfang_service', found.name);
                END IF;
            END IF;
        END IF;

        CONTINUE WHEN NOT found.of_district;
        is_spread := found.name = ANY (spread);
        IF is_spread AND off THEN
            IF found.walled THEN
                EXECUTE format('ALTER TABLE public.%I DISABLE ROW LEVEL SECURITY', found.name);
            END IF;
            IF found.rule IS NOT NULL THEN
                FOREACH verb IN ARRAY ARRAY['sight', 'adding', 'changing', 'removing'] LOOP
                    EXECUTE format('DROP POLICY IF EXISTS %I ON public.%I', verb, found.name);
                END LOOP;
            END IF;
            CONTINUE;
        END IF;
        -- The sub-selects are uncorrelated: evaluated once a statement. The CASE keeps the rule a filter to the
        -- planner, which would else think that it leaves next to nothing.
        -- Who sees a case sees the person and all that belongs to it. From where cases are seen is behind the wall
        -- itself, so the sub-select finds only what this statement sees; it is made once, and only where it is asked.
        follows := CASE
            WHEN found.name = 'isolation_case_sights' THEN NULL
            WHEN found.name = 'isolation_cases' THEN 'id IN (SELECT s.case_id FROM isolation_case_sights AS s)'
            WHEN found.name = 'people' THEN 'id IN (SELECT s.person_id FROM isolation_case_sights AS s)'
            WHEN found.name = 'duties' THEN 'subject_id IN (SELECT s.case_id FROM isolation_case_sights AS s)'
            WHEN found.is_record AND found.of_case THEN 'case_id IN (SELECT s.case_id FROM isolation_case_sights AS s)'
        END;
        rule := CASE
            WHEN is_spread AND follows IS NOT NULL THEN format(by_setting, 'district_code', 'sight_districts')
            WHEN is_spread AND (found.is_record OR found.name = 'isolation_case_sights') THEN
                format(replace(narrowed, '((SELECT %1$s)::text[])', '(%1$s)'), told)
            WHEN is_spread AND found.of_area THEN format(by_setting, 'area_code', 'sight_areas')
            WHEN is_spread THEN format(by_setting, 'district_code', 'sight_districts')
            WHEN found.name = 'isolation_case_sights' THEN format(narrowed, told)
            WHEN found.is_record THEN format(narrowed, told) || coalesce(' OR ' || follows, '')
            WHEN found.of_area THEN format(
                'area_code LIKE ANY (ARRAY(SELECT split_part(s, '':'', 1) FROM unnest(%s) AS s))', told)
            ELSE format(
                'district_code LIKE ANY (ARRAY(SELECT left(split_part(s, '':'', 1), 6) FROM unnest(%s) AS s))', told)
        END;
        -- What stands in a closed room, its former revisions and its lines in the index are seen only by statements that
        -- name the room.
        rule := CASE
            WHEN is_spread AND found.name = ANY (closed) THEN format('(%s) AND %L = ANY (%s)', rule, found.name, named)
            WHEN is_spread AND closed <> '{}' AND found.name IN ('record_revisions', 'ledger_changes') THEN
                format('(%s) AND (kind <> ALL (%L::text[]) OR kind = ANY (%s))', rule, closed, named)
            WHEN found.name = ANY (closed) THEN format('(%s) AND %L = ANY ((SELECT %s)::text[])', rule, found.name, named)
            WHEN closed <> '{}' AND found.name IN ('record_revisions', 'ledger_changes') THEN format(
                '(%s) AND (kind <> ALL (%L::text[]) OR kind = ANY ((SELECT %s)::text[]))', rule, closed, named)
            ELSE rule
        END;
        rule := format('CASE WHEN %s THEN true ELSE false END', rule);
        -- A policy's comment keeps its rule, so that a release with another one makes it anew.
        IF found.rule IS DISTINCT FROM rule THEN
            FOREACH verb IN ARRAY ARRAY['sight', 'adding', 'changing', 'removing'] LOOP
                EXECUTE format('DROP POLICY IF EXISTS %I ON public.%I', verb, found.name);
            END LOOP;
            EXECUTE format('CREATE POLICY sight ON public.%I FOR SELECT USING (%s)', found.name, rule);
            EXECUTE format('COMMENT ON POLICY sight ON public.%I IS %L', found.name, rule);
            EXECUTE format('CREATE POLICY adding ON public.%I FOR INSERT WITH CHECK (true)', found.name);
            EXECUTE format('CREATE POLICY changing ON public.%I FOR UPDATE USING (true)', found.name);
            EXECUTE format('CREATE POLICY removing ON public.%I FOR DELETE USING (true)', found.name);
        END IF;
        IF NOT found.walled THEN
            EXECUTE format('ALTER TABLE public.%I ENABLE ROW LEVEL SECURITY', found.name);
        END IF;
    END LOOP;
END
$wall$;
