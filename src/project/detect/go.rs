//! Go: the commands of a module, and how they take their port.

use std::sync::LazyLock;

use regex::Regex;

use super::facts::{BackingService, Check, Facts, PORT, Probe, Program, Role, Step};
use super::tree::{Tree, base_name, join, parent, relative};

/// Packages that speak to PostgreSQL.
const CLIENTS: [&str; 5] = [
    "github.com/lib/pq",
    "github.com/jackc/pgx",
    "gorm.io/driver/postgres",
    "github.com/go-pg/pg",
    "uptrace/bun/driver/pgdriver",
];

static VARIABLE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"(?:Getenv|LookupEnv|getEnv|getenv|GetEnv|env)\w*\(\s*"((?:[A-Z][A-Z0-9]*_)*PORT)"|(?:env|envconfig|mapstructure):"((?:[A-Z][A-Z0-9]*_)*PORT)[",]"#).expect("the pattern is right")
});
/// A variable with an address to listen on.
static ADDRESS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r#""((?:[A-Z]+_)*(?:LISTEN_ADDR|LISTEN_ADDRESS|HTTP_ADDR|BIND_ADDR|HTTP_ADDRESS|SERVER_ADDR|SERVER_ADDRESS))""#,
    )
    .expect("the pattern is right")
});
static FLAG: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"(?:\b[a-z]*[fF]lag(?:s|set)?|\bfs|Flags\(\))\.(?:Int|String|Uint)(?:Var|VarP|P)?\((?:&[\w.]+,\s*)?"(port|addr|listen|listen-addr|http|http-addr)",\s*(?:"\w",\s*)?"?([\w.:]*)"#).expect("the pattern is right")
});
static FIXED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"(?:ListenAndServe\w*\(\s*|Addr:\s*|\.Run\(\s*|\.Listen\(\s*|\.Start\(\s*)"[\w.]*:(\d{2,5})""#)
        .expect("the pattern is right")
});
static ROUTE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"(?:HandleFunc|Handle|GET|Get)\(\s*"(?:GET )?(/(?:health|healthz|healthcheck|ping|health_check|api/health)?)(?:\{\$\})?""#).expect("the pattern is right")
});

pub(super) fn detect(tree: &Tree) -> Facts {
    let mut facts = Facts::default();
    for manifest in tree.named("go.mod") {
        let directory = parent(manifest);
        let aside = ["tools", "examples", "example", "test", "tests", "_examples", "testdata"];
        if directory.split('/').any(|part| aside.contains(&part)) {
            continue;
        }
        module(tree, directory, manifest, &mut facts);
    }
    facts
}

fn module(tree: &Tree, directory: &str, manifest: &str, facts: &mut Facts) {
    let text = tree.text(manifest).unwrap_or_default();
    let direct: Vec<&str> = text.lines().filter(|line| !line.contains("// indirect")).collect();
    let requires = |name: &str| direct.iter().any(|line| line.contains(name));
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
    if let Some(client) = CLIENTS.iter().find(|client| requires(client)) {
        facts.need(BackingService::Postgres, format!("{manifest}: {client}"));
        // lib/pq insists on TLS where an address says nothing of it
        facts.settle("PGSSLMODE", "disable", "the database is on this machine, without TLS");
    }
    if requires("redis/go-redis") || requires("go-redis/redis") || requires("gomodule/redigo") {
        facts.need(BackingService::Redis, format!("{manifest}: redis"));
    }
    let Some(main) = command(tree, directory) else {
        facts.unknown.push(format!("{manifest}: no command that listens on a port was found"));
        checks(directory, manifest, facts);
        return;
    };
    let place = parent(main);
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

    let sources: Vec<(&str, &str)> =
        tree.sources(directory, &["go"]).filter(|(path, _)| !path.ends_with("_test.go")).collect();
    let own = |name: &str| {
        !["DB_", "PG", "POSTGRES", "DATABASE", "REDIS", "SMTP", "MAIL", "MYSQL", "METRICS"]
            .iter()
            .any(|other| name.contains(other))
    };
    let variable = sources.iter().find_map(|(path, text)| {
        let found = VARIABLE
            .captures_iter(text)
            .filter_map(|found| found.get(1).or(found.get(2)))
            .map(|name| name.as_str().to_owned())
            .find(|name| own(name))?;
        Some(((*path).to_owned(), found))
    });
    let fixed = sources
        .iter()
        .find_map(|(path, text)| Some(((*path).to_owned(), FIXED.captures(text)?[1].parse::<u16>().ok()?)));
    // of an address and a port, each with a flag, the port is what differs from agent to agent
    let best = |text: &str| {
        let found = FLAG.captures_iter(text).min_by_key(|found| &found[1] != "port")?;
        Some((found[1].to_owned(), found[2].to_owned()))
    };
    let flag = tree.text(main).and_then(best).or_else(|| sources.iter().find_map(|(_, text)| best(text)));
    let address =
        sources.iter().find_map(|(path, text)| Some(((*path).to_owned(), ADDRESS.captures(text)?[1].to_owned())));
    let route = sources
        .iter()
        .flat_map(|(_, text)| ROUTE.captures_iter(text))
        .map(|found| found[1].to_owned())
        .max_by_key(String::len);
    let probe = route.map_or(Probe::Tcp, Probe::Http);
    let default = fixed.as_ref().map_or(8080, |(_, port)| *port);
    let mut program = Program::new(directory, Role::Api, format!("./{binary}"), main);
    match (variable, flag, fixed) {
        (None, None, _) if address.is_some() => {
            let (path, name) = address.unwrap_or_default();
            facts.see(format!("the address to listen on is read from {name}"), path);
            program = program.listening(default, probe);
            program.environment = vec![(name, format!("127.0.0.1:{PORT}"))];
        }
        (Some((path, name)), ..) => {
            facts.see(format!("the port is read from {name}"), path);
            program = program.listening(default, probe);
            program.environment = vec![(name, PORT.to_owned())];
        }
        (None, Some((flag, default)), _) => {
            facts.see(format!("the port is the argument --{flag}"), main);
            let digits = default.rsplit(|character: char| !character.is_ascii_digit()).next().unwrap_or_default();
            let is_address = default.contains(':') || flag != "port";
            let value = if is_address { format!("127.0.0.1:{PORT}") } else { PORT.to_owned() };
            program.command = format!("./{binary} --{flag}={value}");
            program = program.listening(digits.parse().unwrap_or(8080), probe);
        }
        (None, None, Some((path, port))) => {
            program = program.listening(port, probe);
            (program.port_is_fixed, program.port_evidence) = (true, Some(path));
        }
        (None, None, None) => {
            facts.assumed.push(format!("{main} listens on PORT"));
            program = program.listening(8080, Probe::Tcp);
            program.environment = vec![("PORT".to_owned(), PORT.to_owned())];
        }
    }
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
            !path
                .split('/')
                .any(|part| ["examples", "example", "tools", "hack", "scripts", "testdata", "internal"].contains(&part))
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

fn binary_name(tree: &Tree, directory: &str, place: &str) -> String {
    let module = tree
        .text(&join(directory, "go.mod"))
        .and_then(|text| text.lines().find_map(|line| line.strip_prefix("module ")));
    let name =
        if place == directory { module.map_or("app", |module| base_name(module.trim())) } else { base_name(place) };
    name.chars().filter(|character| character.is_ascii_alphanumeric() || "-_".contains(*character)).collect()
}
