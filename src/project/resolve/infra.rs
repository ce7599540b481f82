//! `[infra]`, and where each of its host ports comes from.

use std::path::{Path, PathBuf};

use super::super::document::KeyPath;
use super::super::dotenv;
use super::super::model::{
    Durability, EngineChoice, InfraPort, InfraPorts, InfraSettings, PortSource, PostgresSettings, Service,
    ServiceSettings,
};
use super::super::port_file::PORT_FILE;
use super::super::problem::Problem;
use super::super::raw;
use super::resolver::Resolver;
use crate::system::Home;

pub(super) fn infra(
    resolver: &mut Resolver<'_>,
    raw: &raw::Infra,
    root: &Path,
    variable: &dyn Fn(&str) -> Option<String>,
) -> InfraSettings {
    let (ports, port_sources) = host_ports(resolver, raw, root, variable);
    let path = KeyPath::of("infra");
    let compose_project = raw.compose_project.clone().unwrap_or_else(|| "agent-infra".to_owned());
    let first = compose_project.bytes().next().is_some_and(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-".contains(&byte);
    if !first || !compose_project.bytes().all(allowed) {
        let rule = "docker compose allows lower-case letters, digits, `-` and `_`";
        let path = path.key("compose_project");
        resolver.report_with(&path, format!("`{compose_project}` cannot be the name at `{path}`"), rule);
    }
    let services = Service::ALL.map(|service| {
        let section = raw.section(service);
        ServiceSettings {
            image: section.image.cloned(),
            memory: resolver.memory(section.memory, &path.key(service.table()).key("memory")),
            disabled: section.disabled,
            url: section.url.cloned(),
        }
    });
    let postgres = &raw.postgres;
    InfraSettings {
        engine: match raw.engine {
            None | Some(raw::Engine::Auto) => EngineChoice::Auto,
            Some(raw::Engine::Docker) => EngineChoice::Docker,
            Some(raw::Engine::Native) => EngineChoice::Native,
        },
        compose_project,
        compose: raw.compose.as_ref().map(|file| root.join(file)),
        services,
        postgres: PostgresSettings {
            bin_dir: postgres.bin_dir.as_ref().map(|directory| root.join(directory)),
            durability: match postgres.durability {
                None | Some(raw::Durability::Fast) => Durability::Fast,
                Some(raw::Durability::Safe) => Durability::Safe,
            },
            settings: postgres.settings.0.iter().map(|(name, value)| (name.clone(), value.to_string())).collect(),
        },
        browser_token: raw.browser.token,
        ports,
        port_sources,
    }
}

/// `[database] replication` needs this log level; a wish of the project's own rules.
pub(super) fn add_replication(infra: &mut InfraSettings) {
    let settings = &mut infra.postgres.settings;
    if !settings.keys().any(|name| name.eq_ignore_ascii_case("wal_level")) {
        settings.insert("wal_level".to_owned(), "logical".to_owned());
    }
}

/// Environment, then `.env.agent-harness` of the project, then that of harness's home, then that of the user's home
/// directory, then `harness.toml`, then the default: for each port by itself.
fn host_ports(
    resolver: &mut Resolver<'_>,
    raw: &raw::Infra,
    root: &Path,
    variable: &dyn Fn(&str) -> Option<String>,
) -> (InfraPorts, [PortSource; InfraPort::ALL.len()]) {
    let set = |name: &str| variable(name).filter(|value| !value.is_empty());
    let directories = [Some(root.to_owned()), Home::locate(variable).ok(), set("HOME").map(PathBuf::from)];
    let files: Vec<(PathBuf, Vec<(String, String)>)> = directories
        .into_iter()
        .flatten()
        .map(|directory| directory.join(PORT_FILE))
        .filter_map(|path| {
            let entries = read_port_file(resolver, &path, variable)?;
            Some((path, entries))
        })
        .collect();
    let mut ports = InfraPorts::DEFAULT;
    let sources = InfraPort::ALL.map(|port| {
        let name = port.variable();
        let found = set(name).map(|text| (text, PortSource::Environment(name))).or_else(|| {
            files.iter().find_map(|(path, entries)| {
                let value = entries.iter().rev().find(|(key, value)| key == name && !value.is_empty())?;
                Some((value.1.clone(), PortSource::File(name, path.clone())))
            })
        });
        if let Some((text, source)) = found {
            match text.trim().parse::<u16>() {
                Ok(number) if number > 0 => ports.set(port, number),
                _ => {
                    let place = match &source {
                        PortSource::File(_, path) => format!("`{}`", path.display()),
                        _ => "the environment".to_owned(),
                    };
                    resolver.problems.push(Problem {
                        location: None,
                        key: name.to_owned(),
                        message: format!("`{name}` in {place} is `{text}`, not a port"),
                        hint: Some(format!("set it to a number from 1 to 65535, or unset it for {}", ports.get(port))),
                    });
                }
            }
            return source;
        }
        let Some(number) = configured(raw, port) else { return PortSource::Default };
        ports.set(port, number);
        let path = KeyPath::of("infra").key(port.service().table()).key(port.key());
        let place = resolver.document().locate(&path);
        PortSource::Configuration(place.map_or_else(|| resolver.document().file().to_owned(), |place| place.file))
    });
    (ports, sources)
}

fn configured(raw: &raw::Infra, port: InfraPort) -> Option<u16> {
    raw.section(port.service()).ports.into_iter().find_map(|(known, number)| number.filter(|_| known == port))
}

/// The variables of a port file; `None` when there is none, or it is broken and was reported.
fn read_port_file(
    resolver: &mut Resolver<'_>,
    path: &Path,
    variable: &dyn Fn(&str) -> Option<String>,
) -> Option<Vec<(String, String)>> {
    let wrong = match crate::system::read_optional(path) {
        Ok(None) => return None,
        Ok(Some(bytes)) => match dotenv::parse(&String::from_utf8_lossy(&bytes), variable) {
            Ok(entries) => return Some(entries),
            Err(error) => format!("`{}` line {}: {error}", path.display(), error.line),
        },
        Err(error) => error.to_string(),
    };
    resolver.problems.push(Problem { location: None, key: String::new(), message: wrong, hint: None });
    None
}
