//! The embedded compose file.

use std::path::Path;

use super::document::ComposeFile;
use super::error::Result;

/// What messages call it, and what it is named in the home.
pub const OWN_FILE: &str = "docker-compose.agent.yml";
/// Its text.
pub const OWN_TEXT: &str = include_str!("../../../compose/docker-compose.agent.yml");

/// The embedded file with these variables.
///
/// # Errors
/// A value makes no sense for its key, such as a memory limit that is no size.
pub fn own(lookup: &dyn Fn(&str) -> Option<String>) -> Result<ComposeFile> {
    ComposeFile::parse(Path::new(OWN_FILE), OWN_TEXT, lookup)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variables(name: &str) -> Option<String> {
        let value = match name {
            "AGENT_DB_PASSWORD" => "a",
            "AGENT_MINIO_ROOT_PASSWORD" => "bbbbbbbbbbbbbb",
            "AGENT_BROWSER_TOKEN" => "c",
            "HARNESS_HOME_ID" => "h1",
            _ => return None,
        };
        Some(value.to_owned())
    }

    /// What the real `docker compose config --hash '*'` says with these variables.
    #[test]
    fn hashes_are_those_of_docker_compose() {
        let document = own(&variables).unwrap();
        for (service, hash) in [
            ("db", "2b76f0df0c674a8c7e02cfde07dd64822bd50dd9f7c67408f200398093df9fce"),
            ("headless-browser", "1574c2cbf326e681ac68f1b128106c6c818b9da6f316c9df910a02f05d1f8566"),
            ("mailpit", "3bcac61e2da5e9f0494e5764375e01340a9d9215b3d42170881f24cb4d7cf364"),
            ("minio", "812e2d05bedceebff007fe46db37754fee2fac66fe458955509410fde8acc365"),
        ] {
            assert_eq!(document.services[service].config_hash(), hash, "{service}");
        }
    }

    #[test]
    fn it_has_the_four_services_with_their_names_ports_and_volumes() {
        let document = own(&variables).unwrap();
        let names: Vec<&str> = document.services.keys().map(String::as_str).collect();
        assert_eq!(names, ["db", "headless-browser", "mailpit", "minio"]);
        assert_eq!(document.name.as_deref(), Some("agent-infra"));
        assert_eq!(document.volumes.keys().collect::<Vec<_>>(), ["agent-db-data", "agent-minio-data"]);
        let mut published: Vec<u16> =
            document.services.values().flat_map(|service| &service.ports).map(|port| port.published).collect();
        published.sort_unstable();
        assert_eq!(published, [11025, 13001, 15432, 18025, 19000, 19001]);
        for service in document.services.values() {
            assert!(service.ports.iter().all(|port| port.host_ip.as_deref() == Some("127.0.0.1")));
            assert_eq!(service.labels["harness.home"], "h1");
            assert!(service.health_check.is_some() && service.restart.is_some() && service.mem_limit.is_some());
        }
    }

    #[test]
    fn a_secret_that_is_missing_is_named() {
        let error = own(&|_| None).unwrap_err().to_string();
        assert!(error.contains("needs the variable `AGENT_DB_PASSWORD`"), "{error}");
    }
}
