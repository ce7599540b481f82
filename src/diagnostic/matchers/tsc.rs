//! `tsc`, `vue-tsc` and other compilers from the same house: `path(1,2): error TS…: text`, and with
//! `--pretty` `path:1:2 - error TS…: text`.

use super::{Candidate, Emit, Matcher, rank_of};

#[derive(Default)]
pub(super) struct Tsc;

impl Matcher for Tsc {
    fn line(&mut self, line: &str, emit: &mut Emit<'_>) {
        if !line.contains("error ") && !line.contains("warning ") {
            return;
        }
        let found = pattern!(r"^\s*(.+?)\((\d+),(\d+)\): (error|warning) ([A-Z]+\d+: .*)$")
            .captures(line)
            .or_else(|| pattern!(r"^\s*(.+?):(\d+):(\d+) - (error|warning) ([A-Z]+\d+: .*)$").captures(line));
        if let Some(found) = found {
            let message = format!("{} {}", &found[4], &found[5]);
            Candidate::new(&found[1], &found[2], Some(&found[3]), message, rank_of(&found[4])).map(emit);
        }
    }
}
