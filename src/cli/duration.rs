//! Durations on the command line: those of `harness.toml` (`90s`, `2m`, `1h 30m`, `500ms`), or seconds.

use std::time::Duration;

use crate::project::DurationValue;

/// Parses a duration; one beyond a week is refused as a slip of the pen.
pub(super) fn parse(text: &str) -> Result<Duration, String> {
    match text.parse() {
        Ok(seconds) => DurationValue::Seconds(seconds).parse(),
        Err(_) => DurationValue::Text(text.to_owned()).parse(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
