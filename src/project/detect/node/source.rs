//! JavaScript: what the source says of its port and of pages that answer.

use std::sync::LazyLock;

use regex::Regex;

use crate::project::detect::tree::{Tree, base_name};

pub(in crate::project::detect) const EXTENSIONS: [&str; 8] = ["js", "mjs", "cjs", "ts", "mts", "cts", "tsx", ""];

fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("the pattern is right")
}

/// How a program learns its port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::project::detect) enum PortSource {
    /// From a variable, the likeliest first; with its default, where the source has one.
    Variable { names: Vec<String>, default: Option<u16>, file: String },
    /// The number stands in the source.
    Fixed { port: u16, file: String },
}

/// `process.env.PORT || 3000`, `env.API_PORT ?? 4000`, `get('PORT', 3000)`.
static VARIABLE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r#"(?x) (?:\benv\.|\benv\[["']|\.get(?:<\w+>)?\(\s*["']|\benv\(\s*["']) ((?:[A-Z][A-Z0-9]*_)*PORT)\b (?:["']\]?)? \s* (?:\)|\|\||\?\?|,)? \s* (?:Number\()? ["']? (\d{3,5}\b)? "#,
    )
});

static LISTEN: LazyLock<Regex> =
    LazyLock::new(|| pattern(r#"(?:\.listen\(\s*(?:\{[^}]*?port:\s*)?|\b(?:port|PORT)\s*[:=]\s*)["']?(\d{4,5})\b"#));

/// Names that are ports of other servers.
fn is_own(name: &str) -> bool {
    let others = [
        "DB_",
        "DATABASE_",
        "PG",
        "POSTGRES",
        "MYSQL_",
        "REDIS_",
        "SMTP_",
        "MAIL",
        "EMAIL",
        "S3_",
        "MINIO",
        "DEBUG",
        "METRICS",
        "HMR_",
        "CLIENT",
        "FRONTEND",
        "WEB_",
        "VITE_",
        "MONGO",
        "RABBIT",
        "KAFKA",
        "ELASTIC",
        "INSPECT",
        "PROXY",
    ];
    !others.iter().any(|other| name.starts_with(other))
}

/// How the program of a package learns its port.
pub(in crate::project::detect) fn port(tree: &Tree, directory: &str) -> Option<PortSource> {
    let mut variables = Vec::new();
    let mut fixed = None;
    for (file, text) in tree.sources(directory, &EXTENSIONS).filter(|(file, _)| is_program(file)) {
        for found in VARIABLE.captures_iter(text).filter(|found| is_own(&found[1])) {
            let default = found.get(2).and_then(|digits| digits.as_str().parse().ok());
            variables.push((found[1].to_owned(), default, file));
        }
        if fixed.is_none()
            && let Some(found) = LISTEN.captures(text)
            && let Ok(port) = found[1].parse()
        {
            fixed = Some(PortSource::Fixed { port, file: file.to_owned() });
        }
    }
    // one program may read several, and fall back from one to the other
    variables.sort_by_key(|(name, default, _): &(String, Option<u16>, &str)| {
        (name != "PORT", default.is_none(), name.len())
    });
    let Some((first, _, file)) = variables.first() else { return fixed };
    let default = variables.iter().find_map(|(_, default, _)| *default);
    let mut names = vec![first.clone()];
    for (name, ..) in &variables {
        if !names.contains(name) && OWN.contains(&name.as_str()) {
            names.push(name.clone());
        }
    }
    Some(PortSource::Variable { names, default, file: (*file).to_owned() })
}

/// Names that mean the port of a program itself.
const OWN: [&str; 6] = ["PORT", "APP_PORT", "SERVER_PORT", "API_PORT", "HTTP_PORT", "BACKEND_PORT"];

/// Whose configuration files name ports that are not the program's.
const TOOLS: [&str; 14] = [
    "vite",
    "next",
    "nuxt",
    "webpack",
    "jest",
    "vitest",
    "playwright",
    "cypress",
    "tailwind",
    "postcss",
    "eslint",
    "svelte",
    "astro",
    "drizzle",
];

fn is_program(file: &str) -> bool {
    let aside = ["test", "tests", "__tests__", "e2e", "scripts", "cypress", "mocks", "__mocks__", "prisma", "public"];
    let name = base_name(file);
    let of_tool = name.contains(".config.") && TOOLS.iter().any(|tool| name.starts_with(tool));
    let of_test = [".test.", ".spec.", ".d.ts", ".stories.", ".min."].iter().any(|part| name.contains(part));
    !of_tool && !of_test && !file.split('/').any(|part| aside.contains(&part))
}

static ROUTE: LazyLock<Regex> =
    LazyLock::new(|| pattern(r#"\b(?:app|server|fastify|api)\.get(?:<[^(]*>)?\(\s*["'`](/[\w./-]*)["'`]"#));

/// Pages that answer whoever asks, the best first.
const HEALTH: [&str; 9] = [
    "/health",
    "/healthz",
    "/health/live",
    "/api/health",
    "/api/healthz",
    "/healthcheck",
    "/api/v1/health",
    "/ping",
    "/",
];

/// A page that the server of a package answers, with the file that says so.
pub(in crate::project::detect) fn health(tree: &Tree, directory: &str) -> Option<(String, String)> {
    let mut routes: Vec<(usize, String, String)> = Vec::new();
    for (file, text) in tree.sources(directory, &EXTENSIONS).filter(|(file, _)| is_program(file)) {
        for found in ROUTE.captures_iter(text) {
            if let Some(rank) = HEALTH.iter().position(|path| *path == &found[1]) {
                routes.push((rank, found[1].to_owned(), file.to_owned()));
            }
        }
        // Nest: the root controller, where no prefix is put before it
        if text.contains("@Controller()") && text.contains("@Get()") && !has_prefix(tree, directory) {
            routes.push((HEALTH.len(), "/".to_owned(), file.to_owned()));
        }
    }
    routes.into_iter().min().map(|(_, path, file)| (path, file))
}

fn has_prefix(tree: &Tree, directory: &str) -> bool {
    tree.sources(directory, &["ts"]).any(|(_, text)| {
        text.contains("setGlobalPrefix") || text.contains("APP_GUARD") || text.contains("useGlobalGuards")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(text: &str) -> Tree {
        Tree::of([("src/index.ts".to_owned(), Some(text.to_owned()))])
    }

    #[test]
    fn a_port_is_a_variable_or_a_number() {
        for (text, expected) in [
            ("const port = process.env.PORT || 3000", Some(("PORT", Some(3000)))),
            ("app.listen(Number(process.env.API_PORT ?? 4000))", Some(("API_PORT", Some(4000)))),
            ("normalizePort(process.env.PORT || '3000')", Some(("PORT", Some(3000)))),
            ("const port = config.get<number>('PORT', 3333)", Some(("PORT", Some(3333)))),
            ("const p = process.env.DB_PORT || 5432", None),
            ("app.listen(process.env.PORT)", Some(("PORT", None))),
        ] {
            let found = match port(&tree(text), "") {
                Some(PortSource::Variable { names, default, .. }) => Some((names[0].clone(), default)),
                _ => None,
            };
            assert_eq!(found, expected.map(|(name, default)| (name.to_owned(), default)), "{text}");
        }
        let fixed = PortSource::Fixed { port: 3000, file: "src/index.ts".to_owned() };
        assert_eq!(port(&tree("app.listen(3000)"), ""), Some(fixed.clone()));
        assert_eq!(port(&tree("await app.listen({ host: '::', port: 3000 })"), ""), Some(fixed));
    }

    #[test]
    fn a_page_is_one_that_the_application_itself_answers() {
        let found = |text: &str| health(&tree(text), "").map(|(path, _)| path);
        assert_eq!(found("app.get('/', x); app.get('/health', y)"), Some("/health".to_owned()));
        assert_eq!(found("router.get('/health', y)"), None);
        assert_eq!(found("@Controller()\nclass A { @Get() x() {} }"), Some("/".to_owned()));
    }
}
