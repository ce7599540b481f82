//! `If-Match` and `If-None-Match` of a request that changes something.

use s3s::dto::{ETag, ETagCondition};
use s3s::{S3Result, s3_error};

/// What must hold of the present object when the change happens.
#[derive(Debug, Clone, Default)]
pub(crate) struct Condition {
    pub(crate) if_match: Option<ETagCondition>,
    pub(crate) if_none_match: Option<ETagCondition>,
}

impl Condition {
    /// Checks against the present object's `ETag`; `None` when there is none.
    pub(crate) fn check(&self, current: Option<&str>) -> S3Result<()> {
        match (&self.if_match, current) {
            (None, _) | (Some(ETagCondition::Any), Some(_)) => {}
            (Some(ETagCondition::ETag(wanted)), Some(current)) if same(wanted, current) => {}
            (Some(ETagCondition::ETag(_)), None) => return Err(s3_error!(NoSuchKey, "the key does not exist")),
            (Some(_), _) => return Err(s3_error!(PreconditionFailed, "the object is not the one that If-Match names")),
        }
        match (&self.if_none_match, current) {
            (Some(ETagCondition::Any), Some(_)) => Err(s3_error!(PreconditionFailed, "the object exists")),
            (Some(ETagCondition::ETag(unwanted)), Some(current)) if same(unwanted, current) => {
                Err(s3_error!(PreconditionFailed, "the object is the one that If-None-Match names"))
            }
            _ => Ok(()),
        }
    }
}

fn same(tag: &ETag, current: &str) -> bool {
    tag.as_strong() == Some(current)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_hold_or_not() {
        let tag = |text: &str| Some(ETagCondition::ETag(ETag::Strong(text.to_owned())));
        let any = || Some(ETagCondition::Any);
        for (if_match, if_none_match, current, holds) in [
            (None, None, None, true),
            (None, any(), None, true),
            (None, any(), Some("a"), false),
            (None, tag("a"), Some("a"), false),
            (None, tag("a"), Some("b"), true),
            (any(), None, Some("a"), true),
            (any(), None, None, false),
            (tag("a"), None, Some("a"), true),
            (tag("a"), None, Some("b"), false),
            (tag("a"), None, None, false),
        ] {
            let condition = Condition { if_match, if_none_match };
            assert_eq!(condition.check(current).is_ok(), holds, "{condition:?} {current:?}");
        }
    }
}
