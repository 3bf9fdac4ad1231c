//! Chooses loopback ports.

use std::net::{Ipv4Addr, TcpListener};

use anyhow::{Context as _, Result, bail};

pub(crate) const DEFAULT: u16 = 8787;

/// The number of ports that are tried.
const SEARCHED: u16 = 100;

/// The port to listen on, and whether it differs from the default. A requested port is used or causes an error; 0
/// requests any free port.
pub(crate) fn choose(asked: Option<u16>) -> Result<(u16, bool)> {
    if asked == Some(0) {
        return Ok((any_free()?, false));
    }
    choose_with(asked, is_free)
}

fn choose_with(asked: Option<u16>, is_free: impl Fn(u16) -> bool) -> Result<(u16, bool)> {
    if let Some(port) = asked {
        if !is_free(port) {
            bail!(
                "port {port} is in use\n  next: stop the process that listens there, or choose another port with --port"
            );
        }
        return Ok((port, false));
    }
    let free = (DEFAULT..DEFAULT + SEARCHED).find(|port| is_free(*port)).with_context(|| {
        format!("ports {DEFAULT} to {} are all in use\n  next: choose one with --port", DEFAULT + SEARCHED - 1)
    })?;
    Ok((free, free != DEFAULT))
}

fn is_free(port: u16) -> bool {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok()
}

/// A port that is currently free.
pub(crate) fn any_free() -> Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("no loopback port is free")?;
    Ok(listener.local_addr().context("a listener without an address")?.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn port_0_is_any_port() {
        let (port, moved) = choose(Some(0)).unwrap();
        assert!(port != 0 && !moved);
    }

    #[test]
    fn the_default_port_is_preferred() {
        assert_eq!(choose_with(None, |_| true).unwrap(), (DEFAULT, false));
    }

    #[test]
    fn if_the_default_is_in_use_the_next_free_port_is_chosen() {
        assert_eq!(choose_with(None, |port| port > DEFAULT + 1).unwrap(), (DEFAULT + 2, true));
        assert!(choose_with(None, |_| false).is_err());
    }

    #[test]
    fn a_requested_port_is_used_or_an_error() {
        assert_eq!(choose_with(Some(9000), |_| true).unwrap(), (9000, false));
        let error = choose_with(Some(9000), |port| port != 9000).unwrap_err().to_string();
        assert!(error.contains("port 9000 is in use"), "{error}");
    }

    #[test]
    fn a_port_somebody_listens_on_is_not_free() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        assert!(!is_free(listener.local_addr().unwrap().port()));
    }
}
