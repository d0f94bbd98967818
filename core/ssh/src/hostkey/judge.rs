//! The judgement: what is known of the host against the key that it showed (sshconnect.c, check_host_key).

use log::{debug, error, warn};

use super::address::{Address, address, agree, warn_of_spoofing};
use super::command::{self, ADDRESS, HOST_NAME};
use super::key::is_permitted;
use super::known_hosts::{Keeper, Record};
use super::policy::Host;
use super::presented::{Presented, Vouched};
use super::standing::{Standing, offending, plain, standing, standing_of_certificate};
use super::subject::Subject;
use super::verify::{Trust, Verified, accept};
use super::{HostKeyError, KnownHosts, append, ask, certificate, randomart, warning};
use crate::prompt::Prompt;
use crate::settings::{StrictChecking, UpdateHostKeys};
use crate::terminal::visible::visible;

/// One host under judgement, and who can be asked about it.
pub(super) struct Judge<'a> {
    pub(super) subject: Subject<'a>,
    pub(super) prompt: &'a dyn Prompt,
}

impl Judge<'_> {
    /// Judges by what is known, to which KnownHostsCommand adds what it knows.
    pub(super) fn judge(&self, known: &KnownHosts) -> Result<Verified, HostKeyError> {
        let Subject { policy, presented, .. } = self.subject;
        let (mut by_name, mut by_address) = (known.by_name.clone(), known.by_address.clone());
        command::ask(policy, HOST_NAME, &self.subject.name(), Some(presented), &mut by_name)?;
        if let Some(address) = self.subject.address_to_check().filter(|_| presented.vouched.is_none()) {
            command::ask(policy, ADDRESS, &address, Some(presented), &mut by_address)?;
        }
        let known = KnownHosts { by_name, by_address };
        if let Some(vouched) = &presented.vouched {
            if let Some(verified) = self.by_certificate(&known, vouched)? {
                return Ok(verified);
            }
            debug!("No matching CA found. Retry with plain key");
            self.permit_plain()?;
            let presented = &Presented { key: presented.key.clone(), vouched: None };
            let subject = Subject { presented, ..self.subject };
            return Judge { subject, prompt: self.prompt }.by_key(&known);
        }
        self.by_key(&known)
    }

    /// The host under its bare name, and what is known of that.
    fn bare(&self) -> Result<Option<(Host, KnownHosts)>, HostKeyError> {
        let Some(host) = self.subject.host.without_port() else {
            return Ok(None);
        };
        debug!("checking without port identifier");
        let known = KnownHosts::load(self.subject.policy, &host)?;
        Ok(Some((host, known)))
    }

    fn under<'b>(&'b self, host: &'b Host) -> Judge<'b> {
        Judge { subject: Subject { host, ..self.subject }, prompt: self.prompt }
    }

    /// `None` where no authority vouches for the certificate, or it does not hold.
    fn by_certificate(&self, known: &KnownHosts, vouched: &Vouched) -> Result<Option<Verified>, HostKeyError> {
        if let Some(verified) = self.by_certificate_here(known, vouched)? {
            return Ok(Some(verified));
        }
        if known.has_authority_of(vouched) {
            return Ok(None);
        }
        let Some((host, known)) = self.bare()? else {
            return Ok(None);
        };
        let verified = self.under(&host).by_certificate_here(&known, vouched)?;
        if verified.is_some() {
            debug!("found matching key w/out port");
        }
        Ok(verified)
    }

    fn by_certificate_here(&self, known: &KnownHosts, vouched: &Vouched) -> Result<Option<Verified>, HostKeyError> {
        let Subject { policy, host, presented } = self.subject;
        let record = match standing_of_certificate(&known.by_name, &presented.key, vouched) {
            Standing::Revoked(record) => return self.revoked(record).map(Some),
            Standing::Same(record) => record,
            Standing::New | Standing::Changed => return Ok(None),
        };
        let (name, word) = (self.subject.name(), self.subject.word());
        debug!("Host '{name}' is known and matches the {word}-CERT host certificate.");
        debug!("Found CA key in {}", record.place);
        if let Err(reason) = certificate::check(policy, host, vouched) {
            error!("{reason}");
            return Ok(None);
        }
        self.draw();
        let id = visible(vouched.certificate.key_id().as_bytes());
        let how = format!("certificate \"{id}\", authority in {}", record.place);
        Ok(Some(accept(&self.subject, Trust::Known, how)))
    }

    /// HostKeyAlgorithms may permit certificates alone.
    fn permit_plain(&self) -> Result<(), HostKeyError> {
        let Subject { policy, presented, .. } = self.subject;
        if is_permitted(&presented.key, &policy.algorithms) {
            return Ok(());
        }
        let name = presented.key.name();
        error!("host key {name} not permitted by HostkeyAlgorithms");
        Err(HostKeyError::NotPermitted { shown: self.subject.shown(), name })
    }

    fn by_key(&self, known: &KnownHosts) -> Result<Verified, HostKeyError> {
        match standing(&known.by_name, &self.subject.presented.key) {
            Standing::Revoked(record) => self.revoked(record),
            Standing::Same(record) => self.same(record, known),
            Standing::Changed => self.changed(known),
            Standing::New => match self.bare()? {
                Some((host, bare)) => self.by_bare_name(&host, &bare, known),
                None => self.new_host(known),
            },
        }
    }

    /// Keys were known without the port once. That a key is not the one known there says nothing against it here.
    fn by_bare_name(&self, host: &Host, bare: &KnownHosts, known: &KnownHosts) -> Result<Verified, HostKeyError> {
        let under = self.under(host);
        match standing(&bare.by_name, &self.subject.presented.key) {
            Standing::Revoked(record) => under.revoked(record),
            Standing::Same(record) => {
                under.tell_same(record);
                agree(&under.subject, bare, Some(record), self.prompt)?;
                debug!("found matching key w/out port");
                let how = format!("known without the port, {}", record.place);
                Ok(accept(&self.subject, Trust::Known, how))
            }
            Standing::New | Standing::Changed => self.new_host(known),
        }
    }

    fn tell_same(&self, record: &Record) {
        debug!("Host '{}' is known and matches the {} host key.", self.subject.name(), self.subject.word());
        debug!("Found key in {}", record.place);
        self.draw();
    }

    /// VisualHostKey, for a key that is known; for a new one the picture is in the question.
    fn draw(&self) {
        let Subject { policy, presented, .. } = self.subject;
        if policy.visual {
            let picture = randomart::draw(&presented.key, presented.vouched.is_some(), policy.fingerprint_hash);
            warn!("Host key fingerprint is {}\n{picture}", self.subject.fingerprint());
        }
    }

    fn same(&self, record: &Record, known: &KnownHosts) -> Result<Verified, HostKeyError> {
        self.tell_same(record);
        agree(&self.subject, known, Some(record), self.prompt)?;
        let (here, there) = (record.place.keeper, address(&self.subject, known));
        if there == Address::Unknown
            && here != Keeper::Command
            && let Some(address) = self.subject.address_to_check()
        {
            append::address(&self.subject, &address);
        }
        let ours = here == Keeper::User && there != Address::Same(Keeper::System);
        let trust = if ours { Trust::Fully } else { Trust::Known };
        Ok(accept(&self.subject, trust, format!("known, {}", record.place)))
    }

    fn revoked(&self, record: &Record) -> Result<Verified, HostKeyError> {
        warning::revoked(&self.subject);
        if self.subject.policy.strict == StrictChecking::No {
            return self.let_in(format!("REVOKED by {}, let in by StrictHostKeyChecking no", record.place));
        }
        error!(
            "{} host key for {} was revoked and you have requested strict checking.",
            self.subject.word(),
            self.subject.name()
        );
        Err(HostKeyError::Revoked { shown: self.subject.shown(), by: record.place.to_string() })
    }

    fn changed(&self, known: &KnownHosts) -> Result<Verified, HostKeyError> {
        let key = &self.subject.presented.key;
        let Some(offending) = offending(&known.by_name, key) else {
            return self.new_host(known);
        };
        let all: Vec<&Record> = plain(&known.by_name).collect();
        warn_of_spoofing(&self.subject, known, offending);
        warning::changed(&self.subject, offending, &all);
        if self.subject.policy.strict == StrictChecking::No {
            let place = &offending.place;
            return self.let_in(format!("CHANGED from {place}, let in by StrictHostKeyChecking no"));
        }
        error!("Host key for {} has changed and you have requested strict checking.", self.subject.name());
        Err(HostKeyError::Changed {
            shown: self.subject.shown(),
            known: all.into_iter().map(|record| self.subject.known_key(record)).collect(),
        })
    }

    /// `StrictHostKeyChecking no`: the host is let in, but gets nothing that someone in the middle could use.
    fn let_in(&self, how: String) -> Result<Verified, HostKeyError> {
        let withheld = warning::withheld(self.subject.policy);
        if withheld && self.subject.policy.at_risk.exit_on_failure {
            return Err(HostKeyError::ForwardingDisabled);
        }
        Ok(accept(&self.subject, Trust::Not, how))
    }

    fn new_host(&self, known: &KnownHosts) -> Result<Verified, HostKeyError> {
        let (policy, word, name) = (self.subject.policy, self.subject.word(), self.subject.name());
        let unknown = || HostKeyError::Unknown { shown: self.subject.shown() };
        if !self.subject.can_record() {
            error!("No {word} host key is known for {name} and there is no file that it can be written to.");
            return Err(unknown());
        }
        let trust = match policy.strict {
            StrictChecking::Yes => {
                error!("No {word} host key is known for {name} and you have requested strict checking.");
                return Err(unknown());
            }
            StrictChecking::Ask if ask::about_unknown(&self.subject, self.prompt)? => Trust::Fully,
            StrictChecking::Ask => {
                return Err(HostKeyError::Declined { shown: self.subject.shown() });
            }
            StrictChecking::AcceptNew | StrictChecking::No => Trust::Known,
        };
        agree(&self.subject, known, None, self.prompt)?;
        let unknown_too = address(&self.subject, known) == Address::Unknown;
        let address = self.subject.address_to_check().filter(|_| unknown_too);
        append::host(&self.subject, address.as_deref());
        if trust != Trust::Fully && policy.update != UpdateHostKeys::No {
            debug!("hostkey not known or explicitly trusted: disabling UpdateHostkeys");
        }
        Ok(accept(&self.subject, trust, "new".to_owned()))
    }
}
