//! What the lines have set so far. The first value of a keyword stays; a few accumulate.

use super::keyword::Keyword;
use crate::settings::Forward;

/// A value in the form that `-G` prints.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Value {
    /// A word that the keyword's choices hold.
    Word(&'static str),
    /// A number; what negative ones mean is the keyword's affair.
    Number(i64),
    /// Text as written.
    Text(String),
    /// Several texts.
    List(Vec<String>),
}

/// A file named by a line, and whether that line is the user's own (not the system's, not a default).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NamedFile {
    pub(crate) path: String,
    pub(crate) by_user: bool,
}

/// All values.
#[derive(Debug, Clone)]
pub(crate) struct Values {
    slots: Vec<Option<Value>>,
    /// `IdentityFile`.
    pub(crate) identity_files: Vec<NamedFile>,
    /// `CertificateFile`.
    pub(crate) certificate_files: Vec<NamedFile>,
    /// `LocalForward` and `DynamicForward`, in one order.
    pub(crate) local_forwards: Vec<Forward>,
    /// `RemoteForward`.
    pub(crate) remote_forwards: Vec<Forward>,
    /// `SendEnv`.
    pub(crate) send_env: Vec<String>,
    /// `CanonicalizePermittedCNAMEs`, sources and targets; one empty target is `none`.
    pub(crate) permitted_cnames: Vec<(String, String)>,
}

impl Default for Values {
    fn default() -> Self {
        Self {
            slots: vec![None; Keyword::Count as usize],
            identity_files: Vec::new(),
            certificate_files: Vec::new(),
            local_forwards: Vec::new(),
            remote_forwards: Vec::new(),
            send_env: Vec::new(),
            permitted_cnames: Vec::new(),
        }
    }
}

impl Values {
    /// Adds a forward, unless it is there.
    pub(crate) fn add_forward(&mut self, remote: bool, forward: Forward) {
        let forwards = if remote { &mut self.remote_forwards } else { &mut self.local_forwards };
        if !forwards.contains(&forward) {
            forwards.push(forward);
        }
    }

    /// The value of `keyword`, if a line has set it.
    pub(crate) fn get(&self, keyword: Keyword) -> Option<&Value> {
        self.slots.get(keyword as usize)?.as_ref()
    }

    /// Whether a line has set `keyword`.
    pub(crate) fn has(&self, keyword: Keyword) -> bool {
        self.get(keyword).is_some()
    }

    /// Sets `keyword`, whatever it was.
    pub(crate) fn put(&mut self, keyword: Keyword, value: Value) {
        if let Some(slot) = self.slots.get_mut(keyword as usize) {
            *slot = Some(value);
        }
    }

    /// Sets `keyword` if nothing has set it yet.
    pub(crate) fn put_first(&mut self, keyword: Keyword, value: Value) {
        if !self.has(keyword) {
            self.put(keyword, value);
        }
    }

    /// Takes the value of `keyword` away.
    pub(crate) fn clear(&mut self, keyword: Keyword) {
        if let Some(slot) = self.slots.get_mut(keyword as usize) {
            *slot = None;
        }
    }

    /// The word of a keyword with choices.
    pub(crate) fn word(&self, keyword: Keyword) -> Option<&'static str> {
        match self.get(keyword)? {
            Value::Word(word) => Some(word),
            _ => None,
        }
    }

    /// Whether a yes-or-no keyword is `yes`.
    pub(crate) fn is_yes(&self, keyword: Keyword) -> bool {
        self.word(keyword) == Some("yes")
    }

    /// The number of a keyword with a number.
    pub(crate) fn number(&self, keyword: Keyword) -> Option<i64> {
        match self.get(keyword)? {
            Value::Number(number) => Some(*number),
            _ => None,
        }
    }

    /// The text of a keyword with one.
    pub(crate) fn text(&self, keyword: Keyword) -> Option<&str> {
        match self.get(keyword)? {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The text of a keyword with one, unless it is `none`.
    pub(crate) fn text_unless_none(&self, keyword: Keyword) -> Option<&str> {
        self.text(keyword).filter(|text| !text.eq_ignore_ascii_case("none"))
    }

    /// The elements of a keyword with several; none where nothing has set it.
    pub(crate) fn list(&self, keyword: Keyword) -> &[String] {
        match self.get(keyword) {
            Some(Value::List(list)) => list,
            _ => &[],
        }
    }
}
