//! What can be asked of `harness verify`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgGroup, Args};

use crate::project::AgentId;
use crate::verify::Judgement;

/// Check an agent's work: run the stages of `[verify]` in its tree.
///
/// Prints one JSON document on stdout and everything else on stderr. The result is bound to the git tree: a
/// run during which a file changes fails.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("proof").args(["full", "status"]))]
#[command(after_help = "\
Examples:
  harness verify                 run the quick stages for the agent of this work tree
  harness verify 3 --full        run every stage; required before work is done
  harness verify --stage lint    run one stage
  harness verify --against --new-only   fail only for what is not wrong already
  harness verify --watch --affected   again after each change, without what it does not concern
  harness verify --status        check that this very tree has passed `verify --full`
  harness verify --full --sign   also sign the pass and keep it with the commit, in git notes
  harness verify --check HEAD --key harness.pub   check it, anywhere

Exit codes: 0 pass, 1 fail; the others as for every command.")]
pub(in crate::cli) struct Arguments {
    /// The agent.
    #[arg(value_name = "ID")]
    pub(super) id: Option<AgentId>,
    /// Also run the stages marked `full`.
    #[arg(long)]
    pub(super) full: bool,
    /// Run only this stage; may be repeated.
    #[arg(long, value_name = "NAME")]
    pub(super) stage: Vec<String>,
    /// Continue after a failed stage.
    #[arg(long)]
    pub(super) keep_going: bool,
    /// Time limit of each stage, instead of its own.
    #[arg(long, value_name = "DURATION", value_parser = super::super::duration::parse_some)]
    pub(super) timeout: Option<Duration>,
    /// Skip commands whose `inputs` are those of their last pass.
    #[arg(long, conflicts_with_all = ["full", "status", "list"])]
    pub(super) affected: bool,
    /// Run the quick stages, then again after each change of the tree, until interrupted; with `--json`, print one document a
    /// line.
    #[arg(long, conflicts_with_all = ["full", "status", "list", "against"])]
    pub(super) watch: bool,
    /// Run nothing; check that the present tree is the one that last passed `--full`.
    #[arg(long, conflicts_with_all = ["full", "stage", "keep_going", "timeout"])]
    pub(super) status: bool,
    /// With --status: check what git is about to commit, for every agent of this checkout; for hooks.
    #[arg(long, requires = "status", conflicts_with = "id")]
    pub(super) index: bool,
    /// Run nothing; list the stages.
    #[arg(long, conflicts_with_all = ["full", "stage", "keep_going", "timeout", "status"])]
    pub(super) list: bool,
    /// Class each failure as new, pre-existing or flaky by comparison with REF; the merge base with the default branch
    /// unless given.
    #[arg(long, value_name = "REF", num_args = 0..=1, require_equals = true, default_missing_value = "",
        conflicts_with_all = ["status", "list"])]
    pub(super) against: Option<String>,
    /// With --against: exit with 1 only if a failure is new.
    #[arg(long, requires = "against")]
    pub(super) new_only: bool,
    /// Sign the full pass and keep it with the commit in `refs/notes/harness`; with --status without another run.
    #[arg(long, requires = "proof", conflicts_with_all = ["stage", "index"])]
    pub(super) sign: bool,
    /// Run nothing; check the signed evidence of the commit REV. Needs no home, no stack and no network.
    #[arg(long, value_name = "REV", requires = "key",
        conflicts_with_all = ["id", "full", "stage", "keep_going", "timeout", "affected", "watch", "status", "list", "against",
        "sign"])]
    pub(super) check: Option<String>,
    /// The file of the public key, with --check.
    #[arg(long, value_name = "FILE", requires = "check")]
    pub(super) key: Option<PathBuf>,
    /// Run nothing; print the public key of this home.
    #[arg(long, conflicts_with_all = ["id", "full", "stage", "keep_going", "timeout", "affected", "watch", "status", "list", "against",
        "sign",
        "check"])]
    pub(super) public_key: bool,
    /// Also for an agent of another project than the one here.
    #[arg(long, conflicts_with_all = ["status", "list"])]
    pub(super) force: bool,
    /// Also write the result as JUnit XML to FILE.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["status", "list"])]
    pub(super) junit: Option<PathBuf>,
}

impl Arguments {
    /// What is asked for, of a process that does nothing else.
    pub(super) fn judgement(&self, every_line: bool) -> Judgement {
        Judgement {
            full: self.full,
            only: self.stage.clone(),
            timeout: self.timeout,
            force: self.force,
            keep_going: self.keep_going,
            affected: self.affected,
            every_line,
            own_process: true,
            ..Judgement::default()
        }
    }

    /// The commit of `--against`; `None` for the merge base.
    pub(super) fn reference(&self) -> Option<&str> {
        self.against.as_deref().filter(|reference| !reference.is_empty())
    }

    /// The name of the document that is printed in the place of that of a run.
    pub(in crate::cli) fn document(&self) -> &'static str {
        match self {
            Self { list: true, .. } => "verify-list",
            Self { check: Some(_), .. } => "verify-check",
            Self { public_key: true, .. } => "verify-key",
            _ => "verify",
        }
    }
}
