//! Keys of workers in the database: their hashes alone. A key has 190 random bits, so that its plain SHA-256 cannot be
//! turned around.

use sha2::{Digest, Sha256};

use super::StoreError;
use super::sql::{Sql, values};
use crate::report::{Happening, WorkerKey};
use crate::system::{Secret, hexadecimal};

/// What is kept of a key.
pub(in crate::serve) fn hash(key: &str) -> String {
    hexadecimal(&Sha256::digest(key.as_bytes()))
}

/// All, by name, with their hashes.
pub(in crate::serve) fn all(sql: &dyn Sql) -> Result<Vec<(WorkerKey, String)>, StoreError> {
    let rows = sql.query("SELECT worker, created_at, hash FROM worker_keys ORDER BY worker", &[])?;
    rows.iter().map(|row| Ok((document(row.get(0)?, row.get(1)?, None), row.get(2)?))).collect()
}

/// Makes a key; an earlier one of this worker holds no more.
pub(in crate::serve) fn create(sql: &dyn Sql, worker: &str) -> Result<(WorkerKey, Vec<Happening>), StoreError> {
    let key = format!("hw_{}", Secret::generate().expose());
    let now = jiff::Timestamp::now().to_string();
    sql.execute(
        "INSERT INTO worker_keys (worker, hash, created_at) VALUES (?1, ?2, ?3)
         ON CONFLICT (worker) DO UPDATE SET hash = ?2, created_at = ?3",
        values![worker, hash(&key), &now],
    )?;
    Ok((document(worker.to_owned(), now, Some(key)), Vec::new()))
}

/// Removes the key of a worker; says whether there was one.
pub(in crate::serve) fn remove(sql: &dyn Sql, worker: &str) -> Result<(bool, Vec<Happening>), StoreError> {
    let removed = sql.execute("DELETE FROM worker_keys WHERE worker = ?1", values![worker])?;
    Ok((removed > 0, Vec::new()))
}

fn document(worker: String, created_at: String, key: Option<String>) -> WorkerKey {
    WorkerKey { schema: "harness/serve-key/1".to_owned(), worker, created_at, key }
}
