//! Loading the divisions into the database, so that SQL of others can join them.

use diesel::ExpressionMethods;
use diesel::upsert::excluded;
use diesel_async::RunQueryDsl;
use kit::database::{Database, DatabaseError};
use serde_json::json;

use super::tree::Divisions;
use crate::platform::schema::divisions::dsl;

/// Writes every division; again, it changes only what differs.
pub async fn load(database: &Database, divisions: &Divisions) -> Result<usize, DatabaseError> {
    let rows: Vec<_> = divisions
        .rows()
        .iter()
        .map(|division| {
            (
                dsl::edition.eq(division.edition),
                dsl::code.eq(&division.code),
                dsl::name.eq(&division.name),
                dsl::level.eq(division.level.as_str()),
                dsl::unit_type.eq(&division.unit_type),
                dsl::parent_code.eq(&division.parent_code),
                dsl::as_of.eq(division.as_of),
                dsl::current.eq(division.current),
                dsl::successor_codes.eq(json!(division.successor_codes)),
                dsl::successors_derived.eq(division.successors_derived),
            )
        })
        .collect();
    let mut connection = database.connection().await?;
    let written = diesel::insert_into(dsl::divisions)
        .values(rows)
        .on_conflict((dsl::edition, dsl::code))
        .do_update()
        .set((
            dsl::name.eq(excluded(dsl::name)),
            dsl::level.eq(excluded(dsl::level)),
            dsl::unit_type.eq(excluded(dsl::unit_type)),
            dsl::parent_code.eq(excluded(dsl::parent_code)),
            dsl::as_of.eq(excluded(dsl::as_of)),
            dsl::current.eq(excluded(dsl::current)),
            dsl::successor_codes.eq(excluded(dsl::successor_codes)),
            dsl::successors_derived.eq(excluded(dsl::successors_derived)),
        ))
        .execute(&mut connection)
        .await?;
    Ok(written)
}
