//! Which port becomes which.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Ports as programs name them, and the ports that they get instead.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PortMap(Vec<(u16, u16)>);

impl PortMap {
    /// A map has at most this many entries: it travels in one message.
    pub const LONGEST: usize = 256;

    /// Of pairs (as named, instead). A port that stays what it is needs no entry.
    pub fn new(pairs: impl IntoIterator<Item = (u16, u16)>) -> Self {
        let mut pairs: Vec<_> = pairs.into_iter().filter(|(named, instead)| named != instead).collect();
        pairs.sort_unstable();
        pairs.dedup_by_key(|(named, _)| *named);
        Self(pairs)
    }

    /// Reads what [`Display`](fmt::Display) writes.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let pair = |pair: &str| {
            let (named, instead) = pair.split_once('=')?;
            Some((named.parse().ok()?, instead.parse().ok()?))
        };
        let pairs = text.split(',').filter(|pair| !pair.is_empty()).map(pair);
        pairs.collect::<Option<Vec<_>>>().map(Self::new)
    }

    /// Whether nothing is mapped.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The port that takes the place of `named`.
    pub(super) fn instead_of(&self, named: u16) -> Option<u16> {
        let index = self.0.binary_search_by_key(&named, |(named, _)| *named).ok()?;
        Some(self.0[index].1)
    }
}

/// `3000=5010,5432=15432`.
impl fmt::Display for PortMap {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (named, instead)) in self.0.iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            write!(formatter, "{comma}{named}={instead}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_is_replaced_once_and_only_where_it_is_mapped() {
        let map = PortMap::new([(5010, 3000), (3000, 5010), (80, 80)]);
        assert_eq!(map.instead_of(3000), Some(5010));
        assert_eq!(map.instead_of(5010), Some(3000));
        assert_eq!(map.instead_of(80), None);
        assert!(PortMap::new([(80, 80)]).is_empty());
        assert_eq!(map.to_string(), "3000=5010,5010=3000");
        assert_eq!(PortMap::parse(&map.to_string()), Some(map));
        assert_eq!(PortMap::parse(""), Some(PortMap::default()));
        assert_eq!(PortMap::parse("3000"), None);
    }
}
