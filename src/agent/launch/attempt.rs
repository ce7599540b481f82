//! One launch of one agent, step by step.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::{LaunchOptions, bucket, database, files, ports, prepare, ready, tree};
use crate::agent::journal::{self, Journal};
use crate::agent::lease::Lease;
use crate::agent::{Context, Error, Lifecycle, Record, processes, setup, teardown, template_values};
use crate::infra::{self, Infra};
use crate::project::{AgentId, Project};
use crate::render::{self, Environment, Renderer};
use crate::report::{Failure, LaunchOutcome, LaunchedAgent, TemplateUse};
use crate::supervisor;
use crate::system::Secret;

/// Everything that the steps share.
pub(super) struct Attempt<'a> {
    pub(super) context: &'a Context,
    pub(super) project: Project,
    pub(super) options: &'a LaunchOptions,
    pub(super) record: Record,
    pub(super) journal: Journal,
    /// Where the agent's state lives.
    pub(super) directory: PathBuf,
    /// Whether anything had to be done.
    pub(super) changed: bool,
    /// The template that was used, once known.
    pub(super) template: Option<TemplateUse>,
    lease: &'a Lease,
}

impl<'a> Attempt<'a> {
    /// Takes the agent's record up, or begins one.
    pub(super) fn begin(
        context: &'a Context,
        project: &Project,
        lease: &'a Lease,
        options: &'a LaunchOptions,
    ) -> Result<Self, Failure> {
        let agent = lease.agent;
        let found = lease.record(context, project)?;
        let cut = journal::cut_off(&context.home, agent);
        let journal = Journal::open(&context.home, agent, "launch")?;
        let mut record = match found {
            Some(record) if record.lifecycle == Lifecycle::TearingDown => return Err(Error::HalfRemoved(agent).into()),
            Some(record) => record,
            None => new_record(project, agent),
        };
        record.kept |= options.keep;
        if let Some(cut) = cut {
            context.events.note(subject(agent), format!("the last command was interrupted ({cut}); continuing"));
        }
        let directory = context.home.stack_dir(agent.stack());
        let project = project.clone();
        Ok(Self { context, project, options, record, journal, directory, changed: false, template: None, lease })
    }

    /// Whom events are about.
    pub(super) fn subject(&self) -> String {
        subject(self.record.agent)
    }

    /// Writes the record.
    pub(super) fn save(&self) -> Result<(), Failure> {
        Ok(self.record.write(&self.context.home)?)
    }

    /// All steps.
    pub(super) async fn run(&mut self) -> Result<LaunchOutcome, Failure> {
        let was_launched = self.record.lifecycle == Lifecycle::Launched;

        let step = self.journal.begin("lease")?;
        if !was_launched {
            self.save()?;
        }
        self.journal.done(&step)?;

        let step = self.journal.begin("ports")?;
        let running = ports::check(self).await?;
        self.journal.done(&step)?;

        let step = self.journal.begin("infra")?;
        let infra = self.infra().await?;
        self.journal.done(&step)?;

        let step = self.journal.begin("tree")?;
        tree::enter(self, &infra).await?;
        self.decide(&infra)?;
        self.journal.done(&step)?;

        let project = self.project.clone();
        let renderer = Renderer::new(&project);
        if running.is_none() {
            let base = render::base_environment(&project.pass_env, &|name| self.context.variable(name));
            self.record.base_environment = base.into_iter().collect();
        }
        let context = template_values::of(self.context, &project, &self.record, &infra);
        let environment = template_values::environment(&renderer, &context, &self.record)?;
        files::claim(self, &renderer, &context, &environment)?;

        self.make(&infra, &renderer, &context, &environment).await?;

        let step = self.journal.begin("render")?;
        let spec = files::write(self, &infra, &renderer, &context, &environment)?;
        self.journal.done(&step)?;

        let step = self.journal.begin("start")?;
        ready::start(self, &spec, running.as_ref()).await?;
        self.journal.done(&step)?;

        let step = self.journal.begin("ready")?;
        ready::wait(self).await?;
        self.journal.done(&step)?;

        self.record.lifecycle = Lifecycle::Launched;
        self.record.kept = false;
        self.save()?;
        let step = self.journal.begin("end")?;
        self.journal.done(&step)?;
        Ok(match (was_launched, self.changed) {
            (false, _) => LaunchOutcome::Launched,
            (true, true) => LaunchOutcome::Repaired,
            (true, false) => LaunchOutcome::AlreadyRunning,
        })
    }

    async fn infra(&self) -> Result<Infra, Failure> {
        let mut settings = self.project.infra.clone();
        if let Some(engine) = self.options.engine {
            settings.engine = engine;
        }
        setup::stay_with_data(self.context, settings.engine)?;
        let infra =
            infra::ensure(&self.context.home, &settings, &self.project.database.extensions, &self.context.events)
                .await?;
        for drift in &infra.drift {
            self.context.events.warning("infra", drift.clone());
        }
        Ok(infra)
    }

    /// Decides names and passwords, and writes them down before anything bears them.
    fn decide(&mut self, infra: &Infra) -> Result<(), Failure> {
        // a name that is wrong must not get into the record
        Renderer::new(&self.project).check_names(&self.options.with)?;
        let record = &mut self.record;
        let before = record.clone();
        record.ports = self.project.ports_of(record.agent).into_iter().collect();
        record.mail = infra.servers.mail.is_some();
        if infra.servers.postgres.is_some() && !self.project.database.disabled && record.database_password.is_none() {
            record.database_password = Some(Secret::generate());
        }
        if infra.servers.s3.is_some() && record.bucket_secret.is_none() {
            record.bucket_secret = Some(Secret::generate());
        }
        for name in &self.options.with {
            if !record.with.contains(name) {
                record.with.push(name.clone());
            }
        }
        let (known, forgotten): (Vec<String>, Vec<String>) = std::mem::take(&mut record.with)
            .into_iter()
            .partition(|name| self.project.processes.iter().any(|(known, _)| known == name));
        record.with = known;
        let changed = before != *record;
        for name in forgotten {
            let told =
                format!("process `{name}`, which an earlier launch enabled with `--with`, does not exist any more");
            self.context.events.warning(self.subject(), told);
        }
        if changed { self.save() } else { Ok(()) }
    }

    /// Database, bucket and `[prepare]`: beside each other where the template is there already.
    async fn make(
        &mut self,
        infra: &Infra,
        renderer: &Renderer<'_>,
        context: &render::TemplateValues,
        environment: &Environment,
    ) -> Result<(), Failure> {
        let step = self.journal.begin("make")?;
        let plan = database::Plan::of(self, infra, renderer).await?;
        let template_is_there = plan.as_ref().is_none_or(database::Plan::is_present);
        let (prepared, bucket, database) = if template_is_there {
            let prepared = self.prepare(renderer, context, environment);
            let bucket = bucket::ensure(self, infra);
            let database = database::ensure(self, plan.as_ref());
            tokio::try_join!(prepared, bucket, database)?
        } else {
            let prepared = self.prepare(renderer, context, environment).await?;
            let bucket = bucket::ensure(self, infra);
            let database = database::ensure(self, plan.as_ref());
            let (bucket, database) = tokio::try_join!(bucket, database)?;
            (prepared, bucket, database)
        };
        for (name, elapsed) in prepared.times.iter().chain(&bucket.times).chain(&database.times) {
            self.journal.timed(name, *elapsed);
        }
        bucket::seed(self, infra, &bucket, renderer, context, environment).await?;
        self.changed |= prepared.changed || bucket.changed || database.changed;
        self.template = database.template.clone();
        self.journal.done(&step)?;
        if database.cloned {
            let step = self.journal.begin("post_clone")?;
            database::post_clone(self, infra, renderer, context, environment, &database.leftover_references).await?;
            self.journal.done(&step)?;
        }
        // only now: a database whose `post_clone` was cut off is cloned again
        if database.cloned {
            self.record.template = database.template.map(|template| template.name);
            self.record.server = database.server;
            self.save()?;
        }
        Ok(())
    }

    async fn prepare(
        &self,
        renderer: &Renderer<'_>,
        context: &render::TemplateValues,
        environment: &Environment,
    ) -> Result<prepare::Prepared, Failure> {
        let copied = self.record.worktree.as_ref().and_then(|worktree| worktree.copied.as_deref());
        let preparation = prepare::Preparation {
            home: &self.context.home,
            events: &self.context.events,
            subject: &self.subject(),
            tree: &self.record.tree,
            root: &self.record.project_root,
            copied: copied.unwrap_or_default(),
        };
        prepare::run(&preparation, &self.project.prepare, renderer, context, environment).await
    }

    /// Fills in what is known of the agent.
    pub(super) async fn describe(&self, report: &mut LaunchedAgent) {
        let record = &self.record;
        report.tree = record.tree.display().to_string();
        report.urls = record.urls();
        report.ports = record.ports.clone();
        report.database = record.database_password.as_ref().map(|_| record.agent.database());
        report.bucket = record.bucket_secret.as_ref().map(|_| record.agent.bucket());
        report.mail_tag = record.mail.then(|| record.agent.bucket());
        report.env_file = record.env_file.as_ref().map(|path| path.display().to_string());
        report.guide = record.guides.first().map(|path| path.display().to_string());
        report.template = self.template.clone();
        report.steps = self.journal.times();
        if let Ok(Some(client)) = supervisor::Client::connect(&self.directory)
            && let Ok(snapshot) = client.snapshot().await
        {
            report.processes = processes::rows(&self.directory, &snapshot, &|_| None);
        }
    }

    /// Whether work went into the tree that a retry would have to do again: a failure of the template or of a
    /// process must not cost minutes of cloning and preparing.
    fn is_tree_worth_keeping(&self) -> bool {
        let made = self.record.worktree.as_ref().filter(|worktree| worktree.made && worktree.populated);
        made.is_some_and(|worktree| {
            let cloned = worktree.copied.as_ref().is_some_and(|copied| !copied.is_empty());
            cloned || !self.project.prepare.is_empty()
        })
    }

    /// After a failure: a first launch is undone, a later one is left for inspection. Says whether it was undone.
    pub(super) async fn give_up(&mut self) -> bool {
        // the failure is told already; a journal that cannot be written is no worse than one that was cut off
        let _ = self.journal.failed();
        let undo = self.record.lifecycle == Lifecycle::Launching && !self.record.kept;
        if undo {
            let task = self.context.events.task(self.subject(), "undo the failed launch");
            teardown::undo(self.context, self.lease, Some(&self.record), self.is_tree_worth_keeping()).await;
            task.finish();
        }
        undo
    }
}

fn subject(agent: AgentId) -> String {
    format!("agent {agent}")
}

fn new_record(project: &Project, agent: AgentId) -> Record {
    Record {
        agent,
        project: project.name.clone(),
        project_root: project.root.clone(),
        tree: project.root.clone(),
        worktree: None,
        lifecycle: Lifecycle::Launching,
        kept: false,
        ports: project.ports_of(agent).into_iter().collect(),
        web_ports: Vec::new(),
        server: None,
        database_password: None,
        template: None,
        bucket_secret: None,
        mail: false,
        rendered: Vec::new(),
        guides: Vec::new(),
        env_file: None,
        base_environment: BTreeMap::new(),
        with: Vec::new(),
        spec_digest: None,
    }
}
