//! All of one compound on a sheet: who helps it, its gates and disposal points, what was disinfected and brought there,
//! the survey rounds that look at it. Each part as the caller's roles and scope let him read it.

use actix_web::HttpResponse;
use actix_web::http::Method;
use actix_web::http::header::CACHE_CONTROL;
use kit::columns;
use kit::problem::Problem;
use kit::row::Row;
use kit::statement::{ColumnType, Statement};
use kit::value::Value;
use serde::Serialize;
use serde_json::{Value as Json, json};
use utoipa::ToSchema;
use uuid::Uuid;

use super::compound_partnerships::COMPOUND_READERS;
use crate::platform::access::keys::KeyScope;
use crate::platform::access::scope::reached;
use crate::platform::codes::NOT_FOUND;
use crate::platform::http::answered::AnyObject;
use crate::platform::http::{Access, Answer, Call, Operation};
use crate::records::envelope::ID;
use crate::records::scope::visible_to;
use crate::records::{Kind, Record, read, view};
use crate::rooms::registers::place::KIND;
use crate::rooms::registers::{COMPOUND_KINDS, PLACES};

/// Records of a part that are told; its list has the others.
const TOLD: i64 = 20;
/// Records of a part are counted up to this many.
const MOST_COUNTED: i64 = 10_000;
/// Rounds that are told.
const MOST_ROUNDS: i64 = 100;

columns! {
    TOTAL "total": i64;
    ROUND_ID "round_id": Uuid;
    NAME "name": String;
    STATE "state": String;
    TARGETS "targets": i64;
}

/// Parts of a sheet: its name, the kind of its records, the column that names the place, a condition beside it.
const PARTS: [(&str, &str, Whose, &str); 6] = [
    ("partners", "compound_partnerships", Whose::Compound("place_id"), ""),
    ("gates", "places", Whose::Compound("parent_id"), " AND r.kind <> 'mask_disposal_point'"),
    ("mask_points", "places", Whose::Compound("parent_id"), " AND r.kind = 'mask_disposal_point'"),
    ("mask_collections", "mask_collections", Whose::All("place_id"), ""),
    ("disinfections", "disinfections", Whose::All("place_id"), ""),
    ("goods", "material_issues", Whose::All("recipient_place_id"), ""),
];

/// Places that a part is of, by the column that names them.
#[derive(Clone, Copy)]
enum Whose {
    /// The compound itself.
    Compound(&'static str),
    /// The compound and all places that belong to it.
    All(&'static str),
}

/// Part of a sheet.
#[derive(Serialize, ToSchema)]
struct SheetPart {
    /// Whether the caller's roles read such records.
    told: bool,
    /// How many there are within the caller's own, up to 10,000.
    #[schema(minimum = 0, maximum = 10_000)]
    total: i64,
    /// The newest of them, as their lists tell them.
    #[schema(inline, max_items = 20, value_type = Vec<AnyObject>)]
    items: Vec<Json>,
}

/// Survey round that looks at a compound.
#[derive(Serialize, ToSchema)]
struct SheetRound {
    /// The round.
    round_id: Uuid,
    /// Its name.
    #[schema(max_length = 200)]
    name: String,
    /// How it stands.
    #[schema(max_length = 20)]
    state: String,
    /// Households, or persons, of the compound that are on its list.
    #[schema(minimum = 0)]
    targets: i64,
    /// How the compound is covered.
    #[schema(max_length = 300)]
    coverage_url: String,
}

/// All of one compound.
#[derive(Serialize, ToSchema)]
struct CompoundSheet {
    /// The compound, as the list of places tells it.
    #[schema(inline, value_type = AnyObject)]
    compound: Json,
    /// Partnerships of it (联包帮).
    #[schema(inline)]
    partners: SheetPart,
    /// Gates and other places that belong to it.
    #[schema(inline)]
    gates: SheetPart,
    /// Disposal points of used masks.
    #[schema(inline)]
    mask_points: SheetPart,
    /// Collections at those points.
    #[schema(inline)]
    mask_collections: SheetPart,
    /// Disinfections in it and at its gates.
    #[schema(inline)]
    disinfections: SheetPart,
    /// Goods that were brought to it.
    #[schema(inline)]
    goods: SheetPart,
    /// Survey rounds that look at it, the newest first.
    #[schema(inline, max_items = 100)]
    rounds: Vec<SheetRound>,
}

/// The operations of this part of the room.
pub fn operations() -> Vec<Operation> {
    let part = json!({"told": true, "total": 0, "items": []});
    let example = json!({"compound": {"id": "0198c0de-0002-7000-8000-000000000004", "name": "龙溪苑小区"}, "partners": part, "gates": part, "mask_points": part, "mask_collections": part, "disinfections": part, "goods": part, "rounds": []});
    vec![
        Operation::new(Method::GET, "/v1/compounds/{id}/sheet", "get_compound_sheet", sheet)
            .described("compounds", "All of one compound", "Who helps it, its gates and disposal points, what was collected, disinfected and brought there, the survey rounds that look at it. Each part tells the newest records that the caller may see, as their own lists do.")
            .access(Access::Roles(COMPOUND_READERS))
            .keys(KeyScope::Read)
            .answers::<CompoundSheet>(200, "The sheet.", Some(example))
            .problems(&[NOT_FOUND]),
    ]
}

async fn sheet(call: Call) -> Answer {
    let core = &call.core;
    let compound = read::find(core, call.actor()?, &PLACES, call.path_id()?).await?;
    if !compound.values.get(&KIND).is_some_and(|kind| COMPOUND_KINDS.contains(&kind)) {
        return Err(NOT_FOUND.into());
    }
    let places = places_of(&call, &compound).await?;
    let mut parts = Vec::with_capacity(PARTS.len());
    for part in PARTS {
        parts.push(read_part(&call, &compound, &places, part).await?);
    }
    let [partners, gates, mask_points, mask_collections, disinfections, goods] =
        <[SheetPart; PARTS.len()]>::try_from(parts).map_err(|_| Problem::internal("parts of a sheet are missing"))?;
    let rounds = rounds(&call, &compound).await?;
    let compound = view::record(core, &PLACES, &compound, call.language).to_json()?;
    let body = CompoundSheet { compound, partners, gates, mask_points, mask_collections, disinfections, goods, rounds };
    Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(body))
}

/// The compound and the places that belong to it.
async fn places_of(call: &Call, compound: &Record) -> Result<Vec<Value>, Problem> {
    let district_code = &compound.envelope.district_code;
    let statement = Statement::new("SELECT p.id FROM places AS p WHERE NOT p.voided AND p.district_code = ")
        .text(district_code)
        .sql(" AND p.parent_id = ")
        .id(compound.envelope.id)
        .seeing_district(district_code);
    let below = call.core.database.read(&statement).await?.into_iter().filter_map(|mut row| row.get(&ID));
    Ok([compound.envelope.id].into_iter().chain(below).map(Value::Id).collect())
}

async fn read_part(
    call: &Call,
    compound: &Record,
    places: &[Value],
    (_, kind, whose, condition): (&str, &str, Whose, &str),
) -> Result<SheetPart, Problem> {
    let (core, actor) = (&call.core, call.actor()?);
    let (column, ids) = match whose {
        Whose::Compound(column) => (column, vec![Value::Id(compound.envelope.id)]),
        Whose::All(column) => (column, places.to_vec()),
    };
    let names_places = |kind: &&Kind| kind.field(column).is_some_and(|field| !field.is_personal());
    let kind = core.kinds().kind(kind).filter(|kind| actor.holds(kind.readers)).filter(names_places);
    let Some(kind) = kind else { return Ok(SheetPart { told: false, total: 0, items: Vec::new() }) };
    let statement = || {
        visible_to(actor, kind, &compound.envelope.district_code)
            .sql(format!(" AND NOT r.voided AND r.{column} = ANY("))
            .column(ColumnType::Id, ids.clone())
            .sql(format!("){condition}"))
    };
    let counted = Statement::new("SELECT count(*) AS total FROM (")
        .then(statement().sql(" LIMIT ").integer(MOST_COUNTED))
        .sql(") AS p");
    let total = core.database.read(&counted).await?.into_iter().find_map(|mut row| row.get(&TOTAL)).unwrap_or(0);
    let newest = statement().sql(" ORDER BY r.occurred_at DESC, r.id DESC LIMIT ").integer(TOLD);
    let records = read::load(core, kind, &newest).await?;
    let told = |record: &Record| view::record(core, kind, record, call.language).to_json();
    let items = records.iter().map(told).collect::<Result<_, _>>()?;
    Ok(SheetPart { told: true, total, items })
}

/// Rounds with targets in the compound that are within the caller's own.
async fn rounds(call: &Call, compound: &Record) -> Result<Vec<SheetRound>, Problem> {
    let (core, actor) = (&call.core, call.actor()?);
    let Some(kind) = core.kinds().kind("survey_rounds").filter(|kind| actor.holds(kind.readers)) else {
        return Ok(Vec::new());
    };
    let (district_code, id) = (&compound.envelope.district_code, compound.envelope.id);
    let statement = Statement::new("SELECT s.id AS round_id, s.name, s.state, count(*) AS targets FROM survey_targets AS t JOIN survey_rounds AS s ON s.district_code = t.district_code AND s.id = t.round_id WHERE NOT s.voided AND t.district_code = ")
        .text(district_code)
        .sql(" AND t.place_id = ")
        .id(id)
        .sql(" AND ");
    let statement = reached("t", statement, actor, kind.readers, true)
        .sql(" GROUP BY s.id, s.name, s.state, s.occurred_at ORDER BY s.occurred_at DESC, s.id LIMIT ")
        .integer(MOST_ROUNDS)
        // A round of the district looks at compounds of every village: whose they are is asked of the targets.
        .seeing_district(district_code);
    let round = |mut row: Row| {
        let round_id = row.get(&ROUND_ID)?;
        Some(SheetRound {
            round_id,
            name: row.get(&NAME)?,
            state: row.get(&STATE)?,
            targets: row.get(&TARGETS)?,
            coverage_url: format!("/v1/survey-rounds/{round_id}/coverage?place_id={id}"),
        })
    };
    Ok(core.database.read(&statement).await?.into_iter().filter_map(round).collect())
}
