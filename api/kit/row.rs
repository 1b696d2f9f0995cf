//! Rows read by column name, typed by what PostgreSQL says they are.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, Utc};
use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::pg::{Pg, PgValue};
use diesel::row::Field as _;
use diesel::sql_types::{
    BigInt, Binary, Bool, Date, Double, Integer, Jsonb, Numeric, Text, Timestamptz, Untyped, Uuid as SqlUuid,
};
use rust_decimal::Decimal;
use uuid::Uuid;

use super::value::Value;

/// A row of any statement.
#[derive(Clone, Debug, Default)]
pub struct Row(HashMap<String, Value>);

impl Row {
    /// Takes a column out; null where it isn't there.
    pub fn take(&mut self, column: &str) -> Value {
        self.0.remove(column).unwrap_or(Value::Null)
    }

    /// Puts a column in.
    pub fn put(&mut self, column: &str, value: Value) {
        self.0.insert(column.to_owned(), value);
    }

    /// Takes an id out.
    pub fn id(&mut self, column: &str) -> Option<Uuid> {
        match self.take(column) {
            Value::Id(id) => Some(id),
            _ => None,
        }
    }

    /// Takes a text out.
    pub fn text(&mut self, column: &str) -> Option<String> {
        match self.take(column) {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Takes an integer out.
    pub fn integer(&mut self, column: &str) -> Option<i64> {
        match self.take(column) {
            Value::Integer(integer) => Some(integer),
            _ => None,
        }
    }

    /// Takes an instant out.
    pub fn instant(&mut self, column: &str) -> Option<DateTime<Utc>> {
        match self.take(column) {
            Value::Instant(instant) => Some(instant),
            _ => None,
        }
    }

    /// Takes a yes or no out.
    pub fn boolean(&mut self, column: &str) -> Option<bool> {
        match self.take(column) {
            Value::Boolean(boolean) => Some(boolean),
            _ => None,
        }
    }

    /// Takes bytes out.
    pub fn bytes(&mut self, column: &str) -> Option<Vec<u8>> {
        match self.take(column) {
            Value::Bytes(bytes) => Some(bytes),
            _ => None,
        }
    }
}

impl FromSqlRow<Untyped, Pg> for Row {
    fn build_from_row<'a>(row: &impl diesel::row::Row<'a, Pg>) -> deserialize::Result<Self> {
        let mut columns = HashMap::with_capacity(row.field_count());
        for index in 0..row.field_count() {
            let field = row.get(index).ok_or("a column is missing")?;
            let name = field.field_name().ok_or("a column has no name")?.to_owned();
            let value = field.value().map_or(Ok(Value::Null), decode)?;
            columns.insert(name, value);
        }
        Ok(Self(columns))
    }
}

/// Reads a value by the object id of its type (`pg_type.oid`; fixed numbers of built-in types).
fn decode(value: PgValue<'_>) -> deserialize::Result<Value> {
    Ok(match value.get_oid().get() {
        16 => Value::Boolean(<bool as FromSql<Bool, Pg>>::from_sql(value)?),
        17 => Value::Bytes(<Vec<u8> as FromSql<Binary, Pg>>::from_sql(value)?),
        20 => Value::Integer(<i64 as FromSql<BigInt, Pg>>::from_sql(value)?),
        23 => Value::Integer(i64::from(<i32 as FromSql<Integer, Pg>>::from_sql(value)?)),
        25 | 1043 => Value::Text(<String as FromSql<Text, Pg>>::from_sql(value)?),
        701 => Value::Number(<f64 as FromSql<Double, Pg>>::from_sql(value)?),
        1082 => Value::Day(<NaiveDate as FromSql<Date, Pg>>::from_sql(value)?),
        1184 => Value::Instant(<DateTime<Utc> as FromSql<Timestamptz, Pg>>::from_sql(value)?),
        1700 => Value::Decimal(<Decimal as FromSql<Numeric, Pg>>::from_sql(value)?),
        2950 => Value::Id(<Uuid as FromSql<SqlUuid, Pg>>::from_sql(value)?),
        3802 => Value::Json(<serde_json::Value as FromSql<Jsonb, Pg>>::from_sql(value)?),
        other => return Err(format!("a column of the unexpected type {other}").into()),
    })
}
