//! Which port belongs to whom: agent n gets base + 10 n.
//!
//! Invariant of a loaded project: for all ids from 1 to `max_agents`, no two pairs (agent, name) have
//! the same port, and none has that of an infra server. Proved by arithmetic, not by trying: two bases
//! can only meet when they end in the same digit and are less than `max_agents` steps apart.

use std::fmt;
use std::ops::RangeInclusive;

use super::AgentId;
use super::agent_id::STRIDE;
use super::model::{InfraPort, InfraSettings, Project};
use crate::system;

impl Project {
    /// The port of an agent by name; `None` when `[ports]` has no such name.
    pub fn port(&self, agent: AgentId, name: &str) -> Option<u16> {
        self.ports.iter().find(|(known, _)| known == name).map(|(_, base)| base + agent.port_offset())
    }

    /// Every port of an agent, by name, in file order.
    pub fn ports_of(&self, agent: AgentId) -> Vec<(String, u16)> {
        self.ports.iter().map(|(name, base)| (name.clone(), base + agent.port_offset())).collect()
    }

    /// Whether the project allows this id.
    pub fn allows(&self, agent: AgentId) -> bool {
        agent.get() <= self.max_agents
    }
}

/// Two servers that would want the same port, or one that could have none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Conflict {
    /// Two pairs of agent and name.
    Agents { port: u16, first: (u8, String), second: (u8, String) },
    /// An agent's port and that of an infra server.
    Infra { port: u16, agent: (u8, String), service: InfraPort },
    /// Two infra servers.
    Services { port: u16, first: InfraPort, second: InfraPort },
    /// There is no such port.
    Range { agent: (u8, String), number: u32 },
}

impl Conflict {
    /// The name in `[ports]` that the message should point at.
    pub(super) fn key(&self) -> Option<&str> {
        match self {
            Self::Agents { second: (_, name), .. }
            | Self::Infra { agent: (_, name), .. }
            | Self::Range { agent: (_, name), .. } => Some(name),
            Self::Services { .. } => None,
        }
    }

    pub(super) fn hint(&self) -> String {
        match self {
            Self::Agents { first: (1, _), second: (1, _), .. } => "give each name its own base".to_owned(),
            Self::Agents { .. } => "give the bases different last digits (8000 and 8001), or lower \
                                    `project.max_agents`"
                .to_owned(),
            Self::Infra { service, .. } => {
                format!("use another base, or set `{}` to another port", service.variable())
            }
            Self::Services { first, second, .. } => {
                format!("set `{}` or `{}` to another port", first.variable(), second.variable())
            }
            Self::Range { .. } => "use a lower base, or decrease `project.max_agents`".to_owned(),
        }
    }
}

impl fmt::Display for Conflict {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Agents { port, first, second } => write!(
                formatter,
                "port {port} would be both `{}` of agent {} and `{}` of agent {}",
                first.1, first.0, second.1, second.0
            ),
            Self::Infra { port, agent, service } => write!(
                formatter,
                "port {port} would be both `{}` of agent {} and the {} port of the infra",
                agent.1,
                agent.0,
                service.name()
            ),
            Self::Services { port, first, second } => {
                write!(formatter, "port {port} would be both the {} and the {} port", first.name(), second.name())
            }
            Self::Range { agent, number } => {
                write!(formatter, "`{}` of agent {} would be port {number}, which does not exist", agent.1, agent.0)
            }
        }
    }
}

/// The infra ports that are opened on this machine: not those of servers that are disabled or elsewhere.
pub(super) fn services(infra: &InfraSettings) -> Vec<(InfraPort, u16)> {
    let ours = |port: &InfraPort| {
        let service = infra.service(port.service());
        !service.disabled && service.url.is_none()
    };
    InfraPort::ALL.into_iter().filter(ours).map(|port| (port, infra.ports.get(port))).collect()
}

/// One conflict for each pair that can meet, at the lowest ids.
pub(super) fn conflicts(ports: &[(String, u16)], max_agents: u8, services: &[(InfraPort, u16)]) -> Vec<Conflict> {
    let mut found = Vec::new();
    for (position, (name, base)) in ports.iter().enumerate() {
        let highest = u32::from(*base) + u32::from(max_agents) * u32::from(STRIDE);
        if highest > u32::from(u16::MAX) {
            found.push(Conflict::Range { agent: (max_agents, name.clone()), number: highest });
        }
        for (other, other_base) in &ports[..position] {
            if let Some(steps) = steps(*base, *other_base).filter(|steps| steps.unsigned_abs() < max_agents.into()) {
                // the name with the lower base needs the higher id
                let ahead = u8::try_from(steps.unsigned_abs()).unwrap_or(max_agents);
                let (mine, theirs) = if steps >= 0 { (1 + ahead, 1) } else { (1, 1 + ahead) };
                found.push(Conflict::Agents {
                    port: base.saturating_add(u16::from(mine) * STRIDE),
                    first: (theirs, other.clone()),
                    second: (mine, name.clone()),
                });
            }
        }
        for (service, port) in services {
            let id = steps(*base, *port).and_then(|steps| u8::try_from(steps).ok());
            if let Some(id) = id.filter(|id| (1..=max_agents).contains(id)) {
                found.push(Conflict::Infra { port: *port, agent: (id, name.clone()), service: *service });
            }
        }
    }
    for (position, (second, port)) in services.iter().enumerate() {
        if let Some((first, _)) = services[..position].iter().find(|(_, other)| other == port) {
            found.push(Conflict::Services { port: *port, first: *first, second: *second });
        }
    }
    found
}

/// How many strides lie between two ports, if a whole number does.
fn steps(from: u16, to: u16) -> Option<i32> {
    let distance = i32::from(to) - i32::from(from);
    (distance % i32::from(STRIDE) == 0).then_some(distance / i32::from(STRIDE))
}

/// A line for each name whose ports the kernel may hand to outgoing connections.
pub(super) fn ephemeral_warnings(
    ports: &[(String, u16)],
    max_agents: u8,
    services: &[(InfraPort, u16)],
    ephemeral: Option<RangeInclusive<u16>>,
    reserved: &[RangeInclusive<u16>],
) -> Vec<String> {
    let Some(ephemeral) = ephemeral else { return Vec::new() };
    let exposed = |port: u16| ephemeral.contains(&port) && !reserved.iter().any(|range| range.contains(&port));
    let warning = |what: String, first: u16, last: u16| {
        let range = if first == last { first.to_string() } else { format!("{first}-{last}") };
        format!(
            "{what} ({range}) lies in the kernel's range for outgoing connections ({}-{}): any program may be given \
             such a port; reserve it with `sysctl -w net.ipv4.ip_local_reserved_ports={}`",
            ephemeral.start(),
            ephemeral.end(),
            system::reserving(reserved, &range)
        )
    };
    let agents = ports.iter().filter_map(|(name, base)| {
        let all = (1..=u16::from(max_agents)).map(|id| base.saturating_add(id * STRIDE));
        all.clone().any(exposed).then(|| {
            let (first, last) = (base.saturating_add(STRIDE), base.saturating_add(u16::from(max_agents) * STRIDE));
            warning(format!("`ports.{name}` of agents 1-{max_agents}"), first, last)
        })
    });
    let infra = services
        .iter()
        .filter(|(_, port)| exposed(*port))
        .map(|(service, port)| warning(format!("the {} port", service.name()), *port, *port));
    agents.chain(infra).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;

    fn named(bases: &[u16]) -> Vec<(String, u16)> {
        bases.iter().enumerate().map(|(position, base)| (format!("p{position}"), *base)).collect()
    }

    fn defaults() -> Vec<(InfraPort, u16)> {
        InfraPort::ALL.map(|port| (port, super::super::model::InfraPorts::DEFAULT.get(port))).to_vec()
    }

    /// The same question, answered by trying every pair.
    fn collides(ports: &[(String, u16)], max_agents: u8, services: &[(InfraPort, u16)]) -> bool {
        let mut owners: HashMap<u32, usize> = HashMap::new();
        for (_, port) in services {
            *owners.entry(u32::from(*port)).or_default() += 1;
        }
        for (_, base) in ports {
            for id in 1..=max_agents {
                *owners.entry(u32::from(*base) + 10 * u32::from(id)).or_default() += 1;
            }
        }
        owners.iter().any(|(port, count)| *count > 1 || *port > 65535)
    }

    proptest! {
        #[test]
        fn arithmetic_and_trial_agree(
            bases in prop::collection::vec(prop_oneof![2900_u16..3300, 14000_u16..16000, 64000_u16..=65535], 1..4),
            max_agents in 1_u8..=99,
        ) {
            let ports = named(&bases);
            let found = conflicts(&ports, max_agents, &defaults());
            prop_assert_eq!(!found.is_empty(), collides(&ports, max_agents, &defaults()), "{:?}", found);
        }

        #[test]
        fn a_conflict_names_ports_that_really_meet(
            bases in prop::collection::vec(3000_u16..3200, 2..4),
            max_agents in 1_u8..=99,
        ) {
            let ports = named(&bases);
            let port = |(id, name): &(u8, String)| {
                let (_, base) = ports.iter().find(|(known, _)| known == name).unwrap();
                base + u16::from(*id) * 10
            };
            for conflict in conflicts(&ports, max_agents, &[]) {
                let Conflict::Agents { port: met, first, second } = conflict else { panic!("{conflict:?}") };
                prop_assert_eq!((port(&first), port(&second)), (met, met));
                prop_assert!(first.0 <= max_agents && second.0 <= max_agents);
            }
        }
    }

    #[test]
    fn the_defaults_meet_nothing() {
        assert_eq!(conflicts(&named(&[3000, 8000, 8001, 9200]), 99, &defaults()), []);
    }

    #[test]
    fn messages_name_both_sides() {
        let text = |bases: &[u16], services: &[(InfraPort, u16)]| {
            conflicts(&named(bases), 99, services).iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        assert_eq!(text(&[3000, 3100], &[]), ["port 3110 would be both `p0` of agent 11 and `p1` of agent 1"]);
        assert_eq!(
            text(&[19000 - 30], &defaults()),
            ["port 19000 would be both `p0` of agent 3 and the s3 port of the infra"]
        );
        assert_eq!(text(&[65000], &[]), ["`p0` of agent 99 would be port 65990, which does not exist"]);
        assert_eq!(
            text(&[], &[(InfraPort::S3, 9000), (InfraPort::Browser, 9000)]),
            ["port 9000 would be both the s3 and the browser port"]
        );
    }

    #[test]
    fn ephemeral_ports_are_warned_of_until_they_are_reserved() {
        let ports = [("web".to_owned(), 40_000)];
        let warn = |reserved: &[RangeInclusive<u16>]| {
            ephemeral_warnings(&ports, 5, &[(InfraPort::S3, 19000)], Some(32768..=60999), reserved)
        };
        let warnings = warn(&[]);
        assert_eq!(warnings.len(), 1);
        assert!(warnings[0].contains("`ports.web`") && warnings[0].contains("ip_local_reserved_ports=40010-40050"));
        assert_eq!(warn(&[40_000..=40_100]), Vec::<String>::new());
        assert_eq!(warn(&[40_000..=40_040]).len(), 1);
    }
}
