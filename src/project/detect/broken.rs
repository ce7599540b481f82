//! Manifests that cannot be read: what they say is missing from everything else, so they are named.

use super::facts::Facts;
use super::tree::{Tree, base_name, extension_of};

/// Where a broken manifest is meant to be broken.
const ASIDE: [&str; 9] =
    ["test", "tests", "__tests__", "fixtures", "__fixtures__", "testdata", "templates", "examples", "docs"];

pub(super) fn detect(tree: &Tree) -> Facts {
    let mut facts = Facts::default();
    let is_aside = |path: &str| path.split('/').any(|part| ASIDE.contains(&part));
    for path in tree.paths().filter(|path| is_manifest(path) && !is_aside(path)) {
        let problem = match tree.text(path) {
            None => Some(format!("{path} cannot be read: it is too large, or not UTF-8")),
            Some(text) => problem(path, text),
        };
        let ignored = ": what it says is left out; correct it and run `harness init --force`";
        facts.unknown.extend(problem.map(|problem| problem + ignored));
    }
    facts
}

fn is_manifest(path: &str) -> bool {
    let name = base_name(path);
    let is_yaml = ["yml", "yaml"].contains(&extension_of(name));
    ["package.json", "composer.json", "project.json", "nx.json", "pyproject.toml", "Cargo.toml", "pnpm-workspace.yaml"]
        .contains(&name)
        || is_yaml && (name.starts_with("docker-compose") || name.starts_with("compose."))
}

fn problem(path: &str, text: &str) -> Option<String> {
    let first_line = |text: String| text.lines().next().unwrap_or_default().to_owned();
    match extension_of(path) {
        "json" => {
            let error = serde_json::from_str::<serde_json::Value>(text).err()?;
            // the line stands at the end of its text already
            let reason = error.to_string();
            let reason = reason.split(" at line ").next().unwrap_or_default();
            Some(format!("{path}:{} is not JSON ({reason})", error.line()))
        }
        "toml" => {
            let error = text.parse::<toml::Table>().err()?;
            let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
            let line = before.matches('\n').count() + 1;
            Some(format!("{path}:{line} is not TOML ({})", first_line(error.message().to_owned())))
        }
        _ => {
            let error = serde_saphyr::from_str::<serde_json::Value>(text).err()?;
            let line = error.location().map(|location| format!(":{}", location.line())).unwrap_or_default();
            Some(format!("{path}{line} is not YAML ({})", first_line(error.to_string())))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broken_manifest_is_named_with_its_line() {
        let file = |path: &str, text: &str| (path.to_owned(), Some(text.to_owned()));
        let tree = Tree::of([
            file("compose.yaml", "services:\n  db: { image: postgres\n"),
            file("package.json", "{\n  \"scripts\": {\n    \"dev\": \"vite\",\n  }\n}"),
            file("pyproject.toml", "[project]\nname = \n"),
            file("web/package.json", "{}"),
            file("tests/package.json", "{"),
        ]);
        let found = detect(&tree).unknown;
        let begins = ["compose.yaml:", "package.json:4 is not JSON", "pyproject.toml:2 is not TOML"];
        assert_eq!(found.len(), begins.len(), "{found:?}");
        for (line, begin) in found.iter().zip(begins) {
            assert!(line.starts_with(begin), "{line}");
        }
    }
}
