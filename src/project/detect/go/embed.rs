//! Go: what `go:embed` takes into the program and nothing has made yet. Without it `go build` fails.

use super::ports;
use crate::project::detect::facts::{Facts, Step};
use crate::project::detect::node::packages::{Package, packages};
use crate::project::detect::tree::{Tree, join, parent, relative};

/// Adds what makes the folders that the sources of a module embed: the build of a package of JavaScript, where
/// one makes them, else an empty page.
pub(in crate::project::detect) fn detect(tree: &Tree, module: &str, facts: &mut Facts) {
    for folder in missing(tree, module) {
        facts.see(format!("{folder} is built into the program"), "go:embed");
        if let Some((package, script)) = builder(tree, &folder) {
            let name = format!("build {}", package.directory);
            let run = package.manager.script(&script, "");
            let mut step = Step::new(&name, &package.directory, run, format!("go:embed of {folder}"));
            step.inputs = vec![package.manifest()];
            let source = join(&package.directory, "src");
            if tree.has_directory(&source) {
                step.inputs.push(format!("{source}/**"));
            }
            step.outputs = vec![folder];
            facts.prepare.push(step);
        } else {
            facts.assumed.push(format!(
                "go:embed wants files in {folder}, which nothing that was found builds: an empty page is put there"
            ));
            let run = format!("mkdir -p {folder} && test -e {folder}/index.html || touch {folder}/index.html");
            let mut step = Step::new(&format!("embed {folder}"), "", run, format!("go:embed of {folder}"));
            step.outputs = vec![folder];
            facts.prepare.push(step);
        }
    }
}

/// The folders that are embedded and hold no file.
fn missing(tree: &Tree, module: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for (path, text) in ports::sources(tree, module) {
        let lines = text.lines().filter_map(|line| line.strip_prefix("//go:embed "));
        for wanted in lines.flat_map(str::split_whitespace) {
            let wanted = wanted.trim_matches(['"', '`']).trim_start_matches("all:");
            let fixed: Vec<&str> = wanted.split('/').take_while(|part| !part.contains(['*', '?', '['])).collect();
            // a file of a folder, or the folder itself
            let depth =
                if fixed.len() == wanted.split('/').count() && fixed.last().is_some_and(|last| last.contains('.')) {
                    fixed.len() - 1
                } else {
                    fixed.len()
                };
            let folder = join(parent(path), &fixed[..depth].join("/"));
            let is_below = !fixed.is_empty() && depth > 0 && !fixed.contains(&"..") && !fixed.contains(&".");
            let is_file = tree.has(&folder);
            if is_below
                && !is_file
                && !tree.has_directory(&folder)
                && !tree.has_built(&folder)
                && !found.contains(&folder)
            {
                found.push(folder);
            }
        }
    }
    // a folder within another is made with it
    let all = found.clone();
    found.retain(|folder| !all.iter().any(|other| folder.starts_with(&format!("{other}/"))));
    found
}

/// The package whose build makes a folder: one that names it in a script, else the nearest above it.
fn builder(tree: &Tree, folder: &str) -> Option<(Package, String)> {
    let all = packages(tree);
    let above = all.iter().filter(|package| {
        package.script("build").is_some()
            && !package.directory.is_empty()
            && folder.starts_with(&format!("{}/", package.directory))
    });
    if let Some(package) = above.max_by_key(|package| package.directory.len()) {
        return Some((package.clone(), "build".to_owned()));
    }
    all.into_iter().find_map(|package| {
        let target = relative(&package.directory, folder);
        let is_outside = target.starts_with("../");
        let builds =
            |script: &&str| package.script(script).is_some_and(|text| text.contains("build") && text.contains(&target));
        let script = package.scripts().into_iter().filter(|_| is_outside).find(builds)?.to_owned();
        Some((package, script))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(files: &[(&str, &str)], built: &[&str]) -> Facts {
        let mut tree = Tree::of(files.iter().map(|(path, text)| ((*path).to_owned(), Some((*text).to_owned()))));
        tree.built.extend(built.iter().map(|path| (*path).to_owned()));
        let mut facts = Facts::default();
        detect(&tree, "", &mut facts);
        facts
    }

    #[test]
    fn an_embedded_folder_is_built_first() {
        let package = ("ui/package.json", r#"{ "scripts": { "build": "vite build" } }"#);
        let source = ("ui/serve.go", "//go:embed build/*\nvar box embed.FS\n//go:embed own.txt\nvar own string");
        let facts = look(&[package, source, ("ui/own.txt", "")], &[]);
        assert_eq!(facts.prepare.len(), 1);
        assert_eq!(
            (&*facts.prepare[0].run, &*facts.prepare[0].outputs),
            ("npm run build", &["ui/build".to_owned()][..])
        );
        assert!(look(&[package, source], &["ui/build"]).prepare.is_empty(), "git has it");
        let elsewhere = ("web/package.json", r#"{ "scripts": { "release": "vite build --outDir=../server/dist" } }"#);
        let facts = look(&[elsewhere, ("server/a.go", "//go:embed all:dist")], &[]);
        assert_eq!(facts.prepare[0].run, "npm run release");
        let facts = look(&[("server/a.go", "//go:embed dist/index.html dist/assets")], &[]);
        assert_eq!(facts.prepare[0].outputs, ["server/dist"]);
        assert!(facts.prepare[0].run.starts_with("mkdir -p server/dist"), "{}", facts.prepare[0].run);
    }
}
