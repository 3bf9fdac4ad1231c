//! The revisions of the protocol, named by date.

/// A revision of MCP.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Revision {
    /// The last one before Streamable HTTP.
    V2024_11_05,
    /// Streamable HTTP, and batches. The default if no revision is stated.
    V2025_03_26,
    /// No batches.
    V2025_06_18,
    /// Tasks.
    V2025_11_25,
    /// No sessions: each request states its revision, and headers repeat its method and name.
    V2026_07_28,
}

impl Revision {
    /// All revisions, the newest first.
    pub const ALL: [Self; 5] =
        [Self::V2026_07_28, Self::V2025_11_25, Self::V2025_06_18, Self::V2025_03_26, Self::V2024_11_05];

    /// The revision of this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.as_str() == name)
    }

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::V2024_11_05 => "2024-11-05",
            Self::V2025_03_26 => "2025-03-26",
            Self::V2025_06_18 => "2025-06-18",
            Self::V2025_11_25 => "2025-11-25",
            Self::V2026_07_28 => "2026-07-28",
        }
    }

    /// Whether each request states its revision and has headers that repeat its content.
    pub fn is_stateless(self) -> bool {
        self >= Self::V2026_07_28
    }

    /// Whether several messages may be sent as a batch.
    pub fn has_batches(self) -> bool {
        self == Self::V2025_03_26
    }
}
