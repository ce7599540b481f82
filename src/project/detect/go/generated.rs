//! Go: packages of the module itself that its sources import and git does not have: a tool writes them.

use std::collections::BTreeSet;

use super::ports;
use crate::project::detect::facts::{Facts, Step};
use crate::project::detect::tree::{Tree, base_name, extension_of, join, parent, relative};

/// Adds what writes the missing packages; names those of which nothing is known.
pub(in crate::project::detect) fn detect(tree: &Tree, directory: &str, main: &str, facts: &mut Facts) {
    let manifest = tree.text(&join(directory, "go.mod")).unwrap_or_default();
    for (folder, importer) in missing(tree, directory, manifest) {
        let name = base_name(&folder);
        let make = make_line(tree, directory, "statik ");
        let run = if name == "statik" && manifest.contains("rakyll/statik") {
            make.map(|line| format!("go run github.com/rakyll/statik{}", line.trim_start_matches("statik")))
        } else if name == "docs" && manifest.contains("swaggo/") {
            let main = relative(directory, main);
            Some(format!(
                "go run github.com/swaggo/swag/cmd/swag@v1.16.4 init -g {main} -o {}",
                relative(directory, &folder)
            ))
        } else if tree.has_directory(&join(&folder, "schema")) && manifest.contains("entgo.io/ent") {
            Some(format!("go generate ./{}", relative(directory, &folder)))
        } else {
            None
        };
        let Some(run) = run else {
            facts.unknown.push(format!(
                "{importer} imports {folder}, which git does not have: a tool writes it; give its command as a step before \
                 `build` in [prepare]"
            ));
            continue;
        };
        facts.see(format!("{folder} is written by a tool"), importer);
        let mut step = Step::new(&format!("generate {name}"), directory, run, format!("{folder} is not in git"));
        step.outputs = vec![folder];
        facts.prepare.push(step);
    }
    let templates = tree.under(directory).find(|path| extension_of(path) == "templ");
    if let Some(path) = templates.filter(|path| !tree.has(&path.replace(".templ", "_templ.go"))) {
        let version =
            manifest.lines().find_map(|line| line.trim().strip_prefix("github.com/a-h/templ ")).unwrap_or("latest");
        let version = version.split_whitespace().next().unwrap_or("latest");
        let run = format!("go run github.com/a-h/templ/cmd/templ@{version} generate");
        let mut step = Step::new("generate templ", directory, run, path);
        step.inputs = vec![join(directory, "**/*.templ")];
        facts.prepare.push(step);
    }
}

/// The folders without sources that are imported as packages of the module, each with a file that does.
fn missing(tree: &Tree, directory: &str, manifest: &str) -> Vec<(String, String)> {
    let Some(module) = manifest.lines().find_map(|line| line.strip_prefix("module ")) else { return Vec::new() };
    let begin = format!("\"{}/", module.trim().trim_matches('"'));
    let have: BTreeSet<&str> = tree.sources(directory, &["go"]).map(|(path, _)| parent(path)).collect();
    // a folder that is not walked may have sources all the same
    let has = |folder: &str| have.contains(folder) || tree.has_built(folder);
    let mut found: Vec<(String, String)> = Vec::new();
    for (path, text) in ports::sources(tree, directory) {
        let imports = text.lines().take_while(|line| !line.starts_with("func ")).filter(|line| line.contains(&begin));
        for line in imports.filter(|line| !line.trim_start().starts_with("//")) {
            let rest = line.split(&begin).nth(1).and_then(|rest| rest.split('"').next()).unwrap_or_default();
            let folder = join(directory, rest);
            let is_listed = tree.under(&folder).any(|path| extension_of(path) == "go");
            if !rest.is_empty() && !is_listed && !has(&folder) && !found.iter().any(|(known, _)| *known == folder) {
                found.push((folder, path.to_owned()));
            }
        }
    }
    found
}

/// The command of a Makefile that begins so.
fn make_line<'t>(tree: &'t Tree, directory: &str, begin: &str) -> Option<&'t str> {
    let text = tree.text(&join(directory, "Makefile"))?;
    text.lines().map(str::trim).find(|line| line.starts_with(begin) && !line.contains('$'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_that_a_tool_writes_are_written_or_named() {
        let file = |path: &str, text: &str| (path.to_owned(), Some(text.to_owned()));
        let tree = Tree::of([
            file("go.mod", "module a.b/app\nrequire github.com/rakyll/statik v0.1.7\n"),
            file(
                "main.go",
                "package main\nimport (\n\t_ \"a.b/app/doc/statik\"\n\t\"a.b/app/pb\"\n\t\"a.b/app/own\"\n)\nfunc main() {}",
            ),
            file("own/a.go", "package own"),
            file("Makefile", "proto:\n\tstatik -src=./doc/swagger -dest=./doc\n"),
        ]);
        let mut facts = Facts::default();
        detect(&tree, "", "main.go", &mut facts);
        assert_eq!(facts.prepare[0].run, "go run github.com/rakyll/statik -src=./doc/swagger -dest=./doc");
        assert!(facts.unknown[0].starts_with("main.go imports pb, which git does not have"), "{:?}", facts.unknown);
        assert_eq!((facts.prepare.len(), facts.unknown.len()), (1, 1));
    }
}
