//! `[stores]`.

use std::borrow::Cow;
use std::path::PathBuf;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::process::{ReadinessProbe, Shutdown};
use super::{DurationValue, Ordered, Scalar};

/// Further servers that each agent gets its own copy of, by name.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Stores {
    /// `from`.
    pub(crate) from: Option<PathBuf>,
    /// All others.
    pub(crate) stores: Ordered<Store>,
}

const FROM: &str = "from";

impl<'de> Deserialize<'de> for Stores {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Table;
        impl<'de> Visitor<'de> for Table {
            type Value = Stores;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("a table")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Stores, A::Error> {
                let mut read = Stores::default();
                while let Some(key) = map.next_key::<String>()? {
                    if key == FROM {
                        read.from = Some(map.next_value()?);
                    } else {
                        read.stores.0.push((key, map.next_value()?));
                    }
                }
                Ok(read)
            }
        }
        deserializer.deserialize_map(Table)
    }
}

impl JsonSchema for Stores {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Stores".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let store = generator.subschema_for::<Store>();
        let from = "A compose file whose services become stores: those with an image that harness does not run for all agents.";
        json_schema!({
            "type": "object",
            "properties": { FROM: { "type": "string", "description": from } },
            "additionalProperties": store,
        })
    }
}

/// A server that each agent gets its own copy of: `use`, `command` or `image`.
#[derive(Debug, Clone, PartialEq, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Store {
    /// A store that harness knows: how it is started, asked and reached. It must be installed.
    #[serde(rename = "use")]
    pub(crate) ready: Option<ReadyStore>,
    /// Any other server, a template that names `{{ stores.<name>.dir }}` and `{{ stores.<name>.port }}`.
    pub(crate) command: Option<String>,
    /// An image that the Docker engine of this machine runs, one container for each agent: `"valkey/valkey:8"`.
    pub(crate) image: Option<String>,
    /// Further arguments of a store that harness knows, a template: `"--maxmemory 100mb"`; with `image`, in place of the image's
    /// command.
    pub(crate) arguments: Option<String>,
    /// With `image`: the port on which the server listens in its container. Unless given, the only one that the image exposes.
    #[schemars(range(min = 1))]
    pub(crate) container_port: Option<u16>,
    /// With `image`: directories of the container in which the server keeps its data, beside the volumes of the image: `["/data"]`.
    pub(crate) data: Option<Vec<String>>,
    /// With `image`: a command line in place of the image's entrypoint.
    pub(crate) entrypoint: Option<String>,
    /// With `image`: files and directories of the tree, by the place at which the container sees them, read-only:
    /// `{ "/docker-entrypoint-initdb.d/schema.sql" = "db/schema.sql" }`.
    #[serde(default)]
    pub(crate) files: Ordered<PathBuf>,
    /// Port base: agent n gets base + 10 n. A store that harness knows has one; otherwise it is given here, or in `[ports]`
    /// under the store's name.
    #[schemars(range(min = 1))]
    pub(crate) port: Option<u16>,
    /// A shell command that makes an empty data directory, where the server does not do so itself; a template.
    pub(crate) init: Option<String>,
    /// Environment of the server on top of `[env]`; values are templates.
    #[serde(default)]
    pub(crate) environment: Ordered<Scalar>,
    /// When the server is ready; unless given, when it accepts connections.
    pub(crate) readiness_probe: Option<ReadinessProbe>,
    /// How the server is stopped.
    #[serde(default)]
    pub(crate) shutdown: Shutdown,
    /// What is in each agent's copy.
    #[serde(default)]
    pub(crate) template: StoreTemplate,
}

/// A store that harness knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub(crate) enum ReadyStore {
    /// Valkey or Redis, whichever is installed.
    Redis,
    /// MySQL, or MariaDB where that is installed instead.
    Mysql,
    /// MariaDB.
    Mariadb,
    /// MongoDB.
    Mongodb,
    /// A directory for files of SQLite, without a server.
    Sqlite,
}

/// What is in each agent's copy of a store.
#[derive(Debug, Clone, PartialEq, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub(crate) struct StoreTemplate {
    /// Run in order against an empty store, which runs meanwhile. They get `STORE_DIR`, `STORE_PORT`, `STORE_URL` and those
    /// `[env]` values that need no agent.
    #[serde(default)]
    pub(crate) steps: Vec<StoreStep>,
}

/// A step of a store's template.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct StoreStep {
    /// Its name, unique among the steps.
    pub(crate) name: String,
    /// A shell command, a template; `stores.<name>` is the one being built.
    pub(crate) run: String,
    /// Globs of the files that decide whether the template must be made again: `["seed/**"]`.
    #[serde(default)]
    pub(crate) inputs: Vec<String>,
    /// Directory to run in, relative to the tree.
    pub(crate) working_dir: Option<PathBuf>,
    /// `"10m"` unless given.
    pub(crate) timeout: Option<DurationValue>,
}
