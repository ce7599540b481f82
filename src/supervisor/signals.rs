//! Signals by the names that a configuration uses.

use rustix::process::Signal;

const NAMES: [(&str, Signal); 16] = [
    ("HUP", Signal::HUP),
    ("INT", Signal::INT),
    ("QUIT", Signal::QUIT),
    ("ILL", Signal::ILL),
    ("ABRT", Signal::ABORT),
    ("BUS", Signal::BUS),
    ("FPE", Signal::FPE),
    ("KILL", Signal::KILL),
    ("USR1", Signal::USR1),
    ("SEGV", Signal::SEGV),
    ("USR2", Signal::USR2),
    ("PIPE", Signal::PIPE),
    ("ALRM", Signal::ALARM),
    ("TERM", Signal::TERM),
    ("CONT", Signal::CONT),
    ("WINCH", Signal::WINCH),
];

/// `SIGTERM`, `TERM` or `15`.
pub(crate) fn signal_by_name(name: &str) -> Option<Signal> {
    let upper = name.to_ascii_uppercase();
    let bare = upper.strip_prefix("SIG").unwrap_or(&upper);
    let number = bare.parse().ok();
    NAMES.iter().find(|(known, signal)| *known == bare || Some(signal.as_raw()) == number).map(|(_, signal)| *signal)
}

/// `SIGTERM` for 15.
pub(crate) fn signal_name(number: i32) -> String {
    let known = NAMES.iter().find(|(_, signal)| signal.as_raw() == number);
    known.map_or_else(|| format!("signal {number}"), |(name, _)| format!("SIG{name}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signal_has_three_spellings() {
        for name in ["SIGTERM", "term", "15"] {
            assert_eq!(signal_by_name(name), Some(Signal::TERM), "{name}");
        }
        assert_eq!(signal_by_name("SIGNOTHING"), None);
        assert_eq!(signal_by_name("0"), None);
        assert_eq!(signal_name(libc::SIGSEGV), "SIGSEGV");
        assert_eq!(signal_name(40), "signal 40");
    }
}
