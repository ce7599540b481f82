//! Tools that are not on PATH, where another one that is can fetch them: package managers of JavaScript by npx,
//! those of Python by pip.

use std::sync::LazyLock;

use regex::{Captures, Regex};

use super::facts::Facts;
use super::tree::Tree;

static NODE: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(^|&& |\|\| |; )(pnpm|yarn|bun) ").expect("the pattern is right"));
static PYTHON: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(^|&& |\|\| |; )(uv|poetry|pdm|pipenv) ").expect("the pattern is right"));

/// Rewrites the commands, and notes that the tool is fetched.
pub(super) fn fetch(tree: &Tree, facts: &mut Facts) {
    let missing: Vec<&'static str> = facts.required.keys().copied().filter(|name| !tree.has_program(name)).collect();
    for tool in missing {
        let spec = match tool {
            "pnpm" | "yarn" | "bun" if tree.has_program("npm") => package(tree, tool),
            "uv" | "poetry" | "pdm" | "pipenv" if tree.has_program("python3") => tool.to_owned(),
            _ => continue,
        };
        facts.required.remove(tool);
        let by = if spec == tool { "pip" } else { "npx" };
        facts.assumed.push(format!("`{tool}` is not on PATH: {by} fetches it"));
        let version = spec.strip_prefix("pnpm@").and_then(|version| version.split('.').next()?.parse::<u16>().ok());
        if let (Some(version), Some(node)) = (version, tree.node)
            && version >= 11
            && node < 22
        {
            facts.unknown.push(format!("{spec} asks for Node 22 or later, and `node` is {node}: install it"));
        }
        for step in facts.prepare.iter_mut().chain(&mut facts.migrations).chain(&mut facts.seeds) {
            step.run = rewritten(&step.run, tool, &spec);
        }
        for program in &mut facts.programs {
            program.command = rewritten(&program.command, tool, &spec);
        }
        for check in &mut facts.checks {
            check.run = rewritten(&check.run, tool, &spec);
        }
    }
}

fn rewritten(command: &str, tool: &str, spec: &str) -> String {
    if spec != tool {
        let call = |found: &Captures<'_>| {
            if &found[2] == tool { format!("{}npx --yes {spec} ", &found[1]) } else { found[0].to_owned() }
        };
        return NODE.replace_all(command, call).into_owned();
    }
    let mut fetches = false;
    let called = PYTHON.replace_all(command, |found: &Captures<'_>| {
        fetches |= &found[2] == tool;
        let path = if &found[2] == tool { ".harness/tools/bin/" } else { "" };
        format!("{}{path}{} ", &found[1], &found[2])
    });
    if !fetches {
        return command.to_owned();
    }
    format!(
        "python3 -m venv .harness/tools && echo '*' > .harness/.gitignore && .harness/tools/bin/python -m pip install \
         --quiet {tool} && {called}"
    )
}

/// The package of npm that has the tool, in the version that the repository names or whose lock file it has.
fn package(tree: &Tree, tool: &str) -> String {
    let of_manifest = |path: &str| {
        let json = tree.json(path)?;
        let (name, version) = json.get("packageManager")?.as_str()?.split_once('@')?;
        (name == tool).then(|| version.split('+').next().unwrap_or(version).to_owned())
    };
    // a repository of several languages has its manifest below the root
    let named = tree.named("package.json").into_iter().find_map(of_manifest);
    let lock = tree.named("pnpm-lock.yaml").into_iter().find_map(|path| tree.text(path)).unwrap_or_default();
    // settings without packages are a workspace for pnpm 9, which refuses it
    let has_only_settings = tree
        .named("pnpm-workspace.yaml")
        .into_iter()
        .filter_map(|path| tree.text(path))
        .any(|text| !text.lines().any(|line| line.starts_with("packages:")));
    let version = named.as_deref().unwrap_or(match tool {
        "pnpm" if lock.contains("lockfileVersion: '6") => "8",
        "pnpm" if lock.contains("lockfileVersion: 5") => "7",
        "pnpm" if has_only_settings => "10",
        "pnpm" => "9",
        "yarn" if tree.has(".yarnrc.yml") => "4",
        _ => "1",
    });
    // from version 2 on, yarn has another package
    let name = if tool == "yarn" && !version.starts_with('1') { "@yarnpkg/cli-dist" } else { tool };
    format!("{name}@{version}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::detect::facts::Step;

    #[test]
    fn a_tool_that_is_missing_is_fetched() {
        let manifest = r#"{ "packageManager": "pnpm@9.1.0+sha512.abc" }"#;
        let mut tree = Tree::of([("package.json".to_owned(), Some(manifest.to_owned()))]);
        tree.installed.extend(["npm", "python3"].map(str::to_owned));
        let mut facts = Facts::default();
        facts.required.extend(["pnpm", "poetry", "go"].map(|name| (name, String::new())));
        for run in
            ["pnpm install --frozen-lockfile", "export A=1; poetry install || poetry install --no-root", "npm ci"]
        {
            facts.prepare.push(Step::new("a", "", run, ""));
        }
        fetch(&tree, &mut facts);
        assert_eq!(facts.required.keys().copied().collect::<Vec<_>>(), ["go"]);
        assert_eq!(facts.prepare[0].run, "npx --yes pnpm@9.1.0 install --frozen-lockfile");
        let poetry = &facts.prepare[1].run;
        assert!(poetry.starts_with("python3 -m venv .harness/tools && "), "{poetry}");
        assert!(
            poetry.ends_with(
                " && export A=1; .harness/tools/bin/poetry install || .harness/tools/bin/poetry install --no-root"
            ),
            "{poetry}"
        );
        assert_eq!(facts.prepare[2].run, "npm ci");
        assert!(facts.unknown.is_empty());
        tree.installed.clear();
        facts.required.insert("pnpm", String::new());
        fetch(&tree, &mut facts);
        assert!(facts.required.contains_key("pnpm"), "nothing can fetch it");
    }

    #[test]
    fn a_node_that_is_too_old_for_pnpm_is_named() {
        let mut tree =
            Tree::of([("package.json".to_owned(), Some(r#"{ "packageManager": "pnpm@11.0.1" }"#.to_owned()))]);
        tree.installed.insert("npm".to_owned());
        tree.node = Some(20);
        let mut facts = Facts::default();
        facts.required.insert("pnpm", String::new());
        fetch(&tree, &mut facts);
        assert_eq!(facts.unknown, ["pnpm@11.0.1 asks for Node 22 or later, and `node` is 20: install it"]);
    }

    #[test]
    fn the_version_is_that_of_the_manifest_which_names_it() {
        let file = |path: &str, text: &str| (path.to_owned(), Some(text.to_owned()));
        let below = Tree::of([file("go.mod", ""), file("web/package.json", r#"{ "packageManager": "pnpm@11.0.1" }"#)]);
        assert_eq!(package(&below, "pnpm"), "pnpm@11.0.1");
        let lock = || file("web/pnpm-lock.yaml", "lockfileVersion: '9.0'");
        let settings = file("web/pnpm-workspace.yaml", "onlyBuiltDependencies:\n  - esbuild\n");
        assert_eq!(package(&Tree::of([lock(), settings]), "pnpm"), "pnpm@10");
        assert_eq!(package(&Tree::of([lock()]), "pnpm"), "pnpm@9");
    }
}
