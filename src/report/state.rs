//! The states that documents name. Each is written here once; the schemas, the tables and every decision use
//! these types.

words! {
    /// State of a supervised process.
    pub enum ProcessState {
        /// It runs and passes its readiness probe, or has none.
        Ready = "ready",
        /// It runs and has not passed its readiness probe yet.
        Starting = "starting",
        /// It waits for a process that it depends on.
        Waiting = "waiting",
        /// It runs, but does not listen on its port.
        PortNotBound = "port_not_bound",
        /// It runs and fails its probe.
        Unhealthy = "unhealthy",
        /// It was asked to end and has not ended yet.
        Stopping = "stopping",
        /// It was stopped on request.
        Stopped = "stopped",
        /// It ended with exit status 0 and is not restarted.
        Completed = "completed",
        /// It ended and is restarted after a pause.
        Backoff = "backoff",
        /// It ended and is not restarted any more.
        Failed = "failed",
        /// Another program listens on its port.
        PortConflict = "port_conflict",
        /// A process that it depends on failed.
        DependencyFailed = "dependency_failed",
        /// It is started only on request.
        Disabled = "disabled",
    }
}

impl ProcessState {
    /// Whether it is healthy and not about to change to another state.
    pub fn is_well(self) -> bool {
        matches!(self, Self::Ready | Self::Completed | Self::Stopped | Self::Disabled)
    }

    /// Whether it is neither well nor on its way: a person should look at it.
    pub fn is_trouble(self) -> bool {
        !self.is_well() && !matches!(self, Self::Starting | Self::Waiting | Self::Stopping)
    }
}

words! {
    /// State of a shared server.
    pub enum ServerState {
        /// It answers.
        Ready = "ready",
        /// It runs and does not answer yet.
        Starting = "starting",
        /// It accepts connections and does not answer: a stopped process, a paused container, or another program on
        /// its port.
        Frozen = "frozen",
        /// It runs and its health check fails.
        Unhealthy = "unhealthy",
        /// It runs and its supervisor does not, so nothing restarts it.
        Unsupervised = "unsupervised",
        /// Its container is paused.
        Paused = "paused",
        /// It was asked to end and has not ended yet.
        Stopping = "stopping",
        /// It does not run.
        Stopped = "stopped",
        /// It ended and is restarted after a pause.
        Backoff = "backoff",
        /// It ended and is not restarted any more.
        Failed = "failed",
        /// Another program listens on its port.
        PortConflict = "port_conflict",
        /// It is disabled.
        Disabled = "disabled",
        /// It runs elsewhere, at a URL of the configuration.
        External = "external",
        /// This machine has no program for it.
        Absent = "absent",
    }
}

impl From<ProcessState> for ServerState {
    fn from(state: ProcessState) -> Self {
        match state {
            ProcessState::Ready => Self::Ready,
            ProcessState::Starting | ProcessState::Waiting | ProcessState::PortNotBound => Self::Starting,
            ProcessState::Unhealthy => Self::Unhealthy,
            ProcessState::Stopping => Self::Stopping,
            ProcessState::Stopped | ProcessState::Completed => Self::Stopped,
            ProcessState::Backoff => Self::Backoff,
            ProcessState::Failed | ProcessState::DependencyFailed => Self::Failed,
            ProcessState::PortConflict => Self::PortConflict,
            ProcessState::Disabled => Self::Disabled,
        }
    }
}

words! {
    /// State of an agent's stack.
    pub enum StackState {
        /// Every process is ready, completed or disabled.
        Healthy = "healthy",
        /// A process failed or fails its probe.
        Unhealthy = "unhealthy",
        /// A process starts or stops.
        Starting = "starting",
        /// Nothing runs.
        Stopped = "stopped",
        /// Its processes are stopped until a client connects to one of their ports.
        Parked = "parked",
        /// Some processes were stopped on request; the others are ready.
        PartlyStopped = "partly_stopped",
        /// A launch or a teardown was interrupted.
        Incomplete = "incomplete",
        /// Its work tree or its project was deleted, or its supervisor does not answer: `error` says which.
        Broken = "broken",
        /// Its record cannot be read.
        Damaged = "damaged",
    }
}

words! {
    /// State of the shared servers together.
    pub enum InfraState {
        /// Every server of this home is ready.
        Running = "running",
        /// Some are not.
        Degraded = "degraded",
        /// None runs.
        Stopped = "stopped",
        /// They were never set up.
        Absent = "absent",
    }
}

words! {
    /// What runs the shared servers.
    pub enum Engine {
        /// Processes of this machine, under the supervisor.
        Native = "native",
        /// Containers.
        Docker = "docker",
    }
}

words! {
    /// Whether an agent's database comes from the template of the present inputs.
    pub enum TemplateState {
        /// It does.
        Current = "current",
        /// The inputs have changed since.
        Stale = "stale",
    }
}
