//! The agent guide.

use std::collections::BTreeMap;

use super::super::*;
use super::fixture::Fixture;

#[test]
fn it_tells_an_agent_what_is_its_own() {
    let fixture = Fixture::new("[processes.web]\ncommand = \"x\"\n");
    let renderer = Renderer::new(&fixture.project);
    let urls = BTreeMap::from([("web".to_owned(), "http://localhost:3030".to_owned())]);
    let environment = fixture.environment().unwrap();
    let guide = renderer.guide(&fixture.context(), &environment, &urls).unwrap();
    assert_eq!(guide.path, fixture.path().join("CLAUDE.agent.3.md"), "the root is shared");
    for expected in
        ["You are agent 3", "http://localhost:3030", "hunter2", ".env.agent.3", "harness restart 3 web", "agent-3"]
    {
        assert!(guide.text.contains(expected), "{expected} is not in\n{}", guide.text);
    }
    assert!(!guide.text.contains("{{") && !guide.text.contains("Mail that"), "{}", guide.text);

    let own_tree = Context { project_root: "/elsewhere".into(), ..fixture.context() };
    let guide = renderer.guide(&own_tree, &environment, &urls).unwrap();
    assert_eq!(guide.path, fixture.path().join("CLAUDE.agent.md"));
}
