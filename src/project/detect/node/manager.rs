//! Which package manager of JavaScript a package is installed with, and its commands.

use serde_json::Value;

use crate::project::detect::tree::{Tree, join};

/// A package manager of JavaScript.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::project::detect) enum Manager {
    Npm,
    Pnpm,
    Yarn,
    /// Yarn from version 2.
    YarnBerry,
    Bun,
}

impl Manager {
    pub(in crate::project::detect) fn program(self) -> &'static str {
        match self {
            Self::Npm => "npm",
            Self::Pnpm => "pnpm",
            Self::Yarn | Self::YarnBerry => "yarn",
            Self::Bun => "bun",
        }
    }

    /// Runs a script with further arguments.
    pub(in crate::project::detect) fn script(self, script: &str, arguments: &str) -> String {
        // npm takes options for its own until `--`; pnpm would pass `--` on
        let separator = if self == Self::Npm && !arguments.is_empty() { " --" } else { "" };
        let space = if arguments.is_empty() { "" } else { " " };
        format!("{} run {script}{separator}{space}{arguments}", self.program())
    }

    /// Runs an installed program.
    pub(in crate::project::detect) fn program_call(self, command: &str) -> String {
        match self {
            Self::Npm => format!("npx --no-install {command}"),
            Self::Pnpm => format!("pnpm exec {command}"),
            Self::Yarn | Self::YarnBerry => format!("yarn run {command}"),
            Self::Bun => format!("bun run {command}"),
        }
    }

    pub(in crate::project::detect) fn install(self, locked: bool) -> &'static str {
        match (self, locked) {
            (Self::Npm, true) => "npm ci",
            (Self::Npm, false) => "npm install",
            (Self::Pnpm, true) => "pnpm install --frozen-lockfile",
            (Self::Pnpm, false) => "pnpm install",
            // the first yarn gives a download up after half a minute, and refuses where npm only warns of an older Node
            (Self::Yarn, true) => "yarn install --frozen-lockfile --network-timeout 600000 --ignore-engines",
            (Self::YarnBerry, true) => "yarn install --immutable",
            (Self::Yarn, false) => "yarn install --network-timeout 600000 --ignore-engines",
            (Self::YarnBerry, false) => "yarn install",
            (Self::Bun, true) => "bun install --frozen-lockfile",
            (Self::Bun, false) => "bun install",
        }
    }
}

/// The lock files, in the order in which they are believed.
pub(in crate::project::detect) const LOCKS: [(&str, Manager); 6] = [
    ("pnpm-lock.yaml", Manager::Pnpm),
    ("bun.lock", Manager::Bun),
    ("bun.lockb", Manager::Bun),
    ("yarn.lock", Manager::Yarn),
    ("package-lock.json", Manager::Npm),
    ("npm-shrinkwrap.json", Manager::Npm),
];

/// The manager of a package that stands alone: what its manifest names, else that of its lock file.
pub(in crate::project::detect) fn manager(tree: &Tree, directory: &str, json: &Value) -> Manager {
    let berry = tree.has(&join(directory, ".yarnrc.yml"));
    let yarn = |version: Option<&str>| {
        let old = version.is_none_or(|version| version.starts_with("1."));
        if old && !berry { Manager::Yarn } else { Manager::YarnBerry }
    };
    let named = json.get("packageManager").and_then(Value::as_str).and_then(|named| named.split_once('@'));
    match named {
        Some(("pnpm", _)) => return Manager::Pnpm,
        Some(("npm", _)) => return Manager::Npm,
        Some(("bun", _)) => return Manager::Bun,
        Some(("yarn", version)) => return yarn(Some(version)),
        _ => {}
    }
    let found = LOCKS.iter().find(|(lock, _)| tree.has(&join(directory, lock))).map(|(_, manager)| *manager);
    match found {
        Some(Manager::Yarn) => yarn(None),
        Some(manager) => manager,
        None if tree.has(&join(directory, "pnpm-workspace.yaml")) => Manager::Pnpm,
        None => Manager::Npm,
    }
}
