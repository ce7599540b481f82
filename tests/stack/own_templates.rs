//! Templates of a project's own: the built-in ones as a start, and what may differ.

use std::fs;

use crate::support::TestHome;

#[test]
fn built_in_templates_are_printed_and_one_that_adds_a_variable_is_refused() {
    let home = TestHome::new();
    let root = home.directory().join("own");
    fs::create_dir_all(&root).unwrap();
    let harness = |arguments: &[&str]| home.harness(arguments.iter().copied()).dir(&root).run();
    let env = harness(&["config", "templates", "env"]).succeeds().stdout;
    assert!(env.contains("{% for name, value in entries %}") && !env.contains("render."), "{env}");
    let both = harness(&["config", "templates"]).succeeds().stdout;
    assert!(both.contains("{# render.env_template #}") && both.contains("{# render.processes_template #}"), "{both}");
    let document = harness(&["config", "templates", "--json"]).succeeds().json();
    assert_eq!(document["schema"], "harness/config-templates/1");
    assert_eq!(document["templates"][0]["text"], env);
    let unknown = harness(&["config", "templates", "nothing", "--json"]).exits_with(2).json();
    assert_eq!(unknown["error"]["code"], "render.unknown_template");

    let text = "project.name = \"own\"\ninfra.postgres.disabled = true\ndatabase.disabled = true\nenv.A = \"1\"\n\
                render.env_template = \"env.j2\"\n";
    fs::write(root.join("harness.toml"), text).unwrap();
    fs::write(root.join("env.j2"), &env).unwrap();
    harness(&["config", "check"]).succeeds();
    fs::write(root.join("env.j2"), format!("{env}ADDED=2\n")).unwrap();
    let refused = harness(&["config", "check"]).exits_with(3).stdout;
    assert!(refused.contains("`env.j2` gives `ADDED` a value of its own"), "{refused}");
    assert!(refused.contains("set `ADDED` in [env]"), "{refused}");
    let launched = harness(&["launch", "1", "--json"]).exits_with(3).json();
    assert!(launched.to_string().contains("\"render.env_only\""), "{launched}");
}
