//! Logins: against the installed sshd and ssh-agent, against scripted servers, and against agents that misbehave.

mod agents;
mod certificates;
mod client;
mod files;
mod hostile_agents;
mod person;
mod scripted;
mod scripted_logins;
mod sshd;
