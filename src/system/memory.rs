//! The memory of this machine, or of the control group that confines this process.

use sysinfo::System;

/// Memory in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Memory {
    /// All of it.
    pub total: u64,
    /// What programs can still be given without swapping: `MemAvailable` of `proc_meminfo(5)`, or what the control group
    /// leaves.
    pub available: u64,
}

impl Memory {
    /// Reads it; `None` where this system does not say.
    pub fn read() -> Option<Self> {
        let mut system = System::new().ok()?;
        system.refresh_memory();
        let machine = Self { total: system.total_memory(), available: system.available_memory() };
        Some(system.cgroup_limits().map_or(machine, |group| Self {
            total: machine.total.min(group.total_memory),
            available: machine.available.min(group.free_memory),
        }))
    }
}
