//! The wire format of Protocol Buffers: numbered fields, each a varint, four or eight bytes, or bytes with their length before
//! them. That is all of it, so no crate and no compiler of schemas is needed:
//! <https://protobuf.dev/programming-guides/encoding/>.

/// A message being written. Fields stand in the order in which they are given.
#[derive(Debug, Default)]
pub(super) struct Message(Vec<u8>);

impl Message {
    pub(super) fn integer(mut self, field: u32, value: i64) -> Self {
        self.key(field, 0);
        self.varint(value as u64);
        self
    }

    pub(super) fn float(mut self, field: u32, value: f32) -> Self {
        self.key(field, 5);
        self.0.extend(value.to_le_bytes());
        self
    }

    pub(super) fn double(mut self, field: u32, value: f64) -> Self {
        self.key(field, 1);
        self.0.extend(value.to_le_bytes());
        self
    }

    /// Numbers in one field, packed.
    pub(super) fn doubles(self, field: u32, values: &[f64]) -> Self {
        let bytes: Vec<u8> = values
            .iter()
            .flat_map(|value| value.to_le_bytes())
            .collect();
        self.bytes(field, &bytes)
    }

    pub(super) fn bytes(mut self, field: u32, value: &[u8]) -> Self {
        self.key(field, 2);
        self.varint(value.len() as u64);
        self.0.extend(value);
        self
    }

    /// A text; an empty one, which is a text's default, is left out.
    pub(super) fn text(self, field: u32, value: &str) -> Self {
        match value {
            "" => self,
            value => self.bytes(field, value.as_bytes()),
        }
    }

    pub(super) fn message(self, field: u32, value: Message) -> Self {
        self.bytes(field, &value.0)
    }

    /// A field for each of `items`, which `add` adds.
    pub(super) fn each<T>(
        self,
        items: impl IntoIterator<Item = T>,
        add: impl FnMut(Self, T) -> Self,
    ) -> Self {
        items.into_iter().fold(self, add)
    }

    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    fn key(&mut self, field: u32, wire_type: u32) {
        self.varint(u64::from(field << 3 | wire_type));
    }

    fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.0.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
    }
}

/// What a field of a message that is read holds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Field<'a> {
    Integer(i64),
    Float(f32),
    Double(f64),
    Bytes(&'a [u8]),
}

/// The fields of a message, in order, with their numbers; `None` if it is cut short or damaged.
pub(super) fn fields(bytes: &[u8]) -> Option<Vec<(u32, Field<'_>)>> {
    let mut rest = bytes;
    let mut fields = Vec::new();
    while !rest.is_empty() {
        let key = read_varint(&mut rest)?;
        let field = match key & 7 {
            0 => Field::Integer(read_varint(&mut rest)? as i64),
            1 => Field::Double(f64::from_le_bytes(take(&mut rest, 8)?.try_into().ok()?)),
            2 => {
                let length = usize::try_from(read_varint(&mut rest)?).ok()?;
                Field::Bytes(take(&mut rest, length)?)
            }
            5 => Field::Float(f32::from_le_bytes(take(&mut rest, 4)?.try_into().ok()?)),
            _ => return None,
        };
        fields.push((u32::try_from(key >> 3).ok()?, field));
    }
    Some(fields)
}

fn take<'a>(rest: &mut &'a [u8], count: usize) -> Option<&'a [u8]> {
    let (taken, after) = rest.split_at_checked(count)?;
    *rest = after;
    Some(taken)
}

fn read_varint(rest: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let byte = take(rest, 1)?[0];
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(value);
        }
    }
    None
}

impl<'a> Field<'a> {
    pub(super) fn integer(self) -> Option<i64> {
        match self {
            Field::Integer(value) => Some(value),
            _ => None,
        }
    }

    pub(super) fn bytes(self) -> Option<&'a [u8]> {
        match self {
            Field::Bytes(value) => Some(value),
            _ => None,
        }
    }

    pub(super) fn text(self) -> Option<String> {
        String::from_utf8(self.bytes()?.to_vec()).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::{Field, Message, fields};

    /// The examples of the format's own documentation.
    #[test]
    fn fields_are_the_bytes_of_the_documentation() {
        assert_eq!(
            Message::default().integer(1, 150).into_bytes(),
            [8, 0x96, 1]
        );
        let testing = Message::default().text(2, "testing").into_bytes();
        assert_eq!(testing, [&[0x12, 7], &b"testing"[..]].concat());
        let minus_two = Message::default().integer(1, -2).into_bytes();
        let expected = [8, 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1];
        assert_eq!(minus_two, expected);
    }

    #[test]
    fn what_is_written_is_read_and_what_is_cut_short_is_refused() {
        let inner = Message::default().float(5, 0.1).text(3, "");
        let bytes = Message::default()
            .each([1, i64::MAX, i64::MIN], |message, value| {
                message.integer(300, value)
            })
            .message(1, inner)
            .into_bytes();
        let found = fields(&bytes).expect("a message");
        assert_eq!(found.len(), 4);
        assert_eq!(found[2], (300, Field::Integer(i64::MIN)));
        let inner = found[3].1.bytes().expect("bytes");
        assert_eq!(fields(inner), Some(vec![(5, Field::Float(0.1))]));
        let whole = (0..bytes.len()).filter(|end| fields(&bytes[..*end]).is_some());
        assert_eq!(whole.count(), 4, "only between fields");
        assert_eq!(
            fields(&[
                8, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1
            ]),
            None
        );
        assert_eq!(fields(&[11]), None, "a group");
    }
}
