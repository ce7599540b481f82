//! From a directory to a [`Tree`]: the only file of this folder that touches the disk.
//!
//! What git ignores is not looked at, except for the names in `.env`; bounds keep a large repository from
//! being read as a whole.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Duration;

use ignore::WalkBuilder;

use super::installed;
use super::tree::{Tree, base_name, extension_of};
use crate::system::{self, Checkout};

/// Deeper directories hold no manifest of an application.
const DEPTH: usize = 9;
/// Files beyond this number are not listed.
const FILES: usize = 60_000;
/// A larger file is listed, but not read.
const LARGEST: u64 = 192 * 1024;
/// Further files are listed, but not read.
const TOTAL: u64 = 48 << 20;

/// Directories that hold what others wrote or what was built.
const SKIPPED: [&str; 16] = [
    ".git",
    "node_modules",
    "vendor",
    "target",
    "dist",
    ".venv",
    "venv",
    "__pycache__",
    ".next",
    ".nuxt",
    ".svelte-kit",
    "_build",
    "deps",
    ".turbo",
    "coverage",
    ".idea",
];

/// Extensions of files whose text detectors read.
const READ: [&str; 39] = [
    "json", "jsonc", "toml", "yaml", "yml", "ini", "cfg", "js", "mjs", "cjs", "ts", "mts", "cts", "tsx", "jsx", "vue",
    "svelte", "astro", "py", "rb", "go", "rs", "ex", "exs", "php", "prisma", "sql", "mod", "txt", "lock", "dist",
    "sample", "example", "template", "dev", "sh", "md", "ru", "env",
];

/// Lock files are large, and their being there says enough.
const LISTED_ONLY: [&str; 6] =
    ["package-lock.json", "pnpm-lock.yaml", "yarn.lock", "Cargo.lock", "uv.lock", "poetry.lock"];

/// Programs that what is written may need.
const PROGRAMS: [&str; 27] = [
    "npm",
    "pnpm",
    "yarn",
    "bun",
    "node",
    "python3",
    "uv",
    "poetry",
    "pipenv",
    "pdm",
    "ruby",
    "bundle",
    "php",
    "composer",
    "mix",
    "go",
    "cargo",
    "redis-server",
    "valkey-server",
    "mysqld",
    "mariadbd",
    "mongod",
    "goose",
    "migrate",
    "sqlx",
    "diesel",
    "corepack",
];

/// Reads what there is to know of a directory.
pub(super) fn read(root: &Path) -> Tree {
    let mut files = Vec::new();
    let mut total = 0;
    let walk = WalkBuilder::new(root)
        .hidden(false)
        .require_git(false)
        .max_depth(Some(DEPTH))
        .filter_entry(|entry| {
            let is_skipped = || SKIPPED.iter().any(|name| entry.file_name() == *name);
            // a linked work tree inside this one is another agent's
            let is_other_tree = || Checkout::at(entry.path()).is_some_and(|checkout| checkout.is_linked());
            // a template of a repository is none
            let is_template = || entry.file_name().to_string_lossy().contains("{{");
            entry.depth() == 0 || !is_skipped() && !is_template() && !is_other_tree()
        })
        .sort_by_file_name(std::ffi::OsStr::cmp)
        .build();
    for entry in walk.filter_map(Result::ok).filter(|entry| entry.file_type().is_some_and(|kind| kind.is_file())) {
        let Some(path) = entry.path().strip_prefix(root).ok().and_then(Path::to_str) else { continue };
        let size = entry.metadata().map_or(u64::MAX, |metadata| metadata.len());
        let text = (is_read(path) && size <= LARGEST && total + size <= TOTAL)
            .then(|| std::fs::read_to_string(entry.path()).ok())
            .flatten()
            // editors of other systems write it, and no parser wants it
            .map(|text| text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text));
        // its first line says which version of pnpm wrote it
        let text = text.or_else(|| path.ends_with("pnpm-lock.yaml").then(|| head(entry.path())).flatten());
        // it lists the files of each package, so for which versions of Python there are wheels
        let text = text.or_else(|| path.ends_with("poetry.lock").then(|| wheels(entry.path())).flatten());
        total += text.as_ref().map_or(0, |text| text.len() as u64);
        files.push((path.to_owned(), text));
        if files.len() >= FILES {
            break;
        }
    }
    // git ignores it as a rule; of what it holds only names are used
    for name in [".env", ".env.local"] {
        if !files.iter().any(|(path, _)| path == name)
            && let Ok(text) = std::fs::read_to_string(root.join(name))
        {
            files.push((name.to_owned(), Some(text)));
        }
    }
    let mut tree = Tree::of(files);
    tree.directory_name = root.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    tree.installed = PROGRAMS.iter().filter(|name| installed::has(name)).map(|name| (*name).to_owned()).collect();
    let committed = git(root, &["ls-files", "--", ":(glob)**/dist/**", ":(glob)**/target/**", ":(glob)**/vendor/**"]);
    let outermost = |path: &str| {
        let parts: Vec<&str> = path.split('/').collect();
        let end = parts.iter().position(|part| SKIPPED.contains(part))?;
        Some(parts[..=end].join("/"))
    };
    tree.built = committed.unwrap_or_default().lines().filter_map(outermost).collect();
    tree.go = tree.installed.contains("go").then(installed::go).flatten();
    tree.node = tree.installed.contains("node").then(installed::node).flatten();
    tree.python3 = installed::python3();
    tree.interpreters = installed::interpreters();
    let is_top = git_root(root).is_some_and(|top| top == root);
    tree.has_commits = is_top && git(root, &["rev-parse", "--verify", "--quiet", "HEAD"]).is_some();
    let tracked = git(root, &["ls-files", "--", ".env", ":(glob)**/.env", ".env.development"]);
    tree.tracked = tracked.unwrap_or_default().lines().map(str::to_owned).collect();
    tree
}

/// The lines of a lock file of poetry that name wheels.
fn wheels(path: &Path) -> Option<String> {
    let file = std::fs::File::open(path).ok()?;
    let mut text = String::new();
    file.take(8 << 20).read_to_string(&mut text).ok()?;
    Some(text.lines().filter(|line| line.contains(".whl\"")).collect::<Vec<_>>().join("\n"))
}

/// The first bytes of a file.
fn head(path: &Path) -> Option<String> {
    let mut text = String::new();
    std::fs::File::open(path).ok()?.take(64).read_to_string(&mut text).ok()?;
    Some(text)
}

fn is_read(path: &str) -> bool {
    let name = base_name(path);
    if LISTED_ONLY.contains(&name) {
        return false;
    }
    READ.contains(&extension_of(path))
        || name.starts_with(".env")
        || name.starts_with("env") && extension_of(path).is_empty()
        || name.starts_with("Procfile")
        || extension_of(path).is_empty() && (name.ends_with("file") || path.split('/').any(|part| part == "bin"))
        || [".python-version", ".sequelizerc", ".flaskenv", "env.example", "mix.exs", ".yarnrc.yml", ".nvmrc"]
            .contains(&name)
}

/// The root of the git repository that a directory belongs to; none where git tracks nothing of it.
pub(super) fn repository_of(directory: &Path) -> Option<PathBuf> {
    let top = git_root(directory)?;
    let is_part = top == directory || git(directory, &["ls-files", "--", "."]).is_some_and(|files| !files.is_empty());
    is_part.then_some(top)
}

fn git_root(directory: &Path) -> Option<PathBuf> {
    let top = git(directory, &["rev-parse", "--show-toplevel"])?;
    PathBuf::from(top.trim_end_matches('\n')).canonicalize().ok()
}

/// What git prints, where it succeeds.
fn git(root: &Path, arguments: &[&str]) -> Option<String> {
    let output = system::Git::asking(root).within(Duration::from_secs(10)).output_blocking(arguments).ok()?;
    output.success.then(|| output.text())
}
