//! Values that may be written in more than one way.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;
use std::time::Duration;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};

/// A table that keeps the order of the file.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Ordered<T>(pub(crate) Vec<(String, T)>);

impl<T> Default for Ordered<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Ordered<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Entries<T> {
            type Value = Ordered<T>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a table")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Ordered<T>, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Ordered(entries))
            }
        }
        deserializer.deserialize_map(Entries(PhantomData))
    }
}

impl<T: JsonSchema> JsonSchema for Ordered<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("TableOf{}", T::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let values = generator.subschema_for::<T>();
        json_schema!({ "type": "object", "additionalProperties": values })
    }
}

/// Text, or a number or boolean that is taken as its text. May hold `{{ … }}`.
#[derive(Debug, Clone, PartialEq, serde::Deserialize, JsonSchema)]
#[serde(untagged)]
#[schemars(inline)]
pub(crate) enum Scalar {
    Text(String),
    Boolean(bool),
    Integer(i64),
    Float(f64),
}

impl fmt::Display for Scalar {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => formatter.write_str(text),
            Self::Boolean(flag) => flag.fmt(formatter),
            Self::Integer(number) => number.fmt(formatter),
            Self::Float(number) => number.fmt(formatter),
        }
    }
}

/// A boolean, or a template that renders to one.
#[derive(Debug, Clone, PartialEq, serde::Deserialize, JsonSchema)]
#[serde(untagged)]
#[schemars(inline)]
pub(crate) enum Flag {
    Boolean(bool),
    Template(String),
}

impl fmt::Display for Flag {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Boolean(flag) => flag.fmt(formatter),
            Self::Template(text) => formatter.write_str(text),
        }
    }
}

/// A port, or a template that renders to one: `"{{ ports.api }}"`.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize, JsonSchema)]
#[serde(untagged)]
#[schemars(inline)]
pub(crate) enum PortValue {
    Number(#[schemars(range(min = 1))] u16),
    Template(String),
}

impl fmt::Display for PortValue {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => number.fmt(formatter),
            Self::Template(text) => formatter.write_str(text),
        }
    }
}

/// A duration: `"10m"`, `"1h 30m"`, `"500ms"`, or a number of seconds.
#[derive(Debug, Clone, PartialEq, serde::Deserialize, JsonSchema)]
#[serde(untagged)]
#[schemars(inline)]
pub(crate) enum DurationValue {
    Seconds(#[schemars(range(min = 0))] f64),
    Text(String),
}

impl DurationValue {
    /// The duration; `Err` says what is wrong with it.
    pub(crate) fn parse(&self) -> Result<Duration, String> {
        let parsed = match self {
            Self::Seconds(seconds) => Duration::try_from_secs_f64(*seconds).ok(),
            Self::Text(text) => {
                text.trim().parse::<jiff::SignedDuration>().ok().and_then(|duration| duration.try_into().ok())
            }
        };
        parsed.filter(|duration| *duration <= MAX_DURATION).ok_or_else(|| match self {
            Self::Seconds(seconds) => format!("`{seconds}` seconds is not a duration of at most a week"),
            Self::Text(text) => {
                format!("`{text}` is not a duration, expected one like `10m`, `90s` or `1h 30m`, at most a week")
            }
        })
    }

    /// As a person writes it without quotes: `90s`, or a number of seconds.
    pub(crate) fn of(text: &str) -> Self {
        text.parse().map_or_else(|_| Self::Text(text.to_owned()), Self::Seconds)
    }

    /// As [`Self::parse`], where waiting for no time at all means nothing.
    pub(crate) fn parse_some(&self) -> Result<Duration, String> {
        match self.parse()? {
            Duration::ZERO => {
                Err("it must be longer than 0: write one like `90s` or `10m`, or leave it out".to_owned())
            }
            some => Ok(some),
        }
    }
}

/// A week: longer is a slip of the pen, and deadlines must not overflow.
const MAX_DURATION: Duration = Duration::from_hours(7 * 24);

/// An amount of memory: `"256m"`, `"1g"`, or a number of bytes.
#[derive(Debug, Clone, PartialEq, serde::Deserialize, JsonSchema)]
#[serde(untagged)]
#[schemars(inline)]
pub(crate) enum MemoryValue {
    Bytes(u64),
    Text(String),
}

impl MemoryValue {
    /// Bytes; units are those of docker compose: `b`, `k`, `m`, `g` (with or without `b`), powers of 1024.
    pub(crate) fn parse(&self) -> Result<u64, String> {
        let text = match self {
            Self::Bytes(bytes) => return Ok(*bytes),
            Self::Text(text) => text.trim(),
        };
        let digits = text.trim_end_matches(|character: char| character.is_ascii_alphabetic());
        let unit = text[digits.len()..].to_ascii_lowercase();
        let shift = match unit.as_str() {
            "" | "b" => 0,
            "k" | "kb" | "kib" => 10,
            "m" | "mb" | "mib" => 20,
            "g" | "gb" | "gib" => 30,
            _ => 64,
        };
        let number = digits.trim_end().parse::<u64>().ok();
        number
            .and_then(|number| number.checked_mul(1_u64.checked_shl(shift)?))
            .ok_or_else(|| format!("`{text}` is not an amount of memory, expected one like `256m` or `1g`"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_people_write_them() {
        let text = |text: &str| DurationValue::Text(text.into()).parse().ok();
        assert_eq!(text("10m"), Some(Duration::from_mins(10)));
        assert_eq!(text("120s"), Some(Duration::from_mins(2)));
        assert_eq!(text("1h 30m"), Some(Duration::from_mins(90)));
        assert_eq!(text("500ms"), Some(Duration::from_millis(500)));
        assert_eq!(DurationValue::Seconds(0.5).parse(), Ok(Duration::from_millis(500)));
        for wrong in ["10", "", "soon", "-5s", "900000h"] {
            assert_eq!(text(wrong), None, "{wrong}");
        }
        assert!(DurationValue::Seconds(-1.0).parse().is_err());
        assert!(DurationValue::Seconds(f64::NAN).parse().is_err());
    }

    #[test]
    fn no_time_is_refused_where_it_means_nothing() {
        assert_eq!(DurationValue::Text("0s".into()).parse(), Ok(Duration::ZERO));
        for nothing in [DurationValue::Text("0s".into()), DurationValue::Seconds(0.0), DurationValue::Seconds(-0.0)] {
            assert!(nothing.parse_some().unwrap_err().contains("longer than 0"), "{nothing:?}");
        }
        assert_eq!(DurationValue::Seconds(0.5).parse_some(), Ok(Duration::from_millis(500)));
    }

    #[test]
    fn memory_is_read_as_docker_compose_reads_it() {
        let text = |text: &str| MemoryValue::Text(text.into()).parse().ok();
        assert_eq!(text("256m"), Some(256 << 20));
        assert_eq!(text("1G"), Some(1 << 30));
        assert_eq!(text("512 MiB"), Some(512 << 20));
        assert_eq!(text("1000"), Some(1000));
        for wrong in ["m", "1.5g", "1t", "", "-1m", "99999999999g"] {
            assert_eq!(text(wrong), None, "{wrong}");
        }
    }
}
