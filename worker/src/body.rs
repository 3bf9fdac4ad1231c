//! Reads complete bodies.

use std::mem;
use std::time::Duration;

use js_sys::{Date, Uint8Array};
use wasm_bindgen::JsCast as _;
use web_sys::ReadableStream;

use crate::end::{End, Thrown};
use crate::js::{self, Piece, Reader};
use crate::waits::{Outcome, Settled, ignore};

/// The result of reading a body: a truncated body must not pass for a complete one, and part of a key at its end would
/// not be found.
pub(crate) enum Read {
    Whole(Vec<u8>),
    /// The body is longer, was interrupted, or a chunk may not be held.
    Unfit,
    /// It was not complete at the deadline.
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

/// Reads a body of at most `limit` bytes. The deadline is in milliseconds since the epoch.
pub(crate) async fn read(
    body: Option<&ReadableStream>,
    limit: usize,
    ends: Option<f64>,
    mut may_hold: impl FnMut(usize) -> bool,
) -> Result<Read, End> {
    let mut held = Blocks::default();
    let Some(body) = body else { return Ok(Read::Whole(Vec::new())) };
    let reader = js::reader(body)?;
    let without = loop {
        let piece: Piece = match next(&reader, ends)?.await? {
            Outcome::Fulfilled(piece) => piece.unchecked_into(),
            Outcome::Rejected => break Read::Unfit,
            Outcome::TimedOut => break Read::Late,
        };
        if piece.done()? {
            return Ok(Read::Whole(held.joined()));
        }
        let piece = piece.value()?;
        let length = piece.length() as usize;
        if length > limit.saturating_sub(held.length) || !may_hold(length) {
            break Read::Unfit;
        }
        held.append(&piece);
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

/// The bytes of a body as they arrive. A single growing list would exist twice whenever it moves, and be up to twice as
/// long as its content, whereas only the bytes of bodies are counted.
#[derive(Default)]
struct Blocks {
    full: Vec<Vec<u8>>,
    last: Vec<u8>,
    length: usize,
}

impl Blocks {
    /// The length in bytes.
    const SIZE: usize = 64 * 1024;

    fn append(&mut self, piece: &Uint8Array) {
        let (mut at, end) = (0, piece.length());
        while at < end {
            if self.last.len() == Self::SIZE {
                self.full.push(mem::take(&mut self.last));
            }
            let before = self.last.len();
            let room = Self::SIZE - before;
            let taken = room.min((end - at) as usize);
            if self.last.capacity() - before < taken {
                // Grows like a list, but never beyond a block.
                self.last.reserve_exact(taken.max(before).min(room));
            }
            self.last.resize(before + taken, 0);
            let next = at + u32::try_from(taken).unwrap_or(u32::MAX);
            piece.subarray(at, next).copy_to(&mut self.last[before..]);
            (at, self.length) = (next, self.length + taken);
        }
    }

    fn joined(self) -> Vec<u8> {
        // Most bodies fit in one block.
        if self.full.is_empty() {
            return self.last;
        }
        let mut whole = Vec::with_capacity(self.length);
        for block in self.full {
            whole.extend_from_slice(&block);
        }
        whole.extend_from_slice(&self.last);
        whole
    }
}
