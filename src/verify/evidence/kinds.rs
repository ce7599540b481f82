//! What a file is for, by its name: tests, CI, what configures `verify`.

use std::collections::BTreeSet;
use std::path::Path;

use crate::report::verify::{AttestedStage, FileKind};

/// Directories that hold tests, wherever they are.
const TEST_FOLDERS: [&str; 14] = [
    "test",
    "tests",
    "__tests__",
    "__test__",
    "spec",
    "specs",
    "e2e",
    "cypress",
    "playwright",
    "__snapshots__",
    "__mocks__",
    "testdata",
    "integration-tests",
    "androidTest",
];
/// What a test's name has before or after it, without the extension.
const TEST_ENDS: [&str; 12] = [
    ".test",
    ".spec",
    "_test",
    "_tests",
    "_spec",
    ".cy",
    ".e2e",
    ".e2e-spec",
    "-test",
    "-spec",
    ".stories.test",
    ".snap",
];
/// Files and folders from the root of the repository.
const CI: [&str; 24] = [
    ".github/",
    ".gitlab/",
    ".gitlab-ci.yml",
    ".circleci/",
    ".buildkite/",
    ".woodpecker/",
    ".woodpecker.yml",
    ".drone.yml",
    ".travis.yml",
    "azure-pipelines.yml",
    ".azure-pipelines/",
    "bitbucket-pipelines.yml",
    "appveyor.yml",
    ".appveyor.yml",
    "Jenkinsfile",
    ".forgejo/",
    ".gitea/",
    ".husky/",
    ".pre-commit-config.yaml",
    "lefthook.yml",
    ".lefthook.yml",
    ".githooks/",
    "cloudbuild.yaml",
    ".ci/",
];
/// Names of files that configure what is run, wherever they are.
const VERIFY: [&str; 38] = [
    "harness.toml",
    "harness.local.toml",
    "package.json",
    "pyproject.toml",
    "setup.cfg",
    "tox.ini",
    "noxfile.py",
    "pytest.ini",
    "conftest.py",
    ".coveragerc",
    "mypy.ini",
    ".mypy.ini",
    "ruff.toml",
    ".ruff.toml",
    ".flake8",
    ".pylintrc",
    "Cargo.toml",
    "clippy.toml",
    ".clippy.toml",
    "rustfmt.toml",
    "deny.toml",
    "nextest.toml",
    "Makefile",
    "makefile",
    "GNUmakefile",
    "justfile",
    "Justfile",
    "Taskfile.yml",
    "Rakefile",
    ".rspec",
    ".rubocop.yml",
    "phpunit.xml",
    "phpunit.xml.dist",
    "turbo.json",
    "nx.json",
    "biome.json",
    "biome.jsonc",
    "go.mod",
];
/// How such names begin, with anything after.
const VERIFY_BEGINS: [&str; 18] = [
    "jest.config.",
    "vitest.config.",
    "vitest.workspace.",
    "vite.config.",
    "playwright.config.",
    "cypress.config.",
    "karma.conf.",
    ".mocharc.",
    "ava.config.",
    "eslint.config.",
    ".eslintrc",
    ".eslintignore",
    ".oxlintrc",
    ".prettierrc",
    "tsconfig",
    ".golangci.",
    "codecov.",
    ".nycrc",
];

/// Words of commands of `[verify]` that may be files of the project.
pub(super) fn named_files(stages: &[AttestedStage], directory: &str) -> BTreeSet<String> {
    named_by(stages.iter().flat_map(|stage| &stage.commands).map(|command| command.does.as_str()), directory)
}

/// The same of command lines.
pub(super) fn named_by<'a>(commands: impl Iterator<Item = &'a str>, directory: &str) -> BTreeSet<String> {
    let words = commands.flat_map(|does| does.split(|c: char| c.is_whitespace() || "\"';|&()<>=".contains(c)));
    let words = words.map(|word| word.trim_start_matches("./")).filter(|word| !word.is_empty());
    let prefix = if directory.is_empty() { String::new() } else { format!("{directory}/") };
    words.map(|word| format!("{prefix}{word}")).collect()
}

/// Whether a file has just this extension.
pub(super) fn has_extension(name: &str, extension: &str) -> bool {
    Path::new(name).extension().is_some_and(|it| it == extension)
}

/// What the file at `path` (from the root of the repository) is for; `None` where its name says nothing.
pub(super) fn kind(path: &str, named: &BTreeSet<String>) -> Option<FileKind> {
    let (folders, name) = path.rsplit_once('/').unwrap_or(("", path));
    let under = |it: &&str| if it.ends_with('/') { path.starts_with(*it) } else { path == *it };
    if CI.iter().any(under) || name.starts_with("Jenkinsfile") {
        return Some(FileKind::Ci);
    }
    if named.contains(path) || VERIFY.contains(&name) || VERIFY_BEGINS.iter().any(|it| name.starts_with(it)) {
        return Some(FileKind::Verify);
    }
    // `a.test.ts`, and what lies beside it: `a.test.ts.snap`
    let mut stem = name;
    let mut is_test = name.starts_with("test_") || name == "tests.py" || name == "tests.rs";
    while let Some((rest, _)) = stem.rsplit_once('.').filter(|(rest, _)| !rest.is_empty()) {
        is_test |= has_extension(stem, "snap") || TEST_ENDS.iter().any(|end| rest.ends_with(end));
        stem = rest;
    }
    let camel = [".java", ".kt", ".scala", ".cs", ".swift", ".php", ".groovy"];
    let class = name.split('.').next().unwrap_or_default();
    is_test |= camel.iter().any(|it| name.ends_with(it))
        && ["Test", "Tests", "IT", "Spec", "TestCase"].iter().any(|end| class.ends_with(end));
    is_test |= folders.split('/').any(|folder| TEST_FOLDERS.contains(&folder));
    is_test.then_some(FileKind::Test)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_say_what_files_are_for() {
        let stages = [AttestedStage {
            name: "all".into(),
            status: crate::report::verify::StageStatus::Pass,
            commands: vec![crate::report::verify::AttestedCommand {
                name: "all".into(),
                does: "sh ./scripts/check.sh && cd tests".into(),
                status: crate::report::verify::StageStatus::Pass,
                duration_ms: 1,
            }],
        }];
        let named = named_files(&stages, "");
        let of = |path: &str| kind(path, &named).map(FileKind::as_str);
        for path in [
            "src/a.test.ts",
            "src/__tests__/a.js",
            "tests/a.rs",
            "pkg/a_test.go",
            "spec/a_spec.rb",
            "app/test_a.py",
            "src/ATest.java",
            "a/__snapshots__/b.snap",
            "cypress/e2e/login.cy.ts",
            "web/a.test.ts.snap",
            "shop/tests.py",
        ] {
            assert_eq!(of(path), Some("test"), "{path}");
        }
        for path in [".github/workflows/a.yml", ".gitlab-ci.yml", ".husky/pre-commit", "Jenkinsfile.release"] {
            assert_eq!(of(path), Some("ci"), "{path}");
        }
        for path in [
            "harness.toml",
            "web/jest.config.ts",
            "tsconfig.base.json",
            "scripts/check.sh",
            "a/package.json",
            "Makefile",
        ] {
            assert_eq!(of(path), Some("verify"), "{path}");
        }
        for path in ["src/main.rs", "src/latest.ts", "README.md", "src/contest.py", "src/attestation.go"] {
            assert_eq!(of(path), None, "{path}");
        }
        assert!(named_files(&stages, "apps/shop").contains("apps/shop/scripts/check.sh"));
    }
}
