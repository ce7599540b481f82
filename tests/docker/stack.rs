//! The main job with its servers in containers: two agents, each with all that is its own.

use harness::system::FileLock;

use super::machine::{SERVICES, available, docker};
use crate::support::{LONG, TestHome, TestProject, get, keys, post, wait_until};

fn project(home: &TestHome) -> TestProject<'_> {
    home.project("shop")
        .engine("docker")
        .with_items()
        .with_s3()
        .with_mail()
        .with_browser()
        .env("BROWSER_WS_URL", "{{ browser.ws_url }}")
        .env("APP_FOR_BROWSER", "http://{{ browser.app_host }}:{{ ports.api }}")
        .env("S3_ENDPOINT", "{{ s3.endpoint }}")
        .env("S3_ACCESS_KEY", "{{ s3.access_key }}")
        .env("S3_SECRET_KEY", "{{ s3.secret_key }}")
        .application("api")
        .write()
}

#[test]
fn a_browser_without_a_token_is_reached_by_host_and_port() {
    if !available(&["headless-browser"]) {
        return;
    }
    let home = TestHome::new();
    let address = "ws://{{ browser.host }}:{{ browser.port }}";
    let project = home.project("shop").engine("docker").with_browser().env("BUILT", address);
    let project = project.env("GIVEN", "{{ browser.ws_url }}").application("api").write();
    project.replace("harness.toml", "[infra.browser]\n", "[infra.browser]\ntoken = false\n");
    project.harness(["launch", "1"]).deadline(LONG * 2).run().succeeds();
    let variables = project.variables(1);
    assert_eq!(variables["BUILT"], variables["GIVEN"]);
    let page = br#"{"html":"<p>rendered</p>"}"#;
    wait_until("the browser", LONG, || {
        post(home.browser_port(), "/content", "application/json", page).body.contains("rendered")
    });
    let yaml = project.harness(["infra", "compose"]).run().succeeds().stdout;
    assert!(!yaml.contains("AGENT_BROWSER_TOKEN"), "nothing is asked for: {yaml}");
    // a project that wants the token hears that this home has none
    project.replace("harness.toml", "token = false", "token = true");
    let said = project.harness(["setup"]).run().succeeds();
    assert!(said.stderr.contains("browser.token"), "{said}");
    project.harness(["teardown", "1"]).run().succeeds();
}

#[test]
fn two_agents_share_the_containers_and_nothing_else() {
    if !available(&SERVICES) {
        return;
    }
    let home = TestHome::new();
    let project = project(&home);
    project.harness(["launch", "1", "2"]).deadline(LONG * 2).run().succeeds();
    post(project.port("api", 1), "/items", "text/plain", b"only of one");
    assert!(get(project.port("api", 1), "/items").body.contains("only of one"));
    let others = get(project.port("api", 2), "/items").body;
    assert!(others.contains("seeded") && !others.contains("only of one"), "{others}");

    // the same keys that the application has: its own bucket, and no other
    let variables = project.variables(1);
    let list =
        |bucket| keys(&variables["S3_ENDPOINT"], &variables["S3_ACCESS_KEY"], &variables["S3_SECRET_KEY"], bucket);
    assert_eq!(list("agent-1").unwrap(), Vec::<String>::new());
    assert_eq!(list("agent-2").unwrap_err(), "AccessDenied");

    // a page of an application that listens on loopback only, seen by the browser in its container
    let page = format!("{}/items", variables["APP_FOR_BROWSER"]);
    let (_, token) = variables["BROWSER_WS_URL"].split_once("token=").unwrap();
    let render = |what: &str, options: &str| {
        let body = format!("{{\"url\":\"{page}\"{options}}}");
        post(home.browser_port(), &format!("/{what}?token={token}"), "application/json", body.as_bytes())
    };
    wait_until("the forwarder", LONG, || render("content", "").body.contains("only of one"));
    assert!(render("pdf", "").body.starts_with("%PDF-"));
    assert!(render("screenshot", "").body.contains("PNG"));

    // inside a service, as the agent
    let query = ["exec", "1", "--in", "db", "--", "psql", "-X", "-A", "-t", "-c", "SELECT current_user"];
    assert_eq!(project.harness(query).run().succeeds().stdout.trim(), "agent_1");
    project.harness(["exec", "1", "--in", "db", "--", "sh", "-c", "exit 7"]).run().exits_with(7);
    let log = project.harness(["logs", "--infra", "db"]).run().succeeds().stdout;
    assert!(log.contains("ready to accept connections"), "{log}");
    let compose = project.harness(["infra", "compose", "--json"]).run().succeeds().json();
    let password = &compose["file"]["services"]["db"]["environment"]["POSTGRES_PASSWORD"];
    assert!(password.as_str().unwrap().starts_with("${AGENT_DB_PASSWORD:?"), "without it no server starts: {password}");
    let yaml = project.harness(["infra", "compose"]).run().succeeds().stdout;
    assert!(yaml.starts_with("name: ") && yaml.contains("POSTGRES_PASSWORD: "), "{yaml}");

    // d8: the database is killed under both. While a command is at work nothing is mended behind its back, so that
    // there is time to see what the others say
    for agent in [1, 2] {
        for number in 0..20 {
            let committed = project.query(agent, &format!("INSERT INTO items (name) VALUES ('row {number}')"));
            committed.unwrap();
        }
    }
    let busy = FileLock::try_acquire(&home.path().join("infra/lock"), "test").unwrap().unwrap();
    docker(["kill", &format!("{}-db-1", home.compose_project())]);
    let status = project.harness(["status", "--json"]).run().json();
    assert_eq!(status["infra"]["state"], "degraded");
    project.harness(["psql", "1", "SELECT 1"]).run().exits_with(125).says("hint:");
    drop(busy);
    wait_until("the applications to recover", LONG, || {
        get(project.port("api", 1), "/items").body.contains("only of one")
            && get(project.port("api", 2), "/items").body.contains("row 19")
    });
    for agent in [1, 2] {
        let count = "SELECT count(*) FROM items WHERE name LIKE 'row %'";
        assert_eq!(project.query(agent, count).unwrap(), ["20"], "agent {agent}");
    }
    let status = project.harness(["status", "--json"]).run().json();
    assert_eq!(status["infra"]["state"], "running");

    project.harness(["teardown", "1"]).run().succeeds();
    assert!(get(project.port("api", 2), "/items").body.contains("seeded"));
    assert!(project.query(2, "SELECT datname FROM pg_database WHERE datname = 'agent_1'").unwrap().is_empty());
}
