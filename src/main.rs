//! The `sanmen` command.

fn main() {}
