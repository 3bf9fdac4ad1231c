//! Bodies that are read whole.

use std::time::Duration;

use js_sys::{Date, Uint8Array};
use wasm_bindgen::JsCast as _;
use web_sys::ReadableStream;

use crate::end::{End, Thrown};
use crate::js::{self, Piece, Reader};
use crate::waits::{Outcome, Settled, ignore};

/// A body of at most so many bytes, `None` when it is longer, breaks off or is not whole at this time (in
/// milliseconds since the epoch), or when a piece of it may not be held: half of it may not pass for all, and half a
/// key would not be found in it.
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
