//! What a terminal makes of what was written to it: its lines, as far as progress displays need one.

/// A terminal's screen. It has as many lines as are needed and never scrolls.
#[derive(Debug, Clone)]
pub struct Screen {
    columns: usize,
    lines: Vec<Vec<char>>,
    line: usize,
    column: usize,
    /// What it looked like whenever a line was about to be wiped.
    frames: Vec<Vec<String>>,
}

impl Screen {
    /// An empty one.
    #[must_use]
    pub fn new(columns: usize) -> Self {
        Self { columns, lines: vec![Vec::new()], line: 0, column: 0, frames: Vec::new() }
    }

    /// Takes what was written.
    ///
    /// # Panics
    /// At a control sequence that no display of ours uses.
    pub fn write(&mut self, text: &str) {
        let mut letters = text.chars();
        while let Some(letter) = letters.next() {
            match letter {
                '\x1b' => {
                    assert_eq!(letters.next(), Some('['), "an escape that is no CSI");
                    let mut number = String::new();
                    let last = loop {
                        match letters.next() {
                            Some(digit) if digit.is_ascii_digit() || digit == '?' || digit == ';' => number.push(digit),
                            Some(last) => break last,
                            None => return,
                        }
                    };
                    self.control(number.parse().unwrap_or(1), last);
                }
                '\r' => self.column = 0,
                '\n' => self.go_to(self.line + 1),
                letter => self.put(letter),
            }
        }
    }

    fn control(&mut self, number: usize, what: char) {
        match what {
            'A' => self.line = self.line.saturating_sub(number),
            'B' => self.go_to(self.line + number),
            'K' => {
                self.frames.push(self.text());
                self.lines[self.line].clear();
            }
            'J' | 'm' | 'h' | 'l' => {}
            other => panic!("a control sequence {other:?}"),
        }
    }

    fn go_to(&mut self, line: usize) {
        self.line = line;
        let least = self.lines.len().max(line + 1);
        self.lines.resize(least, Vec::new());
    }

    fn put(&mut self, letter: char) {
        if self.column == self.columns {
            self.go_to(self.line + 1);
            self.column = 0;
        }
        let line = &mut self.lines[self.line];
        if line.len() <= self.column {
            line.resize(self.column + 1, ' ');
        }
        line[self.column] = letter;
        self.column += 1;
    }

    /// Its lines now, without blanks at their ends, and without empty ones at the end.
    #[must_use]
    pub fn text(&self) -> Vec<String> {
        let lines = self.lines.iter().map(|line| line.iter().collect::<String>().trim_end().to_owned());
        let mut lines: Vec<String> = lines.collect();
        while lines.last().is_some_and(String::is_empty) {
            lines.pop();
        }
        lines
    }

    /// What it looked like from time to time.
    #[must_use]
    pub fn frames(&self) -> &[Vec<String>] {
        &self.frames
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_wrap_and_are_wiped() {
        let mut screen = Screen::new(4);
        screen.write("ab\r\nabcdefg\x1b[1A\r\x1b[2Kx");
        assert_eq!(screen.text(), ["ab", "x", "efg"]);
        assert_eq!(screen.frames(), [vec!["ab".to_owned(), "abcd".to_owned(), "efg".to_owned()]]);
    }
}
