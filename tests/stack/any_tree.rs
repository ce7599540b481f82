//! `launch` without an id, in whatever tree one stands: the main checkout, a work tree that somebody else made.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};

use crate::support::{LONG, TestHome, TestProject, get, wait_until};

fn shop(home: &TestHome) -> TestProject<'_> {
    home.project("shop").application("api").file("src/a", "").write()
}

/// A work tree that another program made.
fn linked(project: &TestProject<'_>, path: &Path, branch: &str) -> PathBuf {
    project.git(&["worktree", "add", "--quiet", path.to_str().unwrap(), "-b", branch]);
    path.canonicalize().unwrap()
}

/// Launches the agent of a directory; returns its id, outcome and tree.
fn launch(project: &TestProject<'_>, directory: &Path) -> (u8, String, String) {
    let report = project.harness(["launch", "--json"]).dir(directory).run().succeeds().json();
    let agent = &report["agents"][0];
    let text = |key: &str| agent[key].as_str().unwrap().to_owned();
    (u8::try_from(agent["agent"].as_u64().unwrap()).unwrap(), text("outcome"), text("tree"))
}

fn git(directory: &Path, arguments: &[&str]) -> String {
    let output = std::process::Command::new("git").args(arguments).current_dir(directory).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn a_tree_that_somebody_else_made_runs_and_is_given_back_as_it_was() {
    let home = TestHome::new();
    let project = shop(&home);
    let fox = linked(&project, &project.root().join(".claude/worktrees/bright-fox"), "x");
    let config = fs::read_to_string(project.root().join(".git/config")).unwrap();
    assert_eq!(launch(&project, &fox), (1, "launched".into(), fox.display().to_string()));
    assert_eq!(launch(&project, &fox.join("src")), (1, "already_running".into(), fox.display().to_string()));
    assert_eq!(get(project.port("api", 1), "/health").status, 200);
    assert_eq!(git(&fox, &["status", "--porcelain"]), "", "its files are kept out of git");
    let status = project.harness(["status", "--json"]).run().succeeds().json();
    assert_eq!((&status["agents"][0]["branch"], &status["agents"][0]["agent"]), (&"x".into(), &1.into()));
    // beside it the main checkout, which is not meant in the tree
    let root = project.root().to_owned();
    assert_eq!(launch(&project, &root), (2, "launched".into(), root.display().to_string()));
    assert_eq!(project.harness(["url", "--json"]).dir(&fox).run().succeeds().json()["agent"], 1);
    assert_eq!(project.harness(["url", "--json"]).run().succeeds().json()["agent"], 2);
    let gone = project.harness(["teardown", "--json"]).dir(&fox).run().succeeds().json();
    assert_eq!(gone["agents"][0]["agent"], 1);
    assert!(fox.join("app.py").exists() && !fox.join(".env.agent.1").exists() && !fox.join("AGENTS.md").exists());
    assert_eq!(git(&fox, &["status", "--porcelain"]), "");
    assert_eq!(fs::read_to_string(project.root().join(".git/config")).unwrap(), config);
    assert!(project.git(&["worktree", "list"]).contains("bright-fox"));
    // an id is kept for its tree, also beyond a teardown
    project.harness(["teardown"]).run().succeeds();
    assert_eq!(launch(&project, &root).0, 2);
    assert_eq!(launch(&project, &fox).0, 1);
}

#[test]
fn trees_launched_at_once_have_an_id_each() {
    let home = TestHome::new();
    let project = shop(&home);
    let trees: Vec<PathBuf> =
        ["a", "b", "c"].map(|name| linked(&project, &home.directory().join("trees").join(name), name)).into();
    // twice in each: the second of a tree waits for the first
    let running: Vec<_> = trees
        .iter()
        .chain(&trees)
        .map(|tree| (tree, project.harness(["launch", "--json"]).dir(tree).spawn()))
        .collect();
    let mut ids: Vec<(PathBuf, u64)> = running
        .into_iter()
        .map(|(tree, launch)| (tree.clone(), launch.wait().succeeds().json()["agents"][0]["agent"].as_u64().unwrap()))
        .collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 3, "{ids:?}");
    let mut numbers: Vec<u64> = ids.iter().map(|(_, id)| *id).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, [1, 2, 3]);
}

#[test]
fn twenty_trees_of_two_projects_run_in_one_home_and_nobody_knows_an_id() {
    let home = TestHome::new();
    let process = "[processes.job]\ncommand = \"sh -c 'echo $AGENT_ID; exec sleep 600'\"\n";
    let projects = ["shop", "blog"].map(|name| {
        let project = home.project(name).toml(process).write();
        project.replace("harness.toml", "max_agents = 18", "max_agents = 20");
        project.commit("Twenty");
        project
    });
    let trees: Vec<(&TestProject<'_>, PathBuf)> = (0..20)
        .map(|number| {
            let project = &projects[number % 2];
            let path = home.directory().join(format!("trees/{number}"));
            (project, linked(project, &path, &format!("task-{number}")))
        })
        .collect();
    let mut ids = Vec::new();
    // as many at once as programs start agents
    for some in trees.chunks(5) {
        let running: Vec<_> =
            some.iter().map(|(project, tree)| project.harness(["launch", "--json"]).dir(tree).spawn()).collect();
        ids.extend(running.into_iter().map(|it| it.wait().succeeds().json()["agents"][0]["agent"].as_u64().unwrap()));
    }
    let status = home.harness(["status", "--json"]).run().succeeds().json();
    let agents = status["agents"].as_array().unwrap();
    assert!(agents.len() == 20 && agents.iter().all(|agent| agent["state"] == "healthy"), "{status:#}");
    for (number, ((project, tree), id)) in trees.iter().zip(&ids).enumerate() {
        let agent = agents.iter().find(|agent| agent["agent"] == *id).unwrap();
        assert_eq!(agent["tree"], tree.display().to_string());
        assert_eq!(agent["branch"], format!("task-{number}"));
        let again = project.harness(["launch", "--json"]).dir(tree).run().succeeds().json();
        assert_eq!(
            (&again["agents"][0]["agent"], &again["agents"][0]["outcome"]),
            (&(*id).into(), &"already_running".into())
        );
        let said = project.harness(["logs", "job"]).dir(tree).run().succeeds().stdout;
        assert!(said.contains(&id.to_string()), "{number}: {said}");
    }
    ids.sort_unstable();
    assert_eq!(ids, (1..=20).collect::<Vec<u64>>());
    for (_, tree) in &trees {
        fs::remove_dir_all(tree).unwrap();
    }
    wait_until("all are gone", LONG, || ids.iter().all(|id| is_gone(&home, u8::try_from(*id).unwrap())));
}

#[test]
fn two_projects_of_one_home_know_nothing_of_each_other() {
    let home = TestHome::new();
    let project = shop(&home);
    let other = home.project("blog").first_digit(5).application("web").write();
    // a stranger has a port of the lowest id
    let stranger = TcpListener::bind(("127.0.0.1", project.port("api", 1))).unwrap();
    assert_eq!(launch(&project, project.root()).0, 2);
    assert_eq!(launch(&other, other.root()).0, 1);
    let tree = linked(&project, &home.directory().join("tree"), "x");
    assert_eq!(launch(&project, &tree).0, 3);
    drop(stranger);
    // the ids of agents that are there stay theirs
    assert_eq!(launch(&project, project.root()).0, 2);
    let none = project.harness(["launch", "1"]).run().exits_with(5);
    none.says("agent 1 belongs to project `blog`");
}

#[test]
fn what_is_asked_of_an_agent_that_lives_elsewhere_is_refused() {
    let home = TestHome::new();
    let project = shop(&home);
    let fox = linked(&project, &home.directory().join("fox"), "x");
    let code = |arguments: &[&str], directory: &Path| {
        let refused = project.harness(arguments.iter().chain(&["--json"]).copied()).dir(directory).run().exits_with(5);
        refused.json()["agents"][0]["error"]["code"].as_str().unwrap().to_owned()
    };
    assert_eq!(launch(&project, &fox).0, 1);
    assert_eq!(code(&["launch", "1", "--branch", "other"], project.root()), "agent.other_branch");
    assert_eq!(code(&["launch", "--branch", "other"], &fox), "agent.other_branch");
    project.harness(["launch", "1", "--branch", "x"]).run().succeeds();
    project.harness(["launch", "--worktree"]).dir(&fox).run().succeeds();
    assert_eq!(launch(&project, project.root()).0, 2);
    assert_eq!(code(&["launch", "2", "--worktree"], project.root()), "agent.other_tree");
    // a tree that somebody else made and removed is not made again
    home.kill_supervisor(1);
    project.git(&["worktree", "remove", "--force", fox.to_str().unwrap()]);
    assert_eq!(code(&["launch", "1"], project.root()), "worktree.gone");
    project.harness(["gc"]).run().succeeds();
    // no id is left
    let wolf = linked(&project, &home.directory().join("wolf"), "y");
    project.replace("harness.toml", "max_agents = 18", "max_agents = 2");
    let stranger = TcpListener::bind(("127.0.0.1", project.port("api", 1))).unwrap();
    let refused = project.harness(["launch", "--json"]).dir(&wolf).run().exits_with(5).json();
    assert_eq!(refused["error"]["code"], "agent.none_free", "{refused}");
    drop(stranger);
    assert_eq!(launch(&project, &wolf).0, 1);
}

#[test]
fn without_an_id_the_main_checkout_itself_runs_and_a_branch_gets_a_tree() {
    let home = TestHome::new();
    let trees = home.directory().join("trees/{{ id }}");
    let toml = format!("[worktree]\npath = \"{}\"\n", trees.display());
    let project = home.project("shop").application("api").toml(&toml).write();
    let root = project.root().display().to_string();
    assert_eq!(launch(&project, project.root()), (1, "launched".into(), root));
    for outcome in ["launched", "already_running"] {
        let made = project.harness(["launch", "--branch", "fix", "--json"]).run().succeeds().json();
        let tree = home.directory().join("trees/2").display().to_string();
        let agent = &made["agents"][0];
        assert_eq!((&agent["agent"], &agent["outcome"], &agent["tree"]), (&2.into(), &outcome.into(), &tree.into()));
    }
}

#[test]
fn a_bare_layout_and_a_file_that_is_not_committed() {
    let home = TestHome::new();
    let project = shop(&home);
    let layout = home.directory().join("layout");
    fs::create_dir(&layout).unwrap();
    let origin = project.root().to_str().unwrap();
    git(&layout, &["clone", "--quiet", "--bare", origin, ".bare"]);
    fs::write(layout.join(".git"), "gitdir: ./.bare\n").unwrap();
    git(&layout, &["worktree", "add", "--quiet", "fox", "-b", "fox"]);
    let fox = layout.join("fox");
    assert_eq!(launch(&project, &fox), (1, "launched".into(), fox.display().to_string()));
    project.harness(["teardown"]).dir(&fox).run().succeeds();
    assert_eq!(git(&fox, &["status", "--porcelain"]), "");
    // not committed, in the main checkout only
    project.git(&["rm", "--cached", "--quiet", "harness.toml"]);
    project.git(&["commit", "--quiet", "-m", "Without"]);
    let bare = linked(&project, &home.directory().join("plain"), "plain");
    assert!(!bare.join("harness.toml").exists());
    let (agent, _, tree) = launch(&project, &bare.join("src"));
    assert_eq!(tree, bare.display().to_string());
    project.harness(["teardown", &agent.to_string()]).run().succeeds();
    assert!(bare.join("app.py").exists());
}

/// Nothing of an agent is left in its home.
fn is_gone(home: &TestHome, agent: u8) -> bool {
    !home.path().join("agents").join(agent.to_string()).exists()
}

#[test]
fn a_tree_that_is_deleted_takes_its_stack_along() {
    let home = TestHome::new();
    let project = home.project("shop").with_items().application("api").write();
    let trees = ["a", "b"].map(|name| linked(&project, &home.directory().join(name), name));
    for tree in &trees {
        launch(&project, tree);
    }
    launch(&project, project.root());
    fs::remove_dir_all(&trees[0]).unwrap();
    project.git(&["worktree", "remove", trees[1].to_str().unwrap()]);
    let began = std::time::Instant::now();
    wait_until("both are gone", LONG, || is_gone(&home, 1) && is_gone(&home, 2));
    println!("gone after {:?}", began.elapsed());
    // the teardowns say so a moment after the last of their agent is gone
    wait_until("both are reported", LONG, || {
        let log = fs::read_to_string(home.path().join("trees.log")).unwrap();
        log.contains("agent 1: removed") && log.contains("agent 2: removed")
    });
    let log = fs::read_to_string(home.path().join("trees.log")).unwrap();
    let said = log.lines().find(|line| line.contains(&trees[0].display().to_string())).expect(&log);
    let time = said.split(' ').next().unwrap();
    assert!(time.starts_with("20") && time.ends_with('Z'), "it has a time: {said}");
    assert!(TcpListener::bind(("127.0.0.1", project.port("api", 1))).is_ok());
    // the agent of the main checkout, and what git keeps of a tree that was not removed by git, are as they were
    assert_eq!(get(project.port("api", 3), "/items").body, "seeded\n");
    assert!(project.git(&["worktree", "list"]).contains("/a "));
    assert!(!fs::read_to_string(project.root().join(".git/config")).unwrap().contains("includeIf"));
}

#[test]
fn a_tree_that_is_made_again_at_once_gets_processes_of_its_own() {
    let home = TestHome::new();
    let project = shop(&home);
    let path = home.directory().join("fox");
    linked(&project, &path, "x");
    assert_eq!(launch(&project, &path).0, 1);
    project.git(&["worktree", "remove", "--force", path.to_str().unwrap()]);
    project.git(&["worktree", "add", "--quiet", path.to_str().unwrap(), "x"]);
    assert_eq!(launch(&project, &path).0, 1);
    let pid = project.harness(["status", "1", "--json"]).run().succeeds().json()["agents"][0]["processes"][0]["pid"]
        .to_string();
    let stands = fs::read_link(format!("/proc/{pid}/cwd")).unwrap();
    assert_eq!(stands, path.canonicalize().unwrap());
}

#[test]
fn a_tree_and_a_project_that_are_renamed_keep_their_stack() {
    let home = TestHome::new();
    let project = shop(&home);
    let fox = linked(&project, &home.directory().join("fox"), "x");
    assert_eq!(launch(&project, &fox).0, 1);
    assert_eq!(launch(&project, project.root()).0, 2);
    let renamed = home.directory().join("wolf");
    fs::rename(&fox, &renamed).unwrap();
    let root = project.root().with_extension("moved");
    fs::rename(project.root(), &root).unwrap();
    for agent in ["1", "2"] {
        wait_until("it is noted", LONG, || home.path().join("agents").join(agent).join("moved").exists());
    }
    // from elsewhere it is nothing to collect
    let gc = home.harness(["gc", "--dry-run", "--json"]).run().succeeds().json();
    assert_eq!(gc["agents"].as_array().unwrap().len(), 0, "{gc}");
    let launch = |directory: &Path| {
        let report = home.harness(["launch", "--json"]).dir(directory).run().succeeds().json();
        (report["agents"][0]["agent"].clone(), report["agents"][0]["tree"].clone())
    };
    assert_eq!(launch(&root), (2.into(), root.display().to_string().into()));
    // a tree outside of the project that was moved: git has to be told where its repository is
    git(&root, &["worktree", "repair", renamed.to_str().unwrap()]);
    assert_eq!(launch(&renamed), (1.into(), renamed.display().to_string().into()));
    assert_eq!(get(project.port("api", 1), "/health").status, 200);
    assert_eq!(git(&renamed, &["status", "--porcelain"]), "");
    assert_eq!(git(&root, &["status", "--porcelain"]), "");
    let config = fs::read_to_string(root.join(".git/config")).unwrap();
    assert!(!config.contains(&format!("{}/", project.root().display())), "{config}");
    for dry in [&["gc", "--dry-run", "--json"][..], &["gc", "--json"]] {
        let gc = home.harness(dry.iter().copied()).dir(&root).run().succeeds().json();
        assert_eq!(gc["agents"].as_array().unwrap().len(), 0, "{gc}");
    }
    home.harness(["teardown"]).dir(&renamed).run().succeeds();
    home.harness(["teardown"]).dir(&root).run().succeeds();
    assert!(renamed.join("app.py").exists() && !renamed.join(".env.agent.1").exists());
    assert!(root.join("app.py").exists() && !root.join(".env.agent.2").exists());
}
