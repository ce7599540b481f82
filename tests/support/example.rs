//! The applications under `examples/`, as projects of a test's machine.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Once;

use super::home::TestHome;
use super::ports::PortBlock;
use super::project::TestProject;

impl TestHome {
    /// A copy of `examples/board`, committed, on this machine's ports. What cargo built of it is shared.
    pub(crate) fn board(&self) -> TestProject<'_> {
        let project = self.example("board", &["frontend", "api"]);
        let example = examples().join("board");
        build(&example);
        // the link is no directory, so `/target` alone would do; `/target/` would not
        std::os::unix::fs::symlink(example.join("target"), project.root().join("target"))
            .expect("link cargo's directory");
        project.commit("Begin");
        project
    }

    /// A copy of `examples/shop`, committed, on this machine's ports, each agent in a work tree of its own. Its
    /// packages are installed and built; `packages` is a directory with them.
    pub(crate) fn shop(&self, packages: &Path) -> TestProject<'_> {
        let project = self.example("shop", &["frontend", "api"]);
        let mut configuration: toml::Table = project.read("harness.toml").parse().expect("the example's harness.toml");
        let trees = self.directory().join("trees/{{ id }}").display().to_string();
        let worktree = configuration.get_mut("worktree").and_then(toml::Value::as_table_mut);
        worktree.expect("the shop has work trees").insert("path".to_owned(), trees.into());
        project.put("harness.toml", &toml::to_string(&configuration).expect("TOML"));
        project.commit("Begin");
        succeed(Command::new("cp").args(["-a", "--reflink=auto"]).args([packages, project.root()]));
        // as `npm ci` leaves it: newer than the lock file that it was made of
        fs::write(project.root().join("node_modules/.installed"), "").expect("write a file");
        succeed(Command::new("npm").args(["run", "--silent", "build"]).current_dir(project.root()));
        project
    }

    fn example(&self, name: &str, ports: &[&str]) -> TestProject<'_> {
        let example = examples().join(name);
        let root = self.directory().join("projects").join(name);
        for file in files_of(&example) {
            let target = root.join(&file);
            fs::create_dir_all(target.parent().expect("a file is in a directory")).expect("make a directory");
            fs::copy(example.join(&file), &target).unwrap_or_else(|error| panic!("copy {file}: {error}"));
        }
        let bases: BTreeMap<String, u16> =
            (0..).zip(ports).map(|(digit, port)| ((*port).to_owned(), self.ports().application(digit))).collect();
        let project = TestProject::at(self, root, bases);
        project.git(&["init", "--quiet", "--initial-branch=main"]);
        let mut configuration: toml::Table = project.read("harness.toml").parse().expect("the example's harness.toml");
        set(&mut configuration, "project", "max_agents", i64::from(PortBlock::MAX_AGENT));
        for (name, base) in project.bases() {
            set(&mut configuration, "ports", name, i64::from(*base));
        }
        configuration.insert("infra".to_owned(), self.infra_table());
        project.put("harness.toml", &toml::to_string(&configuration).expect("TOML"));
        project
    }

    fn infra_table(&self) -> toml::Value {
        let mut postgres = toml::Table::new();
        if let Ok(bin_dir) = std::env::var("HARNESS_TEST_PG_BIN_DIR") {
            postgres.insert("bin_dir".to_owned(), bin_dir.into());
        }
        [("engine".to_owned(), super::home::engine().into())]
            .into_iter()
            .chain([
                ("compose_project".to_owned(), self.compose_project().into()),
                ("postgres".to_owned(), postgres.into()),
            ])
            .collect::<toml::Table>()
            .into()
    }
}

/// Builds the example once a run of the tests. What takes minutes on a new machine, everything that the board
/// depends on, is then at hand for each launch, which has a deadline.
fn build(example: &Path) {
    static BUILT: Once = Once::new();
    BUILT.call_once(|| {
        let status = Command::new("cargo")
            .args(["build", "--locked", "--quiet"])
            .current_dir(example)
            // as a launch gives it to the build: what cargo sets for its tests would make it another one
            .env_clear()
            .envs(std::env::vars_os().filter(|(name, _)| {
                ["PATH", "HOME", "USER", "CARGO_HOME", "RUSTUP_HOME", "RUSTUP_TOOLCHAIN"]
                    .iter()
                    .any(|kept| name == kept)
            }))
            .status()
            .expect("run cargo");
        assert!(status.success(), "the example cannot be built");
    });
}

fn examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples")
}

#[track_caller]
fn succeed(command: &mut Command) {
    let output = command.output().expect("run a program");
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}

fn set(document: &mut toml::Table, table: &str, key: &str, value: i64) {
    let table = document.get_mut(table).and_then(toml::Value::as_table_mut).expect("the example has this table");
    table.insert(key.to_owned(), value.into());
}

/// What belongs to the example: tracked by git, or not ignored by it.
fn files_of(directory: &Path) -> Vec<String> {
    let output = Command::new("git")
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .current_dir(directory)
        .output()
        .expect("run git");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let names = String::from_utf8(output.stdout).expect("names are UTF-8");
    names.split('\0').filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

#[test]
fn the_board_loads_as_it_is_committed() {
    let example = examples().join("board");
    let project = harness::project::Project::load(&example, &|_| None).unwrap();
    assert_eq!(project.ports, [("frontend".to_owned(), 3000), ("api".to_owned(), 8000)]);
    let names: Vec<&str> = project.processes.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["api", "frontend", "worker"]);
}

#[test]
fn a_copy_of_the_board_loads_and_ignores_what_cargo_makes() {
    let home = TestHome::new();
    let project = home.board();
    let loaded = harness::project::Project::load(project.root(), &|_| None).unwrap();
    assert_eq!(loaded.infra.compose_project, home.compose_project());
    assert_eq!(project.git(&["status", "--porcelain"]), "");
    assert_eq!(project.git(&["ls-files", "target"]), "");
}
