//! Reads complete bodies.

use std::time::Duration;

use js_sys::{Date, Uint8Array};
use wasm_bindgen::JsCast as _;
use web_sys::ReadableStream;

use crate::end::{End, Thrown};
use crate::js::{self, Piece, Reader};
use crate::waits::{Outcome, Settled, ignore};

/// Reads a body of at most `limit` bytes. `None` if it is longer, is interrupted, is not complete at the deadline (in
/// milliseconds since the epoch), or if a chunk may not be held: a truncated body must not pass for a complete one, and
/// part of a key at its end would not be found.
pub(crate) async fn read(
    body: Option<&ReadableStream>,
    limit: usize,
    ends: Option<f64>,
    mut may_hold: impl FnMut(usize) -> bool,
) -> Result<Option<Vec<u8>>, End> {
    let mut bytes = Vec::new();
    let Some(body) = body else { return Ok(Some(bytes)) };
    let reader = js::reader(body)?;
    loop {
        let Outcome::Fulfilled(piece) = next(&reader, ends)?.await? else {
            cancel(&reader);
            return Ok(None);
        };
        let piece: Piece = piece.unchecked_into();
        if piece.done()? {
            return Ok(Some(bytes));
        }
        if !append(&mut bytes, &piece.value()?, limit, &mut may_hold) {
            cancel(&reader);
            return Ok(None);
        }
    }
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

/// Appends a chunk; returns whether there was room for it.
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
