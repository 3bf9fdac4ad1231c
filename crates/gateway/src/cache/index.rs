//! The index of an isolate's stored responses: their heads, and the ids of the bytes that the driver stores. The least
//! recently used entry is evicted first.

use alloc::sync::Arc;
use alloc::vec::Vec;

use super::changes::{Changes, Moment};
use super::head::Head;
use super::key::Key;
use super::path::Path;

/// Identifies the bytes of one stored response in the driver. Ids are not reused.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct EntryId(pub(super) u64);

impl EntryId {
    /// The number, for the driver's map.
    pub const fn number(self) -> u64 {
        self.0
    }
}

/// The stored responses. The index decides which bytes the driver stores, and for how long.
#[derive(Debug, Default)]
pub struct Index {
    /// Sorted by key; at most 8,000.
    entries: Vec<Entry>,
    next_turn: u64,
    next_id: u64,
    /// The size of all entries and of leaving bodies, at most [`Self::ALL_BYTES`].
    bytes: usize,
    /// Bodies without an entry that a visit may still serve.
    leaving: Vec<Arc<Body>>,
    dropped: Vec<EntryId>,
    changes: Changes,
}

/// The bytes of a stored response. Each visit that may serve them holds a reference, so that the driver is not told to
/// drop them before the visit ends.
#[derive(Debug)]
struct Body {
    id: EntryId,
    length: usize,
}

/// A stored response as held by a visit; changes to the entry do not affect it.
#[derive(Clone, Debug)]
pub(super) struct Snapshot {
    pub(super) head: Arc<Head>,
    body: Arc<Body>,
}

impl Snapshot {
    pub(super) fn id(&self) -> EntryId {
        self.body.id
    }
}

#[derive(Debug)]
struct Entry {
    key: Arc<Key>,
    path: Path,
    stored: Snapshot,
    /// The time of its last use; the smallest value is the least recent.
    turn: u64,
}

impl Entry {
    /// Its size besides the body.
    fn overhead(&self) -> usize {
        Index::ENTRY_OVERHEAD + 2 * self.key.length() + self.stored.head.length()
    }

    fn is_in_use(&self) -> bool {
        Arc::strong_count(&self.stored.body) > 1
    }
}

impl Index {
    /// The longest body that is stored.
    pub const ENTRY_BYTES: usize = 256 * 1024;
    /// The maximum size of all entries. An isolate has 128 MB, and two indexes during a gradual deployment.
    pub const ALL_BYTES: usize = 8 * 1024 * 1024;
    /// The approximate size of an entry besides its body and texts.
    pub const ENTRY_OVERHEAD: usize = 2048;

    /// A call with an unsafe method was made to this URL. Whatever its result, all entries at, above and below its path
    /// are invalidated, for all callers (RFC 9111 §4.4), and responses requested before it are not stored.
    pub fn invalidate(&mut self, url: &str) {
        let path = Path::of(url);
        let mut at = 0;
        while let Some(entry) = self.entries.get(at) {
            if entry.path.is_related(&path) {
                self.remove_at(at);
            } else {
                at += 1;
            }
        }
        self.changes.record(path);
    }

    /// The ids that will not be served any more; the driver drops their bytes.
    pub fn take_dropped(&mut self) -> Vec<EntryId> {
        self.release();
        core::mem::take(&mut self.dropped)
    }

    /// The stored response for a key. This counts as a use.
    pub(super) fn find(&mut self, key: &Key) -> Option<Snapshot> {
        let turn = self.turn();
        let at = self.place(key).ok()?;
        let entry = self.entries.get_mut(at)?;
        entry.turn = turn;
        Some(entry.stored.clone())
    }

    pub(super) fn remove(&mut self, key: &Key) {
        if let Ok(at) = self.place(key) {
            self.remove_at(at);
        }
    }

    /// The position of a key's entry, or the position where it would be inserted.
    fn place(&self, key: &Key) -> Result<usize, usize> {
        self.entries.binary_search_by(|entry| (*entry.key).cmp(key))
    }

    const fn turn(&mut self) -> u64 {
        self.next_turn += 1;
        self.next_turn
    }

    /// Stores a response and replaces the key's previous one. `None` if there is no room because everything else is in
    /// use.
    pub(super) fn insert(&mut self, key: Arc<Key>, path: Path, head: Head, length: usize) -> Option<EntryId> {
        self.remove(&key);
        let id = EntryId(self.next_id);
        let stored = Snapshot { head: Arc::new(head), body: Arc::new(Body { id, length }) };
        let entry = Entry { key, path, stored, turn: self.turn() };
        let size = entry.overhead() + length;
        if !self.make_room(size) {
            return None;
        }
        self.bytes += size;
        // The previous entry was removed above, so this is the position for insertion.
        let (Ok(at) | Err(at)) = self.place(&entry.key);
        self.entries.insert(at, entry);
        self.next_id += 1;
        Some(id)
    }

    /// Updates an entry's head if it still has these bytes. An entry that was invalidated, evicted or replaced is not
    /// changed.
    pub(super) fn update(&mut self, key: &Key, id: EntryId, head: Head) {
        let Ok(at) = self.place(key) else { return };
        let Some(entry) = self.entries.get_mut(at).filter(|entry| entry.stored.id() == id) else { return };
        self.bytes -= entry.overhead();
        entry.stored.head = Arc::new(head);
        self.bytes += entry.overhead();
        if !self.make_room(0) {
            self.remove(key);
        }
    }

    /// The current moment: earlier changes do not affect a request that is made now.
    pub(super) fn moment(&self) -> Moment {
        self.changes.moment()
    }

    pub(super) fn changed_since(&self, moment: Moment, path: &Path) -> bool {
        self.changes.concern(path, moment)
    }

    /// Evicts entries that are not in use until `size` more bytes fit.
    fn make_room(&mut self, size: usize) -> bool {
        self.release();
        while self.bytes.saturating_add(size) > Self::ALL_BYTES {
            let unused = self.entries.iter().enumerate().filter(|(_, entry)| !entry.is_in_use());
            let Some((at, _)) = unused.min_by_key(|(_, entry)| entry.turn) else { return false };
            self.remove_at(at);
            self.release();
        }
        true
    }

    fn remove_at(&mut self, at: usize) {
        let entry = self.entries.remove(at);
        self.bytes -= entry.overhead();
        self.leaving.push(entry.stored.body);
    }

    /// Drops leaving bodies that no visit holds.
    fn release(&mut self) {
        let Self { leaving, dropped, bytes, .. } = self;
        leaving.retain(|body| {
            let in_use = Arc::strong_count(body) > 1;
            if !in_use {
                dropped.push(body.id);
                *bytes -= body.length;
            }
            in_use
        });
    }
}

#[cfg(test)]
mod tests {
    use attention_core::Timestamp;
    use proptest::prelude::*;

    use super::*;
    use crate::cache::Answer;
    use crate::cache::freshness::Freshness;
    use crate::cache::key::Owner;

    /// A body of this length, with its overhead, fills one 64th of the index.
    const LENGTH: usize = Index::ALL_BYTES / 64 - Index::ENTRY_OVERHEAD - 100;

    fn url(number: usize) -> String {
        format!("https://api.example/v2/{number}")
    }

    fn key(number: usize) -> Arc<Key> {
        Arc::new(Key::new(&url(number), &Owner::new("app", "default", None), &&[][..]))
    }

    fn head(link: &str) -> Head {
        let forever = Freshness { born: Timestamp::default(), fresh_until: Timestamp::from_unix_millis(u64::MAX) };
        let headers: &dyn attention_core::Headers = &&[("link", link)][..];
        let answer = Answer { status: 200, headers, down: headers, rewritten: false };
        Head::of(&answer, forever, &|_| false)
    }

    fn insert(index: &mut Index, number: usize, length: usize) -> Option<EntryId> {
        index.insert(key(number), Path::of(&url(number)), head(""), length)
    }

    fn full() -> Index {
        let mut index = Index::default();
        for number in 0..64 {
            insert(&mut index, number, LENGTH).unwrap();
        }
        assert_eq!(index.take_dropped(), []);
        assert!(index.bytes > Index::ALL_BYTES - 64 * 100);
        index
    }

    #[test]
    fn the_least_recently_used_entries_are_evicted_first() {
        let mut index = full();
        for used in [0, 2] {
            index.find(&key(used)).unwrap();
        }
        insert(&mut index, 64, LENGTH).unwrap();
        insert(&mut index, 65, LENGTH).unwrap();
        assert_eq!(index.take_dropped(), [EntryId(1), EntryId(3)]);
        assert_eq!([0, 1, 2, 3, 4].map(|number| index.find(&key(number)).is_some()), [true, false, true, false, true]);
        assert!(index.bytes <= Index::ALL_BYTES);
        // A large one replaces as many as necessary.
        let mut index = Index::default();
        for number in 0..Index::ALL_BYTES / (Index::ENTRY_OVERHEAD + 500) {
            insert(&mut index, number, 0).unwrap();
        }
        let before = index.entries.len();
        insert(&mut index, before, Index::ENTRY_BYTES);
        let dropped = index.take_dropped();
        assert_eq!(dropped, (0..dropped.len() as u64).map(EntryId).collect::<Vec<_>>());
        assert_eq!(
            (dropped.len(), index.entries.len()),
            (before + 1 - index.entries.len(), before + 1 - dropped.len())
        );
    }

    #[test]
    fn a_response_replaces_the_previous_one_of_its_key() {
        let mut index = Index::default();
        let [first, second] = [1, 2].map(|length| insert(&mut index, 0, length).unwrap());
        assert_eq!(index.take_dropped(), [first]);
        assert_eq!(index.find(&key(0)).unwrap().id(), second);
        assert_eq!(index.entries.len(), 1);
    }

    #[test]
    fn an_empty_index_has_size_zero() {
        let mut index = full();
        let used = index.find(&key(7)).unwrap();
        insert(&mut index, 7, 5).unwrap();
        index.remove(&key(8));
        index.update(&key(9), EntryId(9), head("a longer one"));
        index.invalidate("https://api.example/v2");
        assert_eq!(index.entries.len(), 0);
        assert_eq!((index.take_dropped().len(), index.bytes), (64, LENGTH));
        drop(used);
        assert_eq!((index.take_dropped(), index.take_dropped(), index.bytes), (vec![EntryId(7)], vec![], 0));
    }

    #[test]
    fn bytes_held_by_a_visit_are_not_dropped() {
        let ways: [fn(&mut Index); 4] = [
            |index| index.remove(&key(0)),
            |index| index.invalidate(&url(0)),
            |index| assert!(insert(index, 0, 7).is_some()),
            // Not even to make room.
            |index| assert!((1..100).all(|number| insert(index, number, LENGTH).is_some())),
        ];
        for way in ways {
            let mut index = Index::default();
            let id = insert(&mut index, 0, LENGTH).unwrap();
            let [one, other] = [0, 0].map(|number| index.find(&key(number)).unwrap());
            way(&mut index);
            assert!(!index.take_dropped().contains(&id));
            drop(one);
            assert!(!index.take_dropped().contains(&id));
            assert!(index.bytes >= LENGTH);
            drop(other);
            index.remove(&key(0));
            assert!(index.take_dropped().contains(&id));
        }
    }

    #[test]
    fn if_visits_hold_all_bytes_nothing_is_stored() {
        let mut index = full();
        let mut held: Vec<Snapshot> = (0..64).map(|number| index.find(&key(number)).unwrap()).collect();
        assert_eq!(insert(&mut index, 64, LENGTH), None);
        // They do not free room even after they were invalidated: the overhead of their entries is less than two.
        index.invalidate("https://api.example");
        assert_eq!((insert(&mut index, 64, 2 * LENGTH), index.take_dropped()), (None, vec![]));
        held.pop();
        assert!(insert(&mut index, 64, LENGTH).is_some());
        assert_eq!(index.take_dropped(), [EntryId(63)]);
        assert!(index.bytes <= Index::ALL_BYTES);
    }

    #[test]
    fn a_longer_head_needs_room_as_well() {
        let mut index = full();
        let used = index.find(&key(5)).unwrap();
        index.update(&key(5), used.id(), head(&"x".repeat(LENGTH)));
        assert_eq!(index.take_dropped(), [EntryId(0)]);
        assert!(index.bytes <= Index::ALL_BYTES);
        assert!(index.find(&key(5)).unwrap().head.length() > LENGTH);
        // If there is no room, the entry is removed and the others stay.
        let held: Vec<Snapshot> = (1..64).map(|number| index.find(&key(number)).unwrap()).collect();
        index.update(&key(5), used.id(), head(&"x".repeat(2 * LENGTH)));
        assert!(index.find(&key(5)).is_none());
        assert_eq!((index.entries.len(), held.len()), (62, 63));
        assert!(index.bytes <= Index::ALL_BYTES);
    }

    #[test]
    fn the_size_of_an_entry_includes_everything_it_holds() {
        let mut index = Index::default();
        insert(&mut index, 7, 5).unwrap();
        // The URL is stored twice: in the key, and decoded.
        let texts = 2 * "https://api.example/v2/7appdefault".len() + "link".len();
        assert_eq!(index.bytes, Index::ENTRY_OVERHEAD + texts + 5);
    }

    #[test]
    fn a_head_is_not_assigned_to_other_bytes() {
        let mut index = Index::default();
        let old = insert(&mut index, 0, 1).unwrap();
        insert(&mut index, 0, 2).unwrap();
        index.update(&key(0), old, head("of the old one"));
        index.update(&key(1), old, head("of the old one"));
        assert_eq!(index.find(&key(0)).unwrap().head.length(), head("").length());
        assert!(index.find(&key(1)).is_none());
    }

    #[test]
    fn a_change_invalidates_related_entries_of_all_callers() {
        let mut index = Index::default();
        for rest in ["", "/7", "/7/x", "/7?a=b", "/8", "ish"] {
            for holder in ["app", "other"] {
                let url = ["https://api.example/v2/a", rest].concat();
                let key = Arc::new(Key::new(&url, &Owner::new(holder, "default", None), &&[][..]));
                index.insert(key, Path::of(&url), head(""), 1).unwrap();
            }
        }
        index.invalidate("https://api.example/v2/%61/7/?c=d");
        assert_eq!(index.take_dropped(), [0, 1, 2, 3, 4, 5, 6, 7].map(EntryId));
        assert_eq!(index.entries.len(), 4);
    }
    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        // Compared with a list in order of use: the contents, and the entry that is evicted.
        #[test]
        fn the_index_behaves_like_a_list_in_order_of_use(
            steps in prop::collection::vec((0..4_u8, 0..12_usize, 1..9_usize), 1..80),
        ) {
            let mut index = Index::default();
            let mut model: Vec<(usize, usize, EntryId)> = Vec::new();
            for (what, number, eighths) in steps {
                let (at, length) = (model.iter().position(|(known, ..)| *known == number), LENGTH * 64 / 32 * eighths);
                match what {
                    0 => {
                        let entry = at.map(|at| model.remove(at));
                        prop_assert_eq!(index.find(&key(number)).map(|found| found.id()), entry.map(|(_, _, id)| id));
                        model.extend(entry);
                    }
                    1 => {
                        index.remove(&key(number));
                        at.map(|at| model.remove(at));
                    }
                    2 => {
                        index.invalidate(&url(number));
                        at.map(|at| model.remove(at));
                    }
                    _ => {
                        at.map(|at| model.remove(at));
                        let id = insert(&mut index, number, length).unwrap();
                        model.push((number, length, id));
                        let all = |model: &[(usize, usize, EntryId)]| {
                            model.iter().map(|(number, length, _)| size(*number) + length).sum::<usize>()
                        };
                        while all(&model) > Index::ALL_BYTES {
                            model.remove(0);
                        }
                    }
                }
                let mut there: Vec<EntryId> = index.entries.iter().map(|entry| entry.stored.id()).collect();
                there.sort();
                let mut expected: Vec<EntryId> = model.iter().map(|(_, _, id)| *id).collect();
                expected.sort();
                prop_assert_eq!(there, expected);
                index.take_dropped();
                let taken: usize = model.iter().map(|(number, length, _)| size(*number) + length).sum();
                prop_assert_eq!(index.bytes, taken);
            }
        }
    }

    /// The size of an entry besides its body; the URL counts twice.
    fn size(number: usize) -> usize {
        Index::ENTRY_OVERHEAD + 2 * (url(number).len() + "appdefault".len()) + "link".len()
    }
}
