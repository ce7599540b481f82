//! What the environment says. A variable that is missing or wrong is named.

use std::env;
use std::fmt::Display;
use std::str::FromStr;

use anyhow::{Context, Result, anyhow};

/// The value of a variable that must be set.
pub fn required(name: &str) -> Result<String> {
    optional(name).ok_or_else(|| anyhow!("environment variable {name} is not set"))
}

/// The value of a variable; an empty one counts as unset.
pub fn optional(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}

/// A variable that must be set and parse.
pub fn parsed<T>(name: &str) -> Result<T>
where
    T: FromStr,
    T::Err: Display,
{
    let value = required(name)?;
    value.parse().map_err(|error| anyhow!("{error}")).with_context(|| format!("environment variable {name}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_variable_is_named() {
        let error = required("BOARD_TEST_ABSENT").unwrap_err();
        assert_eq!(error.to_string(), "environment variable BOARD_TEST_ABSENT is not set");
    }

    #[test]
    fn a_variable_that_does_not_parse_is_named() {
        // PATH is set wherever cargo runs, and is no number
        let error = parsed::<u16>("PATH").unwrap_err();
        assert!(format!("{error:#}").starts_with("environment variable PATH: "), "{error:#}");
    }
}
