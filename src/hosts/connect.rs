//! `harness connect`: the files of one program, all of them or none.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::edit::{self, Edit, Problem};
use super::program::File;
use super::{Error, table};
use crate::report::{Connect, ConnectOutcome, ConnectedFile, Failure};
use crate::system;

/// How to connect.
#[derive(Debug, Clone, Default)]
pub struct Connecting {
    /// Options that only some programs have, by name.
    pub wishes: Vec<&'static str>,
    /// Take out what was written.
    pub remove: bool,
    /// Write nothing; tell what would be written.
    pub print: bool,
}

/// A file as it would become; `None` is no file.
struct Planned {
    path: PathBuf,
    before: Option<String>,
    after: Option<String>,
    executable: bool,
}

/// Connects the project at `root` with a program, or takes that back.
///
/// # Errors
/// There is no such program; a file is broken, or has something of its own where harness would write; a file cannot be
/// read or written.
pub fn connect(program: &str, root: &Path, connecting: &Connecting) -> Result<Connect, Failure> {
    let program = table::find(program).ok_or_else(|| Error::UnknownProgram(program.to_owned()))?;
    let has = |wish: &str| program.wishes().any(|known| known == wish);
    if let Some(option) = connecting.wishes.iter().find(|wish| !has(wish)) {
        return Err(Error::NoOption { program: program.name.to_owned(), option, of: table::with(option) }.into());
    }
    let plan = |file: &File| plan(program.name, root, file, connecting);
    let planned: Vec<Planned> = program.files.iter().map(plan).collect::<Result<_, Failure>>()?;
    let mut files = Vec::new();
    for planned in planned {
        let outcome = planned.outcome();
        if !connecting.print {
            planned.write(root)?;
        }
        let text = planned.after.filter(|_| connecting.print);
        files.push(ConnectedFile { path: planned.path.display().to_string(), outcome, text });
    }
    Ok(Connect { schema: "harness/connect/1".to_owned(), program: program.name.to_owned(), files })
}

fn plan(program: &str, root: &Path, file: &File, connecting: &Connecting) -> Result<Planned, Failure> {
    let path = root.join(file.path);
    let bytes = system::read_optional(&path)?;
    let broken = |line, why: &str| Error::Broken { path: path.clone(), line, why: why.to_owned() };
    let before = bytes.map(String::from_utf8).transpose().map_err(|_| broken(1, "it is not UTF-8"))?;
    let failed = |problem: Problem| match problem {
        Problem::Broken { line, why } => broken(line, &why),
        Problem::Occupied { line, key, wanted } => Error::Occupied { path: path.clone(), line, key, wanted },
    };
    let after = match (&before, connecting.remove) {
        (None, true) => None,
        (Some(text), true) => {
            // an option takes out what it brought
            let meant = |edit: &&Edit| {
                connecting.wishes.is_empty() || edit.wish().is_some_and(|wish| connecting.wishes.contains(&wish))
            };
            let mut edits = file.edits.iter().filter(meant);
            let taken = edits.try_fold(text.clone(), |text, edit| edit::take(edit, program, &text));
            let taken = taken.map_err(failed)?;
            let is_gone = taken != *text && edit::is_ours_alone(&taken, file.new);
            (!is_gone).then_some(taken)
        }
        (None, false) if file.must_exist => return Err(Error::NoFile(path).into()),
        (before, false) => {
            let text = before.clone().unwrap_or_else(|| file.new.to_owned());
            let add = |text: String, edit| edit::add(edit, program, &connecting.wishes, &text);
            Some(file.edits.iter().try_fold(text, add).map_err(failed)?)
        }
    };
    Ok(Planned { path, before, after, executable: file.executable })
}

impl Planned {
    fn outcome(&self) -> ConnectOutcome {
        match (&self.before, &self.after) {
            (before, after) if before == after => ConnectOutcome::Unchanged,
            (None, _) => ConnectOutcome::Written,
            (_, None) => ConnectOutcome::Removed,
            _ => ConnectOutcome::Updated,
        }
    }

    fn write(&self, root: &Path) -> Result<(), Failure> {
        if self.outcome() == ConnectOutcome::Unchanged {
            return Ok(());
        }
        // a link stays a link
        let path = self.path.canonicalize().unwrap_or_else(|_| self.path.clone());
        let Some(text) = &self.after else {
            system::remove_if_exists(&path)?;
            // folders that are empty now; one that is not stays
            let above = self.path.ancestors().skip(1).take_while(|above| *above != root && above.starts_with(root));
            for folder in above {
                if fs::remove_dir(folder).is_err() {
                    break;
                }
            }
            return Ok(());
        };
        let folder = path.parent().unwrap_or(root);
        fs::create_dir_all(folder).map_err(system::Error::file("create", folder))?;
        let present = fs::metadata(&path).ok().map(|metadata| metadata.permissions().mode() & 0o7777);
        let mode = present.unwrap_or(if self.executable { 0o755 } else { 0o644 });
        Ok(system::write_atomic(&path, text.as_bytes(), mode)?)
    }
}
