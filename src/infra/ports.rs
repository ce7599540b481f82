//! Host ports of the shared servers: which are in use by others, and which block is free.

use super::error::{Error, Result, TakenPort};
use super::record::InfraRecord;
use crate::project::{InfraPort, InfraPorts, Service};
use crate::system::{becomes_bindable, is_bindable, port_holder};

/// Distance of the blocks that are tried. Ports above are left to the kernel's ephemeral range.
const STEP: u16 = 100;
const HIGHEST: u16 = 32_767;

/// Checks the ports of these services.
///
/// # Errors
/// [`Error::PortsInUse`] lists every port that is in use, with its holder.
pub(super) async fn check_free(record: &InfraRecord, services: &[Service]) -> Result<()> {
    let wanted = |service: &str| services.iter().any(|wanted| wanted.name() == service);
    let mut taken = Vec::new();
    for (port, number, service) in record.ports().into_iter().filter(|(_, _, service)| wanted(service)) {
        if !becomes_bindable(number).await {
            taken.push(TakenPort { service, port: number, variable: port.variable(), holder: port_holder(number) });
        }
    }
    refuse(taken)
}

/// Fails if there are any.
pub(super) fn refuse(taken: Vec<TakenPort>) -> Result<()> {
    if taken.is_empty() { Ok(()) } else { Err(Error::PortsInUse { taken }) }
}

/// The ports themselves if all of them are free, otherwise the same ports a multiple of 100 higher; `None` if there is no
/// free block. A port that `is_reserved` counts as in use.
pub fn free_block(ports: &InfraPorts, is_reserved: impl Fn(u16) -> bool) -> Option<InfraPorts> {
    (0..HIGHEST / STEP).find_map(|step| {
        let mut block = *ports;
        for port in InfraPort::ALL {
            let number = ports.get(port).checked_add(step * STEP).filter(|number| *number <= HIGHEST || step == 0)?;
            block.set(port, number);
        }
        let is_free = |number: u16| !is_reserved(number) && is_bindable(number);
        InfraPort::ALL.iter().all(|port| is_free(block.get(*port))).then_some(block)
    })
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn a_block_has_no_port_in_use() {
        let found = free_block(&InfraPorts::DEFAULT, |_| false).unwrap();
        // if another program has taken it meanwhile, it is in use too
        let _taken = TcpListener::bind(("127.0.0.1", found.get(InfraPort::Smtp)));
        let block = free_block(&found, |_| false).unwrap();
        assert_ne!(block.get(InfraPort::Smtp), found.get(InfraPort::Smtp));
        let numbers: std::collections::BTreeSet<u16> = InfraPort::ALL.iter().map(|port| block.get(*port)).collect();
        assert_eq!(numbers.len(), InfraPort::ALL.len());
        assert!(numbers.iter().all(|number| is_bindable(*number)));
        // those of a project's agents, which do not run yet
        let first = found.get(InfraPort::Smtp);
        let next = free_block(&InfraPorts::DEFAULT, |port| port == first).unwrap();
        assert!(next.get(InfraPort::Smtp) >= first + STEP);
    }
}
