//! Runs a command of `[prepare]` or of a template; where it fails, its first diagnostic is shown before its last lines.

use std::path::Path;

use super::log::{Logged, diagnose};
use crate::system::{self, CommandSpec, Ending, Output};

/// How many bytes of what a step prints are kept to find the diagnostic in.
const LOG_LIMIT: u64 = 64 * 1024 * 1024;

/// Runs the shell command `line` as [`system::run`] does. Where it failed and a diagnostic is recognised in what it
/// printed, that is the first line of [`Output::tail`]; its paths are shown from `tree`.
///
/// # Errors
/// As for [`system::run`].
pub async fn run_step(
    mut spec: CommandSpec,
    line: &str,
    tree: &Path,
    on_line: impl FnMut(&str),
) -> system::Result<Output> {
    // where no log can be made the step runs all the same, and a failure shows its last lines alone
    let log = tempfile::Builder::new().prefix("harness-step-").tempfile().ok();
    spec.log = log.as_ref().map(|log| log.path().to_owned());
    spec.log_limit = LOG_LIMIT;
    let mut output = system::run(&spec, on_line).await?;
    if let Some(log) = log.filter(|_| output.ending != Ending::Exited(0)) {
        let working_dir = spec.dir.strip_prefix(tree).unwrap_or(Path::new(""));
        let found = diagnose(log.path(), &Logged { line, tree, working_dir, error_pattern: None }).await;
        let located = found.filter(|diagnosis| diagnosis.located).map(|diagnosis| diagnosis.text);
        if let Some(text) = located.filter(|text| !output.tail.contains(text)) {
            output.tail.insert(0, text);
        }
    }
    Ok(output)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_step_that_fails_says_its_first_diagnostic_before_its_last_lines() {
        let tree = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(tree.path().join("api/src")).unwrap();
        std::fs::write(tree.path().join("api/src/a.ts"), "").unwrap();
        let environment = vec![("PATH".to_owned(), std::env::var("PATH").unwrap())];
        let step = async |line: &str| {
            let spec = CommandSpec::shell(line, tree.path().join("api"), environment.clone());
            run_step(spec, line, tree.path(), |_| {}).await.unwrap().tail
        };
        let tail = step("echo 'src/a.ts(1,2): error TS1: x'; seq 1 100; exit 1").await;
        assert_eq!((tail[0].as_str(), tail.len()), ("api/src/a.ts:1:2: error TS1: x", 41));
        assert_eq!(step("echo 'src/a.ts(1,2): error TS1: x'").await, ["src/a.ts(1,2): error TS1: x"], "it passed");
        assert_eq!(step("echo no; exit 1").await, ["no"]);
    }
}
