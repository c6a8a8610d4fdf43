//! The `sanmen` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    sanmen::cli::main()
}
