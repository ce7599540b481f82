//! The document as docker compose's own JSON, and from it the hash by which docker compose sees whether a container
//! is still as described.
//!
//! That hash is the SHA-256 of the service as Go writes it: keys in the order of compose's own type, maps sorted,
//! absent fields left out, `<`, `>` and `&` escaped. The same JSON, with dollar signs doubled again, is a compose
//! file: what `harness infra compose` prints.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::document::ComposeFile;
use super::parts::{HealthCheck, Mount, PortMapping, Source};
use super::service::ComposeService;
use super::units::go_duration;

impl ComposeService {
    /// What `docker compose config --hash` says of this service.
    pub fn config_hash(&self) -> String {
        let text = self.canonical().to_string();
        let escaped = text.replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026");
        Sha256::digest(escaped).iter().fold(String::new(), |hash, byte| hash + &format!("{byte:02x}"))
    }

    fn canonical(&self) -> Value {
        let mut map = Map::new();
        let mut put = |key: &str, value: Option<Value>| {
            if let Some(value) = value {
                map.insert(key.to_owned(), value);
            }
        };
        put("command", Some(json!(self.command)));
        put("entrypoint", Some(json!(self.entrypoint)));
        put("environment", unless_empty(&self.environment));
        put("healthcheck", self.health_check.as_ref().map(HealthCheck::canonical));
        put("image", Some(json!(self.image)));
        put("init", self.init.map(Value::from));
        put("labels", unless_empty(&self.labels));
        put("mem_limit", self.mem_limit.map(|bytes| json!(bytes.to_string())));
        put("networks", Some(json!({ "default": null })));
        put("ports", list(&self.ports, PortMapping::canonical));
        put("restart", self.restart.as_ref().map(|restart| json!(restart.text())));
        put("shm_size", self.shm_size.map(|bytes| json!(bytes.to_string())));
        put("stop_grace_period", self.stop_grace_period.map(|period| json!(go_duration(period))));
        put("stop_signal", self.stop_signal.as_ref().map(|signal| json!(signal)));
        put("tmpfs", list(&self.tmpfs, |path| json!(path)));
        put("user", self.user.as_ref().map(|user| json!(user)));
        put("volumes", list(&self.mounts, Mount::canonical));
        put("working_dir", self.working_dir.as_ref().map(|directory| json!(directory)));
        Value::Object(map)
    }
}

impl HealthCheck {
    fn canonical(&self) -> Value {
        let mut map = Map::new();
        if !self.test.is_empty() {
            map.insert("test".to_owned(), json!(self.test));
        }
        for (key, duration) in [("timeout", self.timeout), ("interval", self.interval)] {
            if let Some(duration) = duration {
                map.insert(key.to_owned(), json!(go_duration(duration)));
            }
        }
        if let Some(retries) = self.retries {
            map.insert("retries".to_owned(), json!(retries));
        }
        if let Some(period) = self.start_period {
            map.insert("start_period".to_owned(), json!(go_duration(period)));
        }
        if self.disable {
            map.insert("disable".to_owned(), json!(true));
        }
        Value::Object(map)
    }
}

impl PortMapping {
    fn canonical(&self) -> Value {
        let mut map = Map::new();
        map.insert("mode".to_owned(), json!("ingress"));
        if let Some(address) = &self.host_ip {
            map.insert("host_ip".to_owned(), json!(address));
        }
        map.insert("target".to_owned(), json!(self.target));
        map.insert("published".to_owned(), json!(self.published.to_string()));
        map.insert("protocol".to_owned(), json!(self.protocol));
        Value::Object(map)
    }
}

impl Mount {
    fn canonical(&self) -> Value {
        let (kind, source, options) = match &self.source {
            Source::Volume(name) => ("volume", name, json!({})),
            Source::Bind(path) => ("bind", path, json!({ "create_host_path": true })),
        };
        let mut map = Map::new();
        map.insert("type".to_owned(), json!(kind));
        map.insert("source".to_owned(), json!(source));
        map.insert("target".to_owned(), json!(self.target));
        if self.read_only {
            map.insert("read_only".to_owned(), json!(true));
        }
        map.insert(kind.to_owned(), options);
        Value::Object(map)
    }
}

impl ComposeFile {
    /// The document as a compose file again, in the form of `docker compose config --format json`. These references to
    /// variables stay as they are.
    pub fn resolved(&self, project: &str, references: &[String]) -> Value {
        let services: Map<String, Value> = self
            .services
            .iter()
            .map(|(name, service)| (name.clone(), doubled(service.canonical(), references)))
            .collect();
        let volumes: Map<String, Value> = self
            .volumes
            .iter()
            .map(|(name, volume)| {
                (name.clone(), json!({ "name": format!("{project}_{name}"), "labels": volume.labels }))
            })
            .collect();
        json!({
            "name": project,
            "networks": { "default": { "name": format!("{project}_default"), "labels": self.network_labels } },
            "services": services,
            "volumes": volumes,
        })
    }
}

/// Dollar signs that belong to the value, as a compose file writes them.
fn doubled(value: Value, references: &[String]) -> Value {
    match value {
        Value::String(text) => Value::String(
            references
                .iter()
                .fold(text.replace('$', "$$"), |text, reference| text.replace(&format!("${reference}"), reference)),
        ),
        Value::Array(items) => Value::Array(items.into_iter().map(|item| doubled(item, references)).collect()),
        Value::Object(map) => {
            Value::Object(map.into_iter().map(|(key, value)| (key, doubled(value, references))).collect())
        }
        other => other,
    }
}

fn unless_empty(map: &BTreeMap<String, String>) -> Option<Value> {
    (!map.is_empty()).then(|| json!(map))
}

fn list<T>(items: &[T], canonical: impl Fn(&T) -> Value) -> Option<Value> {
    (!items.is_empty()).then(|| items.iter().map(canonical).collect())
}
