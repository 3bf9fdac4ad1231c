//! A minimal HTTP client for checking a server on this machine.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
}

/// More than the API sends in one response; a server that sends more is cut off.
const LIMIT: u64 = 64 * 1024 * 1024;

pub(crate) fn get(port: u16, path: &str, token: Option<&str>, patience: Duration) -> Result<Answer> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let mut stream = TcpStream::connect_timeout(&address, patience).context("no server is listening yet")?;
    stream.set_read_timeout(Some(patience)).context("cannot set a time limit")?;
    let authorization = token.map_or_else(String::new, |token| format!("Authorization: Bearer {token}\r\n"));
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n{authorization}Accept: application/json\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).context("cannot send a request")?;
    let mut answer = Vec::new();
    stream.take(LIMIT).read_to_end(&mut answer).context("the response is incomplete")?;
    parse(&answer)
}

fn parse(answer: &[u8]) -> Result<Answer> {
    let end = find(answer, b"\r\n\r\n").context("the response's head does not end")?;
    let head = std::str::from_utf8(&answer[..end]).context("the response's head is not text")?;
    let mut lines = head.split("\r\n");
    let status = lines
        .next()
        .and_then(|line| line.strip_prefix("HTTP/1.1 "))
        .and_then(|line| line.get(..3))
        .and_then(|status| status.parse().ok())
        .context("the response is not HTTP/1.1")?;
    let body = &answer[end + 4..];
    let chunked = lines.filter_map(|line| line.split_once(':')).any(|(name, value)| {
        name.eq_ignore_ascii_case("transfer-encoding") && value.trim().eq_ignore_ascii_case("chunked")
    });
    let body = if chunked { unchunked(body)? } else { body.to_vec() };
    Ok(Answer { status, body })
}

fn unchunked(mut rest: &[u8]) -> Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let end = find(rest, b"\r\n").context("a chunk has no size")?;
        let size = std::str::from_utf8(&rest[..end]).ok().and_then(|line| line.split(';').next());
        let size =
            size.and_then(|size| usize::from_str_radix(size.trim(), 16).ok()).context("a chunk's size is invalid")?;
        if size == 0 {
            return Ok(body);
        }
        let from = end + 2;
        let Some(chunk) = from.checked_add(size).and_then(|to| rest.get(from..to)) else {
            bail!("the response was cut off");
        };
        body.extend_from_slice(chunk);
        rest = rest.get(from + size + 2..).context("the response was cut off")?;
    }
}

fn find(text: &[u8], part: &[u8]) -> Option<usize> {
    text.windows(part.len()).position(|window| window == part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_response_is_read() {
        let answer = parse(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi").unwrap();
        assert_eq!(answer, Answer { status: 200, body: b"hi".to_vec() });
    }

    #[test]
    fn chunks_are_joined() {
        let answer =
            parse(b"HTTP/1.1 502 Bad\r\ntransfer-encoding: Chunked\r\n\r\n3\r\nabc\r\nA;x\r\n0123456789\r\n0\r\n\r\n");
        assert_eq!(answer.unwrap(), Answer { status: 502, body: b"abc0123456789".to_vec() });
    }

    #[test]
    fn an_incomplete_response_is_an_error() {
        assert!(parse(b"HTTP/1.1 200 OK\r\n").is_err());
        assert!(parse(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab").is_err());
        assert!(parse(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\nab").is_err());
        assert!(parse(b"SSH-2.0\r\n\r\n").is_err());
    }
}
