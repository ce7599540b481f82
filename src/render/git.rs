//! Keeps what harness writes into a checkout out of git, without touching a tracked file.
//!
//! In the main checkout the lines go into `info/exclude`. That file rules in every linked work tree too, and
//! what it ignores it ignores everywhere: a line `/AGENTS.md`, written for an agent's tree, would hide the
//! user's own file. A linked work tree therefore has an exclude file of its own, in its git directory. git
//! reads it through `core.excludesFile`, which a conditional include (`includeIf "gitdir:..."`, git 2.13) in
//! the repository's configuration sets for that tree alone. The user's global excludes are copied into it,
//! since there is one such file. `extensions.worktreeConfig` would do the same, but programs that do not know
//! the extension refuse the whole repository.
//!
//! The include goes when its last line goes, or with the tree.

use std::ffi::OsStr;
use std::fs::OpenOptions;
use std::io::{ErrorKind, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::{FlockOperation, flock};

use super::error::{RenderError, Result};
use crate::system::{Git, GitError};

/// The exclude file of a linked work tree, in its git directory.
const EXCLUDE: &str = "harness-exclude";
/// The configuration that names it, beside it.
const CONFIG: &str = "harness-config";
/// Ends what was copied from the user's global excludes.
const OWN_LINES: &str = "# written by harness:";

/// Where the lines of a directory are.
struct Location {
    file: PathBuf,
    /// The path of the directory in its repository, ending in `/` unless empty.
    prefix: String,
    /// The git directory of a linked work tree, and that of the repository.
    linked: Option<(PathBuf, PathBuf)>,
}

/// Keeps a file or directory out of the git of the repository that its parent belongs to. Does nothing where
/// there is no repository, no git, or the line is there already.
///
/// # Errors
/// The exclude file or the repository's configuration cannot be written.
pub fn keep_out_of_git(path: &Path) -> Result<()> {
    let failed = |source| RenderError::Git { path: path.to_owned(), source };
    let (Some(directory), Some(name)) = (path.parent(), path.file_name().and_then(|name| name.to_str())) else {
        return Ok(());
    };
    // of a directory that is still to be made, the nearest one that is there knows the repository
    let there = directory.ancestors().find(|above| above.is_dir()).unwrap_or(directory);
    let Some(location) = locate(there).map_err(failed)? else { return Ok(()) };
    let below = directory.strip_prefix(there).unwrap_or(Path::new("")).join(name);
    let pattern = location.pattern(&below.to_string_lossy());
    let present = read(&location.file).map_err(failed)?;
    if present.lines().any(|line| line == pattern) {
        return Ok(());
    }
    if let Some(parent) = location.file.parent() {
        std::fs::create_dir_all(parent).map_err(failed)?;
    }
    let mut text = if present.is_empty() || present.ends_with('\n') { String::new() } else { "\n".to_owned() };
    if let Some((git_dir, common)) = location.linked.as_ref().filter(|_| present.is_empty()) {
        include(git_dir, common).map_err(failed)?;
        text = format!("{}\n{OWN_LINES}\n", global_excludes(there).trim_end());
    }
    // one write in append mode: of several launches at once none loses a line; the lock is for a removal
    let mut file = OpenOptions::new().append(true).create(true).open(&location.file).map_err(failed)?;
    flock(&file, FlockOperation::LockExclusive).map_err(|error| failed(error.into()))?;
    file.write_all(format!("{text}{pattern}\n").as_bytes()).map_err(failed)
}

/// The line that keeps `below`, a path in `directory`, out of git; `None` where there is none.
///
/// # Errors
/// The exclude file cannot be read.
pub fn exclude_line(directory: &Path, below: &Path) -> Result<Option<String>> {
    let failed = |source| RenderError::Git { path: directory.join(below), source };
    let Some(location) = locate(directory).map_err(failed)? else { return Ok(None) };
    let pattern = location.pattern(&below.to_string_lossy());
    let present = read(&location.file).map_err(failed)?;
    Ok(present.lines().any(|line| line == pattern).then_some(pattern))
}

/// The paths in `directory` that a line keeps out of git, whoever wrote it; in a linked work tree, harness's own lines.
///
/// # Errors
/// The exclude file cannot be read.
pub fn excluded_paths(directory: &Path) -> Result<Vec<PathBuf>> {
    let failed = |source| RenderError::Git { path: directory.to_owned(), source };
    let Some(location) = locate(directory).map_err(failed)? else { return Ok(Vec::new()) };
    let present = read(&location.file).map_err(failed)?;
    let own = present.split_once(OWN_LINES).filter(|_| location.linked.is_some()).map_or(&*present, |(_, own)| own);
    let prefix = location.pattern("");
    // a pattern that means one name, as harness writes it
    let names = own.lines().filter_map(|line| line.strip_prefix(&prefix)).map(unescape);
    Ok(names.filter(|name| !name.is_empty()).map(PathBuf::from).collect())
}

/// Takes the line of `below`, a path in `directory`, out again. Nothing is lost of what others write meanwhile.
///
/// # Errors
/// The exclude file or the repository's configuration cannot be written.
pub fn readmit_to_git(directory: &Path, below: &Path) -> Result<()> {
    let failed = |source| RenderError::Git { path: directory.join(below), source };
    let Some(location) = locate(directory).map_err(failed)? else { return Ok(()) };
    let pattern = location.pattern(&below.to_string_lossy());
    let mut file = match OpenOptions::new().read(true).write(true).open(&location.file) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(failed(error)),
    };
    flock(&file, FlockOperation::LockExclusive).map_err(|error| failed(error.into()))?;
    let mut present = String::new();
    file.read_to_string(&mut present).map_err(failed)?;
    let kept: String = present.split_inclusive('\n').filter(|line| line.trim_end_matches('\n') != pattern).collect();
    if kept.len() < present.len() {
        // in place: the lock is on this file
        file.rewind().and_then(|()| file.write_all(kept.as_bytes())).map_err(failed)?;
        file.set_len(kept.len() as u64).map_err(failed)?;
    }
    if let Some((git_dir, common)) = location.linked.filter(|_| kept.trim_end().ends_with(OWN_LINES)) {
        exclude_no_more(&git_dir, &common).map_err(failed)?;
    }
    Ok(())
}

/// The section of the configuration of `root`'s repository that names the exclude file of the work tree `tree`.
///
/// # Errors
/// git cannot be started.
pub fn tree_section(root: &Path, tree: &Path) -> Result<Option<String>> {
    let failed = |source| RenderError::Git { path: tree.to_owned(), source };
    let link = tree.join(".git");
    let names = |git_dir: &Path| {
        // or one that git removed with its tree
        let named = std::fs::read_to_string(git_dir.join("gitdir"));
        named.map_or_else(|_| !git_dir.exists(), |named| git_dir.join(named.trim()) == link)
    };
    let sections = sections(root).map_err(failed)?.into_iter();
    Ok(sections.filter(|(_, git_dir)| names(git_dir)).map(|(section, _)| section).next())
}

/// Removes the section for the work tree `tree`, which was deleted and still has its entry.
///
/// # Errors
/// The repository's configuration cannot be written.
pub fn forget_tree(root: &Path, tree: &Path) -> Result<()> {
    let failed = |source| RenderError::Git { path: root.to_owned(), source };
    let Some(location) = locate(root).map_err(failed)? else { return Ok(()) };
    let link = tree.join(".git");
    for (section, git_dir) in sections(root).map_err(failed)? {
        if std::fs::read_to_string(git_dir.join("gitdir")).is_ok_and(|named| git_dir.join(named.trim()) == link) {
            // as it is written there: the value has a slash at its end, which the section has not
            configure(&location.common(), &["--remove-section", &section]).map_err(failed)?;
            for name in [EXCLUDE, CONFIG] {
                std::fs::remove_file(git_dir.join(name)).map_err(failed)?;
            }
        }
    }
    Ok(())
}

/// Removes the sections for work trees of `root`'s repository that are gone.
///
/// # Errors
/// The repository's configuration cannot be written.
pub fn forget_trees(root: &Path) -> Result<()> {
    let failed = |source| RenderError::Git { path: root.to_owned(), source };
    let Some(location) = locate(root).map_err(failed)? else { return Ok(()) };
    for (section, git_dir) in sections(root).map_err(failed)? {
        if !git_dir.exists() {
            configure(&location.common(), &["--remove-section", &section]).map_err(failed)?;
        }
    }
    Ok(())
}

/// Lets git read the exclude files of linked work trees again whose repository was moved: the configuration names them
/// by path.
///
/// # Errors
/// The repository's configuration cannot be written.
pub fn mend_trees(root: &Path) -> Result<()> {
    let failed = |source| RenderError::Git { path: root.to_owned(), source };
    let Some(location) = locate(root).map_err(failed)? else { return Ok(()) };
    let common = location.common();
    let known = sections(root).map_err(failed)?;
    let entries = std::fs::read_dir(common.join("worktrees")).into_iter().flatten().filter_map(std::result::Result::ok);
    for git_dir in entries.map(|entry| entry.path()).filter(|git_dir| git_dir.join(EXCLUDE).exists()) {
        if !known.iter().any(|(_, known)| known.components().eq(git_dir.components())) {
            include(&git_dir, &common).map_err(failed)?;
        }
    }
    forget_trees(root)
}

impl Location {
    /// The line that means exactly `below` in the directory.
    fn pattern(&self, below: &str) -> String {
        format!("/{}{}", escape(&self.prefix), escape(below))
    }

    fn common(&self) -> PathBuf {
        match &self.linked {
            Some((_, common)) => common.clone(),
            None => self.file.ancestors().nth(2).unwrap_or(Path::new("/")).to_owned(),
        }
    }
}

/// Our sections of the configuration, each with the git directory that it is for.
fn sections(root: &Path) -> std::io::Result<Vec<(String, PathBuf)>> {
    let Some(location) = locate(root)? else { return Ok(Vec::new()) };
    let file = location.common().join("config");
    let (file, pattern) = (file.to_string_lossy().into_owned(), r"^includeif\.gitdir:.*\.path$");
    let listed = git(root).output_blocking(&["config", "--file", &file, "-z", "--get-regexp", pattern]);
    let listed = listed.map_err(std::io::Error::other)?.text();
    let entries = listed.split('\0').filter_map(|entry| entry.split_once('\n'));
    let ours = entries.filter_map(|(key, value)| Some((key.strip_suffix(".path")?, value.strip_suffix(CONFIG)?)));
    // listed in lower case, removed only as it is written
    let written = |section: &str| section.replacen("includeif.", "includeIf.", 1);
    Ok(ours.map(|(section, git_dir)| (written(section), PathBuf::from(git_dir))).collect())
}

/// Lets git read the exclude file of one linked work tree.
fn include(git_dir: &Path, common: &Path) -> std::io::Result<()> {
    let quoted = git_dir.join(EXCLUDE).to_string_lossy().replace('\\', "\\\\").replace('"', "\\\"");
    std::fs::write(git_dir.join(CONFIG), format!("[core]\n\texcludesFile = \"{quoted}\"\n"))?;
    let value = git_dir.join(CONFIG).to_string_lossy().into_owned();
    configure(common, &[&format!("{}.path", section(git_dir)), &value])
}

fn exclude_no_more(git_dir: &Path, common: &Path) -> std::io::Result<()> {
    configure(common, &["--remove-section", &section(git_dir)])?;
    for name in [EXCLUDE, CONFIG] {
        std::fs::remove_file(git_dir.join(name))?;
    }
    Ok(())
}

fn section(git_dir: &Path) -> String {
    let special = |character: char| matches!(character, '\\' | '*' | '?' | '[');
    let path = git_dir.to_string_lossy();
    let escaped = path.chars().flat_map(|character| special(character).then_some('\\').into_iter().chain([character]));
    format!("includeIf.gitdir:{}", escaped.collect::<String>())
}

/// Changes the repository's configuration, which one program at a time can.
fn configure(common: &Path, arguments: &[&str]) -> std::io::Result<()> {
    let file = common.join("config").to_string_lossy().into_owned();
    let arguments = [&["config", "--file", &file], arguments].concat();
    let mut last = String::new();
    for _ in 0..ATTEMPTS {
        let output = Git::acting(common).output_blocking(&arguments).map_err(std::io::Error::other)?;
        if output.success || output.stderr.contains("no such section") {
            return Ok(());
        }
        last = output.stderr;
        std::thread::sleep(Duration::from_millis(25));
    }
    Err(std::io::Error::other(last))
}

/// For another program to end its change of the configuration: a second.
const ATTEMPTS: u32 = 40;

/// What the user's own excludes file says.
fn global_excludes(directory: &Path) -> String {
    let listed = git(directory).output_blocking(&["config", "--type=path", "--get-all", "core.excludesFile"]);
    let listed = listed.map(|output| output.text()).unwrap_or_default();
    let named = listed.lines().rfind(|path| !path.ends_with(EXCLUDE)).map(PathBuf::from);
    let home = std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".config"));
    let usual = std::env::var_os("XDG_CONFIG_HOME").map(PathBuf::from).or(home).map(|it| it.join("git/ignore"));
    named.or(usual).and_then(|path| std::fs::read_to_string(path).ok()).unwrap_or_default()
}

fn read(file: &Path) -> std::io::Result<String> {
    match std::fs::read_to_string(file) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(String::new()),
        other => other,
    }
}

/// Which of `paths`, below `directory`, the repository tracks. None where there is no repository.
pub(super) fn tracked(directory: &Path, paths: &[&Path]) -> Vec<PathBuf> {
    let mut arguments: Vec<&OsStr> = ["--literal-pathspecs", "ls-files", "-z", "--"].map(OsStr::new).to_vec();
    arguments.extend(paths.iter().map(|path| path.as_os_str()));
    let Ok(output) = git(directory).output_blocking(&arguments) else { return Vec::new() };
    let text = output.text();
    text.split('\0').filter(|name| !name.is_empty()).map(PathBuf::from).collect()
}

/// Where the lines of a directory are; `None` where there is no repository, or no git.
fn locate(directory: &Path) -> std::io::Result<Option<Location>> {
    let arguments = ["rev-parse", "--path-format=absolute", "--git-dir", "--git-common-dir", "--show-prefix"];
    let output = match git(directory).output_blocking(&arguments) {
        Ok(output) => output,
        Err(GitError::Missing(error)) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(GitError::Missing(error)) => return Err(error),
        Err(error) => return Err(std::io::Error::other(error)),
    };
    let text = output.text();
    let mut lines = text.lines();
    let (Some(git_dir), Some(common), true) = (lines.next(), lines.next(), output.success) else { return Ok(None) };
    let (git_dir, common) = (PathBuf::from(git_dir), PathBuf::from(common));
    let prefix = lines.next().unwrap_or_default().to_owned();
    if git_dir == common {
        return Ok(Some(Location { file: common.join("info/exclude"), prefix, linked: None }));
    }
    Ok(Some(Location { file: git_dir.join(EXCLUDE), prefix, linked: Some((git_dir, common)) }))
}

/// git in `directory`. Who owns the repository does not matter for these questions: they run nothing of it.
fn git(directory: &Path) -> Git {
    Git::asking(directory).set("safe.directory=*")
}

/// A name as a pattern that means only itself.
fn escape(name: &str) -> String {
    let special = |character: char| matches!(character, '\\' | '*' | '?' | '[' | ' ' | '!' | '#');
    let escaped = name.chars().flat_map(|character| special(character).then_some('\\').into_iter().chain([character]));
    escaped.collect()
}

fn unescape(pattern: &str) -> String {
    let mut characters = pattern.chars();
    let mut name = String::new();
    while let Some(character) = characters.next() {
        name.extend(if character == '\\' { characters.next() } else { Some(character) });
    }
    name
}
