//! What only the whole crate can prove. One binary: one link.

mod parity;
mod rules;
mod tidy;
