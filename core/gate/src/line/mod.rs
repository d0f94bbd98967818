//! Lines of authorized_keys: read as sshd reads them (sshd(8), AUTHORIZED_KEYS FILE FORMAT), written, and judged.
