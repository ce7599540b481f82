//! What the home's record says, as the variables of the compose file; and the same as a file for
//! `docker compose --env-file`.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::PathBuf;

use super::compose::{OWN_FILE, OWN_TEXT};
use crate::infra::record::InfraRecord;
use crate::project::Durability;
use crate::system::{self, Home, read_optional, write_atomic};

/// The name of the env file in the home's `infra/compose`.
pub(super) const FILE: &str = ".env";
/// Variables that `infra compose` does not print the values of.
pub(super) const SECRETS: [&str; 3] = ["AGENT_DB_PASSWORD", "AGENT_MINIO_ROOT_PASSWORD", "AGENT_BROWSER_TOKEN"];

/// Variables by name.
pub(super) type Variables = BTreeMap<&'static str, String>;

/// The variables of a record.
pub(super) fn of(home: &Home, record: &InfraRecord) -> Variables {
    let credentials = &record.credentials;
    let mut variables = Variables::from([
        ("HARNESS_HOME_ID", home.id().to_owned()),
        ("AGENT_DB_USER", credentials.postgres_user.clone()),
        ("AGENT_DB_PASSWORD", credentials.postgres_password.expose().to_owned()),
        ("AGENT_MINIO_ROOT_USER", credentials.s3_access_key.clone()),
        ("AGENT_MINIO_ROOT_PASSWORD", credentials.s3_secret_key.expose().to_owned()),
        ("AGENT_BROWSER_TOKEN", credentials.browser_token.expose().to_owned()),
    ]);
    for (port, number, _) in record.ports() {
        variables.insert(port.variable(), number.to_string());
    }
    let mut put = |name, value: Option<String>| {
        if let Some(value) = value {
            variables.insert(name, value);
        }
    };
    if let Some(own) = record.hostings.postgres.own() {
        put("AGENT_DB_IMAGE", own.image.clone());
        let fsync = if own.durability == Durability::Safe { "on" } else { "off" };
        put("AGENT_DB_FSYNC", Some(fsync.to_owned()));
        if let Some(major) = record.docker.postgres_major.filter(|major| *major < 18) {
            // the builtin provider came with 17, the data directory moved up with 18
            let provider = if major == 17 { "--locale-provider=builtin " } else { "" };
            put("AGENT_DB_INITDB_ARGS", Some(format!("--encoding=UTF8 {provider}--locale=C.UTF-8")));
            put("AGENT_DB_DATA", Some("/var/lib/postgresql/data".to_owned()));
        }
    }
    put("AGENT_MINIO_IMAGE", record.hostings.s3.own().and_then(|own| own.image.clone()));
    put("AGENT_BROWSER_IMAGE", record.hostings.browser.own().and_then(|own| own.image.clone()));
    put("AGENT_MAILPIT_IMAGE", record.hostings.mail.own().and_then(|own| own.image.clone()));
    for (service, name) in [
        ("db", "AGENT_DB_MEMORY"),
        ("minio", "AGENT_MINIO_MEMORY"),
        ("headless-browser", "AGENT_BROWSER_MEMORY"),
        ("mailpit", "AGENT_MAILPIT_MEMORY"),
    ] {
        put(name, record.docker.memory.get(service).map(u64::to_string));
    }
    variables
}

/// Where the home keeps the compose file and its variables.
pub(super) fn directory(home: &Home) -> PathBuf {
    home.infra_dir().join("compose")
}

/// Removes what [`write`] wrote.
pub(super) fn remove(home: &Home) -> system::Result<()> {
    let directory = directory(home);
    match std::fs::remove_dir_all(&directory) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(system::Error::file("remove", &directory)(error))
        }
        _ => Ok(()),
    }
}

/// Writes both, where they are not already as they should be.
pub(super) fn write(home: &Home, project: &str, variables: &Variables) -> system::Result<()> {
    let directory = directory(home);
    std::fs::create_dir_all(&directory).map_err(system::Error::file("create", &directory))?;
    let mut text = String::from("# written by harness from its record of this home; holds passwords\n");
    let _ = writeln!(text, "COMPOSE_PROJECT_NAME='{project}'");
    for (name, value) in variables {
        let _ = writeln!(text, "{name}='{value}'");
    }
    for (file, content, mode) in [(OWN_FILE, OWN_TEXT, 0o644), (FILE, text.as_str(), 0o600)] {
        let path = directory.join(file);
        if read_optional(&path)?.as_deref() != Some(content.as_bytes()) {
            write_atomic(&path, content.as_bytes(), mode)?;
        }
    }
    Ok(())
}
