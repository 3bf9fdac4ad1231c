//! The memory budget for bodies that are read completely, shared by all requests of an isolate.
//!
//! An isolate has 128 MB for all its requests. A body that is read to be redacted or searched for keys adds to its
//! [`Share`] as its bytes arrive. The share ends with the request that holds it, or when the time for reading is up: a
//! runtime may abandon the request of a caller that left without running any cleanup.

use alloc::rc::Rc;
use alloc::sync::{Arc, Weak};
use alloc::vec::Vec;
use core::cell::RefCell;
use core::sync::atomic::{AtomicUsize, Ordering};

use attention_core::Timestamp;

/// The total of all shares. A clone refers to the same budget.
#[derive(Clone, Debug, Default)]
pub struct Room {
    shares: Rc<RefCell<Vec<Held>>>,
}

#[derive(Debug)]
struct Held {
    bytes: Weak<AtomicUsize>,
    until: Timestamp,
}

/// The share of one body, released on drop.
#[derive(Debug)]
pub struct Share {
    bytes: Arc<AtomicUsize>,
}

impl Room {
    /// In bytes: four of the largest bodies that are read. While one of them is redacted, it exists twice (first its
    /// chunks and the whole, then the whole and the redacted result, then that and the bytes being sent); the others
    /// exist once. The cache additionally uses [`Index::ALL_BYTES`](crate::cache::Index::ALL_BYTES).
    pub const BYTES: usize = 32 * 1024 * 1024;

    /// An empty share, which ends at `until` at the latest.
    pub fn share(&self, until: Timestamp) -> Share {
        let bytes = Arc::new(AtomicUsize::new(0));
        self.shares.borrow_mut().push(Held { bytes: Arc::downgrade(&bytes), until });
        Share { bytes }
    }

    /// Adds bytes to a share if enough are available. A share that has ended gets none.
    pub fn take(&self, share: &Share, bytes: usize, now: Timestamp) -> bool {
        let fits = self.taken(now).checked_add(bytes).is_some_and(|taken| taken <= Self::BYTES);
        let lasts = self.shares.borrow().iter().any(|held| held.bytes.as_ptr() == Arc::as_ptr(&share.bytes));
        if fits && lasts {
            share.bytes.fetch_add(bytes, Ordering::Relaxed);
        }
        fits && lasts
    }

    /// The number of bytes in use.
    pub fn taken(&self, now: Timestamp) -> usize {
        let mut shares = self.shares.borrow_mut();
        shares.retain(|held| held.until > now && held.bytes.strong_count() > 0);
        let taken = |held: &Held| held.bytes.upgrade().map_or(0, |bytes| bytes.load(Ordering::Relaxed));
        shares.iter().map(taken).sum()
    }
}

impl Share {
    /// Reduces the share to this many bytes.
    pub fn shrink(&self, bytes: usize) {
        self.bytes.fetch_min(bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use proptest::prelude::*;

    use super::*;

    const START: Timestamp = Timestamp::from_unix_seconds(1_700_000_000);

    fn at(seconds: u64) -> Timestamp {
        START.saturating_add(Duration::from_secs(seconds))
    }

    #[test]
    fn a_share_ends_with_its_request_or_after_its_time() {
        let room = Room::default();
        let (mine, lost) = (room.share(at(10)), room.share(at(60)));
        assert!(room.take(&mine, Room::BYTES - 1, at(0)) && room.take(&lost, 1, at(0)));
        assert!(!room.take(&lost, 1, at(0)));
        assert_eq!(room.taken(at(9)), Room::BYTES);
        assert_eq!(room.taken(at(10)), 1);
        assert!(!room.take(&mine, 1, at(10)), "its time is up");
        lost.shrink(0);
        assert!(room.take(&lost, Room::BYTES, at(10)));
        drop(lost);
        assert_eq!(room.taken(at(10)), 0);
        assert!(room.shares.borrow().is_empty());
        let late = room.share(at(20));
        assert!(!room.take(&late, usize::MAX, at(11)));
    }

    #[derive(Clone, Debug)]
    enum Event {
        Begins {
            seconds: u64,
        },
        Reads {
            whose: usize,
            bytes: usize,
        },
        Redacted {
            whose: usize,
            left: usize,
        },
        Ends {
            whose: usize,
        },
        /// Its caller left, and the runtime gave no notice.
        IsForgotten {
            whose: usize,
        },
        Passes {
            seconds: u64,
        },
    }

    fn events() -> impl Strategy<Value = Vec<Event>> {
        let whose = || 0..10_000_usize;
        let event = prop_oneof![
            4 => (1..90_u64).prop_map(|seconds| Event::Begins { seconds }),
            12 => (whose(), prop_oneof![1..65_536_usize, 1..4_000_000_usize])
                .prop_map(|(whose, bytes)| Event::Reads { whose, bytes }),
            2 => (whose(), 0..4_000_000_usize).prop_map(|(whose, left)| Event::Redacted { whose, left }),
            2 => whose().prop_map(|whose| Event::Ends { whose }),
            1 => whose().prop_map(|whose| Event::IsForgotten { whose }),
            1 => (0..20_u64).prop_map(|seconds| Event::Passes { seconds }),
        ];
        prop::collection::vec(event, 1..800)
    }

    proptest! {
        /// Compared with a ledger that is kept in another way: each request with its bytes and its end.
        #[test]
        fn hundreds_of_requests_stay_within_the_bound_and_release_everything(events in events()) {
            let room = Room::default();
            let mut open: Vec<(Share, usize, Timestamp)> = Vec::new();
            let mut forgotten: Vec<(Share, usize, Timestamp)> = Vec::new();
            let mut now = at(0);
            for event in events {
                match event {
                    Event::Begins { seconds } => {
                        let until = now.saturating_add(Duration::from_secs(seconds));
                        open.push((room.share(until), 0, until));
                    }
                    Event::Reads { whose, bytes } if !open.is_empty() => {
                        let whose = whose % open.len();
                        let all: usize = open.iter().chain(&forgotten).filter(|(_, _, until)| *until > now).map(|(_, held, _)| held).sum();
                        let (share, held, until) = &mut open[whose];
                        let may = *until > now && all + bytes <= Room::BYTES;
                        prop_assert_eq!(room.take(share, bytes, now), may);
                        *held += if may { bytes } else { 0 };
                    }
                    Event::Redacted { whose, left } if !open.is_empty() => {
                        let whose = whose % open.len();
                        let (share, held, _) = &mut open[whose];
                        share.shrink(left);
                        *held = left.min(*held);
                    }
                    Event::Ends { whose } if !open.is_empty() => {
                        let whose = whose % open.len();
                        drop(open.swap_remove(whose));
                    }
                    Event::IsForgotten { whose } if !open.is_empty() => {
                        let whose = whose % open.len();
                        forgotten.push(open.swap_remove(whose));
                    }
                    Event::Passes { seconds } => now = now.saturating_add(Duration::from_secs(seconds)),
                    _ => {}
                }
                let taken = room.taken(now);
                prop_assert!(taken <= Room::BYTES);
                let lasting = open.iter().chain(&forgotten).filter(|(_, _, until)| *until > now);
                prop_assert_eq!(taken, lasting.map(|(_, held, _)| held).sum::<usize>());
            }
            // Requests that are answered release their bytes at once, abandoned ones when their time is up.
            drop(open);
            prop_assert_eq!(room.taken(now.saturating_add(Duration::from_secs(91))), 0);
            prop_assert!(room.shares.borrow().is_empty());
        }
    }
}
