//! xssh: a remote shell for every caller, through any chain of hops.
#![forbid(unsafe_code)]

mod args;
mod authorize;
mod environment;
mod help;
mod log;
mod prompt;
mod remote_shell;
mod route;
mod runtime;
mod serve;
mod share;
mod sync;
mod tunnel;
mod words;

use args::{Action, Fault};

fn main() -> std::process::ExitCode {
    environment::clean_up();
    log::start();
    let (program, argv) = environment::argv();
    let action = args::parse(&program, &argv);
    let tells_something = matches!(action, Ok(Action::Version | Action::Help(_) | Action::Query(_)) | Err(_));
    let code = match environment::need_descriptors() {
        Err(why) if !tells_something => words::fail(&why),
        _ => act(action),
    };
    environment::leave(code)
}

/// Does it; the exit code.
fn act(action: Result<Action, Fault>) -> u8 {
    match action {
        Ok(Action::Version) => help::version(),
        Ok(Action::Help(how)) => help::print(how),
        Ok(Action::Query(question)) => help::query(&question),
        Ok(Action::RemoteShell(invocation)) => log::with(&invocation, || remote_shell::run(&invocation)),
        Ok(Action::Route { invocation, json }) => log::with(&invocation, || route::run(&invocation, json)),
        Ok(Action::Tunnel(call)) => tunnel::run(&call),
        Ok(Action::Sync(call)) => sync::run(&call),
        Ok(Action::Authorize(call)) => authorize::run(&call),
        Ok(Action::Serve(call)) => serve::forced(&call),
        Ok(Action::Listen(call)) => serve::listen(&call),
        Ok(Action::ServeSync) => serve::sync(),
        Ok(Action::Verify(digest)) => u8::from(!sync::verify(&digest)),
        Ok(Action::ServeSyncJoin) => serve::join(),
        Err(fault) => words::usage(&fault),
    }
}
