//! A project's `[database]` on a throw-away server: a tree with migrations, a plan, agents.

use std::fs;
use std::path::Path;
use std::time::Duration;

use harness::postgres::{
    CloneRequest, DatabaseCredentials, Server, Template, TemplatePlan, clone, drop, spare, template,
};
use harness::project::{AgentId, DatabaseSettings, StepAction, TemplateStep};
use harness::report::Events;
use harness::system::Secret;

use super::postgres::{TestPostgres, block_on};

/// A home's project and the server that it uses.
pub(crate) struct TestTemplate {
    pub(crate) server: Server,
    pub(crate) tree: tempfile::TempDir,
    pub(crate) settings: DatabaseSettings,
    pub(crate) home: String,
    pub(crate) project: String,
    pub(crate) environment: Vec<(String, String)>,
}

impl TestTemplate {
    /// A project without steps, of a home of its own.
    pub(crate) fn new(postgres: &TestPostgres, home: &str) -> Self {
        Self::at(postgres.server(), home)
    }

    /// The same on a server that was started elsewhere.
    pub(crate) fn at(server: Server, home: &str) -> Self {
        Self {
            server,
            tree: tempfile::tempdir().unwrap(),
            settings: DatabaseSettings::default(),
            home: home.to_owned(),
            project: "board".to_owned(),
            environment: Vec::new(),
        }
    }

    /// A project with one table `message` and one row in it.
    pub(crate) fn small(postgres: &TestPostgres) -> Self {
        let mut project = Self::new(postgres, "00000000aaaa");
        project.write(
            "schema.sql",
            "CREATE TABLE message (id serial PRIMARY KEY, body text); INSERT INTO message (body) VALUES ('seed');",
        );
        project.sql_step("schema", "schema.sql");
        project
    }

    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.tree.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub(crate) fn path(&self) -> &Path {
        self.tree.path()
    }

    pub(crate) fn sql_step(&mut self, name: &str, file: &str) -> &mut TemplateStep {
        self.step(name, StepAction::Sql(file.into()))
    }

    pub(crate) fn run_step(&mut self, name: &str, command: &str) -> &mut TemplateStep {
        self.step(name, StepAction::Run(command.to_owned()))
    }

    fn step(&mut self, name: &str, action: StepAction) -> &mut TemplateStep {
        self.settings.steps.push(TemplateStep {
            name: name.to_owned(),
            action,
            inputs: Vec::new(),
            incremental: false,
            admin: false,
            working_dir: None,
            timeout: Duration::from_mins(1),
        });
        self.settings.steps.last_mut().unwrap()
    }

    pub(crate) fn plan(&self) -> TemplatePlan<'_> {
        TemplatePlan {
            settings: &self.settings,
            tree: self.tree.path(),
            environment: self.environment.clone(),
            base_environment: vec![("PATH".to_owned(), std::env::var("PATH").unwrap())],
            home_id: &self.home,
            project: &self.project,
        }
    }

    pub(crate) async fn ensuring(&self) -> harness::postgres::Result<Template> {
        template::ensure(&self.server, &self.plan(), &Events::silent()).await
    }

    pub(crate) fn try_ensure(&self) -> harness::postgres::Result<Template> {
        block_on(self.ensuring())
    }

    #[track_caller]
    pub(crate) fn ensure(&self) -> Template {
        self.try_ensure().unwrap_or_else(|error| panic!("{}", explain(error)))
    }

    pub(crate) async fn try_launch(&self, id: u8) -> harness::postgres::Result<DatabaseCredentials> {
        let template = template::ensure(&self.server, &self.plan(), &Events::silent()).await?;
        let password = Secret::generate();
        clone::create(&self.server, &template, &self.request(id, &password), &Events::silent()).await
    }

    pub(crate) fn request<'a>(&'a self, id: u8, password: &'a Secret) -> CloneRequest<'a> {
        CloneRequest {
            home_id: &self.home,
            project: &self.project,
            agent: agent(id),
            password,
            create_databases: self.settings.create,
            replication: self.settings.replication,
            roles: &self.settings.roles,
        }
    }

    /// The template if need be, and the agent's database from it.
    #[track_caller]
    pub(crate) fn launch(&self, id: u8) -> DatabaseCredentials {
        block_on(self.try_launch(id)).unwrap_or_else(|error| panic!("{}", explain(error)))
    }

    /// Fills the spares of the template up.
    pub(crate) async fn try_refill(&self, count: usize) -> harness::postgres::Result<()> {
        let template = template::ensure(&self.server, &self.plan(), &Events::silent()).await?.name;
        spare::refill(&self.server, &self.home, &self.project, &template, count).await
    }

    /// The same; returns their names.
    #[track_caller]
    pub(crate) fn refill(&self, postgres: &TestPostgres, count: usize) -> Vec<String> {
        block_on(self.try_refill(count)).unwrap_or_else(|error| panic!("{}", explain(error)));
        postgres.spares()
    }

    #[track_caller]
    pub(crate) fn teardown(&self, id: u8) -> harness::postgres::DroppedReport {
        block_on(drop::agent(&self.server, &self.home, agent(id))).unwrap_or_else(|error| panic!("{}", explain(error)))
    }
}

pub(crate) fn agent(id: u8) -> AgentId {
    AgentId::try_from(id).unwrap()
}

/// An error as a user would read it.
pub(crate) fn explain(error: harness::postgres::Error) -> String {
    let document = harness::report::Failure::from(error).document();
    format!("{}: {} {:?} {:?} {:?}", document.code, document.message, document.causes, document.details, document.hint)
}
