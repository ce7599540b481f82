//! Go: how a program is told to serve, and how it takes its port: by a variable, a flag, viper, or not at all.

use std::sync::LazyLock;

use regex::Regex;

use crate::project::detect::config_files;
use crate::project::detect::facts::{Facts, PORT, Probe, Program};
use crate::project::detect::tree::{Tree, join};

fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("the pattern is right")
}

static VARIABLE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r#"(?:Getenv|LookupEnv|getEnv|getenv|GetEnv|env)\w*\(\s*"((?:[A-Z][A-Z0-9]*_)*PORT)"|(?:env|envconfig|mapstructure):"((?:[A-Z][A-Z0-9]*_)*PORT)[",]"#,
    )
});
/// The name of a variable that a constant or a table holds.
static NAMED: LazyLock<Regex> = LazyLock::new(|| pattern(r#"(?:=\s*|\n\s*)"((?:[A-Z][A-Z0-9]*_)*PORT)"(?::|\s)"#));
/// A variable with an address to listen on.
static ADDRESS: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r#""((?:[A-Z]+_)*(?:LISTEN_ADDR|LISTEN_ADDRESS|HTTP_ADDR|BIND_ADDR|HTTP_ADDRESS|SERVER_ADDR|SERVER_ADDRESS))""#,
    )
});
static FLAG: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r#"(?:\b[a-z]*[fF]lag(?:s|set)?|\bfs|Flags\(\))\.(?:Int|String|Uint)(?:Var|VarP|P)?\((?:&[\w.]+,\s*)?"(port|addr|listen|listen-addr|http|http-addr)",\s*(?:"\w",\s*)?"?([\w.:]*)"#,
    )
});
static FIXED: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r#"(?:ListenAndServe\w*\(\s*|Addr:\s*|\.Run\(\s*|\.Listen\(\s*|\.Start\(\s*)"[\w.]*:(\d{2,5})""#)
});
/// `const port = ":8080"`
static CONSTANT: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r#"(?m)^\s*(?:const\s+|var\s+)?\w*(?:[pP]ort|PORT|[aA]ddr|ADDR)\w*\s*(?:string\s*)?:?=\s*"(?:[\w.]*:)?(\d{4,5})""#,
    )
});
/// `DefaultPort = 8080`
static NUMBER: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?m)^\s*(?:const\s+|var\s+)?(?:\w*[a-z]Port|[pP]ort|(?:\w+_)?PORT)\s*(?:u?int\d*\s*)?:?=\s*(\d{4,5})\s*(?://.*)?$",
    )
});
static ROUTE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r#"(?:(?:HandleFunc|Handle|GET|Get)\(\s*"(?:GET )?(/(?:health|healthz|healthcheck|ping|health_check|api/health))|(?:HandleFunc|GET|Get)\(\s*"(?:GET )?(/)(?:\{\$\})?)""#,
    )
});
/// A subcommand of cobra (`Use`), or of urfave's cli (`Name`).
static SUBCOMMAND: LazyLock<Regex> = LazyLock::new(|| pattern(r#"\b(?:Use|Name):\s*"([a-z][\w-]*)[" ]"#));

/// Subcommands that serve, the likeliest first.
const SERVING: [&str; 9] = ["serve", "server", "start", "web", "api", "http", "listen", "run", "daemon"];

/// Whose ports are not the program's own.
const OTHERS: [&str; 16] = [
    "DB_", "PG", "POSTGRES", "DATABASE", "REDIS", "SMTP", "MAIL", "MYSQL", "METRICS", "SSL", "TLS", "GRPC", "PPROF",
    "DEBUG", "KAFKA", "IMAP",
];

/// The Go sources of a module without its tests.
pub(in crate::project::detect) fn sources<'t>(tree: &'t Tree, directory: &'t str) -> Vec<(&'t str, &'t str)> {
    tree.sources(directory, &["go"]).filter(|(path, _)| !path.ends_with("_test.go")).collect()
}

/// The subcommand among `wanted` that the program has, the first one first.
pub(in crate::project::detect) fn subcommand(
    tree: &Tree,
    directory: &str,
    wanted: &[&'static str],
) -> Option<(&'static str, String)> {
    let mut found: Vec<(usize, String)> = Vec::new();
    for (path, text) in sources(tree, directory) {
        if !text.contains("cobra.Command") && !text.contains("cli.Command") {
            continue;
        }
        for name in SUBCOMMAND.captures_iter(text) {
            if let Some(rank) = wanted.iter().position(|one| *one == &name[1]) {
                found.push((rank, path.to_owned()));
            }
        }
    }
    let (rank, path) = found.into_iter().min()?;
    Some((wanted[rank], path))
}

/// What a Procfile calls the program with.
fn arguments_of_procfile(tree: &Tree, directory: &str) -> Option<String> {
    let text = tree.text(&join(directory, "Procfile"))?;
    let command = text.lines().find_map(|line| line.strip_prefix("web:"))?.trim();
    let (_, arguments) = command.split_once(' ')?;
    (!arguments.contains(['&', ';', '|', '{'])).then(|| arguments.trim().to_owned())
}

/// Gives the program its arguments, its port and its probe.
pub(in crate::project::detect) fn listen(
    tree: &Tree,
    directory: &str,
    main: &str,
    mut program: Program,
    facts: &mut Facts,
) -> Program {
    let sources = sources(tree, directory);
    let own = |name: &str| !OTHERS.iter().any(|other| name.contains(other));
    let first_variable = |pattern: &Regex| {
        sources.iter().find_map(|(path, text)| {
            let found = pattern.captures_iter(text).filter_map(|found| found.get(1).or(found.get(2)));
            let name = found.map(|name| name.as_str()).filter(|name| own(name)).min_by_key(|name| port_rank(name))?;
            Some(((*path).to_owned(), name.to_owned()))
        })
    };
    let number = |pattern: &Regex| {
        sources
            .iter()
            .find_map(|(path, text)| Some(((*path).to_owned(), pattern.captures(text)?[1].parse::<u16>().ok()?)))
    };
    let written = || config_files::written_port(tree, directory);
    let fixed = number(&FIXED).or_else(|| number(&CONSTANT)).or_else(written).or_else(|| number(&NUMBER));
    // of an address and a port, each with a flag, the port is what differs from agent to agent
    let best = |text: &str| {
        let found = FLAG.captures_iter(text).min_by_key(|found| &found[1] != "port")?;
        Some((found[1].to_owned(), found[2].to_owned()))
    };
    let flag = tree.text(main).and_then(best).or_else(|| sources.iter().find_map(|(_, text)| best(text)));
    let route = sources
        .iter()
        .flat_map(|(_, text)| ROUTE.captures_iter(text))
        .filter_map(|found| Some(found.get(1).or(found.get(2))?.as_str().to_owned()))
        .max_by_key(String::len);
    let probe = route.map_or(Probe::Tcp, Probe::Http);
    if let Some(arguments) = arguments_of_procfile(tree, directory) {
        let given = arguments.replace("${PORT}", PORT).replace("$PORT", PORT);
        program.command = format!("{} {given}", program.command);
        if given.contains(PORT) {
            facts.see("the arguments of the program", format!("{}: web", join(directory, "Procfile")));
            return program.listening(fixed.map_or(8080, |(_, port)| port), probe);
        }
    } else if let Some((name, path)) = subcommand(tree, directory, &SERVING) {
        facts.see(format!("the subcommand {name}"), path);
        program.command = format!("{} {name}", program.command);
    }
    let default = fixed.as_ref().map_or(8080, |(_, port)| *port);
    let addresses = addresses(&sources);
    let configured = config_files::port(tree, directory);
    let variable = first_variable(&VARIABLE)
        .or_else(|| first_variable(&NAMED).filter(|_| addresses.is_empty() && flag.is_none()))
        .map(|(path, name)| (path, name, default, PORT.to_owned()))
        .or_else(|| configured.filter(|_| addresses.is_empty() && flag.is_none()));
    if let Some((path, name, default, value)) = variable {
        facts.see(format!("the port is read from {name}"), path);
        program = program.listening(default, probe);
        program.environment = vec![(name, value)];
    } else if let Some((flag, default)) = flag {
        facts.see(format!("the port is the argument --{flag}"), main);
        let digits = default.rsplit(|character: char| !character.is_ascii_digit()).next().unwrap_or_default();
        let is_address = default.contains(':') || flag != "port";
        let value = if is_address { format!("127.0.0.1:{PORT}") } else { PORT.to_owned() };
        program.command = format!("{} --{flag}={value}", program.command);
        program = program.listening(digits.parse().unwrap_or(8080), probe);
    } else if let Some((path, name)) = addresses.first() {
        facts.see(format!("the address to listen on is read from {name}"), path.clone());
        program = program.listening(default, probe);
        program.environment = vec![(name.clone(), format!("127.0.0.1:{PORT}"))];
        // a second protocol has an address of its own
        for (_, name) in &addresses[1..] {
            let part = name.split('_').next().unwrap_or_default().to_lowercase();
            if !program.further_ports.iter().any(|(known, _)| *known == part) {
                program.environment.push((name.clone(), format!("127.0.0.1:{{{{ ports.@{part} }}}}")));
                program.further_ports.push((part, 9090));
            }
        }
    } else if let Some((path, port)) = fixed {
        program = program.listening(port, probe);
        (program.port_is_fixed, program.port_evidence) = (true, Some(path));
    } else {
        program = program.assumed(8080);
    }
    program
}

/// How little a name says that it is of the port for HTTP.
pub(in crate::project::detect) fn port_rank(name: &str) -> usize {
    let parts: Vec<&str> = name.split('_').collect();
    let has = |words: &[&str]| parts.iter().any(|part| words.contains(part));
    match parts.as_slice() {
        ["PORT"] => 0,
        _ if has(&["LDAP", "LDAPS", "SSH", "FTP", "DNS", "RPC", "P2P", "ADMIN", "HTTPS", "FRONTEND", "UI"]) => 3,
        _ if has(&["HTTP", "SERVER", "APP", "WEB", "API", "LISTEN"]) => 1,
        _ => 2,
    }
}

/// The variables with an address to listen on, that of HTTP first.
fn addresses(sources: &[(&str, &str)]) -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = Vec::new();
    for (path, text) in sources {
        for name in ADDRESS.captures_iter(text) {
            if !found.iter().any(|(_, known)| *known == name[1]) {
                found.push(((*path).to_owned(), name[1].to_owned()));
            }
        }
    }
    found.sort_by_key(|(_, name)| OTHERS.iter().any(|other| name.contains(other)));
    found
}
