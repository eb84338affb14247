//! `*`, `+`, `?`, `{2,3}`.

/// The largest number of times that one may ask for.
const MAX_TIMES: u32 = 1000;

/// How often something may come.
#[derive(Clone, Copy, Debug)]
pub(super) struct Repetition {
    pub(super) min: u32,
    pub(super) max: Option<u32>,
    pub(super) greedy: bool,
}

/// The repetition at the start of a source, and what follows it; none if none stands there.
pub(super) fn parse(
    source: &str,
    ungreedy: bool,
) -> Result<Option<(Repetition, &str)>, &'static str> {
    let Some((min, max, rest)) = times(source) else { return Ok(None) };
    if min > MAX_TIMES || max.is_some_and(|max| max > MAX_TIMES || max < min) {
        return Err("something is repeated more than 1000 times, or less often than at least");
    }
    let (rest, lazy) = rest.strip_prefix('?').map_or((rest, false), |rest| (rest, true));
    Ok(Some((Repetition { min, max, greedy: lazy == ungreedy }, rest)))
}

fn times(source: &str) -> Option<(u32, Option<u32>, &str)> {
    let rest = source.get(1..)?;
    match source.as_bytes().first()? {
        b'*' => Some((0, None, rest)),
        b'+' => Some((1, None, rest)),
        b'?' => Some((0, Some(1), rest)),
        b'{' => {
            let (inside, rest) = rest.split_once('}')?;
            match inside.split_once(',') {
                None => number(inside).map(|n| (n, Some(n), rest)),
                Some((min, "")) => Some((number(min)?, None, rest)),
                Some((min, max)) => Some((number(min)?, Some(number(max)?), rest)),
            }
        }
        _ => None,
    }
}

/// A number without leading zeros; what is too large stays so.
fn number(digits: &str) -> Option<u32> {
    let is_number = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    let is_plain = digits == "0" || !digits.starts_with('0');
    (is_number && is_plain).then(|| digits.parse().unwrap_or(u32::MAX))
}
