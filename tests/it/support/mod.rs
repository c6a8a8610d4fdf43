//! Real services for tests: started on free ports, stopped with the test.

pub mod mosquitto;
pub mod old_broker;
