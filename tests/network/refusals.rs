//! Maps that cannot be.

use crate::support::TestHome;

#[test]
fn a_key_that_is_no_port_and_a_value_that_is_none_are_named_with_their_lines() {
    let home = TestHome::new();
    let project = home
        .project("shop")
        .port("web")
        .toml("[network]\nmap = { 0 = 1, 65536 = \"{{ ports.web }}\", 080 = 2, http = 3 }\n")
        .write();
    let check = project.harness(["config", "check"]).run().exits_with(3);
    for key in ["`0`", "`65536`", "`080`", "`http`"] {
        assert!(check.stdout.contains(&format!("{key} cannot be a key of `network.map`")), "{check}");
    }
    project.replace(
        "harness.toml",
        "{ 0 = 1, 65536 = \"{{ ports.web }}\", 080 = 2, http = 3 }",
        "{ 80 = \"{{ ports.wep }}\" }",
    );
    let check = project.harness(["config", "check"]).run().exits_with(3);
    assert!(check.stdout.contains("did you mean `ports.web`?"), "{check}");
}

#[test]
fn a_launch_from_within_another_agents_map_is_refused_with_its_name() {
    let home = TestHome::new();
    let project = home.project("shop").application("api").write();
    let launch = project.harness(["launch", "3"]).env("HARNESS_LOOPBACK_MAP", "0123/agent-4").run().exits_with(5);
    assert!(launch.stderr.contains("under the loopback map of agent 4"), "{launch}");
    assert!(launch.stderr.contains("run it from a shell outside"), "{launch}");
}
