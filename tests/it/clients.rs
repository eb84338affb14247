//! Clients that are slow, many, silent or rude, and what an ordinary client notices of them.

mod ca;
mod certificates;
mod crowd;
mod deadlines;
mod ending;
mod flood;
mod hostile;
mod idle;
mod key_swap;
mod overload;
mod raw;
mod requests;
mod slots;
