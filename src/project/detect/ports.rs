//! A base for each port, so that no two agents and none of the shared servers want the same one.

/// The ports of the shared servers.
const SERVERS: [u16; 6] = [15432, 19000, 19001, 13001, 11025, 18025];

/// The highest agent.
const AGENTS: u16 = 99;

/// The base for a program that has `wanted` without harness: that port, or the next one that is free.
pub(super) fn base(wanted: u16, taken: &[u16]) -> u16 {
    // below 1024 only root may listen
    let start = if wanted < 1000 { wanted + 8000 } else { wanted };
    let highest = u16::MAX - AGENTS * 10;
    (start.min(highest)..=highest).chain(3000..start.max(3000)).find(|base| is_free(*base, taken)).unwrap_or(start)
}

fn is_free(base: u16, taken: &[u16]) -> bool {
    let meets = |from: u16, to: u16, least: u16| {
        let distance = to.checked_sub(from).filter(|distance| distance % 10 == 0);
        distance.is_some_and(|distance| (least..=AGENTS * 10).contains(&distance))
    };
    !taken.iter().any(|other| meets(base, *other, 0) || meets(*other, base, 0))
        && !SERVERS.iter().any(|port| meets(base, *port, 10))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bases_keep_apart() {
        assert_eq!(base(3000, &[]), 3000);
        assert_eq!(base(3000, &[3000]), 3001);
        assert_eq!(base(8000, &[3000]), 8000);
        assert_eq!(base(3100, &[3000]), 3101);
        assert_eq!(base(80, &[]), 8080);
        assert_eq!(base(19000, &[]), 19000);
        assert_eq!(base(15422, &[]), 15423);
        let mut taken = Vec::new();
        for _ in 0..30 {
            let next = base(3000, &taken);
            assert!(is_free(next, &taken), "{next} {taken:?}");
            taken.push(next);
        }
    }
}
