use xssh_ssh::mux::{FromClient, FromMaster};

/// What is understood is understood the same again once it is written anew: nothing of a message is believed twice in two ways.
pub(super) fn mux(data: &[u8]) {
    let Some((side, message)) = data.split_first() else { return };
    if side & 1 == 0 {
        if let Ok(read) = FromClient::decode(message) {
            let again = FromClient::decode(&read.encode());
            let same = again.as_ref() == Ok(&read) || matches!(read, FromClient::Hello { .. });
            assert!(same, "{read:?} became {again:?}");
        }
    } else if let Ok(read) = FromMaster::decode(message) {
        assert_eq!(FromMaster::decode(&read.encode()), Ok(read));
    }
}
