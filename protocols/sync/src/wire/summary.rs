//! The numbers of a run, and the digest of the source's tree.

use super::WireError;
use super::bytes::{Put, Take};
use crate::summary::Summary;

pub(super) fn put_summary(summary: &Summary, put: &mut Put) {
    let mut copy = *summary;
    copy.numbers().into_iter().for_each(|number| put.number(*number));
    put.raw(&summary.root);
}

pub(super) fn take_summary(take: &mut Take) -> Result<Summary, WireError> {
    let mut summary = Summary::default();
    for number in summary.numbers() {
        *number = take.number()?;
    }
    summary.root = take.array()?;
    Ok(summary)
}
