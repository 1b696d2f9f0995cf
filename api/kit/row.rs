//! Rows read by column name, typed by what PostgreSQL says they are.

use std::cell::RefCell;
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::pg::{Pg, PgValue};
use diesel::row::Field as _;
use diesel::sql_types::{
    BigInt, Binary, Bool, Date, Double, Integer, Jsonb, Numeric, Text, Timestamptz, Untyped, Uuid as SqlUuid,
};
use rust_decimal::Decimal;
use uuid::Uuid;

use super::typed::Slot;
use super::value::Value;

/// The names of a statement's columns, shared by its rows.
pub type Columns = Arc<[Box<str>]>;

/// A row of any statement.
#[derive(Clone, Debug, Default)]
pub struct Row {
    columns: Columns,
    cells: Vec<Value>,
    /// Where the next column is looked for first: they are mostly taken in the statement's order.
    next: usize,
}

impl Row {
    pub(super) fn of(columns: Columns, cells: Vec<Value>) -> Self {
        Self { columns, cells, next: 0 }
    }

    /// Takes a column out; null where it isn't there.
    pub fn take(&mut self, column: &str) -> Value {
        let Some(position) = self.position(column) else { return Value::Null };
        self.next = position + 1;
        self.cells.get_mut(position).map_or(Value::Null, |cell| std::mem::replace(cell, Value::Null))
    }

    /// Takes the value of a field or of a column out; `None` where there is none.
    pub fn get<S: Slot>(&mut self, slot: S) -> Option<S::Given> {
        Some(self.take(slot.slot())).filter(|value| !value.is_null()).and_then(S::take)
    }

    /// Puts a value into a column that the statement has.
    pub fn put(&mut self, column: &str, value: Value) {
        let position = self.position(column);
        if let Some(cell) = position.and_then(|position| self.cells.get_mut(position)) {
            *cell = value;
        }
    }

    fn position(&self, column: &str) -> Option<usize> {
        let (before, behind) = self.columns.split_at_checked(self.next).unwrap_or_default();
        let find = |names: &[Box<str>]| names.iter().position(|name| **name == *column);
        find(behind).map(|offset| self.next + offset).or_else(|| find(before))
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
        let mut cells = Vec::with_capacity(row.field_count());
        for index in 0..row.field_count() {
            let field = row.get(index).ok_or("a column is missing")?;
            cells.push(field.value().map_or(Ok(Value::Null), decode)?);
        }
        Ok(Self::of(columns_of(row), cells))
    }
}

/// The names of a row's columns. Rows come one after another with the same ones: those of the last row are kept.
pub(super) fn columns_of<'a>(row: &impl diesel::row::Row<'a, Pg>) -> Columns {
    thread_local!(static LAST: RefCell<Columns> = RefCell::default());
    LAST.with_borrow_mut(|last| {
        let is_named =
            |(index, name): (usize, &str)| row.get(index).is_some_and(|field| field.field_name() == Some(name));
        if last.len() != row.field_count() || !last.iter().map(AsRef::as_ref).enumerate().all(is_named) {
            let name_at = |index| row.get(index).and_then(|field| field.field_name().map(Box::from));
            *last = (0..row.field_count()).map(|index| name_at(index).unwrap_or_default()).collect();
        }
        Arc::clone(last)
    })
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
