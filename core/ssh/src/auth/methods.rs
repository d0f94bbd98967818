//! Which method comes next: what the user prefers, of what the server says can continue (sshconnect2.c,
//! authmethod_get). No I/O.

use crate::settings::Method;
use log::{debug, trace};
use std::fmt;

/// A method's name on the wire (RFC 4252, section 5; RFC 4256).
pub(super) fn name(method: Method) -> &'static str {
    match method {
        Method::PublicKey => "publickey",
        Method::KeyboardInteractive => "keyboard-interactive",
        Method::Password => "password",
    }
}

/// The names that a server said can continue.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Offered(pub(super) Vec<&'static str>);

impl Offered {
    pub(super) fn has(&self, method: Method) -> bool {
        self.0.contains(&name(method))
    }
}

impl fmt::Display for Offered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join(","))
    }
}

/// The place in the list of preferred methods.
#[derive(Debug)]
pub(super) struct Methods {
    preferred: Vec<Method>,
    disabled: Vec<Method>,
    /// What the server offered last; `None` before it said anything: then all are worth a try.
    offered: Option<Offered>,
    current: Option<Method>,
    /// What in `preferred` was not come to yet.
    next: usize,
}

impl Methods {
    pub(super) fn new(preferred: Vec<Method>) -> Self {
        Self { preferred, disabled: Vec::new(), offered: None, current: None, next: 0 }
    }

    /// The server said what can continue. Another list than before starts over at the most preferred.
    pub(super) fn offer(&mut self, offered: Offered) {
        if self.offered.as_ref() != Some(&offered) {
            trace!("start over, passed a different list {offered}");
            // The first list settles only what was a guess: who is being tried stays.
            let was_guessed = self.offered.is_none();
            if !(was_guessed && self.current.is_some_and(|current| offered.has(current))) {
                self.current = None;
                self.next = 0;
            }
            self.offered = Some(offered);
        }
    }

    /// The method has nothing left to try.
    pub(super) fn disable(&mut self, method: Method) {
        self.disabled.push(method);
    }

    /// Whether nothing is preferred to this method.
    pub(super) fn is_first(&self, method: Method) -> bool {
        self.preferred.first() == Some(&method)
    }

    fn is_enabled(&self, method: Method) -> bool {
        self.preferred.contains(&method) && !self.disabled.contains(&method)
    }

    /// The method to try now: the one that is being tried while it has something left, or the next.
    pub(super) fn current(&mut self) -> Option<Method> {
        if let Some(current) = self.current.filter(|current| self.is_enabled(*current)) {
            return Some(current);
        }
        self.current = None;
        while let Some(method) = self.preferred.get(self.next).copied() {
            self.next += 1;
            let offered = self.offered.as_ref().is_none_or(|offered| offered.has(method));
            if offered && self.is_enabled(method) {
                debug!("Next authentication method: {}", name(method));
                self.current = Some(method);
                return self.current;
            }
        }
        debug!("No more authentication methods to try.");
        None
    }

    pub(super) fn offered(&self) -> Option<&Offered> {
        self.offered.as_ref()
    }
}

#[cfg(test)]
mod tests {
    use super::{Methods, Offered};
    use crate::settings::Method::{KeyboardInteractive, Password, PublicKey};

    fn offered(names: &str) -> Offered {
        let known = ["publickey", "keyboard-interactive", "password", "hostbased"];
        Offered(known.into_iter().filter(|name| names.split(',').any(|n| n == *name)).collect())
    }

    fn methods() -> Methods {
        Methods::new(vec![PublicKey, KeyboardInteractive, Password])
    }

    #[test]
    fn preference_is_ours_choice_is_the_servers() {
        let mut methods = methods();
        methods.offer(offered("password,publickey"));
        assert_eq!(methods.current(), Some(PublicKey));
        assert_eq!(methods.current(), Some(PublicKey));
        methods.disable(PublicKey);
        assert_eq!(methods.current(), Some(Password));
        methods.disable(Password);
        assert_eq!(methods.current(), None);
    }

    #[test]
    fn before_the_first_list_all_are_worth_a_try() {
        let mut methods = methods();
        assert_eq!(methods.current(), Some(PublicKey));
        methods.offer(offered("publickey,password"));
        assert_eq!(methods.current(), Some(PublicKey));
        let mut methods = self::methods();
        assert_eq!(methods.current(), Some(PublicKey));
        methods.offer(offered("password"));
        assert_eq!(methods.current(), Some(Password));
    }

    #[test]
    fn another_list_starts_over() {
        let mut methods = methods();
        methods.offer(offered("password"));
        assert_eq!(methods.current(), Some(Password));
        methods.offer(offered("publickey"));
        assert_eq!(methods.current(), Some(PublicKey));
    }

    #[test]
    fn what_is_disabled_stays_so() {
        let mut methods = methods();
        methods.disable(PublicKey);
        methods.offer(offered("publickey"));
        assert_eq!(methods.current(), None);
    }
}
