//! The shape of the database, as the steps that led to it. A step that was released is never changed.
//!
//! All of it is in a schema of its own, `harness`, so that it may be anybody's database. Numbers are of 64 bits and
//! everything else is text, as [`super::super::sql`] has it.

use tokio_postgres::Client;

use super::connection::{connect, in_time, prepare};
use super::database::QueueDatabase;
use crate::serve::store::StoreError;

const STEPS: [&str; 2] = [
    // 1: as `SQLite` has it after its step 5, without what is of one machine
    "CREATE TABLE projects (
        id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        name TEXT NOT NULL UNIQUE,
        settings TEXT NOT NULL,
        created_at TEXT NOT NULL
    );
    CREATE TABLE tasks (
        id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        title TEXT NOT NULL,
        text TEXT NOT NULL,
        status TEXT NOT NULL,
        assignee BIGINT,
        place BIGINT NOT NULL,
        created_at TEXT NOT NULL,
        updated_at TEXT NOT NULL,
        project BIGINT REFERENCES projects (id),
        pull_request TEXT
    );
    CREATE INDEX tasks_by_place ON tasks (status, place);
    CREATE TABLE notes (
        id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        task BIGINT NOT NULL REFERENCES tasks (id) ON DELETE CASCADE,
        text TEXT NOT NULL,
        created_at TEXT NOT NULL
    );
    CREATE INDEX notes_by_task ON notes (task);
    CREATE TABLE queue_jobs (
        id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        ticket BIGINT NOT NULL REFERENCES tasks (id) ON DELETE CASCADE,
        project BIGINT NOT NULL REFERENCES projects (id),
        kind TEXT NOT NULL,
        state TEXT NOT NULL,
        attempt BIGINT NOT NULL,
        tries BIGINT NOT NULL,
        worker TEXT,
        key TEXT,
        fence BIGINT UNIQUE,
        lease_until BIGINT,
        ready_at BIGINT NOT NULL,
        created_at BIGINT NOT NULL,
        claimed_at BIGINT,
        finished_at BIGINT,
        outcome TEXT NOT NULL
    );
    CREATE INDEX queue_jobs_by_ticket ON queue_jobs (ticket);
    CREATE UNIQUE INDEX queue_jobs_live ON queue_jobs (ticket)
        WHERE state IN ('pending', 'claimed', 'running', 'verifying');
    CREATE INDEX queue_jobs_pending ON queue_jobs (ready_at, id) WHERE state = 'pending';
    CREATE INDEX queue_jobs_leased ON queue_jobs (lease_until) WHERE state IN ('claimed', 'running', 'verifying');
    CREATE INDEX queue_jobs_claimed ON queue_jobs (claimed_at) WHERE claimed_at IS NOT NULL;
    CREATE SEQUENCE fences;
    CREATE TABLE job_lines (
        number BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        job BIGINT NOT NULL REFERENCES queue_jobs (id) ON DELETE CASCADE,
        time TEXT NOT NULL,
        text TEXT NOT NULL
    );
    CREATE INDEX job_lines_by_job ON job_lines (job, number);
    CREATE TABLE worker_keys (
        worker TEXT PRIMARY KEY,
        hash TEXT NOT NULL UNIQUE,
        created_at TEXT NOT NULL
    );
    CREATE TABLE issues (
        repository TEXT NOT NULL,
        number BIGINT NOT NULL,
        ticket BIGINT REFERENCES tasks (id) ON DELETE SET NULL,
        url TEXT,
        updated_at TEXT NOT NULL,
        present BIGINT NOT NULL,
        reported TEXT NOT NULL,
        begun TEXT NOT NULL,
        PRIMARY KEY (repository, number)
    );
    CREATE INDEX issues_by_ticket ON issues (ticket);
    CREATE TABLE reviews (
        repository TEXT NOT NULL,
        comment BIGINT NOT NULL,
        pull BIGINT NOT NULL,
        ticket BIGINT REFERENCES tasks (id) ON DELETE SET NULL,
        job BIGINT,
        reported TEXT NOT NULL,
        begun TEXT NOT NULL,
        PRIMARY KEY (repository, comment)
    );
    CREATE INDEX reviews_by_ticket ON reviews (ticket);
    CREATE TABLE review_polls (
        repository TEXT PRIMARY KEY,
        since TEXT NOT NULL
    );
    CREATE TABLE outbox (
        number BIGINT PRIMARY KEY,
        document TEXT NOT NULL
    );
    CREATE TABLE outbox_last (last BIGINT NOT NULL);
    INSERT INTO outbox_last VALUES (0);
    CREATE TABLE identity (name TEXT NOT NULL);
    INSERT INTO identity VALUES (gen_random_uuid()::text);",
    // 2: as `SQLite` has it after its step 6. Without statistics the last job of a ticket was looked for among all jobs
    "CREATE INDEX queue_jobs_pending_of ON queue_jobs (project, ready_at, id) WHERE state = 'pending';
    CREATE INDEX queue_jobs_succeeded ON queue_jobs (id) WHERE state = 'succeeded';
    CREATE INDEX queue_jobs_last ON queue_jobs (ticket, id);
    DROP INDEX queue_jobs_by_ticket;",
];

/// What is known of a database.
pub(super) struct Known {
    /// No other database has it.
    pub(super) identity: String,
    /// The number of the last happening.
    pub(super) last: i64,
}

/// Takes the steps that are left, all or none; servers that start together do so one after the other.
pub(super) async fn apply(database: &QueueDatabase) -> Result<Known, StoreError> {
    let (client, driver) = connect(database).await?;
    tokio::spawn(driver);
    prepare(database, &client).await?;
    in_time(database, take(database, &client)).await?
}

async fn take(database: &QueueDatabase, client: &Client) -> Result<Known, StoreError> {
    let failed = |source| StoreError::Connect { place: database.place(), source };
    client.batch_execute("BEGIN; SELECT pg_advisory_xact_lock(7522617370)").await?;
    // who may use the schema need not be allowed to make one
    let schema = client.query_one("SELECT to_regnamespace('harness') IS NOT NULL", &[]).await?;
    if !schema.try_get::<_, bool>(0)? {
        client.batch_execute("CREATE SCHEMA harness").await.map_err(failed)?;
    }
    client
        .batch_execute(
            "CREATE TABLE IF NOT EXISTS schema_migrations (version BIGINT PRIMARY KEY, applied_at TEXT NOT NULL)",
        )
        .await
        .map_err(failed)?;
    let found = client.query_one("SELECT coalesce(max(version), 0) FROM schema_migrations", &[]).await?;
    let found = u32::try_from(found.try_get::<_, i64>(0)?).unwrap_or(u32::MAX);
    let known = u32::try_from(STEPS.len()).unwrap_or(u32::MAX);
    if found > known {
        return Err(StoreError::Newer { place: database.place(), found, known });
    }
    for (version, step) in (1_u32..).zip(STEPS).skip_while(|(version, _)| *version <= found) {
        client.batch_execute(step).await?;
        let now = jiff::Timestamp::now().to_string();
        let sql = "INSERT INTO schema_migrations (version, applied_at) VALUES ($1, $2)";
        client.execute(sql, &[&i64::from(version), &now]).await?;
    }
    let row = client.query_one("SELECT name, (SELECT last FROM outbox_last) FROM identity", &[]).await?;
    let known = Known { identity: row.try_get(0)?, last: row.try_get(1)? };
    client.batch_execute("COMMIT").await?;
    Ok(known)
}
