//! File formats with spans, checks and the grader.
