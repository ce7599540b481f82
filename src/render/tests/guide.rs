//! The agent guide.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;

use super::super::files::RenderedFile;
use super::super::*;
use super::fixture::Fixture;

const STAGES: &str = "[processes.web]\ncommand = \"x\"\n[[verify.stages]]\nname = \"types\"\n\
    commands = [{ name = \"all\", run = \"true\" }]\n[[verify.stages]]\nname = \"smoke\"\nfull = true\n\
    commands = [{ name = \"all\", run = \"true\" }]\n";

fn guides(fixture: &Fixture, context: &TemplateValues) -> Vec<RenderedFile> {
    let urls = BTreeMap::from([("web".to_owned(), "http://localhost:3030".to_owned())]);
    Renderer::new(&fixture.project).guides(context, &fixture.environment().unwrap(), &urls).unwrap()
}

fn own_tree(fixture: &Fixture) -> TemplateValues {
    TemplateValues { project_root: "/elsewhere".into(), ..fixture.context() }
}

fn names(fixture: &Fixture, files: &[RenderedFile]) -> Vec<PathBuf> {
    files.iter().map(|file| file.path.strip_prefix(fixture.path()).unwrap().to_owned()).collect()
}

fn git(fixture: &Fixture, arguments: &[&str]) {
    let status = Command::new("git").arg("-C").arg(fixture.path()).args(arguments).status().unwrap();
    assert!(status.success());
}

#[test]
fn it_tells_an_agent_what_is_its_own() {
    let fixture = Fixture::new(STAGES);
    let files = guides(&fixture, &fixture.context());
    assert_eq!(names(&fixture, &files), [PathBuf::from("CLAUDE.agent.3.md")], "the root is shared");
    let text = &files[0].text;
    for expected in [
        "You are agent 3 of board",
        "\n- **web:** <http://localhost:3030>\n",
        "\n- **Ports:** `api` 8030, `web` 3030\n",
        "\n- **Processes:** `web`\n",
        "hunter2",
        ".env.agent.3",
        "harness restart 3 web",
        "`types`, `smoke` (only with `--full`).",
        "\n| query or change your database | `harness psql 3 'select 1'` |\n",
    ] {
        assert!(text.contains(expected), "{expected} is not in\n{text}");
    }
    assert!(!text.contains("{{") && !text.contains("Mail that"), "{text}");
    assert!(!text.contains("\n\n\n"), "{text}");
}

#[test]
fn a_tree_of_its_own_has_it_where_every_coding_agent_looks() {
    let fixture = Fixture::new(STAGES);
    let files = guides(&fixture, &own_tree(&fixture));
    let expected = ["CLAUDE.agent.md", "AGENTS.md", ".claude/skills/harness/SKILL.md"].map(PathBuf::from);
    assert_eq!(names(&fixture, &files), expected);
    assert!(files[2].text.starts_with("---\nname: harness\ndescription: "), "{}", files[2].text);
    for file in &files {
        assert!(file.write().unwrap());
    }
    assert_eq!(guides(&fixture, &own_tree(&fixture)), files, "ours may be written again");
    for file in &files {
        assert!(remove_guide(fixture.path(), &file.path).unwrap());
    }
    assert!(!fixture.path().join(".claude").exists(), "no empty folder stays");
}

#[test]
fn what_is_not_ours_is_left_alone() {
    let fixture = Fixture::new(STAGES);
    let put = |name: &str, text: &str| {
        let path = fixture.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    git(&fixture, &["init", "--quiet"]);
    put("CLAUDE.agent.md", "the project's");
    put("elsewhere/file", "x");
    git(&fixture, &["add", "CLAUDE.agent.md"]);
    // tracked, though it is deleted in the tree
    std::fs::remove_file(fixture.path().join("CLAUDE.agent.md")).unwrap();
    put("AGENTS.md", "a person's");
    let outside = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(outside.path(), fixture.path().join(".claude")).unwrap();
    let files = guides(&fixture, &own_tree(&fixture));
    assert_eq!(names(&fixture, &files), [PathBuf::from("CLAUDE.agent.3.md")], "the numbered one stands in");
    assert!(!remove_guide(fixture.path(), &fixture.path().join("AGENTS.md")).unwrap());
    assert_eq!(std::fs::read_to_string(fixture.path().join("AGENTS.md")).unwrap(), "a person's");
}

#[test]
fn a_name_is_ignored_only_as_long_as_it_is_ours() {
    let fixture = Fixture::new(STAGES);
    git(&fixture, &["init", "--quiet"]);
    for file in guides(&fixture, &own_tree(&fixture)) {
        file.write().unwrap();
    }
    let exclude = || std::fs::read_to_string(fixture.path().join(".git/info/exclude")).unwrap();
    assert!(exclude().contains("\n/AGENTS.md\n") && exclude().contains("\n/.claude/skills/harness/SKILL.md\n"));
    readmit_to_git(fixture.path(), &["AGENTS.md".into()]).unwrap();
    assert!(!exclude().contains("AGENTS.md") && exclude().contains("\n/.claude/skills/harness/SKILL.md\n"));
}
