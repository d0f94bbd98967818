//! The numbers of a run, and the digest of the source's tree.

use super::WireError;
use super::bytes::{Put, Take};
use crate::summary::Summary;

pub(super) fn put_summary(summary: &Summary, put: &mut Put) {
    for number in summary.numbers() {
        put.number(number);
    }
    put.raw(&summary.root);
}

pub(super) fn take_summary(take: &mut Take) -> Result<Summary, WireError> {
    let mut numbers = Summary::default().numbers();
    for number in &mut numbers {
        *number = take.number()?;
    }
    Ok(Summary::of(numbers, take.array()?))
}
