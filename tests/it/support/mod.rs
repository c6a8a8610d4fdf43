//! Real parts for tests: the command itself, and services on free ports, stopped with the test.

pub mod certificates;
pub mod command;
pub mod listeners;
pub mod mosquitto;
pub mod old_broker;
pub mod proxy;
