//! Files of settings whose values a variable of the environment replaces: by viper in Go, by `config` and `figment`
//! in Rust. `database.host` of such a file is `APP_DATABASE__HOST`, as the source says.

use std::sync::LazyLock;

use regex::Regex;

use super::facts::{Example, Facts, PORT, Step};
use super::meanings;
use super::settings_values::{values, without_sample};
use super::tree::{Tree, base_name, join, parent};

/// How a key becomes the name of a variable.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Naming {
    /// What the name begins with, with what stands behind it.
    prefix: String,
    /// What stands between the parts of a key; none where parts have no variable.
    separator: Option<String>,
    /// The file that says so.
    evidence: String,
}

fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("the pattern is right")
}

static CONFIG: LazyLock<Regex> =
    LazyLock::new(|| pattern(r#"Environment::(?:with_prefix\(\s*"(\w+)"\s*\)|default\(\))"#));
static SEPARATOR: LazyLock<Regex> = LazyLock::new(|| pattern(r#"\.separator\(\s*"([^"]+)"\s*\)"#));
static PREFIX_SEPARATOR: LazyLock<Regex> = LazyLock::new(|| pattern(r#"\.prefix_separator\(\s*"([^"]+)"\s*\)"#));
static FIGMENT: LazyLock<Regex> =
    LazyLock::new(|| pattern(r#"Env::prefixed\(\s*"(\w+)"\s*\)(?:\s*\.split\(\s*"([^"]+)"\s*\))?"#));
static KOANF: LazyLock<Regex> = LazyLock::new(|| pattern(r#"env\.Provider\(\s*"(\w+)""#));
static VIPER_PREFIX: LazyLock<Regex> = LazyLock::new(|| pattern(r#"\.SetEnvPrefix\(\s*"(\w+)"\s*\)"#));
static VIPER_REPLACER: LazyLock<Regex> = LazyLock::new(|| pattern(r#"NewReplacer\([^)]*"\.",\s*"(_+)"[^)]*\)"#));
static VIPER_PORT: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r#"(?:[vV]iper|\bv)\.(?:Get\w*|SetDefault|BindEnv)\(\s*"((?:[a-zA-Z_-]+[._-])?[pP]ort)"(?:,\s*"?:?(\d{3,5}))?"#,
    )
});

fn naming(tree: &Tree, directory: &str) -> Option<Naming> {
    for (path, text) in tree.sources(directory, &["rs"]) {
        if let Some(found) = CONFIG.captures(text) {
            let separator = SEPARATOR.captures(text).map(|found| found[1].to_owned());
            let behind = PREFIX_SEPARATOR.captures(text).map(|found| found[1].to_owned());
            let behind = behind.or_else(|| separator.clone()).unwrap_or_else(|| "_".to_owned());
            let prefix = found.get(1).map_or(String::new(), |name| format!("{}{behind}", name.as_str()));
            return Some(Naming { prefix: prefix.to_uppercase(), separator, evidence: path.to_owned() });
        }
        if let Some(found) = FIGMENT.captures(text) {
            let separator = found.get(2).map(|text| text.as_str().to_owned());
            return Some(Naming { prefix: found[1].to_uppercase(), separator, evidence: path.to_owned() });
        }
    }
    let sources: Vec<(&str, &str)> =
        tree.sources(directory, &["go"]).filter(|(path, _)| !path.ends_with("_test.go")).collect();
    if let Some((path, text, found)) =
        sources.iter().find_map(|(path, text)| Some((*path, *text, KOANF.captures(text)?)))
    {
        let separator = ["__", "_"].into_iter().find(|one| text.contains(&format!("\"{one}\""))).map(str::to_owned);
        return Some(Naming { prefix: found[1].to_uppercase(), separator, evidence: path.to_owned() });
    }
    let (path, _) = sources.iter().find(|(_, text)| text.contains(".AutomaticEnv()"))?;
    let first = |pattern: &Regex| sources.iter().find_map(|(_, text)| Some(pattern.captures(text)?[1].to_owned()));
    let prefix = first(&VIPER_PREFIX).map_or(String::new(), |name| format!("{}_", name.to_uppercase()));
    Some(Naming { prefix, separator: first(&VIPER_REPLACER), evidence: (*path).to_owned() })
}

impl Naming {
    fn name(&self, key: &[String]) -> Option<String> {
        let joined = match (&self.separator, key) {
            (_, [only]) => only.clone(),
            (Some(separator), parts) => parts.join(separator),
            (None, _) => return None,
        };
        Some(format!("{}{}", self.prefix, joined.to_uppercase().replace(['-', '.'], "_")))
    }
}

/// A file that git does not have, but a sample of it: a program that is configured by it wants it there.
fn copies(tree: &Tree, directory: &str, facts: &mut Facts) {
    for (_, _, sample) in values(tree, directory) {
        let name = without_sample(base_name(&sample)).to_owned();
        let file = join(parent(&sample), &name);
        let is_read = |text: &str| text.contains(&format!("\"{name}\""));
        let known = facts.prepare.iter().any(|step| step.outputs.contains(&file));
        if file == sample
            || tree.has(&file)
            || known
            || !tree.sources(directory, &["go", "rs"]).any(|(_, text)| is_read(text))
        {
            continue;
        }
        let mut step = Step::new(&format!("copy {name}"), "", format!("test -e {file} || cp {sample} {file}"), sample);
        step.outputs = vec![file];
        facts.prepare.push(step);
    }
}

/// Whose ports are not the program's own.
const OTHERS: [&str; 12] =
    ["database", "db", "postgres", "redis", "smtp", "mail", "email", "mysql", "metrics", "grpc", "cache", "broker"];

fn is_own(key: &[String]) -> bool {
    let of_other = |part: &String| {
        let part = part.to_lowercase();
        part.split(['_', '-']).any(|one| OTHERS.contains(&one))
    };
    !key.iter().any(of_other)
}

/// The port in a file of settings that no variable replaces, with the file.
pub(super) fn written_port(tree: &Tree, directory: &str) -> Option<(String, u16)> {
    values(tree, directory).into_iter().filter(|(key, ..)| is_own(key)).find_map(|(key, value, path)| {
        let last = key.last()?.to_lowercase();
        let is_address = ["address", "addr", "listen", "bind"].contains(&last.as_str());
        let digits = if is_address { value.rsplit_once(':')?.1 } else { value.trim_start_matches(':') };
        let port: u16 = digits.parse().ok().filter(|_| is_address || last.ends_with("port"))?;
        (port >= 1000).then_some((path, port))
    })
}

/// The variable that a program of a module takes its port from: the file that says so, its name, its default, and the
/// template for it.
pub(super) fn port(tree: &Tree, directory: &str) -> Option<(String, String, u16, String)> {
    let naming = naming(tree, directory)?;
    let of_file = values(tree, directory).into_iter().filter(|(key, ..)| is_own(key)).find_map(|(key, value, path)| {
        let last = key.last()?.to_lowercase();
        let is_port = last == "port" || last.ends_with("_port");
        if let Some((_, digits)) =
            value.rsplit_once(':').filter(|_| ["address", "addr", "listen"].contains(&last.as_str()))
        {
            return Some((path, naming.name(&key)?, digits.parse().ok()?, format!("127.0.0.1:{PORT}")));
        }
        Some((path, naming.name(&key)?, value.parse().ok().filter(|_| is_port)?, PORT.to_owned()))
    });
    of_file.or_else(|| {
        tree.sources(directory, &["go"]).filter(|(path, _)| !path.ends_with("_test.go")).find_map(|(path, text)| {
            VIPER_PORT.captures_iter(text).find_map(|found| {
                let key: Vec<String> = found[1].split('.').map(str::to_owned).collect();
                let default = found.get(2).and_then(|digits| digits.as_str().parse().ok());
                let name = naming.name(&key).filter(|_| is_own(&key))?;
                Some((path.to_owned(), name, default.unwrap_or(8080), PORT.to_owned()))
            })
        })
    })
}

/// What the files say, by the names of the variables that replace it.
pub(super) fn detect(tree: &Tree) -> Facts {
    let mut facts = Facts::default();
    let manifests = ["go.mod", "Cargo.toml"].iter().flat_map(|name| tree.named(name)).map(parent);
    let mut directories: Vec<&str> = manifests.filter(|directory| !super::tree::is_aside(directory)).collect();
    directories.sort_unstable();
    directories.dedup();
    for directory in directories {
        let Some(naming) = naming(tree, directory) else { continue };
        copies(tree, directory, &mut facts);
        for (key, value, path) in values(tree, directory) {
            let Some(name) = naming.name(&key) else { continue };
            if facts.layered.insert(path.clone()) {
                facts.see(format!("settings that variables replace ({})", naming.evidence), path.clone());
            }
            // one that is left out is the program's own to choose
            if let Some(secret) = meanings::development_secret(&name).filter(|_| value.is_empty()) {
                facts.settle(name.clone(), secret, format!("{path} leaves it empty; a value for development"));
            }
            facts.variables.push(Example { name, value: Some(value), evidence: path });
        }
    }
    facts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(files: &[(&str, &str)]) -> Tree {
        Tree::of(files.iter().map(|(path, text)| ((*path).to_owned(), Some((*text).to_owned()))))
    }

    #[test]
    fn a_port_that_no_variable_replaces_is_written() {
        for (path, text) in [
            ("conf/app.ini", "[database]\nport = 3306\n[server]\nHttpPort = 8000\n"),
            ("config.yaml", "web:\n  port: 8000\nredis:\n  port: 6379\n"),
            ("config.toml", "[server]\nlisten = '0.0.0.0:8000'\n"),
        ] {
            let found = written_port(&tree(&[("go.mod", ""), (path, text)]), "");
            assert_eq!(found, Some((path.to_owned(), 8000)), "{text}");
        }
        assert_eq!(written_port(&tree(&[("config.yaml", "db: { port: 5432 }\n")]), ""), None);
    }

    #[test]
    fn a_key_of_a_file_is_a_variable() {
        let rust = tree(&[
            ("Cargo.toml", ""),
            ("src/a.rs", r#"Environment::with_prefix("APP").prefix_separator("_").separator("__")"#),
            ("configuration/base.yaml", "web:\n  port: 8000\ndatabase:\n  host: 127.0.0.1\n  port: 5432\n"),
            ("configuration/production.yaml", "database:\n  host: db\n"),
        ]);
        let names: Vec<String> = detect(&rust).variables.into_iter().map(|one| one.name).collect();
        assert_eq!(names, ["APP_WEB__PORT", "APP_DATABASE__HOST", "APP_DATABASE__PORT"]);
        assert_eq!(
            port(&rust, "").map(|(_, name, default, _)| (name, default)),
            Some(("APP_WEB__PORT".to_owned(), 8000))
        );
        let go = tree(&[
            ("go.mod", ""),
            (
                "cmd/a.go",
                "viper.SetEnvPrefix(\"app\")\nviper.SetEnvKeyReplacer(strings.NewReplacer(\".\", \"_\"))\nviper.AutomaticEnv()",
            ),
            ("config.toml", "[server]\nport = 3000\n"),
        ]);
        assert_eq!(port(&go, "").map(|(_, name, ..)| name), Some("APP_SERVER_PORT".to_owned()));
        let plain = tree(&[("go.mod", ""), ("a.go", "viper.AutomaticEnv(); viper.SetDefault(\"port\", \"3000\")")]);
        assert_eq!(port(&plain, ""), Some(("a.go".to_owned(), "PORT".to_owned(), 3000, PORT.to_owned())));
        let koanf = tree(&[
            ("go.mod", ""),
            (
                "cmd/init.go",
                "ko.Load(env.Provider(\"APP_\", \".\", strings.ReplaceAll(s, \"__\", \".\")))\nfile(\"config.toml\")",
            ),
            ("config.toml.sample", "[app]\naddress = \"localhost:9000\"\nsecret_key = \"\"\n"),
        ]);
        assert_eq!(
            port(&koanf, "").map(|(_, name, _, value)| (name, value)),
            Some(("APP_APP__ADDRESS".to_owned(), format!("127.0.0.1:{PORT}")))
        );
        let facts = detect(&koanf);
        assert_eq!(facts.prepare[0].run, "test -e config.toml || cp config.toml.sample config.toml");
        assert!(facts.settled.contains_key("APP_APP__SECRET_KEY"));
        assert_eq!(port(&tree(&[("go.mod", ""), ("config.yaml", "port: 1\n")]), ""), None, "no variable replaces it");
    }
}
