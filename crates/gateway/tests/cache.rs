//! The whole cache under interleaved requests: compared with a list of all events, which is searched from its end, and
//! used by a driver that only keeps bytes.

use std::collections::HashMap;
use std::time::Duration;

use attention_core::{Headers, Timestamp};
use attention_gateway::cache::{Answer, EntryId, Found, Index, Outcome, Owner, Pending, Stored, Visit};
use proptest::prelude::*;
use proptest::sample::Index as Pick;

const API: &str = "https://api.example/v2";
const SECRET: &str = "an-obviously-fake-key";
const MOST_MILLIS: u64 = 60_000;
const REMEMBERED_CHANGES: usize = 256;

type Pairs = Vec<(String, String)>;

/// The target of a request: path and query below the API's base, caller, language.
#[derive(Clone, PartialEq, Debug)]
struct Target {
    url: String,
    owner: usize,
    french: bool,
}

impl Target {
    fn owner(&self) -> Owner {
        [
            Owner::new("app", "default", None),
            Owner::new("other", "default", None),
            Owner::new("app", "wide", None),
            Owner::new("app", "default", Some("session-1")),
            Owner::new("app", "default", Some("session-2")),
        ][self.owner]
            .clone()
    }

    fn url(&self) -> String {
        format!("{API}{}", self.url)
    }
}

/// The segments of a path, by which the reference compares paths.
fn segments(url: &str) -> impl Iterator<Item = &str> {
    let path = url.split('?').next().unwrap();
    path.split('/').filter(|segment| !segment.is_empty()).map(|segment| if segment == "%61" { "a" } else { segment })
}

fn are_related(one: &str, other: &str) -> bool {
    segments(one).zip(segments(other)).all(|(one, other)| one == other)
}

/// The caller's cache directives.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Directive {
    Anything,
    New,
    NoOlderThan(u64),
    /// It has the current version.
    HasCurrent,
}

/// The API's headers about caching.
#[derive(Clone, Debug)]
struct Said {
    max_age: u64,
    tagged: bool,
    no_store: bool,
    body: Body,
    /// Its 304 refers to another response.
    confused: bool,
}

#[derive(Clone, Copy, PartialEq, Debug)]
enum Body {
    AsItCame,
    /// It was encoded, and is stored decoded.
    Decoded,
    /// Members were removed from it.
    Rewritten,
}

#[derive(Clone, Debug)]
enum Step {
    Begin(Target, Directive),
    Send(Pick),
    Answer(Pick, Said, usize),
    Store(Pick),
    End(Pick),
    /// A whole request without other events in between.
    Fetch(Target, Said, usize),
    Change(String),
    /// More changes elsewhere than are remembered.
    Storm,
    Pass(u64),
    TakeDropped,
}

/// All events that affected stored responses.
#[derive(Debug)]
enum Event {
    Stored {
        target: Target,
        response: Response,
    },
    Confirmed {
        serial: u64,
        fresh: Fresh,
    },
    /// Another response was passed on, or validation failed.
    Superseded {
        target: Target,
    },
    Changed {
        url: String,
    },
}

#[derive(Clone, Copy, Debug)]
struct Fresh {
    asked: u64,
    until: u64,
}

#[derive(Clone, Debug)]
struct Response {
    serial: u64,
    version: usize,
    said: Said,
    fresh: Fresh,
}

impl Response {
    /// The tag that callers see.
    fn tag(&self) -> Option<String> {
        let weak = if self.said.body == Body::Decoded { "W/" } else { "" };
        (self.said.tagged && self.said.body != Body::Rewritten).then(|| format!("{weak}{}", tag_of(self.version)))
    }
}

fn tag_of(version: usize) -> String {
    format!("\"v{version}\"")
}

struct Open {
    visit: Visit,
    target: Target,
    wanted: Directive,
    request: Pairs,
    /// The number of events when it began.
    since: usize,
    /// The response that the API has to validate.
    stale: Option<Response>,
    asked: Option<u64>,
    /// The earliest version that the API may have had when it was asked.
    version: usize,
    is_over: bool,
    /// The bytes that it is to serve, until it ends.
    serves: Option<(EntryId, Vec<u8>)>,
}

struct Whole {
    pending: Pending,
    target: Target,
    response: Response,
    since: usize,
    length: usize,
}

/// Index, driver and reference side by side.
struct Bed {
    index: Index,
    driver: HashMap<u64, (Vec<u8>, usize)>,
    log: Vec<Event>,
    now: u64,
    serial: u64,
    open: Vec<Open>,
    whole: Vec<Whole>,
    /// Nothing is evicted, so the index has everything that the reference has.
    is_roomy: bool,
}

fn pairs(list: &[(&str, &str)]) -> Pairs {
    list.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// A response whose headers are passed on unchanged.
fn answered(headers: &dyn Headers, rewritten: bool) -> Answer<'_> {
    Answer { status: 200, headers, down: headers, rewritten }
}

fn echoes(value: &str) -> bool {
    value.contains(SECRET)
}

impl Bed {
    fn new(is_roomy: bool) -> Self {
        Self {
            index: Index::default(),
            driver: HashMap::new(),
            log: Vec::new(),
            now: 1_700_000_000_000,
            serial: 0,
            open: Vec::new(),
            whole: Vec::new(),
            is_roomy,
        }
    }

    fn at(&self) -> Timestamp {
        Timestamp::from_unix_millis(self.now)
    }

    /// The API's version of a URL: how often it was changed.
    fn version(&self, url: &str) -> usize {
        self.log
            .iter()
            .filter(|event| matches!(event, Event::Changed { url: changed } if are_related(changed, url)))
            .count()
    }

    /// The stored response for a request, according to the log.
    fn known(&self, target: &Target) -> Option<Response> {
        let mut confirmed: Vec<(u64, Fresh)> = Vec::new();
        for event in self.log.iter().rev() {
            match event {
                Event::Changed { url } if are_related(url, &target.url) => return None,
                Event::Superseded { target: superseded } if superseded == target => return None,
                Event::Confirmed { serial, fresh } => confirmed.push((*serial, *fresh)),
                Event::Stored { target: stored, response } if stored == target => {
                    let last = confirmed.iter().find(|(serial, _)| *serial == response.serial);
                    return Some(Response {
                        fresh: last.map_or(response.fresh, |(_, fresh)| *fresh),
                        ..response.clone()
                    });
                }
                _ => {}
            }
        }
        None
    }

    fn changes_since(&self, since: usize) -> impl Iterator<Item = &str> {
        self.log[since..]
            .iter()
            .filter_map(|event| if let Event::Changed { url } = event { Some(&**url) } else { None })
    }

    fn request(&self, target: &Target, wanted: Directive) -> Pairs {
        let mut request = if target.french { pairs(&[("accept-language", "fr")]) } else { Pairs::new() };
        request.extend(match wanted {
            Directive::Anything => Pairs::new(),
            Directive::New => pairs(&[("cache-control", "no-cache")]),
            Directive::NoOlderThan(seconds) => pairs(&[("cache-control", &format!("max-age={seconds}"))]),
            Directive::HasCurrent => pairs(&[("if-none-match", &tag_of(self.version(&target.url)))]),
        });
        request
    }

    fn begin(&mut self, target: Target, wanted: Directive) {
        let request = self.request(&target, wanted);
        let (url, owner, most) = (target.url(), target.owner(), Duration::from_millis(MOST_MILLIS));
        let (visit, found) = self.index.visit(&url, &owner, most, &request, self.at()).unwrap();
        let known = self.known(&target);
        let is_fresh = known.as_ref().is_some_and(|Response { fresh, .. }| {
            let is_young = match wanted {
                Directive::New => false,
                Directive::NoOlderThan(seconds) => self.now - fresh.asked <= seconds * 1000,
                Directive::Anything | Directive::HasCurrent => true,
            };
            self.now < fresh.until && is_young
        });
        let mut open = Open {
            visit,
            wanted,
            request,
            since: self.log.len(),
            stale: None,
            asked: None,
            version: self.version(&target.url),
            is_over: false,
            serves: None,
            target,
        };
        match (found, known) {
            (Found::Fresh(stored), Some(known)) => {
                assert!(is_fresh, "too old: {known:?}");
                assert_eq!(open.visit.outcome(), Outcome::Hit);
                assert_eq!(known.version, open.version, "older than a change");
                open.serves = self.check(&open, &stored, &known);
                open.is_over = true;
            }
            (Found::Stale { condition: (name, value) }, Some(known)) => {
                assert!(!is_fresh && known.said.tagged, "{known:?}");
                assert_eq!((name, &*value), ("if-none-match", &*tag_of(known.version)));
                open.stale = Some(known);
            }
            (Found::Absent, None) => {}
            (Found::Absent, Some(known)) => {
                assert!(!self.is_roomy || (!is_fresh && !known.said.tagged), "it is there: {known:?}");
            }
            (found, None) => panic!("the reference has nothing: {found:?}"),
        }
        self.open.push(open);
    }

    /// The response is the known one, and the driver has its bytes.
    fn check(&self, open: &Open, stored: &Stored, known: &Response) -> Option<(EntryId, Vec<u8>)> {
        let header = |name| stored.headers.iter().find(|(n, _)| *n == name).map(|(_, value)| value.clone());
        let age = (self.now - known.fresh.asked) / 1000;
        assert_eq!((header("age"), header("etag")), (Some(age.to_string()), known.tag()));
        for (name, value) in &stored.headers {
            let comes = ["age", "cache-control", "content-type", "etag"].contains(name);
            assert!(comes && !value.contains(SECRET), "{name}: {value}");
        }
        let has_it = open.request.iter().any(|(name, value)| {
            let same = known.tag().is_some_and(|tag| tag.trim_start_matches("W/") == value);
            name == "if-none-match" && same
        });
        assert_eq!(has_it, stored.status == 304);
        assert_eq!((has_it, header("content-type").is_some()), (stored.body.is_none(), !has_it));
        assert!(!has_it || open.wanted == Directive::HasCurrent);
        let id = stored.body?;
        let (bytes, _) = self.driver.get(&id.number()).expect("the driver has the bytes of what it is told to serve");
        assert_eq!(*bytes, body(&open.target, known.serial));
        Some((id, bytes.clone()))
    }

    fn send(&mut self, at: usize) {
        let (now, version) = (self.at(), self.version(&self.open[at].target.url));
        let open = &mut self.open[at];
        if !open.is_over {
            open.visit.sent(now);
            open.asked = Some(self.now);
            open.version = version;
        }
    }

    fn answer(&mut self, at: usize, said: Said, length: usize) {
        if self.open[at].asked.is_none() {
            self.send(at);
        }
        let Some(asked) = self.open[at].asked.filter(|_| !self.open[at].is_over) else { return };
        self.open[at].is_over = true;
        let fresh = Fresh { asked, until: (asked + said.max_age * 1000).min(self.now + MOST_MILLIS) };
        let version = self.open[at].version;
        match self.open[at].stale.take_if(|stale| stale.version == version) {
            Some(known) => self.not_modified(at, known, &said, fresh),
            None => self.ok(at, said, fresh, length),
        }
    }

    fn headers(&self, at: usize, said: &Said) -> Pairs {
        let control = format!("max-age={}{}", said.max_age, if said.no_store { ", no-store" } else { "" });
        let mut headers = pairs(&[
            ("cache-control", &control),
            ("content-type", "text/plain"),
            ("link", SECRET),
            ("x-ratelimit-remaining", "7"),
            ("retry-after", "7"),
            ("x-powered-by", "nobody"),
        ]);
        headers.extend(said.tagged.then(|| ("etag".to_owned(), tag_of(self.open[at].version))));
        headers.extend((said.body == Body::Decoded).then(|| ("content-encoding".to_owned(), "gzip".to_owned())));
        headers
    }

    fn not_modified(&mut self, at: usize, mut known: Response, said: &Said, fresh: Fresh) {
        let mut headers = self.headers(at, said);
        if said.confused {
            headers.retain(|(name, _)| name != "etag");
            headers.push(("etag".to_owned(), "\"another\"".to_owned()));
        }
        let now = self.at();
        let open = &mut self.open[at];
        let confirmed = open.visit.confirmed(&mut self.index, &answered(&headers, false), &open.request, echoes, now);
        let target = open.target.clone();
        let Ok(stored) = confirmed else {
            assert!(said.confused);
            self.log.push(Event::Superseded { target });
            return;
        };
        assert!(!said.confused);
        assert_eq!(open.visit.outcome(), Outcome::Revalidated);
        // Of no use if it is neither fresh nor has a tag.
        let stays = !said.no_store && (fresh.until > self.now || said.tagged || known.tag().is_some());
        known.fresh = if stays { fresh } else { Fresh { asked: self.now, until: 0 } };
        let serial = known.serial;
        self.open[at].serves = self.check(&self.open[at], &stored, &known);
        self.log.push(if stays { Event::Confirmed { serial, fresh } } else { Event::Superseded { target } });
    }

    fn ok(&mut self, at: usize, said: Said, fresh: Fresh, length: usize) {
        let (headers, now) = (self.headers(at, &said), self.at());
        let Open { visit, target, version, since, .. } = &self.open[at];
        let pending = visit.keep(&mut self.index, &answered(&headers, said.body == Body::Rewritten), echoes, now);
        let may = !said.no_store && (fresh.until > self.now || said.tagged);
        assert_eq!(pending.is_some(), may, "{said:?}");
        self.log.push(Event::Superseded { target: target.clone() });
        self.serial += 1;
        let response = Response { serial: self.serial, version: *version, said, fresh };
        let whole = |pending| Whole { pending, target: target.clone(), response, since: *since, length };
        self.whole.extend(pending.map(whole));
    }

    fn store(&mut self, at: usize) {
        let Whole { pending, target, response, since, length } = self.whole.swap_remove(at);
        let bytes = body(&target, response.serial);
        let is_changed = self.changes_since(since).any(|url| are_related(url, &target.url));
        let may = !is_changed && self.changes_since(since).count() <= REMEMBERED_CHANGES && length <= pending.limit();
        match pending.store(&mut self.index, length) {
            Some(id) => {
                assert!(may, "it may be old, or is too long");
                assert!(self.driver.insert(id.number(), (bytes, length)).is_none(), "ids do not come back");
                self.log.push(Event::Stored { target, response });
                self.take_dropped();
            }
            // The index may or may not have dropped the previous one.
            None => assert!(!may || !self.is_roomy),
        }
    }

    fn change(&mut self, url: &str) {
        self.index.invalidate(&format!("{API}{url}"));
        self.log.push(Event::Changed { url: url.to_owned() });
    }

    fn take_dropped(&mut self) {
        for id in self.index.take_dropped() {
            assert!(self.driver.remove(&id.number()).is_some(), "{id:?} is dropped once");
        }
        let all: usize = self.driver.values().map(|(_, length)| length).sum();
        assert!(all <= Index::ALL_BYTES, "{all}");
    }

    fn step(&mut self, step: Step) {
        let (open, whole) = (self.open.len(), self.whole.len());
        match step {
            Step::Begin(target, wanted) => self.begin(target, wanted),
            Step::Send(pick) if open > 0 => self.send(pick.index(open)),
            Step::Answer(pick, said, length) if open > 0 => self.answer(pick.index(open), said, length),
            Step::Store(pick) if whole > 0 => self.store(pick.index(whole)),
            Step::End(pick) if open > 0 => drop(self.open.swap_remove(pick.index(open))),
            Step::Fetch(target, said, length) => {
                self.begin(target, Directive::Anything);
                self.send(open);
                self.answer(open, said, length);
                if self.whole.len() > whole {
                    self.store(whole);
                }
                self.open.pop();
            }
            Step::Change(url) => self.change(&url),
            Step::Storm => (0..=REMEMBERED_CHANGES).for_each(|_| self.change("/elsewhere")),
            Step::Pass(millis) => self.now += millis,
            Step::TakeDropped => self.take_dropped(),
            _ => {}
        }
        for (id, bytes) in self.open.iter().filter_map(|open| open.serves.as_ref()) {
            assert_eq!(self.driver.get(&id.number()).map(|(bytes, _)| bytes), Some(bytes), "{id:?} is being served");
        }
    }

    /// When all requests are over and everything was changed, the driver has nothing.
    fn finish(mut self) {
        self.open.clear();
        self.take_dropped();
        self.change("");
        self.take_dropped();
        assert_eq!(self.driver.len(), 0);
    }
}

fn body(target: &Target, serial: u64) -> Vec<u8> {
    format!("{target:?} {serial}").into_bytes()
}

fn few() -> impl Strategy<Value = String> {
    const URLS: [&str; 9] = ["/a", "/%61", "/a/", "/a/7", "/a/7?q=1", "/a/8/x", "/ab", "/b?a", "/b"];
    prop::sample::select(&URLS[..]).prop_map(str::to_owned)
}

fn many() -> impl Strategy<Value = String> {
    (0..120_u32).prop_map(|number| format!("/n/{number}"))
}

fn said() -> impl Strategy<Value = Said> {
    let age = prop::sample::select(&[0_u64, 5, 30, 600][..]);
    let body = prop_oneof![8 => Just(Body::AsItCame), 1 => Just(Body::Decoded), 1 => Just(Body::Rewritten)];
    let seldom = || prop::bool::weighted(0.1);
    (age, prop::bool::weighted(0.7), seldom(), body, seldom())
        .prop_map(|(max_age, tagged, no_store, body, confused)| Said { max_age, tagged, no_store, body, confused })
}

fn steps<U: Strategy<Value = String> + 'static>(
    url: fn() -> U,
    length: std::ops::Range<usize>,
    count: usize,
) -> impl Strategy<Value = Vec<Step>> {
    let target = move || {
        (url(), prop_oneof![6 => Just(0_usize), 2 => 1..5_usize], prop::bool::weighted(0.1))
            .prop_map(|(url, owner, french)| Target { url, owner, french })
    };
    let wanted = prop_oneof![
        4 => Just(Directive::Anything),
        1 => Just(Directive::New),
        1 => (0..10_u64).prop_map(Directive::NoOlderThan),
        2 => Just(Directive::HasCurrent),
    ];
    let step = prop_oneof![
        8 => (target(), wanted).prop_map(|(target, wanted)| Step::Begin(target, wanted)),
        4 => any::<Pick>().prop_map(Step::Send),
        8 => (any::<Pick>(), said(), length.clone()).prop_map(|(pick, said, length)| Step::Answer(pick, said, length)),
        6 => any::<Pick>().prop_map(Step::Store),
        4 => any::<Pick>().prop_map(Step::End),
        16 => (target(), said(), length).prop_map(|(target, said, length)| Step::Fetch(target, said, length)),
        1 => url().prop_map(Step::Change),
        4 => (0..8_000_u64).prop_map(Step::Pass),
        2 => Just(Step::TakeDropped),
    ];
    let step = prop_oneof![200 => step, 1 => Just(Step::Storm)];
    prop::collection::vec(step, count)
}

fn run(is_roomy: bool, steps: Vec<Step>) -> Bed {
    let mut bed = Bed::new(is_roomy);
    for step in steps {
        bed.step(step);
    }
    bed
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn it_serves_exactly_what_the_log_allows(steps in steps(few, 0..100, 200)) {
        run(true, steps).finish();
    }
}

proptest! {
    // Long runs, because it takes 64 bodies until there is no room.
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn it_stays_within_its_bound_and_keeps_bytes_being_served(
        steps in steps(many, Index::ENTRY_BYTES - 100_000..Index::ENTRY_BYTES + 5_000, 600),
    ) {
        run(false, steps).finish();
    }
}
