//! `[stores]`: servers that each agent gets its own copy of.

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::template::Template;

/// One store. Its server is the process of the same name.
#[derive(Debug, Clone, PartialEq)]
pub struct Store {
    /// What serves.
    pub serves: StoreKind,
    /// `init`: makes an empty data directory.
    pub init: Option<Template>,
    /// `template.steps`.
    pub steps: Vec<StoreStep>,
    /// `image`, and what goes with it.
    pub container: Option<Container>,
}

/// The container of a store whose server is an image. The process that runs it reads this.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Container {
    /// The image.
    pub image: String,
    /// The port of the server in the container; that of the image unless given.
    pub port: Option<u16>,
    /// Directories of the container that are the store's data, beside the volumes of the image.
    pub data: Vec<String>,
    /// In place of the image's entrypoint.
    pub entrypoint: Vec<String>,
    /// The variables of the process that it gets.
    pub environment: Vec<String>,
    /// Files and directories of the tree, and where it sees them.
    pub files: Vec<(String, String)>,
    /// How long the server may take to end.
    pub stop_seconds: i32,
}

impl Container {
    /// The program that an image is known by: `valkey` of `docker.io/valkey/valkey:8`.
    pub fn program_of(image: &str) -> Option<&str> {
        image.rsplit('/').next()?.split([':', '@']).next()
    }
}

/// What serves a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoreKind {
    /// `command`: a program of the project's own.
    Own,
    /// Valkey or Redis.
    Redis,
    /// MySQL or MariaDB.
    Mysql,
    /// MariaDB.
    Mariadb,
    /// MongoDB.
    Mongodb,
    /// Files of SQLite.
    Sqlite,
    /// `image`: a container.
    Image,
}

impl StoreKind {
    /// As `use` names it; `command` for one of the project's own.
    pub fn name(self) -> &'static str {
        match self {
            Self::Own => "command",
            Self::Redis => "redis",
            Self::Mysql => "mysql",
            Self::Mariadb => "mariadb",
            Self::Mongodb => "mongodb",
            Self::Sqlite => "sqlite",
            Self::Image => "image",
        }
    }

    /// Whether there is a server, and not only files.
    pub fn has_server(self) -> bool {
        self != Self::Sqlite
    }

    /// The port base unless another one is given: the server's usual port, which no agent gets itself.
    pub fn port_base(self) -> Option<u16> {
        match self {
            Self::Own | Self::Sqlite | Self::Image => None,
            Self::Redis => Some(6379),
            Self::Mysql | Self::Mariadb => Some(3306),
            Self::Mongodb => Some(27017),
        }
    }
}

/// One step of a store's template.
#[derive(Debug, Clone, PartialEq)]
pub struct StoreStep {
    /// Its name, unique among the steps.
    pub name: String,
    /// A shell command.
    pub run: Template,
    /// Globs of files that decide whether the template must be made again, relative to the tree.
    pub inputs: Vec<String>,
    /// Directory to run in, relative to the tree.
    pub working_dir: Option<PathBuf>,
    /// `timeout`, 10 minutes by default.
    pub timeout: Duration,
}
