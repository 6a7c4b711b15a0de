//! Docker config in both layouts, as a Secret's value or a node's file: any bytes in, no panic; a keyring of what was read
//! answers, and says of every entry why.
#![no_main]

use std::collections::BTreeMap;

use libfuzzer_sys::fuzz_target;
use pullpath_model::credential::Source;
use pullpath_model::docker_config::{self, DOCKER_CFG, DOCKER_CONFIG_JSON, Parsed};
use pullpath_model::keyring::Keyring;

const NAMES: [&str; 3] = ["docker.io/library/nginx", "ghcr.io/acme/api", "registry.example.com:5000/team/app"];

fuzz_target!(|value: &[u8]| {
    let refused = docker_config::object_error(value);
    for (of_type, key) in [(DOCKER_CONFIG_JSON, ".dockerconfigjson"), (DOCKER_CFG, ".dockercfg")] {
        let data = BTreeMap::from([(key.to_owned(), value.to_vec())]);
        let entries = match docker_config::parse(of_type, &data) {
            Parsed::Entries(entries) => entries,
            Parsed::Undecodable(error) => {
                assert!(!error.is_empty(), "an error has words");
                continue;
            }
            Parsed::Ignored { .. } => {
                assert!(value.is_empty(), "only an empty value is passed over");
                continue;
            }
        };
        assert!(refused.is_none(), "what the API server refuses, the kubelet does not read: {refused:?}");
        let many = entries.len();
        let mut keyring = Keyring::new();
        keyring.add(&Source::NodeConfig, entries);
        for name in NAMES {
            let offers = keyring.lookup(name).len();
            let told = keyring.explain(name);
            assert_eq!(told.len(), many, "each entry is told once");
            assert_eq!(told.iter().filter(|entry| entry.matched).count(), offers, "{name}");
        }
    }
});
