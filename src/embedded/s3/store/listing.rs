//! A page of a bucket's keys, in order: prefix, delimiter, where to go on, how many.

use std::collections::BTreeMap;
use std::ops::Bound;

/// What a listing asks for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Query<'a> {
    pub(crate) prefix: &'a str,
    /// Keys that share what comes before it count as one item.
    pub(crate) delimiter: Option<&'a str>,
    /// Only items behind this one.
    pub(crate) after: Option<&'a str>,
    pub(crate) limit: usize,
}

/// One item of a listing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Item<'a, T> {
    Key(&'a str, &'a T),
    Prefix(&'a str),
}

impl<'a, T> Item<'a, T> {
    fn name(&self) -> &'a str {
        match self {
            Self::Key(name, _) | Self::Prefix(name) => name,
        }
    }
}

/// The items, and where the next page goes on, if there is one.
pub(crate) fn list<'a, T>(keys: &'a BTreeMap<String, T>, query: Query<'_>) -> (Vec<Item<'a, T>>, Option<&'a str>) {
    let mut items: Vec<Item<'a, T>> = Vec::new();
    if query.limit == 0 {
        return (items, None);
    }
    let from = match query.after {
        Some(after) if after >= query.prefix => Bound::Excluded(after),
        _ => Bound::Included(query.prefix),
    };
    for (key, value) in keys.range::<str, _>((from, Bound::Unbounded)) {
        let Some(rest) = key.strip_prefix(query.prefix) else { break };
        let item = match query.delimiter.and_then(|delimiter| Some((rest.find(delimiter)?, delimiter.len()))) {
            None => Item::Key(key, value),
            Some((at, length)) => {
                let shared = &key[..query.prefix.len() + at + length];
                let passed = query.after.is_some_and(|after| shared <= after);
                if passed || items.last().is_some_and(|last| last.name() == shared) {
                    continue;
                }
                Item::Prefix(shared)
            }
        };
        if items.len() == query.limit {
            let next = items.last().map(Item::name);
            return (items, next);
        }
        items.push(item);
    }
    (items, None)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(keys: &[&str], query: Query<'_>) -> (Vec<String>, Option<String>) {
        let keys: BTreeMap<String, u8> = keys.iter().map(|key| ((*key).to_owned(), 0)).collect();
        let (items, next) = list(&keys, query);
        (items.iter().map(|item| item.name().to_owned()).collect(), next.map(ToOwned::to_owned))
    }

    const KEYS: [&str; 7] = ["a", "a/b", "a/c/d", "a//e", "b/x", "b/y", "ü"];
    const ALL: Query<'_> = Query { prefix: "", delimiter: None, after: None, limit: 1000 };

    #[test]
    fn keys_come_in_the_order_of_their_bytes() {
        assert_eq!(names(&KEYS, ALL), (["a", "a//e", "a/b", "a/c/d", "b/x", "b/y", "ü"].map(Into::into).into(), None));
    }

    #[test]
    fn a_delimiter_folds_what_shares_a_prefix() {
        let folded = Query { delimiter: Some("/"), ..ALL };
        assert_eq!(names(&KEYS, folded).0, ["a", "a/", "b/", "ü"]);
        assert_eq!(names(&KEYS, Query { prefix: "a/", ..folded }).0, ["a//", "a/b", "a/c/"]);
        assert_eq!(names(&KEYS, Query { prefix: "a/", delimiter: Some("c/"), ..ALL }).0, ["a//e", "a/b", "a/c/"]);
    }

    #[test]
    fn pages_add_up_to_the_whole() {
        for delimiter in [None, Some("/")] {
            let whole = names(&KEYS, Query { delimiter, ..ALL }).0;
            for limit in 1..=KEYS.len() {
                let (mut seen, mut after): (Vec<String>, Option<String>) = (vec![], None);
                loop {
                    let page = Query { delimiter, limit, after: after.as_deref(), ..ALL };
                    let (items, next) = names(&KEYS, page);
                    assert!(items.len() <= limit);
                    seen.extend(items);
                    match next {
                        Some(next) => after = Some(next),
                        None => break,
                    }
                }
                assert_eq!(seen, whole, "limit {limit}, delimiter {delimiter:?}");
            }
        }
    }

    #[test]
    fn an_exact_page_is_the_last_one() {
        assert_eq!(names(&["a", "b"], Query { limit: 2, ..ALL }).1, None);
        assert_eq!(names(&["a", "b"], Query { limit: 0, ..ALL }), (vec![], None));
        assert_eq!(names(&["a", "b"], Query { after: Some("b"), ..ALL }).0, Vec::<String>::new());
        // a marker before the prefix does not lead out of it
        assert_eq!(names(&["a", "b", "c"], Query { prefix: "b", after: Some("a"), ..ALL }).0, ["b"]);
    }
}
