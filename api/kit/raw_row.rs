//! Rows as the driver gave them: their bytes, copied once and read no further than somebody asks.

use std::error::Error;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use diesel::deserialize::{self, FromSqlRow};
use diesel::pg::Pg;
use diesel::row::Field as _;
use diesel::sql_types::Untyped;
use rust_decimal::Decimal;
use serde_json::Value as Json;
use tokio_postgres::types::{FromSql, Type};
use uuid::Uuid;

use super::row::{Columns, Row, columns_of};
use super::value::Value;

/// Cause of a cell's not being what its type says.
pub type CellError = Box<dyn Error + Send + Sync>;

/// Room for the bytes of a usual record.
const USUAL: usize = 768;
/// Microseconds from 1970 to 2000, where PostgreSQL begins to count.
const EPOCH_MICROS: i64 = 946_684_800_000_000;

/// Object ids of types (`pg_type.oid`; fixed numbers of built-in types).
pub(super) mod types {
    pub const BOOLEAN: u32 = 16;
    pub const BYTES: u32 = 17;
    pub const BIG_INTEGER: u32 = 20;
    pub const INTEGER: u32 = 23;
    pub const TEXT: u32 = 25;
    pub const NUMBER: u32 = 701;
    pub const VARCHAR: u32 = 1043;
    pub const DAY: u32 = 1082;
    pub const INSTANT: u32 = 1184;
    pub const DECIMAL: u32 = 1700;
    pub const ID: u32 = 2950;
    pub const JSON: u32 = 3802;
}

/// Where a cell's bytes stand; of type 0 where it is null.
#[derive(Clone, Copy, Debug, Default)]
struct Place {
    start: u32,
    end: u32,
    type_id: u32,
}

/// A row of any statement, not read yet.
#[derive(Clone, Debug, Default)]
pub struct RawRow {
    columns: Columns,
    places: Vec<Place>,
    bytes: Vec<u8>,
}

/// A cell of a row: the bytes of a value and their type.
#[derive(Clone, Copy, Debug)]
pub struct Cell<'a> {
    pub(super) type_id: u32,
    pub(super) bytes: &'a [u8],
}

impl RawRow {
    /// The names of its columns: the same for the rows of one statement.
    pub fn columns(&self) -> &Columns {
        &self.columns
    }

    /// The cell at a place among the columns; `None` where it is null or isn't there.
    pub fn cell(&self, position: usize) -> Option<Cell<'_>> {
        let place = self.places.get(position).filter(|place| place.type_id != 0)?;
        let bytes = self.bytes.get(usize::try_from(place.start).ok()?..usize::try_from(place.end).ok()?)?;
        Some(Cell { type_id: place.type_id, bytes })
    }

    /// The row with every cell read.
    pub fn to_row(&self) -> Result<Row, CellError> {
        let value = |position| self.cell(position).map_or(Ok(Value::Null), Cell::value);
        let cells = (0..self.places.len()).map(value).collect::<Result<_, _>>()?;
        Ok(Row::of(self.columns.clone(), cells))
    }
}

impl FromSqlRow<Untyped, Pg> for RawRow {
    fn build_from_row<'a>(row: &impl diesel::row::Row<'a, Pg>) -> deserialize::Result<Self> {
        let mut places = Vec::with_capacity(row.field_count());
        let mut bytes = Vec::with_capacity(USUAL);
        for index in 0..row.field_count() {
            let field = row.get(index).ok_or("a column is missing")?;
            let mut place = Place::default();
            if let Some(value) = field.value() {
                place.start = u32::try_from(bytes.len())?;
                bytes.extend_from_slice(value.as_bytes());
                place.end = u32::try_from(bytes.len())?;
                place.type_id = value.get_oid().get();
            }
            places.push(place);
        }
        Ok(Self { columns: columns_of(row), places, bytes })
    }
}

impl<'a> Cell<'a> {
    /// The value.
    pub fn value(self) -> Result<Value, CellError> {
        Ok(match self.type_id {
            types::BOOLEAN => Value::Boolean(self.boolean()?),
            types::BYTES => Value::Bytes(self.bytes.to_vec()),
            types::BIG_INTEGER | types::INTEGER => Value::Integer(self.integer()?),
            types::TEXT | types::VARCHAR => Value::Text(self.text()?.to_owned()),
            types::NUMBER => Value::Number(self.number()?),
            types::DAY => Value::Day(self.day()?),
            types::INSTANT => Value::Instant(self.instant()?),
            types::DECIMAL => Value::Decimal(self.decimal()?),
            types::ID => Value::Id(self.id()?),
            types::JSON => Value::Json(self.json()?),
            other => return Err(format!("a column of the unexpected type {other}").into()),
        })
    }

    fn of_type(self, expected: u32) -> Result<&'a [u8], CellError> {
        if self.type_id == expected { Ok(self.bytes) } else { Err(self.unexpected()) }
    }

    fn unexpected(self) -> CellError {
        format!("a column of the unexpected type {}", self.type_id).into()
    }

    /// The bytes, whatever they are.
    pub fn bytes(self) -> &'a [u8] {
        self.bytes
    }

    /// A yes or no.
    pub fn boolean(self) -> Result<bool, CellError> {
        Ok(*self.of_type(types::BOOLEAN)?.first().ok_or("a cell is too short")? != 0)
    }

    /// A text.
    pub fn text(self) -> Result<&'a str, CellError> {
        match self.type_id {
            types::TEXT | types::VARCHAR => Ok(std::str::from_utf8(self.bytes)?),
            _ => Err(self.unexpected()),
        }
    }

    /// An integer.
    pub fn integer(self) -> Result<i64, CellError> {
        match self.type_id {
            types::BIG_INTEGER => Ok(i64::from_be_bytes(self.bytes.try_into()?)),
            types::INTEGER => Ok(i32::from_be_bytes(self.bytes.try_into()?).into()),
            _ => Err(self.unexpected()),
        }
    }

    /// A coordinate.
    pub fn number(self) -> Result<f64, CellError> {
        Ok(f64::from_be_bytes(self.of_type(types::NUMBER)?.try_into()?))
    }

    /// A day.
    pub fn day(self) -> Result<NaiveDate, CellError> {
        let days = i32::from_be_bytes(self.of_type(types::DAY)?.try_into()?);
        let first = NaiveDate::from_ymd_opt(2000, 1, 1).ok_or("no such day")?;
        Ok(first.checked_add_signed(TimeDelta::days(days.into())).ok_or("a day out of range")?)
    }

    /// An instant.
    pub fn instant(self) -> Result<DateTime<Utc>, CellError> {
        let micros = i64::from_be_bytes(self.of_type(types::INSTANT)?.try_into()?);
        let micros = micros.checked_add(EPOCH_MICROS).ok_or("an instant out of range")?;
        Ok(DateTime::from_timestamp_micros(micros).ok_or("an instant out of range")?)
    }

    /// An exact decimal.
    pub fn decimal(self) -> Result<Decimal, CellError> {
        let bytes = self.of_type(types::DECIMAL)?;
        match small_decimal(bytes) {
            Some(decimal) => Ok(decimal),
            None => Decimal::from_sql(&Type::NUMERIC, bytes),
        }
    }

    /// An id.
    pub fn id(self) -> Result<Uuid, CellError> {
        Ok(Uuid::from_bytes(self.of_type(types::ID)?.try_into()?))
    }

    /// JSON as the database prints it.
    pub fn json_text(self) -> Result<&'a str, CellError> {
        match self.of_type(types::JSON)?.split_first() {
            Some((1, text)) => Ok(std::str::from_utf8(text)?),
            _ => Err("JSON of an unknown form".into()),
        }
    }

    fn json(self) -> Result<Json, CellError> {
        Ok(serde_json::from_str(self.json_text()?)?)
    }
}

/// A decimal of few digits, which needs no arithmetic of decimals; `None` where it has more, or is no number.
/// Its form: how many groups of four digits, the weight of the first, the sign, the places shown, the groups.
fn small_decimal(bytes: &[u8]) -> Option<Decimal> {
    const GROUP: i64 = 10_000;
    let mut parts = bytes.chunks_exact(2).map(|pair| pair.try_into().map(u16::from_be_bytes).unwrap_or_default());
    let (count, weight, sign, places) = (parts.next()?, parts.next()?.cast_signed(), parts.next()?, parts.next()?);
    if count > 3 || !(-1..=2).contains(&weight) || places > 4 || !matches!(sign, 0 | 0x4000) {
        return None;
    }
    // Of groups of whole numbers, and one behind the point: in ten-thousandths.
    let mut ten_thousandths = 0_i64;
    for position in 0..count {
        let digits = i64::from(parts.next()?);
        let above_last = i32::from(weight) - i32::from(position) + 1;
        if digits >= GROUP || (above_last < 0 && digits != 0) {
            return None;
        }
        if above_last >= 0 {
            ten_thousandths += digits * GROUP.pow(above_last.unsigned_abs());
        }
    }
    let divisor = 10_i64.pow(4 - u32::from(places));
    if parts.next().is_some() || ten_thousandths % divisor != 0 {
        return None;
    }
    let digits = ten_thousandths / divisor;
    Some(Decimal::new(if sign == 0 { digits } else { -digits }, places.into()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::BytesMut;
    use tokio_postgres::types::ToSql;

    fn numeric(decimal: Decimal) -> Vec<u8> {
        let mut bytes = BytesMut::new();
        decimal.to_sql(&Type::NUMERIC, &mut bytes).unwrap();
        bytes.to_vec()
    }

    #[track_caller]
    fn assert_same(bytes: &[u8], decimal: Decimal) {
        let Value::Decimal(read) = (Cell { type_id: types::DECIMAL, bytes }).value().unwrap() else { panic!() };
        assert_eq!(read, decimal);
        assert_eq!(read.to_string(), Decimal::from_sql(&Type::NUMERIC, bytes).unwrap().to_string());
    }

    #[test]
    fn a_decimal_is_read_the_same_either_way() {
        let texts = [
            "0",
            "0.0",
            "0.00",
            "36.5",
            "36.0",
            "37",
            "-0.20",
            "-0.0001",
            "0.0001",
            "10000",
            "10000.5",
            "9999.9999",
            "100000000",
            "999999999999.9999",
            "1000000000000",
            "0.00001",
            "12345678.12345678",
            "-40.1",
            "79228162514264337593543950335",
        ];
        for text in texts {
            let decimal: Decimal = text.parse().unwrap();
            assert_same(&numeric(decimal), decimal);
        }
        // Nothing with two places, as the database has it.
        assert_same(&[0, 0, 0, 0, 0, 0, 0, 2], Decimal::ZERO);
        let not_a_number = [0, 0, 0, 0, 0xC0, 0, 0, 0];
        assert!(Cell { type_id: types::DECIMAL, bytes: &not_a_number }.value().is_err());
    }

    #[test]
    fn days_and_instants_count_from_the_year_2000() {
        let day = Cell { type_id: types::DAY, bytes: &7336_i32.to_be_bytes() };
        assert_eq!(day.day().unwrap().to_string(), "2020-02-01");
        let micros = 633_830_400_000_001_i64.to_be_bytes();
        let instant = Cell { type_id: types::INSTANT, bytes: &micros };
        assert_eq!(instant.instant().unwrap().to_rfc3339(), "2020-02-01T00:00:00.000001+00:00");
        for endless in [i64::MIN, i64::MAX] {
            assert!(Cell { type_id: types::INSTANT, bytes: &endless.to_be_bytes() }.value().is_err());
        }
    }

    #[test]
    fn a_cell_of_another_type_or_length_is_refused() {
        for type_id in [types::BOOLEAN, types::BIG_INTEGER, types::NUMBER, types::DAY, types::INSTANT, types::ID, 114] {
            assert!(Cell { type_id, bytes: &[] }.value().is_err(), "{type_id}");
        }
        assert!(Cell { type_id: types::JSON, bytes: b"\x02{}" }.value().is_err());
        assert!(Cell { type_id: types::TEXT, bytes: b"\xff" }.value().is_err());
        assert!(Cell { type_id: types::TEXT, bytes: b"12345678" }.integer().is_err());
    }
}
