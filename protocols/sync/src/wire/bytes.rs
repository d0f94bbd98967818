//! Numbers and byte strings in a payload: LEB128 numbers, strings with their length before them.

use bytes::Bytes;

use super::WireError;

/// A payload as it grows.
#[derive(Debug, Default)]
pub(crate) struct Put(pub(crate) Vec<u8>);

impl Put {
    pub(crate) fn byte(&mut self, byte: u8) {
        self.0.push(byte);
    }

    pub(crate) fn number(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.0.push(number as u8 | 0x80);
            number >>= 7;
        }
        self.0.push(number as u8);
    }

    /// Small negative numbers are short too.
    pub(crate) fn signed(&mut self, number: i64) {
        self.number(((number << 1) ^ (number >> 63)) as u64);
    }

    pub(crate) fn string(&mut self, bytes: &[u8]) {
        self.number(bytes.len() as u64);
        self.0.extend_from_slice(bytes);
    }

    pub(crate) fn raw(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }
}

/// A payload as it is read. Nothing is allocated for a length that the payload does not hold.
#[derive(Debug)]
pub(crate) struct Take {
    payload: Bytes,
    /// Up to here it is read: to cut numbers off the payload would cost more than to read them.
    at: usize,
}

impl Take {
    pub(crate) fn new(payload: Bytes) -> Self {
        Self { payload, at: 0 }
    }

    fn left(&self) -> &[u8] {
        self.payload.get(self.at..).unwrap_or_default()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.left().is_empty()
    }

    pub(crate) fn byte(&mut self) -> Result<u8, WireError> {
        let byte = *self.left().first().ok_or(WireError::Truncated)?;
        self.at += 1;
        Ok(byte)
    }

    pub(crate) fn number(&mut self) -> Result<u64, WireError> {
        let mut number = 0;
        for (at, byte) in self.left().iter().enumerate().take(10) {
            let bits = u64::from(byte & 0x7f);
            if at == 9 && bits > 1 {
                return Err(WireError::Number);
            }
            number |= bits << (7 * at);
            if byte & 0x80 == 0 {
                self.at += at + 1;
                return Ok(number);
            }
        }
        Err(if self.left().len() < 10 { WireError::Truncated } else { WireError::Number })
    }

    pub(crate) fn number32(&mut self) -> Result<u32, WireError> {
        u32::try_from(self.number()?).map_err(|_| WireError::Number)
    }

    pub(crate) fn signed(&mut self) -> Result<i64, WireError> {
        let number = self.number()?;
        Ok((number >> 1) as i64 ^ -((number & 1) as i64))
    }

    pub(crate) fn string(&mut self, limit: usize) -> Result<Bytes, WireError> {
        let length = usize::try_from(self.number()?).map_err(|_| WireError::Number)?;
        if length > limit {
            return Err(WireError::TooLong { length, limit });
        }
        if length > self.left().len() {
            return Err(WireError::Truncated);
        }
        let string = self.payload.slice(self.at..self.at + length);
        self.at += length;
        Ok(string)
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N], WireError> {
        let array = *self.left().first_chunk().ok_or(WireError::Truncated)?;
        self.at += N;
        Ok(array)
    }

    /// All that is left.
    pub(crate) fn rest(&mut self) -> Bytes {
        let at = std::mem::replace(&mut self.at, self.payload.len());
        self.payload.slice(at..)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_put_is_taken(number: u64, signed: i64, string: Vec<u8>) {
            let mut put = Put::default();
            put.number(number);
            put.signed(signed);
            put.string(&string);
            let mut take = Take::new(put.0.into());
            prop_assert_eq!(take.number().unwrap(), number);
            prop_assert_eq!(take.signed().unwrap(), signed);
            prop_assert_eq!(take.string(usize::MAX).unwrap(), string);
            prop_assert!(take.is_empty());
        }

        #[test]
        fn any_bytes_end_in_a_value_or_an_error(bytes: Vec<u8>) {
            let mut take = Take::new(bytes.into());
            while take.number().is_ok() && take.string(16).is_ok() {}
        }
    }

    #[test]
    fn a_number_of_more_than_64_bits_is_refused() {
        let mut take = Take::new(vec![0xff; 11].into());
        assert!(matches!(take.number(), Err(WireError::Number)));
        let mut take = Take::new(vec![0xff; 3].into());
        assert!(matches!(take.number(), Err(WireError::Truncated)));
    }
}
