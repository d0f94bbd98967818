//! The names of a directory, packed: a million of them fit in some 20 MiB.

/// Bytes of a name that are compared without a look at the name itself.
type Lead = [u8; 8];

#[derive(Debug, Default)]
pub(crate) struct Names {
    bytes: Vec<u8>,
    ends: Vec<u32>,
}

impl Names {
    pub(crate) fn push(&mut self, name: &[u8]) {
        self.bytes.extend_from_slice(name);
        self.ends.push(u32::try_from(self.bytes.len()).unwrap_or(u32::MAX));
    }

    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    /// The name that was pushed after `at` others.
    fn get(&self, at: u32) -> &[u8] {
        let at = at as usize;
        let start = at.checked_sub(1).map_or(0, |before| self.ends[before] as usize);
        self.bytes.get(start..self.ends[at] as usize).unwrap_or_default()
    }

    /// The names in the order of their bytes.
    ///
    /// The names of a directory often begin alike. What comes behind that, eight bytes of it, decides nearly every comparison.
    pub(crate) fn sorted(self) -> Sorted {
        let all = 0..u32::try_from(self.ends.len()).unwrap_or(u32::MAX);
        let shared = self.shared();
        let mut order: Vec<(Lead, u32)> = all.map(|at| (lead(&self.get(at)[shared..]), at)).collect();
        order.sort_unstable_by(|(lead, at), (other_lead, other)| {
            // Big-endian numbers are in the order of their bytes; a name has no NUL, so the shorter of two comes first.
            let leads = u64::from_be_bytes(*lead).cmp(&u64::from_be_bytes(*other_lead));
            leads.then_with(|| self.get(*at).cmp(self.get(*other)))
        });
        let mut order: Vec<u32> = order.into_iter().map(|(_, at)| at).collect();
        order.shrink_to_fit();
        Sorted { names: self, order }
    }

    /// How many bytes all names begin with.
    fn shared(&self) -> usize {
        let Some(last) = self.ends.len().checked_sub(1) else { return 0 };
        let first = self.get(0);
        (1..=last as u32).fold(first.len(), |shared, at| {
            self.get(at).iter().zip(&first[..shared]).take_while(|(one, other)| one == other).count()
        })
    }
}

/// Names in their order.
#[derive(Debug)]
pub(crate) struct Sorted {
    names: Names,
    order: Vec<u32>,
}

impl Sorted {
    pub(crate) fn len(&self) -> usize {
        self.order.len()
    }

    /// How many names are before all others; no name is that comes behind one that is not.
    pub(crate) fn position(&self, mut is_before: impl FnMut(&[u8]) -> bool) -> usize {
        self.order.partition_point(|at| is_before(self.names.get(*at)))
    }

    /// The name at a position, and how many were pushed before it.
    pub(crate) fn get(&self, position: usize) -> Option<(u32, &[u8])> {
        self.order.get(position).map(|at| (*at, self.names.get(*at)))
    }
}

fn lead(name: &[u8]) -> Lead {
    let mut lead = Lead::default();
    let length = name.len().min(lead.len());
    lead[..length].copy_from_slice(&name[..length]);
    lead
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_order_is_that_of_bytes(prefix in "[a-b]{0,12}", ends in prop::collection::hash_set("[a-b]{0,12}", 0..40)) {
            let mut expected: Vec<Vec<u8>> =
                ends.iter().map(|end| format!("{prefix}{end}").into_bytes()).filter(|name| !name.is_empty()).collect();
            let mut names = Names::default();
            expected.iter().for_each(|name| names.push(name));
            expected.sort();
            let sorted = names.sorted();
            let all: Vec<Vec<u8>> = (0..sorted.len()).map(|at| sorted.get(at).unwrap().1.to_vec()).collect();
            prop_assert_eq!(&all, &expected);
            for (at, name) in expected.iter().enumerate() {
                prop_assert_eq!(sorted.position(|other| other < name.as_slice()), at);
            }
        }
    }
}
