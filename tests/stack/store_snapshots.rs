//! `db snapshot|restore|drop` keep and bring back an agent's stores with its database.

use rusqlite::Connection;

use crate::support::{TestHome, get, post, redis};

const BOARD: &str = "[stores.board]\nuse = \"sqlite\"\n";

#[test]
fn a_snapshot_holds_the_database_and_all_stores() {
    let home = TestHome::new();
    let project = home
        .project("shop")
        .with_items()
        .application("api")
        .port("cache")
        .toml(&format!("{BOARD}[stores.cache]\nuse = \"redis\""))
        .env("BOARD", "{{ stores.board.file }}")
        .write();
    project.harness(["launch", "3"]).run().succeeds();
    let (api, cache) = (project.port("api", 3), project.port("cache", 3));
    let environment = project.harness(["env", "3", "--json"]).run().succeeds().json();
    let file = environment["variables"]["BOARD"].as_str().unwrap().to_owned();
    let board = Connection::open(&file).unwrap();
    // in the write-ahead log alone
    board
        .execute_batch("pragma journal_mode = wal; create table card (title text); insert into card values ('kept')")
        .unwrap();
    post(api, "/items", "text/plain", b"kept");
    redis(cache, &["SET", "state", "kept"]);

    let report = project.harness(["db", "3", "snapshot", "before", "--json"]).run().succeeds().json();
    assert_eq!(report["snapshots"][0]["stores"], serde_json::json!(["board", "cache"]), "{report}");
    project.harness(["db", "3", "snapshot", "before"]).run().exits_with(5).says("before");
    board.execute_batch("insert into card values ('lost')").unwrap();
    drop(board);
    post(api, "/items", "text/plain", b"lost");
    redis(cache, &["SET", "state", "lost"]);

    project.harness(["db", "3", "restore", "before"]).run().succeeds();
    let items = get(api, "/items").body;
    assert!(items.contains("kept") && !items.contains("lost"), "{items}");
    assert_eq!(redis(cache, &["GET", "state"]), "kept");
    let cards = || {
        let board = Connection::open(&file).unwrap();
        board.query_row("select group_concat(title) from card", [], |row| row.get::<_, String>(0)).unwrap()
    };
    assert_eq!(cards(), "kept");
    // everything that was stopped runs again
    let status = project.harness(["status", "3", "--json"]).run().succeeds().json();
    assert_eq!(status["agents"][0]["state"], "healthy", "{status:#}");
    let listed = project.harness(["db", "3", "list"]).run().succeeds().stdout;
    assert!(listed.contains("board cache"), "{listed}");
    let dropped = project.harness(["db", "3", "drop", "before", "--json"]).run().succeeds().json();
    assert_eq!(dropped["snapshots"], serde_json::json!([]));
    assert!(!home.path().join("agents/3/store-snapshots/before").exists());
}

#[test]
fn an_agent_with_stores_only_has_snapshots_too() {
    let home = TestHome::new();
    let project = home.project("shop").port("cache").toml("[stores.cache]\nuse = \"redis\"").write();
    project.harness(["launch", "1"]).run().succeeds();
    let cache = project.port("cache", 1);
    redis(cache, &["SET", "state", "kept"]);
    let report = project.harness(["db", "1", "snapshot", "one", "--json"]).run().succeeds().json();
    assert_eq!((&report["database"], &report["snapshots"][0]["name"]), (&serde_json::Value::Null, &"one".into()));
    project.harness(["db", "1", "snapshot", "one"]).run().exits_with(5).says("one");
    project.harness(["db", "1", "restore", "two"]).run().exits_with(5).says("one");
    project.harness(["db", "1", "drop", "two"]).run().exits_with(5);
    redis(cache, &["SET", "state", "lost"]);
    project.harness(["db", "1", "restore", "one"]).run().succeeds();
    assert_eq!(redis(cache, &["GET", "state"]), "kept");
    project.harness(["db", "1", "diff"]).run().exits_with(5).says("no database");
    // a stack that does not run, too
    project.harness(["stop", "1"]).run().succeeds();
    project.harness(["db", "1", "reset", "--yes"]).run().succeeds();
    project.harness(["start", "1"]).run().succeeds();
    assert_eq!(redis(cache, &["GET", "state"]), "");
    project.harness(["db", "1", "drop", "one"]).run().succeeds();
}

#[test]
fn a_file_that_stays_locked_is_named() {
    let home = TestHome::new();
    let project = home.project("shop").toml(BOARD).env("BOARD", "{{ stores.board.file }}").write();
    project.harness(["launch", "1"]).run().succeeds();
    let environment = project.harness(["env", "1", "--json"]).run().succeeds().json();
    let board = Connection::open(environment["variables"]["BOARD"].as_str().unwrap()).unwrap();
    board.execute_batch("create table card (title text); begin immediate").unwrap();
    let failed = project.harness(["db", "1", "snapshot", "one", "--json"]).run().exits_with(5).json();
    assert_eq!(failed["error"]["code"], "store.locked", "{failed}");
    board.execute_batch("commit").unwrap();
    project.harness(["db", "1", "snapshot", "one"]).run().succeeds();
}
