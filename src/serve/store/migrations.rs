//! The shape of the database of this home, as the steps that led to it. A step that was released is never changed.

use rusqlite::{Connection, TransactionBehavior};

const STEPS: [&str; 6] = [
    // 1
    "CREATE TABLE tasks (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        title TEXT NOT NULL,
        text TEXT NOT NULL,
        status TEXT NOT NULL,
        assignee INTEGER,
        place INTEGER NOT NULL,
        created_at TEXT NOT NULL,
        updated_at TEXT NOT NULL
    ) STRICT;
    CREATE INDEX tasks_by_place ON tasks (status, place);
    CREATE TABLE notes (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        task INTEGER NOT NULL REFERENCES tasks (id) ON DELETE CASCADE,
        text TEXT NOT NULL,
        created_at TEXT NOT NULL
    ) STRICT;
    CREATE INDEX notes_by_task ON notes (task);
    CREATE TABLE events (
        number INTEGER PRIMARY KEY,
        document TEXT NOT NULL
    ) STRICT;
    CREATE TABLE jobs (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        state TEXT NOT NULL,
        document TEXT NOT NULL
    ) STRICT;",
    // 2: the queue. A task that names a project is a ticket
    "CREATE TABLE projects (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        name TEXT NOT NULL UNIQUE,
        settings TEXT NOT NULL,
        created_at TEXT NOT NULL
    ) STRICT;
    ALTER TABLE tasks ADD COLUMN project INTEGER REFERENCES projects (id);
    ALTER TABLE tasks ADD COLUMN pull_request TEXT;
    CREATE TABLE queue_jobs (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        ticket INTEGER NOT NULL REFERENCES tasks (id) ON DELETE CASCADE,
        project INTEGER NOT NULL REFERENCES projects (id),
        kind TEXT NOT NULL,
        state TEXT NOT NULL,
        attempt INTEGER NOT NULL,
        tries INTEGER NOT NULL,
        worker TEXT,
        fence INTEGER UNIQUE,
        lease_until INTEGER,
        ready_at INTEGER NOT NULL,
        created_at INTEGER NOT NULL,
        claimed_at INTEGER,
        finished_at INTEGER,
        outcome TEXT NOT NULL
    ) STRICT;
    CREATE INDEX queue_jobs_by_ticket ON queue_jobs (ticket);
    CREATE UNIQUE INDEX queue_jobs_live ON queue_jobs (ticket)
        WHERE state IN ('pending', 'claimed', 'running', 'verifying');
    CREATE INDEX queue_jobs_pending ON queue_jobs (ready_at, id) WHERE state = 'pending';
    CREATE INDEX queue_jobs_leased ON queue_jobs (lease_until) WHERE state IN ('claimed', 'running', 'verifying');
    CREATE INDEX queue_jobs_claimed ON queue_jobs (claimed_at) WHERE claimed_at IS NOT NULL;
    CREATE TABLE fences (last INTEGER NOT NULL) STRICT;
    INSERT INTO fences VALUES (0);
    CREATE TABLE job_lines (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        job INTEGER NOT NULL REFERENCES queue_jobs (id) ON DELETE CASCADE,
        time TEXT NOT NULL,
        text TEXT NOT NULL
    ) STRICT;
    CREATE INDEX job_lines_by_job ON job_lines (job, number);
    CREATE TABLE worker_keys (
        worker TEXT PRIMARY KEY,
        hash TEXT NOT NULL UNIQUE,
        created_at TEXT NOT NULL
    ) STRICT;",
    // 3: tickets from issues
    "CREATE TABLE issues (
        repository TEXT NOT NULL,
        number INTEGER NOT NULL,
        ticket INTEGER REFERENCES tasks (id) ON DELETE SET NULL,
        url TEXT,
        updated_at TEXT NOT NULL,
        present INTEGER NOT NULL,
        reported TEXT NOT NULL,
        begun TEXT NOT NULL,
        PRIMARY KEY (repository, number)
    ) STRICT;
    CREATE INDEX issues_by_ticket ON issues (ticket);",
    // 4: how far the happenings of a shared database are known here
    "CREATE TABLE followed (
        database TEXT PRIMARY KEY,
        last INTEGER NOT NULL
    ) STRICT;",
    // 5: whose key a job was claimed with; review comments, and up to when those of a repository are known
    "CREATE TABLE reviews (
        repository TEXT NOT NULL,
        comment INTEGER NOT NULL,
        pull INTEGER NOT NULL,
        ticket INTEGER REFERENCES tasks (id) ON DELETE SET NULL,
        job INTEGER,
        reported TEXT NOT NULL,
        begun TEXT NOT NULL,
        PRIMARY KEY (repository, comment)
    ) STRICT;
    CREATE INDEX reviews_by_ticket ON reviews (ticket);
    ALTER TABLE queue_jobs ADD COLUMN key TEXT;
    CREATE TABLE review_polls (
        repository TEXT PRIMARY KEY,
        since TEXT NOT NULL
    ) STRICT;",
    // 6: a worker of one project finds its next job however many of others wait
    "CREATE INDEX queue_jobs_pending_of ON queue_jobs (project, ready_at, id) WHERE state = 'pending';
    CREATE INDEX queue_jobs_succeeded ON queue_jobs (id) WHERE state = 'succeeded';",
];

/// The newest step.
pub(super) fn newest() -> u32 {
    u32::try_from(STEPS.len()).unwrap_or(u32::MAX)
}

/// The newest step that the database has.
pub(super) fn present(connection: &Connection) -> rusqlite::Result<u32> {
    connection.execute_batch(
        "CREATE TABLE IF NOT EXISTS schema_migrations (version INTEGER PRIMARY KEY, applied_at TEXT NOT NULL) STRICT",
    )?;
    connection.query_row("SELECT coalesce(max(version), 0) FROM schema_migrations", [], |row| row.get(0))
}

/// Takes the steps that are left, each with its record or not at all.
pub(super) fn apply(connection: &mut Connection) -> rusqlite::Result<()> {
    let present = present(connection)?;
    for (version, step) in (1_u32..).zip(STEPS).skip_while(|(version, _)| *version <= present) {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        transaction.execute_batch(step)?;
        let now = jiff::Timestamp::now().to_string();
        transaction.execute("INSERT INTO schema_migrations (version, applied_at) VALUES (?1, ?2)", (version, now))?;
        transaction.commit()?;
    }
    Ok(())
}
