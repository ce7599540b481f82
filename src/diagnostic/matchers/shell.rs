//! Shell scripts: `scripts/check.sh: 5: tool: not found`, `scripts/check.sh: line 5: tool: command not found`.

use super::{Candidate, Emit, Matcher, Rank};

#[derive(Default)]
pub(super) struct Shell;

impl Matcher for Shell {
    fn line(&mut self, line: &str, emit: &mut Emit<'_>) {
        if !line.contains(": ") || !(line.ends_with("not found") || line.contains("yntax error")) {
            return;
        }
        let Some(found) = pattern!(r"^(\S+): (?:line )?(\d+): (.+)$").captures(line) else { return };
        // of the command line itself, or of a shell's profile
        if pattern!(r"^(?:/(?:usr/)?bin/)?\w*sh$").is_match(&found[1]) {
            return;
        }
        let message = match pattern!(r"^(\S+): (?:command )?not found$").captures(&found[3]) {
            Some(missing) => format!("command not found: `{}`", &missing[1]),
            None => found[3].to_owned(),
        };
        Candidate::new(&found[1], &found[2], None, message, Rank::Error).map(emit);
    }
}
