//! A whole compose file.

use std::collections::BTreeMap;
use std::path::Path;

use super::error::{Error, Result};
use super::fields::{Field, Lookup};
use super::parts::Source;
use super::service::ComposeService;
use super::yaml;

/// What a compose file describes, its variables put in.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ComposeFile {
    /// `name`, where the file has one.
    pub name: Option<String>,
    /// By name.
    pub services: BTreeMap<String, ComposeService>,
    /// By key; the engine's name has the project's before it.
    pub volumes: BTreeMap<String, Volume>,
    /// Labels of the network `default`.
    pub network_labels: BTreeMap<String, String>,
}

/// A named volume.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Volume {
    /// Beside those of docker compose.
    pub labels: BTreeMap<String, String>,
}

impl ComposeFile {
    /// Reads a text; `file` is what messages call it.
    ///
    /// # Errors
    /// It is not YAML, a key is outside the subset, a value or variable is missing or makes no sense: each with its
    /// line.
    pub fn parse(file: &Path, text: &str, lookup: Lookup<'_>) -> Result<Self> {
        let node =
            yaml::parse(text).map_err(|error| Error::Syntax { file: file.to_owned(), source: Box::new(error) })?;
        let root = Field { file, lookup, path: String::new(), line: node.line, node: &node };
        let mut document = Self::default();
        for (key, field) in root.entries()? {
            match key {
                "name" => document.name = Some(field.text()?),
                "services" => {
                    for (name, field) in field.entries()? {
                        document.services.insert(name.to_owned(), ComposeService::read(&field)?);
                    }
                }
                "volumes" => {
                    for (name, field) in field.entries()? {
                        document.volumes.insert(name.to_owned(), Volume { labels: labels(&field)? });
                    }
                }
                "networks" => {
                    for (name, field) in field.entries()? {
                        if name != "default" {
                            return Err(field.unsupported("every service is on the network `default`"));
                        }
                        document.network_labels = labels(&field)?;
                    }
                }
                // docker compose itself ignores it
                "version" => {}
                _ => return Err(field.unsupported("")),
            }
        }
        document.check_volumes(&root)?;
        Ok(document)
    }

    /// Every volume that is mounted is declared.
    fn check_volumes(&self, root: &Field<'_>) -> Result<()> {
        for (name, service) in &self.services {
            for mount in &service.mounts {
                if let Source::Volume(volume) = &mount.source
                    && !self.volumes.contains_key(volume)
                {
                    let key = format!("services.{name}.volumes");
                    let line = line_of(root, &["services", name, "volumes"]).unwrap_or(root.line);
                    let problem = format!("names the volume `{volume}`, which `volumes` does not declare");
                    return Err(Error::Value { file: root.file.to_owned(), line, key, problem });
                }
            }
        }
        Ok(())
    }
}

fn labels(field: &Field<'_>) -> Result<BTreeMap<String, String>> {
    let mut labels = BTreeMap::new();
    for (key, field) in field.entries()? {
        match key {
            "labels" => labels = field.pairs()?,
            _ => return Err(field.unsupported("")),
        }
    }
    Ok(labels)
}

fn line_of(root: &Field<'_>, path: &[&str]) -> Option<u64> {
    let mut field = root.clone();
    for step in path {
        field = field.entries().ok()?.into_iter().find(|(key, _)| key == step)?.1;
    }
    Some(field.line)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<ComposeFile> {
        ComposeFile::parse(Path::new("extra.yml"), text, &|name| (name == "PORT").then(|| "6380".to_owned()))
    }

    #[test]
    fn a_users_file_adds_services() {
        let text = "x-common: &common\n  restart: unless-stopped\nservices:\n  redis:\n    <<: *common\n    \
                    image: redis:8\n    command: redis-server --save ''\n    ports: [\"127.0.0.1:${PORT}:6379\"]\n    \
                    environment:\n      - A=1\n      - PORT\n      - UNSET\n    volumes: [data:/data]\nvolumes:\n  data:\n";
        let redis = &parse(text).unwrap().services["redis"];
        assert_eq!(redis.command.as_deref().unwrap(), ["redis-server", "--save", ""]);
        assert_eq!(redis.ports[0].published, 6380);
        assert_eq!(redis.environment.len(), 2);
        assert_eq!(redis.restart.as_ref().unwrap().text(), "unless-stopped");
    }

    #[test]
    fn what_is_not_supported_is_named_with_its_line() {
        for (text, expected) in [
            ("services:\n  a:\n    image: x\n    build: .\n", "line 4: `services.a.build` is not supported: give"),
            ("services:\n  a:\n    image: x\n    gpus: all\n", "line 4: `services.a.gpus` is not supported"),
            ("secrets:\n  a:\n    file: x\n", "line 1: `secrets` is not supported"),
            ("services:\n  a:\n    command: x\n", "line 2: `services.a` has no `image`"),
            ("services:\n  a:\n    image: x\n    mem_limit: lots\n", "line 4: `services.a.mem_limit` is not a size"),
            ("services:\n  a:\n    image: x\n    ports:\n      - 80\n", "line 5: `services.a.ports[0]` is not a port"),
            (
                "services:\n  a:\n    image: x\n    volumes: [d:/d]\n",
                "line 4: `services.a.volumes` names the volume `d`",
            ),
            ("services:\n  a:\n    image: ${IMG:?pick one}\n", "line 3: `services.a.image` needs the variable `IMG`"),
            ("networks:\n  other:\n", "line 2: `networks.other` is not supported"),
            ("services: [a]\n", "line 1: `services` is not a map"),
        ] {
            let error = parse(text).unwrap_err().to_string();
            assert!(error.starts_with("`extra.yml` "), "{error}");
            assert!(error.contains(expected), "{text}\n{error}");
        }
        assert!(matches!(parse("a: [1\nb: 2"), Err(Error::Syntax { .. })));
    }
}
