//! `teardown`: nothing of the agent is left, and nothing else is touched.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use crate::support::{Decoy, SHORT, TestHome, get, listener, marked, post, python, try_get, wait_until};

#[test]
fn nothing_of_the_agent_is_left() {
    let home = TestHome::new();
    let project = home.project("shop").with_items().with_s3().with_mail().application("api").write();
    project.harness(["launch", "3"]).run().succeeds();
    let report = project.harness(["teardown", "3", "--json"]).run().succeeds().json();
    let removed: Vec<&str> = report["agents"][0]["removed"]
        .as_array()
        .unwrap()
        .iter()
        .map(|thing| thing["kind"].as_str().unwrap())
        .collect();
    for kind in ["process", "database", "role", "bucket", "file"] {
        assert!(removed.contains(&kind), "no {kind} in {removed:?}");
    }
    assert!(try_get(project.port("api", 3), "/health").is_err());
    assert_eq!(marked(&format!("{}/agent-3", home.id().unwrap())), []);
    assert!(!home.path().join("agents/3").exists());
    let again = project.harness(["teardown", "3"]).run().succeeds();
    assert!(again.stdout.contains("nothing to remove"), "{again}");
}

#[test]
fn a_dry_run_removes_nothing() {
    let home = TestHome::new();
    let project = home.project("shop").with_items().application("api").write();
    project.harness(["launch", "3"]).run().succeeds();
    let pid = get(project.port("api", 3), "/pid").body;
    let look = project.harness(["teardown", "--all", "--dry-run"]).run().succeeds();
    for word in ["would remove", "process api", "database agent_3", ".env.agent.3"] {
        assert!(look.stdout.contains(word), "no `{word}`\n{look}");
    }
    assert_eq!(get(project.port("api", 3), "/pid").body, pid);
}

#[test]
fn a_stranger_on_a_port_is_told_and_does_not_count_as_left() {
    let home = TestHome::new();
    let project = home.project("shop").application("api").application("web").write();
    project.harness(["launch", "3"]).run().succeeds();
    project.harness(["stop", "3", "web"]).run().succeeds();
    let port = project.port("web", 3);
    let mut stranger = Decoy::shell(&format!("exec {} -m http.server --bind 127.0.0.1 {port}", python()));
    wait_until("the stranger to listen", SHORT, || listener(port).is_some());
    let report = project.harness(["teardown", "3", "--json"]).run().succeeds().json();
    let foreign = report["agents"][0]["foreign"].to_string();
    assert!(foreign.contains(&port.to_string()) && foreign.contains(&stranger.pid().to_string()), "{report}");
    assert!(!home.path().join("agents/3").exists());
    stranger.assert_alive();
}

#[test]
fn the_servers_are_not_stopped_under_agents_that_stay() {
    let home = TestHome::new();
    let project = home.project("shop").with_items().application("api").write();
    let other = home.project("blog").first_digit(5).application("web").write();
    project.harness(["launch", "1", "2"]).run().succeeds();
    other.harness(["launch", "3"]).run().succeeds();
    let untouched = || {
        let rows = [1, 2].map(|agent| project.query(agent, "SELECT name FROM items").unwrap());
        assert_eq!(rows, [["seeded"], ["seeded"]]);
        assert_eq!(get(other.port("web", 3), "/health").status, 200);
    };

    let refused = project.harness(["teardown", "--infra"]).run().exits_with(5);
    let refused = refused.says("the shared servers are in use by agents 1, 2, 3").says("hint:");
    // another project's first, from there: each command works as it stands
    let first = format!("`harness -C {} teardown 3`, then `harness teardown 1 2 --infra`", other.root().display());
    refused.says(&first);
    let refused = project.harness(["teardown", "--infra", "--volumes"]).run().exits_with(5);
    refused.says("`harness teardown 1 2 --infra --volumes`").says("--force");
    // not even the agents that were named are removed then
    project
        .harness(["teardown", "1", "--infra"])
        .run()
        .exits_with(5)
        .says("in use by agents 2, 3")
        .says("`harness teardown 1 2 --infra`");
    // this project's are all, and another's stays
    let refused = project.harness(["teardown", "--all", "--infra", "--json"]).run().exits_with(5);
    assert_eq!(refused.json()["error"]["code"], "infra.in_use", "{refused}");
    untouched();

    other.harness(["teardown", "--all"]).run().succeeds();
    project.harness(["teardown", "--all", "--infra"]).run().succeeds();
    assert_eq!(home.remains(), Vec::<String>::new());
    assert!(home.path().join("infra/record.json").exists());
    project.harness(["teardown", "--infra", "--volumes"]).run().succeeds();
    assert!(!home.path().join("infra/record.json").exists());
}

/// L6: teardown of one agent while others are under load.
#[test]
fn l6_neighbours_do_not_miss_a_request() {
    let home = TestHome::new();
    let project = home.project("shop").with_items().application("api").write();
    project.harness(["launch", "1", "2", "3"]).run().succeeds();
    let (stop, served) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let clients: Vec<_> = [1, 2]
        .map(|agent| {
            let (port, stop, served) = (project.port("api", agent), stop.clone(), served.clone());
            std::thread::spawn(move || {
                while !stop.load(Ordering::Relaxed) {
                    assert_eq!(get(port, "/items").status, 200);
                    assert_eq!(post(port, "/items", "text/plain", b"x").status, 201);
                    served.fetch_add(2, Ordering::Relaxed);
                }
            })
        })
        .into_iter()
        .collect();
    let before = served.load(Ordering::Relaxed);
    project.harness(["teardown", "3"]).run().succeeds();
    stop.store(true, Ordering::Relaxed);
    for client in clients {
        client.join().expect("no request fails");
    }
    assert!(served.load(Ordering::Relaxed) > before, "there was load");
}

#[test]
fn all_of_one_project_leaves_the_other_alone() {
    let home = TestHome::new();
    let shop = home.project("shop").application("api").write();
    let other = home.project("shop-bar").first_digit(5).application("web").write();
    shop.harness(["launch", "1"]).run().succeeds();
    other.harness(["launch", "2"]).run().succeeds();
    shop.harness(["teardown", "--all"]).run().succeeds();
    assert!(try_get(shop.port("api", 1), "/health").is_err());
    assert_eq!(get(other.port("web", 2), "/health").status, 200);
}
