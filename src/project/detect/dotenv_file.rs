//! Programs that do not start without a file `.env`, which git does not have: each tree gets one.

use std::sync::LazyLock;

use regex::Regex;

use super::facts::{Facts, Step};
use super::tree::{Tree, extension_of, is_aside, join, parent};

fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("the pattern is right")
}

/// `const found = dotenv.config(); if (found.error) throw ...`
static NODE: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"(?s)dotenv\.config\(\s*\).{0,200}?\.error\b.{0,120}?(?:\bthrow\b|process\.exit)"));
/// `err := godotenv.Load(); if err != nil { log.Fatal(...) }`
static GO: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r#"(?s)godotenv\.(?:Load|Read)\((?:"\.env")?\)\s*;?.{0,40}?err != nil \{\s*(?:log\.(?:Fatal|Panic)|panic\(|os\.Exit|logger?\.\w*Fatal)"#,
    )
});
/// `dotenv().expect("...")`
static RUST: LazyLock<Regex> = LazyLock::new(|| pattern(r"\bdotenvy?(?:::dotenv)?\(\)\s*(?:\?|\.unwrap\(|\.expect\()"));

const EXAMPLES: [&str; 9] = [
    ".env.example",
    ".env.sample",
    ".env.dist",
    ".env.template",
    ".env.default",
    ".env.local.example",
    "example.env",
    "sample.env",
    "env.example",
];

pub(super) fn detect(tree: &Tree) -> Facts {
    let mut facts = Facts::default();
    for (extensions, manifest, insists) in [
        (&["js", "cjs", "mjs", "ts"][..], "package.json", &*NODE),
        (&["go"][..], "go.mod", &*GO),
        (&["rs"][..], "Cargo.toml", &*RUST),
    ] {
        for (path, text) in tree.sources("", extensions) {
            let of_test = path.contains(".test.") || path.contains(".spec.") || path.ends_with("_test.go");
            if is_aside(path) || of_test || !insists.is_match(text) {
                continue;
            }
            let directory = home(tree, path, manifest);
            let file = join(directory, ".env");
            if tree.tracked.contains(&file) || facts.prepare.iter().any(|step| step.outputs.contains(&file)) {
                continue;
            }
            let example = EXAMPLES.iter().map(|name| join(directory, name)).find(|path| tree.has(path));
            let make = example.as_ref().map_or_else(|| format!("touch {file}"), |from| format!("cp {from} {file}"));
            let mut step = Step::new("dotenv", "", format!("test -e {file} || {make}"), path);
            step.outputs = vec![file.clone()];
            let from = example.map_or_else(|| "an empty one".to_owned(), |from| format!("a copy of {from}"));
            facts
                .assumed
                .push(format!("{path} does not start without {file}: each tree gets {from}; [env] comes first"));
            facts.prepare.push(step);
        }
    }
    facts
}

/// The directory of the manifest that a source belongs to, in which its program runs. A workspace of Rust runs in its root.
fn home<'t>(tree: &Tree, path: &'t str, manifest: &str) -> &'t str {
    let mut directory = parent(path);
    let is_rust = extension_of(path) == "rs";
    loop {
        if !is_rust && tree.has(&join(directory, manifest)) || directory.is_empty() {
            return directory;
        }
        directory = parent(directory);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn runs(files: &[(&str, &str)]) -> Vec<String> {
        let tree = Tree::of(files.iter().map(|(path, text)| ((*path).to_owned(), Some((*text).to_owned()))));
        detect(&tree).prepare.into_iter().map(|step| step.run).collect()
    }

    #[test]
    fn a_program_that_insists_on_the_file_gets_one() {
        let node =
            "const envFound = dotenv.config();\nif (envFound.error) {\n  // why\n  throw new Error('no .env');\n}";
        let files = [("api/package.json", "{}"), ("api/src/config/index.ts", node), ("api/.env.example", "A=1")];
        assert_eq!(runs(&files), ["test -e api/.env || cp api/.env.example api/.env"]);
        let go = "err := godotenv.Load()\n\tif err != nil {\n\t\tlog.Fatal(\"Error loading .env file\")\n\t}";
        assert_eq!(runs(&[("go.mod", ""), ("cmd/main.go", go)]), ["test -e .env || touch .env"]);
        assert_eq!(runs(&[("Cargo.toml", ""), ("src/main.rs", "dotenv().expect(\"x\");")]).len(), 1);
        for (path, text) in [
            ("src/main.rs", "dotenv().ok();"),
            ("main.go", "_ = godotenv.Load()\nif err != nil { return err }"),
            ("a.js", "require('dotenv').config()"),
        ] {
            assert!(runs(&[(path, text)]).is_empty(), "{text}");
        }
    }
}
