//! `harness template`.

use harness::postgres::template;
use harness::report::Failure;

use crate::support::{TestHome, TestPostgres, TestTemplate, block_on, explain, get};

#[test]
fn a_template_is_shown_with_its_size_users_and_inputs() {
    let home = TestHome::new();
    let project = home.project("shop").with_items().application("api").write();
    project.harness(["template", "list"]).run().exits_with(4).says("harness setup");
    let built = project.harness(["template", "build", "--json"]).run().succeeds().json();
    assert_eq!(built["built"], true, "{built}");
    let name = built["name"].as_str().unwrap();
    let again = project.harness(["template", "build"]).run().succeeds();
    assert_eq!(again.stdout, format!("template {name} present\n"));
    project.harness(["launch", "3", "4"]).run().succeeds();

    let list = project.harness(["template", "list", "--json"]).run().succeeds().json();
    let row = &list["templates"][0];
    assert_eq!((&row["name"], &row["project"]), (&built["name"], &serde_json::json!("shop")), "{list}");
    assert_eq!(row["agents"], serde_json::json!([3, 4]), "{list}");
    assert!(row["bytes"].as_u64().unwrap() > 1_000_000 && row["clone_ms"].is_u64(), "{list}");
    assert!(list["copies"]["file_system"].is_boolean(), "{list}");
    let shown = project.harness(["template", "show", "--json"]).run().succeeds().json();
    assert_eq!(shown["name"], built["name"]);
    assert_eq!(shown["steps"][1], serde_json::json!({ "name": "seed", "files": ["seed.sql"], "variables": [] }));
    let text = project.harness(["template", "show", name]).run().succeeds().stdout;
    for part in ["of shop", "agents 3 4", "copy-on-write: ", "step schema\n  schema.sql\n"] {
        assert!(text.contains(part), "`{part}`: {text}");
    }

    // the tree asks for another one: it is not built
    project.put("seed.sql", "INSERT INTO items (name) VALUES ('sown');\n");
    let shown = project.harness(["template", "show", "--json"]).run().succeeds().json();
    assert_eq!((&shown["template"], shown["name"] == built["name"]), (&serde_json::Value::Null, false), "{shown}");
    assert!(project.harness(["template", "show"]).run().succeeds().stdout.contains("not built"));
    let missing = project.harness(["template", "show", "tpl_0123456789ab", "--json"]).run().exits_with(5).json();
    assert_eq!(missing["error"]["code"], "template.missing", "{missing}");
    assert!(missing["error"]["hint"].as_str().unwrap().contains(name), "{missing}");
}

#[test]
fn one_in_use_is_dropped_by_force_only_and_gc_takes_what_nobody_uses() {
    let home = TestHome::new();
    let project = home.project("shop").with_items().application("api").write();
    project.harness(["launch", "3"]).run().succeeds();
    let name = || {
        let shown = project.harness(["template", "show", "--json"]).run().succeeds().json();
        shown["name"].as_str().unwrap().to_owned()
    };
    let first = name();
    let refused = project.harness(["template", "drop", &first, "--json"]).run().exits_with(5).json();
    assert_eq!(
        (&refused["schema"], &refused["error"]["code"]),
        (&"harness/template-drop/1".into(), &"template.in_use".into())
    );
    assert!(refused["error"]["message"].as_str().unwrap().contains("agent 3"), "{refused}");
    // of several names all are looked at before the first is dropped
    let refused =
        project.harness(["template", "drop", "--force", &first, "nosuch", "--json"]).run().exits_with(5).json();
    assert_eq!(refused["error"]["code"], "template.missing", "{refused}");
    project.harness(["template", "show", &first]).run().succeeds();
    project.harness(["template", "drop", "--force", &first]).run().succeeds();
    assert_eq!(get(project.port("api", 3), "/items").body, "seeded\n");
    project.harness(["template", "build"]).run().succeeds();

    // two more: nobody uses the second
    for text in ["second", "third"] {
        project.put("seed.sql", &format!("INSERT INTO items (name) VALUES ('{text}');\n"));
        project.harness(["template", "build"]).run().succeeds();
    }
    let names = |document: &serde_json::Value, list: &str| -> Vec<String> {
        document[list].as_array().unwrap().iter().map(|it| it["name"].as_str().unwrap().to_owned()).collect()
    };
    let all = names(&project.harness(["template", "list", "--json"]).run().succeeds().json(), "templates");
    assert_eq!((all.len(), &all[0], all[2] == name()), (3, &first, true));
    let would = project.harness(["template", "gc", "--dry-run", "--json"]).run().succeeds().json();
    assert_eq!(names(&would, "dropped"), all[1..2], "{would}");
    project.harness(["template", "gc"]).run().succeeds();
    let left = names(&project.harness(["template", "list", "--json"]).run().succeeds().json(), "templates");
    assert_eq!(left, [all[0].clone(), all[2].clone()]);
    assert_eq!(project.harness(["template", "gc"]).run().succeeds().stdout, "nothing to drop\n");
}

#[test]
fn one_that_is_being_cloned_is_not_dropped() {
    let postgres = TestPostgres::start();
    let project = TestTemplate::small(&postgres);
    let (name, refused) = block_on(async {
        // what holds it lives as long as this
        let template = project.ensuring().await.map_err(explain).unwrap();
        let refused = template::remove(&project.server, &project.home, &template.name, true).await;
        (template.name.clone(), refused)
    });
    assert_eq!(Failure::from(refused.unwrap_err()).document().code, "template.busy");
    project.refill(&postgres, 2);
    block_on(template::remove(&project.server, &project.home, &name, false)).unwrap();
    assert_eq!((postgres.databases(), postgres.roles()), (vec![], vec![]));
}

#[test]
fn a_project_without_a_database_has_no_template() {
    let home = TestHome::new();
    let project = home.project("shop").with_database().toml("[database]\ndisabled = true").write();
    let refused = project.harness(["template", "build", "--json"]).run().exits_with(3).json();
    assert_eq!(refused["error"]["code"], "project.no_database", "{refused}");
}
