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
        table(&mut configuration, "worktree").insert("path".to_owned(), trees.into());
        project.put("harness.toml", &toml::to_string(&configuration).expect("TOML"));
        project.commit("Begin");
        succeed(Command::new("cp").args(["-a", "--reflink=auto"]).args([packages, project.root()]));
        // as `npm ci` leaves it: newer than the lock file that it was made of
        fs::write(project.root().join("node_modules/.installed"), "").expect("write a file");
        succeed(Command::new("npm").args(["run", "--silent", "build"]).current_dir(project.root()));
        project
    }

    /// The monorepo of `tests/lightdash` with the preset for it, committed, each agent in a work tree of its own.
    #[allow(clippy::print_stderr)] // a test that tries less says so
    pub(crate) fn lightdash(&self) -> TestProject<'_> {
        let root = self.directory().join("projects/lightdash");
        copy(&repository().join("tests/lightdash/monorepo"), &root);
        let preset = repository().join("templates/presets/lightdash/harness.toml");
        fs::copy(preset, root.join("harness.toml")).expect("copy the preset");
        let project = self.configured(root, &["frontend", "api", "scheduler", "debugger"]);
        let mut configuration: toml::Table = project.read("harness.toml").parse().expect("the preset");
        let trees = self.directory().join("trees/{{ id }}").display().to_string();
        table(&mut configuration, "worktree").insert("path".to_owned(), trees.into());
        let extensions = ["uuid-ossp", "vector"].into_iter().filter(|name| {
            let there = super::postgres::has_extension(name);
            if !there {
                eprintln!("this PostgreSQL has no {name}: launched without it");
            }
            there
        });
        let extensions: Vec<toml::Value> = extensions.map(toml::Value::from).collect();
        table(&mut configuration, "database").insert("extensions".to_owned(), extensions.into());
        project.put("harness.toml", &toml::to_string(&configuration).expect("TOML"));
        project.commit("Begin");
        project
    }

    fn example(&self, name: &str, ports: &[&str]) -> TestProject<'_> {
        let root = self.directory().join("projects").join(name);
        copy(&examples().join(name), &root);
        self.configured(root, ports)
    }

    /// The project in a directory, a git repository on this machine's ports, not yet committed.
    fn configured(&self, root: PathBuf, ports: &[&str]) -> TestProject<'_> {
        let bases: BTreeMap<String, u16> =
            (0..).zip(ports).map(|(digit, port)| ((*port).to_owned(), self.ports().application(digit))).collect();
        let project = TestProject::at(self, root, bases);
        project.git(&["init", "--quiet", "--initial-branch=main"]);
        let mut configuration: toml::Table = project.read("harness.toml").parse().expect("the example's harness.toml");
        table(&mut configuration, "project").insert("max_agents".to_owned(), i64::from(PortBlock::MAX_AGENT).into());
        for (name, base) in project.bases() {
            table(&mut configuration, "ports").insert(name.clone(), i64::from(*base).into());
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

fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn examples() -> PathBuf {
    repository().join("examples")
}

#[track_caller]
fn succeed(command: &mut Command) {
    let output = command.output().expect("run a program");
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}

fn table<'a>(document: &'a mut toml::Table, name: &str) -> &'a mut toml::Table {
    document.get_mut(name).and_then(toml::Value::as_table_mut).expect("the project has this table")
}

fn copy(from: &Path, to: &Path) {
    for file in files_of(from) {
        let target = to.join(&file);
        fs::create_dir_all(target.parent().expect("a file is in a directory")).expect("make a directory");
        fs::copy(from.join(&file), &target).unwrap_or_else(|error| panic!("copy {file}: {error}"));
    }
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
