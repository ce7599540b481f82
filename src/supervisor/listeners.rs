//! Where calls of the programs of a stack arrive that run under its loopback map.
//!
//! Every process has a listener of its own, which lives as long as any program under its filter, and no longer than
//! the trio. The guardian alone reads from them; the supervisor keeps copies for the case that it becomes the guardian.

use std::cell::RefCell;
use std::rc::Rc;

use crate::system::loopback_map::Listener;

/// Shared by whoever starts programs and whoever hands the stack over.
#[derive(Debug, Clone, Default)]
pub(crate) struct Listeners(Rc<RefCell<Vec<Listener>>>);

impl Listeners {
    /// Adds one, and forgets those of which no program is left.
    pub(crate) fn add(&self, listener: Listener) {
        let mut listeners = self.0.borrow_mut();
        listeners.retain(|listener| !listener.has_ended());
        listeners.push(listener);
    }

    /// Forgets those of which no program is left.
    pub(crate) fn forget_ended(&self) {
        self.0.borrow_mut().retain(|listener| !listener.has_ended());
    }

    /// What `look` sees of each.
    pub(crate) fn each<T>(&self, look: impl FnMut(&Listener) -> T) -> Vec<T> {
        self.0.borrow().iter().map(look).collect()
    }

    /// Lets `use_all` see all of them at once.
    pub(crate) fn with<T>(&self, use_all: impl FnOnce(&[Listener]) -> T) -> T {
        use_all(&self.0.borrow())
    }
}
