use std::io;
use std::path::PathBuf;

use thiserror::Error;

/// Why X11 is not forwarded.
#[derive(Debug, Error)]
pub enum X11Error {
    /// DISPLAY says something else than where a display is.
    #[error("DISPLAY \"{display}\" invalid; disabling X11 forwarding")]
    Display {
        /// What it says, made safe to show.
        display: String,
    },
    /// xauth cannot be run.
    #[error("cannot run {}: {source}; XAuthLocation names another", program.display())]
    Start {
        /// The program.
        program: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// No answer in time.
    #[error("{} did not answer within {seconds} s", program.display())]
    Silent {
        /// The program.
        program: PathBuf,
        /// How long we waited.
        seconds: u64,
    },
    /// The X server, or xauth, gives no restricted cookie.
    #[error(
        "untrusted X11 forwarding setup failed: xauth key data not generated{said}; -Y trusts the host with all of the display"
    )]
    NotGenerated {
        /// What xauth says, in brackets, made safe to show.
        said: String,
    },
    /// No place for the file that xauth works on.
    #[error("cannot make a folder for xauth in {}: {source}", folder.display())]
    Folder {
        /// Where.
        folder: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The system has no random numbers.
    #[error("no random numbers for X11's cookie")]
    Random,
}
