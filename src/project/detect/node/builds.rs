//! JavaScript: what has to be built before a program starts: the packages of a workspace that it imports in
//! their built form, and itself, where its script runs what a build has made.

use std::sync::LazyLock;

use regex::Regex;

use super::packages::{Package, packages};
use crate::project::detect::facts::{Facts, Step};
use crate::project::detect::tree::{Tree, join};

/// The first folder of a file that a build makes.
static BUILT: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r#"(?:^|[\s"/])(dist|build|lib|out)/"#).expect("the pattern is right"));

pub(in crate::project::detect) fn detect(tree: &Tree) -> Facts {
    let mut facts = Facts::default();
    let all = packages(tree);
    let mut wanted: Vec<(&Package, Step)> = all
        .iter()
        .filter(|package| package.name().is_some_and(|name| all.iter().any(|other| other.depends_on(name))))
        .filter_map(|package| Some((package, step(tree, package, &built_entry(package)?)?)))
        .collect();
    // one that imports another is built after it
    while !wanted.is_empty() {
        let is_free = |package: &Package| {
            !wanted.iter().any(|(other, _)| {
                other.directory != package.directory && other.name().is_some_and(|name| package.depends_on(name))
            })
        };
        // of a circle, any
        let next = wanted.iter().position(|(package, _)| is_free(package)).unwrap_or(0);
        let (package, step) = wanted.remove(next);
        facts.see("a package that is imported in its built form", package.manifest());
        facts.prepare.push(step);
    }
    facts
}

/// The folder that a package is imported from, where a build makes it.
fn built_entry(package: &Package) -> Option<String> {
    let entries = ["main", "module", "exports"].iter().filter_map(|key| package.json.get(key));
    let found = entries.map(ToString::to_string).collect::<Vec<_>>().join(" ");
    BUILT.captures(&found).map(|found| found[1].to_owned())
}

/// The build without which a script cannot run: `node dist/main.js`.
pub(in crate::project::detect) fn before(tree: &Tree, package: &Package, script: &str) -> Option<Step> {
    let text = package.script(script)?;
    let builds_first = ["&&", "tsc", "tsup", "npm run", "pnpm ", "yarn "].iter().any(|word| text.contains(word));
    let folder = BUILT.captures(text).filter(|_| text.contains("node ") && !builds_first)?;
    step(tree, package, &folder[1])
}

fn step(tree: &Tree, package: &Package, folder: &str) -> Option<Step> {
    let made = join(&package.directory, folder);
    if package.script("build").is_none() || tree.has_directory(&made) {
        return None;
    }
    let name = if package.directory.is_empty() { "build".to_owned() } else { format!("build {}", package.directory) };
    let run = package.manager.script("build", "");
    let mut step = Step::new(&name, &package.directory, run, format!("{}: scripts.build", package.manifest()));
    step.inputs = vec![package.manifest()];
    if tree.has_directory(&join(&package.directory, "src")) {
        step.inputs.push(join(&package.directory, "src/**"));
    }
    step.outputs = vec![made];
    Some(step)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_that_are_imported_built_are_built_in_order() {
        let file = |path: &str, text: &str| (path.to_owned(), Some(text.to_owned()));
        let tree = Tree::of([
            file("package.json", r#"{ "workspaces": ["packages/*"] }"#),
            file(
                "packages/a/package.json",
                r#"{ "name": "a", "main": "./dist/index.js", "scripts": { "build": "tsc" }, "dependencies": { "b": "*" } }"#,
            ),
            file(
                "packages/b/package.json",
                r#"{ "name": "b", "exports": { ".": { "import": "./dist/b.js" } }, "scripts": { "build": "tsc" } }"#,
            ),
            file("packages/b/src/b.ts", ""),
            file(
                "packages/c/package.json",
                r#"{ "name": "c", "main": "src/index.ts", "scripts": { "build": "tsc" }, "dependencies": { "a": "*" } }"#,
            ),
        ]);
        let steps = detect(&tree).prepare;
        let found: Vec<(&str, &[String])> =
            steps.iter().map(|step| (step.directory.as_str(), &step.outputs[..])).collect();
        assert_eq!(
            found,
            [("packages/b", &["packages/b/dist".to_owned()][..]), ("packages/a", &["packages/a/dist".to_owned()][..])]
        );
        assert_eq!(steps[0].inputs, ["packages/b/package.json", "packages/b/src/**"]);
    }

    #[test]
    fn a_script_that_runs_what_a_build_made_needs_the_build() {
        for (start, expected) in [
            ("node dist/main.js", true),
            ("node --enable-source-maps ./dist/main.js", true),
            ("node src/index.js", false),
            ("tsc && node dist/main.js", false),
        ] {
            let manifest = format!(r#"{{ "scripts": {{ "start": "{start}", "build": "tsc" }} }}"#);
            let tree = Tree::of([("package.json".to_owned(), Some(manifest))]);
            assert_eq!(before(&tree, &packages(&tree)[0], "start").is_some(), expected, "{start}");
        }
    }
}
