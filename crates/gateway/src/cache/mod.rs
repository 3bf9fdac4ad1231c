//! The cache: small responses that are served again to the same caller.
//!
//! All decisions are made here. [`Index`] knows what is stored, for whom, how long it may be served (RFC 9111,
//! [`freshness`]) and when it is dropped. A driver keeps a map from [`EntryId`] to bytes and does not interpret the
//! bytes.
//!
//! ```text
//! GET ─► Index::visit ─► Fresh ──────────────────────────► serve its bytes
//!                     ─► Stale ──► ask with ── 304 ──► Visit::confirmed ─► serve its bytes
//!                                  condition ─ 200 ─┐
//!                     ─► Absent ─► ask ─────── 200 ─┴► Visit::keep ─► Pending::store ─► keep its bytes
//! POST, PUT, PATCH, DELETE: whatever comes of it ────► Index::invalidate
//! ```
//!
//! **Invariant: the bytes of an id that is to be served are available.** The driver keeps the bytes of an id from the
//! [`Pending::store`] that returned it until [`Index::take_dropped`] returns it. That does not happen while a [`Visit`]
//! that found them exists, whatever other requests store or change meanwhile. So the driver must hold the visit until
//! it has the bytes, and must call `take_dropped` after each `store` and after each visit. Bytes that only visits hold
//! count as stored: the total never exceeds [`Index::ALL_BYTES`], and if visits hold all of it, nothing is stored. Ids
//! belong to one index: a driver that creates another index also creates another map.

mod changes;
pub mod freshness;
mod head;
mod index;
mod key;
mod path;
mod visit;

pub use self::head::Stored;
pub use self::index::{EntryId, Index};
pub use self::key::Owner;
pub use self::visit::{Answer, Found, Outcome, Pending, Unconfirmed, Visit};
