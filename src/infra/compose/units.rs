//! Sizes and durations as compose files write them, and durations as Go prints them.

use std::time::Duration;

/// `256m`, `1g`, `1.5gb`, `1073741824`: bytes.
pub(super) fn bytes(text: &str) -> Option<u64> {
    let lower = text.trim().to_ascii_lowercase();
    let digits = lower.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(lower.len());
    let unit = match lower[digits..].trim() {
        "" | "b" => 1,
        "k" | "kb" | "kib" => 1 << 10,
        "m" | "mb" | "mib" => 1 << 20,
        "g" | "gb" | "gib" => 1 << 30,
        "t" | "tb" | "tib" => 1 << 40,
        _ => return None,
    };
    if let Ok(whole) = lower[..digits].parse::<u64>() {
        return whole.checked_mul(unit);
    }
    let number: f64 = lower[..digits].parse().ok()?;
    #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    // a limit of whole bytes
    (number.is_finite() && number >= 0.0).then_some((number * unit as f64) as u64)
}

/// `5s`, `1m30s`, `500ms`, `1h`.
pub(super) fn duration(text: &str) -> Option<Duration> {
    let mut rest = text.trim();
    let mut total = Duration::ZERO;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let number: f64 = rest[..digits].parse().ok()?;
        let letters = rest[digits..].find(|c: char| c.is_ascii_digit()).unwrap_or(rest.len() - digits);
        let seconds = match &rest[digits..digits + letters] {
            "h" => 3600.0,
            "m" => 60.0,
            "s" => 1.0,
            "ms" => 1e-3,
            "us" | "µs" => 1e-6,
            "ns" => 1e-9,
            _ => return None,
        };
        total += Duration::try_from_secs_f64(number * seconds).ok()?;
        rest = &rest[digits + letters..];
    }
    (!text.trim().is_empty()).then_some(total)
}

/// As Go prints a duration, which is what goes into a service's hash: `1m0s`, `5s`, `500ms`.
pub(super) fn go_duration(duration: Duration) -> String {
    let nanoseconds = duration.as_nanos();
    match nanoseconds {
        0 => "0s".to_owned(),
        1..1_000 => format!("{nanoseconds}ns"),
        1_000..1_000_000 => format!("{}µs", decimal(nanoseconds, 1_000)),
        1_000_000..1_000_000_000 => format!("{}ms", decimal(nanoseconds, 1_000_000)),
        _ => {
            let seconds = decimal(nanoseconds % 60_000_000_000, 1_000_000_000);
            let minutes = duration.as_secs() / 60;
            match (minutes / 60, minutes % 60) {
                (0, 0) => format!("{seconds}s"),
                (0, minutes) => format!("{minutes}m{seconds}s"),
                (hours, minutes) => format!("{hours}h{minutes}m{seconds}s"),
            }
        }
    }
}

fn decimal(value: u128, unit: u128) -> String {
    if value.is_multiple_of(unit) {
        return (value / unit).to_string();
    }
    let width = unit.ilog10() as usize;
    let text = format!("{}.{:0width$}", value / unit, value % unit);
    text.trim_end_matches('0').to_owned()
}

#[cfg(test)]
mod tests {
    use super::{Duration, bytes, duration, go_duration};

    #[test]
    fn sizes() {
        for (text, expected) in [
            ("256m", Some(268_435_456)),
            ("1g", Some(1_073_741_824)),
            ("1.5 GB", Some(1_610_612_736)),
            ("64", Some(64)),
            ("12 potatoes", None),
            ("", None),
        ] {
            assert_eq!(bytes(text), expected, "{text}");
        }
    }

    #[test]
    fn durations_there_and_back() {
        for (text, milliseconds, go) in [
            ("5s", 5_000, "5s"),
            ("60s", 60_000, "1m0s"),
            ("1m30s", 90_000, "1m30s"),
            ("500ms", 500, "500ms"),
            ("1.5s", 1_500, "1.5s"),
            ("2h", 7_200_000, "2h0m0s"),
        ] {
            let parsed = duration(text).unwrap();
            assert_eq!(parsed, Duration::from_millis(milliseconds), "{text}");
            assert_eq!(go_duration(parsed), go);
        }
        assert!(duration("5").is_none() && duration("").is_none() && duration("5 fortnights").is_none());
    }
}
