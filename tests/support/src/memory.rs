//! What a process takes, and what the chart gives it.

use std::fs;

/// What the chart gives a Pod: `resources.limits.memory` of values.yaml.
pub fn memory_limit() -> usize {
    let values = fs::read_to_string("charts/kelos-metadata/values.yaml").unwrap();
    let values: serde_json::Value = serde_saphyr::from_str(&values).unwrap();
    let limit = values["resources"]["limits"]["memory"].as_str().unwrap().to_owned();
    limit.strip_suffix("Mi").unwrap().parse::<usize>().unwrap() << 20
}

/// The most memory that a process has had so far, in bytes.
pub fn peak_memory(pid: u32) -> usize {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().strip_suffix(" kB").unwrap().trim().parse::<usize>().unwrap() << 10
}
