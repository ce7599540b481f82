//! A host port of a shared server that another program has.

use crate::system::PortHolder;
use crate::system::text::count;

/// A host port that another program has.
#[derive(Debug, Clone)]
pub struct TakenPort {
    /// The service: `db`.
    pub service: &'static str,
    /// Its host port.
    pub port: u16,
    /// The variable that changes it.
    pub variable: &'static str,
    /// Who has it, where that is known.
    pub holder: Option<PortHolder>,
}

impl std::fmt::Display for TakenPort {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "port {} of `{}` is in use by {}", self.port, self.service, describe(self.holder.as_ref()))
    }
}

pub(super) fn in_use(taken: &[TakenPort]) -> String {
    match taken {
        [one] => one.to_string(),
        several => format!("{} of the shared servers are in use", count(several.len(), "port")),
    }
}

fn describe(holder: Option<&PortHolder>) -> String {
    match holder {
        Some(PortHolder { pid: Some(pid), command }) => format!("pid {pid} (`{}`)", one_line(command)),
        Some(PortHolder { pid: None, command }) if !command.is_empty() => command.clone(),
        Some(PortHolder { pid: None, .. }) => "a process of another user".to_owned(),
        None => "another process".to_owned(),
    }
}

/// A command line as part of a sentence: a script given as an argument has lines of its own.
fn one_line(command: &str) -> String {
    const LONGEST: usize = 160;
    let words = command.split_whitespace().collect::<Vec<_>>().join(" ");
    match words.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &words[..end]),
        None => words,
    }
}
