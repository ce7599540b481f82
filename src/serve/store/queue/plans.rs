//! Which way `SQLite` takes to the rows: no claim and no look at the leases reads all jobs.

use std::cell::RefCell;

use rusqlite::{Connection, params_from_iter};

use super::{claim, clock, expire, health};
use crate::serve::store::sql::{Row, Sql, Value, values};
use crate::serve::store::sqlite::Sqlite;
use crate::serve::store::{StoreError, migrations};

/// Keeps the plan of each statement.
struct Explained<'a>(&'a Connection, RefCell<Vec<String>>);

impl Explained<'_> {
    fn explain(&self, sql: &str, values: &[Value]) -> Result<(), StoreError> {
        let mut statement = self.0.prepare(&format!("EXPLAIN QUERY PLAN {sql}"))?;
        let plan = statement.query_map(params_from_iter(values), |row| row.get::<_, String>(3))?;
        self.1.borrow_mut().push(plan.collect::<Result<Vec<_>, _>>()?.join("; "));
        Ok(())
    }

    fn plans(&self) -> Vec<String> {
        self.1.take()
    }
}

impl Sql for Explained<'_> {
    fn query(&self, sql: &str, values: &[Value]) -> Result<Vec<Row>, StoreError> {
        self.explain(sql, values)?;
        Sqlite(self.0).query(sql, values)
    }

    fn execute(&self, sql: &str, values: &[Value]) -> Result<u64, StoreError> {
        self.explain(sql, values)?;
        Sqlite(self.0).execute(sql, values)
    }

    fn now(&self) -> Result<i64, StoreError> {
        Sqlite(self.0).now()
    }

    fn for_update(&self) -> &'static str {
        Sqlite(self.0).for_update()
    }

    fn skip_locked(&self) -> &'static str {
        Sqlite(self.0).skip_locked()
    }

    fn next_fence(&self) -> &'static str {
        Sqlite(self.0).next_fence()
    }
}

#[test]
fn no_claim_and_no_look_at_the_leases_reads_all_jobs() {
    let mut connection = Connection::open_in_memory().unwrap();
    migrations::apply(&mut connection).unwrap();
    let sql = Explained(&connection, RefCell::default());
    for project in ["one", "two"] {
        let text = "INSERT INTO projects (name, settings, created_at) VALUES (?1, '{}', '')";
        Sqlite(&connection).execute(text, values![project]).unwrap();
    }
    for (id, project) in (1_u64..).zip([1_u64, 1, 2, 2]) {
        let text = "INSERT INTO tasks (title, text, status, place, created_at, updated_at, project)
                    VALUES ('t', '', 'in_progress', ?1, '', '', ?2)";
        Sqlite(&connection).execute(text, values![id, project]).unwrap();
        let text =
            "INSERT INTO queue_jobs (ticket, project, kind, state, attempt, tries, ready_at, created_at, outcome)
                    VALUES (?1, ?2, 'ticket', 'pending', 1, 1, 10 - ?1, 0, '{}')";
        Sqlite(&connection).execute(text, values![id, project]).unwrap();
    }
    let claimed = |projects: Option<&[u64]>| {
        let job = claim(&sql, projects, "one", None).unwrap().0.map(|claimed| claimed.job.id);
        (job, sql.plans())
    };
    let mut plans = Vec::new();
    // whoever waits longest comes first, of all or of its projects
    let cases: [(Option<&[u64]>, Option<u64>); 6] = [
        (None, Some(4)),
        (Some(&[1]), Some(2)),
        (Some(&[1, 2]), Some(3)),
        (Some(&[2]), None),
        (Some(&[]), None),
        (Some(&[2, 1]), Some(1)),
    ];
    for (projects, expected) in cases {
        let (job, of_claim) = claimed(projects);
        assert_eq!(job, expected, "{projects:?}");
        plans.extend(of_claim);
    }
    clock(&sql).unwrap();
    expire(&sql).unwrap();
    health(&sql).unwrap();
    plans.extend(sql.plans());
    plans.retain(|plan| plan.contains("queue_jobs"));
    assert!(plans.len() > 10, "{plans:#?}");
    for plan in plans {
        let reads_all = plan.contains("SCAN queue_jobs") && !plan.contains("INDEX");
        assert!(!reads_all && !plan.contains("TEMP B-TREE"), "{plan}");
    }
}
