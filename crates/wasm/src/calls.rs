//! The calls in progress, identified by number.

use alloc::string::String;
use alloc::vec::Vec;

use attention_core::Call;

/// A call and its URL.
#[derive(Debug)]
pub(crate) struct Open {
    pub(crate) call: Call,
    pub(crate) url: String,
}

/// Calls are numbers rather than objects, so that JavaScript has nothing to free. The number of a finished call is
/// reused.
#[derive(Debug, Default)]
pub(crate) struct Calls {
    places: Vec<Option<Open>>,
    free: Vec<u32>,
}

impl Calls {
    pub(crate) fn begin(&mut self, open: Open) -> u32 {
        if let Some(number) = self.free.pop()
            && let Some(place) = self.places.get_mut(number as usize)
        {
            *place = Some(open);
            return number;
        }
        self.places.push(Some(open));
        u32::try_from(self.places.len() - 1).unwrap_or(u32::MAX)
    }

    pub(crate) fn get(&mut self, number: u32) -> Option<&mut Open> {
        self.places.get_mut(number as usize)?.as_mut()
    }

    pub(crate) fn end(&mut self, number: u32) -> Option<Open> {
        let open = self.places.get_mut(number as usize)?.take()?;
        self.free.push(number);
        Some(open)
    }

    pub(crate) fn count(&self) -> usize {
        self.places.len() - self.free.len()
    }
}
