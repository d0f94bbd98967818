use super::Template;

/// `ForwardAgent`, where it is not no.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ForwardedAgent {
    /// The agent that we log in with.
    Own,
    /// The one at a socket (tokens, `~`, `${VARIABLES}` and `$VARIABLE` unexpanded).
    At(Template),
}
