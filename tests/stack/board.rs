//! The main job, on the example application: it comes up whole, it is alone, and it goes without a trace.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::support::{
    LONG, Load, TestHome, TestProject, get, is_alive, keys, listener, mail_to, marked, post, psql, wait_for, wait_until,
};

fn post_json(port: u16, path: &str, document: &Value) -> Value {
    let answer = post(port, path, "application/json", document.to_string().as_bytes());
    assert_eq!(answer.status, 201, "{answer:?}");
    answer.json()
}

fn pids(agent: &Value) -> BTreeMap<String, u64> {
    let rows = agent["processes"].as_array().expect("`processes` is an array");
    rows.iter()
        .map(|row| (row["name"].as_str().unwrap().to_owned(), row["pid"].as_u64().unwrap_or_else(|| panic!("{row}"))))
        .collect()
}

fn bucket_of(project: &TestProject, agent: u8, bucket: &str) -> Result<Vec<String>, String> {
    let env = project.variables(agent);
    keys(&env["S3_ENDPOINT"], &env["S3_ACCESS_KEY"], &env["S3_SECRET_KEY"], bucket)
}

fn bodies(api: u16) -> Vec<String> {
    let messages = get(api, "/messages").json();
    messages.as_array().unwrap().iter().map(|message| message["body"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn launch_brings_up_the_whole_application() {
    let home = TestHome::new();
    let project = home.board();
    let first = project.harness(["launch", "3", "--json"]).run().succeeds().json();
    let agent = &first["agents"][0];
    assert_eq!(agent["outcome"], "launched");
    assert_eq!(agent["database"], "agent_3");
    assert_eq!(agent["bucket"], "agent-3");

    let (api, frontend) = (project.port("api", 3), project.port("frontend", 3));
    assert_eq!(agent["ports"], json!({ "api": api, "frontend": frontend }));
    let info = get(api, "/info").json();
    assert_eq!(info, json!({ "instance": "agent-3", "database": "agent_3", "role": "agent_3", "bucket": "agent-3" }));
    let page = get(frontend, "/");
    assert_eq!(page.status, 200);
    assert!(page.body.contains("Welcome to the board"), "the seed is on the page: {}", page.body);

    // through the page's address, as a browser would
    let upload = post(frontend, "/api/upload?name=note.txt", "text/plain", b"a note");
    assert_eq!(upload.status, 201, "{upload:?}");
    let key = upload.json()["key"].as_str().unwrap().to_owned();
    assert_eq!(bucket_of(&project, 3, "agent-3"), Ok(vec![key]));
    wait_for("the worker to look at the upload", LONG, || {
        let uploads = get(api, "/uploads").json();
        if uploads[0]["kind"] == "a text" { Ok(()) } else { Err(uploads) }
    });

    // the address was rewritten in the clone
    let invited = post_json(api, "/invite", &json!({ "email": "grace@example.com" }));
    assert_eq!(invited["site_url"], format!("http://localhost:{frontend}"));
    assert_eq!(mail_to(home.mail_web_port(), "agent-3"), ["grace@example.com"]);

    // once more: nothing changes
    let again = project.harness(["launch", "3", "--json"]).run().succeeds().json();
    assert_eq!(again["agents"][0]["outcome"], "already_running");
    assert_eq!(pids(&again["agents"][0]), pids(agent));
}

#[test]
fn stacks_do_not_see_each_other_and_one_goes_without_the_others_noticing() {
    let home = TestHome::new();
    let project = home.board();
    project.harness(["launch", "1", "2", "3"]).run().succeeds();
    let api = |agent| project.port("api", agent);

    for agent in [1, 2, 3] {
        post_json(api(agent), "/messages", &json!({ "author": "me", "body": format!("only {agent}") }));
        post_json(api(agent), "/invite", &json!({ "email": format!("only-{agent}@example.com") }));
        let upload = post(api(agent), &format!("/upload?name=only-{agent}"), "text/plain", b"mine");
        assert_eq!(upload.status, 201, "{upload:?}");
    }
    for agent in [1, 2, 3] {
        let mine: Vec<String> = bodies(api(agent)).into_iter().filter(|body| body.starts_with("only ")).collect();
        assert_eq!(mine, [format!("only {agent}")]);
        assert_eq!(bucket_of(&project, agent, &format!("agent-{agent}")), Ok(vec![format!("uploads/1/only-{agent}")]));
        assert_eq!(mail_to(home.mail_web_port(), &format!("agent-{agent}")), [format!("only-{agent}@example.com")]);
    }

    // nobody gets at a neighbour's with its own credentials
    let own = project.variables(1)["DATABASE_URL"].clone();
    let url = format!("{}/agent_2", own.strip_suffix("/agent_1").unwrap());
    let refused = psql(&url, "SELECT 1").unwrap_err();
    assert!(refused.contains("pg_hba.conf rejects connection"), "{refused}");
    assert_eq!(bucket_of(&project, 1, "agent-2"), Err("AccessDenied".to_owned()));

    // teardown of one under load on the others
    let record = home.path().join("agents/3");
    let env_file = project.root().join(".env.agent.3");
    assert!(env_file.exists());
    let status = project.harness(["status", "3", "--json"]).run().succeeds().json();
    let gone = pids(&status["agents"][0]);
    let marker = format!("{}/agent-3", home.id().unwrap());
    assert!(!marked(&marker).is_empty());
    let loads: Vec<Load> = [1, 2].map(|agent| Load::on(api(agent), "/messages")).into();
    wait_until("the load to begin", LONG, || loads.iter().all(|load| load.answered() > 10));

    let torn_down = project.harness(["teardown", "3", "--json"]).run().succeeds().json();
    assert_eq!(torn_down["agents"][0]["left"], json!([]));
    for load in loads {
        load.assert_none_missed();
    }
    for (name, pid) in gone {
        assert!(!is_alive(u32::try_from(pid).unwrap()), "{name} is still there");
    }
    assert_eq!(marked(&marker), []);
    for name in ["api", "frontend"] {
        assert_eq!(listener(project.port(name, 3)), None);
    }
    assert!(!env_file.exists() && !record.join("record.json").exists());
    assert_eq!(mail_to(home.mail_web_port(), "agent-3"), Vec::<String>::new());
    let databases = "SELECT datname FROM pg_database WHERE datname ~ '^agent' ORDER BY 1";
    assert_eq!(project.query(1, databases), Ok(vec!["agent_1".to_owned(), "agent_2".to_owned()]));
    let roles = "SELECT rolname FROM pg_roles WHERE rolname ~ '^agent' ORDER BY 1";
    assert_eq!(project.query(1, roles), Ok(vec!["agent_1".to_owned(), "agent_2".to_owned()]));

    // what is left answers, and 3 can come back empty
    project.harness(["launch", "3"]).run().succeeds();
    assert!(!bodies(api(3)).contains(&"only 3".to_owned()));
    assert_eq!(bucket_of(&project, 3, "agent-3"), Ok(Vec::new()));
}
