//! Dated settings over HTTP: given for an area from a day on, never changed, listed the latest first. A theme describes
//! its setting; the operations are the same for all.

use actix_web::HttpResponse;
use actix_web::http::Method;
use actix_web::http::header::LOCATION;
use diesel_async::RunQueryDsl;
use kit::faults::Faults;
use kit::field::{Field, Shape};
use kit::ids::new_id;
use kit::json::put;
use kit::problem::Problem;
use kit::row::Row;
use kit::statement::{ColumnType, Statement};
use kit::text::Text;
use kit::value::{Value, Values};
use serde_json::{Map, Value as Json, json};
use uuid::Uuid;

use super::codes::{OUT_OF_AREA, UNKNOWN_AREA};
use super::definition::column_type;
use super::document::described;
use crate::platform::access::Role;
use crate::platform::access::keys::KeyScope;
use crate::platform::audit::system_write;
use crate::platform::core::Core;
use crate::platform::http::page::{self, CURSOR, LIMIT};
use crate::platform::http::schema::{Direction, object, reference};
use crate::platform::http::{Access, Answer, Call, Operation};

/// A dated setting.
pub struct DatedSettings {
    /// The table; the path is the same in kebab-case.
    pub table: &'static str,
    /// One of them, in the ids of operations.
    pub one: &'static str,
    /// One of them, as a schema of the document.
    pub schema: &'static str,
    /// The group of the document.
    pub tag: &'static str,
    /// Title and text of the list, title and text of the operation that gives one.
    pub texts: [&'static str; 4],
    /// Descriptions of one, and of the body that gives one.
    pub about: [&'static str; 2],
    /// Fields of the body: `area_code`, `effective_on` and `source` among them.
    pub fields: &'static [Field],
    /// Integers that hold where none is given.
    pub defaults: &'static [(&'static str, i64)],
    /// The verb under which giving one is audited.
    pub verb: &'static str,
    /// Fields that the audit tells.
    pub audited: &'static [&'static str],
    /// An example of the body, and the id of the example that is served.
    pub example: fn() -> (Json, &'static str),
    /// Rules across the fields of a body.
    pub check: fn(&Values, &mut Faults),
    /// Lets the setting be read anew.
    pub forget: fn(&Core),
}

/// Roles that give settings.
const WRITERS: &[Role] = &[Role::DistrictAdmin, Role::CdcOfficer];

/// Fields that the server adds, the id by its setting's own words.
static SERVED: [Field; 3] = [
    Field::new("area_code", Shape::Area, Text::new("Area", "区划代码"), "Where it holds; null for everywhere."),
    Field::new("created_at", Shape::Instant, Text::new("Created at", "录入时间"), "When it was given.").required(),
    Field::new(
        "created_by",
        Shape::Id,
        Text::new("Created by", "录入人"),
        "Who gave it; null for what came with the service.",
    ),
];

impl DatedSettings {
    /// Its two operations.
    pub fn operations(&'static self) -> Vec<Operation> {
        let path = self.path();
        let (new, id) = (self.example)();
        let mut served = new.clone();
        put(&mut served, "id", id);
        put(&mut served, "created_at", "2020-02-09T18:00:00+08:00");
        put(&mut served, "created_by", Json::Null);
        let [list_title, list_about, give_title, give_about] = self.texts;
        vec![
            Operation::new(Method::GET, &path, format!("list_{}", self.table), move |call| self.list(call))
                .described(self.tag, list_title, list_about)
                .access(Access::SignedIn)
                .keys(KeyScope::Any)
                .parameters(vec![&LIMIT, &CURSOR])
                .answers_with(
                    200,
                    "A page.",
                    Some(reference(&format!("{}Page", self.schema))),
                    Some(json!({"items": [served], "next_cursor": null})),
                )
                .with_headers(&["Link"]),
            Operation::new(Method::POST, &path, format!("create_{}", self.one), move |call| self.post(call))
                .described(self.tag, give_title, give_about)
                .access(Access::Roles(WRITERS))
                .body(reference(&format!("New{}", self.schema)), new)
                .answers_with(201, "Given.", Some(reference(self.schema)), Some(served))
                .with_headers(&["Location"])
                .problems(&[OUT_OF_AREA]),
        ]
    }

    /// Its schemas.
    pub fn schemas(&'static self, id: &'static Field) -> Vec<(String, Json)> {
        let own = self.fields.iter().filter(|field| field.name != "area_code");
        let fields: Vec<&Field> = own.chain([id]).chain(&SERVED).collect();
        let mut setting = object(&fields, Direction::Served);
        let [about, new_about] = self.about;
        put(&mut setting, "description", about);
        vec![
            (self.schema.into(), setting),
            (format!("New{}", self.schema), described(self.fields, new_about)),
            (format!("{}Page", self.schema), page::schema(&reference(self.schema))),
        ]
    }

    fn path(&self) -> String {
        format!("/v1/{}", self.table.replace('_', "-"))
    }

    async fn post(&'static self, call: Call) -> Answer {
        let mut form = call.form(self.fields).await?;
        let mut faults = Faults::default();
        let area_code = form.text("area_code").unwrap_or_default().to_owned();
        if call.core.divisions.place(&area_code, None).is_none() {
            faults.add("/area_code", UNKNOWN_AREA);
        }
        (self.check)(&form, &mut faults);
        faults.finish()?;
        if !call.actor()?.reaches(WRITERS, &area_code, None) {
            return Err(OUT_OF_AREA.into());
        }
        for (name, default) in self.defaults.iter().filter(|(name, _)| form.get(name).is_none()).collect::<Vec<_>>() {
            form.set(name, Value::Integer(*default));
        }
        let id = new_id();
        self.give(&call, id, area_code, &form).await?;
        (self.forget)(&call.core);
        let row = self.load(&call, self.select().sql(" WHERE id = ").id(id)).await?.pop();
        let json = row.ok_or_else(|| Problem::internal("a setting just given is not there"))?;
        Ok(HttpResponse::Created().insert_header((LOCATION, format!("{}/{id}", self.path()))).json(json))
    }

    async fn give(&self, call: &Call, id: Uuid, area_code: String, form: &Values) -> Result<(), Problem> {
        let told =
            |name: &&str| (name.to_string(), form.get(name).map_or(Json::Null, |value| value.to_json(call.core.zone)));
        let details: Map<String, Json> = ["area_code"].iter().chain(self.audited).map(told).collect();
        let mut audit_entry = call.audit_entry(self.verb, self.table, Some(id), Json::Object(details));
        audit_entry.area_code = Some(area_code);
        let statement = self.insert(id, call.actor()?.user_id, call.core.clock.now(), form);
        system_write(&call.core, audit_entry, async |connection| {
            statement.load::<Row>(connection).await?;
            Ok(())
        })
        .await
    }

    fn insert(&self, id: Uuid, created_by: Uuid, now: chrono::DateTime<chrono::Utc>, form: &Values) -> Statement {
        let names: Vec<&str> = self.fields.iter().map(|field| field.name).collect();
        let columns = names.join(", ");
        let statement =
            Statement::new(format!("INSERT INTO {} (id, created_by, created_at, {columns}) VALUES (", self.table))
                .id(id)
                .sql(", ")
                .id(created_by)
                .sql(", ")
                .bind(ColumnType::Instant, Value::Instant(now));
        let statement = self.fields.iter().fold(statement, |statement, field| {
            let value = form.get(field.name).cloned().unwrap_or(Value::Null);
            statement.sql(", ").bind(column_type(&field.shape), value)
        });
        statement.sql(")")
    }

    async fn list(&'static self, call: Call) -> Answer {
        let binding = format!("{}|{}", self.table, call.actor()?.user_id);
        let mut statement = self.select().sql(" WHERE true");
        if let Some(id) = page::position(&call, &binding)?.and_then(|text| text.parse::<Uuid>().ok()) {
            statement = statement
                .sql(format!(" AND (effective_on, id) < (SELECT effective_on, id FROM {} WHERE id = ", self.table))
                .id(id)
                .sql(")");
        }
        let limit = i64::try_from(page::limit(&call)).map_err(Problem::internal)? + 1;
        let items =
            self.load(&call, statement.sql(" ORDER BY effective_on DESC, id DESC LIMIT ").integer(limit)).await?;
        let position = |item: &Json| item.get("id").and_then(Json::as_str).unwrap_or_default().to_owned();
        Ok(page::answer(&call, &binding, items, position, |item| item))
    }

    /// Columns in the order in which they are served.
    fn columns(&self) -> impl Iterator<Item = &'static str> {
        ["id"].into_iter().chain(self.fields.iter().map(|field| field.name)).chain(["created_by", "created_at"])
    }

    fn select(&self) -> Statement {
        Statement::new(format!("SELECT {} FROM {}", self.columns().collect::<Vec<_>>().join(", "), self.table))
    }

    async fn load(&self, call: &Call, statement: Statement) -> Result<Vec<Json>, Problem> {
        let view = |mut row: Row| {
            let mut json = json!({});
            for column in self.columns() {
                put(&mut json, column, row.take(column).to_json(call.core.zone));
            }
            json
        };
        Ok(call.core.database.read(&statement).await?.into_iter().map(view).collect())
    }
}
