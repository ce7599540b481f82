//! Python: the interpreter that a project asks for, and the one of this machine that fits.

use std::sync::LazyLock;

use regex::Regex;

use super::wheels;
use crate::project::detect::facts::Facts;
use crate::project::detect::tree::{Interpreter, Tree, join};

/// How the interpreter is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::project::detect) struct Call {
    /// What a shell does before, with `; ` at its end; empty as a rule.
    pub(in crate::project::detect) before: String,
    pub(in crate::project::detect) program: String,
}

/// What a project asks for: from one version of Python 3 up to another, which is excluded.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Wanted {
    from: u16,
    below: u16,
    /// As the file has it.
    text: String,
    evidence: String,
}

/// The interpreter that fits; where none does, `python3`, and what to install. uv fetches one by itself.
pub(in crate::project::detect) fn choose(
    tree: &Tree,
    directory: &str,
    packages: &str,
    by_uv: bool,
    facts: &mut Facts,
) -> Call {
    let plain = Call { before: String::new(), program: "python3".to_owned() };
    let Some(default) = tree.python3 else { return plain };
    let wanted = wanted(tree, directory, packages);
    let fits = |minor: u16| wanted.as_ref().is_none_or(|wanted| wanted.from <= minor && minor < wanted.below);
    let nearest = |fits: &dyn Fn(u16) -> bool| {
        tree.interpreters.iter().filter(|one| fits(one.minor)).min_by_key(|one| one.minor.abs_diff(default))
    };
    if fits(default) {
        let Some((path, text)) = wheels::lock(tree, directory) else { return plain };
        let Some(package) = wheels::missing(text, default) else { return plain };
        let Some(found) = nearest(&|minor| fits(minor) && wheels::missing(text, minor).is_none()) else { return plain };
        facts.assumed.push(format!(
            "{path} has no wheel of {package} for Python 3.{default}, which `python3` is: {}",
            found.described()
        ));
        return found.call();
    }
    let Some(wanted) = &wanted else { return plain };
    let asks = format!("{} asks for Python {}, and `python3` is 3.{default}", wanted.evidence, wanted.text);
    let Some(found) = nearest(&fits) else {
        if by_uv {
            facts.assumed.push(format!("{asks}: uv fetches one"));
            return plain;
        }
        // of those that fit, the nearest
        let version = if default < wanted.from { wanted.from } else { wanted.below - 1 };
        facts.unknown.push(format!(
            "{asks}: install Python 3.{version}, so that `python3.{version}` is on PATH, and run `harness init --force`"
        ));
        return plain;
    };
    facts.assumed.push(format!("{asks}: {}", found.described()));
    found.call()
}

impl Interpreter {
    fn call(&self) -> Call {
        let before = if self.by_pyenv { format!("export PYENV_VERSION=3.{}; ", self.minor) } else { String::new() };
        Call { before, program: format!("python3.{}", self.minor) }
    }

    fn described(&self) -> String {
        format!("`python3.{}`{} is taken", self.minor, if self.by_pyenv { " of pyenv" } else { "" })
    }
}

/// uv fetches the Python that `.python-version` names; where it cannot, one of this machine that the packages allow
/// does.
pub(in crate::project::detect) fn uv_sync(tree: &Tree, directory: &str, sync: &str) -> String {
    let pins = tree.has(&join(directory, ".python-version"));
    let is_own = |path: &&str| directory.is_empty() || path.starts_with(&format!("{directory}/"));
    let requires = |path| tree.toml(path)?.get("project")?.get("requires-python")?.as_str().map(str::to_owned);
    let mut ranges = tree.named("pyproject.toml").into_iter().filter(is_own).filter_map(requires);
    match ranges.next().filter(|range| pins && !range.contains('\'')) {
        Some(range) => format!("{sync} || {sync} --python '{range}'"),
        None => sync.to_owned(),
    }
}

/// The first thing that says it, the most exact before the others.
fn wanted(tree: &Tree, directory: &str, packages: &str) -> Option<Wanted> {
    let places = if directory.is_empty() { vec![""] } else { vec![directory, ""] };
    let files = places.iter().flat_map(|place| {
        [".python-version", "pyproject.toml", "Pipfile", "runtime.txt"].map(|name| (name, join(place, name)))
    });
    for (name, path) in files {
        let Some(text) = tree.text(&path) else { continue };
        let declared = match name {
            "pyproject.toml" => of_project(tree, &path),
            "Pipfile" => tree.toml(&path).and_then(|toml| {
                let requires = toml.get("requires")?;
                let version = requires.get("python_version").or_else(|| requires.get("python_full_version"))?;
                Some(("requires".to_owned(), version.as_str()?.to_owned()))
            }),
            _ => {
                let line = text.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with('#'));
                line.map(|line| {
                    (String::new(), line.trim_start_matches("cpython@").trim_start_matches("python-").to_owned())
                })
            }
        };
        if let Some((key, version)) = declared
            && let Some((from, below)) = range(&version)
        {
            let evidence = if key.is_empty() { path } else { format!("{path}: {key}") };
            return Some(Wanted { from, below, text: version, evidence });
        }
    }
    of_django(packages)
}

fn of_project(tree: &Tree, path: &str) -> Option<(String, String)> {
    let toml = tree.toml(path)?;
    let requires = toml.get("project").and_then(|project| project.get("requires-python")?.as_str());
    if let Some(version) = requires {
        return Some(("requires-python".to_owned(), version.to_owned()));
    }
    let version = toml.get("tool")?.get("poetry")?.get("dependencies")?.get("python")?.as_str()?;
    Some(("tool.poetry.dependencies.python".to_owned(), version.to_owned()))
}

/// `>=3.12,<3.14`, `^3.10`, `~=3.11.2`, `==3.12.*`, `3.12.1`
fn range(text: &str) -> Option<(u16, u16)> {
    static PART: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"^(>=|<=|==|~=|<|>|\^|~)?\s*3\.(\d+)(\.[\d*]+)?$").expect("the pattern is right"));
    let (mut from, mut below) = (0, u16::MAX);
    for part in text.split(',').map(str::trim) {
        let Some(found) = PART.captures(part) else { continue };
        let minor: u16 = found[2].parse().ok()?;
        let operator = found.get(1).map_or("==", |operator| operator.as_str());
        let has_patch = found.get(3).is_some();
        match operator {
            ">=" | ">" | "^" => from = minor,
            "~=" if !has_patch => from = minor,
            // a patch of that version may be below
            "<" if found.get(3).is_some_and(|patch| patch.as_str() != ".0") => below = minor + 1,
            "<" => below = minor,
            "<=" => below = minor + 1,
            _ => (from, below) = (minor, minor + 1),
        }
    }
    (from > 0 || below < u16::MAX).then_some((from, below))
}

/// Releases of Django, the oldest Python 3 that each runs on, and the first that it does not.
const DJANGO: [((u16, u16), u16, u16); 8] = [
    ((6, 0), 12, u16::MAX),
    ((5, 0), 10, u16::MAX),
    ((4, 2), 8, u16::MAX),
    // the modules cgi and distutils are gone
    ((4, 0), 8, 13),
    ((3, 0), 6, 12),
    ((2, 0), 5, 10),
    ((1, 11), 4, 8),
    ((1, 8), 4, 7),
];

/// A pinned Django; of an open one pip takes a release that fits.
fn of_django(packages: &str) -> Option<Wanted> {
    static PIN: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r#"(?im)^\W*django(?:\[[\w,-]+\])?\s*(?:==|~=|=\s*["'][\^~=]*)\s*(\d+)\.(\d+)"#)
            .expect("the pattern is right")
    });
    let found = PIN.captures(packages)?;
    let release = (found[1].parse().ok()?, found[2].parse().ok()?);
    let (_, from, below) = DJANGO.into_iter().find(|(first, ..)| release >= *first)?;
    let upper = if below == u16::MAX { String::new() } else { format!(",<3.{below}") };
    Some(Wanted {
        from,
        below,
        text: format!(">=3.{from}{upper}"),
        evidence: format!("Django {}.{}", release.0, release.1),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::detect::tree::Interpreter;

    fn call(file: &str, text: &str, python3: u16, others: &[(u16, bool)]) -> (Call, Facts) {
        let mut tree = Tree::of([(file.to_owned(), Some(text.to_owned()))]);
        tree.python3 = Some(python3);
        tree.interpreters =
            others.iter().map(|(minor, by_pyenv)| Interpreter { minor: *minor, by_pyenv: *by_pyenv }).collect();
        let mut facts = Facts::default();
        let packages = if file == "requirements.txt" { text } else { "" };
        (choose(&tree, "", packages, false, &mut facts), facts)
    }

    #[test]
    fn the_interpreter_that_a_project_asks_for_is_taken() {
        let others = [(6, false), (9, false), (10, false), (12, false), (13, true), (14, false)];
        for (file, text, expected) in [
            ("pyproject.toml", "[project]\nrequires-python = '>=3.12'", "python3.12"),
            ("pyproject.toml", "[project]\nrequires-python = '>=3.9,<3.11'", "python3.10"),
            ("pyproject.toml", "[project]\nrequires-python = '>=3.9'", "python3"),
            ("pyproject.toml", "[tool.poetry.dependencies]\npython = '^3.12'", "python3.12"),
            ("Pipfile", "[requires]\npython_version = '3.14'", "python3.14"),
            (".python-version", "3.12.1\n", "python3.12"),
            ("runtime.txt", "python-3.10.4", "python3.10"),
            ("requirements.txt", "asgiref\nDjango[argon2]==6.1\n", "python3.12"),
            ("requirements.txt", "django==5.2.1\n", "python3"),
            ("requirements.txt", "Django==1.10.5\n", "python3.6"),
            ("requirements.txt", "Django==2.2.28\n", "python3.9"),
            ("requirements.txt", "Django==3.2.1\n", "python3"),
            ("pyproject.toml", "[project]\nrequires-python = '<3.11'", "python3.10"),
            ("requirements.txt", "django>=4\n", "python3"),
        ] {
            let (call, facts) = call(file, text, 11, &others);
            assert_eq!(call.program, expected, "{file}: {text}");
            assert_eq!(facts.assumed.is_empty(), expected == "python3", "{:?}", facts.assumed);
            assert!(facts.unknown.is_empty() && call.before.is_empty());
        }
        let (call, facts) = call("pyproject.toml", "[project]\nrequires-python = '>=3.13'", 11, &others);
        assert_eq!((&*call.before, &*call.program), ("export PYENV_VERSION=3.13; ", "python3.13"));
        assert!(facts.assumed[0].contains("requires-python asks for Python >=3.13"), "{:?}", facts.assumed);
    }

    #[test]
    fn an_interpreter_is_taken_for_which_the_locked_packages_have_wheels() {
        let wheel =
            |package: &str, tags: &str| format!("    {{file = \"{package}-1.2.3-{tags}.whl\", hash = \"\"}},\n");
        let lock = wheel("greenlet", "cp39-cp39-win_amd64")
            + &wheel("greenlet", "cp310-cp310-manylinux_2_17_x86_64.manylinux2014_x86_64")
            + &wheel("click", "py3-none-any")
            + &wheel("bcrypt", "cp36-abi3-manylinux2010_x86_64")
            + "    {file = \"docopt-0.6.2.tar.gz\", hash = \"\"},\n";
        let others = [(9, false), (10, true), (12, false)];
        let (chosen, facts) = call("poetry.lock", &lock, 11, &others);
        assert_eq!((&*chosen.before, &*chosen.program), ("export PYENV_VERSION=3.10; ", "python3.10"));
        assert!(facts.assumed[0].contains("no wheel of greenlet for Python 3.11"), "{:?}", facts.assumed);
        assert_eq!(call("poetry.lock", &lock, 10, &others).0.program, "python3");
        assert_eq!(call("poetry.lock", &lock, 11, &others[2..]).0.program, "python3", "none is better");
    }

    #[test]
    fn a_pinned_python_that_cannot_be_fetched_may_be_another_one() {
        let file = |path: &str, text: &str| (path.to_owned(), Some(text.to_owned()));
        let manifest = || file("pyproject.toml", "[project]\nrequires-python = '>=3.10'");
        let pinned = Tree::of([manifest(), file(".python-version", "3.14")]);
        assert_eq!(uv_sync(&pinned, "", "uv sync --frozen"), "uv sync --frozen || uv sync --frozen --python '>=3.10'");
        assert_eq!(uv_sync(&Tree::of([manifest()]), "", "uv sync"), "uv sync");
    }

    #[test]
    fn an_interpreter_that_is_missing_is_named() {
        let (plain, facts) = call("requirements.txt", "Django==6.1", 11, &[(11, false)]);
        assert_eq!(plain.program, "python3");
        let expected = "Django 6.1 asks for Python >=3.12, and `python3` is 3.11: install Python 3.12";
        assert!(facts.unknown[0].starts_with(expected), "{:?}", facts.unknown);
        let (_, facts) = call("requirements.txt", "Django==1.10.5", 11, &[(11, false)]);
        let expected = "Django 1.10 asks for Python >=3.4,<3.7, and `python3` is 3.11: install Python 3.6";
        assert!(facts.unknown[0].starts_with(expected), "{:?}", facts.unknown);
    }
}
