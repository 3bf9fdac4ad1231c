//! Limits refusals of credentials per source, both in the log and in responses.
//!
//! A token has 256 random bits, so nobody can guess one. A flood of bad tokens costs log lines, which are paid for, and
//! hides the lines that matter. So the first refusals of a source are logged individually, then one line per minute
//! with their number. Beyond a number of refusals per minute, the source gets 429. A caller with a valid token is
//! admitted regardless of others at the same address.
//!
//! An address is kept and logged as a keyed hash, with a secret derived from the API key: readers of the log can
//! distinguish sources and recognize one again, but cannot try out addresses.

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

/// Set by Cloudflare's edge, overriding any value from the caller.
const ADDRESS: &str = "cf-connecting-ip";
/// How many refusals of a source are logged individually.
const LINES_EACH: u32 = 5;
/// How many refusals of all sources are logged individually per minute.
const LINES_A_MINUTE: u32 = 60;
/// How many refusals of a source are answered normally per minute; the others get 429.
const REFUSALS_A_MINUTE: u32 = 30;
/// How many sources are remembered, at 64 bytes each.
const MOST_SOURCES: usize = 1_000;
/// How often unreported refusals are looked for.
const LOOKED_EVERY: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_mins(1);

/// The remembered sources of refused credentials.
pub(crate) struct Sources {
    secret: Zeroizing<[u8; 32]>,
    known: Vec<Source>,
    lines: Window,
    /// Refusals of sources that were forgotten before they were reported.
    untold: u64,
    /// When unreported refusals were last looked for.
    looked: Timestamp,
}

/// The number of refusals in the minute that began at `began`.
#[derive(Clone, Copy, Debug, Default)]
struct Window {
    began: Timestamp,
    count: u32,
}

#[derive(Clone, Copy, Debug)]
struct Source {
    id: [u8; 8],
    last: Timestamp,
    /// Refused credentials.
    refused: Window,
    /// Individual lines since the source was last quiet for a minute.
    lines: u32,
    last_line: Timestamp,
    /// Refusals since the last line.
    untold: u64,
}

/// How to treat a refusal.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Noted {
    /// The source, for the log.
    pub(crate) source: String,
    /// How many refusals the log line represents; `None` if no line is to be written.
    pub(crate) told: Option<u64>,
    /// How long this source has to wait, if it is only told to wait.
    pub(crate) wait: Option<Duration>,
}

impl Sources {
    /// No sources yet. `key` is the API key, which cannot be derived from the secret.
    pub(crate) fn new(key: &str) -> Self {
        let mut secret = Zeroizing::new([0; 32]);
        if let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key.as_bytes()) {
            mac.update(b"attention: where refused credentials come from");
            secret.copy_from_slice(&mac.finalize().into_bytes());
        }
        Self { secret, known: Vec::new(), lines: Window::default(), untold: 0, looked: Timestamp::default() }
    }

    /// Records a request that is refused for its credentials. `None` if its source is unknown.
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

    /// Refusals that have gone unreported for a minute because a flood has ended: a source of them, and their number,
    /// with those of forgotten sources. Check this with every request, since no further refusal may come.
    pub(crate) fn overdue(&mut self, now: Timestamp) -> Option<(String, u64)> {
        let is_past = |moment: Timestamp, long: Duration| moment > now || now.saturating_since(moment) >= long;
        if !is_past(self.looked, LOOKED_EVERY) {
            return None;
        }
        self.looked = now;
        let due = self.known.iter_mut().find(|known| known.untold > 0 && is_past(known.last_line, MINUTE))?;
        if self.lines.add(now, LINES_A_MINUTE).is_some() {
            return None;
        }
        due.last_line = now;
        // A source is forgotten for another one, and what that one adds is unreported as well, or is the report.
        let forgotten = core::mem::take(&mut self.untold);
        Some((hex(&due.id), core::mem::take(&mut due.untold).saturating_add(forgotten)))
    }

    /// The known source or a new one. It is moved to the end, so the first one has been quiet for longest and is
    /// replaced first.
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
    /// Counts another refusal. Beyond `most` per minute, returns how long to wait.
    fn add(&mut self, now: Timestamp, most: u32) -> Option<Duration> {
        let age = now.saturating_since(self.began);
        // If the clock went back, a new window begins.
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

/// The network of one subscriber: an IPv4 address, or the first half of an IPv6 address (RFC 6177).
enum Network {
    V4([u8; 4]),
    V6([u16; 4]),
}

fn network(address: &str) -> Option<Network> {
    if let Some(address) = ip::v4(address) {
        return Some(Network::V4(address));
    }
    match ip::v6(address)? {
        // An IPv4 address in IPv6 form (RFC 4291 §2.5.5.2).
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
    fn a_source_is_an_ipv4_address_or_half_an_ipv6_address() {
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
        // With another key the source has another name.
        assert_ne!(note(&mut Sources::new("another-fake-key"), "192.0.2.7", NOW).source, own);
        let headers: &[(&str, &str)] = &[("cf-connecting-ip", "unknown")];
        assert_eq!(sources.note(&headers, Credentials::Refused, NOW), None);
        let nothing: &[(&str, &str)] = &[];
        assert_eq!(sources.note(&nothing, Credentials::Refused, NOW), None);
        let printed = format!("{sources:?}");
        assert!(printed.len() < 20, "{printed}");
    }

    #[test]
    fn a_thousand_bad_tokens_of_one_source_cause_a_few_lines_and_then_429() {
        let mut sources = Sources::new("an-obviously-fake-key");
        let noted: Vec<Noted> = (0..1_000).map(|index| note(&mut sources, "192.0.2.7", at(index * 10))).collect();
        assert_eq!(noted.iter().filter(|noted| noted.told.is_some()).count(), 5);
        assert_eq!(noted.iter().filter(|noted| noted.wait.is_none()).count(), 30);
        assert!(noted.iter().filter_map(|noted| noted.wait).all(|wait| wait <= MINUTE && !wait.is_zero()));
        // Another source is not affected.
        assert_eq!(note(&mut sources, "192.0.2.8", at(10_000)).wait, None);
        // A minute after the last line, one line reports all the others.
        let later = note(&mut sources, "192.0.2.7", at(60_100));
        assert_eq!((later.told, later.wait), (Some(996), None));
    }

    #[test]
    fn requests_without_credentials_are_summarized_and_not_limited() {
        let mut sources = Sources::new("an-obviously-fake-key");
        let headers: &[(&str, &str)] = &[("cf-connecting-ip", "192.0.2.7")];
        for index in 0..100 {
            let noted = sources.note(&headers, Credentials::Missing, at(index)).unwrap();
            assert_eq!((noted.told.is_some(), noted.wait), (index < 5, None), "{index}");
        }
    }

    /// Of 1,500 sources the first 500 are forgotten, and what was not told of them is told with the next line.
    #[test]
    fn refusals_of_forgotten_sources_are_reported_with_the_next_line() {
        let mut sources = Sources::new("an-obviously-fake-key");
        for number in 0..1_500_u32 {
            note(&mut sources, &Ipv4Addr::from(0x0a00_0000 + number).to_string(), at(u64::from(number)));
        }
        // Sixty were told at once.
        let next = note(&mut sources, "192.0.2.7", at(60_000));
        assert_eq!(next.told, Some(500 - 60 + 1 + 1), "one more source is forgotten for this one");
    }

    /// Minutes of a source's refusals, of all lines and of silence, to the millisecond.
    #[test]
    fn a_minute_is_over_after_sixty_seconds() {
        for (later, is_over) in [(59_999, false), (60_000, true)] {
            let mut sources = Sources::new("an-obviously-fake-key");
            let noted: Vec<Noted> = (0..31).map(|_| note(&mut sources, "192.0.2.7", at(0))).collect();
            assert_eq!(noted.iter().filter(|noted| noted.wait.is_some()).count(), 1);
            let again = note(&mut sources, "192.0.2.7", at(later));
            assert_eq!((again.wait.is_none(), again.told), (is_over, is_over.then_some(27)), "{later}");
            // After a minute of silence each one has its own line again.
            assert_eq!(note(&mut sources, "192.0.2.7", at(later)).told, is_over.then_some(1), "{later}");
            // Without silence there is one line a minute.
            let mut steady = Sources::new("an-obviously-fake-key");
            for _ in 0..7 {
                note(&mut steady, "192.0.2.7", at(0));
            }
            assert_eq!(note(&mut steady, "192.0.2.7", at(30_000)).told, None);
            assert_eq!(note(&mut steady, "192.0.2.7", at(later)).told, is_over.then_some(4), "{later}");
            assert_eq!(note(&mut steady, "192.0.2.7", at(later)).told, None);
            let mut quiet = Sources::new("an-obviously-fake-key");
            for _ in 0..7 {
                note(&mut quiet, "192.0.2.7", at(0));
            }
            let told = quiet.overdue(at(later)).map(|(source, count)| (source.len(), count));
            assert_eq!(told, is_over.then_some((16, 2)), "{later}");
        }
    }

    /// Unreported refusals are looked for once a second, and at once if the clock went back.
    #[test]
    fn a_clock_that_goes_back_delays_no_report_and_limits_nobody() {
        let mut sources = Sources::new("an-obviously-fake-key");
        for _ in 0..7 {
            note(&mut sources, "192.0.2.7", at(0));
        }
        assert_eq!(sources.overdue(at(59_500)), None);
        assert_eq!(sources.overdue(at(60_499)), None, "it was looked for less than a second ago");
        assert!(sources.overdue(at(60_500)).is_some());
        let mut sources = Sources::new("an-obviously-fake-key");
        for _ in 0..31 {
            note(&mut sources, "192.0.2.7", at(600_000));
        }
        assert_eq!(sources.overdue(at(600_000)), None);
        let told = sources.overdue(at(0)).map(|(_, count)| count);
        assert_eq!(told, Some(26));
        assert_eq!(note(&mut sources, "192.0.2.7", at(0)).wait, None);
        assert_eq!(sources.overdue(at(0)), None, "nothing is left to report");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(16))]

        // For any requests from any sources, lines and memory are bounded, and each refusal is reported once or remembered.
        #[test]
        fn lines_and_memory_are_bounded_and_each_refusal_is_reported_once(
            // Floods, each of few sources or of many, and the pauses between requests in it.
            floods in prop::collection::vec(
                (
                    prop::sample::select(&[1, 3, 40, 2_000_u32]),
                    1..800_usize,
                    prop::sample::select(&[1, 30, 1_000, 9_000_u64]),
                    0..200_000_u64,
                ),
                1..5,
            ),
            dice: u32,
        ) {
            let mut rolled = dice;
            let events: Vec<(u32, u64)> = floods.iter().flat_map(|&(sources, count, pause, before)| {
                (0..count).map(move |index| if index == 0 { (sources, before) } else { (sources, pause) })
            }).map(|(sources, later)| {
                rolled = rolled.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                ((rolled >> 8) % sources, later)
            }).collect();
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
            // After the flood the rest is reported with requests from anyone.
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
            // Two windows may adjoin.
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
