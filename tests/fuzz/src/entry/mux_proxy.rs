use xssh_ssh::mux::{ChannelRequest, Packet};

/// As `mux`, for packets of proxy mode.
pub(super) fn mux_proxy(data: &[u8]) {
    let Ok(read) = Packet::decode(&data.to_vec().into()) else { return };
    // A request that cannot be passed on is known by its name alone.
    if matches!(read, Packet::Request { request: ChannelRequest::Other(_), .. }) {
        return;
    }
    assert_eq!(Packet::decode(&read.encode().into()), Ok(read));
}
