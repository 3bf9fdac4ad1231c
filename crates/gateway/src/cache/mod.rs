//! The cache: small responses that are served again to the caller that they were for.
//!
//! Everything is decided here. [`Index`] knows what is stored, for whom, how long it may be
//! served (RFC 9111, [`freshness`]) and when it goes; a driver keeps a map from [`EntryId`]
//! to bytes and looks into none of them.
//!
//! ```text
//! GET ─► Index::visit ─► Fresh ──────────────────────────► serve its bytes
//!                     ─► Stale ──► ask with ── 304 ──► Visit::confirmed ─► serve its bytes
//!                                  condition ─ 200 ─┐
//!                     ─► Absent ─► ask ─────── 200 ─┴► Visit::keep ─► Pending::store ─► keep its bytes
//! POST, PUT, PATCH, DELETE: whatever comes of it ────► Index::invalidate
//! ```
//!
//! **Whoever is told to serve an id finds its bytes.** The driver keeps the bytes of an id
//! from the [`Pending::store`] that returned it until [`Index::take_dropped`] names it,
//! which it does not while a [`Visit`] that found them exists, whatever other requests
//! store or change in between. So the driver holds the visit until it has the bytes in
//! its hands, and asks for what is dropped after each `store` and when a visit has ended.
//! Bytes that are only held by visits count as stored: together they are never more than
//! [`Index::ALL_BYTES`], and when visits hold all of them, nothing is stored. Ids are those
//! of one index: a driver that begins another one begins another map.

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
