//! The containers of Deployments that run this program.

use serde_json::Value;

/// A container.
pub(super) struct Container<'d> {
    /// Its number in the Pod.
    pub(super) number: usize,
    pub(super) image: &'d str,
    /// The command and its flags.
    pub(super) args: Vec<&'d str>,
}

/// The container of a Deployment that runs one of these commands: beside it there may be others.
pub(super) fn container<'d>(deployment: &'d Value, commands: &[&str]) -> Option<Container<'d>> {
    let containers = deployment.pointer("/spec/template/spec/containers")?.as_array()?;
    containers.iter().enumerate().find_map(|(number, container)| {
        let args = container.get("args")?.as_array()?;
        let args = args.iter().map(Value::as_str).collect::<Option<Vec<&str>>>()?;
        let runs = args.first().is_some_and(|it| commands.contains(it));
        let image = container.get("image").and_then(Value::as_str).unwrap_or_default();
        runs.then_some(Container { number, image, args })
    })
}
