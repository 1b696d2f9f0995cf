// Generated from the migrated database by `make schema`; a test fails when it is stale.
// Record tables are not here: the frame writes and reads them from their field tables.

diesel::table! {
    api_keys (id) {
        id -> Uuid,
        name -> Text,
        secret_hash -> Bytea,
        role -> Text,
        area_code -> Text,
        org_id -> Nullable<Uuid>,
        scopes -> Jsonb,
        created_by -> Uuid,
        created_at -> Timestamptz,
        expires_at -> Timestamptz,
        revoked_at -> Nullable<Timestamptz>,
        revoked_by -> Nullable<Uuid>,
    }
}

diesel::table! {
    audit_log (id) {
        id -> Uuid,
        occurred_at -> Timestamptz,
        actor_id -> Nullable<Uuid>,
        verb -> Text,
        subject_kind -> Text,
        subject_id -> Nullable<Uuid>,
        request_id -> Nullable<Text>,
        address -> Nullable<Text>,
        details -> Jsonb,
        area_code -> Nullable<Text>,
    }
}

diesel::table! {
    awaited_records (id) {
        district_code -> Text,
        kind -> Text,
        id -> Uuid,
        comes_at -> Timestamptz,
    }
}

diesel::table! {
    district_clocks (district_code) {
        district_code -> Text,
        last_no -> Int8,
        head -> Bytea,
        advanced_at -> Timestamptz,
    }
}

diesel::table! {
    divisions (edition, code) {
        edition -> Int2,
        code -> Text,
        name -> Text,
        level -> Text,
        unit_type -> Text,
        parent_code -> Nullable<Text>,
        as_of -> Date,
        current -> Bool,
        successor_codes -> Jsonb,
        successors_derived -> Bool,
    }
}

diesel::table! {
    duty_cadences (id) {
        id -> Uuid,
        area_code -> Nullable<Text>,
        effective_on -> Date,
        duty_kind -> Text,
        active -> Bool,
        every_days -> Int4,
        opens_minute -> Nullable<Int4>,
        due_minute -> Nullable<Int4>,
        within_minutes -> Nullable<Int4>,
        source -> Text,
        created_by -> Nullable<Uuid>,
        created_at -> Timestamptz,
        escalation_levels -> Int4,
    }
}

diesel::table! {
    export_requests (id) {
        district_code -> Text,
        id -> Uuid,
        area_code -> Text,
        kind -> Text,
        filter -> Text,
        purpose -> Text,
        reason -> Bytea,
        state -> Text,
        requested_by -> Uuid,
        requested_at -> Timestamptz,
        decided_by -> Nullable<Uuid>,
        decided_at -> Nullable<Timestamptz>,
        used_at -> Nullable<Timestamptz>,
        as_of_change_no -> Nullable<Int8>,
    }
}

diesel::table! {
    former_grants (id) {
        user_id -> Uuid,
        role -> Text,
        area_code -> Text,
        org_id -> Nullable<Uuid>,
        revoked_at -> Timestamptz,
        id -> Uuid,
    }
}

diesel::table! {
    key_fingerprints (name) {
        name -> Text,
        fingerprint -> Bytea,
        noted_at -> Timestamptz,
        state -> Nullable<Text>,
        changed_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    observation_policies (id) {
        id -> Uuid,
        area_code -> Nullable<Text>,
        effective_on -> Date,
        observation_days -> Int4,
        fever_c -> Numeric,
        retest_below_c -> Numeric,
        source -> Text,
        created_by -> Nullable<Uuid>,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    service_settings (name) {
        name -> Text,
        value -> Text,
    }
}

diesel::table! {
    sessions (id) {
        id -> Uuid,
        user_id -> Uuid,
        device_id -> Nullable<Text>,
        used_generation -> Int8,
        created_at -> Timestamptz,
        expires_at -> Timestamptz,
        ended_at -> Nullable<Timestamptz>,
        end_reason -> Nullable<Text>,
        device_blind_index -> Nullable<Bytea>,
        device -> Nullable<Bytea>,
    }
}

diesel::table! {
    user_grants (user_id) {
        user_id -> Uuid,
        role -> Text,
        area_code -> Text,
        org_id -> Nullable<Uuid>,
        granted_by -> Nullable<Uuid>,
        granted_at -> Timestamptz,
    }
}

diesel::table! {
    users (id) {
        id -> Uuid,
        username -> Text,
        display_name -> Text,
        phone -> Nullable<Bytea>,
        org_id -> Nullable<Uuid>,
        password_hash -> Text,
        password_change_required -> Bool,
        active -> Bool,
        revision -> Int4,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        deactivated_at -> Nullable<Timestamptz>,
    }
}

diesel::allow_tables_to_appear_in_same_query!(sessions, user_grants, users);
