//! Which accounts are called so.

use kit::columns;
use kit::problem::Problem;
use kit::row::Row;
use kit::statement::Statement;
use kit::value::Values;
use uuid::Uuid;

use crate::platform::called::{Piece, Q};
use crate::platform::core::Core;
use crate::records::envelope::ID;

columns! {
    USERNAME "username": String;
    DISPLAY_NAME "display_name": String;
}

/// The accounts whose user name or display name has the piece that a query asks for; none where it doesn't ask. Whoever
/// asks sees of them what he sees of a list.
pub async fn ids(core: &Core, query: &Values) -> Result<Option<Vec<Uuid>>, Problem> {
    let Some(piece) = query.text(Q.name).map(Piece::new) else { return Ok(None) };
    let statement = Statement::new("SELECT u.id, u.username, u.display_name FROM users AS u").seeing_everything();
    let rows = core.database.read(&statement).await?.into_iter();
    let is_called = |row: &mut Row| {
        [row.get(&USERNAME), row.get(&DISPLAY_NAME)].into_iter().flatten().any(|name| piece.is_of(&name))
    };
    Ok(Some(rows.filter_map(|mut row| is_called(&mut row).then(|| row.get(&ID))?).collect()))
}
