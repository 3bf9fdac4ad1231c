//! Where refused credentials come from: how many of one source are answered, and which of them leave a line in the log.
//!
//! A token is 256 random bits, so nobody guesses one. What a flood of bad tokens costs is lines in a log that somebody
//! pays for, and what it hides is the line that counts. So a source's first refusals are logged one by one, then one
//! line a minute with their number; and beyond some in a minute they are answered with 429. Who has a good token is
//! let in whatever others at the same address do.
//!
//! An address is kept and logged as a keyed hash, by a secret that is derived from the API key: whoever reads the log
//! can tell two sources apart and find one again, and cannot try out addresses.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use attention_core::codec::ip;
use attention_core::codec::text::hex;
use attention_core::{Headers, Timestamp};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::answer::problem::Credentials;

/// Set by Cloudflare's edge, whatever the caller sends.
const ADDRESS: &str = "cf-connecting-ip";
/// How many refusals of a source are logged one by one.
const LINES_EACH: u32 = 5;
/// And of all sources together in a minute.
const LINES_A_MINUTE: u32 = 60;
/// How many refused credentials of a source are told so in a minute; the others get 429.
const REFUSALS_A_MINUTE: u32 = 30;
/// How many sources are remembered: 64 bytes each.
const MOST_SOURCES: usize = 1_000;
/// So often is looked for refusals of which no line has told.
const LOOKED_EVERY: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_mins(1);

/// What is remembered of the sources of refused credentials.
pub(crate) struct Sources {
    secret: Zeroizing<[u8; 32]>,
    known: Vec<Source>,
    lines: Window,
    /// Refusals of sources that were forgotten before a line told of them.
    untold: u64,
    /// When was looked for what no line has told of.
    looked: Timestamp,
}

/// Refusals in the minute that began then.
#[derive(Clone, Copy, Debug, Default)]
struct Window {
    began: Timestamp,
    count: u32,
}

#[derive(Clone, Copy, Debug)]
struct Source {
    id: [u8; 8],
    last: Timestamp,
    /// Credentials refused.
    refused: Window,
    /// Lines one by one since it was last quiet for a minute.
    lines: u32,
    last_line: Timestamp,
    /// Refusals since the last line.
    untold: u64,
}

/// What becomes of a refusal.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Noted {
    /// The source, for the log.
    pub(crate) source: String,
    /// How many refusals the line in the log stands for; `None` when there is to be no line.
    pub(crate) told: Option<u64>,
    /// For how long this source is told nothing but to wait.
    pub(crate) wait: Option<Duration>,
}

impl Sources {
    /// None yet. `key` is the API key's, of which the secret cannot be told.
    pub(crate) fn new(key: &str) -> Self {
        let mut secret = Zeroizing::new([0; 32]);
        if let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key.as_bytes()) {
            mac.update(b"attention: where refused credentials come from");
            secret.copy_from_slice(&mac.finalize().into_bytes());
        }
        Self { secret, known: Vec::new(), lines: Window::default(), untold: 0, looked: Timestamp::default() }
    }

    /// A request is refused for its credentials. `None` when nobody says where it comes from.
    pub(crate) fn note(&mut self, request: &dyn Headers, credentials: Credentials, now: Timestamp) -> Option<Noted> {
        let id = self.id(&request.get(ADDRESS)?)?;
        let mut source = self.take(id, now);
        if now.saturating_since(source.last) >= MINUTE {
            source.lines = 0;
        }
        source.last = now;
        let wait = match credentials {
            Credentials::Refused => source.refused.add(now, REFUSALS_A_MINUTE),
            Credentials::Missing | Credentials::NotJudged => None,
        };
        let is_due = source.lines < LINES_EACH || now.saturating_since(source.last_line) >= MINUTE;
        let told = if is_due && self.lines.add(now, LINES_A_MINUTE).is_none() {
            let told = core::mem::take(&mut source.untold) + core::mem::take(&mut self.untold) + 1;
            source.lines = source.lines.saturating_add(1);
            source.last_line = now;
            Some(told)
        } else {
            source.untold = source.untold.saturating_add(1);
            None
        };
        self.known.push(source);
        Some(Noted { source: hex(&id), told, wait })
    }

    /// Refusals that no line has told of for a minute, when a flood has ended: of which source, if that is still known,
    /// and how many. It is to be asked beside any request, since there may be no more refusals.
    pub(crate) fn overdue(&mut self, now: Timestamp) -> Option<(String, u64)> {
        let is_past = |moment: Timestamp, long: Duration| moment > now || now.saturating_since(moment) >= long;
        if !is_past(self.looked, LOOKED_EVERY) {
            return None;
        }
        self.looked = now;
        let is_quiet = self.known.last().is_none_or(|last| is_past(last.last, MINUTE));
        let due = self.known.iter_mut().find(|known| known.untold > 0 && is_past(known.last_line, MINUTE));
        if (due.is_none() && !(is_quiet && self.untold > 0)) || self.lines.add(now, LINES_A_MINUTE).is_some() {
            return None;
        }
        let forgotten = core::mem::take(&mut self.untold);
        Some(match due {
            None => (String::new(), forgotten),
            Some(source) => {
                source.last_line = now;
                (hex(&source.id), core::mem::take(&mut source.untold).saturating_add(forgotten))
            }
        })
    }

    /// The source as it is known, or a new one. It is put back at the end: the first one is the one that was quiet for
    /// longest, and makes room.
    fn take(&mut self, id: [u8; 8], now: Timestamp) -> Source {
        if let Some(at) = self.known.iter().position(|known| known.id == id) {
            return self.known.remove(at);
        }
        if self.known.len() >= MOST_SOURCES {
            self.untold = self.untold.saturating_add(self.known.remove(0).untold);
        }
        Source { id, last: now, refused: Window::default(), lines: 0, last_line: now, untold: 0 }
    }

    fn id(&self, address: &str) -> Option<[u8; 8]> {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.secret.as_slice()).ok()?;
        match network(address.trim_ascii())? {
            Network::V4(address) => mac.update(&address),
            Network::V6(prefix) => mac.update(prefix.map(u16::to_be_bytes).as_flattened()),
        }
        let bytes = mac.finalize().into_bytes();
        bytes.get(..8).and_then(|id| id.try_into().ok())
    }
}

impl fmt::Debug for Sources {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sources({})", self.known.len())
    }
}

impl Window {
    /// Counts one more; beyond `most` in a minute, how long until there is room.
    fn add(&mut self, now: Timestamp, most: u32) -> Option<Duration> {
        let age = now.saturating_since(self.began);
        // A clock that was put back begins a new one.
        if age >= MINUTE || self.began > now {
            *self = Self { began: now, count: 0 };
        }
        if self.count < most {
            self.count += 1;
            return None;
        }
        Some(MINUTE.saturating_sub(now.saturating_since(self.began)))
    }
}

/// What one subscriber has: an address of IPv4, or the first half of one of IPv6 (RFC 6177).
enum Network {
    V4([u8; 4]),
    V6([u16; 4]),
}

fn network(address: &str) -> Option<Network> {
    if let Some(address) = ip::v4(address) {
        return Some(Network::V4(address));
    }
    match ip::v6(address)? {
        // One of IPv4 in the form of IPv6 (RFC 4291 §2.5.5.2).
        [0, 0, 0, 0, 0, 0xffff, high, low] => {
            let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
            Some(Network::V4([a, b, c, d]))
        }
        [a, b, c, d, ..] => Some(Network::V6([a, b, c, d])),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{HashMap, HashSet};
    use std::net::Ipv4Addr;

    use proptest::prelude::*;

    use super::*;

    const NOW: Timestamp = Timestamp::from_unix_seconds(1_700_000_000);

    fn at(millis: u64) -> Timestamp {
        NOW.saturating_add(Duration::from_millis(millis))
    }

    fn note(sources: &mut Sources, address: &str, at: Timestamp) -> Noted {
        let headers: &[(&str, &str)] = &[("CF-Connecting-IP", address)];
        sources.note(&headers, Credentials::Refused, at).expect("an address")
    }

    #[test]
    fn an_address_is_a_source_and_of_ipv6_its_first_half() {
        let mut sources = Sources::new("an-obviously-fake-key");
        let mut source = |address| note(&mut sources, address, NOW).source;
        let own = source("192.0.2.7");
        assert_eq!(own.len(), 16);
        assert_eq!(source("::ffff:192.0.2.7"), own);
        assert_eq!(source(" 192.0.2.7 "), own);
        assert_ne!(source("192.0.2.8"), own);
        let six = source("2001:db8:1:2::1");
        assert_eq!(source("2001:0DB8:0001:0002:ffff:ffff:ffff:ffff"), six);
        assert_ne!(source("2001:db8:1:3::1"), six);
        // By another key it is another name.
        assert_ne!(note(&mut Sources::new("another-fake-key"), "192.0.2.7", NOW).source, own);
        let headers: &[(&str, &str)] = &[("cf-connecting-ip", "unknown")];
        assert_eq!(sources.note(&headers, Credentials::Refused, NOW), None);
        let nothing: &[(&str, &str)] = &[];
        assert_eq!(sources.note(&nothing, Credentials::Refused, NOW), None);
        let printed = format!("{sources:?}");
        assert!(printed.len() < 20, "{printed}");
    }

    #[test]
    fn a_thousand_bad_tokens_of_one_source_are_a_few_lines_and_then_429() {
        let mut sources = Sources::new("an-obviously-fake-key");
        let noted: Vec<Noted> = (0..1_000).map(|index| note(&mut sources, "192.0.2.7", at(index * 10))).collect();
        assert_eq!(noted.iter().filter(|noted| noted.told.is_some()).count(), 5);
        assert_eq!(noted.iter().filter(|noted| noted.wait.is_none()).count(), 30);
        assert!(noted.iter().filter_map(|noted| noted.wait).all(|wait| wait <= MINUTE && !wait.is_zero()));
        // Another source is not affected.
        assert_eq!(note(&mut sources, "192.0.2.8", at(10_000)).wait, None);
        // A minute after the last line one tells of all the others.
        let later = note(&mut sources, "192.0.2.7", at(60_100));
        assert_eq!((later.told, later.wait), (Some(996), None));
    }

    #[test]
    fn without_credentials_lines_are_saved_and_nobody_is_told_to_wait() {
        let mut sources = Sources::new("an-obviously-fake-key");
        let headers: &[(&str, &str)] = &[("cf-connecting-ip", "192.0.2.7")];
        for index in 0..100 {
            let noted = sources.note(&headers, Credentials::Missing, at(index)).unwrap();
            assert_eq!((noted.told.is_some(), noted.wait), (index < 5, None), "{index}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(16))]

        // Whatever comes from wherever: lines and memory are bounded, and each refusal is told of once or remembered.
        #[test]
        fn lines_and_memory_are_bounded_and_nothing_is_told_twice(
            events in prop::collection::vec((0..2_000_u32, prop_oneof![0..50_u64, 0..20_000_u64]), 1..3_000),
        ) {
            let mut sources = Sources::new("an-obviously-fake-key");
            let (mut now, mut told, mut lines) = (0, 0, Vec::new());
            let mut answered: HashMap<u32, Vec<u64>> = HashMap::new();
            let (mut ids, mut seen) = (HashSet::new(), HashSet::new());
            for &(number, later) in &events {
                now += later;
                let address = Ipv4Addr::from(0x0a00_0000 + number).to_string();
                let noted = note(&mut sources, &address, at(now));
                if let Some(count) = noted.told {
                    told += count;
                    lines.push(now);
                }
                if noted.wait.is_none() {
                    answered.entry(number).or_default().push(now);
                }
                ids.insert(noted.source);
                seen.insert(number);
                prop_assert!(sources.known.len() <= MOST_SOURCES);
            }
            prop_assert_eq!(ids.len(), seen.len());
            let untold: u64 = sources.untold + sources.known.iter().map(|source| source.untold).sum::<u64>();
            prop_assert_eq!(told + untold, events.len() as u64);
            // When the flood has ended the rest is told of, beside requests of whomever.
            let mut after = now;
            for _ in 0..3_000 {
                after += 1_000;
                if let Some((_, count)) = sources.overdue(at(after)) {
                    told += count;
                    lines.push(after);
                }
            }
            prop_assert_eq!(told, events.len() as u64);
            prop_assert_eq!(sources.overdue(at(after + 600_000)), None);
            // Two windows may touch.
            let in_a_minute = |times: &[u64]| {
                let within = |(index, from): (usize, &u64)| times[index..].partition_point(|at| *at < from + 60_000);
                times.iter().enumerate().map(within).max()
            };
            prop_assert!(in_a_minute(&lines) <= Some(2 * LINES_A_MINUTE as usize));
            if seen.len() <= MOST_SOURCES {
                for times in answered.values() {
                    prop_assert!(in_a_minute(times) <= Some(2 * REFUSALS_A_MINUTE as usize));
                }
            }
        }
    }
}
