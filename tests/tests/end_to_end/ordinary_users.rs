//! xssh run by accounts that may do nothing special, and by a uid that the system does not know.

mod as_root {
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;

    use xssh_tests::account;
    use xssh_tests::call::Call;
    use xssh_tests::home::Home;
    use xssh_tests::peer;
    use xssh_tests::sshd::Sshd;
    use xssh_tests::subject::Subject;
    use xssh_tests::world::HOST;

    /// A client that belongs to this uid, with a copy of the program that it may run, and a host that takes root.
    fn belonging_to(uid: u32) -> (Home, Sshd) {
        account::require_root();
        let sshd = Sshd::plan().start();
        let mut home = Home::facing(HOST, &sshd);
        home.configure("User root");
        let copy = home.path().join("xssh");
        fs::copy(&Subject::get().path, &copy).expect("a copy of the program");
        fs::set_permissions(&copy, fs::Permissions::from_mode(0o755)).expect("a program");
        account::give(home.path(), uid);
        (home, sshd)
    }

    fn call(home: &Home, uid: u32, args: &[&str]) -> Call {
        let uid = uid.to_string();
        let call = home.call(peer::require("setpriv"));
        let call = call.args(["--reuid", &uid, "--regid", &uid, "--clear-groups", "--"]);
        call.arg(home.path().join("xssh")).arg("-F").arg(home.config()).args(args)
    }

    #[test]
    fn an_ordinary_account() {
        let uid = account::throwaway().uid.as_raw();
        let (home, _sshd) = belonging_to(uid);
        let outcome = call(&home, uid, &[HOST, "cat; exit 6"]).input("through").run().ends(6);
        assert_eq!(outcome.text(), "through");
        assert!(outcome.stderr.is_empty(), "{outcome}");
        // Its own account is who it is on the other side too, if nothing else is said.
        let outcome = call(&home, uid, &["-G", "-F", "none", "other.invalid"]).run().ok();
        assert!(outcome.text().contains(&format!("user {}\n", account::NAME)), "{outcome}");
    }

    #[test]
    fn a_uid_without_an_account() {
        if !Subject::is_xssh_or_say("it refuses to run for such a uid") {
            return;
        }
        let (home, _sshd) = belonging_to(account::NOBODY);
        let outcome = call(&home, account::NOBODY, &[HOST, "cat; exit 6"]).input("through").run().ends(6);
        assert_eq!(outcome.text(), "through");
        assert!(outcome.stderr.is_empty(), "{outcome}");
    }

    /// Keys of others are not used, and the reason is told.
    #[test]
    fn a_key_file_that_others_may_read() {
        let uid = account::throwaway().uid.as_raw();
        let (home, _sshd) = belonging_to(uid);
        fs::set_permissions(&home.key().path, fs::Permissions::from_mode(0o644)).expect("a key file");
        let outcome = call(&home, uid, &[HOST, "true"]).run().ends(255);
        let _ = outcome.says("UNPROTECTED PRIVATE KEY FILE");
    }

    #[test]
    fn logging_in_as_another_account() {
        let user = account::throwaway();
        let sshd = Sshd::plan().start();
        let home = Home::facing(HOST, &sshd);
        let outcome = home.xssh(&["-l", &user.name, HOST, "id -un"]).run().ok();
        assert_eq!(outcome.text(), format!("{}\n", user.name));
    }
}
