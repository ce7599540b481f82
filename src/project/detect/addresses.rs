//! Addresses on this machine that stand in the source: of two agents, one would speak to the other's program.
//!
//! A default behind a variable (`process.env.API_URL || 'http://localhost:4000'`) is mended by the variable.
//! What is written out is named with its line.

use std::sync::LazyLock;

use regex::Regex;

use super::facts::{Address, Example, Facts, Program};
use super::meanings::{self, Known};
use super::template_text::port;
use super::tree::{Tree, base_name, extension_of, is_aside};

static LOCAL: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\b(?:localhost|127\.0\.0\.1|0\.0\.0\.0):(\d{4,5})\b").expect("the pattern is right"));
static DEFAULT: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r#"(?:process\.env|import\.meta\.env|\benv)\.([A-Z][A-Z0-9_]+)\s*(?:\|\||\?\?)\s*["'`](https?://(?:localhost|127\.0\.0\.1):\d{4,5}[^"'`]*)["'`]|(?:environ\.get|getenv)\(\s*["']([A-Z][A-Z0-9_]+)["']\s*,\s*["'](https?://(?:localhost|127\.0\.0\.1):\d{4,5}[^"']*)["']"#,
    )
    .expect("the pattern is right")
});

const EXTENSIONS: [&str; 14] =
    ["js", "mjs", "cjs", "ts", "mts", "cts", "tsx", "jsx", "vue", "svelte", "astro", "json", "py", "rb"];
const ASIDE: [&str; 18] = [
    "script",
    "docker",
    "deploy",
    "ci",
    "test",
    "tests",
    "__tests__",
    "e2e",
    "docs",
    "examples",
    "cypress",
    "fixtures",
    "spec",
    "scripts",
    "mocks",
    "stories",
    "playwright",
    ".github",
];

/// Files whose addresses are those that a dev server forwards to.
fn forwards(path: &str, text: &str) -> bool {
    let name = base_name(path);
    let config = |tool: &str| name.starts_with(&format!("{tool}.config."));
    match name {
        "package.json" => true,
        _ if name.starts_with("setupProxy.") || name.starts_with("proxy.conf") => true,
        _ if config("vite") || config("nuxt") || config("webpack") || config("rsbuild") || name == "vue.config.js" => {
            text.contains("proxy") || text.contains("Proxy")
        }
        _ if config("next") => text.contains("rewrites") || text.contains("redirects"),
        _ => false,
    }
}

pub(super) fn detect(tree: &Tree) -> Facts {
    let mut facts = Facts::default();
    for (path, text) in tree.sources("", &EXTENSIONS) {
        let name = base_name(path);
        let aside = is_aside(path)
            || path.split('/').any(|part| ASIDE.contains(&part))
            || ["test.py", "tests.py", "ci.py", "conftest.py"].contains(&name)
            || [".test.", ".spec.", ".stories.", "README", "cypress.", "playwright.", "setup."]
                .iter()
                .any(|part| name.contains(part));
        let is_proxy = forwards(path, text);
        if aside || extension_of(name) == "json" && !is_proxy {
            continue;
        }
        for (number, line) in text.lines().enumerate() {
            let is_comment = ["//", "*", "#", "<!--"].iter().any(|mark| line.trim_start().starts_with(mark));
            // only `proxy` of a manifest is an address that a server forwards to
            if is_comment || name == "package.json" && !line.trim_start().starts_with("\"proxy\"") {
                continue;
            }
            if let Some(found) = DEFAULT.captures(line) {
                let group =
                    |first: usize, second: usize| found.get(first).or(found.get(second)).map(|one| one.as_str());
                let (Some(name), Some(value)) = (group(1, 3), group(2, 4)) else { continue };
                let (name, value) = (name.to_owned(), Some(value.to_owned()));
                facts.defaults.push(Example { name, value, evidence: path.to_owned() });
                continue;
            }
            if line.contains("env.") || line.contains("environ") || line.contains("ENV") {
                continue;
            }
            if let Some(port) = LOCAL.captures(line).and_then(|found| found[1].parse().ok()) {
                facts.addresses.push(Address { file: path.to_owned(), line: number + 1, port, is_proxy });
            }
        }
    }
    facts
}

/// Programs whose port is written in their source: the loopback map gives each agent its own. Of two with the same
/// port only the first can have it.
pub(super) fn mapped(facts: &mut Facts, programs: &mut [(String, Program)]) -> Vec<(u16, String)> {
    let mut map: Vec<(u16, String)> = Vec::new();
    for (name, program) in programs.iter_mut().filter(|(_, program)| program.port_is_fixed) {
        let Some(number) = program.port else { continue };
        let evidence = program.port_evidence.as_ref().unwrap_or(&program.evidence);
        if program.port_is_assumed {
            if !map.iter().any(|(known, _)| *known == number) {
                map.push((number, name.clone()));
            }
            facts.assumed.push(format!(
                "{evidence}: no port was found in the source. PORT is set, and [network] leads {number} to each agent's own; where \
                 the program listens elsewhere, correct both"
            ));
            program.port_is_fixed = false;
            continue;
        }
        if let Some((_, other)) = map.iter().find(|(known, _)| *known == number) {
            facts.unknown.push(format!(
                "{evidence} listens on {number}, written in the source, and so does `{other}`: let one of them read the \
                 variable PORT"
            ));
            continue;
        }
        facts
            .assumed
            .push(format!("{evidence} listens on {number}, written in the source: [network] gives each agent its own"));
        map.push((number, name.clone()));
        program.port_is_fixed = false;
    }
    map
}

/// Gives variables their template, and says of what is written out what to change. Returns the ports that dev
/// servers forward to.
pub(super) fn resolve(facts: &mut Facts, known: &Known) -> Vec<(u16, String)> {
    let mut map = Vec::new();
    for default in std::mem::take(&mut facts.defaults) {
        let template = meanings::template(&default.name, default.value.as_deref(), known);
        let given = facts.variables.iter().any(|other| other.name == default.name && other.value.is_some());
        if !given && template.is_some_and(|template| template.contains("ports.")) {
            facts.variables.retain(|other| other.name != default.name);
            facts.variables.push(default);
        }
    }
    let mut named = 0;
    for address in std::mem::take(&mut facts.addresses) {
        let Address { file, line, port: number, is_proxy } = address;
        let program = known.ports.get(&number);
        if let Some(store) = program.filter(|name| known.is_store(name)) {
            map.push((number, format!("stores.{store}.port")));
            continue;
        }
        let line = match (program, is_proxy) {
            (Some(name), true) => {
                facts.assumed.push(format!(
                    "{file}:{line} forwards requests to port {number}, which `{name}` has without harness: [network] leads \
                     them to each agent's own"
                ));
                map.push((number, name.clone()));
                continue;
            }
            (None, true) => format!(
                "{file}:{line} forwards requests to port {number}, where nothing that was found listens: give the program \
                 that does in [processes]"
            ),
            (Some(name), false) => format!(
                "{file}:{line} names port {number}, which `{name}` has without harness: take the address from a variable \
                 there, and set it in [env] to \"http://localhost:{}\"",
                port(name)
            ),
            (None, false) => continue,
        };
        named += 1;
        match named {
            0..=LINES => facts.unknown.push(line),
            NEXT => facts.unknown.push("further files name ports of this application".to_owned()),
            _ => {}
        }
    }
    map
}

/// Further addresses are only counted.
const LINES: usize = 6;
const NEXT: usize = LINES + 1;

#[cfg(test)]
mod tests {
    use super::*;

    fn known() -> Known {
        Known { ports: [(4000, "api".to_owned())].into(), ..Known::default() }
    }

    #[test]
    fn an_address_behind_a_variable_gets_a_template_and_a_written_one_is_named() {
        let file = |path: &str, text: &str| (path.to_owned(), Some(text.to_owned()));
        let tree = Tree::of([
            file(
                "vite.config.ts",
                "export default {\n  server: { proxy: {\n    '/api': 'http://localhost:4000' } }\n}",
            ),
            file("src/api.ts", "const url = import.meta.env.VITE_API ?? 'http://localhost:4000/v1'\n"),
            file(
                "src/other.ts",
                "// http://localhost:4000\nfetch('http://127.0.0.1:4000/x')\nfetch('http://localhost:9999')\n",
            ),
            file("next.config.js", "rewrites: [{ destination: 'http://localhost:7000/x' }]"),
            file("package.json", "{\n  \"proxy\": \"http://localhost:4000\"\n}"),
            file("src/api.test.ts", "fetch('http://localhost:4000')"),
        ]);
        let mut facts = detect(&tree);
        assert_eq!(resolve(&mut facts, &known()), [(4000, "api".to_owned()), (4000, "api".to_owned())]);
        assert_eq!(facts.variables.iter().map(|one| one.name.as_str()).collect::<Vec<_>>(), ["VITE_API"]);
        let begin = |line: &String| line.split_once(", w").map(|(begin, _)| begin.to_owned()).unwrap_or_default();
        assert_eq!(
            facts.unknown.iter().map(begin).collect::<Vec<_>>(),
            ["next.config.js:1 forwards requests to port 7000", "src/other.ts:2 names port 4000"]
        );
        assert_eq!(
            facts.assumed.iter().map(begin).collect::<Vec<_>>(),
            ["package.json:2 forwards requests to port 4000", "vite.config.ts:3 forwards requests to port 4000"]
        );
    }
}
