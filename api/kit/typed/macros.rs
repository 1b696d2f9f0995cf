//! Declarations: each gives what the frame reads and what the compiler checks.

/// Declares the fields of a kind: a constant each, called as the field is and typed as its values are, and the list of
/// all in their order.
#[macro_export]
macro_rules! fields {
    ($(#[$list_doc:meta])* $visible:vis static $list:ident; $($(#[$doc:meta])* $name:ident: $type:ty = $field:expr;)*) => {
        $(
            $(#[$doc])*
            #[allow(dead_code, reason = "a handle is there for every field, read by rules or not")]
            #[doc = concat!("Handle of the field `", stringify!($name), "`.")]
            pub const $name: $crate::typed::TypedField<$type> =
                $crate::typed::TypedField::named(stringify!($name), $field);
        )*
        $(#[$list_doc])*
        $visible static $list: &[$crate::field::Field] = &[$($name.field,)*];
    };
}

/// Declares a vocabulary and the enum of its words: `match` must exhaust it, and a renamed word is an error wherever
/// it is used.
#[macro_export]
macro_rules! words {
    ($(#[$doc:meta])* $visible:vis $name:ident $vocabulary:literal $en:literal $zh:literal {
        $($(#[$word_doc:meta])* $word:ident $code:literal $word_en:literal $word_zh:literal $(, $closed:ident)?;)*
    }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        $visible enum $name { $($(#[$word_doc])* #[doc = $word_en] $word,)* }

        #[allow(dead_code, reason = "what every vocabulary can do, needed by its rules or not")]
        impl $name {
            /// Every word, in the order in which a form shows them.
            pub const ALL: &'static [Self] = &[$(Self::$word,)*];
            /// The vocabulary, as it is published.
            pub const VOCABULARY: &'static $crate::vocabulary::Vocabulary = {
                static VOCABULARY: $crate::vocabulary::Vocabulary = $crate::vocabulary::Vocabulary::new(
                    $vocabulary,
                    $crate::text::Text::new($en, $zh),
                    &[$($crate::vocabulary::word($code, $word_en, $word_zh)$(.$closed())?,)*],
                );
                &VOCABULARY
            };

            /// Its code, in JSON and in the database.
            pub const fn code(self) -> &'static str { match self { $(Self::$word => $code,)* } }

            /// The word of a code.
            pub fn of_code(code: &str) -> Option<Self> { match code { $($code => Some(Self::$word),)* _ => None } }
        }

        $crate::word_impls!($name, $vocabulary);
    };
}

/// Lets a type with `code` and `of_code` be a word of a vocabulary: in values, in texts, in JSON.
#[macro_export]
macro_rules! word_impls {
    ($name:ty, $vocabulary:expr) => {
        impl $crate::typed::FieldType for $name {
            type Read<'a> = Self;
            const FORM: $crate::typed::Form = $crate::typed::Form::Word($vocabulary);

            fn read(value: &$crate::value::Value) -> Option<Self> {
                <String as $crate::typed::FieldType>::read(value).and_then(Self::of_code)
            }

            fn take(value: $crate::value::Value) -> Option<Self> {
                Self::read(&value)
            }

            fn give(self) -> $crate::value::Value {
                $crate::value::Value::Text(self.code().to_owned())
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str(self.code())
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.code())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let code = <std::borrow::Cow<'de, str> as serde::Deserialize>::deserialize(deserializer)?;
                Self::of_code(&code).ok_or_else(|| serde::de::Error::custom("an unknown word"))
            }
        }
    };
}

/// Declares objects, of a list or alone: the fields as the frame checks them, and the struct as rules read it. A member that
/// may be left out is an `Option`.
#[macro_export]
macro_rules! object {
    ($(#[$doc:meta])* $visible:vis struct $name:ident, $list:ident { $($(#[$member_doc:meta])* $member:ident: $type:ty = $field:expr;)* }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
        $visible struct $name { $(#[doc = concat!("The member `", stringify!($member), "`.")] $(#[$member_doc])* pub $member: $type,)* }

        #[doc = concat!("Fields of [`", stringify!($name), "`].")]
        $visible const $list: &[$crate::field::Field] = &[$($crate::typed::member(stringify!($member), $field),)*];

        impl $crate::typed::FieldType for $name {
            type Read<'a> = Self;
            const FORM: $crate::typed::Form = $crate::typed::Form::Json;

            fn read(value: &$crate::value::Value) -> Option<Self> {
                $crate::typed::object_of(value)
            }

            fn take(value: $crate::value::Value) -> Option<Self> { $crate::typed::object_of(&value) }

            fn give(self) -> $crate::value::Value { $crate::typed::value_of(self) }
        }
    };
}

/// Declares columns of statements that are no field's: sums, counts, what a join brings.
#[macro_export]
macro_rules! columns {
    ($($(#[$doc:meta])* $visible:vis $name:ident $column:literal: $type:ty;)*) => {
        $(
            $(#[$doc])*
            #[doc = concat!("Column `", $column, "`.")]
            $visible const $name: $crate::typed::Column<$type> = $crate::typed::Column::named(stringify!($name), $column);
        )*
    };
}
