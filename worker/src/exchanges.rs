//! The requests under way, by numbers that do not come back: a request whose caller goes away is not ended by
//! anybody, and what may still hold its number must not find another one.

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use core::time::Duration;

use attention_gateway::exchange::Exchange;

#[derive(Debug, Default)]
pub(crate) struct Exchanges {
    /// The number of the first place.
    first: usize,
    places: VecDeque<Option<Box<Exchange>>>,
}

impl Exchanges {
    /// Gives it a number, and forgets those that began so long before it.
    pub(crate) fn begin(&mut self, exchange: Exchange, longest: Duration) -> usize {
        let now = exchange.started();
        self.forget_while(|oldest| oldest.is_none_or(|oldest| oldest.started().saturating_add(longest) < now));
        self.places.push_back(Some(Box::new(exchange)));
        self.first.wrapping_add(self.places.len() - 1)
    }

    pub(crate) fn get(&self, number: usize) -> Option<&Exchange> {
        self.places.get(number.wrapping_sub(self.first))?.as_deref()
    }

    pub(crate) fn get_mut(&mut self, number: usize) -> Option<&mut Exchange> {
        self.places.get_mut(number.wrapping_sub(self.first))?.as_deref_mut()
    }

    pub(crate) fn end(&mut self, number: usize) {
        if let Some(place) = self.places.get_mut(number.wrapping_sub(self.first)) {
            *place = None;
        }
        self.forget_while(|oldest| oldest.is_none());
    }

    fn forget_while(&mut self, over: impl Fn(Option<&Exchange>) -> bool) {
        while self.places.front().is_some_and(|oldest| over(oldest.as_deref())) {
            self.places.pop_front();
            self.first = self.first.wrapping_add(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::String;
    use alloc::vec::Vec;

    use attention_core::Timestamp;
    use attention_gateway::deployment::{Deployment, Texts};
    use attention_gateway::exchange::Incoming;

    use super::*;

    const NOW: Timestamp = Timestamp::from_unix_seconds(1_700_000_000);

    fn exchange(name: &str, after: Duration) -> Exchange {
        let headers: &[(&str, &str)] = &[];
        let url = String::from("https://proxy.example/healthz");
        let incoming = Incoming { method: "GET", url, headers: &headers, has_body: false, fresh_id: name };
        let mut unconfigured = Deployment::parse(&Texts::default());
        Exchange::begin(unconfigured.as_mut(), &incoming, NOW.saturating_add(after))
    }

    #[test]
    fn each_number_finds_its_own_and_none_after_its_end() {
        let mut all = Exchanges::default();
        let longest = Duration::from_mins(12);
        let numbers: Vec<usize> = ["a", "b", "c"].map(|name| all.begin(exchange(name, Duration::ZERO), longest)).into();
        let name = |all: &Exchanges, number| all.get(number).map(|exchange| String::from(exchange.request_id()));
        for (number, own) in numbers.iter().zip(["a", "b", "c"]) {
            assert_eq!(name(&all, *number).as_deref(), Some(own));
            assert!(all.get_mut(*number).is_some());
        }
        all.end(numbers[1]);
        assert_eq!(name(&all, numbers[1]), None);
        all.end(numbers[0]);
        let next = all.begin(exchange("d", Duration::ZERO), longest);
        assert!(!numbers.contains(&next));
        assert_eq!((name(&all, numbers[2]).as_deref(), name(&all, next).as_deref()), (Some("c"), Some("d")));
    }

    #[test]
    fn exchanges_whose_callers_went_away_are_forgotten_in_time() {
        let mut all = Exchanges::default();
        let longest = Duration::from_mins(12);
        let gone: Vec<usize> = (0..1000).map(|_| all.begin(exchange("gone", Duration::ZERO), longest)).collect();
        // The slowest of them may still be under way.
        let slow = all.begin(exchange("slow", Duration::from_mins(11)), longest);
        assert_eq!(all.places.len(), 1001);
        let last = all.begin(exchange("last", Duration::from_mins(13)), longest);
        assert_eq!(all.places.len(), 2);
        for number in gone {
            assert!(all.get(number).is_none());
            all.end(number);
        }
        assert!(all.get(slow).is_some() && all.get(last).is_some());
        all.end(slow);
        all.end(last);
        assert_eq!(all.places.len(), 0);
    }
}
