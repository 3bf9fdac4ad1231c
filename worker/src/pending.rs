//! Bodies that are read on the side for the cache, by numbers. Callers that went away leave theirs behind, so the
//! oldest are forgotten.

use alloc::collections::VecDeque;

use attention_gateway::cache::Pending;

/// As many bodies are waited for.
const MOST: usize = 1_000;

#[derive(Debug, Default)]
pub(crate) struct PendingBodies {
    /// The number of the first place.
    first: usize,
    places: VecDeque<Option<Pending>>,
}

impl PendingBodies {
    pub(crate) fn add(&mut self, pending: Pending) -> usize {
        if self.places.len() >= MOST {
            self.forget_first();
        }
        self.places.push_back(Some(pending));
        self.first.wrapping_add(self.places.len() - 1)
    }

    pub(crate) fn limit(&self, number: usize) -> usize {
        self.places.get(number.wrapping_sub(self.first)).and_then(Option::as_ref).map_or(0, Pending::limit)
    }

    pub(crate) fn take(&mut self, number: usize) -> Option<Pending> {
        let pending = self.places.get_mut(number.wrapping_sub(self.first))?.take();
        while self.places.front().is_some_and(Option::is_none) {
            self.forget_first();
        }
        pending
    }

    fn forget_first(&mut self) {
        self.places.pop_front();
        self.first = self.first.wrapping_add(1);
    }
}
