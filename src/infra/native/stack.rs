//! What the stack `infra` is: the process config of the home's own servers, from the record alone, so that the
//! same record always gives the same config.

use std::path::Path;

use crate::infra::record::InfraRecord;
use crate::infra::servers::hosted::Hosted;
use crate::infra::servers::program;
use crate::supervisor::StackSpec;
use crate::system::loopback_map::PortMap;
use crate::system::{Home, StackName};

/// The whole stack. `harness` is the program that serves S3 and mail.
pub(super) fn of(home: &Home, record: &InfraRecord, harness: &Path) -> StackSpec {
    let common = record.common();
    let process = |server: &dyn Hosted| Some((server.name().to_owned(), server.process(home, &common, harness)?));
    StackSpec {
        version: 1,
        stack: StackName::Infra.to_string(),
        home_id: home.id().to_owned(),
        network_map: PortMap::default(),
        environment: program::environment().map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
        database: None,
        idle: None,
        processes: record.hostings.all().into_iter().filter_map(process).collect(),
    }
}
