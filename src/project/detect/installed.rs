//! Which programs of this machine a command can call.
//!
//! pyenv and rbenv put a shim on PATH for every program of any version they installed. It fails unless a version
//! that has the program is chosen, so a shim alone says nothing.

use std::path::{Path, PathBuf};

use super::tree::Interpreter;

/// Where servers are that a user's PATH need not have.
const SERVERS: &str = "/usr/local/sbin:/usr/sbin:/sbin";

/// Whether a program is on PATH and can be run, or is a server where Debian keeps those.
pub(super) fn has(name: &str) -> bool {
    which::which(name).is_ok_and(|path| shims_of(&path).is_none_or(|manager| in_chosen(&manager, name).is_some()))
        || which::which_in(name, Some(SERVERS), "/").is_ok()
}

/// The version of `python3`: the number behind `3.`; none where it cannot be told without running it.
pub(super) fn python3() -> Option<u16> {
    let path = which::which("python3").ok()?;
    let path = match shims_of(&path) {
        Some(manager) => in_chosen(&manager, "python3")?,
        None => path,
    };
    minor_of(path.canonicalize().ok()?.file_name()?.to_str()?.strip_prefix("python")?)
}

/// The version of Go, `1.26.1`, which its installation names.
pub(super) fn go() -> Option<String> {
    let program = which::which("go").ok()?.canonicalize().ok()?;
    let text = std::fs::read_to_string(program.parent()?.parent()?.join("VERSION")).ok()?;
    text.lines().next()?.strip_prefix("go").map(str::to_owned)
}

/// The major version of Node, which the headers beside it name.
pub(super) fn node() -> Option<u16> {
    let program = which::which("node").ok()?.canonicalize().ok()?;
    let header = program.parent()?.parent()?.join("include/node/node_version.h");
    let text = std::fs::read_to_string(header).ok()?;
    text.lines().find_map(|line| line.strip_prefix("#define NODE_MAJOR_VERSION ")?.trim().parse().ok())
}

/// All interpreters that have a name of their own.
pub(super) fn interpreters() -> Vec<Interpreter> {
    let mut found = Vec::new();
    for minor in 6..30 {
        let name = format!("python3.{minor}");
        let Ok(path) = which::which(&name) else { continue };
        let by_pyenv = shims_of(&path).is_some_and(|manager| in_chosen(&manager, &name).is_none());
        found.push(Interpreter { minor, by_pyenv });
    }
    found
}

/// The directory of pyenv or rbenv that a program on PATH is a shim of.
fn shims_of(path: &Path) -> Option<PathBuf> {
    let directory = path.parent()?;
    let manager = directory.parent()?;
    (directory.file_name()? == "shims" && manager.join("versions").is_dir()).then(|| manager.to_owned())
}

/// The program in a version that is chosen for the whole machine.
fn in_chosen(manager: &Path, name: &str) -> Option<PathBuf> {
    let variable = if manager.file_name()?.to_str()?.contains("rbenv") { "RBENV_VERSION" } else { "PYENV_VERSION" };
    let chosen = std::env::var(variable).or_else(|_| std::fs::read_to_string(manager.join("version"))).ok()?;
    let mut paths =
        chosen.split([':', '\n']).map(|version| manager.join("versions").join(version.trim()).join("bin").join(name));
    paths.find(|path| path.exists()).or_else(|| {
        // `system`: what PATH has behind the shims
        let shims = manager.join("shims");
        let system = chosen.lines().any(|line| line.trim() == "system");
        which::which_all(name).ok()?.find(|path| system && path.parent() != Some(&shims))
    })
}

fn minor_of(version: &str) -> Option<u16> {
    version.strip_prefix("3.")?.split('.').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shim_counts_where_a_chosen_version_has_the_program() {
        let manager = tempfile::tempdir().unwrap();
        let at = |path: &str| manager.path().join(path);
        for path in ["shims", "versions/3.11.7/bin", "versions/3.12.1/bin"] {
            std::fs::create_dir_all(at(path)).unwrap();
        }
        std::fs::write(at("versions/3.11.7/bin/python3.11"), "").unwrap();
        std::fs::write(at("versions/3.12.1/bin/python3.12"), "").unwrap();
        std::fs::write(at("version"), "3.11.7\n").unwrap();
        assert_eq!(shims_of(&at("shims/python3.12")).as_deref(), Some(manager.path()));
        assert!(shims_of(Path::new("/usr/bin/python3")).is_none());
        if std::env::var_os("PYENV_VERSION").is_none() {
            assert!(in_chosen(manager.path(), "python3.11").is_some());
            assert!(in_chosen(manager.path(), "python3.12").is_none());
        }
        assert_eq!((minor_of("3.12.1"), minor_of("3.9"), minor_of("2.7")), (Some(12), Some(9), None));
    }
}
