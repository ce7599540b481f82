//! A tool: its name, what it takes, what it does to the world, and how it is run.

use futures_util::future::LocalBoxFuture;
use rmcp::model::{JsonObject, ToolAnnotations};

use crate::mcp::answer::Answer;
use crate::mcp::call::Call;
use crate::report::Failure;

/// What a call does to the agent's stack; clients ask their user by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Effect {
    /// Nothing.
    Reads,
    /// Something, and nothing is lost.
    Changes,
    /// It may replace data.
    Replaces,
}

type Run = for<'a> fn(&'a Call, JsonObject) -> LocalBoxFuture<'a, Result<Answer, Failure>>;

/// A tool.
pub(in crate::mcp) struct Tool {
    /// `harness_slow_queries`.
    pub(in crate::mcp) name: &'static str,
    /// Whether a call that is cancelled has something to undo before it ends.
    pub(in crate::mcp) undoes: bool,
    pub(super) effect: Effect,
    pub(super) arguments: fn() -> (String, JsonObject),
    pub(super) run: Run,
}

impl Tool {
    /// As clients see it.
    pub(in crate::mcp) fn definition(&self) -> rmcp::model::Tool {
        let (description, schema) = (self.arguments)();
        let annotations = ToolAnnotations::new()
            .read_only(self.effect == Effect::Reads)
            .destructive(self.effect == Effect::Replaces)
            .open_world(false);
        rmcp::model::Tool::new(self.name, description, schema).with_annotations(annotations)
    }

    /// The verb that it is named after: `slow-queries`.
    pub(in crate::mcp) fn verb(&self) -> String {
        self.name.trim_start_matches("harness_").replace('_', "-")
    }

    /// Runs it.
    pub(in crate::mcp) async fn run(&self, call: &Call, arguments: JsonObject) -> Result<Answer, Failure> {
        (self.run)(call, arguments).await
    }
}

/// Reads the arguments, then does the work.
macro_rules! tool {
    ($name:literal, $effect:ident, $arguments:ty, $run:path $(, $undoes:ident)?) => {
        $crate::mcp::tools::tool::Tool {
            name: $name,
            undoes: tool!(@undoes $($undoes)?),
            effect: $crate::mcp::tools::tool::Effect::$effect,
            arguments: $crate::mcp::tools::arguments::schema::<$arguments>,
            run: |call, arguments| {
                Box::pin(async move {
                    $run($crate::mcp::tools::arguments::parse::<$arguments>($name, arguments)?, call).await
                })
            },
        }
    };
    (@undoes undoes) => { true };
    (@undoes) => { false };
}

pub(super) use tool;
