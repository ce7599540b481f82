//! `harness.conf`, which `postgresql.conf` includes. It is written before every start, from the record alone, as
//! is `pg_hba.conf` ([`crate::postgres::hba_rules`]).

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use crate::infra::error::{Error, Result};
use crate::project::Durability;

/// What harness sets for `pg_stat_statements` where it is installed.
const STATEMENTS: [(&str, &str); 2] = [("pg_stat_statements.track", "all"), ("pg_stat_statements.max", "10000")];

/// What logical replication needs beside its log level: a slot and a sender for each agent. A slot that was given up
/// must not fill the disk.
const REPLICATION: [(&str, &str); 3] =
    [("max_replication_slots", "100"), ("max_wal_senders", "100"), ("max_slot_wal_keep_size", "2GB")];

/// The project's settings, with what belongs to logical replication where they ask for that.
pub(super) fn with_replication(settings: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let mut all: BTreeMap<String, String> =
        settings.iter().map(|(name, value)| (name.to_ascii_lowercase(), value.clone())).collect();
    if all.get("wal_level").is_some_and(|level| level.eq_ignore_ascii_case("logical")) {
        for (name, value) in REPLICATION {
            all.entry(name.to_owned()).or_insert_with(|| value.to_owned());
        }
    }
    all
}

/// What a setting is unless a project asks for another value.
pub(super) fn default_of(name: &str) -> Option<&'static str> {
    STATEMENTS.iter().find(|(known, _)| *known == name).map(|(_, value)| *value)
}

/// Included last by `postgresql.conf`, so that it rules; `ALTER SYSTEM` still rules over it.
pub(super) const FILE: &str = "harness.conf";

/// Settings that decide where the server listens and whom it lets in.
const RESERVED: [&str; 9] = [
    "config_file",
    "data_directory",
    "external_pid_file",
    "hba_file",
    "ident_file",
    "listen_addresses",
    "password_encryption",
    "port",
    "unix_socket_directories",
];

/// What decides the settings.
pub(super) struct Plan<'a> {
    pub(super) port: u16,
    /// Where its Unix socket goes; `None` where the path is too long for one.
    pub(super) sockets: Option<&'a Path>,
    pub(super) durability: Durability,
    /// Memory of the machine in bytes.
    pub(super) memory: u64,
    /// Whether `pg_stat_statements` is installed.
    pub(super) statements: bool,
    /// The user's own settings; they rule over harness's tuning.
    pub(super) settings: &'a BTreeMap<String, String>,
}

/// Refuses settings that would move the server or let others in.
pub(in crate::infra) fn check(settings: &BTreeMap<String, String>) -> Result<()> {
    let wrong = |name: &&String| {
        let plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.'));
        !plain || RESERVED.contains(&name.to_ascii_lowercase().as_str())
    };
    match settings.keys().find(wrong) {
        Some(name) => Err(Error::ReservedSetting { name: name.clone() }),
        None => Ok(()),
    }
}

/// An element of a list of directories, which commas separate.
fn quoted_path(path: &Path) -> String {
    format!("\"{}\"", path.display().to_string().replace('"', "\"\""))
}

/// The text of `harness.conf`.
pub(super) fn render(plan: &Plan<'_>) -> String {
    let (shared_buffers, cache) = super::memory::shares(plan.memory);
    let mut settings: BTreeMap<String, String> = BTreeMap::new();
    let mut set = |name: &str, value: &str| {
        settings.insert(name.to_owned(), value.to_owned());
    };
    set("listen_addresses", "127.0.0.1, ::1");
    set("port", &plan.port.to_string());
    set("unix_socket_directories", &plan.sockets.map_or_else(String::new, quoted_path));
    set("password_encryption", "scram-sha-256");
    set("max_connections", "300");
    set("superuser_reserved_connections", "10");
    set("shared_buffers", &format!("{shared_buffers}MB"));
    set("effective_cache_size", &format!("{cache}MB"));
    set("maintenance_work_mem", "128MB");
    // a clone or a REASSIGN OWNED locks every object of a database in one transaction
    set("max_locks_per_transaction", "256");
    // compiling a query costs more than the small queries of development gain
    set("jit", "off");
    set("random_page_cost", "1.1");
    set("max_wal_size", "2GB");
    set("logging_collector", "off");
    set("log_destination", "stderr");
    set("log_line_prefix", "%m [%p] %q%u@%d ");
    set("log_checkpoints", "off");
    set("timezone", "UTC");
    set("log_timezone", "UTC");
    if plan.statements {
        set("shared_preload_libraries", "pg_stat_statements");
        for (name, value) in STATEMENTS {
            set(name, value);
        }
    }
    if plan.durability == Durability::Fast {
        // synchronous_commit stays on: without fsync a commit costs one write, and with it off a server that is
        // killed loses what was committed in the last moments, though the machine lives on
        for name in ["fsync", "full_page_writes"] {
            set(name, "off");
        }
        // what can be rebuilt is not replicated; bulk loads then skip the log
        set("wal_level", "minimal");
        set("max_wal_senders", "0");
        set("checkpoint_timeout", "15min");
    }
    for (name, value) in with_replication(plan.settings) {
        let value = match settings.get(&name) {
            // the user's libraries are loaded beside harness's own
            Some(own) if name == "shared_preload_libraries" && !value.contains(own.as_str()) => {
                format!("{own}, {value}")
            }
            _ => value,
        };
        settings.insert(name, value);
    }
    // a log level for replication also needs its senders
    if settings.get("wal_level").is_some_and(|level| level != "minimal")
        && settings.get("max_wal_senders").is_some_and(|senders| senders == "0")
        && !plan.settings.contains_key("max_wal_senders")
    {
        settings.remove("max_wal_senders");
    }
    let mut text = String::from("# written by harness before every start\n");
    for (name, value) in settings {
        let quoted = value.replace('\\', "\\\\").replace('\'', "''");
        let _ = writeln!(text, "{name} = '{quoted}'");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(settings: &BTreeMap<String, String>, durability: Durability) -> String {
        render(&Plan {
            port: 15432,
            sockets: Some(Path::new("/home/a b/sockets")),
            durability,
            memory: 8 << 30,
            statements: true,
            settings,
        })
    }

    fn user(entries: &[(&str, &str)]) -> BTreeMap<String, String> {
        entries.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn durability_alone_decides_about_fsync() {
        assert!(plan(&user(&[]), Durability::Fast).contains("\nfsync = 'off'\n"));
        assert!(!plan(&user(&[]), Durability::Safe).contains("fsync"));
    }

    #[test]
    fn a_directory_of_sockets_is_one_element_of_a_list() {
        let text = plan(&user(&[]), Durability::Safe);
        assert!(text.contains("\nunix_socket_directories = '\"/home/a b/sockets\"'\n"), "{text}");
    }

    #[test]
    fn the_users_settings_rule_and_libraries_add_up() {
        let settings = user(&[("Shared_Preload_Libraries", "pg_cron"), ("work_mem", "it's"), ("wal_level", "logical")]);
        let text = plan(&settings, Durability::Fast);
        assert!(text.contains("shared_preload_libraries = 'pg_stat_statements, pg_cron'"), "{text}");
        assert!(text.contains("work_mem = 'it''s'"), "{text}");
        assert!(text.contains("wal_level = 'logical'") && text.contains("max_wal_senders = '100'"), "{text}");
    }

    #[test]
    fn a_setting_that_opens_the_server_is_refused() {
        for name in ["listen_addresses", "PORT", "hba_file", "x = 1\ny"] {
            let error = check(&user(&[(name, "x")])).unwrap_err();
            assert!(error.to_string().contains(name), "{error}");
        }
        check(&user(&[("work_mem", "64MB"), ("pg_stat_statements.max", "5")])).unwrap();
    }
}
