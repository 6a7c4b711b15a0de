//! The command lines that stand for the learner's terminal.
