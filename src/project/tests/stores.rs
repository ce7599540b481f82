//! `[stores]`: what becomes of them, and what is refused.

use super::super::*;
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
