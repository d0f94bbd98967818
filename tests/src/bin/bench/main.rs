//! `bench`: xssh and `ssh` side by side, run by run, over every row of the speed table.
//!
//! `cargo build --release && cargo run --release -p xssh-tests --bin bench` measures everything and keeps the raw runs and
//! a table in `docs/benchmarks/`. It is a program and no test: what it finds depends on the machine and what else runs
//! there. It must never touch a person's own keys or configuration: `lab` makes its own.
//!
//! In order of use: `lab` (a throw-away sshd and everything a client needs), `material` (files to move), `workload`, `sync`, `cvs`,
//! `serve`, `forwarded` and `shared` (the rows), `contest` (A B A B), `measure` (one run), `machine`, `report` and `plot`.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program that talks to its user")]

mod contest;
mod cvs;
mod error;
mod forwarded;
mod lab;
mod machine;
mod material;
mod measure;
mod plot;
mod report;
mod serve;
mod shared;
mod sync;
mod workload;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};

use contest::Measured;
use error::BenchError;
use lab::Lab;
use machine::Machine;
use material::{Material, Scale};

fn main() -> ExitCode {
    match run(&grammar().get_matches()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error}");
            ExitCode::FAILURE
        }
    }
}

fn grammar() -> Command {
    let port = |name: &'static str| Arg::new(name).long(name).value_parser(value_parser!(u16));
    let path = |name: &'static str| Arg::new(name).long(name).value_parser(value_parser!(PathBuf));
    Command::new("bench")
        .about("Measures xssh and ssh side by side; keeps raw runs and a table in docs/benchmarks")
        .arg(
            Arg::new("quick")
                .long("quick")
                .action(ArgAction::SetTrue)
                .help("Small files, one run each, nothing kept: does it run at all?"),
        )
        .arg(
            Arg::new("only")
                .long("only")
                .action(ArgAction::Append)
                .help("Only the rows whose name starts so; may be given again"),
        )
        .arg(
            Arg::new("runs")
                .long("runs")
                .value_parser(value_parser!(u32).range(1..))
                .help("Pairs of runs for each row [default: each row's own]"),
        )
        .arg(
            port("visit")
                .help("Make the connections of the rows of forwards to this port, and nothing else")
                .hide(true),
        )
        .arg(port("socks").help("... through the SOCKS proxy there, to this port behind it").hide(true))
        .arg(path("xssh").help("The program to measure [default: xssh beside this program]"))
        .arg(path("out").help("Where results are kept [default: docs/benchmarks; with --quick nowhere]"))
        .arg(path("scratch").help("Where files are moved from and to [default: /dev/shm]"))
}

fn run(args: &ArgMatches) -> Result<(), BenchError> {
    if let Some(port) = args.get_one("visit") {
        return forwarded::visit(*port, args.get_one("socks").copied());
    }
    let quick = args.get_flag("quick");
    let only: Vec<&String> = args.get_many("only").unwrap_or_default().collect();
    let xssh = match args.get_one::<PathBuf>("xssh") {
        Some(path) => path.clone(),
        None => beside_this()?,
    };
    let scratch = args.get_one::<PathBuf>("scratch").map_or(Path::new("/dev/shm"), PathBuf::as_path);
    let lab = Lab::start(scratch)?;
    let material = Material::at(&lab.scratch, if quick { Scale::QUICK } else { Scale::FULL });
    let machine = Machine::describe(&xssh, &lab)?;
    let mut measured: Vec<Measured> = Vec::new();
    for row in workload::rows(&lab, &material, &xssh)? {
        if !only.is_empty() && !only.iter().any(|prefix| row.name.starts_with(prefix.as_str())) {
            continue;
        }
        let pairs = args.get_one::<u32>("runs").copied().unwrap_or(if quick { 1 } else { row.pairs });
        eprintln!("{}: {pairs} pairs", row.name);
        if let Some(source) = row.task.source() {
            material.ensure(source)?;
        }
        row.task.make()?;
        measured.push(row.measure(pairs)?);
        row.task.clear()?;
    }
    let table = report::markdown(&machine, &material.scale, &measured);
    println!("{table}");
    let out = match args.get_one::<PathBuf>("out") {
        Some(out) => Some(out.clone()),
        None if quick => None,
        None => Some(Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/benchmarks")),
    };
    if let Some(out) = out {
        report::keep(&out, &machine, &table, &measured)?;
    }
    Ok(())
}

/// The xssh of the same build: cargo puts binaries side by side.
fn beside_this() -> Result<PathBuf, BenchError> {
    let this = std::env::current_exe().map_err(BenchError::io("the path of this program"))?;
    let xssh = this.with_file_name("xssh");
    if xssh.exists() { Ok(xssh) } else { Err(BenchError::NoSubject { path: xssh }) }
}
