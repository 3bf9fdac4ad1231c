//! Decides by their headers which responses can be redacted.
//!
//! Members are searched only in JSON encoded as UTF-8. Recipients trust `Content-Type` and `Content-Encoding`: if a
//! body is JSON here but UTF-16, lines of JSON or a page to the recipient, the recipient sees something that was not
//! searched.

use attention_core::Headers;

use super::coding;

/// The media type of event streams.
const EVENTS: &str = "text/event-stream";

/// Whether recipients read the body as JSON in UTF-8. A response without a type may be JSON.
pub(crate) fn is_json(headers: &dyn Headers) -> bool {
    if !coding::is_decoded(headers.get("content-encoding").as_deref()) {
        return false;
    }
    let Some(content_type) = headers.get("content-type") else { return true };
    let mut parts = content_type.split(';').map(str::trim);
    let is_json = parts.next().is_some_and(|essence| {
        let essence = essence.to_ascii_lowercase();
        let subtype = essence.strip_prefix("application/").unwrap_or_default();
        let is_suffixed =
            subtype.strip_suffix("+json").is_some_and(|name| !name.is_empty() && name.bytes().all(is_name));
        subtype == "json" || essence == "text/json" || is_suffixed
    });
    is_json && parts.all(says_utf_8)
}

/// Whether the body is `application/json` in UTF-8 without a content coding. A message without a type may be JSON.
pub(crate) fn is_plain_json(headers: &dyn Headers) -> bool {
    let is_coded =
        headers.get("content-encoding").is_some_and(|coding| !coding.trim_ascii().eq_ignore_ascii_case("identity"));
    let content_type = headers.get("content-type");
    let is_other = content_type.is_some_and(|content_type| {
        let essence = content_type.split(';').next().unwrap_or_default().trim_ascii();
        !essence.eq_ignore_ascii_case("application/json")
    });
    !is_coded && !is_other && is_json(headers)
}

/// Whether recipients read the body as a stream of events, which is always UTF-8.
pub(crate) fn is_events(headers: &dyn Headers) -> bool {
    let content_type = headers.get("content-type").unwrap_or_default();
    let essence = content_type.split(';').next().unwrap_or_default().trim_ascii();
    essence.eq_ignore_ascii_case(EVENTS) && coding::is_decoded(headers.get("content-encoding").as_deref())
}

fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&byte)
}

/// Whether a parameter is not a charset, or is UTF-8. ASCII is a subset of it. A quoted string that contains a
/// semicolon is split into two pieces here, neither of which is a valid parameter.
fn says_utf_8(parameter: &str) -> bool {
    let Some((name, value)) = parameter.split_once('=') else { return parameter.is_empty() };
    let value = value.trim_ascii();
    let value = value.strip_prefix('"').map_or(Some(value), |inner| inner.strip_suffix('"'));
    let known = ["utf-8", "utf8", "us-ascii"];
    let is_charset = name.trim_ascii().eq_ignore_ascii_case("charset");
    value.is_some_and(|value| !is_charset || known.iter().any(|known| known.eq_ignore_ascii_case(value)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_json_and_events_are_told_by_type_and_coding() {
        for (content_type, coding, plain, events) in [
            (Some("application/json"), None, true, false),
            (Some("Application/JSON ; charset=utf-8"), Some("Identity"), true, false),
            (None, None, true, false),
            (None, Some("gzip"), false, false),
            (Some("application/json"), Some("gzip"), false, false),
            (Some("application/json; charset=utf-16"), None, false, false),
            (Some("application/problem+json"), None, false, false),
            (Some("text/json"), None, false, false),
            (Some("text/event-stream"), None, false, true),
            (Some("Text/Event-Stream; charset=utf-8"), Some("identity"), false, true),
            (Some("text/event-stream"), Some("zstd"), false, false),
            (Some("text/event-streams"), None, false, false),
            (Some("text/plain"), None, false, false),
        ] {
            let headers = [("content-type", content_type), ("content-encoding", coding)];
            let headers: Vec<(&str, &str)> =
                headers.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
            let told = (is_plain_json(&headers.as_slice()), is_events(&headers.as_slice()));
            assert_eq!(told, (plain, events), "{content_type:?} {coding:?}");
        }
    }

    #[test]
    fn only_json_in_utf_8_is_redactable() {
        for content_type in [
            "application/json",
            "Application/JSON; charset=utf-8",
            "application/json;charset=\"UTF-8\"",
            "application/json; charset=us-ascii; profile=\"x\"",
            "application/problem+json",
            "application/vnd.api+json; version=1",
            "text/json",
            "application/json;",
        ] {
            assert!(is_json(&&[("content-type", content_type)][..]), "{content_type}");
        }
        for content_type in [
            "",
            "text/html",
            "text/plain; charset=utf-8",
            "text/csv",
            "text/event-stream",
            "application/x-ndjson",
            "application/ndjson",
            "application/jsonl",
            "application/json-seq",
            "application/stream+json-lines",
            "application/+json",
            "application/a b+json",
            "application/a/b+json",
            "application/(x)+json",
            "application/javascript",
            "multipart/byteranges; boundary=x",
            "application/json, text/html",
            "application/json; charset=utf-16",
            "application/json; charset=utf-7",
            "application/json; charset=utf-8; charset=utf-16",
            "application/json; charset=\"utf-8",
            "application/json; charset",
            "application/json; a=\"b; charset=utf-16\"",
            "application/jsonp",
        ] {
            assert!(!is_json(&&[("content-type", content_type)][..]), "{content_type}");
        }
        assert!(is_json(&&[][..]));
        for coding in ["zstd", "deflate", "gzip, gzip", "x-own"] {
            assert!(!is_json(&&[("content-type", "application/json"), ("content-encoding", coding)][..]), "{coding}");
        }
    }
}
