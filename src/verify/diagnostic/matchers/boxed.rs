//! Diagnostics drawn with a title and an arrow into the source: rustc and clippy, ruff, oxlint and oxfmt,
//! biome, esbuild.
//!
//! ```text
//! error[E0308]: mismatched types          × eslint(no-debugger): …        src/a.ts:1:5 lint/style/useConst ━━━━
//!   --> src/lib.rs:11:5                     ╭─[src/a.ts:2:1]                × This let is assigned only once.
//! ```

use super::{Candidate, Emit, Matcher, Rank, rank_of};

#[derive(Default)]
pub(super) struct Boxed {
    /// The last title, and how bad it says to be.
    title: Option<(Rank, String)>,
    /// biome names the place first, then says what is wrong.
    place: Option<Candidate>,
}

impl Matcher for Boxed {
    fn line(&mut self, line: &str, emit: &mut Emit<'_>) {
        let text = line.trim_start();
        let Some(first) = text.chars().next() else { return };
        if let Some(place) =
            text.strip_prefix("--> ").or_else(|| text.strip_prefix("╭─[")).or_else(|| text.strip_prefix(",-["))
        {
            if let (Some((rank, title)), Some(found)) =
                (self.title.take(), pattern!(r"^(.+?):(\d+):(\d+)\]?$").captures(place.trim_end()))
            {
                Candidate::new(&found[1], &found[2], Some(&found[3]), title, rank).map(emit);
            }
            return;
        }
        if matches!(first, '×' | 'x' | '✖' | '✘' | '⚠' | '!' | 'i' | 'ℹ')
            && let Some(found) = pattern!(r"^(\S)\s+(.+)$").captures(text)
        {
            let rank = if matches!(first, '×' | 'x' | '✖' | '✘') { Rank::Error } else { Rank::Warning };
            let title = found[2].trim_start_matches("[ERROR] ").trim_start_matches("[WARNING] ").to_owned();
            if let Some(place) = self.place.take() {
                // `i` is advice about a configuration, never what failed
                if !matches!(first, 'i' | 'ℹ') {
                    emit(Candidate { message: title, rank: rank.min(place.rank), ..place });
                }
                return;
            }
            self.title = Some((rank, title));
            return;
        }
        if text.ends_with("━━")
            && let Some(found) = pattern!(r"^(.+?)(?::(\d+):(\d+))? ([a-z]\w*(?:/\S+)*)\b[^━]*━+$").captures(text)
        {
            self.place = match found.get(2) {
                Some(row) => Candidate::new(
                    &found[1],
                    row.as_str(),
                    found.get(3).map(|column| column.as_str()),
                    &found[4],
                    Rank::Error,
                ),
                None => Some(Candidate::file(&found[1], &found[4])),
            };
            return;
        }
        // esbuild: the place on a line of its own, below the title
        if text.ends_with(':') && text.len() < line.len() && self.title.is_some() {
            if let Some(found) = pattern!(r"^(\S+?):(\d+):(\d+):$").captures(text)
                && let Some((rank, title)) = self.title.take()
            {
                Candidate::new(&found[1], &found[2], Some(&found[3]), title, rank).map(emit);
            }
            return;
        }
        if text.len() == line.len() {
            self.title = Some((rank_of(text), text.to_owned()));
        }
    }
}
