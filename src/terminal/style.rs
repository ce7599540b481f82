//! Colour roles and how quantities are written.

use std::time::Duration;

use anstyle::{AnsiColor, Style};

use crate::report::verify::{Outcome, StageStatus};
use crate::report::{InfraState, LaunchOutcome, Level, ProcessState, ServerState, StackState, WaitOutcome};

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

/// What a word of a document means for whoever reads it, and so its colour.
pub trait Tone: std::fmt::Display {
    /// Its style.
    fn style(&self) -> Style;
}

impl Tone for ProcessState {
    fn style(&self) -> Style {
        match self {
            Self::Ready | Self::Completed => GOOD,
            Self::Failed | Self::Unhealthy | Self::PortConflict | Self::PortNotBound | Self::DependencyFailed => BAD,
            Self::Stopped | Self::Disabled => DIM,
            Self::Starting | Self::Waiting | Self::Stopping | Self::Backoff => CAUTION,
        }
    }
}

impl Tone for ServerState {
    fn style(&self) -> Style {
        match self {
            Self::Ready | Self::External => GOOD,
            Self::Failed | Self::Unhealthy | Self::Unsupervised | Self::Frozen | Self::PortConflict => BAD,
            Self::Stopped | Self::Disabled | Self::Absent => DIM,
            Self::Starting | Self::Stopping | Self::Paused | Self::Backoff => CAUTION,
        }
    }
}

impl Tone for StackState {
    fn style(&self) -> Style {
        match self {
            Self::Healthy => GOOD,
            Self::Unhealthy | Self::Broken | Self::Damaged => BAD,
            Self::Stopped | Self::Parked => DIM,
            Self::Starting | Self::PartlyStopped | Self::Incomplete => CAUTION,
        }
    }
}

impl Tone for InfraState {
    fn style(&self) -> Style {
        match self {
            Self::Running => GOOD,
            Self::Degraded => CAUTION,
            Self::Stopped | Self::Absent => DIM,
        }
    }
}

impl Tone for LaunchOutcome {
    fn style(&self) -> Style {
        if *self == Self::Failed { BAD } else { GOOD }
    }
}

impl Tone for WaitOutcome {
    fn style(&self) -> Style {
        match self {
            Self::Ready => GOOD,
            Self::PortConflict | Self::DependencyFailed => BAD,
            Self::Stopped => DIM,
            Self::Exited | Self::Timeout => CAUTION,
        }
    }
}

impl Tone for StageStatus {
    fn style(&self) -> Style {
        match self {
            Self::Pass => GOOD,
            Self::Fail => BAD,
            Self::Timeout => CAUTION,
            Self::Cached | Self::Skipped => DIM,
        }
    }
}

impl Tone for Outcome {
    fn style(&self) -> Style {
        if *self == Self::Pass { GOOD } else { BAD }
    }
}

impl Tone for Level {
    fn style(&self) -> Style {
        match self {
            Self::Ok => GOOD,
            Self::Warning => CAUTION,
            Self::Error => BAD,
        }
    }
}

/// A word in the colour of what it means.
pub fn paint<T: Tone>(word: &T) -> String {
    paint_as(word, &word.to_string())
}

/// Another text in that colour.
pub fn paint_as<T: Tone>(word: &T, text: &str) -> String {
    let style = word.style();
    format!("{style}{text}{style:#}")
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
