//! The parts of a window: current and former revisions, what left the scope or came into it, each a statement of a kind.

use kit::statement::Statement;

use super::queries::Window;
use crate::platform::access::roles::Actor;
use crate::records::Kind;
use crate::records::record_row::RecordRow;
use crate::records::scope::{in_area, reached, readable, select, standing};

/// Parts in which a window is read.
#[derive(Clone, Copy)]
pub enum Part<'a> {
    /// Current revisions in scope.
    Current,
    /// Former revisions that were in scope.
    Former,
    /// Current revisions out of scope of which one was in it that the reader can have met.
    Left,
    /// Current revisions out of scope of which any former one was in it.
    Gone,
    /// Current revisions in scope that are not in this former one of the caller.
    Gained(&'a Actor),
    /// Current revisions out of scope that are, or of which any former one was, in this former one.
    Lost(&'a Actor),
}

impl Part<'_> {
    /// The feed: every revision, and what left the scope.
    pub const FEED: [Part<'static>; 3] = [Part::Current, Part::Former, Part::Left];
    /// The state: only how things stand, and what left the scope.
    pub const STATE: [Part<'static>; 2] = [Part::Current, Part::Gone];

    /// Whether it tells what left the scope.
    pub fn revokes(self) -> bool {
        matches!(self, Self::Left | Self::Gone | Self::Lost(_))
    }
}

/// Behind a condition for what somebody sees: what he doesn't. A record of no organisation is unknown to a condition on
/// organisations, and `NOT` would leave it so.
pub const NOT_SEEN: &str = " IS NOT TRUE";

/// Operation told of a record that left the scope.
pub const REVOKED: &str = "access_revoked";

/// Operation that a part tells of a record.
pub fn operation(record: &RecordRow, part: Part<'_>) -> &'static str {
    match part {
        part if part.revokes() => REVOKED,
        _ if record.is_void => "void",
        _ if record.revision == 1 => "create",
        _ => "amend",
    }
}

/// Reads a part of a window up to a number, of one kind.
pub fn statement(actor: &Actor, kind: &Kind, window: &Window, head: i64, part: Part<'_>) -> Statement {
    let district_code = &window.district_code;
    let select = select(kind.shown_select(), district_code);
    let rows = match part {
        Part::Current | Part::Left | Part::Gone | Part::Gained(_) | Part::Lost(_) => select.sql(format!(" FROM {} AS r WHERE r.district_code = ", kind.name)).text(district_code),
        Part::Former => select.sql(format!(
            " FROM (SELECT (f.row).* FROM (SELECT jsonb_populate_record(NULL::{}, h.body) AS row FROM record_revisions AS h WHERE h.kind = '{}' AND h.district_code = ",
            kind.name, kind.name
        ))
        .text(district_code)
        .sql(" AND h.change_no > ")
        .integer(window.since)
        .sql(" AND h.change_no <= ")
        .integer(head)
        // A row is made of JSON once, and not once for each of its columns.
        .sql(" OFFSET 0) AS f) AS r WHERE r.district_code = ")
        .text(district_code),
    };
    let rows = rows.in_rooms(kind.room().filter(|_| actor.holds(kind.readers)));
    let rows = rows.sql(" AND r.change_no > ").integer(window.since).sql(" AND r.change_no <= ").integer(head);
    let rows = match part {
        Part::Current | Part::Former => in_view(rows.sql(" AND "), actor, kind, window),
        Part::Gained(former) => {
            let rows = in_view(rows.sql(" AND "), actor, kind, window).sql(" AND ");
            in_view(rows, former, kind, window).sql(NOT_SEEN)
        }
        Part::Left => was_in_view(out_of_view(rows, actor, kind, window), actor, kind, window, true),
        Part::Gone => was_in_view(out_of_view(rows, actor, kind, window), actor, kind, window, false),
        Part::Lost(former) => {
            let rows = in_view(out_of_view(rows, actor, kind, window).sql(" AND ("), former, kind, window);
            // AND binds closer: in the former scope now, or in it once.
            was_in_view(rows.sql(" OR true"), former, kind, window, false).sql(")")
        }
    };
    rows.sql(" ORDER BY r.change_no LIMIT ").integer(window.limit + 1)
}

/// Condition for rows that left the scope, of which only the id is told.
fn out_of_view(rows: Statement, actor: &Actor, kind: &Kind, window: &Window) -> Statement {
    in_view(rows.seeing_district(&window.district_code).sql(" AND "), actor, kind, window).sql(NOT_SEEN)
}

/// The same condition over former revisions' area and organisation: of any, or only of those that the reader can have
/// met since his number (the one that stood then, and what came after it).
fn was_in_view(rows: Statement, actor: &Actor, kind: &Kind, window: &Window, only_met: bool) -> Statement {
    let rows = rows.sql(format!(
        " AND r.revision > 1 AND EXISTS (SELECT 1 FROM record_revisions AS h, LATERAL (SELECT h.district_code AS district_code, h.id AS id, (h.body->>'recorded_by')::uuid AS recorded_by, (h.body->>'assignee_id')::uuid AS assignee_id, h.body->>'line' AS line, (h.body->>'subject_id')::uuid AS subject_id, h.body->>'subject_kind' AS subject_kind, coalesce(h.body->'categories', '[]') AS categories, s.area_code, s.org_id, (h.body->>'place_id')::uuid AS place_id, (h.body->>'case_id')::uuid AS case_id{} \
         FROM (SELECT h.body->>'area_code' AS area_code, (h.body->>'org_id')::uuid AS org_id UNION ALL SELECT a.stay->>'area_code', (a.stay->>'org_id')::uuid FROM jsonb_array_elements(CASE WHEN jsonb_typeof(h.body->'area_history') = 'array' THEN h.body->'area_history' END) AS a(stay) WHERE a.stay->>'accepted_at' IS NULL) AS s) AS f \
         WHERE h.kind = '{}' AND h.id = r.id AND h.revision < r.revision AND h.district_code = ",
        shared_with(kind),
        kind.name
    ));
    let rows = rows.text(&window.district_code);
    let rows = match only_met {
        true => rows
            .sql(" AND NOT EXISTS (SELECT 1 FROM record_revisions AS n WHERE n.district_code = h.district_code AND n.kind = h.kind AND n.id = h.id AND n.revision = h.revision + 1 AND n.change_no <= ")
            .integer(window.since)
            .sql(")"),
        false => rows,
    };
    let rows = standing("f", rows.sql(" AND ("), actor, kind);
    let rows = of_slice("f", rows, actor, kind, window);
    in_area("f", rows, window.area_code.as_deref()).sql("))")
}

/// The column of the organisation with which a record is shared, of a former revision.
fn shared_with(kind: &Kind) -> String {
    kind.rules.shared_with().map(|column| format!(", (h.body->>'{column}')::uuid AS {column}")).unwrap_or_default()
}

fn in_view(statement: Statement, actor: &Actor, kind: &Kind, window: &Window) -> Statement {
    let statement = of_slice("r", readable("r", statement.sql("("), actor, kind), actor, kind, window);
    in_area("r", statement, window.area_code.as_deref()).sql(")")
}

/// A phone carries what is its own area's, of what everybody of the district may name.
fn of_slice(row: &str, statement: Statement, actor: &Actor, kind: &Kind, window: &Window) -> Statement {
    if window.slice && kind.rules.pulled_by_area() {
        reached(row, statement.sql(" AND "), actor, kind.readers, true)
    } else {
        statement
    }
}
