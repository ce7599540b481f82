//! `make`: the rule that failed, and where it stands. Whatever the rule's commands say is worth more, so that it only
//! counts where nothing else is recognised.

use super::{Candidate, Emit, Matcher, Rank};

#[derive(Default)]
pub(super) struct Make {
    /// make runs simple lines without a shell, and says itself what it did not find.
    missing: Option<String>,
}

impl Matcher for Make {
    fn line(&mut self, line: &str, emit: &mut Emit<'_>) {
        if let Some(rest) = line.strip_prefix("make").or_else(|| line.strip_prefix("gmake")) {
            if let Some(found) = pattern!(r"^(?:\[\d+\])?: (\S+): No such file or directory$").captures(rest) {
                self.missing = Some(found[1].to_owned());
            } else if let Some(found) = pattern!(r"^(?:\[\d+\])?: \*\*\* \[(\S+?):(\d+): (.+?)\] (.+)$").captures(rest)
            {
                let (message, rank) = self.missing.take().map_or_else(
                    || (format!("`{}` failed: {}", &found[3], &found[4]), Rank::Runner),
                    |name| (format!("command not found: `{name}`"), Rank::Error),
                );
                Candidate::new(&found[1], &found[2], None, message, rank).map(emit);
            }
        } else if line.ends_with("Stop.")
            && let Some(found) = pattern!(r"^(\S+?):(\d+): \*\*\* (.+?)\s*Stop\.$").captures(line)
        {
            Candidate::new(&found[1], &found[2], None, &found[3], Rank::Error).map(emit);
        }
    }
}
