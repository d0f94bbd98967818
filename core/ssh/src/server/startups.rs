//! Those who have not logged in: how many there may be, and who gives way when there are too many.
//!
//! The place of one that holds it goes to one that comes, so that nobody keeps others out by doing nothing, or by coming again
//! and again. Whoever has the most places gives way first; of those, who has not got through the key exchange; of those, who
//! has been there longest. Among equals nobody has to before [`STARTUP_TENURE`] is over: whoever comes waits as long for its
//! turn, without a word, and only so many wait.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Mutex as Turn, Notify, Semaphore, watch};
use tokio::time::{Instant, sleep_until};

use super::peer::Standing;
use crate::limits::{STARTUP_TENURE, STARTUPS, STARTUPS_WAITING};

/// All places.
pub(super) struct Startups {
    held: Mutex<Places>,
    /// Those who wait take turns, first come, first served.
    turn: Turn<()>,
    waiting: Semaphore,
}

#[derive(Default)]
struct Places {
    held: Vec<Held>,
    numbered: u64,
}

struct Held {
    number: u64,
    source: Source,
    since: Instant,
    progress: watch::Receiver<Standing>,
    taken: Arc<Notify>,
}

/// Where somebody comes from: an address, of IPv6 the network that one customer has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Source {
    V4(u32),
    V6(u64),
}

impl Source {
    fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(address) => Self::V4(address.to_bits()),
            IpAddr::V6(address) => Self::V6((address.to_bits() >> 64) as u64),
        }
    }
}

/// A place, until it is dropped or given to another.
pub(super) struct Place {
    startups: Arc<Startups>,
    number: u64,
    taken: Arc<Notify>,
}

impl Place {
    /// Waits until another has it.
    pub(super) async fn lost(&self) {
        self.taken.notified().await;
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.startups.places().held.retain(|held| held.number != self.number);
    }
}

impl Startups {
    pub(super) fn new() -> Arc<Self> {
        let waiting = Semaphore::new(STARTUPS_WAITING);
        Arc::new(Self { held: Mutex::default(), turn: Turn::default(), waiting })
    }

    fn places(&self) -> MutexGuard<'_, Places> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a place for who comes from there; `None` where too many wait for one.
    pub(super) async fn enter(self: &Arc<Self>, from: IpAddr, progress: &watch::Receiver<Standing>) -> Option<Place> {
        let source = Source::of(from);
        if let Ok(place) = self.try_enter(source, progress) {
            return Some(place);
        }
        let _waiting = self.waiting.try_acquire().ok()?;
        let _turn = self.turn.lock().await;
        loop {
            match self.try_enter(source, progress) {
                Ok(place) => return Some(place),
                Err(when) => sleep_until(when).await,
            }
        }
    }

    /// Takes a place, perhaps another's; else says when to ask again.
    fn try_enter(self: &Arc<Self>, source: Source, progress: &watch::Receiver<Standing>) -> Result<Place, Instant> {
        let mut places = self.places();
        if places.held.len() >= STARTUPS {
            let at = yields(&places.held, source, Instant::now())?;
            places.held.swap_remove(at).taken.notify_one();
        }
        places.numbered += 1;
        let (number, taken) = (places.numbered, Arc::new(Notify::new()));
        let (progress, since) = (progress.clone(), Instant::now());
        places.held.push(Held { number, source, since, progress, taken: taken.clone() });
        Ok(Place { startups: self.clone(), number, taken })
    }
}

/// Who gives way to one from there; or when somebody does.
fn yields(held: &[Held], to: Source, now: Instant) -> Result<usize, Instant> {
    let mut counts: HashMap<Source, usize> = HashMap::new();
    held.iter().for_each(|held| *counts.entry(held.source).or_default() += 1);
    let most = counts.values().copied().max().unwrap_or_default();
    let heaviest = held.iter().enumerate().filter(|(_, held)| counts.get(&held.source) == Some(&most));
    let first = heaviest.min_by_key(|(_, held)| (held.progress.borrow().has_keys, held.since));
    let Some((at, held)) = first else { return Err(now + STARTUP_TENURE) };
    let has_fewer = counts.get(&to).copied().unwrap_or_default() + 1 < most;
    let when = held.since + STARTUP_TENURE;
    if has_fewer || when <= now { Ok(at) } else { Err(when) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;
    use tokio::time::advance;

    const CROWD: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));
    const OTHER: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 2));

    fn progress() -> (watch::Sender<Standing>, watch::Receiver<Standing>) {
        watch::channel(Standing::default())
    }

    async fn is_lost(place: &Place) -> bool {
        tokio::time::timeout(Duration::ZERO, place.lost()).await.is_ok()
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_holds_most_gives_way_at_once_and_its_equals_after_a_while() {
        let startups = Startups::new();
        let (_told, seen) = progress();
        let mut crowd = Vec::new();
        for _ in 0..STARTUPS {
            crowd.push(startups.enter(CROWD, &seen).await.unwrap());
            advance(Duration::from_millis(1)).await;
        }
        let one = startups.enter(OTHER, &seen).await.unwrap();
        assert!(is_lost(&crowd[0]).await && !is_lost(&crowd[1]).await);
        let begun = Instant::now();
        let again = startups.enter(CROWD, &seen).await.unwrap();
        assert!(begun.elapsed() + Duration::from_secs(1) > STARTUP_TENURE);
        assert!(is_lost(&crowd[1]).await && !is_lost(&one).await && !is_lost(&again).await);
        drop(crowd);
        assert_eq!(startups.places().held.len(), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_is_through_the_key_exchange_gives_way_last() {
        let startups = Startups::new();
        let ((told, first), (_, others)) = (progress(), progress());
        let diligent = startups.enter(CROWD, &first).await.unwrap();
        told.send_modify(|standing| standing.has_keys = true);
        let mut crowd = Vec::new();
        for _ in 0..2 * STARTUPS {
            crowd.push(startups.enter(CROWD, &others).await.unwrap());
        }
        assert!(!is_lost(&diligent).await && is_lost(&crowd[0]).await);
    }

    #[tokio::test(start_paused = true)]
    async fn only_so_many_wait() {
        let startups = Startups::new();
        let (_told, seen) = progress();
        let mut crowd = Vec::new();
        for _ in 0..STARTUPS {
            crowd.push(startups.enter(CROWD, &seen).await.unwrap());
        }
        let all = (0..STARTUPS_WAITING + 50).map(|_| startups.enter(CROWD, &seen));
        let came = futures::future::join_all(all).await.into_iter().flatten().count();
        assert_eq!(came, STARTUPS_WAITING);
    }

    #[test]
    fn addresses_of_one_customer_are_one_source() {
        let of = |text: &str| Source::of(text.parse().unwrap());
        assert_eq!(of("::ffff:192.0.2.1"), of("192.0.2.1"));
        assert_eq!(of("2001:db8::1"), of("2001:db8::2:3"));
        assert_ne!(of("2001:db8::1"), of("2001:db8:0:1::1"));
        assert_ne!(of("192.0.2.1"), of("192.0.2.2"));
    }
}
