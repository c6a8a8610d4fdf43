//! Recordings of every kind.
