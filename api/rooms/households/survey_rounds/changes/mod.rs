//! Round against round (再核实): who came and went, what became empty, who was reached and isn't any more; each with the
//! visits that show it.

mod statement;

use actix_web::HttpResponse;
use actix_web::http::Method;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, LINK};
use kit::cursor;
use kit::field::{Field, Shape};
use kit::problem::Problem;
use kit::row::Row;
use kit::statement::{ColumnType, Statement};
use kit::text::Text;
use kit::time::day_of;
use kit::typed::TypedField;
use kit::value::Value;
use kit::{columns, words};
use serde::Serialize;
use serde_json::{Value as Json, json};
use utoipa::ToSchema;
use uuid::Uuid;

use self::statement::{Side, Sides, changes};
use super::targets::ready_round;
use super::{COMPARES_WITH_ID, DUE_AT, FROZEN, SERIES, STARTS_AT, SURVEY_ROUNDS, SurveyTarget, TARGET};
use crate::platform::access::keys::KeyScope;
use crate::platform::http::formats::{self, Format};
use crate::platform::http::page::{self, AREA_CODE, CURSOR, LIMIT};
use crate::platform::http::{Access, Answer, Call, Operation, fault};
use crate::platform::privacy::mask;
use crate::records::codes::UNKNOWN_REFERENCE;
use crate::records::{Record, envelope, read};
use crate::rooms::households::READERS;
use crate::rooms::households::codes::{NO_FORMER_ROUND, NOT_COMPARABLE, ROUND_NOT_READY};
use crate::rooms::households::households::{DOOR, HOUSEHOLDS};
use crate::rooms::registers::{PEOPLE, person};
use crate::statistics::parameters::HEADERS_FIELD;
use crate::statistics::sheet::{self, Column, words as named};

words! {
    /// Sorts of changes between two rounds.
    pub SurveyChange "survey_change" "Change" "变化" {
        HouseholdNew "household_new" "household came" "新增户";
        HouseholdEnded "household_ended" "household ended" "注销户";
        BecameVacant "became_vacant" "became vacant" "变为空户";
        BecameOccupied "became_occupied" "became occupied" "空户有人居住";
        MovedOut "moved_out" "moved away" "迁出";
        ResultWorse "result_worse" "done before, not now" "结果变差";
        ResultBetter "result_better" "not done before, done now" "结果变好";
        PersonNew "person_new" "person came" "新增人员";
        PersonLeft "person_left" "person left" "减少人员";
        PersonMoved "person_moved" "person lives in another household" "人员换户";
        PresenceChanged "presence_changed" "came home or went away" "在家情况变化";
        CategoryAdded "category_added" "came into a category" "新增类别";
        CategoryEnded "category_ended" "is in a category no more" "类别终止";
    }
}

const AGAINST: TypedField<Uuid> = TypedField::named(
    "AGAINST",
    Field::new(
        "against",
        Shape::Id,
        Text::new("Against", "对比轮次"),
        "The round that was before: by default the one that this round says it compares with, else the former one of its series in its area.",
    ),
);
static SORT: Field =
    Field::new("change", Shape::Word(SurveyChange::VOCABULARY), Text::new("Change", "变化"), "Changes of that sort.");

columns! {
    CHANGE "change": SurveyChange;
    HOUSEHOLD_ID "household_id": Uuid;
    PERSON_ID "person_id": Uuid;
    BEFORE "before": String;
    AFTER "after": String;
    BEFORE_HOUSEHOLD_ID "before_household_id": Uuid;
    AFTER_HOUSEHOLD_ID "after_household_id": Uuid;
    BEFORE_VISIT_ID "before_visit_id": Uuid;
    AFTER_VISIT_ID "after_visit_id": Uuid;
    POSITION "position": String;
    COUNT "count": i64;
}

/// Changes between two rounds.
#[derive(Serialize, ToSchema)]
struct SurveyChanges {
    /// The round.
    round_id: Uuid,
    /// The round that was before.
    against_id: Uuid,
    /// How many of each sort, in the area asked for; every sort has a line.
    #[schema(inline, max_items = 13)]
    counts: Vec<ChangeCount>,
    /// The changes, by area, household and person.
    #[schema(inline, max_items = 500)]
    items: Vec<ChangeItem>,
    /// Where the next page begins; null at the end.
    #[schema(required, max_length = 500)]
    next_cursor: Option<String>,
}

/// How many changes there are of a sort.
#[derive(Serialize, ToSchema)]
struct ChangeCount {
    /// The sort.
    #[schema(value_type = String, max_length = 20)]
    change: SurveyChange,
    /// So many.
    #[schema(minimum = 0)]
    count: i64,
}

/// A change between two rounds.
#[derive(Serialize, ToSchema)]
struct ChangeItem {
    /// Which.
    #[schema(value_type = String, max_length = 20)]
    change: SurveyChange,
    /// The household: of a person, where the person lives now or did before.
    #[schema(required)]
    household_id: Option<Uuid>,
    /// Its door.
    #[schema(required, max_length = 60)]
    door: Option<String>,
    /// The person.
    #[schema(required)]
    person_id: Option<Uuid>,
    /// The name, masked.
    #[schema(required, max_length = 60)]
    name: Option<String>,
    /// Where.
    #[schema(max_length = 12)]
    area_code: String,
    /// Its state before: a result, a presence, a category, or how it stood in the register.
    #[schema(required, max_length = 60)]
    before: Option<String>,
    /// Its state now.
    #[schema(required, max_length = 60)]
    after: Option<String>,
    /// Where the person lived.
    #[schema(required)]
    before_household_id: Option<Uuid>,
    /// Where the person lives.
    #[schema(required)]
    after_household_id: Option<Uuid>,
    /// The visit of the former round that shows it; null where the registers do.
    #[schema(required)]
    before_visit_id: Option<Uuid>,
    /// The visit of this round that shows it.
    #[schema(required)]
    after_visit_id: Option<Uuid>,
    /// Its place in the list.
    #[serde(skip)]
    position: String,
}

/// Columns of the changes as a file.
const COLUMNS: &[Column] = &[
    named("change", "变化"),
    named("area_code", "区划"),
    named("household_id", "户编号"),
    named("door", "门牌号"),
    named("person_id", "人员编号"),
    named("name", "姓名"),
    named("before", "上一轮"),
    named("after", "本轮"),
    named("before_household_id", "原住户编号"),
    named("after_household_id", "现住户编号"),
    named("before_visit_id", "上一轮核查编号"),
    named("after_visit_id", "本轮核查编号"),
];

/// Changes at most that a file has.
const MOST_IN_A_FILE: usize = 100_000;

/// The operations of this part of the room.
pub fn operations() -> Vec<Operation> {
    let household = "0198c0de-0041-7000-8000-000000000001";
    let item = json!({"change": "became_vacant", "household_id": household, "door": "3栋2单元501", "person_id": null, "name": null, "area_code": "511802005001", "before": "reached", "after": "vacant", "before_household_id": null, "after_household_id": null, "before_visit_id": "0198c0de-0044-7000-8000-000000000001", "after_visit_id": "0198c0de-0044-7000-8000-000000000002"});
    let example = json!({"round_id": "0198c0de-0043-7000-8000-000000000002", "against_id": "0198c0de-0043-7000-8000-000000000001", "counts": [{"change": "became_vacant", "count": 1}], "items": [item], "next_cursor": null});
    vec![
        Operation::new(Method::GET, "/v1/survey-rounds/{id}/changes", "list_survey_changes", listed)
            .described("survey_rounds", "What changed since the former round", "Round against round: who came and went, what became vacant, who was reached and isn't any more, each with the visits that show it. Made of what stands when it is asked: a late visit or a void one changes it. `before` and `after` are words of `survey_result`, `household_presence` or `person_category`, or say how the household stands in the register (`left_area`: it moved to where the caller or the round doesn't look). As CSV all of it. Names are masked.")
            .access(Access::Roles(READERS))
            .keys(KeyScope::Read)
            .parameters(vec![&AGAINST.field, &SORT, &AREA_CODE, &LIMIT, &CURSOR, &HEADERS_FIELD])
            .answers::<SurveyChanges>(200, "A page.", Some(example))
            .with_headers(&["Link"])
            .as_files(vec!["text/csv"])
            .problems(&[ROUND_NOT_READY]),
    ]
}

async fn listed(call: Call) -> Answer {
    let round = ready_round(&call).await?;
    let former = former_round(&call, &round).await?;
    if formats::asked(&call) == Some(Format::Csv) {
        return file(&call, &round, &former).await;
    }
    let binding = format!("survey_changes|{}|{}|{}", call.actor()?.user_id, round.envelope.id, asked(&call));
    let after = page::position(&call, &binding)?;
    let limit = page::limit(&call);
    let mut found = found(&call, &round, &former, after, limit + 1).await?;
    let more = found.items.len() > limit;
    found.items.truncate(limit);
    let last = found.items.last().filter(|_| more);
    let next_cursor = last.map(|last| cursor::seal(&*call.core.keys.cursor, &binding, &last.position));
    let items = told(&call, found.items).await?;
    let mut response = HttpResponse::Ok();
    if let Some(cursor) = &next_cursor {
        response.insert_header((LINK, page::next_link(&call, cursor)));
    }
    let (round_id, against_id) = (round.envelope.id, former.envelope.id);
    let body = SurveyChanges { round_id, against_id, counts: found.counts, items, next_cursor };
    Ok(response.insert_header((CACHE_CONTROL, "no-store")).json(body))
}

/// Everything of a request but its place in the list.
fn asked(call: &Call) -> String {
    let parameters = call.query.iter().filter(|(name, _)| !matches!(*name, "cursor" | "limit"));
    parameters.map(|(name, value)| format!("{name}={}", value.to_json(chrono_tz::UTC))).collect::<Vec<_>>().join("&")
}

async fn file(call: &Call, round: &Record, former: &Record) -> Answer {
    let found = found(call, round, former, None, MOST_IN_A_FILE).await?;
    let items = told(call, found.items).await?;
    let items: Vec<Json> =
        items.iter().map(serde_json::to_value).collect::<Result<_, _>>().map_err(Problem::internal)?;
    let name = format!("attachment; filename=\"changes-{}.csv\"", round.envelope.id);
    let body = sheet::of_items(call, COLUMNS, &items);
    let mut response = HttpResponse::Ok();
    response.insert_header((CONTENT_DISPOSITION, name)).insert_header((CACHE_CONTROL, "no-store"));
    Ok(response.content_type(sheet::CSV).body(body))
}

/// The round with which one is compared: the one asked for, the one that it names, else the former one of its series.
async fn former_round(call: &Call, round: &Record) -> Result<Record, Problem> {
    let (core, actor) = (&call.core, call.actor()?);
    let asked = call.query.get(&AGAINST);
    let id = match asked.or(round.values.get(&COMPARES_WITH_ID)) {
        Some(id) => id,
        None => former_of_series(call, round).await?.ok_or_else(|| fault("?against", NO_FORMER_ROUND))?,
    };
    let found = read::find(core, actor, &SURVEY_ROUNDS, id).await;
    let former =
        found.map_err(|problem| if asked.is_some() { fault("?against", UNKNOWN_REFERENCE) } else { problem })?;
    let (one, other) = (&former.envelope, &round.envelope);
    if one.id == other.id
        || one.district_code != other.district_code
        || former.values.get(&TARGET) != round.values.get(&TARGET)
    {
        return Err(fault("?against", NOT_COMPARABLE));
    }
    match former.values.get(&FROZEN) {
        Some(frozen) if frozen.ready => Ok(former),
        _ => Err(ROUND_NOT_READY.into()),
    }
}

async fn former_of_series(call: &Call, round: &Record) -> Result<Option<Uuid>, Problem> {
    let (district_code, area_code) = (&round.envelope.district_code, &round.envelope.area_code);
    let starts_at = round.values.get(&STARTS_AT).unwrap_or(round.envelope.occurred_at);
    let statement = Statement::new("SELECT r.id FROM survey_rounds AS r WHERE r.district_code = ")
        .text(district_code)
        .sql(" AND r.series = ")
        .text(round.values.get(&SERIES).unwrap_or_default())
        .sql(" AND r.area_code = ")
        .text(area_code)
        .sql(" AND r.target = ")
        .text(round.values.get(&TARGET).map_or("", SurveyTarget::code))
        .sql(" AND NOT r.voided AND r.state IN ('running', 'closed') AND (r.starts_at, r.id) < (")
        .bind(ColumnType::Instant, Value::Instant(starts_at))
        .sql(", ")
        .id(round.envelope.id)
        .sql(") ORDER BY r.starts_at DESC, r.id DESC LIMIT 1")
        .seeing_district(district_code);
    let rows = call.core.database.read(&statement).await?;
    Ok(rows.into_iter().next().and_then(|mut row| row.get(&envelope::ID)))
}

/// Changes that were found, and how many there are of each sort.
struct Found {
    counts: Vec<ChangeCount>,
    items: Vec<ChangeItem>,
}

async fn found(
    call: &Call,
    round: &Record,
    former: &Record,
    after: Option<String>,
    most: usize,
) -> Result<Found, Problem> {
    let sides = Sides {
        actor: call.actor()?,
        district_code: &round.envelope.district_code,
        target: round.values.get(&TARGET).unwrap_or(SurveyTarget::Households),
        former: side(call, former),
        later: side(call, round),
    };
    let area_code = call.query.text(AREA_CODE.name).unwrap_or(&round.envelope.district_code);
    let statement = changes(&sides, "SELECT c.*, NULL::bigint AS count FROM c WHERE starts_with(c.area_code, ")
        .text(area_code)
        .sql(")");
    let statement = match call.query.text(SORT.name) {
        Some(change) => statement.sql(" AND c.change = ").text(change),
        None => statement,
    };
    let statement = match after {
        Some(after) => statement.sql(" AND c.position > ").text(after),
        None => statement,
    };
    let statement = statement.sql(" ORDER BY c.position LIMIT ").integer(i64::try_from(most).unwrap_or(i64::MAX));
    let page = call.core.database.read(&statement).await?;
    let statement = changes(&sides, "SELECT c.change, count(*) AS count FROM c WHERE starts_with(c.area_code, ")
        .text(area_code)
        .sql(") GROUP BY c.change");
    let counted = call.core.database.read(&statement).await?;
    let counted: Vec<_> =
        counted.into_iter().filter_map(|mut row| Some((row.get(&CHANGE)?, row.get(&COUNT)?))).collect();
    let count = |change| counted.iter().find(|(known, _)| *known == change).map_or(0, |(_, count)| *count);
    let counts =
        SurveyChange::ALL.iter().map(|change| ChangeCount { change: *change, count: count(*change) }).collect();
    Ok(Found { counts, items: page.into_iter().filter_map(item).collect() })
}

fn side(call: &Call, round: &Record) -> Side {
    let now = call.core.clock.now();
    let until = round.values.get(&DUE_AT).unwrap_or(now).min(now);
    let frozen = round.values.get(&FROZEN);
    Side {
        id: round.envelope.id,
        area_code: round.envelope.area_code.clone(),
        started_as: frozen.and_then(|frozen| frozen.change_no).unwrap_or(0),
        on: day_of(until, call.core.zone),
    }
}

fn item(mut row: Row) -> Option<ChangeItem> {
    Some(ChangeItem {
        change: row.get(&CHANGE)?,
        household_id: row.get(&HOUSEHOLD_ID),
        door: None,
        person_id: row.get(&PERSON_ID),
        name: None,
        area_code: row.get(&envelope::AREA_CODE).unwrap_or_default(),
        before: row.get(&BEFORE),
        after: row.get(&AFTER),
        before_household_id: row.get(&BEFORE_HOUSEHOLD_ID),
        after_household_id: row.get(&AFTER_HOUSEHOLD_ID),
        before_visit_id: row.get(&BEFORE_VISIT_ID),
        after_visit_id: row.get(&AFTER_VISIT_ID),
        position: row.get(&POSITION)?,
    })
}

/// The changes with doors and masked names, as far as the caller sees the households and people.
async fn told(call: &Call, mut items: Vec<ChangeItem>) -> Result<Vec<ChangeItem>, Problem> {
    let (core, actor) = (&call.core, call.actor()?);
    let households: Vec<Uuid> = items.iter().filter_map(|item| item.household_id).collect();
    let people: Vec<Uuid> = items.iter().filter_map(|item| item.person_id).collect();
    let households = read::find_all(core, actor, &HOUSEHOLDS, &households).await?;
    let people = read::find_all(core, actor, &PEOPLE, &people).await?;
    for item in &mut items {
        let household = item.household_id.and_then(|id| households.get(&id));
        item.door = household.and_then(|household| household.values.get(&DOOR)).map(str::to_owned);
        let person = item.person_id.and_then(|id| people.get(&id));
        item.name = person.and_then(|person| person.values.get(&person::NAME)).map(mask::mask_name);
    }
    Ok(items)
}
