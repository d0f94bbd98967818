use super::Template;

/// One element of `ProxyJump`/`-J`, as written: `[user@]host[:port]`, an ssh:// URI, or a proxy's URI
/// (`http://`, `https://`, `socks4a://`, `socks5://`, `socks5h://`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Jump(pub String);

/// What lies between here and the host.
#[derive(Debug, Clone, Default)]
pub struct Route {
    /// `ProxyJump`, nearest first; empty for `none` and for a direct way.
    pub jumps: Vec<Jump>,
    /// `ProxyCommand`; excludes `jumps`.
    pub command: Option<Template>,
    /// `ProxyUseFdpass`.
    pub use_fdpass: bool,
    /// `XsshProxyFromEnvironment` (ours; no by default): let ALL_PROXY, HTTPS_PROXY and NO_PROXY name the first hop.
    pub proxy_from_environment: bool,
    /// `XsshProxyCredentials` (ours): a netrc file with the proxies' passwords; `~/.netrc` by default.
    pub credentials: Option<Template>,
}
