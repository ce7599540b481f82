//! vitest: ` FAIL  path > suite > test`, the message, then ` ❯ path:9:22`.

use super::{Candidate, Emit, Matcher, Rank};

#[derive(Default)]
pub(super) struct Vitest {
    /// File and message of a failure.
    block: Option<(Option<String>, Option<String>)>,
    /// Its suites and test.
    test: Option<String>,
}

impl Matcher for Vitest {
    fn line(&mut self, line: &str, emit: &mut Emit<'_>) {
        let text = line.trim();
        if let Some(rest) = text.strip_prefix("FAIL  ") {
            self.close(emit);
            let (name, title) = rest.split_once(" > ").map_or((rest, None), |(name, title)| (name, Some(title)));
            let name = name.split(" [ ").next().unwrap_or(name).trim();
            self.test = title.map(str::to_owned);
            self.block = Some((Some(name.to_owned()), None));
        } else if text.starts_with("⎯⎯") {
            self.close(emit);
            if text.contains("Unhandled") {
                (self.block, self.test) = (Some((None, None)), None);
            }
        } else if let Some((_, message)) = &mut self.block {
            if text.is_empty() {
                return;
            }
            if let Some(place) = text.strip_prefix("❯ ") {
                if let Some(found) = pattern!(r"^(?:.* )?(\S+?):(\d+):(\d+)$").captures(place) {
                    let message = message.as_deref().unwrap_or("failed");
                    Candidate::new(&found[1], &found[2], Some(&found[3]), message, Rank::Error)
                        .map(|place| place.of_test(self.test.as_deref()))
                        .map(emit);
                }
            } else if message.is_none() {
                *message = Some(text.to_owned());
            }
        }
    }

    fn end(&mut self, emit: &mut Emit<'_>) {
        self.close(emit);
    }
}

impl Vitest {
    fn close(&mut self, emit: &mut Emit<'_>) {
        if let Some((Some(file), message)) = self.block.take() {
            let message = message.unwrap_or_else(|| "failed".to_owned());
            emit(Candidate::file(&file, message).of_test(self.test.as_deref()));
        }
    }
}
