//! The name of the connection that calls share by themselves (`XsshShare auto`).

use ring::digest::{SHA256, digest};

/// Settings that concern one call and not the connection, as `-G` names them. What is not listed here makes another
/// connection: a call with another key, way or algorithm never travels on this one.
const OF_ONE_CALL: [&str; 37] = [
    "batchmode",
    "channeltimeout",
    "clearallforwardings",
    "connectionattempts",
    "connecttimeout",
    "controlmaster",
    "controlpath",
    "controlpersist",
    "dynamicforward",
    "enableescapecommandline",
    "escapechar",
    "exitonforwardfailure",
    "forkafterauthentication",
    "forwardagent",
    "forwardx11",
    "forwardx11timeout",
    "forwardx11trusted",
    "gatewayports",
    "host",
    "localcommand",
    "localforward",
    "loglevel",
    "logverbose",
    "numberofpasswordprompts",
    "permitlocalcommand",
    "permitremoteopen",
    "remotecommand",
    "remoteforward",
    "requesttty",
    "sendenv",
    "serveralivecountmax",
    "serveraliveinterval",
    "sessiontype",
    "setenv",
    "stdinnull",
    "streamlocalbindunlink",
    "tag",
];

/// A short name for the connection that a configuration leads to: the lines that `-G` prints.
pub fn name_of(configuration: &str) -> String {
    let of_connection = configuration.lines().filter(|line| {
        let keyword = line.split(' ').next().unwrap_or_default();
        OF_ONE_CALL.binary_search(&keyword).is_err()
    });
    let lines: Vec<&str> = of_connection.collect();
    let digest = digest(&SHA256, lines.join("\n").as_bytes());
    digest.as_ref().iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::{OF_ONE_CALL, name_of};

    #[test]
    fn the_list_is_in_order() {
        assert!(OF_ONE_CALL.is_sorted());
    }

    #[test]
    fn what_concerns_the_call_alone_shares_and_the_rest_does_not() {
        let base = "host a\nhostname h\nport 22\nrequesttty auto\n";
        let name = name_of(base);
        assert_eq!(name.len(), 32);
        assert_eq!(name, name_of(&base.replace("requesttty auto", "requesttty true").replace("host a\n", "host b\n")));
        for other in ["port 23", "port 22\nidentityfile ~/.ssh/deploy", "port 22\nproxyjump box"] {
            assert_ne!(name, name_of(&base.replace("port 22", other)), "{other}");
        }
    }
}
