//! Manifests of programs that `init` has no detector for: they are named, so that a stack without them is not taken for
//! the whole application.

use super::facts::Facts;
use super::tree::{Tree, base_name, extension_of, is_aside, join, parent};

/// A manifest's name or extension, and what it is of.
const MANIFESTS: [(&str, &str); 15] = [
    ("pom.xml", "Maven"),
    ("build.gradle", "Gradle"),
    ("build.gradle.kts", "Gradle"),
    ("build.sbt", "sbt"),
    ("project.clj", "Leiningen"),
    ("deps.edn", "Clojure"),
    (".csproj", ".NET"),
    (".fsproj", ".NET"),
    ("shard.yml", "Crystal"),
    ("gleam.toml", "Gleam"),
    ("stack.yaml", "Stack"),
    ("build.zig", "Zig"),
    ("Package.swift", "Swift"),
    ("deno.json", "Deno"),
    ("CMakeLists.txt", "CMake"),
];

pub(super) fn detect(tree: &Tree) -> Facts {
    let mut facts = Facts::default();
    let mut name = |path: &str, what: &str| {
        facts.see(what, path);
        facts.unknown.push(format!(
            "{path}: a program by {what}, which `init` does not know: give its build as a step of [prepare], and how it is \
             started in [processes]"
        ));
    };
    for (manifest, what) in MANIFESTS {
        let is_it = |path: &&str| {
            base_name(path) == manifest || manifest.starts_with('.') && extension_of(path) == &manifest[1..]
        };
        // the nearest to the root says enough; one of a library deep down says nothing
        let found = tree.paths().filter(is_it).filter(|path| path.matches('/').count() <= 2 && !is_aside(path));
        let known = |path: &&str| !tree.has(&join(parent(path), "package.json"));
        if let Some(path) = found.filter(known).min_by_key(|path| path.matches('/').count()) {
            name(path, what);
        }
    }
    for (manifest, library, sign, what) in [
        ("Gemfile", "rails", "config.ru", "Bundler"),
        ("composer.json", "laravel/framework", "index.php", "Composer"),
        ("mix.exs", ":phoenix", "mix.exs", "Mix"),
    ] {
        let near = tree.named(manifest).into_iter().find(|path| path.matches('/').count() <= 1 && !is_aside(path));
        let Some(path) = near else { continue };
        let serves = [sign.to_owned(), format!("public/{sign}")].iter().any(|file| tree.has(&join(parent(path), file)));
        if serves && !tree.text(path).is_some_and(|text| text.contains(library)) {
            name(path, what);
        }
    }
    facts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(paths: &[(&str, &str)]) -> Vec<String> {
        let tree = Tree::of(paths.iter().map(|(path, text)| ((*path).to_owned(), Some((*text).to_owned()))));
        let unknown = detect(&tree).unknown;
        unknown.iter().map(|line| line.split(", ").next().unwrap_or_default().to_owned()).collect()
    }

    #[test]
    fn programs_in_other_languages_are_named() {
        assert_eq!(named(&[("api/pom.xml", ""), ("api/core/pom.xml", "")]), ["api/pom.xml: a program by Maven"]);
        assert_eq!(named(&[("src/Web/Web.csproj", "")]), ["src/Web/Web.csproj: a program by .NET"]);
        assert_eq!(named(&[("Gemfile", "gem 'sinatra'"), ("config.ru", "")]), ["Gemfile: a program by Bundler"]);
        assert!(named(&[("Gemfile", "gem 'rails'"), ("config.ru", "")]).is_empty());
        assert!(named(&[("Gemfile", "gem 'jekyll'")]).is_empty(), "nothing there serves");
        assert!(named(&[("examples/java/pom.xml", ""), ("a/b/c/pom.xml", "")]).is_empty());
        assert!(named(&[("ios/CMakeLists.txt", ""), ("ios/package.json", "")]).is_empty());
    }
}
