//! Hashes and encodings of a text's bytes.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha1::Sha1;
use sha2::{Digest, Sha256};

use super::Caller;
use super::args;
use crate::hex::hex;
use crate::templates::error::TemplateError;
use crate::templates::value::{Text, Value};

/// `sha1sum TEXT`: its SHA-1, in hexadecimal digits. It is no protection against forgery.
pub(super) fn sha1sum(meter: &mut dyn Caller, args: &[Value]) -> Result<Value, TemplateError> {
    let text = paid("sha1sum", meter, args)?;
    Ok(Value::from(hex(&Sha1::digest(text.as_bytes()))))
}

/// `sha256sum TEXT`: its SHA-256, in hexadecimal digits.
pub(super) fn sha256sum(meter: &mut dyn Caller, args: &[Value]) -> Result<Value, TemplateError> {
    let text = paid("sha256sum", meter, args)?;
    Ok(Value::from(hex(&Sha256::digest(text.as_bytes()))))
}

/// `adler32sum TEXT`: its Adler-32 checksum, as a decimal number in a text.
pub(super) fn adler32sum(meter: &mut dyn Caller, args: &[Value]) -> Result<Value, TemplateError> {
    const MODULUS: u32 = 65_521;
    let text = paid("adler32sum", meter, args)?;
    let (a, b) = text.bytes().fold((1, 0), |(a, b), byte| {
        let a = (a + u32::from(byte)) % MODULUS;
        (a, (a + b) % MODULUS)
    });
    Ok(Value::from((b << 16 | a).to_string()))
}

/// `b64enc TEXT`: in base64, with padding.
pub(super) fn b64enc(meter: &mut dyn Caller, args: &[Value]) -> Result<Value, TemplateError> {
    let text = paid("b64enc", meter, args)?;
    meter.take_bytes(text.len() / 3 * 4 + 4)?;
    Ok(Value::from(STANDARD.encode(text.as_bytes())))
}

/// The first eight digits of the text's SHA-256.
pub(super) fn short(meter: &mut dyn Caller, text: &str) -> Result<String, TemplateError> {
    pay(meter, text)?;
    Ok(hex(&Sha256::digest(text.as_bytes())[..4]))
}

fn paid<'a>(
    helper: &str,
    meter: &mut dyn Caller,
    args: &'a [Value],
) -> Result<&'a Text, TemplateError> {
    let text = args::text(helper, args, 0)?;
    pay(meter, text)?;
    Ok(text)
}

/// Hashing takes four times as long as copying.
fn pay(meter: &mut dyn Caller, text: &str) -> Result<(), TemplateError> {
    meter.take_steps(8 + text.len() as u64 / 16)?;
    meter.take_bytes(64)?;
    Ok(())
}
