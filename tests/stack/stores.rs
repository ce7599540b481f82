//! `[stores]`: each agent's own copy of a server or of files, from its first launch to its teardown.

use std::path::Path;

use rusqlite::Connection;

use crate::support::{LONG, ProjectBuilder, TestHome, listener, redis, wait_until};

/// A project with a Redis called `cache`.
fn with_cache<'a>(home: &'a TestHome, tables: &str) -> ProjectBuilder<'a> {
    home.project("shop")
        .port("cache")
        .toml(&format!("[stores.cache]\nuse = \"redis\"\n{tables}"))
        .env("REDIS_URL", "{{ stores.cache.url }}")
}

#[test]
fn each_agent_has_a_redis_of_its_own_and_nothing_is_left_of_it() {
    let home = TestHome::new();
    let project = with_cache(&home, "").application("api").write();
    project.harness(["launch", "1", "2"]).run().succeeds();
    let (one, two) = (project.port("cache", 1), project.port("cache", 2));
    assert_eq!(redis(one, &["SET", "whose", "one"]), "OK");
    assert_eq!(redis(two, &["GET", "whose"]), "");
    let environment = project.harness(["env", "1", "--json"]).run().succeeds().json();
    assert_eq!(environment["variables"]["REDIS_URL"], format!("redis://127.0.0.1:{one}"));

    let status = project.harness(["status", "1", "--json"]).run().succeeds().json();
    let agent = &status["agents"][0];
    assert_eq!(agent["stores"][0]["name"], "cache");
    assert_eq!(agent["stores"][0]["template_stale"], false);
    assert_eq!(agent["urls"].as_object().unwrap().keys().collect::<Vec<_>>(), ["api"], "a store is no page");
    let processes: Vec<_> = agent["processes"].as_array().unwrap().iter().map(|row| row["name"].clone()).collect();
    assert_eq!(processes, ["api", "cache"]);
    let shown = project.harness(["status", "1"]).run().succeeds().stdout;
    assert!(shown.contains("store cache"), "{shown}");

    // what it was given survives a stop, and SIGKILL
    project.harness(["restart", "1"]).run().succeeds();
    assert_eq!(redis(one, &["GET", "whose"]), "one");
    let (pid, _) = listener(one).unwrap();
    harness::system::ProcessIdentity::of(pid).unwrap().signal(rustix::process::Signal::KILL);
    wait_until("another server", LONG, || listener(one).is_some_and(|(now, _)| now != pid));
    project.harness(["wait", "1"]).run().succeeds();
    assert_eq!(redis(one, &["GET", "whose"]), "one");
    assert_eq!(
        project.harness(["launch", "1", "--json"]).run().succeeds().json()["agents"][0]["outcome"],
        "already_running"
    );

    let directory = agent["stores"][0]["directory"].as_str().unwrap();
    assert!(Path::new(directory).is_dir(), "{directory}");
    let listed = project.harness(["teardown", "1", "--dry-run", "--json"]).run().succeeds().json();
    let removed = listed["agents"][0]["removed"].as_array().unwrap();
    assert!(removed.iter().any(|thing| thing["kind"] == "store" && thing["name"] == "cache"), "{listed}");
    project.harness(["teardown", "1"]).run().succeeds();
    assert!(!Path::new(directory).exists() && listener(one).is_none());
    assert_eq!(redis(two, &["SET", "whose", "two"]), "OK", "the neighbour's stays");
}

#[test]
fn the_application_waits_for_its_stores() {
    let home = TestHome::new();
    let project = with_cache(&home, "").application("api").write();
    let shown = project.harness(["config", "show", "--json"]).run().succeeds().json();
    assert_eq!(shown["stores"][0]["use"], "redis");
    let api = shown["processes"].as_array().unwrap().iter().find(|process| process["name"] == "api").unwrap();
    assert_eq!(api["depends_on"]["cache"], "process_healthy");
    project.harness(["config", "check"]).run().succeeds();
}

#[test]
fn a_template_is_made_once_and_copied_for_each_agent() {
    let home = TestHome::new();
    let steps = "template.steps = [{ name = \"seed\", run = \"echo built >> builds; redis-cli -p $STORE_PORT set seeded \
                 $(cat seed.txt)\", inputs = [\"seed.txt\"] }]";
    let project = with_cache(&home, steps).file("seed.txt", "first\n").write();
    project.harness(["launch", "1", "2", "3"]).run().succeeds();
    for agent in 1..=3 {
        assert_eq!(redis(project.port("cache", agent), &["GET", "seeded"]), "first");
    }
    assert_eq!(project.read("builds"), "built\n");
    redis(project.port("cache", 1), &["SET", "seeded", "mine"]);
    assert_eq!(redis(project.port("cache", 2), &["GET", "seeded"]), "first");

    // a copy is never replaced unasked
    project.put("seed.txt", "second\n");
    let stale = |agent: &str| {
        let status = project.harness(["status", agent, "--json"]).run().succeeds().json();
        status["agents"][0]["stores"][0]["template_stale"].clone()
    };
    assert_eq!(stale("1"), true);
    project.harness(["launch", "1"]).run().succeeds();
    assert_eq!(redis(project.port("cache", 1), &["GET", "seeded"]), "mine");
    project.harness(["launch", "1", "--reset-db"]).run().succeeds();
    assert_eq!(redis(project.port("cache", 1), &["GET", "seeded"]), "second");
    assert_eq!((stale("1"), stale("2")), (false.into(), true.into()));
    project.harness(["db", "reset", "2", "--yes"]).run().succeeds();
    assert_eq!(redis(project.port("cache", 2), &["GET", "seeded"]), "second");
    assert_eq!(project.read("builds"), "built\nbuilt\n");
}

#[test]
fn template_list_has_the_templates_of_stores() {
    let home = TestHome::new();
    let steps = "template.steps = [{ name = \"seed\", run = \"redis-cli -p $STORE_PORT set seeded yes\" }]";
    let project = with_cache(&home, steps).with_items().application("api").write();
    project.harness(["launch", "1", "2"]).run().succeeds();
    let list = project.harness(["template", "list", "--json"]).run().succeeds().json();
    let (of_store, agents) = (&list["stores"][0], serde_json::json!([1, 2]));
    assert_eq!(
        (&of_store["store"], &of_store["project"], &of_store["agents"]),
        (&"cache".into(), &"shop".into(), &agents)
    );
    assert!(of_store["bytes"].as_u64().unwrap() > 0, "{list}");
    let shown = project.harness(["template", "list"]).run().succeeds().stdout;
    assert!(shown.contains(&format!("{} (cache)", of_store["name"].as_str().unwrap())), "{shown}");
}

#[test]
fn a_store_of_sqlite_is_a_file_of_each_agent() {
    let home = TestHome::new();
    let table = "[stores.board]\nuse = \"sqlite\"\ntemplate.steps = [{ name = \"schema\", inputs = [\"schema.py\"], run = \
                 \"python3 schema.py\" }]";
    let schema = "import os, sqlite3\n\
                  with sqlite3.connect(os.environ['BOARD']) as board:\n    \
                  board.executescript(\"create table card (title text); insert into card values ('seeded')\")\n";
    let project = home
        .project("shop")
        .application("api")
        .toml(table)
        .env("BOARD", "{{ stores.board.file }}")
        .file("schema.py", schema)
        .write();
    project.harness(["launch", "1", "2"]).run().succeeds();
    let file = |agent: &str| {
        let environment = project.harness(["env", agent, "--json"]).run().succeeds().json();
        environment["variables"]["BOARD"].as_str().unwrap().to_owned()
    };
    let cards = |agent: &str| {
        let board = Connection::open(file(agent)).unwrap();
        board.query_row("select group_concat(title) from card", [], |row| row.get::<_, String>(0)).unwrap()
    };
    Connection::open(file("1")).unwrap().execute_batch("insert into card values ('one')").unwrap();
    assert_eq!((cards("1").as_str(), cards("2").as_str()), ("seeded,one", "seeded"));
    assert!(project.harness(["ports", "1", "--json"]).run().succeeds().stdout.find("board").is_none(), "no server");
    let file = file("1");
    project.harness(["teardown", "1"]).run().succeeds();
    assert!(!Path::new(&file).exists());
}

#[test]
fn any_server_with_a_directory_can_be_a_store() {
    let home = TestHome::new();
    let table = "[stores.files]\n\
                 command = \"python3 -m http.server --bind 127.0.0.1 --directory {{ stores.files.dir }} {{ stores.files.port }}\"\n\
                 init = \"echo hello > {{ stores.files.dir }}/index.html\"\n";
    let project = home.project("shop").port("files").toml(table).write();
    project.harness(["launch", "1", "2"]).run().succeeds();
    for agent in [1, 2] {
        assert_eq!(crate::support::get(project.port("files", agent), "/").body, "hello\n");
    }
}

#[test]
fn mariadb_is_initialised_once_and_copied() {
    let home = TestHome::new();
    let sql = "create table item (name text); insert into item values ('seeded')";
    let table = format!(
        "[stores.shop-db]\nuse = \"mariadb\"\n\
         template.steps = [{{ name = \"schema\", run = \"mariadb -u root $STORE_DATABASE -e \\\"{sql}\\\"\" }}]"
    );
    let project = home.project("shop").port("shop-db").toml(&table).write();
    project.harness(["launch", "1", "2"]).run().succeeds();
    let query = |agent: u8, sql: &str| {
        let port = project.port("shop-db", agent).to_string();
        let output = std::process::Command::new("mariadb")
            .args(["-h", "127.0.0.1", "-P", &port, "-u", "root", "-N", "shop_db", "-e", sql])
            .output()
            .expect("run mariadb");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    query(1, "insert into item values ('one')");
    assert_eq!(query(1, "select name from item"), "seeded\none\n");
    assert_eq!(query(2, "select name from item"), "seeded\n");
    project.harness(["db", "1", "snapshot", "one"]).run().succeeds();
    query(1, "drop table item");
    project.harness(["db", "1", "restore", "one"]).run().succeeds();
    assert_eq!(query(1, "select name from item"), "seeded\none\n");
}

#[test]
fn what_cannot_be_made_is_named() {
    let home = TestHome::new();
    let project = home.project("shop").port("documents").toml("[stores.documents]\nuse = \"mongodb\"").write();
    let nowhere = |arguments: &[&str]| {
        // git is found, and no server
        project.harness(arguments.iter().copied()).env("PATH", "/usr/bin").run()
    };
    if !Path::new("/usr/bin/mongod").exists() {
        let failed = nowhere(&["launch", "1", "--json"]).exits_with(4).json();
        let error = &failed["agents"][0]["error"];
        assert_eq!(error["code"], "store.not_installed");
        assert!(error["hint"].as_str().unwrap().contains("mongodb-org"), "{error}");
        let checked = nowhere(&["config", "check"]).succeeds().stdout;
        assert!(checked.contains("mongodb-org"), "{checked}");
    }
    project.put(
        "harness.toml",
        &project.read("harness.toml").replace(
            "use = \"mongodb\"",
            "use = \"redis\"\ntemplate.steps = [{ name = \"seed\", run = \"echo no such seed; exit 3\" }]",
        ),
    );
    let failed = project.harness(["launch", "1", "--json"]).run().exits_with(1).json();
    let error = &failed["agents"][0]["error"];
    assert_eq!(error["code"], "store.build_failed");
    assert!(error["message"].as_str().unwrap().contains("step `seed`"), "{error}");
    assert!(error["details"].to_string().contains("no such seed"), "{error}");
    assert_eq!(home.remains().iter().filter(|left| left.contains("redis")).count(), 0);
}
