//! The trace of a request (W3C Trace Context, §3.2). The Worker adds no span of its own: it forwards a well-formed
//! header unchanged and logs the trace id, so that the log lines of all participants can be joined.

/// The trace id in a well-formed `traceparent`; `None` for a malformed one, which is not forwarded, and neither is its
/// `tracestate`.
pub(crate) fn trace_id(traceparent: &str) -> Option<&str> {
    let (version, rest) = hex(traceparent, 2)?;
    let (trace, rest) = hex(rest.strip_prefix('-')?, 32)?;
    let (parent, rest) = hex(rest.strip_prefix('-')?, 16)?;
    let (_flags, rest) = hex(rest.strip_prefix('-')?, 2)?;
    // A later version may have further fields after another dash.
    let ends = rest.is_empty() || version != "00" && rest.starts_with('-');
    let names = |id: &str| id.bytes().any(|b| b != b'0');
    (version != "ff" && ends && names(trace) && names(parent)).then_some(trace)
}

/// Reads this many lower-case hex digits; returns them and the rest.
fn hex(text: &str, digits: usize) -> Option<(&str, &str)> {
    let (head, rest) = text.split_at_checked(digits)?;
    head.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')).then_some((head, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";

    #[test]
    fn a_trace_has_an_id() {
        for text in [
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-ff",
            "01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-what-comes",
        ] {
            assert_eq!(trace_id(text), Some(TRACE), "{text}");
        }
    }

    #[test]
    fn a_malformed_trace_is_ignored() {
        for text in [
            "",
            "00",
            "00-",
            "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-00000000000000000000000000000000-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
            "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-1",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-x",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01x",
            "cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01x",
            "00-0af7651916cd43dd8448eb211c80319-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b716920333-01",
            "00_0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            " 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01, 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-\u{e9}f7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        ] {
            assert_eq!(trace_id(text), None, "{text}");
        }
    }
}
