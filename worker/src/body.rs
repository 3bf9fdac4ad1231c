//! Bodies that are read whole.

use std::time::Duration;

use js_sys::{Date, Uint8Array};
use wasm_bindgen::JsCast as _;
use web_sys::ReadableStream;

use crate::end::{End, Thrown};
use crate::js::{self, Piece, Reader};
use crate::waits::{Outcome, Settled, ignore};

/// What became of a body that was to be read: half of it may not pass for all, and half a key would not be found in it.
pub(crate) enum Read {
    Whole(Vec<u8>),
    /// It is longer, breaks off, or a piece of it may not be held.
    Unfit,
    /// It was not whole in time.
    Late,
}

impl Read {
    pub(crate) fn whole(self) -> Option<Vec<u8>> {
        match self {
            Self::Whole(bytes) => Some(bytes),
            Self::Unfit | Self::Late => None,
        }
    }
}

/// A body of at most so many bytes, whole at this time (in milliseconds since the epoch).
pub(crate) async fn read(
    body: Option<&ReadableStream>,
    limit: usize,
    ends: Option<f64>,
    mut may_hold: impl FnMut(usize) -> bool,
) -> Result<Read, End> {
    let mut bytes = Vec::new();
    let Some(body) = body else { return Ok(Read::Whole(bytes)) };
    let reader = js::reader(body)?;
    let without = loop {
        let piece: Piece = match next(&reader, ends)?.await? {
            Outcome::Fulfilled(piece) => piece.unchecked_into(),
            Outcome::Rejected => break Read::Unfit,
            Outcome::TimedOut => break Read::Late,
        };
        if piece.done()? {
            return Ok(Read::Whole(bytes));
        }
        if !append(&mut bytes, &piece.value()?, limit, &mut may_hold) {
            break Read::Unfit;
        }
    };
    cancel(&reader);
    Ok(without)
}

fn next(reader: &Reader, ends: Option<f64>) -> Result<Settled, Thrown> {
    let left = ends.map(|ends| Duration::from_secs_f64(((ends - Date::now()) / 1000.0).max(0.0)));
    Settled::of(reader.read()?.into(), left)
}

fn cancel(reader: &Reader) {
    if let Ok(cancelled) = reader.cancel_reading() {
        ignore(&cancelled);
    }
}

/// Whether there was room for it.
fn append(bytes: &mut Vec<u8>, piece: &Uint8Array, limit: usize, may_hold: impl FnOnce(usize) -> bool) -> bool {
    let before = bytes.len();
    let length = piece.length() as usize;
    if length > limit.saturating_sub(before) || !may_hold(length) {
        return false;
    }
    bytes.resize(before + length, 0);
    piece.copy_to(&mut bytes[before..]);
    true
}
