//! Go: the commands of a module, and how they take their port.

use std::sync::LazyLock;

use regex::Regex;

use super::clients::{self, CLIENTS, SQLITE};
use super::embed;
use super::generated;
use super::ports;
use crate::project::detect::facts::{Check, Facts, Program, Role, Step};
use crate::project::detect::tree::{Tree, base_name, is_aside, join, parent, relative};

/// `SetDefault("driver", "sqlite")`, `Dialect: "sqlite3"`
static SQLITE_DEFAULT: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"(?i)(?:default|dialect|driver|dbms|engine|\btype)\w*["']?[^\n]{0,40}["'`]sqlite3?["'`]|dbms\s*=\s*"sqlite"|= "sqlite3?"|:= "sqlite3?"|["`]sqlite3?://"#)
        .expect("the pattern is right")
});

pub(in crate::project::detect) fn detect(tree: &Tree) -> Facts {
    let mut facts = Facts::default();
    for manifest in tree.named("go.mod") {
        let directory = parent(manifest);
        if is_aside(directory) || directory.split('/').any(|part| part == "tools") {
            continue;
        }
        // tools and clients beside the application have modules of their own
        let is_further = !directory.is_empty() && facts.programs.iter().any(|program| program.directory.is_empty());
        let is_listed = || tree.text("go.work").is_some_and(|text| text.contains(&format!("./{directory}")));
        if is_further && !is_listed() {
            continue;
        }
        module(tree, directory, manifest, &mut facts);
    }
    facts
}

fn module(tree: &Tree, directory: &str, manifest: &str, facts: &mut Facts) {
    let text = tree.text(manifest).unwrap_or_default();
    facts.see("Go", manifest);
    facts.required.insert("go", format!("{manifest} asks for it"));
    facts.pass_env.extend([
        "GOPATH",
        "GOMODCACHE",
        "GOCACHE",
        "GOPROXY",
        "GONOSUMDB",
        "GOPRIVATE",
        "GOTOOLCHAIN",
        "GOFLAGS",
        "GOSUMDB",
    ]);
    toolchain(tree, text, manifest, facts);
    facts.only_sqlite = chooses_sqlite(tree, directory);
    clients::needs(tree, manifest, facts);
    let Some(main) = command(tree, directory) else {
        facts.unknown.push(format!("{manifest}: no command that listens on a port was found"));
        checks(directory, manifest, facts);
        return;
    };
    let place = parent(main);
    embed::detect(tree, directory, facts);
    generated::detect(tree, directory, main, facts);
    let package = relative(directory, place);
    let package = if package.is_empty() { ".".to_owned() } else { format!("./{package}") };
    let binary = format!(".harness/bin/{}", binary_name(tree, directory, place));
    let mut build = Step::new(
        "build",
        directory,
        format!("go build -o {binary} {package} && echo '*' > .harness/.gitignore"),
        main,
    );
    build.inputs = vec![join(directory, "**/*.go"), manifest.to_owned()];
    if tree.has(&join(directory, "go.sum")) {
        build.inputs.push(join(directory, "go.sum"));
    }
    build.outputs = vec![join(directory, &binary)];
    facts.prepare.push(build);

    let program = Program::new(directory, Role::Api, format!("./{binary}"), main);
    let program = ports::listen(tree, directory, main, program, facts);
    facts.programs.push(program);
    checks(directory, manifest, facts);
}

fn checks(directory: &str, manifest: &str, facts: &mut Facts) {
    facts.checks.push(Check::new("check", "vet", directory, "go vet ./...".to_owned(), manifest.to_owned()));
    facts.checks.push(Check::new("test", "test", directory, "go test ./...".to_owned(), manifest.to_owned()));
}

/// The `main` that serves: of several the likeliest by its name.
fn command<'t>(tree: &'t Tree, directory: &'t str) -> Option<&'t str> {
    let nested = tree.named("go.mod").into_iter().map(parent).filter(|other| *other != directory).collect::<Vec<_>>();
    let mains = tree.sources(directory, &["go"]).filter(|(path, text)| {
        !path.ends_with("_test.go")
            && text.contains("func main()")
            && text.lines().any(|line| line.trim() == "package main" || line.starts_with("package main "))
            && !text.contains("//go:build ignore")
            && !nested.iter().any(|other| other.len() > directory.len() && path.starts_with(&format!("{other}/")))
    });
    mains
        .map(|(path, _)| path)
        .filter(|path| {
            !is_aside(path)
                && !path.split('/').any(|part| ["tools", "hack", "scripts", "internal", "plugins"].contains(&part))
        })
        .min_by_key(|path| {
            let place = relative(directory, parent(path));
            let likely = ["server", "api", "web", "http", "app", "serve", "main"];
            let name = base_name(&place).to_owned();
            let rank = likely
                .iter()
                .position(|word| name == *word)
                .or_else(|| likely.iter().position(|word| name.contains(word)).map(|rank| rank + 10));
            let unlikely = ["migrate", "migration", "worker", "cli", "seed", "gen", "client"]
                .iter()
                .any(|word| name.contains(word));
            (unlikely, if place.is_empty() { 0 } else { rank.map_or(40, |rank| rank + 1) }, place.matches('/').count())
        })
}

/// The name that Go itself gives: the module's last part that is no version.
pub(in crate::project::detect) fn binary_name(tree: &Tree, directory: &str, place: &str) -> String {
    let module = tree
        .text(&join(directory, "go.mod"))
        .and_then(|text| text.lines().find_map(|line| line.strip_prefix("module ")));
    let is_version = |part: &str| {
        part.strip_prefix('v').is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|one| one.is_ascii_digit()))
    };
    let of_module = |module: &str| {
        let parts = module.trim().trim_matches('"').rsplit('/');
        parts.into_iter().find(|part| !is_version(part)).unwrap_or("app").to_owned()
    };
    let name =
        if place == directory { module.map_or("app".to_owned(), of_module) } else { base_name(place).to_owned() };
    name.chars().filter(|character| character.is_ascii_alphanumeric() || "-_.".contains(*character)).collect()
}

/// Whether a manifest lists a package that speaks to PostgreSQL.
pub(in crate::project::detect) fn speaks_postgres(manifest: &str) -> bool {
    CLIENTS.iter().any(|client| manifest.contains(client))
}

/// Whether a module has a driver for a database in a file, and takes it unless told otherwise.
pub(in crate::project::detect) fn chooses_sqlite(tree: &Tree, directory: &str) -> bool {
    let text = tree.text(&join(directory, "go.mod")).unwrap_or_default();
    SQLITE.iter().any(|driver| text.contains(driver))
        && ports::sources(tree, directory).iter().any(|(_, text)| SQLITE_DEFAULT.is_match(text))
}

/// What the module's own command for migrations is called as, from its directory.
pub(in crate::project::detect) fn own_migrations(tree: &Tree, directory: &str) -> Option<(String, String)> {
    let main = command(tree, directory)?;
    let (name, path) = ports::subcommand(tree, directory, &["migrate", "migrations", "migration"])?;
    let up = tree.text(&path).is_some_and(|text| text.contains("Use: \"up\"") || text.contains("Use:   \"up\""));
    let binary = binary_name(tree, directory, parent(main));
    Some((format!("./.harness/bin/{binary} {name}{}", if up { " up" } else { "" }), path))
}

/// A newer Go than the one of this machine is fetched by Go, unless it is told not to.
fn toolchain(tree: &Tree, text: &str, manifest: &str, facts: &mut Facts) {
    let minor = |version: &str| version.trim().strip_prefix("1.")?.split('.').next()?.parse::<u16>().ok();
    let asked = text.lines().find_map(|line| minor(line.strip_prefix("go ")?));
    let (Some(asked), Some(found)) = (asked, tree.go.as_deref().and_then(minor)) else { return };
    if asked > found {
        facts.unknown.push(format!(
            "{manifest} asks for Go 1.{asked}, and `go` is 1.{found}: install it, or let Go fetch it (GOTOOLCHAIN=auto)"
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::detect::facts::{BackingService, PORT};

    fn look(files: &[(&str, &str)]) -> Facts {
        let file = |(path, text): &(&str, &str)| ((*path).to_owned(), Some((*text).to_owned()));
        detect(&Tree::of(files.iter().map(file)))
    }

    const MAIN: (&str, &str) = ("main.go", "package main\nfunc main() {}\n");

    fn command_of(facts: &Facts) -> &str {
        &facts.programs[0].command
    }

    #[test]
    fn a_version_is_no_name_and_a_procfile_has_the_arguments() {
        let facts = look(&[("go.mod", "module a.b/app/v2\n"), MAIN, ("Procfile", "web: bin/app server -p $PORT\n")]);
        assert_eq!(command_of(&facts), format!("./.harness/bin/app server -p {PORT}"));
        let serve =
            ("cmd/serve.go", "&cobra.Command{\n\tUse: \"serve\",\n}\nviper.AutomaticEnv()\nviper.GetString(\"port\")");
        let facts = look(&[("go.mod", "module a.b/app\n"), MAIN, serve]);
        assert_eq!(command_of(&facts), "./.harness/bin/app serve");
        assert_eq!(facts.programs[0].environment, [("PORT".to_owned(), PORT.to_owned())]);
    }

    #[test]
    fn the_name_of_the_variable_may_stand_in_a_constant() {
        let keys = ("config/keys.go", "const (\n\tEnvPort    = \"APP_PORT\"\n\tEnvSSLPort = \"APP_SSL_PORT\"\n)\n");
        let facts = look(&[("go.mod", "module app\n"), MAIN, keys]);
        assert_eq!(facts.programs[0].environment, [("APP_PORT".to_owned(), PORT.to_owned())]);
        let facts =
            look(&[("go.mod", "module app\n"), ("main.go", "package main\nconst port = \":8081\"\nfunc main() {}")]);
        assert_eq!((facts.programs[0].port, facts.programs[0].port_is_fixed), (Some(8081), true));
    }

    #[test]
    fn a_second_address_has_a_port_of_its_own() {
        let config = (
            "config.go",
            "A string `mapstructure:\"HTTP_SERVER_ADDRESS\"`\nB string `mapstructure:\"GRPC_SERVER_ADDRESS\"`",
        );
        let facts = look(&[("go.mod", "module app\n"), MAIN, config]);
        let program = &facts.programs[0];
        assert_eq!(program.environment[0], ("HTTP_SERVER_ADDRESS".to_owned(), format!("127.0.0.1:{PORT}")));
        assert_eq!(program.environment[1].1, "127.0.0.1:{{ ports.@grpc }}");
        assert_eq!(program.further_ports, [("grpc".to_owned(), 9090)]);
    }

    #[test]
    fn a_database_in_a_file_wins_where_it_is_the_default() {
        let manifest = ("go.mod", "module app\nrequire (\n\tgithub.com/lib/pq v1\n\tmodernc.org/sqlite v1\n)\n");
        let facts = look(&[manifest, MAIN, ("a.go", "viper.SetDefault(\"driver\", \"sqlite\")")]);
        assert!(!facts.needs.contains_key(&BackingService::Postgres));
        assert!(look(&[manifest, MAIN]).needs.contains_key(&BackingService::Postgres));
    }

    #[test]
    fn a_database_of_the_first_gorm_and_a_port_of_a_file_are_found() {
        let manifest = ("go.mod", "module app\nrequire (\n\tgithub.com/jinzhu/gorm v1\n)\n");
        let models =
            ("models/a.go", "import _ \"github.com/jinzhu/gorm/dialects/mysql\"\nconst ERROR_EXPORT = 10009\n");
        let facts = look(&[manifest, MAIN, models, ("conf/app.ini", "[server]\nHttpPort = 8000\n")]);
        assert!(facts.needs.contains_key(&BackingService::Mysql));
        assert_eq!((facts.programs[0].port, facts.programs[0].port_is_assumed), (Some(8000), false));
        let number = ("config/web.go", "package config\nconst (\n\t// a port\n\tDefaultPort = 8090\n)\n");
        assert_eq!(look(&[("go.mod", "module app\n"), MAIN, number]).programs[0].port, Some(8090));
        let none = look(&[("go.mod", "module app\n"), MAIN]);
        assert!(none.programs[0].port_is_assumed);
    }

    #[test]
    fn examples_are_no_servers() {
        let example = ("_examples/web/main.go", "package main\nfunc main() {}\n");
        let plugin = ("plugin/testing/x/main.go", "package main\nfunc main() {}\n");
        assert!(look(&[("go.mod", "module app\n"), example, plugin]).programs.is_empty());
    }
}
