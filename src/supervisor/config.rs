//! `processes.toml` as a file: written, read back, checked, and reduced to a digest.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::signals::signal_by_name;
use super::spec::{ProcessSpec, StackSpec};
use super::watch::{first_wildcard, matcher};
use super::{Error, Result};
use crate::system;

const NAME: &str = "processes.toml";

/// The kernel's limit for one argument or variable (`MAX_ARG_STRLEN`), terminator included.
const LONGEST_STRING: usize = 128 * 1024;

/// Where a stack's process config lies.
pub(crate) fn path_in(directory: &Path) -> PathBuf {
    directory.join(NAME)
}

/// Checks and writes the process config of a stack.
pub(crate) fn write(directory: &Path, spec: &StackSpec) -> Result<()> {
    check(spec)?;
    let path = path_in(directory);
    let text = toml::to_string(spec).map_err(|error| Error::Refused {
        process: spec.stack.clone(),
        problem: format!("cannot be written as TOML: {error}"),
    })?;
    if system::read_optional(&path)?.as_deref() != Some(text.as_bytes()) {
        // it holds the environment, and so passwords
        system::write_atomic(&path, text.as_bytes(), 0o600)?;
    }
    Ok(())
}

/// Reads and checks the process config of a stack.
pub fn load(directory: &Path) -> Result<StackSpec> {
    let path = path_in(directory);
    let bytes = system::read_optional(&path)?.unwrap_or_default();
    let spec = toml::from_slice(&bytes).map_err(|source| Error::Damaged { path, source: Box::new(source) })?;
    check(&spec)?;
    Ok(spec)
}

/// SHA-256, hexadecimal, of the config of a stack's processes: two specs with the same digest run the same.
pub fn spec_digest(spec: &StackSpec) -> String {
    let digests = spec.processes.keys().map(|name| (name.clone(), process_digest(spec, name))).collect();
    combined_digest(&digests)
}

/// The digest of one process with its whole environment.
pub(crate) fn process_digest(spec: &StackSpec, name: &str) -> String {
    let Some(process) = spec.processes.get(name) else { return String::new() };
    let whole = ProcessSpec { environment: environment_of(spec, process), ..process.clone() };
    let mut digest = Sha256::new_with_prefix(serde_json::to_vec(&whole).unwrap_or_default());
    if !spec.network_map.is_empty() {
        digest.update(serde_json::to_vec(&spec.network_map).unwrap_or_default());
    }
    system::hexadecimal(&digest.finalize())
}

/// The digest of a stack from those of its processes.
pub(crate) fn combined_digest(digests: &BTreeMap<String, String>) -> String {
    system::hexadecimal(&Sha256::digest(serde_json::to_vec(digests).unwrap_or_default()))
}

/// The environment of one process without harness's own variables.
pub(crate) fn environment_of(spec: &StackSpec, process: &ProcessSpec) -> BTreeMap<String, String> {
    let mut environment = spec.environment.clone();
    environment.extend(process.environment.clone());
    environment
}

/// Refuses what could only fail later, in the middle of a launch.
pub(crate) fn check(spec: &StackSpec) -> Result<()> {
    for (name, process) in &spec.processes {
        check_process(spec, name, process).map_err(|problem| Error::Refused { process: name.clone(), problem })?;
    }
    if let Some(cycle) = find_cycle(spec) {
        let problem = format!("its dependencies form a cycle: {}", cycle.join(" -> "));
        return Err(Error::Refused { process: cycle[0].clone(), problem });
    }
    Ok(())
}

fn check_process(spec: &StackSpec, name: &str, process: &ProcessSpec) -> Result<(), String> {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "-_.".contains(letter);
    if name.is_empty() || name.starts_with('.') || !name.chars().all(plain) {
        return Err("a name is made of letters, digits, `-`, `_` and `.`".to_owned());
    }
    if name == "supervisor" {
        return Err("the name is reserved for the supervisor's log".to_owned());
    }
    if process.command.first().is_none_or(String::is_empty) {
        return Err("it has no command".to_owned());
    }
    if !process.working_dir.is_absolute() {
        return Err(format!("its working directory `{}` is not absolute", process.working_dir.display()));
    }
    for dependency in process.depends_on.keys() {
        if !spec.processes.contains_key(dependency) {
            return Err(format!("depends on `{dependency}`, which does not exist"));
        }
    }
    if signal_by_name(&process.shutdown.signal).is_none() {
        return Err(format!("`{}` is not a signal", process.shutdown.signal));
    }
    for pattern in [&process.ready_log_line, &process.error_log_line].into_iter().flatten() {
        regex::bytes::Regex::new(pattern)
            .map_err(|error| format!("`{pattern}` is not a regular expression: {error}"))?;
    }
    for path in process.watch.iter().flat_map(|watch| &watch.paths).filter(|path| first_wildcard(path).is_some()) {
        matcher(path).map_err(|error| format!("`{}` cannot be watched: {error}", path.display()))?;
    }
    check_sizes(&environment_of(spec, process), &process.command)
}

/// The kernel refuses to start a program whose arguments and environment are too big (`execve(2)`).
fn check_sizes(environment: &BTreeMap<String, String>, command: &[String]) -> Result<(), String> {
    let mut total = 0;
    for word in command {
        if word.contains('\0') {
            return Err("an argument holds a NUL byte".to_owned());
        }
        if word.len() >= LONGEST_STRING {
            return Err(format!("an argument has {} bytes, the system allows {}", word.len(), LONGEST_STRING - 1));
        }
        total += word.len() + 9;
    }
    for (name, value) in environment {
        if name.is_empty() || name.contains(['=', '\0']) || value.contains('\0') {
            return Err(format!("the variable `{}` cannot be passed on", name.escape_debug()));
        }
        let length = name.len() + value.len() + 2;
        if length > LONGEST_STRING {
            return Err(format!("the variable `{name}` has {length} bytes, the system allows {LONGEST_STRING}"));
        }
        total += length + 8;
    }
    let stack = rustix::process::getrlimit(rustix::process::Resource::Stack).current.unwrap_or(8 << 20);
    let limit = usize::try_from((stack / 4).clamp(128 << 10, 6 << 20)).unwrap_or(usize::MAX) - 8192;
    if total > limit {
        return Err(format!("its arguments and environment have {total} bytes, the system allows about {limit}"));
    }
    Ok(())
}

fn find_cycle(spec: &StackSpec) -> Option<Vec<String>> {
    fn visit<'a>(spec: &'a StackSpec, name: &'a str, path: &mut Vec<&'a str>, done: &mut BTreeSet<&'a str>) -> bool {
        if path.contains(&name) {
            path.push(name);
            return true;
        }
        if done.contains(name) {
            return false;
        }
        path.push(name);
        let dependencies = spec.processes.get(name).map(|process| process.depends_on.keys());
        if dependencies.into_iter().flatten().any(|dependency| visit(spec, dependency, path, done)) {
            return true;
        }
        path.pop();
        done.insert(name);
        false
    }
    let mut done = BTreeSet::new();
    spec.processes.keys().find_map(|name| {
        let mut path = Vec::new();
        visit(spec, name, &mut path, &mut done).then(|| {
            let last = path.last().copied();
            path.iter().skip_while(|item| Some(**item) != last).map(ToString::to_string).collect()
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::supervisor::testing::{process, stack};
    use crate::supervisor::{ConditionSpec, DependencySpec, ProbeCheckSpec, ProbeSpec};

    fn depends(name: &str) -> BTreeMap<String, DependencySpec> {
        let on = DependencySpec { condition: ConditionSpec::ProcessStarted, restart: false };
        BTreeMap::from([(name.to_owned(), on)])
    }

    #[test]
    fn a_config_survives_the_file() {
        let mut api = process("api --listen");
        api.readiness_probe = Some(ProbeSpec {
            check: ProbeCheckSpec::HttpGet { host: None, port: 8030, path: "/health".to_owned() },
            initial_delay_seconds: 0.0,
            period_seconds: 0.5,
            timeout_seconds: 1.0,
            success_threshold: 1,
            failure_threshold: 3,
        });
        api.environment.insert("TEXT".to_owned(), "two\nlines \"quoted\"".to_owned());
        let spec = stack([("api", api)]);
        let directory = tempfile::tempdir().unwrap();
        write(directory.path(), &spec).unwrap();
        assert_eq!(load(directory.path()).unwrap(), spec);
    }

    #[test]
    fn the_digest_sees_the_environment_wherever_it_stands() {
        let mut on_top = stack([("api", process("api"))]);
        let plain = spec_digest(&on_top);
        on_top.environment.insert("A".to_owned(), "1".to_owned());
        let mut below = stack([("api", process("api"))]);
        below.processes.get_mut("api").unwrap().environment.insert("A".to_owned(), "1".to_owned());
        assert_ne!(plain, spec_digest(&on_top));
        assert_eq!(spec_digest(&on_top), spec_digest(&below));
    }

    #[test]
    fn impossible_configs_are_refused_with_a_reason() {
        let refused = |change: &dyn Fn(&mut ProcessSpec)| {
            let mut api = process("api");
            change(&mut api);
            check(&stack([("api", api), ("db", process("db"))])).unwrap_err().to_string()
        };
        assert!(refused(&|api| api.command.clear()).contains("no command"));
        assert!(refused(&|api| api.working_dir = "here".into()).contains("not absolute"));
        assert!(refused(&|api| api.depends_on = depends("nobody")).contains("`nobody`"));
        assert!(refused(&|api| api.shutdown.signal = "SIGNOTHING".to_owned()).contains("`SIGNOTHING`"));
        assert!(refused(&|api| api.ready_log_line = Some("(".to_owned())).contains("regular expression"));
        let big = |length| {
            move |api: &mut ProcessSpec| {
                api.environment.insert("BIG".to_owned(), "x".repeat(length));
            }
        };
        assert!(refused(&big(200 * 1024)).contains("`BIG` has"));
        assert!(refused(&|api| api.depends_on = depends("api")).contains("api -> api"));
    }

    #[test]
    fn a_circle_is_named() {
        let mut first = process("a");
        first.depends_on = depends("b");
        let mut second = process("b");
        second.depends_on = depends("a");
        let error = check(&stack([("a", first), ("b", second)])).unwrap_err().to_string();
        assert!(error.contains("a -> b -> a"), "{error}");
    }
}
