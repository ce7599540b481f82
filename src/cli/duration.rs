//! Durations on the command line: those of `harness.toml` (`90s`, `2m`, `1h 30m`, `500ms`), or seconds.

use std::time::Duration;

use crate::project::DurationValue;

/// Parses a duration; one beyond a week is refused as a slip of the pen.
pub(super) fn parse(text: &str) -> Result<Duration, String> {
    DurationValue::of(text).parse()
}

/// Parses a duration that must be longer than 0.
pub(super) fn parse_some(text: &str) -> Result<Duration, String> {
    DurationValue::of(text).parse_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_time_is_refused_where_it_means_nothing() {
        assert_eq!((parse("0"), parse_some("250ms")), (Ok(Duration::ZERO), Ok(Duration::from_millis(250))));
        for nothing in ["0", "0s", "0.0"] {
            assert!(parse_some(nothing).unwrap_err().contains("`10m`"), "{nothing}");
        }
    }

    #[test]
    fn durations_are_read() {
        assert_eq!(parse("90s"), Ok(Duration::from_secs(90)));
        assert_eq!(parse("1.5"), Ok(Duration::from_millis(1500)));
        assert_eq!(parse("250ms"), Ok(Duration::from_millis(250)));
        assert_eq!(parse("2m"), Ok(Duration::from_mins(2)));
        assert_eq!(parse("1h30m"), Ok(Duration::from_mins(90)));
        for wrong in ["soon", "3 weeks", "-1s", "999999999h", "10000000000000000000", "nan", "inf"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
