//! The terminal modes of a `pty-req` (RFC 4254, section 8; IUTF8 is RFC 8160).
//!
//! The far side's pseudo-terminal starts out as ours is, so they are read before ours goes raw. The opcodes and their
//! order are OpenSSH's for Linux: VDSUSP, VFLUSH, VSWTCH and VSTATUS have no counterpart here and are left out.

use russh::Pty;
use rustix::termios::{ControlModes, InputModes, LocalModes, OutputModes, SpecialCodeIndex as Special, Termios};

use crate::fields::Fields;

/// The special character that is disabled (_POSIX_VDISABLE on Linux), and what stands for it on the wire.
const DISABLED: (u8, u32) = (0, 255);

const SPECIAL: [(Pty, Special); 14] = [
    (Pty::VINTR, Special::VINTR),
    (Pty::VQUIT, Special::VQUIT),
    (Pty::VERASE, Special::VERASE),
    (Pty::VKILL, Special::VKILL),
    (Pty::VEOF, Special::VEOF),
    (Pty::VEOL, Special::VEOL),
    (Pty::VEOL2, Special::VEOL2),
    (Pty::VSTART, Special::VSTART),
    (Pty::VSTOP, Special::VSTOP),
    (Pty::VSUSP, Special::VSUSP),
    (Pty::VREPRINT, Special::VREPRINT),
    (Pty::VWERASE, Special::VWERASE),
    (Pty::VLNEXT, Special::VLNEXT),
    (Pty::VDISCARD, Special::VDISCARD),
];

const INPUT: [(Pty, InputModes); 13] = [
    (Pty::IGNPAR, InputModes::IGNPAR),
    (Pty::PARMRK, InputModes::PARMRK),
    (Pty::INPCK, InputModes::INPCK),
    (Pty::ISTRIP, InputModes::ISTRIP),
    (Pty::INLCR, InputModes::INLCR),
    (Pty::IGNCR, InputModes::IGNCR),
    (Pty::ICRNL, InputModes::ICRNL),
    (Pty::IUCLC, InputModes::IUCLC),
    (Pty::IXON, InputModes::IXON),
    (Pty::IXANY, InputModes::IXANY),
    (Pty::IXOFF, InputModes::IXOFF),
    (Pty::IMAXBEL, InputModes::IMAXBEL),
    (Pty::IUTF8, InputModes::IUTF8),
];

const LOCAL: [(Pty, LocalModes); 13] = [
    (Pty::ISIG, LocalModes::ISIG),
    (Pty::ICANON, LocalModes::ICANON),
    (Pty::XCASE, LocalModes::XCASE),
    (Pty::ECHO, LocalModes::ECHO),
    (Pty::ECHOE, LocalModes::ECHOE),
    (Pty::ECHOK, LocalModes::ECHOK),
    (Pty::ECHONL, LocalModes::ECHONL),
    (Pty::NOFLSH, LocalModes::NOFLSH),
    (Pty::TOSTOP, LocalModes::TOSTOP),
    (Pty::IEXTEN, LocalModes::IEXTEN),
    (Pty::ECHOCTL, LocalModes::ECHOCTL),
    (Pty::ECHOKE, LocalModes::ECHOKE),
    (Pty::PENDIN, LocalModes::PENDIN),
];

const OUTPUT: [(Pty, OutputModes); 6] = [
    (Pty::OPOST, OutputModes::OPOST),
    (Pty::OLCUC, OutputModes::OLCUC),
    (Pty::ONLCR, OutputModes::ONLCR),
    (Pty::OCRNL, OutputModes::OCRNL),
    (Pty::ONOCR, OutputModes::ONOCR),
    (Pty::ONLRET, OutputModes::ONLRET),
];

// CS7 and CS8 share a bit; OpenSSH sends CS7 = 1 for an eight-bit terminal, and its server reads them in this order.
const CONTROL: [(Pty, ControlModes); 4] = [
    (Pty::CS7, ControlModes::CS7),
    (Pty::CS8, ControlModes::CS8),
    (Pty::PARENB, ControlModes::PARENB),
    (Pty::PARODD, ControlModes::PARODD),
];

/// The modes as russh's `Channel::request_pty` takes them; it writes TTY_OP_END itself.
pub fn encode(termios: &Termios) -> Vec<(Pty, u32)> {
    let output_speed = termios.output_speed();
    // An input speed of zero means that of output (tcsetattr(3)).
    let input_speed = match termios.input_speed() {
        0 => output_speed,
        speed => speed,
    };
    let mut modes = vec![(Pty::TTY_OP_OSPEED, output_speed), (Pty::TTY_OP_ISPEED, input_speed)];
    modes.extend(SPECIAL.map(|(op, index)| match termios.special_codes[index] {
        code if code == DISABLED.0 => (op, DISABLED.1),
        code => (op, u32::from(code)),
    }));
    modes.extend(INPUT.map(|(op, flag)| (op, u32::from(termios.input_modes.intersects(flag)))));
    modes.extend(LOCAL.map(|(op, flag)| (op, u32::from(termios.local_modes.intersects(flag)))));
    modes.extend(OUTPUT.map(|(op, flag)| (op, u32::from(termios.output_modes.intersects(flag)))));
    modes.extend(CONTROL.map(|(op, flag)| (op, u32::from(termios.control_modes.intersects(flag)))));
    modes
}

/// The modes as they stand in a request: an opcode and four bytes for each, and TTY_OP_END.
pub(crate) fn write(modes: &[(Pty, u32)]) -> Vec<u8> {
    let mut bytes: Vec<u8> =
        modes.iter().flat_map(|&(op, value)| [op as u8].into_iter().chain(value.to_be_bytes())).collect();
    bytes.push(Pty::TTY_OP_END as u8);
    bytes
}

/// Reads them up to TTY_OP_END, or to an opcode whose form nobody knows (RFC 4254, section 8: 160 and above). Those that have no
/// meaning here are left out.
pub(crate) fn read(bytes: &[u8]) -> Vec<(Pty, u32)> {
    let mut modes = Vec::new();
    let mut rest = Fields(bytes);
    while let Some(op @ 1..160) = rest.byte()
        && let Some(value) = rest.uint()
    {
        modes.extend(Pty::from_u8(op).map(|op| (op, value)));
    }
    modes
}

#[cfg(test)]
mod tests {
    use super::{encode, read, write};
    use crate::terminal::test_terminal;
    use russh::Pty;
    use rustix::termios::{InputModes, LocalModes, SpecialCodeIndex, tcgetattr};

    /// What OpenSSH 9.2 sends for a fresh pseudo-terminal of Linux, opcode and value.
    #[rustfmt::skip]
    const FRESH: [(u8, u32); 52] = [
        (129, 38400), (128, 38400),
        (1, 3), (2, 28), (3, 127), (4, 21), (5, 4), (6, 255), (7, 255), (8, 17), (9, 19), (10, 26),
        (12, 18), (13, 23), (14, 22), (18, 15),
        (30, 0), (31, 0), (32, 0), (33, 0), (34, 0), (35, 0), (36, 1), (37, 0), (38, 1), (39, 0), (40, 0), (41, 0), (42, 0),
        (50, 1), (51, 1), (52, 0), (53, 1), (54, 1), (55, 1), (56, 0), (57, 0), (58, 0), (59, 1), (60, 1), (61, 1), (62, 0),
        (70, 1), (71, 0), (72, 1), (73, 0), (74, 0), (75, 0),
        (90, 1), (91, 1), (92, 0), (93, 0),
    ];

    #[test]
    fn a_fresh_terminal_is_told_as_openssh_tells_it() {
        let modes = encode(&tcgetattr(test_terminal()).unwrap());
        let told: Vec<(u8, u32)> = modes.iter().map(|&(op, value)| (op as u8, value)).collect();
        assert_eq!(told, FRESH);
    }

    #[test]
    fn what_is_written_is_read_and_what_nobody_knows_ends_it() {
        let modes = encode(&tcgetattr(test_terminal()).unwrap());
        assert_eq!(read(&write(&modes)), modes);
        assert_eq!(read(b"\x01\0\0\0\x03\xa0\x02\0\0\0\x04"), [(Pty::VINTR, 3)]);
        assert_eq!(read(b"\x01\0\0\0\x03\x7f\0\0\0\x01\x02\0\0\0\x04\x03\0"), [(Pty::VINTR, 3), (Pty::VQUIT, 4)]);
    }

    #[test]
    fn changed_modes_are_told() {
        let mut termios = tcgetattr(test_terminal()).unwrap();
        termios.input_modes |= InputModes::IUTF8;
        termios.local_modes -= LocalModes::ECHO;
        termios.special_codes[SpecialCodeIndex::VINTR] = 0;
        termios.set_speed(115_200).unwrap();
        let modes = encode(&termios);
        for told in [
            (Pty::IUTF8, 1),
            (Pty::ECHO, 0),
            (Pty::VINTR, 255),
            (Pty::TTY_OP_OSPEED, 115_200),
            (Pty::TTY_OP_ISPEED, 115_200),
        ] {
            assert!(modes.contains(&told), "{told:?} in {modes:?}");
        }
    }
}
