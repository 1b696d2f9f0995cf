//! Which records of a kind are called so.

use kit::problem::Problem;
use kit::statement::Statement;
use kit::value::Values;
use uuid::Uuid;

use super::definition::Kind;
use crate::platform::called::{Piece, Q};
use crate::platform::core::Core;

/// The records of a district whose names have the piece that a query asks for; none where it doesn't ask. Whoever asks
/// sees of them what he sees of a list. All names are read each time: of places and organisations a district has some
/// thousands, and PostgreSQL knows no pinyin.
pub async fn ids(core: &Core, kind: &Kind, district_code: &str, query: &Values) -> Result<Option<Vec<Uuid>>, Problem> {
    let Some((field, piece)) = kind.called_by().zip(query.text(Q.name)) else { return Ok(None) };
    let piece = Piece::new(piece);
    let statement =
        Statement::new(format!("SELECT r.id, r.{} FROM {} AS r WHERE r.district_code = ", field.name, kind.name))
            .text(district_code)
            .seeing_district(district_code);
    let rows = core.database.read(&statement).await?.into_iter();
    let named = rows.filter_map(|mut row| Some((row.id("id")?, row.text(field.name)?)));
    Ok(Some(named.filter(|(_, name)| piece.is_of(name)).map(|(id, _)| id).collect()))
}
