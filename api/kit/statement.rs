//! SQL that is put together from a kind's table, through diesel, prepared once and cached.
//!
//! `diesel::sql_query` is parsed and planned at every call because diesel can't know whether its text
//! is stable. Ours is: the same operation on the same kind gives the same text, and every value is
//! bound. So [`Statement`] implements the query traits itself and lets diesel cache it by its text.

use std::hash::{DefaultHasher, Hash, Hasher};

use chrono::{DateTime, NaiveDate, Utc};
use diesel::pg::Pg;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::result::QueryResult;
use diesel::sql_types::{
    Array, BigInt, Binary, Bool, Date, Double, Jsonb, Nullable, Numeric, Text, Timestamptz, Untyped, Uuid as SqlUuid,
};
use rust_decimal::Decimal;
use serde_json::Value as Json;
use uuid::Uuid;

pub use super::column_type::ColumnType;
use super::row_scope::{Rooms, RowScope};
use super::value::Value;

/// A bound value, or a bound column of values.
#[derive(Clone, Debug)]
pub(super) enum Bind {
    Text(Option<String>),
    Id(Option<Uuid>),
    Integer(Option<i64>),
    Decimal(Option<Decimal>),
    Number(Option<f64>),
    Boolean(Option<bool>),
    Instant(Option<DateTime<Utc>>),
    Day(Option<NaiveDate>),
    Json(Option<Json>),
    Bytes(Option<Vec<u8>>),
    Texts(Vec<Option<String>>),
    Ids(Vec<Option<Uuid>>),
    Integers(Vec<Option<i64>>),
    Decimals(Vec<Option<Decimal>>),
    Numbers(Vec<Option<f64>>),
    Booleans(Vec<Option<bool>>),
    Instants(Vec<Option<DateTime<Utc>>>),
    Days(Vec<Option<NaiveDate>>),
    Jsons(Vec<Option<Json>>),
    ByteStrings(Vec<Option<Vec<u8>>>),
}

#[derive(Clone, Debug)]
pub(super) enum Piece {
    Sql(String),
    Bind(Box<Bind>),
}

/// A statement under construction, then a diesel query.
#[derive(Clone, Debug, Default)]
pub struct Statement {
    pub(super) pieces: Vec<Piece>,
    row_scope: RowScope,
    rooms: Rooms,
}

/// Takes the inner value of one variant; a value of another type becomes NULL, which NOT NULL
/// columns then refuse. It can't happen for values that came through a field table.
macro_rules! inner {
    ($value:expr, $variant:ident) => {
        match $value {
            Value::$variant(inner) => Some(inner),
            _ => None,
        }
    };
}

impl Statement {
    /// A statement that begins with this text.
    pub fn new(sql: impl Into<String>) -> Self {
        Self { pieces: vec![Piece::Sql(sql.into())], row_scope: RowScope::Nothing, rooms: Rooms::default() }
    }

    /// Lets it see more of the records.
    pub fn seeing(mut self, row_scope: RowScope) -> Self {
        self.row_scope = self.row_scope.and(row_scope);
        self
    }

    /// Lets it see every record, for the service's own work over all districts.
    pub fn seeing_everything(self) -> Self {
        self.seeing(RowScope::Everything)
    }

    /// Lets it see a whole district, for what is judged whoever may see it.
    pub fn seeing_district(self, district_code: &str) -> Self {
        self.seeing(RowScope::of_area(district_code, None))
    }

    /// Lets it into a closed room, by the name of its table, or into none: only the kind's own queries do.
    pub fn in_rooms(mut self, rooms: impl IntoIterator<Item = &'static str>) -> Self {
        self.rooms.extend(rooms);
        self
    }

    /// Closed rooms that the statement is let into.
    pub fn rooms(&self) -> &Rooms {
        &self.rooms
    }

    /// Scope of the records that the statement may see.
    pub fn row_scope(&self) -> &RowScope {
        &self.row_scope
    }

    /// A number for its text, which all values leave as it is: of those with the same one, the database has prepared
    /// all or none.
    pub fn fingerprint(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        for piece in &self.pieces {
            match piece {
                Piece::Sql(sql) => sql.hash(&mut hasher),
                Piece::Bind(bind) => std::mem::discriminant(&**bind).hash(&mut hasher),
            }
        }
        hasher.finish()
    }

    /// Goes on with text. Never put a value in it.
    pub fn sql(mut self, sql: impl Into<String>) -> Self {
        self.pieces.push(Piece::Sql(sql.into()));
        self
    }

    /// Goes on with another statement.
    pub fn then(mut self, other: Self) -> Self {
        self.pieces.extend(other.pieces);
        self.seeing(other.row_scope).in_rooms(other.rooms)
    }

    /// Binds one value.
    pub fn bind(mut self, column_type: ColumnType, value: Value) -> Self {
        let bind = match column_type {
            ColumnType::Text => Bind::Text(inner!(value, Text)),
            ColumnType::Id => Bind::Id(inner!(value, Id)),
            ColumnType::Integer => Bind::Integer(inner!(value, Integer)),
            ColumnType::Decimal => Bind::Decimal(inner!(value, Decimal)),
            ColumnType::Number => Bind::Number(inner!(value, Number)),
            ColumnType::Boolean => Bind::Boolean(inner!(value, Boolean)),
            ColumnType::Instant => Bind::Instant(inner!(value, Instant)),
            ColumnType::Day => Bind::Day(inner!(value, Day)),
            ColumnType::Json => Bind::Json(inner!(value, Json)),
            ColumnType::Bytes => Bind::Bytes(inner!(value, Bytes)),
        };
        self.pieces.push(Piece::Bind(Box::new(bind)));
        self
    }

    /// Binds a text.
    pub fn text(self, text: impl Into<String>) -> Self {
        self.bind(ColumnType::Text, Value::Text(text.into()))
    }

    /// Binds an id.
    pub fn id(self, id: Uuid) -> Self {
        self.bind(ColumnType::Id, Value::Id(id))
    }

    /// Binds an integer.
    pub fn integer(self, integer: i64) -> Self {
        self.bind(ColumnType::Integer, Value::Integer(integer))
    }

    /// Binds bytes.
    pub fn bytes(self, bytes: Vec<u8>) -> Self {
        self.bind(ColumnType::Bytes, Value::Bytes(bytes))
    }

    /// Binds columns of equal length as a table of rows. One row stands in the text itself: the planner takes it for
    /// constants, where it would else run a function over arrays.
    pub fn table(self, columns: Vec<(ColumnType, Vec<Value>)>) -> Self {
        let one_row = columns.iter().all(|(_, values)| values.len() == 1);
        let begun = self.sql(if one_row { "(VALUES (" } else { "unnest(" });
        let bound = columns.into_iter().enumerate().fold(begun, |statement, (index, (column_type, values))| {
            let statement = if index == 0 { statement } else { statement.sql(", ") };
            let (statement, dimension) = match (one_row, values) {
                (true, mut values) => (statement.bind(column_type, values.pop().unwrap_or(Value::Null)), ""),
                (false, values) => (statement.column(column_type, values), "[]"),
            };
            statement.sql(format!("::{}{dimension}", column_type.sql()))
        });
        bound.sql(if one_row { "))" } else { ")" })
    }

    /// Binds a whole column of values as one array.
    pub fn column(mut self, column_type: ColumnType, values: Vec<Value>) -> Self {
        macro_rules! all {
            ($bind:ident, $variant:ident) => {
                Bind::$bind(values.into_iter().map(|value| inner!(value, $variant)).collect())
            };
        }
        let bind = match column_type {
            ColumnType::Text => all!(Texts, Text),
            ColumnType::Id => all!(Ids, Id),
            ColumnType::Integer => all!(Integers, Integer),
            ColumnType::Decimal => all!(Decimals, Decimal),
            ColumnType::Number => all!(Numbers, Number),
            ColumnType::Boolean => all!(Booleans, Boolean),
            ColumnType::Instant => all!(Instants, Instant),
            ColumnType::Day => all!(Days, Day),
            ColumnType::Json => all!(Jsons, Json),
            ColumnType::Bytes => all!(ByteStrings, Bytes),
        };
        self.pieces.push(Piece::Bind(Box::new(bind)));
        self
    }
}

impl QueryFragment<Pg> for Statement {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        for piece in &self.pieces {
            match piece {
                Piece::Sql(sql) => out.push_sql(sql),
                Piece::Bind(bind) => push_bind(&mut out, bind)?,
            }
        }
        Ok(())
    }
}

fn push_bind<'b>(out: &mut AstPass<'_, 'b, Pg>, bind: &'b Bind) -> QueryResult<()> {
    match bind {
        Bind::Text(value) => out.push_bind_param::<Nullable<Text>, _>(value),
        Bind::Id(value) => out.push_bind_param::<Nullable<SqlUuid>, _>(value),
        Bind::Integer(value) => out.push_bind_param::<Nullable<BigInt>, _>(value),
        Bind::Decimal(value) => out.push_bind_param::<Nullable<Numeric>, _>(value),
        Bind::Number(value) => out.push_bind_param::<Nullable<Double>, _>(value),
        Bind::Boolean(value) => out.push_bind_param::<Nullable<Bool>, _>(value),
        Bind::Instant(value) => out.push_bind_param::<Nullable<Timestamptz>, _>(value),
        Bind::Day(value) => out.push_bind_param::<Nullable<Date>, _>(value),
        Bind::Json(value) => out.push_bind_param::<Nullable<Jsonb>, _>(value),
        Bind::Bytes(value) => out.push_bind_param::<Nullable<Binary>, _>(value),
        Bind::Texts(values) => out.push_bind_param::<Array<Nullable<Text>>, _>(values),
        Bind::Ids(values) => out.push_bind_param::<Array<Nullable<SqlUuid>>, _>(values),
        Bind::Integers(values) => out.push_bind_param::<Array<Nullable<BigInt>>, _>(values),
        Bind::Decimals(values) => out.push_bind_param::<Array<Nullable<Numeric>>, _>(values),
        Bind::Numbers(values) => out.push_bind_param::<Array<Nullable<Double>>, _>(values),
        Bind::Booleans(values) => out.push_bind_param::<Array<Nullable<Bool>>, _>(values),
        Bind::Instants(values) => out.push_bind_param::<Array<Nullable<Timestamptz>>, _>(values),
        Bind::Days(values) => out.push_bind_param::<Array<Nullable<Date>>, _>(values),
        Bind::Jsons(values) => out.push_bind_param::<Array<Nullable<Jsonb>>, _>(values),
        Bind::ByteStrings(values) => out.push_bind_param::<Array<Nullable<Binary>>, _>(values),
    }
}

impl QueryId for Statement {
    type QueryId = ();
    // Cached by text, not by type: the text differs from statement to statement.
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl Query for Statement {
    type SqlType = Untyped;
}

impl<Connection> diesel::query_dsl::RunQueryDsl<Connection> for Statement {}
