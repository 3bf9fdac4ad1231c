//! URLs in the API's headers. A URL of the API itself would make the caller send the proxy's token to the API.

use alloc::borrow::Cow;
use alloc::string::String;

use attention_core::codec::text::{self, find};
use attention_core::url::BaseUrl;

use crate::authorize::mcp;

/// The destination of a reference from the API.
#[derive(PartialEq, Eq, Debug)]
enum Leads<'a> {
    /// The proxy, where the caller's own request went.
    Here(&'a str),
    /// Another host, unrelated to proxy and API.
    Elsewhere,
    /// The API itself, bypassing the proxy, or an ambiguous destination.
    Past,
}

/// A `Location` for the caller: a path at the proxy, or `None`. The caller's next request goes there with its token, so
/// no other host may be named.
pub(crate) fn location<'a>(base: &BaseUrl, value: &'a str) -> Option<&'a str> {
    match leads(base, value.trim_ascii()) {
        Leads::Here(reference) => Some(reference),
        Leads::Elsewhere | Leads::Past => None,
    }
}

/// A `Link` for the caller (RFC 8288): targets at the API become paths at the proxy. `None` if it would still bypass
/// the proxy.
pub(crate) fn link<'a>(base: &BaseUrl, value: &'a str) -> Option<Cow<'a, str>> {
    let mut written = String::with_capacity(value.len());
    let mut rest = value;
    while let Some((before, after)) = rest.split_once('<') {
        let (target, behind) = after.split_once('>')?;
        written.push_str(before);
        written.push('<');
        match leads(base, target.trim_ascii()) {
            Leads::Here(reference) => written.push_str(reference),
            Leads::Elsewhere => written.push_str(target),
            Leads::Past => return None,
        }
        written.push('>');
        rest = behind;
    }
    written.push_str(rest);
    // A parameter such as `anchor` may also name the API.
    if find(&written.to_ascii_lowercase(), host(base.origin())).is_some() {
        return None;
    }
    Some(if written == value { Cow::Borrowed(value) } else { Cow::Owned(written) })
}

fn leads<'a>(base: &BaseUrl, reference: &'a str) -> Leads<'a> {
    // Browsers read `\` as `/` and remove line breaks and tabs.
    if reference.bytes().any(|byte| byte == b'\\' || byte.is_ascii_control()) {
        return Leads::Past;
    }
    let scheme_end = reference.bytes().position(|byte| matches!(byte, b':' | b'/' | b'?' | b'#'));
    let scheme =
        scheme_end.filter(|at| reference.as_bytes().get(*at) == Some(&b':')).and_then(|at| reference.get(..at));
    let own_scheme = base.origin().split_once(':').map_or("", |(scheme, _)| scheme);
    let behind = scheme.map_or(reference, |scheme| reference.get(scheme.len() + 1..).unwrap_or_default());
    let Some(hierarchy) = behind.strip_prefix("//") else {
        return match scheme {
            None => Leads::Here(reference),
            // `https:x` is ambiguous.
            Some(scheme) if is_web(scheme) => Leads::Past,
            Some(_) => Leads::Elsewhere,
        };
    };
    let end = hierarchy.bytes().position(|byte| matches!(byte, b'/' | b'?' | b'#')).unwrap_or(hierarchy.len());
    let (authority, rest) = hierarchy.split_at_checked(end).unwrap_or((hierarchy, ""));
    let authority = authority.to_ascii_lowercase();
    let own = text::split_once_str(base.origin(), "://").map_or("", |(_, authority)| authority);
    let named = authority.rsplit_once('@').map_or(&*authority, |(_, named)| named);
    if host(named).trim_end_matches('.') != host(own) {
        return Leads::Elsewhere;
    }
    let default_port = if own_scheme == "https" { ":443" } else { ":80" };
    let is_same = scheme.is_none_or(|scheme| scheme.eq_ignore_ascii_case(own_scheme))
        && (authority == own || authority.strip_suffix(default_port) == Some(own));
    if is_same && (is_under(rest, base.path()) || is_under(rest, mcp::PATH)) { Leads::Here(rest) } else { Leads::Past }
}

fn is_web(scheme: &str) -> bool {
    ["http", "https", "ws", "wss", "ftp"].iter().any(|web| scheme.eq_ignore_ascii_case(web))
}

/// Whether a path equals or is below `path`.
fn is_under(rest: &str, path: &str) -> bool {
    rest.strip_prefix(path).is_some_and(|behind| match behind.bytes().next() {
        Some(b'/') => true,
        Some(b'?' | b'#') | None => !path.is_empty(),
        Some(_) => false,
    })
}

/// The host of an origin or an authority, without scheme and port.
fn host(origin: &str) -> &str {
    let authority = text::split_once_str(origin, "://").map_or(origin, |(_, authority)| authority);
    let end = authority.rfind(':').filter(|at| !authority.get(*at..).is_some_and(|port| port.contains(']')));
    end.and_then(|at| authority.get(..at)).unwrap_or(authority)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn base() -> BaseUrl {
        BaseUrl::parse("https://api.example/v2").unwrap()
    }

    #[test]
    fn a_location_is_a_path_at_the_proxy_or_dropped() {
        for (value, down) in [
            ("/v2/things/1", Some("/v2/things/1")),
            ("things/1?a=b#c", Some("things/1?a=b#c")),
            ("https://api.example/v2/things/1?a=//b", Some("/v2/things/1?a=//b")),
            ("HTTPS://API.example:443/v2/x", Some("/v2/x")),
            ("//api.example/v2/x", Some("/v2/x")),
            ("https://api.example/mcp", Some("/mcp")),
            ("https://api.example/v2", Some("/v2")),
            ("http://api.example/v2/x", None),
            ("https://api.example:8443/v2/x", None),
            ("https://api.example./v2/x", None),
            ("https://user@api.example/v2/x", None),
            ("https://api.example/v20/x", None),
            ("https://api.example", None),
            ("https://evil.example/v2/x", None),
            ("https://api.example@evil.example/v2/x", None),
            ("//evil.example/v2/x", None),
            ("https:/v2/x", None),
            (r"\\evil.example/x", None),
            (r"/\evil.example/x", None),
            ("javascript:alert(1)", None),
        ] {
            assert_eq!(location(&base(), value), down, "{value}");
        }
    }

    #[test]
    fn links_to_the_api_are_rewritten_and_others_unchanged() {
        for (value, down) in [
            ("</v2/x?page=2>; rel=\"next\"", Some("</v2/x?page=2>; rel=\"next\"")),
            ("<https://api.example/v2/x?page=2>; rel=next", Some("</v2/x?page=2>; rel=next")),
            (
                "<https://api.example/v2/x>; rel=prev, <//API.example/v2/y>; rel=next",
                Some("</v2/x>; rel=prev, </v2/y>; rel=next"),
            ),
            ("<https://docs.example/x>; rel=help", Some("<https://docs.example/x>; rel=help")),
            ("<mailto:a@b.example>; rel=author", Some("<mailto:a@b.example>; rel=author")),
            ("<https://api.example:8443/v2/x>; rel=next", None),
            ("<https://api.example/admin>; rel=next", None),
            ("<ftp:x>; rel=next", None),
            ("<WSS:x>; rel=next", None),
            ("<urn:x>; rel=next", Some("<urn:x>; rel=next")),
            ("</v2/x>; rel=next; anchor=\"https://api.example/v2/y\"", None),
            ("<https://api.example/v2/x", None),
        ] {
            assert_eq!(link(&base(), value).as_deref(), down, "{value}");
        }
    }
}
