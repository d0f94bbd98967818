//! Ends a run in order where a person or the system wants its end: the display goes, and the terminal is as it was.

use std::sync::Arc;
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use xssh_ssh::exec::Killers;

use super::show::Show;
use crate::environment;

/// Ended by a signal (rsync(1), EXIT VALUES).
const INTERRUPTED: u8 = 20;
/// How long the words may take: somebody may have stopped reading them.
const PATIENCE: Duration = Duration::from_millis(500);

/// Listens from now on. Where it cannot, a signal ends us as it ends every program.
pub(super) fn listen(show: &Arc<Show>) {
    let show = Arc::clone(show);
    let _ = thread::Builder::new().spawn(move || {
        let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else { return };
        let signal = runtime.block_on(async { Killers::watch().next().await });
        let (done, told) = channel();
        let _ = thread::Builder::new().spawn(move || {
            let why = format!(
                "ended by signal {signal}: what came whole is in place, and the next run goes on from the rest"
            );
            show.failed(Some(&why), INTERRUPTED);
            let _ = done.send(());
        });
        let _ = told.recv_timeout(PATIENCE);
        environment::leave(INTERRUPTED);
    });
}
