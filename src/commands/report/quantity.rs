//! Amounts as Kubernetes writes them: Kelos has costs as `resource.Quantity`, which writes 1.25 as `1250m`.

use bigdecimal::BigDecimal;

/// The longest number that is read: apimachinery has 18 digits, and cuts or rounds what is longer.
const NUMBER_BYTES: usize = 40;

/// Reads a quantity (apimachinery's `resource.Quantity`): a decimal number with a suffix, of powers of ten (`n`, `u`,
/// `m`, `k`, `M`, `G`, `T`, `P`, `E`) or of 1,024 (`Ki` to `Ei`), or with an exponent. Nothing if it is none.
pub(super) fn quantity(text: &str) -> Option<BigDecimal> {
    let is_of_number = |c: char| matches!(c, '0'..='9' | '.' | '+' | '-');
    let end = text.find(|c| !is_of_number(c)).unwrap_or(text.len());
    let (number, suffix) = text.split_at_checked(end).filter(|(it, _)| it.len() <= NUMBER_BYTES)?;
    let number: BigDecimal = number.parse().ok()?;
    let power = |exponent: i64| Some(&number * BigDecimal::new(1.into(), -exponent));
    let binary = |exponent: u32| Some(&number * BigDecimal::from(1_u64 << (10 * exponent)));
    match suffix {
        "" => Some(number),
        "n" => power(-9),
        "u" => power(-6),
        "m" => power(-3),
        "k" => power(3),
        "M" => power(6),
        "G" => power(9),
        "T" => power(12),
        "P" => power(15),
        "E" => power(18),
        "Ki" => binary(1),
        "Mi" => binary(2),
        "Gi" => binary(3),
        "Ti" => binary(4),
        "Pi" => binary(5),
        "Ei" => binary(6),
        // An `i8` is more than a quantity can have, and keeps the number small.
        exponent => power(exponent.strip_prefix(['e', 'E'])?.parse::<i8>().ok()?.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_as_kubernetes_writes_them() {
        for (text, amount) in [
            ("0", "0"),
            ("1.25", "1.25"),
            ("1250m", "1.25"),
            ("53200u", "0.0532"),
            ("7n", "0.000000007"),
            ("2k", "2000"),
            ("1.5Ki", "1536"),
            ("12e2", "1200"),
            ("12E-2", "0.12"),
            ("1E", "1000000000000000000"),
            (".5", "0.5"),
            ("+3", "3"),
            ("-3", "-3"),
            ("5.", "5"),
        ] {
            assert_eq!(quantity(text), Some(amount.parse().unwrap()), "{text}");
        }
        let long = "1".repeat(41);
        for text in [
            "", "m", "1 m", "1,5", "1_0", "1e", "1e999", "1e-999", "1Zi", "NaN", "$1", "ä", "1-2",
            &long,
        ] {
            assert_eq!(quantity(text), None, "{text}");
        }
    }
}
