# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_xssh_global_optspecs
    string join \n p= 4 6 b= B= J= W= C c= m= F= o= P= 2 1 l= i= a A k K I= t T s N n e= f L= R= D= w= g x X Y M S= O= v q E= y G Q= V Z h/help
end

function __fish_xssh_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_xssh_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_xssh_using_subcommand
    set -l cmd (__fish_xssh_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c xssh -n "__fish_xssh_needs_command" -s p -d 'Connect to this port' -r
complete -c xssh -n "__fish_xssh_needs_command" -s b -d 'Connect from this local address' -r
complete -c xssh -n "__fish_xssh_needs_command" -s B -d 'Connect from the address of this interface' -r
complete -c xssh -n "__fish_xssh_needs_command" -s J -d 'Go through these hops, separated by commas: hosts and proxies' -r
complete -c xssh -n "__fish_xssh_needs_command" -s W -d 'Connect standard input and output to host:port, as seen from the host' -r
complete -c xssh -n "__fish_xssh_needs_command" -s c -d 'Offer these ciphers, best first' -r
complete -c xssh -n "__fish_xssh_needs_command" -s m -d 'Offer these message authentication codes, best first' -r
complete -c xssh -n "__fish_xssh_needs_command" -s F -d 'Read this configuration instead of the user\'s and the system\'s' -r -F
complete -c xssh -n "__fish_xssh_needs_command" -s o -d 'Give an option in the form of a configuration line' -r
complete -c xssh -n "__fish_xssh_needs_command" -s P -d 'Name a tag for `Match tagged` in the configuration' -r
complete -c xssh -n "__fish_xssh_needs_command" -s l -d 'Log in as this user' -r -f -a "(__fish_complete_users)"
complete -c xssh -n "__fish_xssh_needs_command" -s i -d 'Prove who we are with this key' -r -F
complete -c xssh -n "__fish_xssh_needs_command" -s I -d 'Refused: keys of PKCS#11 tokens come through an agent' -r
complete -c xssh -n "__fish_xssh_needs_command" -s e -d 'Set the escape character; `none` turns it off' -r
complete -c xssh -n "__fish_xssh_needs_command" -s L -d 'Forward a local port or socket' -r
complete -c xssh -n "__fish_xssh_needs_command" -s R -d 'Forward a port or socket of the host' -r
complete -c xssh -n "__fish_xssh_needs_command" -s D -d 'Be a SOCKS proxy on a local port' -r
complete -c xssh -n "__fish_xssh_needs_command" -s w -d 'Not yet: tunnel a network device' -r
complete -c xssh -n "__fish_xssh_needs_command" -s S -d 'The socket of a shared connection; `none` shares nothing' -r
complete -c xssh -n "__fish_xssh_needs_command" -s O -d 'Control a shared connection: check, forward, cancel, exit, stop or proxy' -r
complete -c xssh -n "__fish_xssh_needs_command" -s E -d 'Append messages to this file instead of standard error' -r -F
complete -c xssh -n "__fish_xssh_needs_command" -s Q -d 'Print the algorithms there are: cipher, kex, key, mac, help, ...' -r -f -a "cipher\t''
cipher-auth\t''
compression\t''
kex\t''
key\t''
key-ca-sign\t''
key-cert\t''
key-plain\t''
key-sig\t''
mac\t''
protocol-version\t''
sig\t''"
complete -c xssh -n "__fish_xssh_needs_command" -s 4 -d 'Use IPv4 only'
complete -c xssh -n "__fish_xssh_needs_command" -s 6 -d 'Use IPv6 only'
complete -c xssh -n "__fish_xssh_needs_command" -s C -d 'Compress'
complete -c xssh -n "__fish_xssh_needs_command" -s 2 -d 'Use protocol version 2; it is the only one'
complete -c xssh -n "__fish_xssh_needs_command" -s 1 -d 'Refused: protocol version 1 is not safe'
complete -c xssh -n "__fish_xssh_needs_command" -s a -d 'Do not forward the agent'
complete -c xssh -n "__fish_xssh_needs_command" -s A -d 'Let the host\'s programs use the agent here'
complete -c xssh -n "__fish_xssh_needs_command" -s k -d 'Do not pass on GSSAPI credentials; there are none'
complete -c xssh -n "__fish_xssh_needs_command" -s K -d 'Refused: there is no GSSAPI'
complete -c xssh -n "__fish_xssh_needs_command" -s t -d 'Ask for a terminal; twice: even without one here'
complete -c xssh -n "__fish_xssh_needs_command" -s T -d 'Ask for no terminal'
complete -c xssh -n "__fish_xssh_needs_command" -s s -d 'The command names a subsystem, such as sftp'
complete -c xssh -n "__fish_xssh_needs_command" -s N -d 'Run nothing there'
complete -c xssh -n "__fish_xssh_needs_command" -s n -d 'Read standard input from /dev/null'
complete -c xssh -n "__fish_xssh_needs_command" -s f -d 'Go to the background once logged in'
complete -c xssh -n "__fish_xssh_needs_command" -s g -d 'Let other hosts connect to forwarded local ports'
complete -c xssh -n "__fish_xssh_needs_command" -s x -d 'Do not forward X11'
complete -c xssh -n "__fish_xssh_needs_command" -s X -d 'Show the host\'s X11 programs here, restricted as ForwardX11Trusted says'
complete -c xssh -n "__fish_xssh_needs_command" -s Y -d 'Show the host\'s X11 programs here, with all rights over the display'
complete -c xssh -n "__fish_xssh_needs_command" -s M -d 'Share this connection with later calls'
complete -c xssh -n "__fish_xssh_needs_command" -s v -d 'Tell what happens; up to three times for more'
complete -c xssh -n "__fish_xssh_needs_command" -s q -d 'Say nothing but what the program there says'
complete -c xssh -n "__fish_xssh_needs_command" -s y -d 'Refused: messages do not go to syslog; see -E'
complete -c xssh -n "__fish_xssh_needs_command" -s G -d 'Print the configuration for the host, and do not connect'
complete -c xssh -n "__fish_xssh_needs_command" -s V -d 'Print the version'
complete -c xssh -n "__fish_xssh_needs_command" -s Z -d 'Not yet: list the keys that would be tried'
complete -c xssh -n "__fish_xssh_needs_command" -s h -l help -d 'Print help: -h the short one, --help the long one'
complete -c xssh -n "__fish_xssh_needs_command" -a "route" -d 'Show the whole way to a host: every hop, its key, how we logged in, and where the time went'
complete -c xssh -n "__fish_xssh_needs_command" -a "tunnel" -d 'Keep the forwards of a host up: connect again when the connection is lost, and tell how they stand'
complete -c xssh -n "__fish_xssh_needs_command" -a "sync" -d 'Make one tree like another, here or on a host'
complete -c xssh -n "__fish_xssh_needs_command" -a "serve" -d 'Serve one tree to one key, as a forced command'
complete -c xssh -n "__fish_xssh_needs_command" -a "authorize" -d 'Write and judge lines of authorized_keys for xssh serve'
complete -c xssh -n "__fish_xssh_using_subcommand route" -l json -d 'Print one JSON object instead of a table'
complete -c xssh -n "__fish_xssh_using_subcommand route" -s h -l help -d 'Print help'
complete -c xssh -n "__fish_xssh_using_subcommand tunnel" -l status -d 'Show how the tunnels of this account stand; ends with 1 where one is not up, or there is none'
complete -c xssh -n "__fish_xssh_using_subcommand tunnel" -l json -d 'With --status: print one JSON object instead of a table'
complete -c xssh -n "__fish_xssh_using_subcommand tunnel" -l forget -d 'Remove what --status still shows of a tunnel that failed or was killed'
complete -c xssh -n "__fish_xssh_using_subcommand tunnel" -s h -l help -d 'Print help'
complete -c xssh -n "__fish_xssh_using_subcommand sync" -l max-delete -d 'Delete nothing where more than N entries would be deleted; without it, where more than half of DST would be, but for a few in a small one' -r
complete -c xssh -n "__fish_xssh_using_subcommand sync" -l exclude -d 'Leave out what matches, with rsync\'s rules; the first rule that matches counts' -r
complete -c xssh -n "__fish_xssh_using_subcommand sync" -l include -d 'Do not leave out what matches' -r
complete -c xssh -n "__fish_xssh_using_subcommand sync" -l exclude-from -d 'Patterns to leave out, a line each' -r -F
complete -c xssh -n "__fish_xssh_using_subcommand sync" -l include-from -d 'Patterns not to leave out, a line each' -r -F
complete -c xssh -n "__fish_xssh_using_subcommand sync" -l filter -d 'A filter rule of rsync\'s, merge files included' -r
complete -c xssh -n "__fish_xssh_using_subcommand sync" -l min-size -d 'Leave smaller files alone' -r
complete -c xssh -n "__fish_xssh_using_subcommand sync" -l max-size -d 'Leave larger files alone' -r
complete -c xssh -n "__fish_xssh_using_subcommand sync" -l files-from -d 'Only the paths listed in FILE, a line each; of a directory only itself, or with -r all' -r -F
complete -c xssh -n "__fish_xssh_using_subcommand sync" -l chown -d 'Give everything to this user and this group' -r
complete -c xssh -n "__fish_xssh_using_subcommand sync" -l usermap -d 'Other owners on the way, as in 0-99:nobody,www-*:web' -r
complete -c xssh -n "__fish_xssh_using_subcommand sync" -l groupmap -d 'The same for groups' -r
complete -c xssh -n "__fish_xssh_using_subcommand sync" -l chmod -d 'Change permissions on the way, as in Du=rwx,go-w,F644' -r
complete -c xssh -n "__fish_xssh_using_subcommand sync" -l modify-window -d 'Times that differ by no more are the same' -r
complete -c xssh -n "__fish_xssh_using_subcommand sync" -l compress-level -d 'How hard to compress, -7 (fast) to 19' -r
complete -c xssh -n "__fish_xssh_using_subcommand sync" -l bwlimit -d 'Send no more than so many KiB a second, or with a letter: 1.5m' -r
complete -c xssh -n "__fish_xssh_using_subcommand sync" -l suffix -d 'Keep it with this behind its name' -r
complete -c xssh -n "__fish_xssh_using_subcommand sync" -l backup-dir -d 'Keep it in this directory, under its path; DIR begins at DST, and may lead out of it' -r
complete -c xssh -n "__fish_xssh_using_subcommand sync" -l link-dest -d 'Give what is as in SRC in this directory, seen from DST, its name in DST too, instead of a copy' -r -f -a "(__fish_complete_directories)"
complete -c xssh -n "__fish_xssh_using_subcommand sync" -l copy-dest -d 'Copy what is as in SRC in this directory, instead of having it sent' -r -f -a "(__fish_complete_directories)"
complete -c xssh -n "__fish_xssh_using_subcommand sync" -l compare-dest -d 'Leave out of DST what is as in SRC in this directory' -r -f -a "(__fish_complete_directories)"
complete -c xssh -n "__fish_xssh_using_subcommand sync" -l retry -d 'Begin again up to N times where the connection is lost, going on from what has come' -r
complete -c xssh -n "__fish_xssh_using_subcommand sync" -l connections -d 'Send over no more than N channels; without it a long line gets up to 8, and nobody is asked for a further login' -r
complete -c xssh -n "__fish_xssh_using_subcommand sync" -l timeout -d 'Give up where nothing comes or goes for so long' -r
complete -c xssh -n "__fish_xssh_using_subcommand sync" -l remote-xssh -d 'xssh on the host, as its shell takes it: /opt/bin/xssh, or \'sudo xssh\'' -r
complete -c xssh -n "__fish_xssh_using_subcommand sync" -s F -d 'Configuration file, as with ssh' -r
complete -c xssh -n "__fish_xssh_using_subcommand sync" -s J -d 'Go through these hosts and proxies' -r
complete -c xssh -n "__fish_xssh_using_subcommand sync" -s i -d 'Key file' -r
complete -c xssh -n "__fish_xssh_using_subcommand sync" -s l -d 'User on the host' -r
complete -c xssh -n "__fish_xssh_using_subcommand sync" -s o -d 'An option of the configuration' -r
complete -c xssh -n "__fish_xssh_using_subcommand sync" -s p -d 'Port' -r
complete -c xssh -n "__fish_xssh_using_subcommand sync" -l delete -d 'Delete from DST what SRC does not have, after everything could be read'
complete -c xssh -n "__fish_xssh_using_subcommand sync" -l delete-excluded -d 'Delete what is excluded too'
complete -c xssh -n "__fish_xssh_using_subcommand sync" -s c -l checksum -d 'Compare the contents of all files, not only sizes and times'
complete -c xssh -n "__fish_xssh_using_subcommand sync" -l update -d 'Leave files alone that are newer in DST'
complete -c xssh -n "__fish_xssh_using_subcommand sync" -l existing -d 'Make no new files'
complete -c xssh -n "__fish_xssh_using_subcommand sync" -l ignore-existing -d 'Leave files alone that DST has'
complete -c xssh -n "__fish_xssh_using_subcommand sync" -l gitignore -d 'Leave out what git ignores; .git itself takes part'
complete -c xssh -n "__fish_xssh_using_subcommand sync" -l contents -d 'DST itself becomes like SRC, also where it holds a directory called like SRC'
complete -c xssh -n "__fish_xssh_using_subcommand sync" -l prune-empty-dirs -d 'Leave out directories that hold nothing but directories'
complete -c xssh -n "__fish_xssh_using_subcommand sync" -l ignore-missing-args -d 'What was named and is not there is no error'
complete -c xssh -n "__fish_xssh_using_subcommand sync" -l relative -d 'Put the sources under their own paths in DST, from /./ on where that is in them'
complete -c xssh -n "__fish_xssh_using_subcommand sync" -l from0 -d 'The paths in --files-from end with NUL'
complete -c xssh -n "__fish_xssh_using_subcommand sync" -s x -l one-file-system -d 'Do not go into other file systems'
complete -c xssh -n "__fish_xssh_using_subcommand sync" -s a -l archive -d 'As it is anyway'
complete -c xssh -n "__fish_xssh_using_subcommand sync" -s r -l recursive -d 'As it is anyway, but for --files-from'
complete -c xssh -n "__fish_xssh_using_subcommand sync" -l partial -d 'As it is anyway'
complete -c xssh -n "__fish_xssh_using_subcommand sync" -l no-perms -d 'Leave permissions as they are'
complete -c xssh -n "__fish_xssh_using_subcommand sync" -l no-times -d 'Leave times as they are'
complete -c xssh -n "__fish_xssh_using_subcommand sync" -l omit-dir-times -d 'Leave the times of directories as they are'
complete -c xssh -n "__fish_xssh_using_subcommand sync" -l no-owner -d 'Leave owners as they are'
complete -c xssh -n "__fish_xssh_using_subcommand sync" -l no-group -d 'Leave groups as they are'
complete -c xssh -n "__fish_xssh_using_subcommand sync" -l numeric-ids -d 'Keep the numbers of owners and groups, not their names'
complete -c xssh -n "__fish_xssh_using_subcommand sync" -l fake-super -d 'Keep owners, devices and special bits beside the files where DST is not root\'s, and read them there in SRC, as rsync does; by their numbers'
complete -c xssh -n "__fish_xssh_using_subcommand sync" -s H -l hard-links -d 'Keep names of one file names of one file'
complete -c xssh -n "__fish_xssh_using_subcommand sync" -s S -l sparse -d 'Make holes of long runs of zeros'
complete -c xssh -n "__fish_xssh_using_subcommand sync" -s X -l xattrs -d 'Keep extended attributes'
complete -c xssh -n "__fish_xssh_using_subcommand sync" -s A -l acls -d 'Keep POSIX ACLs'
complete -c xssh -n "__fish_xssh_using_subcommand sync" -l safe-links -d 'Leave out symbolic links that lead out of the tree'
complete -c xssh -n "__fish_xssh_using_subcommand sync" -l copy-links -d 'Copy what symbolic links in SRC lead to, wherever that is, instead of the links'
complete -c xssh -n "__fish_xssh_using_subcommand sync" -l copy-unsafe-links -d 'The same for links that lead out of the tree'
complete -c xssh -n "__fish_xssh_using_subcommand sync" -l copy-dirlinks -d 'The same for links to directories'
complete -c xssh -n "__fish_xssh_using_subcommand sync" -l devices -d 'Make device files'
complete -c xssh -n "__fish_xssh_using_subcommand sync" -l specials -d 'Make FIFOs and sockets'
complete -c xssh -n "__fish_xssh_using_subcommand sync" -s n -l dry-run -d 'Change nothing, and say what would be changed'
complete -c xssh -n "__fish_xssh_using_subcommand sync" -l itemize -l itemize-changes -d 'Say each change'
complete -c xssh -n "__fish_xssh_using_subcommand sync" -l json -d 'Say how far it is, each change and the end as JSON, a line each'
complete -c xssh -n "__fish_xssh_using_subcommand sync" -l progress -d 'Show how far it is, also where standard error is no terminal'
complete -c xssh -n "__fish_xssh_using_subcommand sync" -l no-progress -d 'Do not show how far it is'
complete -c xssh -n "__fish_xssh_using_subcommand sync" -l stats -d 'End with all numbers'
complete -c xssh -n "__fish_xssh_using_subcommand sync" -l whole-file -d 'Send changed files whole'
complete -c xssh -n "__fish_xssh_using_subcommand sync" -s z -l compress -d 'Compress always, not only where the line is the slower part'
complete -c xssh -n "__fish_xssh_using_subcommand sync" -l no-compress -d 'Never compress'
complete -c xssh -n "__fish_xssh_using_subcommand sync" -l inplace -d 'Write into files that are there: a reader may see half of the new one, and a cut leaves a mixture'
complete -c xssh -n "__fish_xssh_using_subcommand sync" -l backup -d 'Keep what is replaced or deleted, with a ~ behind its name'
complete -c xssh -n "__fish_xssh_using_subcommand sync" -l fsync -d 'Have each file on the disk before it gets its name, and everything before it is said to be there'
complete -c xssh -n "__fish_xssh_using_subcommand sync" -l wait -d 'Wait for another run that is changing DST, up to an hour'
complete -c xssh -n "__fish_xssh_using_subcommand sync" -l bootstrap -d 'Where the host has no xssh, copy this one into its cache directory and use it from then on'
complete -c xssh -n "__fish_xssh_using_subcommand sync" -s C -d 'Compress the connection, as with ssh; the data is compressed where that pays anyway'
complete -c xssh -n "__fish_xssh_using_subcommand sync" -s 4 -l ipv4 -d 'IPv4 only'
complete -c xssh -n "__fish_xssh_using_subcommand sync" -s 6 -l ipv6 -d 'IPv6 only'
complete -c xssh -n "__fish_xssh_using_subcommand sync" -s v -d 'Tell the story of the connection'
complete -c xssh -n "__fish_xssh_using_subcommand sync" -s q -l quiet -d 'Say less'
complete -c xssh -n "__fish_xssh_using_subcommand sync" -s h -l help -d 'Print help'
complete -c xssh -n "__fish_xssh_using_subcommand serve" -l root -d 'The tree' -r -f -a "(__fish_complete_directories)"
complete -c xssh -n "__fish_xssh_using_subcommand serve" -l allow -d 'By these protocols, with commas between them: sync, rsync; without it, both' -r
complete -c xssh -n "__fish_xssh_using_subcommand serve" -l cvs-root -d 'A CVS repository, as clients are to name it, byte for byte; may be given several times' -r -f -a "(__fish_complete_directories)"
complete -c xssh -n "__fish_xssh_using_subcommand serve" -l cvs-hooks -d 'Run the programs that CVSROOT names, or refuse the commands that would run them' -r -f -a "run\t''
refuse\t''"
complete -c xssh -n "__fish_xssh_using_subcommand serve" -l relay -d 'No tree, but a way to this host: the client\'s command is run there, as this account and with its keys' -r
complete -c xssh -n "__fish_xssh_using_subcommand serve" -l relay-command -d 'This command is run there, whatever the client says' -r
complete -c xssh -n "__fish_xssh_using_subcommand serve" -l relay-config -d 'This ssh_config counts for the way there, instead of the account\'s and the system\'s' -r -F
complete -c xssh -n "__fish_xssh_using_subcommand serve" -l quota -d 'The files of the tree, or of a repository, may have so many bytes together' -r
complete -c xssh -n "__fish_xssh_using_subcommand serve" -l max-file-size -d 'No file may be larger; by cvs, none that is sent' -r
complete -c xssh -n "__fish_xssh_using_subcommand serve" -l max-files -d 'The tree, or a repository, may hold so many entries' -r
complete -c xssh -n "__fish_xssh_using_subcommand serve" -l rate -d 'No more passes in a second, in KiB without a letter: xssh sync and cvs both ways, rsync where it sends' -r
complete -c xssh -n "__fish_xssh_using_subcommand serve" -l idle-timeout -d 'A session in which nothing passes for so long is ended; not with --relay' -r
complete -c xssh -n "__fish_xssh_using_subcommand serve" -l max-sessions -d 'So many sessions of this key at once' -r
complete -c xssh -n "__fish_xssh_using_subcommand serve" -l name -d 'Whose key it is, for the log; and the author of what it commits by cvs' -r
complete -c xssh -n "__fish_xssh_using_subcommand serve" -l log -d 'Write a line of JSON for each session to FILE, or to syslog' -r -F
complete -c xssh -n "__fish_xssh_using_subcommand serve" -l config -d 'What the key may do stands in FILE (TOML), in the table of its --name' -r -F
complete -c xssh -n "__fish_xssh_using_subcommand serve" -l explain -d 'Say what would be done for a client that asks for COMMAND, and why, without doing it' -r
complete -c xssh -n "__fish_xssh_using_subcommand serve" -l listen -d 'Be an SSH server there, for machines without sshd; may be given more than once' -r
complete -c xssh -n "__fish_xssh_using_subcommand serve" -l authorized-keys -d 'The keys that may come in, as sshd\'s authorized_keys has them' -r -F
complete -c xssh -n "__fish_xssh_using_subcommand serve" -l host-key -d 'The server\'s own key, made where it is missing; without it, xssh/host_key in $XDG_STATE_HOME' -r -F
complete -c xssh -n "__fish_xssh_using_subcommand serve" -l read-only -d 'Nothing may change'
complete -c xssh -n "__fish_xssh_using_subcommand serve" -l write-only -d 'Nothing may be read'
complete -c xssh -n "__fish_xssh_using_subcommand serve" -l append-only -d 'New names may appear; what is there may not be overwritten, truncated, renamed or deleted'
complete -c xssh -n "__fish_xssh_using_subcommand serve" -l no-delete -d 'Nothing may be deleted'
complete -c xssh -n "__fish_xssh_using_subcommand serve" -l allow-devices -d 'Device nodes, FIFOs and sockets may be made'
complete -c xssh -n "__fish_xssh_using_subcommand serve" -l allow-set-id -d 'Files may keep their set-user-ID and set-group-ID bits'
complete -c xssh -n "__fish_xssh_using_subcommand serve" -l owner-names -d 'rsync may read the names of accounts and groups, so that owners travel by name'
complete -c xssh -n "__fish_xssh_using_subcommand serve" -l cvs-read-only -d 'Nothing in the repositories may change'
complete -c xssh -n "__fish_xssh_using_subcommand serve" -l cvs-admin -d 'CVSROOT may be changed and cvs admin used; whoever may do that can have programs run'
complete -c xssh -n "__fish_xssh_using_subcommand serve" -l relay-through -d 'The client speaks with that host\'s sshd itself, with its own keys, as by a ProxyCommand'
complete -c xssh -n "__fish_xssh_using_subcommand serve" -l require-landlock -d 'Serve nothing where Landlock is not to be had'
complete -c xssh -n "__fish_xssh_using_subcommand serve" -s h -l help -d 'Print help'
complete -c xssh -n "__fish_xssh_using_subcommand authorize" -l root -d 'The tree' -r -f -a "(__fish_complete_directories)"
complete -c xssh -n "__fish_xssh_using_subcommand authorize" -l allow -d 'By these protocols, with commas between them: sync, rsync; without it, both' -r
complete -c xssh -n "__fish_xssh_using_subcommand authorize" -l cvs-root -d 'A CVS repository, as clients are to name it, byte for byte; may be given several times' -r -f -a "(__fish_complete_directories)"
complete -c xssh -n "__fish_xssh_using_subcommand authorize" -l cvs-hooks -d 'Run the programs that CVSROOT names, or refuse the commands that would run them' -r -f -a "run\t''
refuse\t''"
complete -c xssh -n "__fish_xssh_using_subcommand authorize" -l relay -d 'No tree, but a way to this host: the client\'s command is run there, as this account and with its keys' -r
complete -c xssh -n "__fish_xssh_using_subcommand authorize" -l relay-command -d 'This command is run there, whatever the client says' -r
complete -c xssh -n "__fish_xssh_using_subcommand authorize" -l relay-config -d 'This ssh_config counts for the way there, instead of the account\'s and the system\'s' -r -F
complete -c xssh -n "__fish_xssh_using_subcommand authorize" -l quota -d 'The files of the tree, or of a repository, may have so many bytes together' -r
complete -c xssh -n "__fish_xssh_using_subcommand authorize" -l max-file-size -d 'No file may be larger; by cvs, none that is sent' -r
complete -c xssh -n "__fish_xssh_using_subcommand authorize" -l max-files -d 'The tree, or a repository, may hold so many entries' -r
complete -c xssh -n "__fish_xssh_using_subcommand authorize" -l rate -d 'No more passes in a second, in KiB without a letter: xssh sync and cvs both ways, rsync where it sends' -r
complete -c xssh -n "__fish_xssh_using_subcommand authorize" -l idle-timeout -d 'A session in which nothing passes for so long is ended; not with --relay' -r
complete -c xssh -n "__fish_xssh_using_subcommand authorize" -l max-sessions -d 'So many sessions of this key at once' -r
complete -c xssh -n "__fish_xssh_using_subcommand authorize" -l name -d 'Whose key it is, for the log; and the author of what it commits by cvs' -r
complete -c xssh -n "__fish_xssh_using_subcommand authorize" -l log -d 'Write a line of JSON for each session to FILE, or to syslog' -r -F
complete -c xssh -n "__fish_xssh_using_subcommand authorize" -l config -d 'What the key may do stands in FILE (TOML), in the table of its --name' -r -F
complete -c xssh -n "__fish_xssh_using_subcommand authorize" -l remove -d 'Take the lines of this name, comment or SHA256 fingerprint, or of the key in this file, away' -r
complete -c xssh -n "__fish_xssh_using_subcommand authorize" -l check -d 'Explain every line of FILE, or of the account\'s authorized_keys, and what is wrong with it' -r -F
complete -c xssh -n "__fish_xssh_using_subcommand authorize" -l file -d 'This authorized_keys instead of the account\'s' -r -F
complete -c xssh -n "__fish_xssh_using_subcommand authorize" -l read-only -d 'Nothing may change'
complete -c xssh -n "__fish_xssh_using_subcommand authorize" -l write-only -d 'Nothing may be read'
complete -c xssh -n "__fish_xssh_using_subcommand authorize" -l append-only -d 'New names may appear; what is there may not be overwritten, truncated, renamed or deleted'
complete -c xssh -n "__fish_xssh_using_subcommand authorize" -l no-delete -d 'Nothing may be deleted'
complete -c xssh -n "__fish_xssh_using_subcommand authorize" -l allow-devices -d 'Device nodes, FIFOs and sockets may be made'
complete -c xssh -n "__fish_xssh_using_subcommand authorize" -l allow-set-id -d 'Files may keep their set-user-ID and set-group-ID bits'
complete -c xssh -n "__fish_xssh_using_subcommand authorize" -l owner-names -d 'rsync may read the names of accounts and groups, so that owners travel by name'
complete -c xssh -n "__fish_xssh_using_subcommand authorize" -l cvs-read-only -d 'Nothing in the repositories may change'
complete -c xssh -n "__fish_xssh_using_subcommand authorize" -l cvs-admin -d 'CVSROOT may be changed and cvs admin used; whoever may do that can have programs run'
complete -c xssh -n "__fish_xssh_using_subcommand authorize" -l relay-through -d 'The client speaks with that host\'s sshd itself, with its own keys, as by a ProxyCommand'
complete -c xssh -n "__fish_xssh_using_subcommand authorize" -l require-landlock -d 'Serve nothing where Landlock is not to be had'
complete -c xssh -n "__fish_xssh_using_subcommand authorize" -l install -d 'Add the line to the account\'s authorized_keys'
complete -c xssh -n "__fish_xssh_using_subcommand authorize" -l list -d 'Say what each key may do'
complete -c xssh -n "__fish_xssh_using_subcommand authorize" -s h -l help -d 'Print help'
complete -c xssh -a '(__fish_print_hostnames)'
