//! Rust: the variable that a program takes its port from.

use std::sync::LazyLock;

use regex::Regex;

use crate::project::detect::facts::PORT;
use crate::project::detect::go::ports::port_rank;
use crate::project::detect::tree::{Tree, is_aside, join};

fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("the pattern is right")
}

/// A read of a port, `env::var("PORT")`, or clap's `env = "PORT"`.
static READ: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r#"(?:var|var_os|env|get)!?\(\s*"((?:[A-Z][A-Z0-9]*_)*PORT)"|env\s*=\s*"((?:[A-Z][A-Z0-9]*_)*PORT)""#)
});
/// A field of clap's that takes the variable of its own name: `#[arg(long, env)] port: u16`.
static FIELD: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"#\[(?:arg|clap)\([^\]]*\benv\b\s*[,)][^\]]*\]\s*(?:///[^\n]*\s*)*(?:pub(?:\([^)]*\))?\s+)?((?:[a-z]+_)*port)\s*:",
    )
});
/// A name that a constant or a call of the program's own holds.
static NAMED: LazyLock<Regex> = LazyLock::new(|| pattern(r#""((?:[A-Z][A-Z0-9]*_)+PORT)""#));
/// A variable with an address to listen on.
static ADDRESS: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r#""((?:[A-Z][A-Z0-9]*_)*(?:ADDRESS_PORT|LISTEN_ADDR|LISTEN_ADDRESS|LISTEN_ON|BIND_ADDR|BIND_ADDRESS|HTTP_ADDR|HTTP_ADDRESS|SERVER_ADDR|SERVER_ADDRESS|SOCKET_ADDR|SOCKET_ADDRESS))""#,
    )
});

/// Whose ports and addresses are not the program's own.
const OTHERS: [&str; 10] =
    ["DB_", "PG", "POSTGRES", "DATABASE", "REDIS", "SMTP", "MAIL", "FRONTEND", "WEB_", "METRICS"];

/// The file that says so, the variable, and its value as a template: of the package, else of the workspace that it is in.
pub(super) fn variable(tree: &Tree, package: &str, workspace: &str) -> Option<(String, String, String)> {
    let own = join(package, "src");
    of(tree, &own).or_else(|| of(tree, workspace).filter(|_| package != workspace))
}

fn of(tree: &Tree, directory: &str) -> Option<(String, String, String)> {
    let sources: Vec<(&str, &str)> = tree.sources(directory, &["rs"]).filter(|(path, _)| !is_aside(path)).collect();
    let first = |pattern: &Regex, value: &str| {
        let found = sources.iter().flat_map(|(path, text)| {
            pattern.captures_iter(text).filter_map(|found| {
                let name = found.get(1).or_else(|| found.get(2))?.as_str().to_uppercase();
                let is_other = OTHERS.iter().any(|other| name.contains(other));
                let is_own = !is_other && (value != PORT || !name.ends_with("ADDRESS_PORT"));
                is_own.then(|| ((*path).to_owned(), name, value.to_owned()))
            })
        });
        found.min_by_key(|(_, name, _)| port_rank(name))
    };
    let address = format!("127.0.0.1:{PORT}");
    first(&READ, PORT)
        .or_else(|| first(&FIELD, PORT))
        // beside a port, an address is that of the interface
        .or_else(|| first(&NAMED, PORT))
        .or_else(|| first(&ADDRESS, &address))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_is_read_by_name_by_field_or_within_an_address() {
        for (text, name, value) in [
            ("env::var(\"PORT\")", "PORT", PORT),
            ("#[arg(long, env, default_value_t = 8080)]\n    pub port: u16,", "PORT", PORT),
            ("read(\"LINKS_LISTEN_PORT\", \"LINKS_LISTEN_ADDRESS\"); env::var(\"DB_PORT\")", "LINKS_LISTEN_PORT", PORT),
            ("pub const A: &str = \"BIN_ADDRESS_PORT\";", "BIN_ADDRESS_PORT", "127.0.0.1:{{ ports.@ }}"),
            ("env::var(\"BIND_ADDR\")", "BIND_ADDR", "127.0.0.1:{{ ports.@ }}"),
        ] {
            let tree = Tree::of([("src/main.rs".to_owned(), Some(text.to_owned()))]);
            let found = variable(&tree, "", "").unwrap();
            assert_eq!((&*found.1, &*found.2), (name, value), "{text}");
        }
        let shared = ("crates/core/src/env.rs".to_owned(), Some("\"BIN_ADDRESS_PORT\"".to_owned()));
        let tree = Tree::of([shared, ("crates/server/src/main.rs".to_owned(), Some(String::new()))]);
        assert!(variable(&tree, "crates/server", "").is_some(), "another package of the workspace reads it");
    }
}
