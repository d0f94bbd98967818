//! Records `xssh sync` at a terminal and draws what its screen showed: docs/pictures/sync.svg.
//!
//! `cargo build --release -p xssh && cargo run -p xssh-tests --bin picture -- target/release/xssh`
//!
//! Three runs against a real sshd on loopback, each held to a rate that a line has, so that there is something to see. The
//! screen is what was written to the pseudo-terminal; the commands above are those that were run, without the options that
//! lead to the throw-away host.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use xssh_tests::home::Home;
use xssh_tests::noise::Noise;
use xssh_tests::screen::Screen;
use xssh_tests::sshd::Sshd;
use xssh_tests::terminal::Terminal;

const COLUMNS: u16 = 108;
/// Between two pictures of the recording.
const PAUSE: Duration = Duration::from_millis(250);
/// How long the end of a run stays.
const READING: Duration = Duration::from_millis(1500);
/// What a run may take.
const PATIENCE: Duration = Duration::from_secs(60);
/// The size of a letter.
const LETTER: (f64, f64) = (8.4, 18.0);

/// A run: what is typed, and the rate of the line.
const RUNS: [(&str, &str); 3] = [
    ("xssh sync --gitignore --delete project nas:/src/project", "2m"),
    ("xssh sync vm.img nas:/images/vm.img", "4m"),
    ("xssh sync photos nas:/photos", "12m"),
];

fn main() {
    let xssh = std::env::args_os().nth(1).map(PathBuf::from).and_then(|path| path.canonicalize().ok());
    let xssh = xssh.expect("the path of xssh");
    let sshd = Sshd::plan().start();
    let home = Home::facing("nas", &sshd);
    material(home.path(), &sshd.home());
    let mut recording = Recording { screen: Screen::new(COLUMNS.into()), frames: Vec::new() };
    for (line, rate) in RUNS {
        run(&mut recording, &home, &sshd, &xssh, line, rate);
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/pictures/sync.svg");
    fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
    fs::write(&path, recording.svg()).expect("the picture");
}

/// A source tree of which some has changed, an image of which little has, and photos that are new.
fn material(here: &Path, there: &Path) {
    let write = |path: PathBuf, bytes: &[u8]| {
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, bytes).expect("a file");
    };
    let names = ["parser", "tokens", "render", "layout", "network", "session", "storage", "index"];
    for number in 0..1600_u64 {
        let name = format!("src/{}/{}_{number}.rs", names[number as usize % 8], names[number as usize / 8 % 8]);
        let text = Noise { seed: number, length: 2000 + number * 7 % 9000 }.bytes();
        write(here.join("project").join(&name), &text);
        if number % 3 != 0 {
            write(there.join("src/project").join(&name), &text);
        }
    }
    write(here.join("project/.gitignore"), b"target/\n");
    write(here.join("project/target/debug/program"), &[0; 1_000_000]);
    let mut image = Noise { seed: 1, length: 256 << 20 }.bytes();
    write(there.join("images/vm.img"), &image);
    for at in (0..image.len()).step_by(12 << 20) {
        image[at..at + (512 << 10)].reverse();
    }
    write(here.join("vm.img"), &image);
    for number in 0..1200_u64 {
        let name = format!("photos/{}/{:02}/IMG_{:04}.jpg", 2019 + number / 200, number / 17 % 12 + 1, 1000 + number);
        write(here.join(name), &Noise { seed: number, length: 30_000 + number * 131 % 90_000 }.bytes());
    }
}

fn run(recording: &mut Recording, home: &Home, sshd: &Sshd, xssh: &Path, line: &str, rate: &str) {
    recording.screen.write(&format!("$ {line}\r\n"));
    recording.hold(PAUSE);
    let mut terminal = Terminal::new();
    terminal.resize(COLUMNS, 24);
    let [setsid, ctty, end] = Terminal::owner();
    let call = home.call(setsid).arg(ctty).arg(end).arg(xssh).arg("sync").arg("-F").arg(home.config());
    let call = call.args(["--bwlimit", rate, "--remote-xssh"]).arg(xssh).env("TERM", "xterm");
    let words = line.split(' ').skip(2).map(|word| match word.split_once(':') {
        Some((host, path)) => format!("{host}:{}{path}", sshd.home().display()),
        None => word.to_owned(),
    });
    let running = terminal.start(call.args(words));
    let (begun, mut last) = (Instant::now(), Instant::now());
    // The last words of a run, wherever the line is broken.
    let ended = |screen: &Screen| screen.text().concat().matches("; root ").count();
    let before = ended(&recording.screen);
    while ended(&recording.screen) == before {
        assert!(begun.elapsed() < PATIENCE, "it does not end: {:#?}", recording.screen.text());
        recording.screen.write(&terminal.read(PAUSE / 5));
        if last.elapsed() >= PAUSE {
            last = Instant::now();
            recording.hold(PAUSE);
        }
    }
    recording.screen.write(&terminal.read(PAUSE));
    let _ = running.wait().ok();
    recording.hold(READING);
}

/// What the screen showed, and for how long.
struct Recording {
    screen: Screen,
    frames: Vec<(Vec<String>, Duration)>,
}

impl Recording {
    fn hold(&mut self, time: Duration) {
        let text = self.screen.text();
        match self.frames.last_mut() {
            Some((last, shown)) if *last == text => *shown += time,
            _ => self.frames.push((text, time)),
        }
    }

    /// One group of lines a frame, of which one is visible at a time.
    fn svg(&self) -> String {
        let lines = self.frames.iter().map(|(lines, _)| lines.len()).max().unwrap_or(0);
        let (width, height) = (f64::from(COLUMNS) * LETTER.0 + 24.0, lines as f64 * LETTER.1 + 24.0);
        let all: f64 = self.frames.iter().map(|(_, time)| time.as_secs_f64()).sum();
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height:.0}\" font-family=\"monospace\" \
             font-size=\"14\" fill=\"#d8dee9\">\n<title>xssh sync: a source tree, an image and photos</title>\n\
             <rect width=\"100%\" height=\"100%\" rx=\"6\" fill=\"#20242c\"/>\n"
        );
        // Where nothing moves, the last frame stands there.
        let mut begun = 0.0;
        for (at, (lines, time)) in self.frames.iter().enumerate() {
            let end = begun + time.as_secs_f64();
            let is_last = at + 1 == self.frames.len();
            let (from, to) = (begun / all, if is_last { 1.0 } else { end / all });
            let shown = if is_last { "visible" } else { "hidden" };
            let _ = writeln!(svg, "<g visibility=\"{shown}\">");
            let values = if at == 0 { "visible;hidden" } else { "hidden;visible;hidden" };
            let times = if at == 0 { format!("0;{to:.4}") } else { format!("0;{from:.4};{to:.4}") };
            let _ = writeln!(
                svg,
                "<animate attributeName=\"visibility\" calcMode=\"discrete\" values=\"{values}\" keyTimes=\"{times}\" \
                 dur=\"{all:.2}s\" repeatCount=\"indefinite\"/>"
            );
            for (row, line) in lines.iter().enumerate().filter(|(_, line)| !line.is_empty()) {
                let (y, length) = ((row + 1) as f64 * LETTER.1 + 8.0, line.chars().count() as f64 * LETTER.0);
                let colour = if line.starts_with("$ ") { " fill=\"#a3be8c\"" } else { "" };
                let _ = writeln!(
                    svg,
                    "<text x=\"12\" y=\"{y:.0}\" textLength=\"{length:.1}\" xml:space=\"preserve\"{colour}>{}</text>",
                    line.replace('&', "&amp;").replace('<', "&lt;")
                );
            }
            svg.push_str("</g>\n");
            begun = end;
        }
        svg + "</svg>\n"
    }
}
