//! `go build`, `go vet`: messages below a heading `# package`. `go test`: failures, whose paths are
//! relative to a package that is named only afterwards, and panics.

use super::{Candidate, Emit, Matcher, Rank};

/// Failures of one package that are kept until its name is known.
const KEPT: usize = 500;

#[derive(Default)]
pub(super) struct Go {
    /// `file_test.go:7: text` lines since the last package.
    said: Vec<Candidate>,
    failed: bool,
    /// The test that runs, or has failed.
    test: Option<String>,
    /// Below a heading `# package`.
    compiling: bool,
    panic: Option<String>,
}

impl Matcher for Go {
    fn line(&mut self, line: &str, emit: &mut Emit<'_>) {
        if self.compiling
            && let Some(found) = pattern!(r"^(?:vet: )?(\S+\.go):(\d+)(?::(\d+))?: (.+)$").captures(line)
        {
            let column = found.get(3).map(|column| column.as_str());
            Candidate::new(&found[1], &found[2], column, &found[4], Rank::Error).map(emit);
        } else if line.starts_with("# ") {
            self.compiling = true;
        } else if let Some(message) = line.strip_prefix("panic: ") {
            self.panic.get_or_insert_with(|| format!("panic: {message}"));
        } else if line.starts_with("\t/") && self.panic.is_some() {
            if let Some(found) = pattern!(r"^\t(/.+\.go):(\d+)(?: \+0x[0-9a-f]+)?$").captures(line)
                && let Some(message) = &self.panic
            {
                Candidate::new(&found[1], &found[2], None, message, Rank::Error).map(emit);
            }
        } else if let Some(failed) = line.trim_start().strip_prefix("--- FAIL: ") {
            self.failed = true;
            self.test = failed.split_whitespace().next().map(str::to_owned);
        } else if let Some(package) = line.strip_prefix("FAIL\t") {
            let package = package.split_whitespace().next().unwrap_or_default();
            for candidate in self.said.drain(..).filter(|_| self.failed) {
                emit(Candidate { package: Some(package.to_owned()), ..candidate });
            }
            (self.failed, self.panic) = (false, None);
        } else if line.starts_with("ok  \t") {
            self.said.clear();
            self.failed = false;
        } else if line.starts_with("--- PASS: ") || line.starts_with("=== RUN") {
            // what a test that passed has logged
            if !self.failed {
                self.said.clear();
            }
            self.test = line.strip_prefix("=== RUN").map(|name| name.trim().to_owned());
        } else if self.said.len() < KEPT
            && line.starts_with(' ')
            && line.contains(".go:")
            && let Some(found) = pattern!(r"^\s+([\w./-]+\.go):(\d+):(?: (.*))?$").captures(line)
        {
            let message = found.get(3).map_or("", |message| message.as_str());
            let place = Candidate::new(&found[1], &found[2], None, message, Rank::Error);
            self.said.extend(place.map(|place| place.of_test(self.test.as_deref())));
        } else if !self.said.is_empty()
            && let Some(found) = pattern!(r"^\s+Error:\s+(\S.*)$").captures(line)
            && let Some(last) = self.said.last_mut()
            && last.message.is_empty()
        {
            // testify puts what is wrong below the place
            found[1].clone_into(&mut last.message);
        }
    }

    fn end(&mut self, emit: &mut Emit<'_>) {
        for candidate in self.said.drain(..).filter(|_| self.failed) {
            emit(candidate);
        }
    }
}
