//! The environment of the command: where the simulator is and what to call it with, in the simulator's own words and in
//! those of the official SDKs. Nothing that the environment knows of the real service is left.

use std::collections::BTreeMap;
use std::env;
use std::ffi::OsString;
use std::net::SocketAddr;
use std::process::Command;

use crate::domain::account::Partner;
use crate::domain::credentials::Secret;
use crate::simulator::{SpaceId, Spaces};

/// What begins so is for the SDKs: credentials, endpoints and files of the real service.
const OF_THE_SDKS: &str = "HUAWEICLOUD_";

/// The variables that say where the simulator is. With them an SDK finds it in place of every region of the service, and of
/// the services that it asks who it is.
const URLS: [&str; 5] = [
    "BSS_SIM_URL",
    "HUAWEICLOUD_SDK_IAM_ENDPOINT",
    "HUAWEICLOUD_SDK_REGION_BSSINTL_AP_SOUTHEAST_1",
    "HUAWEICLOUD_SDK_REGION_BSSINTL_EU_WEST_101",
    "HUAWEICLOUD_SDK_STS_ENDPOINT",
];

/// The variables that say for whom there is no proxy. Some clients read the one, some the other.
const NO_PROXY: [&str; 2] = ["no_proxy", "NO_PROXY"];

/// Variables with their values; one without a value is not to be there.
pub(super) struct Environment(Vec<(String, Option<String>)>);

impl Environment {
    /// For a command beside a simulator that listens here. It calls as the first partner; a credential that this partner does
    /// not have is not there.
    pub(super) fn of(address: SocketAddr, spaces: &Spaces) -> Self {
        let space = spaces.space(SpaceId::DEFAULT).expect("the default space is always there");
        let accounts = space.state().accounts();
        let partner = of_partner(accounts.partners.first().map(|partner| &**partner));
        let url = format!("http://{address}");
        let text = |text: OsString| text.to_string_lossy().into_owned();
        let inherited: BTreeMap<_, _> = env::vars_os().map(|(name, value)| (text(name), text(value))).collect();
        let removed = inherited.keys().filter(|name| name.starts_with(OF_THE_SDKS)).map(|name| (name.clone(), None));
        let urls = URLS.map(|name| (name.to_owned(), Some(url.clone())));
        let partner = partner.map(|(name, value)| (name.to_owned(), value.map(str::to_owned)));
        let no_proxy = no_proxy(address, &inherited).map(|(name, value)| (name.to_owned(), Some(value)));
        Self(removed.chain(urls).chain(partner).chain(no_proxy).collect())
    }

    /// Gives it to a command, besides what that inherits.
    pub(super) fn give_to(&self, command: &mut Command) {
        for (name, value) in &self.0 {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
    }
}

fn of_partner(partner: Option<&Partner>) -> [(&'static str, Option<&str>); 9] {
    let token = partner.and_then(|partner| partner.credentials.tokens.first());
    let key = partner.and_then(|partner| partner.credentials.access_keys.first());
    let (ak, sk) = (key.map(|key| &*key.ak), key.map(|key| key.sk.expose()));
    [
        ("BSS_SIM_PARTNER", partner.map(|partner| &*partner.name)),
        ("BSS_SIM_PARTNER_ID", partner.map(|partner| &*partner.id)),
        ("BSS_SIM_XACCOUNT_TYPE", partner.map(|partner| &*partner.xaccount_type)),
        ("BSS_SIM_TOKEN", token.map(Secret::expose)),
        ("BSS_SIM_AK", ak),
        ("BSS_SIM_SK", sk),
        ("HUAWEICLOUD_SDK_AK", ak),
        ("HUAWEICLOUD_SDK_SK", sk),
        ("HUAWEICLOUD_SDK_SECURITY_TOKEN", key.and_then(|key| key.security_token.as_ref()).map(Secret::expose)),
    ]
}

/// Both variables with the simulator added: whoever has set only one of them means it for both.
fn no_proxy(address: SocketAddr, inherited: &BTreeMap<String, String>) -> [(&'static str, String); 2] {
    let set = |name: &str| inherited.get(name).filter(|value| !value.is_empty());
    let either = NO_PROXY.iter().find_map(|name| set(name));
    NO_PROXY.map(|name| match set(name).or(either).map(String::as_str) {
        // For nobody, if nothing else stands beside it.
        Some("*") => (name, "*".to_owned()),
        Some(hosts) => (name, format!("{hosts},{}", address.ip())),
        None => (name, address.ip().to_string()),
    })
}
