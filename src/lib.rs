//! The command line of Pullpath, as a library so that tests compare whole outputs.

#[cfg(feature = "cli")]
pub mod cli;
#[cfg(feature = "cli")]
pub mod files;
#[cfg(feature = "worker")]
pub mod worker;
