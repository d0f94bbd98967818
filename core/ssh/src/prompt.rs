//! The questions that reach a person. The library asks through this trait; only the cli knows how (terminal, askpass,
//! or not at all in batch mode).

use zeroize::Zeroizing;

/// Someone who can be asked. All calls block; call them from `spawn_blocking`.
pub trait Prompt: Send + Sync {
    /// Asks for a secret without echo. `None`: nobody can be asked (batch mode, no terminal), or they declined.
    fn secret(&self, question: &str) -> Option<Zeroizing<String>>;
    /// Asks for a line with echo.
    fn line(&self, question: &str) -> Option<String>;
    /// Asks for a permission; an empty answer and "yes" give it.
    fn confirm(&self, question: &str) -> bool {
        self.line(question).is_some_and(|answer| answer.is_empty() || answer.eq_ignore_ascii_case("yes"))
    }
    /// Shows a text that is no question (keyboard-interactive instructions, banners). Control bytes are already escaped.
    fn show(&self, text: &str);
    /// Asks the person to touch a security key; the guard that comes back takes the request away again.
    fn touch(&self, text: &str) {
        self.show(text);
    }
}

/// Nobody: every question goes unanswered.
pub struct Nobody;

impl Prompt for Nobody {
    fn secret(&self, _: &str) -> Option<Zeroizing<String>> {
        None
    }
    fn line(&self, _: &str) -> Option<String> {
        None
    }
    fn show(&self, _: &str) {}
}
