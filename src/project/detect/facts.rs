//! What detectors find, each thing with its evidence: `package.json: scripts.dev`.
//!
//! Facts say what the repository needs and how its programs are started. Names, port numbers and the
//! shape of the file are decided later, in `draft`.

use std::collections::{BTreeMap, BTreeSet};

/// Stands for the port of the program in whose command, environment or note it is.
pub(super) const PORT: &str = "{{ ports.@ }}";

/// A server that an application uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum BackingService {
    Postgres,
    Redis,
    Mysql,
    Mariadb,
    Mongodb,
    S3,
    Mail,
    Browser,
}

/// What a program is for; decides its name, and where links to other programs lead.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Role {
    /// A person opens it in a browser.
    Page,
    /// Other programs ask it.
    Api,
    /// It listens on no port.
    Worker,
}

/// When a program is ready.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Probe {
    /// A GET of this path is answered with 200 to 399.
    Http(String),
    /// A connection is accepted.
    Tcp,
    /// Nothing is known: started is ready.
    Started,
}

/// A program that runs for as long as the stack does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Program {
    /// A name that its role does not give.
    pub(super) name: Option<String>,
    /// Where it runs, relative to the root.
    pub(super) directory: String,
    /// A template with [`PORT`] for its port.
    pub(super) command: String,
    /// The port that it has without harness; none of a worker.
    pub(super) port: Option<u16>,
    /// The file that says so, where it is another than the program's.
    pub(super) port_evidence: Option<String>,
    /// Whether it cannot be given another one.
    pub(super) port_is_fixed: bool,
    /// Whether nothing says that it has this one.
    pub(super) port_is_assumed: bool,
    pub(super) probe: Probe,
    /// Further ports that it listens on: a part of their names, which stands for each as `{{ ports.@<part> }}`, and the
    /// number without harness.
    pub(super) further_ports: Vec<(String, u16)>,
    /// Whether it is started only when somebody asks for it.
    pub(super) disabled: bool,
    /// On top of `[env]`; values are templates.
    pub(super) environment: Vec<(String, String)>,
    pub(super) role: Role,
    pub(super) evidence: String,
    /// Comments above it in the file.
    pub(super) notes: Vec<String>,
}

impl Program {
    /// A program with the role's usual values.
    pub(super) fn new(directory: &str, role: Role, command: impl Into<String>, evidence: impl Into<String>) -> Self {
        Self {
            name: None,
            directory: directory.to_owned(),
            command: command.into(),
            port: None,
            port_evidence: None,
            port_is_fixed: false,
            port_is_assumed: false,
            further_ports: Vec::new(),
            probe: Probe::Started,
            disabled: false,
            environment: Vec::new(),
            role,
            evidence: evidence.into(),
            notes: Vec::new(),
        }
    }

    /// Listens on this port unless told otherwise, and is ready when `probe` passes.
    pub(super) fn listening(mut self, port: u16, probe: Probe) -> Self {
        (self.port, self.probe) = (Some(port), probe);
        self
    }

    /// Listens on PORT, or on the usual number where it does not read that: both lead to the agent's own.
    pub(super) fn assumed(mut self, port: u16) -> Self {
        (self.port_is_fixed, self.port_is_assumed) = (true, true);
        self.environment.push(("PORT".to_owned(), PORT.to_owned()));
        self.listening(port, Probe::Tcp)
    }
}

/// A command that ends: of `[prepare]` or of the database's template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Step {
    pub(super) name: String,
    pub(super) run: String,
    pub(super) directory: String,
    /// Globs relative to the root, each of which matches a file.
    pub(super) inputs: Vec<String>,
    pub(super) outputs: Vec<String>,
    /// Whether appended inputs may be applied to what earlier ones made.
    pub(super) incremental: bool,
    /// Why it is written as a comment only.
    pub(super) left_out: Option<String>,
    pub(super) evidence: String,
}

impl Step {
    /// A step without inputs.
    pub(super) fn new(name: &str, directory: &str, run: impl Into<String>, evidence: impl Into<String>) -> Self {
        Self {
            name: name.to_owned(),
            run: run.into(),
            directory: directory.to_owned(),
            inputs: Vec::new(),
            outputs: Vec::new(),
            incremental: false,
            left_out: None,
            evidence: evidence.into(),
        }
    }
}

/// A command of `[verify]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Check {
    /// `check`, `test` or `e2e`.
    pub(super) stage: &'static str,
    pub(super) name: String,
    pub(super) run: String,
    pub(super) directory: String,
    pub(super) environment: Vec<(String, String)>,
    pub(super) evidence: String,
}

impl Check {
    pub(super) fn new(stage: &'static str, name: &str, directory: &str, run: String, evidence: String) -> Self {
        Self { stage, name: name.to_owned(), run, directory: directory.to_owned(), environment: Vec::new(), evidence }
    }
}

/// A variable that an example file, a compose file or the source names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Example {
    pub(super) name: String,
    /// None where only the name is known: of the source, or of a file that may hold secrets.
    pub(super) value: Option<String>,
    pub(super) evidence: String,
}

/// An address on this machine that stands in a file, so that it is the same for every agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Address {
    pub(super) file: String,
    pub(super) line: usize,
    pub(super) port: u16,
    /// Whether a dev server forwards requests to it.
    pub(super) is_proxy: bool,
}

/// What the detectors found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Facts {
    /// What a manifest calls the project.
    pub(super) name: Option<String>,
    /// What was seen, and where.
    pub(super) saw: Vec<(String, String)>,
    pub(super) assumed: Vec<String>,
    pub(super) unknown: Vec<String>,
    pub(super) prepare: Vec<Step>,
    /// How the schema is made; in the template where the database is PostgreSQL, else in the tree.
    pub(super) migrations: Vec<Step>,
    pub(super) seeds: Vec<Step>,
    pub(super) programs: Vec<Program>,
    pub(super) checks: Vec<Check>,
    pub(super) variables: Vec<Example>,
    /// Variables of the source whose default is an address on this machine.
    pub(super) defaults: Vec<Example>,
    /// Addresses on this machine that stand in the source.
    pub(super) addresses: Vec<Address>,
    /// Dotenv files that git tracks: they are laid below `[env]`.
    pub(super) env_files: Vec<String>,
    /// Example files that `.env` is made of: only what belongs to an agent is taken from them.
    pub(super) layered: BTreeSet<String>,
    /// Variables without which a program does not start, and what says so.
    pub(super) required_variables: BTreeMap<String, (String, String)>,
    /// Variables that a tool or the settings ask for, each with its value and the reason.
    pub(super) settled: BTreeMap<String, (String, String)>,
    /// Whether programs bring their schema up to date when they start.
    pub(super) migrates_itself: bool,
    pub(super) needs: BTreeMap<BackingService, String>,
    /// Whether the settings of the application name a database in a file, whatever packages it lists.
    pub(super) only_sqlite: bool,
    /// Databases that an example's values choose.
    pub(super) chosen: BTreeSet<BackingService>,
    /// What the database is called where the application does not ask a variable.
    pub(super) database_name: Option<String>,
    /// A database that harness does not run.
    pub(super) other_database: Option<String>,
    pub(super) extensions: BTreeSet<String>,
    /// The reason for `create = true`: tests make databases of their own.
    pub(super) creates_databases: Option<String>,
    pub(super) pass_env: BTreeSet<&'static str>,
    /// How long a first start may take, and why, where that is longer than usual.
    pub(super) slow_start: Option<(&'static str, String)>,
    /// Programs that must be on PATH, and what for.
    pub(super) required: BTreeMap<&'static str, String>,
}

impl Facts {
    /// Adds what another detector found; of two names the first stays.
    pub(super) fn absorb(&mut self, other: Self) {
        self.name = self.name.take().or(other.name);
        self.saw.extend(other.saw);
        self.assumed.extend(other.assumed);
        self.unknown.extend(other.unknown);
        self.prepare.extend(other.prepare);
        self.migrations.extend(other.migrations);
        self.seeds.extend(other.seeds);
        self.programs.extend(other.programs);
        self.checks.extend(other.checks);
        self.variables.extend(other.variables);
        self.defaults.extend(other.defaults);
        self.addresses.extend(other.addresses);
        self.env_files.extend(other.env_files);
        self.layered.extend(other.layered);
        self.migrates_itself |= other.migrates_itself;
        for (name, why) in other.required_variables {
            self.required_variables.entry(name).or_insert(why);
        }
        for (name, value) in other.settled {
            self.settled.entry(name).or_insert(value);
        }
        for (service, evidence) in other.needs {
            self.needs.entry(service).or_insert(evidence);
        }
        self.only_sqlite |= other.only_sqlite;
        self.chosen.extend(other.chosen);
        self.database_name = self.database_name.take().or(other.database_name);
        self.other_database = self.other_database.take().or(other.other_database);
        self.extensions.extend(other.extensions);
        self.creates_databases = self.creates_databases.take().or(other.creates_databases);
        self.pass_env.extend(other.pass_env);
        self.slow_start = self.slow_start.take().or(other.slow_start);
        for (program, what) in other.required {
            self.required.entry(program).or_insert(what);
        }
    }

    /// Notes what was seen.
    pub(super) fn see(&mut self, what: impl Into<String>, evidence: impl Into<String>) {
        self.saw.push((what.into(), evidence.into()));
    }

    /// Notes a variable that has to have this value.
    pub(super) fn settle(&mut self, name: impl Into<String>, value: impl Into<String>, why: impl Into<String>) {
        self.settled.entry(name.into()).or_insert_with(|| (value.into(), why.into()));
    }

    /// Notes that a service is needed.
    pub(super) fn need(&mut self, service: BackingService, evidence: impl Into<String>) {
        self.needs.entry(service).or_insert_with(|| evidence.into());
    }
}
