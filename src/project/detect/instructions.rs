//! Lines in `CLAUDE.md` and `AGENTS.md` that tell a coding agent to use harness.
//!
//! They stand between two marks; only what is between them is ever replaced.

use std::path::{Path, PathBuf};

use super::error::InitError;
use crate::report::InstructionFile;
use crate::system;

const BEGIN: &str = "<!-- harness:begin (written by `harness init --agents`; edits between the marks are lost) -->";
const BEGIN_MARK: &str = "<!-- harness:begin";
const END: &str = "<!-- harness:end -->";

const TEXT: &str = "\
## Running this application

Run it with `harness`, which gives each agent its own database, ports and processes. Start no dev server and no
database by other means: their ports belong to other agents.

- `harness status` shows whether your copy runs, and its number; `harness launch <number>` brings it up or repairs it.
- `harness url` says where it answers, `harness env` what it is configured with.
- `harness logs <process> -n 100` shows output, `harness restart <process>` restarts a process.
- `harness psql \"select 1\"` asks your database; `harness exec -- <command>` runs a command with your environment.
- `harness verify` must pass before work is called done; its first errors have file and line.
";

const FILES: [&str; 2] = ["CLAUDE.md", "AGENTS.md"];

/// Adds or renews the lines in those of the two files that exist; in both, where neither does.
pub(super) fn write(root: &Path) -> Result<Vec<InstructionFile>, InitError> {
    let present: Vec<PathBuf> = FILES.iter().map(|name| root.join(name)).filter(|path| path.is_file()).collect();
    let paths = if present.is_empty() { FILES.iter().map(|name| root.join(name)).collect() } else { present };
    let mut written: Vec<InstructionFile> = Vec::new();
    for path in paths {
        // one may be a link to the other
        let path = path.canonicalize().unwrap_or(path);
        if written.iter().any(|file| file.path == path.display().to_string()) {
            continue;
        }
        let bytes = system::read_optional(&path)?.unwrap_or_default();
        let text = String::from_utf8(bytes).map_err(|_| InitError::Marks { path: path.clone() })?;
        let renewed = with_block(&text).ok_or_else(|| InitError::Marks { path: path.clone() })?;
        let changed = renewed != text;
        if changed {
            system::write_atomic(&path, renewed.as_bytes(), 0o644)?;
        }
        written.push(InstructionFile { path: path.display().to_string(), changed });
    }
    Ok(written)
}

/// The text with the block; none where its marks are damaged.
fn with_block(text: &str) -> Option<String> {
    let block = format!("{BEGIN}\n{TEXT}{END}");
    match (text.find(BEGIN_MARK), text.find(END)) {
        (Some(begin), Some(end)) if begin < end => {
            Some(format!("{}{block}{}", &text[..begin], &text[end + END.len()..]))
        }
        (None, None) if text.trim().is_empty() => Some(format!("{block}\n")),
        (None, None) => Some(format!("{}\n\n{block}\n", text.trim_end())),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_block_is_added_once_and_renewed_in_place() {
        let once = with_block("# Mine\n").unwrap();
        assert!(once.starts_with("# Mine\n\n<!-- harness:begin"), "{once}");
        assert_eq!(with_block(&once).unwrap(), once);
        let old = format!("# Mine\n\n{BEGIN_MARK} old -->\nold\n{END}\n\nmore\n");
        let renewed = with_block(&old).unwrap();
        assert!(renewed.contains(TEXT) && !renewed.contains("old\n") && renewed.ends_with("\n\nmore\n"), "{renewed}");
        assert_eq!(with_block(&format!("{BEGIN_MARK} -->\nno end")), None);
    }
}
