//! Colour roles and how quantities are written.

use std::time::Duration;

use anstyle::{AnsiColor, Style};

/// Something went well.
pub(super) const GOOD: Style = AnsiColor::Green.on_default();
/// Something is on its way, or needs a look.
pub(super) const CAUTION: Style = AnsiColor::Yellow.on_default();
/// Something failed.
pub(super) const BAD: Style = AnsiColor::Red.on_default().bold();
/// Less important.
pub(super) const DIM: Style = Style::new().dimmed();
/// Whom a line is about.
pub(super) const SUBJECT: Style = AnsiColor::Cyan.on_default();

/// The colour of a process's name, the same every time.
pub(super) fn of_name(name: &str) -> Style {
    const COLOURS: [AnsiColor; 6] = [
        AnsiColor::Cyan,
        AnsiColor::Green,
        AnsiColor::Yellow,
        AnsiColor::Blue,
        AnsiColor::Magenta,
        AnsiColor::BrightBlack,
    ];
    let sum = name.bytes().fold(0_usize, |sum, byte| sum.wrapping_mul(31).wrapping_add(usize::from(byte)));
    COLOURS[sum % COLOURS.len()].on_default()
}

/// A duration for people: `12 ms`, `1.4 s`, `2m 05s`, `3h 04m`, `2d 03h`.
pub fn duration(value: Duration) -> String {
    let seconds = value.as_secs();
    match seconds {
        0 if value.as_millis() < 1000 => format!("{} ms", value.as_millis()),
        0..60 => format!("{:.1} s", value.as_secs_f64()),
        60..3600 => format!("{}m {:02}s", seconds / 60, seconds % 60),
        3600..86_400 => format!("{}h {:02}m", seconds / 3600, seconds % 3600 / 60),
        _ => format!("{}d {:02}h", seconds / 86_400, seconds % 86_400 / 3600),
    }
}

/// A number of bytes for people, in binary units.
#[allow(clippy::cast_precision_loss)] // three digits are shown
pub fn size(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
    if bytes < 1024 {
        return format!("{bytes} B");
    }
    let mut value = bytes as f64 / 1024.0;
    let mut unit = 0;
    while value >= 1024.0 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    format!("{value:.1} {}", UNITS[unit])
}

/// A state in its colour.
pub fn paint_state(state: &str) -> String {
    let style = match state {
        "ready" | "healthy" | "running" | "completed" | "pass" | "launched" | "already running" | "repaired"
        | "listening" => GOOD,
        "failed" | "unhealthy" | "port conflict" | "port not bound" | "dependency failed" | "down" | "fail"
        | "lost" | "foreign" => BAD,
        "stopped" | "disabled" | "absent" | "free" => DIM,
        _ => CAUTION,
    };
    format!("{style}{state}{style:#}")
}

#[cfg(test)]
mod tests {
    use super::{Duration, duration, size};

    #[test]
    fn quantities_read_well() {
        assert_eq!(duration(Duration::from_millis(12)), "12 ms");
        assert_eq!(duration(Duration::from_millis(1400)), "1.4 s");
        assert_eq!(duration(Duration::from_secs(125)), "2m 05s");
        assert_eq!(duration(Duration::from_mins(184)), "3h 04m");
        assert_eq!(size(17), "17 B");
        assert_eq!(size(1536), "1.5 KiB");
    }
}
