//! Recent changes: a response requested before a change may be outdated after it.

use alloc::vec::Vec;

use super::path::Path;

/// The paths of the most recent changes, in order.
#[derive(Debug, Default)]
pub(super) struct Changes {
    paths: Vec<Path>,
    /// The number of changes before those.
    forgotten: u64,
}

/// A moment between two changes: the number of changes before it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Moment(u64);

impl Changes {
    /// How many are remembered. A forgotten change may have affected any path.
    pub(super) const REMEMBERED: usize = 256;

    pub(super) fn record(&mut self, path: Path) {
        self.paths.push(path);
        if self.paths.len() > Self::REMEMBERED {
            self.paths.remove(0);
            self.forgotten += 1;
        }
    }

    pub(super) fn moment(&self) -> Moment {
        Moment(self.forgotten + self.paths.len() as u64)
    }

    /// Whether there may have been a change at, above or below a path since a moment.
    pub(super) fn concern(&self, path: &Path, since: Moment) -> bool {
        let Some(before) = since.0.checked_sub(self.forgotten) else { return true };
        let before = usize::try_from(before).unwrap_or(usize::MAX);
        self.paths.iter().skip(before).any(|changed| changed.is_related(path))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_affects_earlier_requests() {
        let (mut changes, mine) = (Changes::default(), Path::of("/a/7"));
        let before = changes.moment();
        assert!(!changes.concern(&mine, before));
        changes.record(Path::of("/b"));
        assert!(!changes.concern(&mine, before));
        changes.record(Path::of("/a"));
        let after = changes.moment();
        assert_eq!([before, after].map(|since| changes.concern(&mine, since)), [true, false]);
        changes.record(Path::of("/c"));
        assert_eq!([before, after].map(|since| changes.concern(&mine, since)), [true, false]);
    }

    #[test]
    fn a_forgotten_change_may_affect_anything() {
        let (mut changes, mine) = (Changes::default(), Path::of("/a"));
        changes.record(Path::of("/a"));
        let after_mine = changes.moment();
        for _ in 0..Changes::REMEMBERED {
            assert!(!changes.concern(&mine, after_mine));
            changes.record(Path::of("/b"));
        }
        assert!(!changes.concern(&mine, after_mine));
        changes.record(Path::of("/b"));
        assert!(changes.concern(&mine, after_mine));
        assert!(!changes.concern(&mine, changes.moment()));
        assert_eq!(changes.paths.len(), Changes::REMEMBERED);
    }
}
