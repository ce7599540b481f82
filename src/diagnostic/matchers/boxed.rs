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
    title: Title,
    /// biome names the place first, then says what is wrong.
    place: Option<Candidate>,
}

/// The last title; empty once it was used. Its memory is used again, since most lines are one.
#[derive(Default)]
struct Title {
    text: String,
    /// By the sign before it; without one its own words tell.
    rank: Option<Rank>,
}

impl Title {
    fn set(&mut self, text: &str, rank: Option<Rank>) {
        self.text.clear();
        self.text.push_str(text);
        self.rank = rank;
    }

    /// The candidate at `place`, a `path:line:column`.
    fn at(&mut self, place: &str) -> Option<Candidate> {
        if self.text.is_empty() {
            return None;
        }
        let found = pattern!(r"^(.+?):(\d+):(\d+)$").captures(place)?;
        let rank = self.rank.unwrap_or_else(|| rank_of(&self.text));
        let title = std::mem::take(&mut self.text);
        Candidate::new(&found[1], &found[2], Some(&found[3]), title, rank)
    }
}

/// Whether a diagnostic begins here: a sign, then space.
fn sign(text: &str) -> Option<(char, &str)> {
    let mut characters = text.chars();
    let first = characters.next()?;
    let rest = characters.as_str();
    let is_sign = matches!(first, '×' | 'x' | '✖' | '✘' | '⚠' | '!' | 'i' | 'ℹ');
    (is_sign && rest.starts_with(char::is_whitespace))
        .then(|| (first, rest.trim_start()))
        .filter(|(_, rest)| !rest.is_empty())
}

impl Matcher for Boxed {
    fn line(&mut self, line: &str, emit: &mut Emit<'_>) {
        let text = line.trim_start();
        if text.is_empty() {
            return;
        }
        let arrow = ["--> ", "╭─[", ",-["].iter().find_map(|arrow| text.strip_prefix(arrow));
        if let Some(place) = arrow {
            self.title.at(place.trim_end().trim_end_matches(']')).map(emit);
        } else if let Some((sign, title)) = sign(text) {
            let rank = if matches!(sign, '×' | 'x' | '✖' | '✘') { Rank::Error } else { Rank::Warning };
            let title = title.trim_start_matches("[ERROR] ").trim_start_matches("[WARNING] ");
            match self.place.take() {
                // `i` is advice about a configuration, never what failed
                Some(_) if matches!(sign, 'i' | 'ℹ') => {}
                Some(place) => emit(Candidate { message: title.to_owned(), rank: rank.min(place.rank), ..place }),
                None => self.title.set(title, Some(rank)),
            }
        } else if text.ends_with("━━") {
            self.place = named_first(text);
        } else if text.len() == line.len() {
            self.title.set(text, None);
        } else if let Some(place) = text.strip_suffix(':') {
            // esbuild: the place on a line of its own, below the title
            self.title.at(place).map(emit);
        }
    }
}

/// biome's heading: `src/a.ts:1:5 lint/style/useConst ━━━━`.
fn named_first(text: &str) -> Option<Candidate> {
    let found = pattern!(r"^(.+?)(?::(\d+):(\d+))? ([a-z]\w*(?:/\S+)*)\b[^━]*━+$").captures(text)?;
    match found.get(2) {
        Some(row) => {
            let column = found.get(3).map(|column| column.as_str());
            Candidate::new(&found[1], row.as_str(), column, &found[4], Rank::Error)
        }
        None => Some(Candidate::file(&found[1], &found[4])),
    }
}
