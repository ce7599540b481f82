//! What fills a database: scripts of packages, and the files that they read.

use super::packages::Package;
use super::seed_needs;
use crate::project::detect::facts::{Facts, Step};
use crate::project::detect::tree::{Tree, base_name, join};

const SEED: [&str; 5] = ["db:seed", "seed", "seed:run", "seeds", "db:seed:all"];

/// Files that look like what a seed is made of.
pub(in crate::project::detect) fn seed_inputs(tree: &Tree, package: &Package, home: &str) -> Vec<String> {
    let mut found: Vec<String> = tree
        .under(&package.directory)
        .filter(|path| base_name(path).starts_with("seed") && !path.contains("node_modules"))
        .map(str::to_owned)
        .collect();
    for directory in [
        join(home, "seeds"),
        join(home, "seed"),
        join(&package.directory, "seeds"),
        join(&package.directory, "db/seeds"),
        join(&package.directory, "src/db/seeds"),
    ] {
        if tree.has_directory(&directory) {
            found.retain(|path| !path.starts_with(&format!("{directory}/")));
            found.push(format!("{directory}/**"));
        }
    }
    found.dedup();
    found.truncate(8);
    if found.is_empty() { vec![package.manifest()] } else { found }
}

/// The script that fills the database, by the name that it usually has.
pub(in crate::project::detect) fn seed_script(tree: &Tree, package: &Package, facts: &mut Facts) {
    let Some(script) = SEED.iter().find(|script| package.script(script).is_some()) else { return };
    let mut step = Step::new(
        "seed",
        &package.directory,
        package.manager.script(script, ""),
        format!("{}: scripts.{script}", package.manifest()),
    );
    step.inputs = seed_inputs(tree, package, &package.directory);
    step.left_out = seed_needs::foreign(tree, package, package.script(script).unwrap_or_default());
    facts.seeds.push(step);
}
