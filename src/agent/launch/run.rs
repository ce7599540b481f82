//! One launch of one agent, step by step.

use super::scope::Scope;
use super::{bucket, database, files, marks, network, ports, prepare, ready, record, stores, tree};
use crate::agent::journal::{self, Journal};
use crate::agent::lease::Lease;
use crate::agent::template_values::Rendering;
use crate::agent::{Lifecycle, Record, control, engine_choice, processes, teardown, undone};
use crate::infra::{self, Infra};
use crate::postgres::background::Background;
use crate::project::Project;
use crate::render;
use crate::report::{Failure, LaunchOutcome, LaunchedAgent, TemplateUse};
use crate::supervisor;
use crate::system;

/// A launch in progress.
pub(super) struct Run<'a> {
    scope: Scope<'a>,
    lease: &'a Lease,
    record: Record,
    journal: Journal,
    /// Whether anything had to be done.
    changed: bool,
    /// The template that was used, once known.
    template: Option<TemplateUse>,
    /// The spares that the next launch is to find, where this one took a database.
    refill: Option<Background>,
    /// Whether the agent's database took the place of another.
    replaced: bool,
    /// Whether `[prepare]` of the tree has steps.
    prepares: bool,
}

impl<'a> Run<'a> {
    /// Takes the agent's record up, or begins one. What a teardown or an undo left half removed is removed first.
    pub(super) async fn begin(scope: Scope<'a>, project: &Project, lease: &'a Lease) -> Result<Self, Failure> {
        let (context, agent) = (scope.context, scope.agent);
        let found = lease.record(context, project).await?;
        let cut = journal::cut_off(&context.home, agent);
        if let Some(cut) = cut {
            let text = format!("the last command was interrupted ({cut}); continuing");
            context.events.note(scope.subject(), text);
        }
        let mut record = record::begin(scope, project, lease, found).await?;
        let journal = Journal::open(&context.home, agent, "launch")?;
        record.kept |= scope.options.keep;
        Ok(Self {
            scope,
            lease,
            record,
            journal,
            changed: false,
            template: None,
            refill: None,
            replaced: false,
            prepares: !project.prepare.is_empty(),
        })
    }

    fn save(&self) -> Result<(), Failure> {
        Ok(self.record.write(&self.scope.context.home)?)
    }

    /// All steps.
    pub(super) async fn run(&mut self, project: &Project) -> Result<LaunchOutcome, Failure> {
        let scope = self.scope;
        let was_launched = self.record.lifecycle == Lifecycle::Launched;

        let step = self.journal.begin("lease")?;
        if !was_launched {
            self.save()?;
        }
        self.journal.done(&step)?;

        let step = self.journal.begin("ports")?;
        marks::stop_if_gone(scope, &self.record).await?;
        let running = ports::check(scope, project).await?;
        network::check(scope, project, running.is_some())?;
        self.journal.done(&step)?;

        let step = self.journal.begin("infra")?;
        let infra = ensure_infra(scope, project).await?;
        self.journal.done(&step)?;

        let step = self.journal.begin("tree")?;
        let entered = tree::enter(scope, project.clone(), &mut self.record, &infra).await?;
        self.changed |= entered.changed;
        if project.network_map.is_empty() {
            // the tree's own file may have a map
            network::check(scope, &entered.project, running.is_some())?;
        }
        let project = entered.project;
        self.prepares = !project.prepare.is_empty();
        record::decide(scope, &project, &mut self.record, &infra)?;
        self.journal.done(&step)?;

        if running.is_none() {
            let base = render::base_environment(&project.pass_env, &|name| scope.context.variable(name));
            self.record.base_environment = base.into_iter().collect();
        }
        let rendering = Rendering::of(scope.context, &project, &self.record, &infra)?;
        files::claim(scope, &mut self.record, &rendering)?;

        self.make(&project, &infra, &rendering).await?;

        let step = self.journal.begin("render")?;
        let written = files::write(scope, &project, &mut self.record, &infra, &rendering)?;
        self.changed |= written.changed;
        self.journal.done(&step)?;

        let step = self.journal.begin("start")?;
        marks::leave(scope, &self.record)?;
        self.record.spec_digest = Some(supervisor::spec_digest(&written.spec));
        // before it is in force: a stack that does not become healthy runs it too
        self.save()?;
        self.changed |= ready::start(scope, &written.spec, running.as_ref()).await?;
        if self.replaced && running.is_some() {
            control::after_replacement(scope.context, &self.record).await?;
        }
        self.journal.done(&step)?;

        let step = self.journal.begin("ready")?;
        self.changed |= ready::wait(scope, &project).await?;
        self.journal.done(&step)?;

        self.record.lifecycle = Lifecycle::Launched;
        self.record.kept = false;
        self.save()?;
        system::unless_full(undone::forget(&scope.context.home, scope.agent))?;
        let step = self.journal.begin("end")?;
        self.journal.done(&step)?;
        Ok(match (was_launched, self.changed) {
            (false, _) => LaunchOutcome::Launched,
            (true, true) => LaunchOutcome::Repaired,
            (true, false) => LaunchOutcome::AlreadyRunning,
        })
    }

    /// Database, stores, bucket and `[prepare]`: concurrently if the templates exist already.
    async fn make(&mut self, project: &Project, infra: &Infra, rendering: &Rendering<'_>) -> Result<(), Failure> {
        let scope = self.scope;
        let step = self.journal.begin("make")?;
        let plan = database::Plan::of(scope, project, &self.record, infra, &rendering.renderer).await?;
        if !self.record.used_servers {
            self.record.used_servers = true;
            self.save()?;
        }
        let record = &self.record;
        let variable = |name: &str| scope.context.variable(name);
        let of_stores = stores::templates(scope.context, project, infra, rendering, &variable);
        let again = scope.options.reset_database;
        let stores_plan = stores::Plan::of(scope.context, record, &of_stores, again).await?;
        let templates_are_there = plan.as_ref().is_none_or(database::Plan::is_present) && stores_plan.is_present();
        let bucket = bucket::ensure(scope, record, infra);
        let database = database::ensure(scope, project, record, plan.as_ref());
        let prepare = run_prepare(scope, project, record, rendering);
        let stores = stores::ensure(scope, record, &of_stores, &stores_plan);
        let (prepared, bucket, database, stores) = if templates_are_there {
            tokio::try_join!(prepare, bucket, database, stores)?
        } else {
            let prepared = prepare.await?;
            let (bucket, database, stores) = tokio::try_join!(bucket, database, stores)?;
            (prepared, bucket, database, stores)
        };
        for (name, elapsed) in prepared.times.iter().chain(&bucket.times).chain(&database.times).chain(&stores.times) {
            self.journal.timed(name, *elapsed);
        }
        bucket::seed(scope, project, record, infra, &bucket, rendering).await?;
        self.changed |= prepared.changed || bucket.changed || database.changed || stores.changed;
        self.template = database.template.clone();
        self.refill.clone_from(&database.refill);
        self.replaced = database.replaced;
        self.journal.done(&step)?;
        if database.cloned {
            let step = self.journal.begin("post_clone")?;
            let references = &database.leftover_references;
            database::post_clone(scope, project, &self.record, infra, rendering, references).await?;
            self.journal.done(&step)?;
            // only now: a database whose `post_clone` was cut off is cloned again
            self.record.template = database.template.map(|template| template.name);
            self.record.server = database.server;
            self.save()?;
        }
        Ok(())
    }

    /// The spares that are to be made when all is done.
    pub(super) fn refill(&mut self) -> Option<Background> {
        self.refill.take()
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
        let directory = self.scope.directory();
        if let Ok(Some(client)) = supervisor::Client::look(&directory)
            && let Ok(snapshot) = client.snapshot().await
        {
            report.processes = processes::rows(&directory, &snapshot, &|_| None);
        }
    }

    /// Whether work went into the tree that a retry would have to do again: a failure of the template or of a
    /// process must not cost minutes of cloning and preparing.
    fn is_tree_worth_keeping(&self) -> bool {
        let made = self.record.worktree.as_ref().filter(|worktree| worktree.made && worktree.populated);
        made.is_some_and(|worktree| {
            let cloned = worktree.copied.as_ref().is_some_and(|copied| !copied.is_empty());
            cloned || self.prepares
        })
    }

    /// After a failure: a first launch is undone, a later one is left for inspection. Says whether it was undone.
    pub(super) async fn give_up(&mut self) -> bool {
        // the failure is reported already; a journal that cannot be written is no worse than one that was cut off
        let _ = self.journal.failed();
        let undo = self.record.lifecycle == Lifecycle::Launching && !self.record.kept;
        if undo {
            let context = self.scope.context;
            let task = context.events.task(self.scope.subject(), "undo the failed launch");
            let why = teardown::Undo::Failed { keep_tree: self.is_tree_worth_keeping() };
            teardown::undo(context, self.lease, Some(&self.record), why).await;
            task.finish();
        }
        undo
    }
}

async fn ensure_infra(scope: Scope<'_>, project: &Project) -> Result<Infra, Failure> {
    let context = scope.context;
    let mut wished = project.infra.clone();
    if let Some(engine) = scope.options.engine {
        wished.engine = engine;
    }
    engine_choice::stay_with_data(context, wished.engine)?;
    let infra = infra::ensure(&context.home, &wished, &project.database.extensions, &context.events).await?;
    for drift in &infra.drift {
        context.events.warning("infra", drift.clone());
    }
    Ok(infra)
}

async fn run_prepare(
    scope: Scope<'_>,
    project: &Project,
    record: &Record,
    rendering: &Rendering<'_>,
) -> Result<prepare::Prepared, Failure> {
    let copied = record.worktree.as_ref().and_then(|worktree| worktree.copied.as_deref());
    let preparation = prepare::Preparation {
        home: &scope.context.home,
        events: &scope.context.events,
        subject: &scope.subject(),
        tree: &record.tree,
        root: &record.project_root,
        copied: copied.unwrap_or_default(),
    };
    let Rendering { renderer, values, environment } = rendering;
    prepare::run(&preparation, &project.prepare, renderer, values, environment).await
}
