//! Before a server is first started: does another process listen on its port?

use super::error::{Error, Result};
use super::record::InfraRecord;
use super::servers::list::Service;
use crate::system::{is_bindable, port_holder};

/// Checks the ports of these services.
///
/// # Errors
/// [`Error::PortInUse`] names the holder of the first that is taken.
pub(super) fn check_free(record: &InfraRecord, services: &[Service]) -> Result<()> {
    for (port, number, service) in record.ports() {
        if services.iter().any(|wanted| wanted.name() == service) && !is_bindable(number) {
            return Err(Error::PortInUse {
                service,
                port: number,
                variable: port.variable(),
                holder: port_holder(number),
            });
        }
    }
    Ok(())
}
