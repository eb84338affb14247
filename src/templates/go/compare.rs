//! `eq`, `ne`, `lt`, `le`, `gt` and `ge`, by Go's rules: only like is compared with like.

use std::cmp::Ordering;

use crate::templates::budget::Budget;
use crate::templates::error::TemplateError;
use crate::templates::value::Value;

type Result<T> = std::result::Result<T, TemplateError>;

/// Whether the left value equals any of the others.
pub(super) fn eq(left: &Value, others: &[Value], budget: &mut Budget) -> Result<Value> {
    for other in others {
        budget.take_steps(1)?;
        if equal("eq", left, other, budget)? {
            return Ok(Value::Bool(true));
        }
    }
    Ok(Value::Bool(false))
}

/// Whether the values differ.
pub(super) fn ne(left: &Value, right: &Value, budget: &mut Budget) -> Result<Value> {
    Ok(Value::Bool(!equal("ne", left, right, budget)?))
}

/// Whether the left value comes before the right one.
pub(super) fn lt(left: &Value, right: &Value, budget: &mut Budget) -> Result<Value> {
    Ok(Value::Bool(order("lt", left, right, budget)? == Some(Ordering::Less)))
}

/// Whether the left value does not come behind the right one.
pub(super) fn le(left: &Value, right: &Value, budget: &mut Budget) -> Result<Value> {
    Ok(Value::Bool(order("le", left, right, budget)?.is_some_and(Ordering::is_le)))
}

/// The opposite of [`le`], also for what is no number.
pub(super) fn gt(left: &Value, right: &Value, budget: &mut Budget) -> Result<Value> {
    Ok(Value::Bool(!order("gt", left, right, budget)?.is_some_and(Ordering::is_le)))
}

/// The opposite of [`lt`], also for what is no number.
pub(super) fn ge(left: &Value, right: &Value, budget: &mut Budget) -> Result<Value> {
    Ok(Value::Bool(order("ge", left, right, budget)? != Some(Ordering::Less)))
}

/// Nothing equals nothing and differs from everything; lists and maps are not compared. Pointers to nothing are nothing,
/// others the same if they point to one place.
fn equal(function: &str, left: &Value, right: &Value, budget: &mut Budget) -> Result<bool> {
    match (left, right) {
        (Value::Nil, Value::Nil) => Ok(true),
        (Value::Typed(one), Value::Nil) | (Value::Nil, Value::Typed(one)) => Ok(!one.is_true()),
        (Value::Typed(left), Value::Typed(right)) => match (left.is_true(), right.is_true()) {
            (true, true) => Ok(left.address() == right.address()),
            (left, right) => Ok(left == right),
        },
        (Value::Nil, _) | (_, Value::Nil) => Ok(false),
        (Value::Bool(left), Value::Bool(right)) => Ok(left == right),
        _ => Ok(order(function, left, right, budget)? == Some(Ordering::Equal)),
    }
}

/// The order of two numbers or two texts; none if a float is no number.
fn order(
    function: &str,
    left: &Value,
    right: &Value,
    budget: &mut Budget,
) -> Result<Option<Ordering>> {
    if let (Some(left), Some(right)) = (left.as_text(), right.as_text()) {
        budget.take_reading(left.len().min(right.len()))?;
        return Ok(Some(left.cmp(right)));
    }
    match (left, right) {
        (Value::Float(left), Value::Float(right)) => return Ok(left.partial_cmp(right)),
        _ => {
            if let (Some(left), Some(right)) = (whole(left), whole(right)) {
                return Ok(Some(left.cmp(&right)));
            }
        }
    }
    let (left, right) = (left.as_plain(), right.as_plain());
    let message = format!("{function}: can't compare {} with {}", left.kind(), right.kind());
    Err(TemplateError::render(message))
}

fn whole(value: &Value) -> Option<i64> {
    match value {
        Value::Int(n) => Some(*n),
        Value::Byte(n) => Some(i64::from(*n)),
        _ => None,
    }
}
