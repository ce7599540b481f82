//! What evidence says and what it is worth: `harness verify --check`, `--public-key`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::TemplateState;
use super::run::{Network, StageStatus};

/// The public half of the home's key: `harness verify --public-key`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PublicKey {
    /// `harness/verify-key/1`.
    pub schema: String,
    /// The SHA-256 of the key as it stands in its file, decoded.
    pub key_id: String,
    /// The key: PEM, as OpenSSL writes it.
    pub public_key: String,
}

/// What the evidence of a commit is worth: `harness verify --check`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct VerifyCheck {
    /// `harness/verify-check/1`.
    pub schema: String,
    /// Whether a statement of this key holds, and none that claims to be of this key fails.
    pub valid: bool,
    /// The revision, as it was given.
    pub revision: String,
    /// Its commit.
    pub commit: String,
    /// The tree of that commit.
    pub tree: String,
    /// The key that was given.
    pub key_id: String,
    /// What is attested; null unless it is valid.
    pub attested: Option<Attested>,
    /// Why it is refused: what was changed, and what it says that is not so.
    pub lies: Vec<Lie>,
    /// What could not be compared, and what a reader should know.
    pub remarks: Vec<String>,
    /// How many statements of other keys the commit has; they are not looked at.
    pub others: usize,
}

/// One reason to refuse a statement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Lie {
    /// What kind of reason.
    pub code: LieCode,
    /// The part of the statement: `subject`, `result`, `stages`; null where it is about the whole.
    pub part: Option<String>,
    /// In words.
    pub message: String,
}

impl Lie {
    /// A reason that is about the whole.
    pub fn new(code: LieCode, message: impl Into<String>) -> Self {
        Self { code, part: None, message: message.into() }
    }

    /// The same, about a part.
    #[must_use]
    pub fn about(self, part: &str) -> Self {
        Self { part: Some(part.to_owned()), ..self }
    }
}

words! {
    /// Why a statement is refused.
    pub enum LieCode {
        /// It is not JSON, or ends in the middle.
        NotJson = "not_json",
        /// A key stands twice in one JSON object.
        DuplicateKey = "duplicate_key",
        /// It is no DSSE envelope.
        Envelope = "envelope",
        /// The payload or a signature is not base64.
        Encoding = "encoding",
        /// The payload is said to be of another type.
        PayloadType = "payload_type",
        /// It has no signature.
        Unsigned = "unsigned",
        /// Another key signed it.
        OtherKey = "other_key",
        /// It names another key than the one that signed it.
        KeyId = "key_id",
        /// The signature is not of this key over this payload.
        Signature = "signature",
        /// A part is not what was signed.
        Changed = "changed",
        /// It is no in-toto statement of a test result, or lacks a part.
        Statement = "statement",
        /// It is about nothing.
        NoSubject = "no_subject",
        /// It is about another commit.
        OtherCommit = "other_commit",
        /// It is about another tree.
        OtherTree = "other_tree",
        /// Its result is no pass, or contradicts its stages.
        Result = "result",
        /// The files that it lists are not those that the repository says.
        Changes = "changes",
    }
}

/// What a full pass is signed for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Attested {
    /// The version of harness that ran the stages.
    pub harness: String,
    /// The run.
    pub run: String,
    /// When it ended, RFC 3339.
    pub finished_at: String,
    /// The agent whose tree it was.
    pub agent: Option<u8>,
    /// The project's directory, from the root of the repository; empty for the root itself.
    pub directory: String,
    /// The git tree of everything that git did not ignore, as `harness verify` names it.
    pub verified_tree: String,
    /// The `[verify]` in force, and how each stage ended.
    pub stages: Vec<AttestedStage>,
    /// Names the whole of that `[verify]`.
    pub plan: String,
    /// What the `[verify]` of the commit says differently from the one in force.
    pub plan_differences: Vec<String>,
    /// The files that it comes from, with the SHA-256 of each.
    pub configuration: Vec<ConfigurationFile>,
    /// The template of the agent's database; null where it has none.
    pub template: Option<AttestedTemplate>,
    /// Whether it was watched to whom the commands talked.
    pub network: Option<Network>,
    /// The tools that the commands name, as they answered in the tree.
    pub tools: Vec<Tool>,
    /// The commit that the files are compared with; null where there is none.
    pub base: Option<AttestedBase>,
    /// Test, CI and verify-configuration files that differ from the base.
    pub changes: Vec<ChangedFile>,
    /// Tests that look weaker than in the base: listed, not judged.
    pub weakened: Vec<Weakened>,
    /// How many more there are.
    pub weakened_more: usize,
}

/// A stage, and how it ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AttestedStage {
    /// Its name.
    pub name: String,
    /// How it ended.
    pub status: StageStatus,
    /// Its commands.
    pub commands: Vec<AttestedCommand>,
}

/// A command, and how it ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AttestedCommand {
    /// Its name.
    pub name: String,
    /// What it does, as the project writes it: a command line, or `GET` with port and path.
    pub does: String,
    /// How it ended.
    pub status: StageStatus,
    /// How long it ran.
    pub duration_ms: u64,
}

/// A file with its digest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ConfigurationFile {
    /// Its name.
    pub name: String,
    /// The SHA-256 of its bytes.
    pub sha256: String,
}

/// The template of the agent's database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AttestedTemplate {
    /// Its name, which covers its steps and their inputs.
    pub name: String,
    /// Whether the tree asks for this one; null where that is not known.
    pub state: Option<TemplateState>,
}

/// A tool and its version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Tool {
    /// Its name.
    pub name: String,
    /// What it says of its version.
    pub version: String,
}

/// The commit that files are compared with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AttestedBase {
    /// How it was named: `merge base with origin/main`.
    pub reference: String,
    /// Its object name.
    pub commit: String,
}

/// A file that differs from the base.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct ChangedFile {
    /// From the root of the repository.
    pub path: String,
    /// What happened to it.
    pub change: Change,
    /// What it is for.
    pub kind: FileKind,
}

words! {
    /// What happened to a file.
    pub enum Change {
        /// It is new.
        Added = "added",
        /// Its content or its mode is another.
        Modified = "modified",
        /// It is gone.
        Deleted = "deleted",
    }
}

words! {
    /// What a file is for.
    pub enum FileKind {
        /// It has tests, or what they use.
        Test = "test",
        /// It says what runs elsewhere: CI, hooks.
        Ci = "ci",
        /// It configures what `verify` runs: `[verify]`, test runners, linters, compilers, scripts that it names.
        Verify = "verify",
    }
}

/// A test that looks weaker than in the base.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Weakened {
    /// The file, from the root of the repository.
    pub path: String,
    /// What happened.
    pub what: Weakening,
    /// The line or the name of the test.
    pub text: String,
}

words! {
    /// What may make a test weaker.
    pub enum Weakening {
        /// The file is gone, and tests of it are nowhere else.
        FileDeleted = "file_deleted",
        /// A test of this name is gone.
        TestRemoved = "test_removed",
        /// A mark by which a test is skipped, or others are, is new.
        SkipAdded = "skip_added",
        /// A line with an assertion is gone.
        AssertionRemoved = "assertion_removed",
    }
}
