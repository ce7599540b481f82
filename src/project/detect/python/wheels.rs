//! Python: wheels, which a lock file lists by name, and the versions of Python that they are for.

use std::sync::LazyLock;

use regex::Regex;

use crate::project::detect::tree::{Tree, join};

/// The lock file that lists the files of each package: its path and text.
pub(super) fn lock<'t>(tree: &'t Tree, directory: &str) -> Option<(String, &'t str)> {
    let path = ["poetry.lock", "pdm.lock"].map(|name| join(directory, name)).into_iter().find(|path| tree.has(path))?;
    let text = tree.text(&path)?;
    Some((path, text))
}

/// The first package of a lock file that has wheels for versions of Python, and none for this one. It would be built
/// from its source, which an old release often does not allow.
pub(super) fn missing(lock: &str, minor: u16) -> Option<String> {
    static FILE: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r#""([\w.]+)-[\w.!+]+-(?:\d+-)?(\w+(?:\.\w+)*)-(\w+(?:\.\w+)*)-([\w.]+)\.whl""#)
            .expect("the pattern is right")
    });
    let mut packages: Vec<(String, bool)> = Vec::new();
    for found in FILE.captures_iter(lock).filter(|found| !found[4].starts_with("win")) {
        let mut versions = found[2].split('.').filter_map(version_of);
        let has = found[2].split('.').any(|tag| tag.starts_with("py3"))
            || if &found[3] == "abi3" { versions.any(|from| from <= minor) } else { versions.any(|of| of == minor) };
        match packages.iter_mut().find(|(name, _)| *name == found[1]) {
            Some((_, known)) => *known |= has,
            None => packages.push((found[1].to_owned(), has)),
        }
    }
    packages.into_iter().find(|(_, has)| !has).map(|(name, _)| name)
}

/// `cp310`
fn version_of(tag: &str) -> Option<u16> {
    tag.strip_prefix("cp3")?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_package_that_has_no_wheel_for_a_version_is_named() {
        let wheel =
            |package: &str, tags: &str| format!("    {{file = \"{package}-1.2.3-{tags}.whl\", hash = \"\"}},\n");
        let lock = wheel("greenlet", "cp39-cp39-macosx_10_14_x86_64")
            + &wheel("greenlet", "cp310-cp310-manylinux_2_17_x86_64.manylinux2014_x86_64")
            + &wheel("click", "py2.py3-none-any")
            + &wheel("flake8_bugbear", "py36.py37.py38-none-any")
            + &wheel("bcrypt", "cp36-abi3-manylinux2010_x86_64")
            + &wheel("pywin32", "cp38-cp38-win_amd64")
            + "    {file = \"docopt-0.6.2.tar.gz\", hash = \"\"},\n";
        assert_eq!(missing(&lock, 11).as_deref(), Some("greenlet"));
        assert_eq!((missing(&lock, 9), missing(&lock, 10)), (None, None));
    }
}
