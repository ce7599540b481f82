//! The server as the SDK wants it: who we are, which tools there are, and one call of one.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::rc::Rc;

use rmcp::model::{
    CallToolRequestParams, CallToolResponse, ErrorData, Implementation, JsonObject, ListToolsResult,
    PaginatedRequestParams, ProgressNotificationParam, ServerCapabilities, ServerConfig,
};
use rmcp::service::{NotificationContext, RequestContext};
use rmcp::{RoleServer, ServerHandler};

use super::answer::Answer;
use super::call::{Call, Calls};
use super::tools::{self, Tool, Whose};
use super::{progress, tree};
use crate::agent::{self, Interruption};
use crate::report::Failure;

/// What a client tells its model of this server.
const INSTRUCTIONS: &str = "\
harness runs a complete copy of the application for the work tree that you are in: its own processes, ports, database \
and bucket. harness_launch starts or repairs it, harness_status shows it, harness_verify checks your work: run it after \
every change, and with `full` before you say that you are done. The file CLAUDE.agent.md in the tree has the rules.";

/// The directory that counts where a call names none.
#[derive(Debug, Clone, Default)]
enum Root {
    /// The client has to be asked, for the first time or because its roots have changed.
    #[default]
    Unasked,
    /// The client's root, or where the server was started.
    Known(PathBuf),
}

/// One client's server.
pub(super) struct Server {
    environment: BTreeMap<String, String>,
    directory: PathBuf,
    calls: Rc<Calls>,
    root: RefCell<Root>,
}

impl Server {
    /// A server in `directory`.
    pub(super) fn new(environment: BTreeMap<String, String>, directory: PathBuf, calls: Rc<Calls>) -> Self {
        Self { environment, directory, calls, root: RefCell::default() }
    }

    /// Where a call acts, and with which environment: a tree that is named counts more than `AGENT_ID`.
    async fn surroundings(
        &self,
        worktree: Option<&str>,
        context: &RequestContext<RoleServer>,
    ) -> Result<(BTreeMap<String, String>, PathBuf), Failure> {
        let mut environment = self.environment.clone();
        if let Some(worktree) = worktree {
            environment.remove("AGENT_ID");
            return Ok((environment, tree::named(worktree, &self.directory)?));
        }
        let known = self.root.borrow().clone();
        let root = if let Root::Known(root) = known {
            root
        } else {
            let root = tree::root(&context.peer).await.unwrap_or_else(|| self.directory.clone());
            self.root.replace(Root::Known(root.clone()));
            root
        };
        Ok((environment, root))
    }

    async fn answer(
        &self,
        tool: &Tool,
        mut arguments: JsonObject,
        context: &RequestContext<RoleServer>,
    ) -> Result<Answer, Failure> {
        let whose = Whose::take(tool.name, &mut arguments)?;
        let (environment, directory) = self.surroundings(whose.worktree.as_deref(), context).await?;
        let (events, mut lines) = progress::channel();
        let call = Call { environment, directory, named: whose.agent, events };
        let mut work = std::pin::pin!(tool.run(&call, arguments));
        let token = context.meta.get_progress_token();
        let mut told = 0.0;
        loop {
            tokio::select! {
                biased;
                Some(line) = lines.recv() => if let Some(token) = token.clone() {
                    told += 1.0;
                    let progress = ProgressNotificationParam::new(token, told).with_message(line);
                    let _ = context.peer.notify_progress(progress).await;
                },
                answer = &mut work => return answer,
            }
        }
    }
}

impl ServerHandler for Server {
    fn get_info(&self) -> ServerConfig {
        let mut info = ServerConfig::new(ServerCapabilities::builder().enable_tools().build());
        info.server_info = Implementation::new("harness", env!("CARGO_PKG_VERSION"));
        info.with_instructions(INSTRUCTIONS)
    }

    async fn list_tools(
        &self,
        _request: Option<PaginatedRequestParams>,
        _context: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        Ok(ListToolsResult::with_all_items(tools::all().iter().map(Tool::definition).collect()))
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let tools = tools::all();
        let Some(tool) = tools.iter().find(|tool| tool.name == request.name) else {
            return Err(ErrorData::invalid_params(format!("unknown tool: {}", request.name), None));
        };
        let interruption = Interruption::default();
        let work = self.answer(tool, request.arguments.unwrap_or_default(), &context);
        let mut work = std::pin::pin!(self.calls.run(&interruption, work));
        let answer = tokio::select! {
            answer = &mut work => answer,
            () = context.ct.cancelled() => {
                interruption.ask();
                // what began something undoes it, which nobody has to wait for but the end of the server
                if tool.undoes { work.await } else { Err(agent::Error::Interrupted.into()) }
            }
        };
        Ok(answer.unwrap_or_else(|failure| Answer::failure(&tool.verb(), &failure)).into_result().into())
    }

    async fn on_roots_list_changed(&self, _context: NotificationContext<RoleServer>) {
        self.root.replace(Root::Unasked);
    }
}
