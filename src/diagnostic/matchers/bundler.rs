//! webpack, vite and next: a place on one line, what is wrong on another.
//!
//! ```text
//! ERROR in ./src/entry.ts 1:0-32          error during build:                    ./src/page.tsx:3:5
//! Module not found: Error: Can't …        Could not resolve "./gone" from …      Type error: …
//!                                         file: /tree/src/entry.ts
//! ```

use super::{Candidate, Emit, Matcher, Rank, names_a_line};

#[derive(Default)]
pub(super) struct Bundler {
    /// A place that waits for its message.
    place: Option<Candidate>,
    /// Below `error during build:`; the last line that was said there.
    building: Option<String>,
}

impl Matcher for Bundler {
    fn line(&mut self, line: &str, emit: &mut Emit<'_>) {
        let text = line.trim();
        if text.is_empty() {
            return;
        }
        if let Some(place) = self.place.take() {
            emit(Candidate { message: text.to_owned(), ..place });
        } else if let Some(rest) = text.strip_prefix("ERROR in ") {
            self.place = pattern!(r"^(\S+?)[ :](\d+):(\d+)(?:-\S+)?$")
                .captures(rest)
                .and_then(|found| Candidate::new(&found[1], &found[2], Some(&found[3]), "", Rank::Error))
                .or_else(|| rest.starts_with("./").then(|| Candidate::file(rest, "")));
        } else if text == "error during build:" {
            self.building = Some(String::new());
        } else if let Some(said) = &mut self.building {
            let Some(place) = text.strip_prefix("file: ") else {
                text.clone_into(said);
                return;
            };
            emit(match pattern!(r"^(.+?):(\d+):(\d+)$").captures(place) {
                Some(found) => Candidate {
                    rank: Rank::Error,
                    line: found[2].parse().unwrap_or(1),
                    column: found[3].parse().ok(),
                    ..Candidate::file(&found[1], said.clone())
                },
                None => Candidate::file(place, said.clone()),
            });
            self.building = None;
        } else if text.starts_with("./")
            && names_a_line(text)
            && let Some(found) = pattern!(r"^(\./\S+?):(\d+):(\d+)$").captures(text)
        {
            self.place = Candidate::new(&found[1], &found[2], Some(&found[3]), "", Rank::Shape);
        }
    }
}
