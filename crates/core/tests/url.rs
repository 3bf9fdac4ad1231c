//! Joining of base and target, checked with an independent URL parser.

use attention_core::url::{BaseUrl, DEFAULT_BASE_URL, MAX_TARGET_BYTES, PathError, RequestPath, encode_query};
use proptest::prelude::*;
use url::Url;

/// Pieces of URLs on which parsers disagree.
const PIECES: [&str; 48] = [
    "/",
    "//",
    "\\",
    ".",
    "..",
    "./",
    "../",
    "%2e",
    "%2E",
    "%2f",
    "%5c",
    "%252e",
    "%25",
    "%",
    "%00",
    "%0a",
    "%c0%ae",
    "?",
    "#",
    ";",
    ":",
    "@",
    "&",
    "=",
    " ",
    "\t",
    "\n",
    "\0",
    "\u{feff}",
    "\u{200b}",
    "\u{ff0e}",
    "\u{2028}",
    "é",
    "a",
    "v2",
    "conversations",
    "~",
    "*",
    "|",
    "^",
    "`",
    "{",
    "[",
    "'",
    "\"",
    "<",
    "https://api.attention.tech/v2",
    "https://evil.example",
];

const BASES: [&str; 6] = [
    DEFAULT_BASE_URL,
    "https://api.attention.tech",
    "https://proxy.example:8443/attention/v2",
    "http://localhost:8787/v2",
    "http://127.0.0.1",
    "http://[::1]:8787/v2",
];

fn base() -> impl Strategy<Value = &'static str> {
    proptest::sample::select(&BASES[..])
}

/// Targets made of hostile pieces, of printable text, and of arbitrary text.
fn target() -> impl Strategy<Value = String> {
    let pieces = proptest::collection::vec(proptest::sample::select(&PIECES[..]), 0..12);
    prop_oneof![
        4 => pieces.prop_map(|pieces| pieces.concat()),
        1 => "[ -~]{0,40}",
        1 => any::<String>(),
    ]
}

/// Checks a joined URL: the parser must read it as written, and it must be under the base.
fn is_under(base: &BaseUrl, joined: &str) -> Result<(), TestCaseError> {
    let read = Url::parse(joined).map_err(|error| TestCaseError::fail(format!("{joined:?}: {error}")))?;
    let root = Url::parse(base.as_str()).expect("a base that parses");
    prop_assert_eq!(read.origin(), root.origin());
    prop_assert_eq!((read.username(), read.password(), read.fragment()), ("", None, None));
    let written = joined.split('?').next().unwrap_or_default();
    prop_assert_eq!(&written[base.origin().len()..], read.path(), "the parser changed the path of {:?}", joined);
    let rest = read.path().strip_prefix(base.path());
    prop_assert!(rest.is_some_and(|rest| rest.starts_with('/')), "{} has left {}", joined, base);
    prop_assert!(read.path_segments().is_some_and(|mut segments| segments.all(|segment| !is_dots(segment))));
    Ok(())
}

fn is_dots(segment: &str) -> bool {
    matches!(&*segment.to_ascii_lowercase().replace("%2e", "."), "." | "..")
}

/// Whether a reader that maps characters to compatibility forms, or to those of a code page, would find a delimiter in
/// a segment, or only dots. Taken from `UnicodeData.txt` and Windows' `bestfit1252.txt`.
fn is_more_than_a_segment(segment: &str) -> bool {
    const DELIMITERS: &str = "/\\?#;%\u{2f}／⁄∕℀℁℅℆＼﹨∖；︔﹔\u{37e}？︖﹖⁇⁈⁉＃﹟％﹪٪";
    const DOTS: [(char, &str); 5] = [('．', "."), ('․', "."), ('﹒', "."), ('‥', ".."), ('︰', "..")];
    let mapped = DOTS.iter().fold(segment.to_owned(), |text, (form, dots)| text.replace(*form, dots));
    let is_shapeless = |c: char| {
        c.is_whitespace()
            || c.is_control()
            || c == '+'
            || "\u{ad}\u{180e}\u{200b}\u{200c}\u{200d}\u{200e}\u{200f}\u{feff}".contains(c)
            || matches!(u32::from(c), 0x2028..=0x202f | 0x205f..=0x206f | 0xfe00..=0xfe0f)
    };
    let dots: String = mapped.chars().filter(|c| !is_shapeless(*c)).collect();
    segment.contains(|c| DELIMITERS.contains(c)) || matches!(&*dots, "." | "..")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    /// Delimiters in other forms are rejected in any context; other text is not.
    #[test]
    fn a_delimiter_in_another_form_is_refused(
        segment in "[a/.+ ．․﹒‥︰…／⁄∕℀℁℅℆＼﹨∖；︔﹔\u{37e}？︖﹖⁇⁈⁉＃﹟％﹪٪é\u{200b}\u{2060}\u{a0}\u{3000}字]{1,4}"
    ) {
        let encoded = segment.bytes().fold(String::new(), |text, byte| format!("{text}%{byte:02X}"));
        let refused = RequestPath::parse(&format!("/v2/{encoded}/x")).is_err();
        prop_assert_eq!(refused, is_more_than_a_segment(&segment), "{:?}", segment);
    }

    #[test]
    fn a_target_is_rejected_or_stays_under_the_base(base in base(), target in target(), query in "[ -~]{0,20}") {
        let base = BaseUrl::parse(base).expect("a base");
        if let Ok(joined) = base.join(&target, &query) {
            is_under(&base, &joined)?;
        }
    }

    #[test]
    fn plain_paths_are_never_refused(segments in proptest::collection::vec("[A-Za-z0-9_~-][A-Za-z0-9._~!$&'()*+,=:@-]{0,11}", 1..6)) {
        let base = BaseUrl::parse("https://api.attention.tech").expect("a base");
        let path = format!("/{}", segments.join("/"));
        prop_assert_eq!(base.join(&path, ""), Ok(format!("https://api.attention.tech{path}")));
    }

    #[test]
    fn any_segment_can_be_passed_once_encoded(segment in "\\PC{1,20}") {
        let encoded = segment.bytes().fold(String::new(), |text, byte| format!("{text}%{byte:02X}"));
        let base = BaseUrl::parse(DEFAULT_BASE_URL).expect("a base");
        match base.join(&format!("/labels/{encoded}"), "") {
            Ok(joined) => is_under(&base, &joined)?,
            // Text that would be read as more than one segment even when encoded.
            Err(_) => prop_assert!(is_more_than_a_segment(&segment), "{:?} was refused", segment),
        }
    }

    #[test]
    fn query_pairs_are_encoded_as_the_parser_does(pairs in proptest::collection::vec((any::<String>(), any::<String>()), 0..6)) {
        let borrowed = || pairs.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let ours = encode_query(borrowed());
        let theirs = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(borrowed()).finish();
        prop_assert_eq!(&ours, &theirs);
        let base = BaseUrl::parse(DEFAULT_BASE_URL).expect("a base");
        if ours.len() <= MAX_TARGET_BYTES {
            let read = Url::parse(&base.join("/x", &ours).expect("an encoded query")).expect("a URL");
            prop_assert_eq!(read.query_pairs().into_owned().collect::<Vec<_>>(), pairs);
        }
    }

    #[test]
    fn a_base_that_is_accepted_reads_the_same_everywhere(
        text in "(https?|HTTPS|ftp)://([a-zA-Z0-9.:@_%\\[\\]-]{0,16}|[a-z]{1,3}:0{0,2}(443|80|[0-9]{1,5}))(/[a-z0-9.%/-]{0,12})?",
    ) {
        if let Ok(base) = BaseUrl::parse(&text) {
            // Labels that resemble punycode are left for DNS to reject.
            prop_assume!(!base.as_str().contains("xn--"));
            let read = Url::parse(base.as_str()).map_err(|error| TestCaseError::fail(format!("{base}: {error}")))?;
            prop_assert!(read.scheme() == "https" || is_loopback(&read), "{} is not secure", base);
            prop_assert_eq!(read.path().trim_end_matches('/'), base.path());
            // An IPv6 address keeps its spelling.
            if !matches!(read.host(), Some(url::Host::Ipv6(_))) {
                prop_assert_eq!(read.origin().ascii_serialization(), base.origin());
            }
        }
    }

    #[test]
    fn parsing_never_panics(text in any::<String>(), odd in target()) {
        for text in [&text, &odd] {
            let _ = BaseUrl::parse(text);
            let _ = BaseUrl::parse(&format!("https://{text}"));
            if let Ok(path) = RequestPath::parse(text) {
                let _ = path.decoded();
            }
        }
    }

    #[test]
    fn a_slash_after_a_slash_begins_an_empty_segment(text in "/[/a+]{0,8}") {
        let expected = text.find("//").map(|at| PathError::EmptySegment { position: at + 1 });
        prop_assert_eq!(RequestPath::parse(&text).err(), expected, "{}", text);
    }

    #[test]
    fn a_path_that_is_accepted_is_decoded_in_one_way(text in "(/[a-zA-Z0-9%.~_-]{0,6}){1,4}|/((%25|%)?(2e|5F|%32|%65|%35|f|.)){1,4}") {
        if let Ok(path) = RequestPath::parse(&text) {
            prop_assert_eq!(path.as_str(), &text);
            let decoded = path.decoded();
            // One decoding is enough: nothing is left that could be decoded again.
            let is_escape = |at: usize| decoded.as_bytes().get(at + 1..at + 3).is_some_and(|pair| pair.iter().all(u8::is_ascii_hexdigit));
            prop_assert!(decoded.match_indices('%').all(|(at, _)| !is_escape(at)), "{} becomes {}", text, decoded);
            prop_assert_eq!(decoded.matches('/').count(), text.matches('/').count());
        }
    }
}

proptest! {
    /// A slash at the end is no segment, also behind segments that have to be looked at twice.
    #[test]
    fn a_path_may_end_with_a_slash(text in "(/[a-z%2-5.~]{0,6}){1,4}") {
        prop_assume!(!text.ends_with('/'));
        prop_assert_eq!(RequestPath::parse(&format!("{text}/")).err(), RequestPath::parse(&text).err(), "{}", text);
    }

    #[test]
    fn a_url_is_allocated_once(path in "/?[a-z]{1,20}", own in "(\\?[a-z]{0,20})?", query in "[a-z]{0,20}") {
        let base = BaseUrl::parse(DEFAULT_BASE_URL).expect("a base");
        let target = format!("{path}{own}");
        let url = base.join(&target, &query).expect("a URL");
        prop_assert_eq!(url.capacity(), base.as_str().len() + target.len() + query.len() + 2);
        prop_assert!(url.len() <= url.capacity());
    }

    #[test]
    fn a_port_is_a_number_of_sixteen_bits(port in prop_oneof![1..70_000_u32, 65_530..65_540_u32]) {
        let text = format!("https://api.example:{port}/v2");
        prop_assert_eq!(BaseUrl::parse(&text).is_ok(), Url::parse(&text).is_ok(), "{}", text);
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

#[test]
fn the_default_base_is_the_apis() {
    assert_eq!(BaseUrl::parse(DEFAULT_BASE_URL), Ok(BaseUrl::default()));
}
