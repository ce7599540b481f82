//! Building a template, under a lock that the caller holds exclusively.

use std::time::Duration;

use crate::project::TemplateStep;
use crate::report::{Events, Task};
use crate::system::Secret;

use super::super::connection::Connection;
use super::super::copy::{Source, Target, copy};
use super::super::mark::{Facts, Mark, OwnedKind};
use super::super::objects::named;
use super::super::roles::{NewRole, builders, ensure_builders, ensure_shared};
use super::super::run_step::run_step;
use super::super::step::Step;
use super::super::{DatabaseCredentials, Result, Server, extensions};
use super::chain::{Link, TemplatePlan, real_action};
use super::discard::discard;
use super::incremental::{self, Start};
use super::{admin_step, outside, publish};

/// How long a build that is abandoned (SIGINT) may take to clean up.
const ABANDON: Duration = Duration::from_secs(10);

/// One build.
pub(super) struct Build<'a> {
    server: &'a Server,
    connection: &'a Connection,
    plan: &'a TemplatePlan<'a>,
    links: &'a [Link],
    /// The template's database and role.
    name: String,
    /// Where it is built.
    building: String,
    mark: Mark,
    events: &'a Events,
}

impl<'a> Build<'a> {
    pub(super) fn new(
        server: &'a Server,
        connection: &'a Connection,
        plan: &'a TemplatePlan<'a>,
        links: &'a [Link],
        events: &'a Events,
    ) -> Self {
        let name = links.last().expect("there is a head").database();
        let building = format!("{name}_building");
        let mark = Mark::new(plan.home_id, plan.project, None, OwnedKind::Building);
        Self { server, connection, plan, links, name, building, mark, events }
    }

    /// Builds and publishes; on failure drops what was begun. Returns the new chain, and publishes
    /// nothing, when an input changed under the build.
    pub(super) async fn run(&self, task: &Task) -> Result<Option<Vec<Link>>> {
        discard(self.server, self.connection, &self.name, self.plan.home_id).await?;
        let guard = Abandoned { server: self.server, name: &self.name, home: self.plan.home_id, armed: true };
        let outcome = self.build(task).await;
        guard.disarm();
        if !matches!(outcome, Ok(None)) {
            let cleaned = discard(self.server, self.connection, &self.name, self.plan.home_id).await;
            // the first failure is the one that explains
            if outcome.is_ok() {
                cleaned?;
            }
        }
        outcome
    }

    async fn build(&self, task: &Task) -> Result<Option<Vec<Link>>> {
        let password = Secret::generate();
        let settings = self.plan.settings;
        let shared = self.mark.with_kind(OwnedKind::Shared);
        ensure_shared(self.connection, &shared, &settings.roles).await?;
        ensure_builders(self.connection, self.plan.home_id).await?;
        let builders = builders(self.plan.home_id);
        let template_mark = self.mark.with_kind(OwnedKind::Template);
        let role = NewRole {
            name: &self.name,
            mark: &template_mark,
            password: &password,
            login: true,
            create_databases: false,
            replication: false,
            member_of: std::slice::from_ref(&builders),
            shared: &settings.roles,
        };
        // a state that an earlier build of this name kept needs the role
        let exists = !named(self.connection, &[&self.name]).await?.1.is_empty();
        let sql = role.sql(self.connection, self.server, exists);
        self.connection.execute(&format!("create role `{}`", self.name), &sql).await?;

        let start = incremental::start(self.connection, self.plan, self.links).await?;
        task.detail(match &start {
            Start::Fresh => "from an empty database".to_owned(),
            Start::After { link, from } => format!("from the state after `{}` ({from})", self.links[*link].step),
            Start::Again { link, from } => {
                format!("`{}` again, on its previous state ({from})", self.links[*link].step)
            }
        });
        let source = match &start {
            Start::Fresh => Source::pristine(),
            Start::After { from, .. } | Start::Again { from, .. } => Source::inspect(self.connection, from).await?,
        };
        let target = Target {
            name: &self.building,
            owner: &builders,
            objects: &self.name,
            mark: &self.mark,
            facts: &Facts::default(),
            open: true,
        };
        copy(self.server, self.connection, &source, &target).await?;
        if matches!(start, Start::Fresh) {
            let inside = Connection::inside(self.server, &self.building).await?;
            publish::own_public(&inside).await?;
            extensions::create(&inside, &settings.extensions, &self.name).await?;
        }

        let login = self.server.login(&self.building, &self.name, &password);
        // link 0 is the head, so step k is link k + 1
        for (index, step) in settings.steps.iter().enumerate().skip(start.first_step()) {
            if step.admin {
                self.admin_step(step, task).await?;
            } else {
                self.step(step, &login, task).await?;
            }
            let last = index + 1 == settings.steps.len();
            if step.incremental && !last {
                let link = &self.links[index + 1];
                incremental::keep(self.server, self.connection, self.plan, link, &self.building, &self.name).await?;
            }
        }
        let now = self.plan.links(self.connection.version().major)?;
        if now.last().map(|link| &link.digest) != self.links.last().map(|link| &link.digest) {
            return Ok(Some(now));
        }
        task.detail("statistics");
        let (building, name) = (&self.building, &self.name);
        let mut secrets = vec![&password];
        if settings.steps.iter().any(|step| step.admin) {
            secrets.push(&self.server.password);
        }
        publish::publish(self.server, self.connection, building, name, &secrets, &template_mark, self.links).await?;
        Ok(None)
    }

    /// A step that the administrator runs. What it makes is the template's role's afterwards, as in every other step.
    async fn admin_step(&self, step: &TemplateStep, task: &Task) -> Result<()> {
        task.detail(format!("step {} runs as the server's administrator", step.name));
        let before = admin_step::roles(self.server, self.connection).await?;
        let ran = self.step(step, &self.server.admin_of(&self.building), task).await;
        // also of one that failed: its roles stay on the server
        admin_step::disarm_roles(self.server, self.connection, &step.name, &before).await?;
        ran?;
        admin_step::give_away(self.server, &self.building, &self.name).await
    }

    async fn step(&self, step: &TemplateStep, login: &DatabaseCredentials, task: &Task) -> Result<()> {
        task.detail(format!("step {}", step.name));
        let began = outside::now();
        let action = real_action(&step.action, login);
        let step = Step {
            name: &step.name,
            action: &action,
            tree: self.plan.tree,
            working_dir: step.working_dir.as_deref(),
            environment: self.plan.step_environment(login),
            login,
            timeout: step.timeout,
        };
        let took = run_step(&step, task).await?;
        task.detail(format!("step {} took {:.1} s", step.name, took.as_secs_f64()));
        if let Some(files) = outside::written_since(self.plan.tree, began).await {
            let text = format!(
                "template step `{}` wrote {files}: a template holds the database alone, so agents in other work trees \
                 lack them; write them in `[prepare]` or `post_clone`, and objects by `[bucket] seed`",
                step.name
            );
            self.events.warning("database", text);
        }
        Ok(())
    }
}

/// Cleans up when the future that builds is dropped: in a thread of its own, because nothing can be
/// awaited any more, and within a bounded time.
struct Abandoned<'a> {
    server: &'a Server,
    name: &'a str,
    home: &'a str,
    armed: bool,
}

impl Abandoned<'_> {
    fn disarm(mut self) {
        self.armed = false;
    }
}

impl Drop for Abandoned<'_> {
    fn drop(&mut self) {
        if !self.armed {
            return;
        }
        let (server, name, home) = (self.server.clone(), self.name.to_owned(), self.home.to_owned());
        let thread = std::thread::spawn(move || {
            let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else { return };
            // the caller's connection still holds the lock: no other build of this name can begin
            runtime.block_on(async {
                let cleaning = async {
                    let connection = Connection::admin(&server).await?;
                    discard(&server, &connection, &name, &home).await
                };
                // what cannot be dropped now is dropped by the next build
                let _ = tokio::time::timeout(ABANDON, cleaning).await;
            });
        });
        let _ = thread.join();
    }
}
