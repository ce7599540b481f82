//! `[stores]`: what becomes of them, and what is refused.

use super::super::*;
use super::fixture::Fixture;
use super::{problem, problems, project};

const NAME: &str = "project.name = \"board\"\n";

#[test]
fn a_store_is_a_port_and_a_process_that_others_wait_for() {
    let project = project(&format!(
        "{NAME}ports = {{ web = 3000 }}\nstores.cache.use = \"redis\"\nstores.files.use = \"sqlite\"\n\
         [processes.web]\ncommand = \"node web.js\"\n\
         [processes.worker]\ncommand = \"node worker.js\"\ndepends_on = [\"cache\"]\n"
    ));
    let agent = AgentId::try_from(3).unwrap();
    assert_eq!(project.ports_of(agent), [("web".to_owned(), 3030), ("cache".to_owned(), 6409)]);
    let names: Vec<&str> = project.processes.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["cache", "web", "worker"]);
    let condition = |index: usize| project.processes[index].1.depends_on[0].condition;
    assert_eq!((condition(1), condition(2)), (Condition::Healthy, Condition::Started));
    assert_eq!(project.stores[1].1.serves, StoreKind::Sqlite);
}

#[test]
fn stores_that_cannot_be_are_refused_with_the_remedy() {
    let one = |text: &str, expected: &str| {
        let found = problem(text);
        assert!(found.contains(expected), "{found}");
    };
    one("stores.a.use = \"redis\"\nstores.a.command = \"x\"\nstores.a.port = 5000", "only one of `use` and `command`");
    one("stores.search.command = \"x\"", "missing key `stores.search.port`");
    one(
        "stores.a.use = \"redis\"\nstores.b.use = \"redis\"",
        "port 6389 would be both `a` of agent 1 and `b` of agent 1",
    );
    one("stores.a.use = \"sqlite\"\nstores.a.port = 5000", "sqlite has no server");
    one("stores.a.use = \"redis\"\nstores.a.init = \"x\"", "`stores.a.init` has no effect");
    one("stores.a.use = \"redis\"\nprocesses.a.command = \"x\"", "is called `a` already");
    one("ports.a = 5000\nstores.a.use = \"redis\"\nstores.a.port = 5001", "`ports.a` gives the port already");
    let found = problems(&format!("{NAME}stores.a.use = \"oracle\""));
    assert!(found[0].contains("redis"), "{found:?}");
}

const COMPOSE: &str = "services:
  api:
    build: .
  db:
    image: postgres:16
    volumes: [pg:/var/lib/postgresql/data]
  search:
    image: getmeili/meilisearch:${MEILI_VERSION:-v1.9}
    command: [\"meilisearch\", \"--env\", \"a b {{ id }}\"]
    ports: [\"127.0.0.1:7700:7701\", \"9000:9000/udp\"]
    environment:
      - MEILI_MASTER_KEY=${KEY}
    volumes:
      - search:/meili_data
      - ./config/search.toml:/etc/search.toml:ro
    ulimits: { nofile: 1024 }
  queue:
    image: rabbitmq:3
    expose: [5672]
    environment: { RABBITMQ_DEFAULT_USER: me }
    healthcheck: { test: [CMD, true] }
    profiles: [later]
volumes: { pg: , search: }
";

fn composed(tables: &str) -> Fixture {
    let toml = format!("{NAME}ports = {{ web = 3000 }}\n[stores]\nfrom = \"compose.yml\"\n{tables}");
    Fixture::new(&[(FILE, &toml), ("compose.yml", COMPOSE), (".env", "KEY=secret\n")])
}

#[test]
fn services_of_a_compose_file_are_stores() {
    let project = composed("").load().unwrap();
    let names: Vec<&str> = project.stores.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["search"], "not what is built, shared or in a profile");
    let agent = AgentId::try_from(1).unwrap();
    assert_eq!(project.ports_of(agent), [("web".to_owned(), 3010), ("search".to_owned(), 7710)]);
    let container = project.stores[0].1.container.clone().unwrap();
    assert_eq!((container.image.as_str(), container.port), ("getmeili/meilisearch:v1.9", Some(7701)));
    assert_eq!((container.data, container.environment), (vec!["/meili_data".into()], vec!["MEILI_MASTER_KEY".into()]));
    assert_eq!(container.files, [("./config/search.toml".to_owned(), "/etc/search.toml".to_owned())]);
    let (_, process) = &project.processes[0];
    assert_eq!(process.environment[0].1.0, "secret");
    assert!(process.command.0.ends_with("meilisearch --env 'a b {{ '{{' }} id }}'"), "{}", process.command.0);
    let warnings = project.warnings.join("\n");
    assert!(warnings.contains("`db` of `compose.yml` is left to harness's own server: PostgreSQL"), "{warnings}");
    assert!(warnings.contains("`ulimits` of `search` in `compose.yml` has no effect"), "{warnings}");
}

#[test]
fn a_table_adds_to_a_service_or_takes_its_place() {
    let steps = "template.steps = [{ name = \"seed\", run = \"true\" }]";
    let tables = format!("[stores.search]\nport = 7800\n{steps}\n[stores.queue]\n[stores.db]\nuse = \"redis\"\n");
    let project = composed(&tables).load().unwrap();
    let of = |name: &str| project.stores.iter().find(|(store, _)| store == name).map(|(_, store)| store).unwrap();
    assert_eq!(of("search").steps.len(), 1);
    assert_eq!(of("queue").container.as_ref().unwrap().port, Some(5672));
    assert_eq!(of("db").serves, StoreKind::Redis);
    assert_eq!(project.port(AgentId::try_from(1).unwrap(), "search"), Some(7810));
    let found = composed("[stores.api]\nport = 5000\n").problems();
    assert!(found[0].contains("`compose.yml` builds `api`") && found[0].contains("[processes.api]"), "{found:?}");
    let found = problems(&format!("{NAME}stores.from = \"none.yml\""));
    assert!(found[0].contains("cannot read `none.yml`"), "{found:?}");
}
