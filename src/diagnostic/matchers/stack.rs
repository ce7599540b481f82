//! Stacks of JavaScript errors: node's own tests, scripts, anything that prints an `Error`.

use super::{Candidate, Emit, Matcher, Rank};

#[derive(Default)]
pub(super) struct Stack {
    /// The last line that looks like an error.
    error: Option<String>,
    /// node prints the place of a syntax error above it: `/tree/a.js:3`.
    place: Option<Candidate>,
}

/// The place that a stack frame names, as (path, line, column).
pub(super) fn frame(line: &str) -> Option<(&str, &str, &str)> {
    let text = line.trim_start();
    if !text.starts_with("at ") && !text.ends_with(')') {
        return None;
    }
    let found = pattern!(r"^(?:at )?(?:.+? )?\((.+?):(\d+):(\d+)\)(?: \{)?$")
        .captures(text)
        .or_else(|| pattern!(r"^at (?:async )?(\S+?):(\d+):(\d+)(?: \{)?$").captures(text))?;
    let (_, [path, row, column]) = found.extract();
    (!path.starts_with("node:") && path != "native" && path.contains(['/', '.'])).then_some((path, row, column))
}

/// The place that babel names within its message: `SyntaxError: /tree/a.ts: Unexpected token (4:20)`.
pub(super) fn within(text: &str) -> Option<Candidate> {
    let text = text.strip_suffix(')')?;
    let found = pattern!(r"^(?:\w+: )?(/\S+?): (.+) \((\d+):(\d+)$").captures(text)?;
    Candidate::new(&found[1], &found[3], Some(&found[4]), &found[2], Rank::Error)
}

impl Matcher for Stack {
    fn line(&mut self, line: &str, emit: &mut Emit<'_>) {
        let text = line.trim();
        if let Some(error) = &self.error
            && let Some((path, row, column)) = frame(line)
        {
            Candidate::new(path, row, Some(column), error, Rank::Shape).map(emit);
        } else if text.starts_with("SyntaxError: /")
            && let Some(place) = within(text)
        {
            emit(place);
        } else if text.contains("rror")
            && let Some(found) =
                pattern!(r"^(?:Uncaught |error: ')?((?:[A-Za-z_$][\w.$]*)?(?:Error|Exception)(?: \[\w+\])?: .*?)'?$")
                    .captures(text)
        {
            if let Some(place) = self.place.take() {
                emit(Candidate { message: found[1].to_owned(), ..place });
            }
            self.error = Some(found[1].to_owned());
        } else if line.starts_with(['/', 'f'])
            && let Some(found) = pattern!(r"^((?:file://)?/.+):(\d+)$").captures(line)
        {
            self.place = Candidate::new(&found[1], &found[2], None, "", Rank::Shape);
        } else if text == "error: |-" {
            // node's TAP reporter
            self.error = Some("failed".to_owned());
        } else if self.error.as_deref() == Some("failed") && !text.is_empty() {
            self.error = Some(text.to_owned());
        } else if let Some(error) = self.error.as_mut().filter(|error| error.ends_with(':') && !text.is_empty()) {
            // what it is about comes below it
            error.push(' ');
            error.push_str(text);
        }
    }
}
