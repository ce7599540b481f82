//! The agent's stores: a copy of each template, which is built first where it is missing.

use std::time::{Duration, Instant};

use super::scope::Scope;
use crate::agent::store_pause::{Paused, Purpose};
use crate::agent::template_values::{self, Rendering};
use crate::agent::{Context, Record};
use crate::infra::Infra;
use crate::project::{Project, Store};
use crate::report::Failure;
use crate::stores::{AgentStores, Templates, end_abandoned_builds};

/// What this step did.
#[derive(Debug, Default)]
pub(super) struct Made {
    pub(super) changed: bool,
    pub(super) times: Vec<(String, Duration)>,
}

/// What is known of the stores before anything is made.
pub(in crate::agent) struct Plan<'a> {
    context: &'a Context,
    project: &'a Project,
    own: AgentStores,
    /// Those that the agent lacks, or that are to begin again.
    wanted: Vec<(&'a String, &'a Store)>,
    /// Whether the agent has one of them, which is replaced.
    replaces: bool,
    /// Whether no template has to be built.
    is_present: bool,
}

impl<'a> Plan<'a> {
    /// Looks at what there is. With `all`, each store begins again.
    ///
    /// # Errors
    /// A program that serves one is not installed.
    pub(in crate::agent) async fn of(
        context: &'a Context,
        record: &Record,
        templates: &Templates<'a>,
        all: bool,
    ) -> Result<Self, Failure> {
        let project = templates.project;
        let own = AgentStores::of(&context.home, record.agent);
        own.mend().await?;
        let there = own.complete()?;
        let wanted = project.stores.iter().map(|(name, store)| (name, store));
        let wanted: Vec<_> = wanted.filter(|(name, _)| all || !there.contains(name)).collect();
        let mut is_present = true;
        for (name, store) in &wanted {
            templates.provide(name, store).await?;
            // inputs that `[prepare]` makes are no reason to fail here
            let template = templates.name(name, store).unwrap_or_else(|_| Some(String::new()));
            is_present &= template.is_none_or(|template| templates.is_there(&template));
        }
        let replaces = wanted.iter().any(|(name, _)| there.contains(name));
        Ok(Self { context, project, own, wanted, replaces, is_present })
    }

    pub(super) fn is_present(&self) -> bool {
        self.is_present
    }

    /// Gives the agent what it lacks; returns how long each took. Processes that are in the way are stopped meanwhile.
    ///
    /// # Errors
    /// A template cannot be built, or a copy not be made.
    pub(in crate::agent) async fn carry_out(
        &self,
        record: &Record,
        templates: &Templates<'_>,
    ) -> Result<Vec<(String, Duration)>, Failure> {
        let mut units = Vec::new();
        for (name, store) in &self.wanted {
            let began = Instant::now();
            let unit = match templates.name(name, store)? {
                Some(template) => Some(templates.ensure(name, store, &template).await?),
                None => None,
            };
            units.push((*name, unit, began.elapsed()));
        }
        let mut paused = Paused::default();
        if self.replaces {
            let names: Vec<String> = self.wanted.iter().map(|(name, _)| (*name).clone()).collect();
            paused = Paused::begin(self.context, record, self.project, &names, Purpose::Replace).await?;
        }
        let made = async {
            let mut times = Vec::new();
            for (name, unit, elapsed) in units {
                let began = Instant::now();
                self.own.make(name, &self.project.name, unit.as_deref()).await?;
                times.push((format!("store {name}"), elapsed + began.elapsed()));
            }
            Ok::<_, Failure>(times)
        };
        let made = made.await;
        paused.end().await?;
        made
    }
}

/// What the templates of an agent's project are made from.
pub(in crate::agent) fn templates<'a>(
    context: &'a Context,
    project: &'a Project,
    infra: &Infra,
    rendering: &'a Rendering<'_>,
    variable: &'a dyn Fn(&str) -> Option<String>,
) -> Templates<'a> {
    Templates {
        home: &context.home,
        project,
        renderer: &rendering.renderer,
        values: template_values::shared(context, project, infra, None),
        variable,
        events: &context.events,
    }
}

/// Carries a plan out.
pub(super) async fn ensure(
    scope: Scope<'_>,
    record: &Record,
    templates: &Templates<'_>,
    plan: &Plan<'_>,
) -> Result<Made, Failure> {
    if plan.wanted.is_empty() {
        return Ok(Made::default());
    }
    end_abandoned_builds(&scope.context.home, false).await?;
    Ok(Made { changed: true, times: plan.carry_out(record, templates).await? })
}
