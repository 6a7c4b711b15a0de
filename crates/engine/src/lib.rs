//! A session: one learner, one attempt.
