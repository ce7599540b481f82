//! JavaScript: packages that fetch a program of their own while they are installed, from a host that a network
//! may not let through.

use super::node_packages::{Package, is_member, packages};
use super::tree::Tree;

/// Packages that fetch a program when they are installed, and the variable that keeps them from it.
const FETCHING: [(&str, &str); 4] = [
    ("cypress", "CYPRESS_INSTALL_BINARY=0"),
    ("puppeteer", "PUPPETEER_SKIP_DOWNLOAD=true"),
    ("electron", "ELECTRON_SKIP_BINARY_DOWNLOAD=1"),
    ("@sentry/cli", "SENTRYCLI_SKIP_DOWNLOAD=1"),
];

/// The install, and once more without programs that could not be fetched: the application runs without them.
pub(super) fn with_fallback(tree: &Tree, package: &Package, install: &str) -> String {
    let members = packages(tree);
    let below = |one: &&Package| one.directory == package.directory || is_member(tree, package, &one.directory);
    let skips: Vec<&str> = FETCHING
        .iter()
        .filter(|(name, _)| members.iter().filter(below).any(|one| one.depends_on(name)))
        .map(|(_, skip)| *skip)
        .collect();
    if skips.is_empty() {
        return install.to_owned();
    }
    format!("{install} || {{ export {}; {install}; }}", skips.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_install_that_fetches_programs_is_tried_again_without_them() {
        let manifest = r#"{ "devDependencies": { "cypress": "13" } }"#;
        let tree = Tree::of([("package.json".to_owned(), Some(manifest.to_owned()))]);
        let found = packages(&tree);
        assert_eq!(with_fallback(&tree, &found[0], "npm ci"), "npm ci || { export CYPRESS_INSTALL_BINARY=0; npm ci; }");
        let tree = Tree::of([("package.json".to_owned(), Some("{}".to_owned()))]);
        assert_eq!(with_fallback(&tree, &packages(&tree)[0], "npm ci"), "npm ci");
    }
}
