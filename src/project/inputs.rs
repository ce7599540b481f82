//! Which files a step depends on, and one digest over them. Used for `inputs` of template steps, of
//! `[prepare]` steps and of commands of `verify`.
//!
//! A pattern is a glob relative to the tree (`migrations/**`, `packages/*/package.json`); `*` does not
//! cross a `/`. A pattern that names a directory means everything below it. `!pattern` takes files out
//! again. `.git` is never entered; installed packages and caches (`node_modules`, `__pycache__`, a virtual
//! environment, what has a `CACHEDIR.TAG`) only by a pattern that names them. Git's ignore rules do not count:
//! generated files may well be inputs.
//!
//! Invariants: the order of files and the digest depend on paths and bytes alone, not on the file
//! system; a pattern that matches nothing is an error, since a misspelt input would make a stale
//! template look fresh for ever.

use std::collections::BTreeSet;
use std::fs;
use std::io::ErrorKind;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Component, Path, PathBuf};

use globset::{GlobBuilder, GlobMatcher};
use ignore::{DirEntry, WalkBuilder};
use sha2::{Digest, Sha256};

use crate::report::{Diagnostic, Kind};
use crate::system::Checkout;

/// The inputs of a step cannot be found out.
#[derive(Debug, thiserror::Error)]
pub enum InputsError {
    /// Not a glob.
    #[error("`{pattern}` is not a valid pattern of input files")]
    Pattern {
        /// The pattern.
        pattern: String,
        /// Why.
        #[source]
        source: globset::Error,
    },
    /// It leads out of the tree.
    #[error("the input pattern `{0}` is not relative to the tree")]
    Outside(String),
    /// All of them take files out.
    #[error("no input pattern names a file: `{0}` only takes files out")]
    OnlyExcludes(String),
    /// Nothing matches.
    #[error("the input pattern `{pattern}` matches no file in `{}`", tree.display())]
    NoMatch {
        /// The pattern.
        pattern: String,
        /// Where it was looked for.
        tree: PathBuf,
    },
    /// A directory cannot be listed.
    #[error("cannot list the input files of `{}`", tree.display())]
    Walk {
        /// The tree.
        tree: PathBuf,
        /// Why.
        #[source]
        source: ignore::Error,
    },
    /// A file cannot be read.
    #[error("cannot read the input file `{}`", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
}

impl Diagnostic for InputsError {
    fn kind(&self) -> Kind {
        match self {
            Self::Pattern { .. } | Self::Outside(_) | Self::OnlyExcludes(_) | Self::NoMatch { .. } => {
                Kind::Configuration
            }
            Self::Walk { .. } | Self::Read { .. } => Kind::Environment,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Pattern { .. } | Self::Outside(_) | Self::OnlyExcludes(_) => "inputs.invalid_pattern",
            Self::NoMatch { .. } => "inputs.no_match",
            Self::Walk { .. } | Self::Read { .. } => "inputs.unreadable",
        }
    }

    fn hint(&self) -> Option<String> {
        matches!(self, Self::NoMatch { .. })
            .then(|| "correct `inputs` in harness.toml; patterns are relative to the project's root".into())
    }
}

/// Whether `patterns` can be followed, and name any file at all; whether a file matches is not looked at.
pub fn check(patterns: &[String]) -> Result<(), InputsError> {
    for pattern in patterns {
        matchers(&Pattern::parse(pattern.strip_prefix('!').unwrap_or(pattern))?)?;
    }
    match patterns.first() {
        Some(first) if patterns.iter().all(|pattern| pattern.starts_with('!')) => {
            Err(InputsError::OnlyExcludes(first.clone()))
        }
        _ => Ok(()),
    }
}

/// The files below `tree` that match `patterns`: relative to it, sorted, each once.
pub fn matching_files(tree: &Path, patterns: &[String]) -> Result<Vec<PathBuf>, InputsError> {
    let (excluded, included): (Vec<_>, Vec<_>) = patterns.iter().partition(|pattern| pattern.starts_with('!'));
    let excluded = excluded
        .iter()
        .map(|pattern| matchers(&Pattern::parse(&pattern[1..])?))
        .collect::<Result<Vec<_>, _>>()?
        .concat();
    let mut files = BTreeSet::new();
    for pattern in included {
        let found = walk(tree, &Pattern::parse(pattern)?)?;
        if found.is_empty() {
            return Err(InputsError::NoMatch { pattern: pattern.clone(), tree: tree.to_owned() });
        }
        files.extend(found.into_iter().filter(|path| !excluded.iter().any(|matcher| matcher.is_match(path))));
    }
    let mut files: Vec<PathBuf> = files.into_iter().collect();
    // by bytes of the whole path, which every tool sorts alike
    files.sort_by(|left, right| left.as_os_str().as_bytes().cmp(right.as_os_str().as_bytes()));
    Ok(files)
}

/// SHA-256, in hexadecimal, over paths and bytes of the files that match `patterns`.
pub fn digest(tree: &Path, patterns: &[String]) -> Result<String, InputsError> {
    digest_of(tree, &matching_files(tree, patterns)?)
}

/// The same over `files`, which [`matching_files`] has found.
pub fn digest_of(tree: &Path, files: &[PathBuf]) -> Result<String, InputsError> {
    let mut hasher = Sha256::new();
    let mut feed = |bytes: &[u8]| {
        // lengths keep (`ab`, `c`) apart from (`a`, `bc`)
        hasher.update((bytes.len() as u64).to_le_bytes());
        hasher.update(bytes);
    };
    for file in files {
        feed(file.as_os_str().as_bytes());
        feed(&contents(&tree.join(file))?);
    }
    Ok(hasher.finalize().iter().fold(String::with_capacity(64), |mut text, byte| {
        text.extend([byte >> 4, byte & 15].map(|half| char::from(b"0123456789abcdef"[usize::from(half)])));
        text
    }))
}

/// What counts of an input file: its bytes. A link that leads to no file (but to a directory, or
/// nowhere) counts by its target, a file that vanished meanwhile as empty.
pub fn contents(path: &Path) -> Result<Vec<u8>, InputsError> {
    let read = if path.is_file() {
        fs::read(path)
    } else {
        fs::read_link(path).map(|target| target.into_os_string().into_vec())
    };
    match read {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Vec::new()),
        read => read.map_err(|source| InputsError::Read { path: path.to_owned(), source }),
    }
}

/// A checked pattern.
struct Pattern<'a> {
    text: &'a str,
    /// The directory that holds every match: the components before the first wildcard.
    prefix: PathBuf,
}

impl<'a> Pattern<'a> {
    fn parse(text: &'a str) -> Result<Self, InputsError> {
        let text = text.strip_prefix("./").unwrap_or(text).trim_end_matches('/');
        let plain = |component: &Component<'_>| matches!(component, Component::Normal(_));
        if text.is_empty() || !Path::new(text).components().all(|component| plain(&component)) {
            return Err(InputsError::Outside(text.to_owned()));
        }
        let prefix = text.split('/').take_while(|part| !part.contains(['*', '?', '[', ']', '{', '}', '\\'])).collect();
        Ok(Self { text, prefix })
    }
}

/// The pattern itself, and everything below it should it name a directory.
fn matchers(pattern: &Pattern<'_>) -> Result<[GlobMatcher; 2], InputsError> {
    let compile = |text: &str| {
        GlobBuilder::new(text)
            .literal_separator(true)
            .build()
            .map(|glob| glob.compile_matcher())
            .map_err(|source| InputsError::Pattern { pattern: pattern.text.to_owned(), source })
    };
    Ok([compile(pattern.text)?, compile(&format!("{}/**", pattern.text))?])
}

/// A directory that a program fills by itself: it changes although nothing was edited.
fn is_cache(entry: &DirEntry) -> bool {
    let is_directory = entry.file_type().is_some_and(|kind| kind.is_dir());
    let is_marked = || ["pyvenv.cfg", "CACHEDIR.TAG"].iter().any(|mark| entry.path().join(mark).is_file());
    is_directory && (entry.file_name() == "node_modules" || entry.file_name() == "__pycache__" || is_marked())
}

/// A linked work tree inside this one is another agent's, and no part of this.
fn is_other_tree(entry: &DirEntry) -> bool {
    entry.file_type().is_some_and(|kind| kind.is_dir())
        && Checkout::at(entry.path()).is_some_and(|checkout| checkout.is_linked())
}

fn walk(tree: &Path, pattern: &Pattern<'_>) -> Result<Vec<PathBuf>, InputsError> {
    let matchers = matchers(pattern)?;
    let start = tree.join(&pattern.prefix);
    if !start.is_dir() {
        let found = fs::symlink_metadata(&start).is_ok() && matchers.iter().any(|one| one.is_match(&pattern.prefix));
        return Ok(found.then(|| pattern.prefix.clone()).into_iter().collect());
    }
    let named: Vec<String> = pattern.text.split('/').map(str::to_owned).collect();
    let enter = move |entry: &DirEntry| {
        let name = entry.file_name();
        let is_named = named.iter().any(|part| name == part.as_str());
        entry.depth() == 0 || name != ".git" && !is_other_tree(entry) && (is_named || !is_cache(entry))
    };
    let mut files = Vec::new();
    for entry in WalkBuilder::new(&start).standard_filters(false).filter_entry(enter).build() {
        let entry = entry.map_err(|source| InputsError::Walk { tree: tree.to_owned(), source })?;
        if entry.file_type().is_none_or(|kind| kind.is_dir()) {
            continue;
        }
        let path = entry.path().strip_prefix(tree).expect("the walk began below the tree");
        if matchers.iter().any(|matcher| matcher.is_match(path)) {
            files.push(path.to_owned());
        }
    }
    Ok(files)
}

#[cfg(test)]
mod tests;
