//! The variables of `[env]`: which ones, with which value, and why.

use super::facts::{BackingService, Example, Facts, Program};
use super::meanings::{self, Known};
use super::template_text;

/// A variable of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) name: String,
    /// A template; none of a variable that somebody has to fill in.
    pub(super) value: Option<String>,
    pub(super) comment: String,
}

/// Names that are no variables of an application.
const NOT_OURS: [&str; 14] = [
    "PATH",
    "HOME",
    "USER",
    "SHELL",
    "LANG",
    "TZ",
    "TERM",
    "CI",
    "AGENT_ID",
    "HARNESS_STACK",
    "env_file",
    "pass_env",
    "PWD",
    "HOSTNAME",
];

/// The entries of `[env]`, and the values that the template's steps get for those that belong to one
/// agent. A variable whose meaning differs from program to program goes to the programs.
pub(super) fn entries(
    facts: &mut Facts,
    known: &Known,
    programs: &mut [(String, Program)],
    has_template: bool,
) -> (Vec<Entry>, Vec<(String, String)>) {
    let mut entries: Vec<Entry> = Vec::new();
    let mut template: Vec<(String, String)> = Vec::new();
    let mut to_fill = Vec::new();
    for variable in facts.variables.clone() {
        if NOT_OURS.contains(&variable.name.as_str()) || !is_name(&variable.name) {
            continue;
        }
        let is_layered =
            |other: &Example| facts.env_files.contains(&other.evidence) || facts.layered.contains(&other.evidence);
        let given = facts.variables.iter().any(|other| other.name == variable.name && is_layered(other));
        // a file that git tracks, laid below, says more than an example
        if given
            && !is_layered(&variable)
            && meanings::template(&variable.name, variable.value.as_deref(), known).is_none()
        {
            continue;
        }
        let Some(entry) = entry(&variable, facts, known, &mut to_fill) else { continue };
        if let Some(other) = entries.iter().find(|other| other.name == entry.name) {
            if other.value != entry.value {
                for_programs(&variable, &entry, programs);
            }
            continue;
        }
        if has_template
            && let (Some(value), Some(example)) = (&entry.value, &variable.value)
            && needs_agent(value)
            && !template.iter().any(|(known, _)| *known == entry.name)
        {
            template.push((entry.name.clone(), template_text::literal(example)));
        }
        // each program has the port that is its own
        if entry.name == "PORT" && known.only.is_none() {
            continue;
        }
        entries.push(entry);
    }
    for (name, (value, comment)) in &facts.settled {
        let entry = Entry { name: name.clone(), value: Some(value.clone()), comment: comment.clone() };
        match entries.iter_mut().find(|known| known.name == *name) {
            Some(known) if known.value.as_deref().is_none_or(str::is_empty) => *known = entry,
            // an example says more
            Some(_) => {}
            None => entries.push(entry),
        }
    }
    stand_ins(facts, known, &mut entries, programs, &mut to_fill);
    if !to_fill.is_empty() {
        facts.unknown.push(format!("the values of {}: fill them in where they are needed", to_fill.join(", ")));
    }
    // what is the same in [env] need not be said again
    for (_, program) in programs.iter_mut() {
        program.environment.retain(|(name, value)| {
            !entries.iter().any(|entry| entry.name == *name && entry.value.as_ref() == Some(value))
        });
    }
    (entries, template)
}

/// A value of the right kind for what a program does not start without.
fn stand_ins(
    facts: &Facts,
    known: &Known,
    entries: &mut Vec<Entry>,
    programs: &[(String, Program)],
    to_fill: &mut Vec<String>,
) {
    for (name, (stand_in, path)) in &facts.required_variables {
        // an address that nobody knows is best the application's own
        let own = known.page.as_deref().filter(|_| stand_in.starts_with("http://"));
        let stand_in =
            &own.map_or_else(|| stand_in.clone(), |page| format!("http://localhost:{}", template_text::port(page)));
        // a file below `[env]` has it, or a program sets it
        let given =
            facts.variables.iter().any(|variable| {
                variable.name == *name
                    && (facts.env_files.contains(&variable.evidence) || facts.layered.contains(&variable.evidence))
            }) || programs.iter().any(|(_, program)| program.environment.iter().any(|(known, _)| known == name));
        let comment = format!("a stand-in: {path} requires it");
        match entries.iter_mut().find(|entry| entry.name == *name) {
            Some(entry) if entry.value.as_deref().is_none_or(str::is_empty) => {
                (entry.value, entry.comment) = (Some(stand_in.clone()), comment);
            }
            None if !given && !NOT_OURS.contains(&name.as_str()) => {
                entries.push(Entry { name: name.clone(), value: Some(stand_in.clone()), comment });
            }
            _ => continue,
        }
        if !to_fill.contains(name) {
            to_fill.push(name.clone());
        }
    }
}

fn entry(variable: &Example, facts: &Facts, known: &Known, to_fill: &mut Vec<String>) -> Option<Entry> {
    let Example { name, value, evidence } = variable;
    let make = |value: Option<String>, comment: String| Some(Entry { name: name.clone(), value, comment });
    let tracked = facts.env_files.contains(evidence) || facts.layered.contains(evidence);
    if let Some(template) = meanings::template(name, value.as_deref(), known) {
        return make(Some(template), String::new());
    }
    // a file that git tracks is layered underneath
    if tracked {
        return None;
    }
    let Some(value) = value else {
        let secret = meanings::development_secret(name);
        let of_file = evidence.starts_with(".env");
        return match (secret, of_file) {
            // names of the source are taken up only where they mean something
            (Some(secret), false)
                if [
                    "SECRET_KEY",
                    "SECRET_KEY_BASE",
                    "JWT_SECRET",
                    "SESSION_SECRET",
                    "AUTH_SECRET",
                    "NEXTAUTH_SECRET",
                ]
                .contains(&name.as_str()) =>
            {
                make(Some(secret.to_owned()), format!("{evidence} reads it; a value for development"))
            }
            (None | Some(_), false) => None,
            (_, true) => make(None, format!("{evidence} has a value, which is not copied")),
        };
    };
    if value.is_empty() || template_text::is_placeholder(value) {
        if let Some(secret) = meanings::development_secret(name) {
            return make(Some(secret.to_owned()), "a value for development".to_owned());
        }
        let looks_needed = template_text::is_placeholder(value) || meanings::is_secret(name);
        if looks_needed && !to_fill.contains(name) {
            to_fill.push(name.clone());
        }
        return make(Some(template_text::literal(value)), format!("as in {evidence}; fill it in if it is needed"));
    }
    if name == "NODE_ENV" && value == "production" {
        return make(Some("development".to_owned()), format!("{evidence} says production"));
    }
    let stray = value.contains("localhost:") || value.contains("127.0.0.1:");
    let comment = if stray {
        format!("as in {evidence}; nothing that was found listens there")
    } else {
        format!("as in {evidence}")
    };
    make(Some(template_text::literal(value)), comment)
}

/// The programs in the directory of an example file get what it says.
fn for_programs(variable: &Example, entry: &Entry, programs: &mut [(String, Program)]) {
    let Some((directory, _)) = variable.evidence.rsplit_once('/') else { return };
    let Some(value) = &entry.value else { return };
    for (_, program) in programs.iter_mut().filter(|(_, program)| program.directory == directory) {
        if !program.environment.iter().any(|(name, _)| *name == entry.name) {
            program.environment.push((entry.name.clone(), value.clone()));
        }
    }
}

/// Whether a template has no value without an agent.
fn needs_agent(template: &str) -> bool {
    [
        "ports.",
        "stores.",
        "s3.bucket",
        "s3.access_key",
        "s3.secret_key",
        "mail.user",
        "mail.password",
        "worktree",
        "{{ id",
    ]
    .iter()
    .any(|name| template.contains(name))
}

fn is_name(name: &str) -> bool {
    let first = name.bytes().next().is_some_and(|byte| byte.is_ascii_alphabetic() || byte == b'_');
    first && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// What `[infra]` calls a server that all agents share; none of one that is a store, or has a section of its own.
pub(super) fn service_name(service: BackingService) -> Option<&'static str> {
    match service {
        BackingService::S3 => Some("s3"),
        BackingService::Mail => Some("mail"),
        BackingService::Browser => Some("browser"),
        BackingService::Postgres
        | BackingService::Redis
        | BackingService::Mysql
        | BackingService::Mariadb
        | BackingService::Mongodb => None,
    }
}
