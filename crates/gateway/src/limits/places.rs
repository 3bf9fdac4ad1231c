//! A budget's places in time, and who gets which of them.
//!
//! A budget of 50 calls a second is a place every 20 ms. Places are handed out in blocks, each once, in the order of
//! time: a block is the next ones from the first moment that is free, so what is not used is over and nobody's, and
//! no two blocks have a place in common.
//!
//! Who may have how many is decided by how many a caller holds that are still to come. Nobody waits while little is
//! handed out ahead ([`Places::NEAR`]). Beyond that each caller may hold its share of the places of a horizon, which is
//! a second, or long enough for one place for each caller that is there. A caller below its share always finds a place
//! before the end of that horizon, however many questions the others ask.

use alloc::borrow::ToOwned as _;
use alloc::collections::VecDeque;
use alloc::string::String;
use alloc::vec::Vec;

use crate::limits::Micros;

/// The places of one budget.
#[derive(Debug)]
pub(crate) struct Places {
    spacing: Micros,
    /// The first moment that is nobody's.
    next: Micros,
    /// What is still to come, in order.
    blocks: VecDeque<Ahead>,
    present: Present,
    /// Until when those who asked in vain have been told to come back when little is handed out ahead, one by one.
    line: Micros,
    /// And however many they are.
    vain: Micros,
}

/// Places that follow each other.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Block {
    /// Until the first one.
    pub(crate) wait: Micros,
    /// From one to the next.
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
    /// So far ahead everybody finds a place.
    const NEAR: Micros = 250_000;
    /// The places of so long are shared out.
    const HORIZON: Micros = 1_000_000;
    /// And of no longer than this, however many callers there are: who waits longer has other plans by then.
    pub(crate) const FARTHEST: Micros = 30_000_000;
    /// One block lasts no longer: who gets it may die.
    const LONGEST_BLOCK: Micros = 1_000_000;
    /// Nor has it more places.
    pub(crate) const MOST: u32 = 10_000;
    /// Blocks that are still to come, of 24 bytes.
    pub(crate) const MOST_BLOCKS: usize = 20_000;
    /// A caller's line is told to be no longer.
    const LONGEST_LINE: Micros = 10_000_000;
    /// Five hundred a second come back who asked in vain: an object takes a thousand questions.
    const VAIN_EVERY: Micros = 2_000;
    /// Who asked in vain comes back no sooner.
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

    /// Nothing is handed out before: what another object, which this one takes the place of, may have handed out is
    /// over then.
    pub(crate) fn begin_at(&mut self, moment: Micros) {
        self.next = self.next.max(moment);
    }

    /// The end of what is handed out.
    pub(crate) const fn end(&self) -> Micros {
        self.next
    }

    /// Up to so many places for a caller, from `opens` on; or how long until it may ask again.
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

    /// The time of which the places are shared out, and how many of them are each caller's.
    fn share(&self) -> (Micros, u64) {
        let callers = self.present.count().max(1);
        let horizon = Self::HORIZON.max(self.spacing.saturating_mul(callers)).min(Self::FARTHEST.max(self.spacing));
        (horizon, ((horizon / self.spacing).max(1) / callers).max(1))
    }

    /// How many places a caller may have now, when so much time is handed out ahead.
    fn may_have(&self, whose: usize, wanted: u32, ahead: Micros) -> u32 {
        let (horizon, share) = self.share();
        if ahead >= horizon {
            return 0;
        }
        let left = share.saturating_sub(self.present.held(whose));
        // Who wants many gets an eighth of its share at once, or questions would be as many as places.
        let left = if left < share.div_ceil(8).min(wanted.into()) { 0 } else { left };
        let near = if ahead <= Self::NEAR / 2 { (Self::NEAR - ahead).div_ceil(self.spacing) } else { 0 };
        let longest = (Self::LONGEST_BLOCK / self.spacing).max(1);
        let may = left.max(near).min(longest).min((horizon - ahead).div_ceil(self.spacing));
        u32::try_from(may).unwrap_or(u32::MAX)
    }

    /// Who asks in vain comes back when an eighth of its caller's share is free again, or when little is handed out
    /// ahead: whichever is sooner, and one after the other.
    fn come_again(&mut self, whose: usize, ahead: Micros, now: Micros) -> Micros {
        let (_, share) = self.share();
        let callers = self.present.count().max(1);
        let part = self.spacing.saturating_mul(share.div_ceil(8).saturating_mul(callers));
        // A little faster than places come free: a turn at which there is none is one that is lost.
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

    /// Lets go of what is over.
    fn pass(&mut self, now: Micros) {
        while let Some(block) = self.blocks.front_mut() {
            // A place that is now has been, for whoever counts what is to come.
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

/// A wait in a line that is told to be no longer than this. Of those who would wait longer many have left when it is
/// their turn; they are spread over its second half, and not all told the same.
const fn spread(wait: Micros, longest: Micros) -> Micros {
    let half = longest / 2;
    if wait > longest { half + wait % half } else { wait }
}

/// The callers that asked a moment ago, or hold places.
#[derive(Debug, Default)]
struct Present {
    slots: Vec<Caller>,
    /// The slots that are used, in the order of their names.
    named: Vec<usize>,
    free: Vec<usize>,
    cleared: Micros,
}

#[derive(Debug, Default)]
struct Caller {
    name: String,
    seen: Micros,
    held: u64,
    /// Until when those have been told to come back who asked for it in vain.
    line: Micros,
}

impl Present {
    /// How long a caller counts as present after its last question.
    const FOR: Micros = 2_000_000;
    const CLEARED_EVERY: Micros = 250_000;
    /// Of about a hundred bytes.
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

    /// When the next one of a caller comes back who asked in vain.
    fn line_up(&mut self, slot: usize, apart: Micros, now: Micros) -> Micros {
        let Some(caller) = self.slots.get_mut(slot) else { return now };
        caller.line = caller.line.max(now).saturating_add(apart);
        caller.line
    }

    /// The slot of a caller who asks; `None` when there are too many.
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

    /// Forgets those who have left and hold nothing.
    fn clear(&mut self, now: Micros) {
        // A clock that was put back clears as well.
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
