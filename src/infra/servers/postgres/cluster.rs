//! The data directory: made by `initdb`, configured before every start, moved aside after a host crash.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::control_data::ControlData;
use super::crash::{self, StartMark};
use super::record::{BinariesRecord, PostgresRecord, has_control_file};
use super::server_config::{self, Plan};
use super::{control_data, memory};
use crate::infra::credentials::Credentials;
use crate::infra::error::{Error, Result};
use crate::infra::lost_cluster::LostCluster;
use crate::infra::servers::{directories, program};
use crate::postgres::{Origin, hba_rules};
use crate::project::Durability;
use crate::report::Events;
use crate::system::{self, Home, ServiceUser, boot_id, read_versioned, write_atomic, write_versioned};

/// Major version of a data directory; `None` when there is none.
pub(in crate::infra) fn data_version(data_dir: &Path) -> Result<Option<String>> {
    let bytes = system::read_optional(&data_dir.join("PG_VERSION"))?;
    Ok(bytes.map(|bytes| String::from_utf8_lossy(&bytes).trim().to_owned()))
}

/// The cluster that a record describes.
pub(super) struct Cluster<'a> {
    pub(super) home: &'a Home,
    pub(super) record: &'a PostgresRecord,
    pub(super) credentials: &'a Credentials,
    pub(super) binaries: &'a BinariesRecord,
    pub(super) user: Option<&'a ServiceUser>,
    pub(super) events: &'a Events,
}

impl Cluster<'_> {
    /// Makes the data directory fit to be started; the server must not run. Tells of a cluster that was lost.
    pub(super) async fn prepare(&self) -> Result<Option<LostCluster>> {
        let directory = directories::of_service(self.home, "db", self.user)?;
        let data_dir = PostgresRecord::data_dir(self.home);
        let mark = directory.join("started.json");
        let mut lost = None;
        if let Some(found) = data_version(&data_dir)? {
            if found != self.binaries.major.to_string() {
                return Err(Error::DataVersion { data_dir, found, chosen: self.binaries.major });
            }
            let data = control_data::read(&self.binaries.bin_dir, &data_dir, self.user).await?;
            let last_start = read_versioned::<StartMark>(&mark)?;
            if crash::may_be_torn(data.is_clean(), last_start.as_ref(), boot_id()) {
                lost = Some(move_aside(&directory, &data_dir, data, self.events)?);
            }
        }
        if data_version(&data_dir)?.is_none() {
            self.initialise(&directory, &data_dir).await?;
        }
        self.configure(&data_dir)?;
        remove_stale_lock(&data_dir.join("postmaster.pid"), &data_dir)?;
        if let Some(sockets) = self.record.socket_dir(self.home) {
            remove_stale_lock(&sockets.join(format!(".s.PGSQL.{}.lock", self.record.port)), &data_dir)?;
        }
        write_versioned(&mark, &StartMark { boot_id: boot_id().to_owned(), durability: self.record.durability })?;
        Ok(lost)
    }

    /// Runs `initdb` on a directory beside the final one and renames it: a `data` that exists is complete.
    async fn initialise(&self, directory: &Path, data_dir: &Path) -> Result<()> {
        if data_dir.exists() {
            // without PG_VERSION it is not a data directory: it must not be overwritten
            return Err(Error::UnknownData { data_dir: data_dir.to_owned() });
        }
        let task = self.events.task("infra", format!("create the PostgreSQL {} cluster", self.binaries.version));
        let scratch = directory.join("data.new");
        if scratch.exists() {
            fs::remove_dir_all(&scratch).map_err(system::Error::file("remove", &scratch))?;
        }
        directories::make_owned(&scratch, self.user)?;
        let password = PasswordFile::write(directory, self.credentials, self.user)?;
        let mut command = program::command(&self.binaries.bin_dir.join("initdb"), directory, self.user);
        command
            .arg("-D")
            .arg(&scratch)
            .args(["--encoding=UTF8", "--locale=C.UTF-8", "--auth=scram-sha-256", "--no-instructions"])
            .arg(format!("--username={}", self.credentials.postgres_user))
            .arg(format!("--pwfile={}", password.0.display()));
        if self.binaries.major >= 17 {
            command.arg("--locale-provider=builtin");
        }
        if self.record.durability == Durability::Fast {
            command.arg("--no-sync");
            if self.binaries.major >= 18 {
                command.arg("--no-data-checksums");
            }
        }
        program::run(command, Duration::from_mins(2)).await?;
        drop(password);
        let configuration = scratch.join("postgresql.conf");
        let mut text = fs::read_to_string(&configuration).map_err(system::Error::file("read", &configuration))?;
        text.push_str("\n# written by harness before every start\ninclude = 'harness.conf'\n");
        write_owned(&configuration, &text, self.user)?;
        fs::rename(&scratch, data_dir).map_err(system::Error::file("create", data_dir))?;
        task.finish();
        Ok(())
    }

    fn configure(&self, data_dir: &Path) -> Result<()> {
        let sockets = self.record.socket_dir(self.home);
        if let Some(sockets) = &sockets {
            // whoever is let into it still needs a password
            directories::make_passable(sockets, self.user)?;
        }
        let text = server_config::render(&Plan {
            port: self.record.port,
            sockets: sockets.as_deref(),
            durability: self.record.durability,
            memory: memory::available(),
            statements: has_control_file(&self.binaries.extension_dir, "pg_stat_statements"),
            settings: &self.record.settings,
        });
        write_owned(&data_dir.join(server_config::FILE), &text, self.user)?;
        write_owned(
            &data_dir.join("pg_hba.conf"),
            &hba_rules(&self.credentials.postgres_user, Origin::Machine),
            self.user,
        )
    }
}

fn move_aside(directory: &Path, data_dir: &Path, data: ControlData, events: &Events) -> Result<LostCluster> {
    let now = jiff::Timestamp::now();
    let moved_to = directory.join(format!("data.lost-{}", now.strftime("%Y%m%dT%H%M%SZ")));
    fs::rename(data_dir, &moved_to).map_err(system::Error::file("move aside", data_dir))?;
    events.warning(
        "infra",
        format!(
            "the machine went down while PostgreSQL ran with durability = \"fast\": its databases are lost and will be \
             rebuilt; the old files are in `{}`",
            moved_to.display()
        ),
    );
    Ok(LostCluster { system_identifier: data.system_identifier, moved_to, noticed_at: now.to_string() })
}

/// The file from which `initdb` reads the admin password; removed with the value.
struct PasswordFile(PathBuf);

impl PasswordFile {
    fn write(directory: &Path, credentials: &Credentials, user: Option<&ServiceUser>) -> Result<Self> {
        let path = directory.join("initdb-password");
        write_atomic(&path, credentials.postgres_password.expose().as_bytes(), 0o600)?;
        let file = Self(path);
        if let Some(user) = user {
            user.own(&file.0)?;
        }
        Ok(file)
    }
}

impl Drop for PasswordFile {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

fn write_owned(path: &Path, text: &str, user: Option<&ServiceUser>) -> Result<()> {
    write_atomic(path, text.as_bytes(), 0o600)?;
    if let Some(user) = user {
        user.own(path)?;
    }
    Ok(())
}

/// Removes a lock file (`postmaster.pid`, or that of the socket) whose process is no server of this data directory. The
/// server itself only asks whether the pid is alive, and refuses to start while its predecessor is not reaped, or when the
/// number now belongs to another process.
fn remove_stale_lock(path: &Path, data_dir: &Path) -> Result<()> {
    let Some(bytes) = system::read_optional(path)? else { return Ok(()) };
    let pid = String::from_utf8_lossy(&bytes).lines().next().and_then(|line| line.trim().parse::<u32>().ok());
    let serves =
        pid.is_some_and(|pid| fs::read_link(format!("/proc/{pid}/cwd")).is_ok_and(|directory| directory == data_dir));
    if !serves {
        system::remove_if_exists(path)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
