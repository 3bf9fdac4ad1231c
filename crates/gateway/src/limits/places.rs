//! The places of a budget in time, and their allocation to callers.
//!
//! A budget of 50 calls per second is one place every 20 ms. Places are allocated in blocks, each once, in order of
//! time: a block contains the next places from the first free moment on. So unused places lapse, and no two blocks
//! overlap.
//!
//! A caller's allocation depends on how many future places it already holds. While little is allocated ahead
//! ([`Places::NEAR`]), nobody waits. Beyond that, each caller may hold its share of the places within a horizon, which
//! is one second, or long enough for one place per present caller. A caller below its share always finds a place within
//! that horizon, however many questions others ask.

use alloc::borrow::ToOwned as _;
use alloc::collections::VecDeque;
use alloc::string::String;
use alloc::vec::Vec;

use crate::limits::Micros;

/// The places of one budget.
#[derive(Debug)]
pub(crate) struct Places {
    spacing: Micros,
    /// The first free moment.
    next: Micros,
    /// Allocated blocks in the future, in order.
    blocks: VecDeque<Ahead>,
    present: Present,
    /// Until when callers that asked in vain were told to come back, one by one, at the time when little is allocated
    /// ahead.
    line: Micros,
    /// The same without regard to their number.
    vain: Micros,
}

/// Consecutive places.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Block {
    /// The time until the first one.
    pub(crate) wait: Micros,
    /// The time between two of them.
    pub(crate) step: Micros,
    pub(crate) count: u32,
}

#[derive(Clone, Copy, Debug)]
struct Ahead {
    from: Micros,
    count: u32,
    whose: usize,
}

impl Places {
    /// Within this time, everybody finds a place.
    const NEAR: Micros = 250_000;
    /// The time whose places are shared among callers.
    const HORIZON: Micros = 1_000_000;
    /// The maximum of that time, however many callers there are: a call that waits longer has given up by then.
    pub(crate) const FARTHEST: Micros = 30_000_000;
    /// The maximum duration of a block, because its owner may die.
    const LONGEST_BLOCK: Micros = 1_000_000;
    /// The maximum number of places in a block.
    pub(crate) const MOST: u32 = 10_000;
    /// The maximum number of future blocks, of 24 bytes each.
    pub(crate) const MOST_BLOCKS: usize = 20_000;
    /// The maximum length of a caller's line.
    const LONGEST_LINE: Micros = 10_000_000;
    /// Five hundred calls per second that asked in vain come back, because an object handles a thousand questions per
    /// second.
    const VAIN_EVERY: Micros = 2_000;
    /// A call that asked in vain comes back no sooner than this.
    const SOONEST: Micros = 20_000;

    pub(crate) fn new(spacing: Micros) -> Self {
        Self {
            spacing: spacing.max(1),
            next: 0,
            blocks: VecDeque::new(),
            present: Present::default(),
            line: 0,
            vain: 0,
        }
    }

    /// Allocates nothing before `moment`: places that the previous object may have allocated have ended by then.
    pub(crate) fn begin_at(&mut self, moment: Micros) {
        self.next = self.next.max(moment);
    }

    /// The end of the allocated time.
    pub(crate) const fn end(&self) -> Micros {
        self.next
    }

    /// Allocates up to `wanted` places to a caller from `opens` on; otherwise returns how long until it may ask again.
    pub(crate) fn take(&mut self, caller: &str, wanted: u32, opens: Micros, now: Micros) -> Result<Block, Micros> {
        self.pass(now);
        let Some(whose) = self.present.come(caller, now) else { return Err(Self::HORIZON) };
        let from = self.next.max(opens).max(now);
        let ahead = from - now.max(opens);
        let count = self.may_have(whose, wanted, ahead).min(wanted).min(Self::MOST);
        if count == 0 || self.blocks.len() >= Self::MOST_BLOCKS {
            return Err(self.come_again(whose, ahead, now));
        }
        self.next = from.saturating_add(self.spacing.saturating_mul(count.into()));
        self.blocks.push_back(Ahead { from, count, whose });
        self.present.holds(whose, i64::from(count));
        Ok(Block { wait: from - now, step: self.spacing, count })
    }

    /// The time whose places are shared, and each caller's number of places in it.
    fn share(&self) -> (Micros, u64) {
        let callers = self.present.count().max(1);
        let horizon = Self::HORIZON.max(self.spacing.saturating_mul(callers)).min(Self::FARTHEST.max(self.spacing));
        (horizon, ((horizon / self.spacing).max(1) / callers).max(1))
    }

    /// How many places a caller may get now, given how far ahead places are allocated.
    fn may_have(&self, whose: usize, wanted: u32, ahead: Micros) -> u32 {
        let (horizon, share) = self.share();
        if ahead >= horizon {
            return 0;
        }
        let left = share.saturating_sub(self.present.held(whose));
        // A caller that wants many gets at least an eighth of its share at once; otherwise there would be as many
        // questions as places.
        let left = if left < share.div_ceil(8).min(wanted.into()) { 0 } else { left };
        let near = if ahead <= Self::NEAR / 2 { (Self::NEAR - ahead).div_ceil(self.spacing) } else { 0 };
        let longest = (Self::LONGEST_BLOCK / self.spacing).max(1);
        let may = left.max(near).min(longest).min((horizon - ahead).div_ceil(self.spacing));
        u32::try_from(may).unwrap_or(u32::MAX)
    }

    /// When a caller that asked in vain comes back: when an eighth of its share is free again, or when little is
    /// allocated ahead, whichever is sooner, and one call after the other.
    fn come_again(&mut self, whose: usize, ahead: Micros, now: Micros) -> Micros {
        let (_, share) = self.share();
        let callers = self.present.count().max(1);
        let part = self.spacing.saturating_mul(share.div_ceil(8).saturating_mul(callers));
        // Slightly faster than places become free, because a turn without a place is wasted.
        let of_share = self.present.line_up(whose, part / 4 * 3, now);
        let near = now.saturating_add(ahead.saturating_sub(Self::NEAR / 2));
        let chunk = (Self::NEAR / 2).max(self.spacing);
        let of_all = self.line.max(near).saturating_add(chunk);
        let wait = if of_all < of_share {
            self.line = of_all;
            of_all - now
        } else {
            of_share - now
        };
        self.vain = self.vain.max(now).saturating_add(Self::VAIN_EVERY);
        let wait = spread(wait, Self::LONGEST_LINE.max(part)).max(Self::SOONEST).max(self.vain - now);
        spread(wait, Self::FARTHEST.max(self.spacing))
    }

    /// Removes blocks that have ended.
    fn pass(&mut self, now: Micros) {
        while let Some(block) = self.blocks.front_mut() {
            // A place that is due now no longer counts as a future place.
            let over = now.saturating_sub(block.from).div_ceil(self.spacing).min(block.count.into());
            let over = u32::try_from(over).unwrap_or(block.count);
            block.from = block.from.saturating_add(self.spacing.saturating_mul(over.into()));
            block.count -= over;
            let (whose, is_over) = (block.whose, block.count == 0);
            self.present.holds(whose, -i64::from(over));
            if !is_over {
                break;
            }
            self.blocks.pop_front();
        }
        self.present.clear(now);
    }
}

/// Shortens a wait in a line to `longest`. Of the calls that would wait longer, many have left when it is their turn.
/// They are spread over the second half instead of being given the same time.
const fn spread(wait: Micros, longest: Micros) -> Micros {
    let half = longest / 2;
    if wait > longest { half + wait % half } else { wait }
}

/// The callers that asked recently or hold places.
#[derive(Debug, Default)]
struct Present {
    slots: Vec<Caller>,
    /// The used slots, sorted by name.
    named: Vec<usize>,
    free: Vec<usize>,
    cleared: Micros,
}

#[derive(Debug, Default)]
struct Caller {
    name: String,
    seen: Micros,
    held: u64,
    /// Until when the caller's calls that asked in vain were told to come back.
    line: Micros,
}

impl Present {
    /// How long a caller counts as present after its last question.
    const FOR: Micros = 2_000_000;
    const CLEARED_EVERY: Micros = 250_000;
    /// The maximum number of callers, of about a hundred bytes each.
    const MOST: usize = 10_000;

    fn count(&self) -> u64 {
        self.named.len() as u64
    }

    fn held(&self, slot: usize) -> u64 {
        self.slots.get(slot).map_or(0, |caller| caller.held)
    }

    fn holds(&mut self, slot: usize, more: i64) {
        if let Some(caller) = self.slots.get_mut(slot) {
            caller.held = caller.held.saturating_add_signed(more);
        }
    }

    /// When the next call of a caller that asked in vain comes back.
    fn line_up(&mut self, slot: usize, apart: Micros, now: Micros) -> Micros {
        let Some(caller) = self.slots.get_mut(slot) else { return now };
        caller.line = caller.line.max(now).saturating_add(apart);
        caller.line
    }

    /// The slot of a caller that asks; `None` if there are too many callers.
    fn come(&mut self, name: &str, now: Micros) -> Option<usize> {
        let Self { slots, named, free, .. } = self;
        let name_of = |slot: &usize| slots.get(*slot).map_or("", |caller| caller.name.as_str());
        let slot = match named.binary_search_by(|slot| name_of(slot).cmp(name)) {
            Ok(at) => named.get(at).copied()?,
            Err(_) if named.len() >= Self::MOST => return None,
            Err(at) => {
                let slot = free.pop().unwrap_or_else(|| {
                    slots.push(Caller::default());
                    slots.len() - 1
                });
                if let Some(caller) = slots.get_mut(slot) {
                    *caller = Caller { name: name.to_owned(), seen: now, held: 0, line: now };
                }
                named.insert(at, slot);
                slot
            }
        };
        if let Some(caller) = slots.get_mut(slot) {
            caller.seen = now;
        }
        Some(slot)
    }

    /// Removes callers that have left and hold no places.
    fn clear(&mut self, now: Micros) {
        // Also runs when the clock went back.
        if now.abs_diff(self.cleared) < Self::CLEARED_EVERY {
            return;
        }
        self.cleared = now;
        let Self { slots, named, free, .. } = self;
        named.retain(|slot| {
            let stays = slots.get(*slot).is_some_and(|caller| caller.held > 0 || now.abs_diff(caller.seen) < Self::FOR);
            if !stays {
                free.push(*slot);
            }
            stays
        });
    }
}
