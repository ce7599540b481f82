//! `CLAUDE.agent.md` and its like, as launched agents find them.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::support::TestHome;

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn agents_that_share_the_root_have_one_each() {
    let home = TestHome::new();
    let project = home.project("shop").with_items().application("api").write();
    let launched = project.harness(["launch", "1", "3", "--json"]).run().succeeds().json();
    let guide = project.root().join("CLAUDE.agent.3.md");
    assert_eq!(launched["agents"][1]["guide"], guide.display().to_string());
    assert_eq!(mode(&guide), 0o600);
    let text = fs::read_to_string(&guide).unwrap();
    let url = format!("http://localhost:{}", project.port("api", 3));
    let database = project.harness(["env", "3", "--json"]).run().succeeds().json();
    for expected in [&url, database["variables"]["DATABASE_URL"].as_str().unwrap(), "You are agent 3 of shop"] {
        assert!(text.contains(expected), "{expected} is not in\n{text}");
    }
    assert!(project.root().join("CLAUDE.agent.1.md").exists() && !project.root().join("AGENTS.md").exists());
    assert_eq!(project.git(&["status", "--porcelain"]), "", "git does not see it");
    project.harness(["teardown", "3"]).run().succeeds();
    assert!(!guide.exists() && project.root().join("CLAUDE.agent.1.md").exists());
}

#[test]
fn every_verb_and_option_that_it_names_exists() {
    let home = TestHome::new();
    let project = home.project("shop").with_items().with_mail().application("api").write();
    project.harness(["launch", "3"]).run().succeeds();
    let text = fs::read_to_string(project.root().join("CLAUDE.agent.3.md")).unwrap();
    let parser = harness::cli::parser();
    let mut verbs = Vec::new();
    for rest in text.split("`harness ").skip(1) {
        let line = rest.split('`').next().unwrap();
        let verb = line.split(' ').next().unwrap();
        if verb == "help" {
            continue;
        }
        let known = parser.get_subcommands().find(|known| known.get_name() == verb);
        let known = known.unwrap_or_else(|| panic!("there is no verb `{verb}`"));
        let own = line.split(" -- ").next().unwrap();
        for option in own.split(' ').filter_map(|word| word.strip_prefix("--")) {
            let found = known.get_arguments().chain(parser.get_arguments()).any(|it| it.get_long() == Some(option));
            assert!(found, "`{verb}` has no `--{option}`");
        }
        verbs.push(verb);
    }
    for verb in ["status", "launch", "logs", "restart", "exec", "url", "psql", "verify"] {
        assert!(verbs.contains(&verb), "the guide does not tell of `{verb}`");
    }
}

#[test]
fn a_work_tree_has_it_where_coding_agents_look_and_keeps_its_own_files() {
    let home = TestHome::new();
    let path = home.directory().join("tree").display().to_string();
    let project = home
        .project("shop")
        .application("api")
        .toml(&format!("[worktree]\npath = \"{path}-{{{{ id }}}}\"\n"))
        .file(".claude/skills/own/SKILL.md", "the project's own skill\n")
        .write();
    project.harness(["launch", "3"]).run().succeeds();
    let tree = home.directory().join("tree-3");
    for name in ["CLAUDE.agent.md", "AGENTS.md", ".claude/skills/harness/SKILL.md"] {
        assert_eq!(mode(&tree.join(name)), 0o600, "{name}");
        assert!(fs::read_to_string(tree.join(name)).unwrap().contains("You are agent 3"), "{name}");
    }
    let again = project.harness(["launch", "3", "--json"]).run().succeeds().json();
    assert_eq!(again["agents"][0]["outcome"], "already_running");
    // nothing of it keeps the work tree from being removed, and a person's AGENTS.md is never ignored
    project.harness(["launch", "4"]).run().succeeds();
    fs::write(project.root().join("AGENTS.md"), "a person's\n").unwrap();
    assert_eq!(project.git(&["status", "--porcelain"]), "?? AGENTS.md\n", "agents 3 and 4 have one");
    project.harness(["teardown", "3"]).run().succeeds();
    assert!(!tree.exists());
    project.harness(["teardown", "4"]).run().succeeds();
    assert_eq!(project.git(&["status", "--porcelain"]), "?? AGENTS.md\n");
}

#[test]
fn a_file_of_the_project_is_never_overwritten() {
    let home = TestHome::new();
    let path = home.directory().join("tree").display().to_string();
    let project = home
        .project("shop")
        .application("api")
        .toml(&format!("[worktree]\npath = \"{path}-{{{{ id }}}}\"\n"))
        .file("AGENTS.md", "the project's own\n")
        .file("CLAUDE.agent.md", "the project's own\n")
        .write();
    project.harness(["launch", "3"]).run().succeeds();
    let tree = home.directory().join("tree-3");
    for name in ["AGENTS.md", "CLAUDE.agent.md"] {
        assert_eq!(fs::read_to_string(tree.join(name)).unwrap(), "the project's own\n");
    }
    assert!(tree.join("CLAUDE.agent.3.md").exists(), "the numbered one stands in");
    // an agent that puts a file of its own in the place of ours keeps it
    let skill = tree.join(".claude/skills/harness/SKILL.md");
    fs::write(&skill, "the agent's own\n").unwrap();
    project.harness(["launch", "3"]).run().succeeds();
    assert_eq!(fs::read_to_string(&skill).unwrap(), "the agent's own\n");
    project.harness(["teardown", "3"]).run().succeeds();
}
