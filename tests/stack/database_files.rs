//! `db diff`, `db dump` and `db load`.

use std::fs;

use crate::support::{LONG, TestHome, get, post, wait_for};

#[test]
fn a_diff_counts_rows_of_each_table_that_differs() {
    let home = TestHome::new();
    let project = home
        .project("shop")
        .with_items()
        .file(
            "more.sql",
            "CREATE TABLE notes (body text); INSERT INTO notes VALUES ('a'), ('a'), ('b');
             CREATE TABLE parts (one int, two int, name text, PRIMARY KEY (one, two));
             INSERT INTO parts SELECT n, n % 7, 'part ' || n FROM generate_series(1, 500) n;
             CREATE TABLE doomed (id int); INSERT INTO doomed VALUES (1), (2);
             CREATE TABLE untouched (at timestamptz DEFAULT now()); INSERT INTO untouched DEFAULT VALUES;",
        )
        .toml("")
        .application("api")
        .write();
    project.replace(
        "harness.toml",
        "{ name = \"seed\", sql = \"seed.sql\" },\n",
        "{ name = \"seed\", sql = \"seed.sql\" },\n  { name = \"more\", sql = \"more.sql\" },\n",
    );
    project.harness(["launch", "3"]).run().succeeds();
    let text = project.harness(["db", "3", "diff"]).run().succeeds().stdout;
    assert!(text.contains("no difference in 5 tables"), "{text}");
    project.harness(["db", "3", "snapshot", "before"]).run().succeeds();

    let change = "insert into items (name) values ('one'), ('two'); update items set name = 'other' where id = 1; \
                  delete from notes where ctid = '(0,1)'; update notes set body = 'c' where body = 'b'; \
                  update parts set name = 'x' where one <= 3; delete from parts where one > 495; \
                  insert into parts values (1, 99, 'new'); drop table doomed; create table fresh (id int); \
                  insert into fresh values (1); alter table items add column size int; \
                  alter database agent_3 set timezone = 'Asia/Tokyo'";
    project.harness(["psql", "3", change]).run().succeeds();
    for against in [&["db", "3", "diff", "--json"][..], &["db", "diff", "3", "before", "--json"]] {
        let found = project.harness(against.iter().copied()).run().succeeds().json();
        let row = |at: usize| found["tables"][at].clone();
        let counts = |at: usize| {
            let row = row(at);
            let count = |name: &str| row[name].as_u64().unwrap();
            (
                row["table"].as_str().unwrap().to_owned(),
                count("rows_added"),
                count("rows_removed"),
                count("rows_changed"),
            )
        };
        assert_eq!(found["tables"].as_array().unwrap().len(), 5, "{found}");
        assert_eq!(counts(0), ("public.doomed".to_owned(), 0, 2, 0));
        assert_eq!(counts(1), ("public.fresh".to_owned(), 1, 0, 0));
        assert_eq!(counts(2), ("public.items".to_owned(), 2, 0, 1));
        assert_eq!(counts(3), ("public.notes".to_owned(), 1, 2, 0), "it has no primary key");
        assert_eq!(counts(4), ("public.parts".to_owned(), 1, 5, 3));
        assert_eq!((&row(0)["is_gone"], &row(1)["is_new"]), (&true.into(), &true.into()));
        assert_eq!(row(2)["columns_added"], serde_json::json!(["size"]));
        assert_eq!(found["template"].is_null(), found["snapshot"] == "before", "{found}");
    }
    let databases = project.harness(["psql", "3", "select datname from pg_database where datname ~ 'agent'", "--csv"]);
    assert_eq!(databases.run().succeeds().stdout, "datname\nagent_3\nagent_3_snap_before\n");
    let missing = project.harness(["db", "3", "diff", "after", "--json"]).run().exits_with(5).json();
    assert_eq!(
        (&missing["schema"], &missing["error"]["code"]),
        (&"harness/db-diff/1".into(), &"snapshot.missing".into())
    );
    let shown = project.harness(["template", "show", "--json"]).run().succeeds().json();
    project.harness(["template", "drop", "--force", shown["name"].as_str().unwrap()]).run().succeeds();
    let gone = project.harness(["db", "3", "diff", "--json"]).run().exits_with(5).json();
    assert_eq!(gone["error"]["code"], "template.missing", "{gone}");
}

#[test]
fn a_dump_of_one_agent_is_loaded_by_another() {
    let home = TestHome::new();
    let project =
        home.project("shop").with_items().toml("[database]\nextensions = [\"pg_trgm\"]").application("api").write();
    project.harness(["launch", "3", "4"]).run().succeeds();
    post(project.port("api", 3), "/items", "text/plain", b"dumped");
    let items = |agent| get(project.port("api", agent), "/items").body;
    let dumped = items(3);

    let report = project.harness(["db", "3", "dump", "--json"]).run().succeeds().json();
    let file = project.root().join("agent_3.dump");
    assert_eq!(report["file"], file.display().to_string());
    assert_eq!(report["bytes"], fs::metadata(&file).unwrap().len());
    project.harness(["db", "dump", "3", "three.sql"]).run().succeeds();
    assert!(fs::read_to_string(project.root().join("three.sql")).unwrap().contains("CREATE TABLE public.items"));

    for file in ["agent_3.dump", "three.sql"] {
        let refused = project.harness(["db", "4", "load", file, "--json"]).run().exits_with(2).json();
        assert_eq!(refused["error"]["code"], "db.not_confirmed", "{refused}");
        project.harness(["db", "load", "4", file, "--yes"]).run().succeeds();
        assert_eq!(items(4), dumped, "{file}");
        // all of it is the agent's own
        let change =
            "alter table items add column more int; create table if not exists mine (id int); drop table items";
        project.harness(["psql", "4", change]).run().succeeds();
    }
    project.harness(["db", "4", "reset", "--yes"]).run().succeeds();

    // what fails changes nothing, and leaves nothing
    let before = items(4);
    for (name, text) in [("broken.sql", "create table t (id int); select nonsense;"), ("broken.dump", "PGDMP broken")] {
        project.put(name, text);
        let failed = project.harness(["db", "4", "load", name, "--yes", "--json"]).run().exits_with(1).json();
        assert_eq!(failed["error"]["code"], "db.load_failed", "{failed}");
        assert!(!failed["error"]["details"].as_array().unwrap().is_empty(), "{failed}");
    }
    // what would be loaded as an empty database
    std::fs::create_dir(project.root().join("folder")).unwrap();
    project.put("empty.sql", "");
    for name in ["folder", "empty.sql", "/dev/null"] {
        let refused = project.harness(["db", "4", "load", name, "--yes", "--json"]).run().exits_with(2).json();
        assert_eq!(refused["error"]["code"], "db.no_dump", "{refused}");
    }
    project.harness(["db", "4", "load", "nothing.dump", "--yes"]).run().exits_with(4).says("nothing.dump");
    project.harness(["db", "4", "load", "4", "--yes"]).run().exits_with(4);
    let failed = project.harness(["db", "load", "4", "--yes", "--json"]).run().exits_with(2).json();
    assert_eq!(failed["error"]["code"], "db.no_file", "{failed}");
    assert_eq!(items(4), before);
    let query = "select datname from pg_database where datname ~ '^agent_' order by 1";
    wait_for("the replaced database to be dropped", LONG, || {
        let found = project.query(4, query).unwrap();
        if found == ["agent_3", "agent_4"] { Ok(()) } else { Err(format!("{found:?}")) }
    });
    project.harness(["db", "3", "dump", "no/such/directory/x.dump"]).run().exits_with(4);
    // a table that its role must not read
    project.harness(["psql", "3", "create table secret (id int); revoke all on secret from agent_3"]).run().succeeds();
    let failed = project.harness(["db", "3", "dump", "--force", "--json"]).run().exits_with(1).json();
    assert_eq!(failed["error"]["code"], "db.dump_failed", "{failed}");
    assert!(
        fs::read_dir(project.root())
            .unwrap()
            .all(|entry| { !entry.unwrap().file_name().to_string_lossy().starts_with(".harness-dump") })
    );
}
