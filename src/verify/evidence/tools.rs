//! The versions of the tools that commands name, as they answer in the tree.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

use futures_util::future::join_all;

use crate::report::verify::{AttestedStage, Tool};
use crate::system::text::cut;
use crate::system::{CommandSpec, Program, run};

/// A tool that does not answer by then is left out.
const PATIENCE: Duration = Duration::from_secs(5);
/// How much of its answer is kept.
const SHOWN: usize = 120;

/// Words of command lines, and the tools that are asked. Anything else might do more than answer.
const TOOLS: [(&str, &[&str]); 32] = [
    ("node", &["node"]),
    ("npm", &["node", "npm"]),
    ("npx", &["node", "npm"]),
    ("pnpm", &["node", "pnpm"]),
    ("yarn", &["node", "yarn"]),
    ("corepack", &["node", "corepack"]),
    ("bun", &["bun"]),
    ("bunx", &["bun"]),
    ("deno", &["deno"]),
    ("cargo", &["cargo", "rustc"]),
    ("rustc", &["rustc"]),
    ("go", &["go"]),
    ("python", &["python"]),
    ("python3", &["python3"]),
    ("pytest", &["python3", "pytest"]),
    ("tox", &["tox"]),
    ("nox", &["nox"]),
    ("uv", &["uv"]),
    ("poetry", &["poetry"]),
    ("ruff", &["ruff"]),
    ("mypy", &["mypy"]),
    ("ruby", &["ruby"]),
    ("bundle", &["ruby", "bundle"]),
    ("java", &["java"]),
    ("mvn", &["mvn"]),
    ("gradle", &["gradle"]),
    ("dotnet", &["dotnet"]),
    ("php", &["php"]),
    ("composer", &["composer"]),
    ("make", &["make"]),
    ("just", &["just"]),
    ("psql", &["psql"]),
];

/// Asks the tools that the commands of `stages` name, and git.
pub(super) async fn tools(stages: &[AttestedStage], tree: &Path, environment: &BTreeMap<String, String>) -> Vec<Tool> {
    let commands = stages.iter().flat_map(|stage| &stage.commands);
    let words = commands.flat_map(|command| command.does.split(|c: char| !c.is_alphanumeric() && !"-_.".contains(c)));
    let words: BTreeSet<&str> = words.collect();
    let of_words = TOOLS.iter().filter(|(word, _)| words.contains(word)).flat_map(|(_, tools)| tools.iter().copied());
    let names: BTreeSet<&str> = of_words.chain(["git"]).collect();
    let asked = names.into_iter().map(|name| async move {
        let version = version(name, tree, environment).await?;
        Some(Tool { name: name.to_owned(), version })
    });
    join_all(asked).await.into_iter().flatten().collect()
}

async fn version(name: &str, tree: &Path, environment: &BTreeMap<String, String>) -> Option<String> {
    let argument = if name == "go" { "version" } else { "--version" };
    let environment = environment.clone().into_iter().collect();
    let mut spec = CommandSpec::shell("", tree, environment).with_timeout(PATIENCE);
    spec.program = Program::Argv(vec![name.into(), argument.into()]);
    let mut first = None;
    let output = run(&spec, |line| {
        let line = line.trim();
        if first.is_none() && !line.is_empty() {
            first = Some(cut(line, SHOWN).to_owned());
        }
    })
    .await
    .ok()?;
    first.filter(|_| output.ending.is_success())
}
