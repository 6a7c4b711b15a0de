//! The command line of Pullpath, as a library so that tests compare whole outputs.
