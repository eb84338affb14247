//! What the tests of the chart share.

pub(crate) mod can_i;
pub(crate) mod differences;
pub(crate) mod files;
pub(crate) mod installation;
pub(crate) mod paths;
pub(crate) mod rendering;
