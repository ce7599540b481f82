//! Projects for tests: a directory under git with a `harness.toml`.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::application::{APPLICATION, python};
use super::command::HarnessCommand;
use super::home::TestHome;
use super::ports::PortBlock;

/// A project, being put together.
pub(crate) struct ProjectBuilder<'a> {
    home: &'a TestHome,
    name: String,
    engine: &'static str,
    first_digit: u16,
    ports: Vec<String>,
    infra: Vec<&'static str>,
    toml: String,
    env: Vec<(String, String)>,
    files: Vec<(String, String)>,
}

impl<'a> ProjectBuilder<'a> {
    pub(super) fn new(home: &'a TestHome, name: &str) -> Self {
        Self {
            home,
            name: name.to_owned(),
            engine: super::home::engine(),
            first_digit: 0,
            ports: Vec::new(),
            infra: Vec::new(),
            toml: String::new(),
            env: Vec::new(),
            files: Vec::new(),
        }
    }

    /// Another engine than the native one.
    pub(crate) fn engine(mut self, engine: &'static str) -> Self {
        self.engine = engine;
        self
    }

    /// Where this project's ports begin among the ten of an agent. Two projects of one home need two.
    pub(crate) fn first_digit(mut self, digit: u16) -> Self {
        self.first_digit = digit;
        self
    }

    /// A name of `[ports]`; the number is found here.
    pub(crate) fn port(mut self, name: &str) -> Self {
        self.ports.push(name.to_owned());
        self
    }

    /// Uses the database server; without any such call a project has processes only.
    pub(crate) fn with_database(mut self) -> Self {
        self.infra.push("postgres");
        self
    }

    /// Uses the S3 server.
    pub(crate) fn with_s3(mut self) -> Self {
        self.infra.push("s3");
        self
    }

    /// Uses the mail server.
    pub(crate) fn with_mail(mut self) -> Self {
        self.infra.push("mail");
        self
    }

    /// Uses the browser.
    pub(crate) fn with_browser(mut self) -> Self {
        self.infra.push("browser");
        self
    }

    /// A template with one table, `items`, and one row in it, `seeded`; `DATABASE_URL` in the environment.
    pub(crate) fn with_items(self) -> Self {
        self.with_database()
            .file("schema.sql", "CREATE TABLE items (id serial PRIMARY KEY, name text NOT NULL);\n")
            .file("seed.sql", "INSERT INTO items (name) VALUES ('seeded');\n")
            .env("DATABASE_URL", "{{ database.url }}")
            .toml(
                "[database.template]\nsteps = [\n  { name = \"schema\", sql = \"schema.sql\" },\n  { name = \"seed\", sql = \"seed.sql\" },\n]\n",
            )
    }

    /// A process that runs `app.py` on a port of its own name, with a readiness probe on /health.
    pub(crate) fn application(self, name: &str) -> Self {
        self.application_with(name, &[], "")
    }

    /// The same with variables that make it misbehave and with more keys of its table.
    pub(crate) fn application_with(mut self, name: &str, environment: &[(&str, &str)], keys: &str) -> Self {
        let mut table = format!(
            "[processes.{name}]\ncommand = \"{} -I app.py\"\n\
             readiness_probe = {{ http_get = {{ path = \"/health\", port = \"{{{{ ports.{name} }}}}\" }}, period_seconds = 0.1, failure_threshold = 600 }}\n{keys}\n\
             [processes.{name}.environment]\nPORT = \"{{{{ ports.{name} }}}}\"\n",
            python()
        );
        for (variable, value) in environment {
            let _ = writeln!(table, "{variable} = {}", quoted(value));
        }
        self.files.push(("app.py".to_owned(), APPLICATION.to_owned()));
        self.port(name).toml(&table)
    }

    /// A variable of `[env]`.
    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.env.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Further tables of `harness.toml`.
    pub(crate) fn toml(mut self, tables: &str) -> Self {
        self.toml.push_str(tables);
        self.toml.push('\n');
        self
    }

    /// A file of the project.
    pub(crate) fn file(mut self, path: &str, text: &str) -> Self {
        self.files.push((path.to_owned(), text.to_owned()));
        self
    }

    /// Writes the project, makes it a git repository and commits it.
    pub(crate) fn write(self) -> TestProject<'a> {
        let root = self.home.directory().join("projects").join(&self.name);
        fs::create_dir(&root).expect("make the project's directory");
        let digits = self.first_digit..;
        let bases: BTreeMap<String, u16> = self
            .ports
            .iter()
            .zip(digits)
            .map(|(name, digit)| (name.clone(), self.home.ports().application(digit)))
            .collect();
        let project = TestProject { home: self.home, root, bases };
        project.put("harness.toml", &self.configuration(&project.bases));
        for (path, text) in &self.files {
            project.put(path, text);
        }
        project.git(&["init", "--quiet", "--initial-branch=main"]);
        project.commit("Begin");
        project
    }

    fn configuration(&self, bases: &BTreeMap<String, u16>) -> String {
        let mut text = String::new();
        let _ = writeln!(text, "[project]\nname = {}\nmax_agents = {}\n", quoted(&self.name), PortBlock::MAX_AGENT);
        text.push_str("[ports]\n");
        for (name, base) in bases {
            let _ = writeln!(text, "{name} = {base}");
        }
        let _ = writeln!(
            text,
            "\n[infra]\nengine = {}\ncompose_project = {}",
            quoted(self.engine),
            quoted(self.home.compose_project())
        );
        for service in ["postgres", "s3", "mail", "browser"] {
            let _ = writeln!(text, "\n[infra.{service}]");
            if !self.infra.contains(&service) {
                text.push_str("disabled = true\n");
            } else if let (true, Ok(bin_dir)) = (service == "postgres", std::env::var("HARNESS_TEST_PG_BIN_DIR")) {
                let _ = writeln!(text, "bin_dir = {}", quoted(&bin_dir));
            }
        }
        if !self.infra.contains(&"postgres") {
            text.push_str("\n[database]\ndisabled = true\n");
        } else if !self.toml.lines().any(|line| line == "[database]") {
            // work in the background that few tests have a use for
            text.push_str("\n[database]\nspares = 0\n");
        }
        text.push_str("\n[env]\n");
        for (name, value) in &self.env {
            let _ = writeln!(text, "{name} = {}", quoted(value));
        }
        let _ = write!(text, "\n{}", self.toml);
        text
    }
}

/// A TOML string.
fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

/// A project on disk.
pub(crate) struct TestProject<'a> {
    home: &'a TestHome,
    root: PathBuf,
    bases: BTreeMap<String, u16>,
}

impl<'a> TestProject<'a> {
    /// The project in a directory that exists already.
    pub(super) fn at(home: &'a TestHome, root: PathBuf, bases: BTreeMap<String, u16>) -> Self {
        Self { home, root, bases }
    }

    /// `[ports]`.
    pub(super) fn bases(&self) -> &BTreeMap<String, u16> {
        &self.bases
    }

    /// Its root.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// The port of an agent, by the name in `[ports]`.
    #[track_caller]
    pub(crate) fn port(&self, name: &str, agent: u8) -> u16 {
        let base = self.bases.get(name).unwrap_or_else(|| panic!("the project has no port `{name}`"));
        base + 10 * u16::from(agent)
    }

    /// A call of harness in its root.
    pub(crate) fn harness<A: Into<OsString>>(&self, arguments: impl IntoIterator<Item = A>) -> HarnessCommand {
        HarnessCommand::new(&self.root, self.home.environment()).args(arguments)
    }

    /// Writes a file.
    pub(crate) fn put(&self, path: &str, text: &str) {
        let file = self.root.join(path);
        fs::create_dir_all(file.parent().expect("a file is in a directory")).expect("make a directory");
        fs::write(&file, text).unwrap_or_else(|error| panic!("write {}: {error}", file.display()));
    }

    /// Reads a file.
    #[track_caller]
    pub(crate) fn read(&self, path: &str) -> String {
        let file = self.root.join(path);
        fs::read_to_string(&file).unwrap_or_else(|error| panic!("read {}: {error}", file.display()))
    }

    /// Changes text in a file; it must be there once.
    #[track_caller]
    pub(crate) fn replace(&self, path: &str, old: &str, new: &str) {
        let text = self.read(path);
        assert_eq!(text.matches(old).count(), 1, "`{old}` is not once in {path}:\n{text}");
        self.put(path, &text.replace(old, new));
    }

    /// Commits everything.
    pub(crate) fn commit(&self, message: &str) {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--allow-empty", "--message", message]);
    }

    /// Runs git in the project and returns its output.
    #[track_caller]
    pub(crate) fn git(&self, arguments: &[&str]) -> String {
        let output = Command::new("git")
            .args(["-c", "user.name=Test", "-c", "user.email=test@example.com", "-c", "commit.gpgsign=false"])
            .args(arguments)
            .current_dir(&self.root)
            // the developer's own settings are none of the test's business
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_SYSTEM", "/dev/null")
            .output()
            .expect("run git");
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "git {arguments:?}: {stderr}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }
}

#[test]
fn a_project_loads_and_is_under_git() {
    let home = TestHome::new();
    let project = home.project("shop").with_items().application_with("api", &[("APP_EXIT", "3")], "").write();
    let document: toml::Table = project.read("harness.toml").parse().unwrap();
    let loaded = harness::project::Project::load(project.root(), &|_| None).unwrap();
    assert_eq!(loaded.ports, [("api".to_owned(), project.port("api", 0))]);
    assert_eq!(document["processes"]["api"]["environment"]["APP_EXIT"].as_str(), Some("3"));
    assert_eq!(document["infra"]["s3"]["disabled"].as_bool(), Some(true));
    assert_eq!(project.git(&["status", "--porcelain"]), "");
    assert_eq!(i64::from(project.port("api", 0)), document["ports"]["api"].as_integer().unwrap());
}
