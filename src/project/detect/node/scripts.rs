//! What a script of a `package.json` runs: other scripts side by side, or a program of the package.

use std::sync::LazyLock;

use regex::{Captures, Regex};

use super::packages::Package;

/// `dev:client` is `client`.
pub(in crate::project::detect) fn short(script: &str) -> String {
    script.trim_start_matches("dev:").trim_start_matches("start:").trim_start_matches("watch:").to_owned()
}

/// `npm run x`, `npm:x`, `yarn x`, `pnpm x`, `bun run x`, `run-p a b`.
static CALL: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?:npm run|npm:|pnpm(?: run)?|yarn(?: run)?|bun run|run-p|npm-run-all --parallel|run-s)[ ]?((?:-\S+ )*)([\w:.*-]+(?: [\w:.*-]+)*)")
        .expect("the pattern is right")
});

/// The scripts that a script runs side by side; itself, where it runs none.
pub(in crate::project::detect) fn parts(package: &Package, script: &str) -> Vec<String> {
    let text = package.script(script).unwrap_or_default();
    let mut parts = Vec::new();
    if ["concurrently", "run-p", "npm-run-all", "&"].iter().any(|way| text.contains(way)) && !text.contains("&&") {
        // one of another package has a name of that package
        let elsewhere = ["--prefix", "--cwd", "--filter", "--workspace", "-C", "-w"];
        let is_here = |call: &Captures<'_>| !call[0].split(' ').any(|word| elsewhere.contains(&word));
        for call in CALL.captures_iter(text).filter(is_here) {
            for name in call[2].split(' ') {
                let starts = name.strip_suffix('*');
                let known = package.scripts().into_iter().filter(|known| match starts {
                    Some(start) => known.starts_with(start),
                    None => *known == name,
                });
                parts.extend(known.filter(|known| *known != script).map(str::to_owned));
            }
        }
    }
    parts.dedup();
    if parts.is_empty() { vec![script.to_owned()] } else { parts }
}

/// `nodemon`, `node --watch src/index.js`, `tsx watch server.ts`: a program of the package itself, not a compiler.
pub(in crate::project::detect) fn runs_file(script: &str) -> bool {
    static CALL: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?:^|[&|;] *|env(?: \S+=\S+)* |-- )(?:nodemon$|(?:node|nodemon|tsx|ts-node|ts-node-dev|bun|deno)\b[^&|;]*? ?[\w./-]+\.[cm]?[jt]sx?\b)")
            .expect("the pattern is right")
    });
    CALL.is_match(script.trim())
}
