//! How long things take. Printed, not asserted: `cargo test -- --ignored postgres_figures --nocapture`.

#![allow(clippy::print_stdout)] // that is what it is for

use std::time::Instant;

use harness::postgres::{clone, drop, snapshot, template};
use harness::report::Events;
use harness::system::Secret;

use crate::support::{TestPostgres, TestTemplate, agent, block_on};

#[test]
#[ignore = "a measurement"]
fn postgres_figures() {
    let postgres = TestPostgres::start();
    println!("PostgreSQL {}", postgres.major());
    for tables in [1, 100, 300] {
        let mut project = TestTemplate::new(&postgres, "00000000aaaa");
        let sql: Vec<String> = (0..tables)
            .map(|number| format!("CREATE TABLE t{number} (id serial PRIMARY KEY, body text); INSERT INTO t{number} (body) SELECT 'row ' || n FROM generate_series(1, 20) n;"))
            .collect();
        project.write("schema.sql", &sql.join("\n"));
        project.sql_step("schema", "schema.sql");
        block_on(async {
            let began = Instant::now();
            let template = template::ensure(&project.server, &project.plan(), &Events::silent()).await.unwrap();
            println!("{tables} tables: build {:?}", began.elapsed());
            for round in 1..=4 {
                let began = Instant::now();
                let again = template::ensure(&project.server, &project.plan(), &Events::silent()).await.unwrap();
                let found = began.elapsed();
                let password = Secret::generate();
                let began = Instant::now();
                clone::create(&project.server, &again, &project.request(round, &password), &Events::silent())
                    .await
                    .unwrap();
                let cloned = began.elapsed();
                let began = Instant::now();
                snapshot::create(&project.server, &project.home, agent(round), "one").await.unwrap();
                let kept = began.elapsed();
                let began = Instant::now();
                snapshot::restore(&project.server, &project.home, agent(round), "one").await.unwrap();
                let restored = began.elapsed();
                let began = Instant::now();
                drop::agent(&project.server, &project.home, agent(round)).await.unwrap();
                println!(
                    "  found {found:?}, clone {cloned:?}, snapshot {kept:?}, restore {restored:?}, drop {:?}",
                    began.elapsed()
                );
            }
            std::mem::drop(template);
        });
    }
}
