//! Types of columns.

/// The type of a column, as far as the frame needs to know it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColumnType {
    /// `text`
    Text,
    /// `uuid`
    Id,
    /// `bigint` or `integer`
    Integer,
    /// `numeric`
    Decimal,
    /// `double precision`
    Number,
    /// `boolean`
    Boolean,
    /// `timestamptz`
    Instant,
    /// `date`
    Day,
    /// `jsonb`
    Json,
    /// `bytea`
    Bytes,
}

impl ColumnType {
    /// The SQL name, for casts of bound arrays.
    pub fn sql(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Id => "uuid",
            Self::Integer => "bigint",
            Self::Decimal => "numeric",
            Self::Number => "double precision",
            Self::Boolean => "boolean",
            Self::Instant => "timestamptz",
            Self::Day => "date",
            Self::Json => "jsonb",
            Self::Bytes => "bytea",
        }
    }
}
