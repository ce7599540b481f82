//! All detectors over one tree.

use std::path::Path;

use super::facts::{BackingService, Facts};
use super::tree::Tree;
use super::{
    addresses, broken, cargo, compose, config_files, dotenv_file, draft, examples, go, laravel, missing_tools, node,
    other_languages, phoenix, procfile, python, rails, read, required_variables, samples, services, source_defaults,
    source_variables, sql, stores, write,
};

/// What a repository says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Looked {
    /// What was seen, and where.
    pub(super) saw: Vec<(String, String)>,
    /// What was taken for true without evidence.
    pub(super) assumed: Vec<String>,
    /// What the files do not show.
    pub(super) unknown: Vec<String>,
    /// The text of a `harness.toml`.
    pub(super) toml: String,
}

/// Looks at a directory. Nothing is changed.
pub(super) fn look(root: &Path) -> Looked {
    look_at(&read::read(root))
}

type Detector = fn(&Tree) -> Facts;

/// Those that say more about a thing come before those that say less.
const DETECTORS: [Detector; 29] = [
    broken::detect,
    examples::detect,
    python::install::detect,
    node::install::detect,
    node::database::detect,
    node::builds::detect,
    node::servers::detect,
    node::nx::detect,
    addresses::detect,
    python::django::detect,
    python::flask::detect,
    python::fastapi::detect,
    python::alembic::detect,
    rails::detect,
    laravel::detect,
    phoenix::detect,
    go::programs::detect,
    cargo::programs::detect,
    other_languages::detect,
    sql::detect,
    compose::detect,
    services::detect,
    procfile::detect,
    config_files::detect,
    samples::detect,
    dotenv_file::detect,
    source_defaults::detect,
    source_variables::detect,
    required_variables::detect,
];

/// What any program needs of a company's network.
const NETWORK: [&str; 7] =
    ["HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy", "SSL_CERT_FILE"];

fn look_at(tree: &Tree) -> Looked {
    let mut facts = Facts::default();
    for detect in DETECTORS {
        facts.absorb(detect(tree));
    }
    let further = python::servers::detect(tree, &facts);
    facts.absorb(further);
    facts.absorb(node::checks::detect(tree));
    facts.pass_env.extend(NETWORK);
    services::by_variables(&mut facts);
    // settings that name another database say more than a client in the list of packages
    let is_client = |why: &String| python::projects::is_client(why) || why.contains(": dependencies.");
    let is_of_compose = |why: &String| why.contains("compose") && why.contains(": services.");
    if facts.needs.get(&BackingService::Postgres).is_some_and(is_of_compose)
        && !python::projects::can_speak_postgres(tree)
    {
        let why = facts.needs.remove(&BackingService::Postgres).unwrap_or_default();
        facts
            .assumed
            .push(format!("{why} is PostgreSQL, but no list of packages that is installed has a client for it"));
    }
    let is_no_choice = |why: &String| is_client(why) || is_of_compose(why);
    if facts.only_sqlite && facts.needs.get(&BackingService::Postgres).is_none_or(is_no_choice) {
        facts.needs.remove(&BackingService::Postgres);
        facts.other_database = None;
    }
    stores::choose(&mut facts);
    missing_tools::fetch(tree, &mut facts);
    for (program, what) in &facts.required {
        if !tree.has_program(program) {
            facts.unknown.push(format!("`{program}` is not on PATH, and {what}: install it"));
        }
    }
    let draft = draft::draft(tree, &mut facts);
    let toml = write::toml(&draft, &facts.unknown);
    let mut saw = facts.saw;
    saw.dedup();
    Looked { saw, assumed: facts.assumed, unknown: facts.unknown, toml }
}
