//! What the home's record says, as the variables of the compose file; and the same as a file for
//! `docker compose --env-file`.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::PathBuf;

use crate::infra::compose::{OWN_FILE, OWN_TEXT};
use crate::infra::credentials::Credentials;
use crate::infra::record::InfraRecord;
use crate::infra::servers::hosted::Hosted;
use crate::infra::servers::list::Hostings;
use crate::infra::servers::server::Login;
use crate::system::{self, Home, read_optional, write_atomic};

/// The name of the env file in the home's `infra/compose`.
pub(super) const FILE: &str = ".env";
/// The variable with the home's id.
const HOME_ID: &str = "HARNESS_HOME_ID";

/// Variables by name.
pub(super) type Variables = BTreeMap<String, String>;

/// The variables of a record.
pub(super) fn of(home: &Home, record: &InfraRecord) -> Variables {
    let common = record.common();
    let mut variables = Variables::from([(HOME_ID.to_owned(), home.id().to_owned())]);
    for server in record.hostings.all() {
        for (name, login) in server.compose_credentials(common.credentials) {
            let value = match login {
                Login::Name(name) => name,
                Login::Secret(secret) => secret.expose().to_owned(),
            };
            variables.insert(name.to_owned(), value);
        }
        let image = server.image().map(|image| ("IMAGE", image.to_owned()));
        let memory = record.docker.memory.get(server.name()).map(|bytes| ("MEMORY", bytes.to_string()));
        let common_ones = image.into_iter().chain(memory);
        variables.extend(common_ones.map(|(name, value)| (format!("{}_{name}", server.variables()), value)));
        variables.extend(server.compose_variables(&common).into_iter().map(|(name, value)| (name.to_owned(), value)));
    }
    variables
        .extend(record.ports().into_iter().map(|(port, number, _)| (port.variable().to_owned(), number.to_string())));
    variables
}

/// The names of those whose values `infra compose` does not print.
pub(super) fn secrets(record: &InfraRecord) -> Vec<&'static str> {
    let common = record.common();
    let of = |server: &dyn Hosted| {
        let plain = server.compose_variables(&common);
        let logins = server.compose_credentials(common.credentials);
        // a server without a login says so with a variable in its place
        let is_secret = move |(name, login): &(&str, Login)| {
            matches!(login, Login::Secret(_)) && !plain.iter().any(|(other, _)| other == name)
        };
        logins.into_iter().filter(is_secret).map(|(name, _)| name).collect::<Vec<_>>()
    };
    record.hostings.all().into_iter().flat_map(of).collect()
}

/// How a compose file refers to a secret. Without its value docker compose refuses to start the server.
pub(super) fn reference(name: &str) -> String {
    format!("${{{name}:?run docker compose with --env-file HOME/infra/compose/.env}}")
}

/// Some value for a variable that the compose file asks for and that has no default there.
pub(super) fn sample(name: &str) -> Option<String> {
    let credentials = Credentials::generate();
    let servers = Hostings::none();
    let mut logins = servers.all().into_iter().flat_map(|server| server.compose_credentials(&credentials));
    (name == HOME_ID || logins.any(|(login, _)| login == name)).then(|| "-".to_owned())
}

/// Where the home keeps the compose file and its variables.
pub(super) fn directory(home: &Home) -> PathBuf {
    home.infra_dir().join("compose")
}

/// Removes what [`write()`] wrote.
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
