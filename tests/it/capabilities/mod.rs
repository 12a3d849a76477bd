//! One story for each thing guichet can do, named by its id in `docs/capabilities.md`: from mail to
//! mail through the whole program, on both databases.

mod conversations;
mod forms;
mod intake;
mod listed;
mod time;
mod work;

/// Further people of the service desk.
pub const TEAM: &str = r#"
[agents.luc]
address = "luc@agents.example"
name = "Luc Roche"
roles = ["technician"]
queues = ["help"]
level = 1
[agents.nadia]
address = "nadia@agents.example"
name = "Nadia Expert"
roles = ["technician"]
queues = ["help"]
level = 2
[agents.chef]
address = "chef@agents.example"
name = "Chef Accord"
roles = ["approver"]
queues = ["help"]
"#;
pub const LUC: &str = "luc@agents.example";
pub const NADIA: &str = "nadia@agents.example";
pub const CHEF: &str = "chef@agents.example";
