//! Seeded randomness: one stream for each seed, object and purpose.
//!
//! A single shared stream would reshuffle every Pod when one is added. `ChaCha8Rng` is portable and its stream is
//! promised to stay, so a seed gives the same run natively and in wasm.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use sha2::{Digest, Sha256};

/// The characters of generated names: Kubernetes leaves out vowels and look-alikes
/// (apimachinery pkg/util/rand).
pub(crate) const NAME_CHARACTERS: &[u8; 27] = b"bcdfghjklmnpqrstvwxz2456789";

/// A stream of random draws.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stream(ChaCha8Rng);

impl Stream {
    /// The stream of a seed, an object (its uid or name) and a purpose.
    pub fn new(seed: u64, object: &str, purpose: &str) -> Self {
        let mut hash = Sha256::new();
        hash.update(seed.to_le_bytes());
        hash.update(object.as_bytes());
        hash.update([0]);
        hash.update(purpose.as_bytes());
        Self(ChaCha8Rng::from_seed(hash.finalize().into()))
    }

    /// A draw from `low` to `high`, both included.
    pub fn between(&mut self, low: u32, high: u32) -> u32 {
        // The multiply-shift of Lemire without its rejection step: the bias is below one in four million for the
        // ranges drawn here, and the number of draws stays fixed.
        let range = u64::from(high - low) + 1;
        low + ((u64::from(self.0.next_u32()) * range) >> 32) as u32
    }

    /// A name's random ending, as `k8s.io/apimachinery` makes them.
    pub fn name_suffix(&mut self, length: usize) -> String {
        let character = |_| char::from(NAME_CHARACTERS[self.between(0, 26) as usize]);
        (0..length).map(character).collect()
    }

    /// A version-4 UUID.
    pub fn uid(&mut self) -> String {
        let mut bytes = [0; 16];
        self.0.fill_bytes(&mut bytes);
        bytes[6] = bytes[6] & 0x0f | 0x40;
        bytes[8] = bytes[8] & 0x3f | 0x80;
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-")
    }

    /// Random bytes.
    pub fn fill(&mut self, bytes: &mut [u8]) {
        self.0.fill_bytes(bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_is_fixed_by_seed_object_and_purpose() {
        let draws = |seed, object, purpose| {
            let mut stream = Stream::new(seed, object, purpose);
            [stream.between(0, 999), stream.between(0, 999), stream.between(0, 999)]
        };
        assert_eq!(draws(7, "pod-a", "sync"), [69, 2, 465]);
        assert_ne!(draws(7, "pod-a", "sync"), draws(8, "pod-a", "sync"));
        assert_ne!(draws(7, "pod-a", "sync"), draws(7, "pod-b", "sync"));
        assert_ne!(draws(7, "pod-a", "sync"), draws(7, "pod-a", "name"));
    }

    #[test]
    fn draws_reach_both_ends_and_nothing_else() {
        let mut stream = Stream::new(1, "x", "y");
        let drawn: std::collections::BTreeSet<u32> =
            (0..200).map(|_| stream.between(3, 6)).collect();
        assert_eq!(drawn.into_iter().collect::<Vec<_>>(), [3, 4, 5, 6]);
    }

    #[test]
    fn uids_are_version_four() {
        let uid = Stream::new(1, "x", "uid").uid();
        assert_eq!((uid.len(), &uid[14..15]), (36, "4"));
    }
}
