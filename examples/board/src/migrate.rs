//! Plain SQL migrations: `migrations/*.sql` by name, each in a transaction, each recorded with its
//! checksum, so that one that was edited after it ran is refused.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use sha2::{Digest, Sha256};

use crate::{database, log};

#[derive(Debug, PartialEq, Eq)]
struct Migration {
    name: String,
    sql: String,
    checksum: String,
}

pub async fn migrate() -> Result<()> {
    let all = read(Path::new("migrations"))?;
    let mut client = database::dedicated().await?;
    // two at once would both see the same migrations missing
    client.execute("SELECT pg_advisory_lock(hashtext('board migrate'))", &[]).await.context("lock the schema")?;
    client
        .batch_execute(
            "CREATE TABLE IF NOT EXISTS schema_migrations (
                 name text PRIMARY KEY,
                 checksum text NOT NULL,
                 applied_at timestamptz NOT NULL DEFAULT now()
             )",
        )
        .await
        .context("create schema_migrations")?;
    let rows = client.query("SELECT name, checksum FROM schema_migrations", &[]).await?;
    let applied: BTreeMap<String, String> = rows.iter().map(|row| (row.get(0), row.get(1))).collect();

    let missing = pending(all, &applied)?;
    for migration in &missing {
        let transaction = client.transaction().await?;
        transaction.batch_execute(&migration.sql).await.with_context(|| format!("migration {}", migration.name))?;
        transaction
            .execute(
                "INSERT INTO schema_migrations (name, checksum) VALUES ($1, $2)",
                &[&migration.name, &migration.checksum],
            )
            .await?;
        transaction.commit().await.with_context(|| format!("commit migration {}", migration.name))?;
        log::info(format_args!("applied {}", migration.name));
    }
    log::info(format_args!("schema is up to date applied={} before={}", missing.len(), applied.len()));
    Ok(())
}

pub async fn seed() -> Result<()> {
    let path = Path::new("seeds/demo.sql");
    let sql = fs::read_to_string(path).with_context(|| format!("read {}", path.display()))?;
    let mut client = database::dedicated().await?;
    let transaction = client.transaction().await?;
    transaction.batch_execute(&sql).await.with_context(|| path.display().to_string())?;
    transaction.commit().await.context("commit the seed")?;
    log::info(format_args!("seeded from {}", path.display()));
    Ok(())
}

/// The migrations of a directory, by name.
fn read(directory: &Path) -> Result<Vec<Migration>> {
    let mut migrations = Vec::new();
    for entry in fs::read_dir(directory).with_context(|| format!("read {}", directory.display()))? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "sql") {
            let sql = fs::read_to_string(&path).with_context(|| format!("read {}", path.display()))?;
            let name = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
            migrations.push(Migration { name, checksum: checksum(sql.as_bytes()), sql });
        }
    }
    migrations.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(migrations)
}

/// Those that were not applied yet, in order.
fn pending(all: Vec<Migration>, applied: &BTreeMap<String, String>) -> Result<Vec<Migration>> {
    let unknown = applied.keys().find(|name| !all.iter().any(|migration| migration.name == **name));
    if let Some(name) = unknown {
        bail!("migration {name} was applied to this database, but has no file here");
    }
    let mut missing = Vec::new();
    for migration in all {
        match applied.get(&migration.name) {
            None => missing.push(migration),
            Some(checksum) if *checksum == migration.checksum => {
                if let Some(earlier) = missing.first() {
                    bail!("migration {} comes before {}, which was applied already", earlier.name, migration.name);
                }
            }
            Some(_) => bail!("migration {} was changed after it was applied", migration.name),
        }
    }
    Ok(missing)
}

/// SHA-256 in hexadecimal digits.
pub fn checksum(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn migration(name: &str, sql: &str) -> Migration {
        Migration { name: name.into(), sql: sql.into(), checksum: checksum(sql.as_bytes()) }
    }

    fn applied(migrations: &[Migration]) -> BTreeMap<String, String> {
        migrations.iter().map(|migration| (migration.name.clone(), migration.checksum.clone())).collect()
    }

    #[test]
    fn only_what_is_missing_is_applied() {
        let (one, two) = (migration("0001_a", "a"), migration("0002_b", "b"));
        let done = applied(std::slice::from_ref(&one));
        assert_eq!(pending(vec![one, two], &done).unwrap(), [migration("0002_b", "b")]);
    }

    #[test]
    fn an_edited_migration_is_refused() {
        let done = applied(&[migration("0001_a", "a")]);
        let error = pending(vec![migration("0001_a", "changed")], &done).unwrap_err();
        assert_eq!(error.to_string(), "migration 0001_a was changed after it was applied");
    }

    #[test]
    fn a_migration_in_between_is_refused() {
        let done = applied(&[migration("0002_b", "b")]);
        let error = pending(vec![migration("0001_a", "a"), migration("0002_b", "b")], &done).unwrap_err();
        assert_eq!(error.to_string(), "migration 0001_a comes before 0002_b, which was applied already");
    }

    #[test]
    fn a_migration_without_its_file_is_refused() {
        let error = pending(Vec::new(), &applied(&[migration("0001_a", "a")])).unwrap_err();
        assert_eq!(error.to_string(), "migration 0001_a was applied to this database, but has no file here");
    }

    #[test]
    fn the_shipped_migrations_are_in_order() {
        let names: Vec<String> = read(Path::new("migrations")).unwrap().into_iter().map(|one| one.name).collect();
        assert_eq!(names, ["0001_messages", "0002_uploads", "0003_settings"]);
    }
}
