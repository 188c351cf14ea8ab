//! Pickles as plain values. Nothing in one is run: classes and functions are names, and calls of them are kept as calls.

use std::collections::BTreeMap;

/// Where a value stands among the others.
pub(super) type Id = usize;

/// A value, whose parts are other values. Those that no network needs are [`Other`](Value::Other).
#[derive(Debug)]
pub(super) enum Value {
    Other,
    Int(i64),
    Text(String),
    /// A list, tuple or set.
    List(Vec<Id>),
    Dict(Vec<(Id, Id)>),
    /// A class or function, such as `collections.OrderedDict`.
    Global(String),
    /// What a call or class made, with the state that it was given and the items that were put into it.
    Made {
        by: Id,
        arguments: Id,
        state: Option<Id>,
        items: Vec<(Id, Id)>,
    },
    /// What the program that wrote it keeps elsewhere.
    Persistent(Id),
}

/// The values of a pickle.
#[derive(Debug)]
pub(super) struct Pickle {
    values: Vec<Value>,
    root: Id,
}

/// A pickle with more values is no network's.
const MOST_VALUES: usize = 1 << 20;

impl Pickle {
    /// Reads a pickle of protocol 2 or later from the start of `bytes`; beside it, how many bytes it takes.
    pub(super) fn read(bytes: &[u8]) -> Result<(Self, usize), String> {
        let mut machine = Machine {
            bytes,
            place: 0,
            values: Vec::new(),
            stack: Vec::new(),
            marks: Vec::new(),
            memo: BTreeMap::new(),
        };
        let root = machine.run()?;
        let values = machine.values;
        Ok((Pickle { values, root }, machine.place))
    }

    pub(super) fn root(&self) -> Id {
        self.root
    }

    pub(super) fn ids(&self) -> std::ops::Range<Id> {
        0..self.values.len()
    }

    pub(super) fn value(&self, id: Id) -> &Value {
        &self.values[id]
    }

    pub(super) fn text(&self, id: Id) -> Option<&str> {
        match self.value(id) {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(super) fn list(&self, id: Id) -> Option<&[Id]> {
        match self.value(id) {
            Value::List(items) => Some(items),
            _ => None,
        }
    }

    /// A number that counts or measures.
    pub(super) fn count(&self, id: Id) -> Option<usize> {
        match self.value(id) {
            Value::Int(number) => usize::try_from(*number).ok(),
            _ => None,
        }
    }

    /// The name of a class or function.
    pub(super) fn global(&self, id: Id) -> Option<&str> {
        match self.value(id) {
            Value::Global(name) => Some(name),
            _ => None,
        }
    }
}

/// Reads the instructions of a pickle.
struct Machine<'a> {
    bytes: &'a [u8],
    place: usize,
    values: Vec<Value>,
    stack: Vec<Id>,
    marks: Vec<usize>,
    memo: BTreeMap<usize, Id>,
}

impl Machine<'_> {
    fn run(&mut self) -> Result<Id, String> {
        loop {
            let [code] = self.take()?;
            match code {
                b'.' => return self.pop(),
                // The protocol; the length of a frame.
                0x80 => _ = self.take::<1>()?,
                0x95 => _ = self.take::<8>()?,
                b'(' => self.marks.push(self.stack.len()),
                b'0' => _ = self.pop()?,
                b'1' => _ = self.pop_mark()?,
                b'N' | 0x88 | 0x89 => self.push(Value::Other)?,
                b'G' => self.skip_and_push(8)?,
                b'K' => {
                    let [number] = self.take()?;
                    self.push(Value::Int(number.into()))?;
                }
                b'M' => {
                    let number = u16::from_le_bytes(self.take()?);
                    self.push(Value::Int(number.into()))?;
                }
                b'J' => {
                    let number = i32::from_le_bytes(self.take()?);
                    self.push(Value::Int(number.into()))?;
                }
                0x8a => {
                    let [length] = self.take()?;
                    self.long(length.into())?;
                }
                0x8c => {
                    let [length] = self.take()?;
                    self.text(length.into())?;
                }
                b'X' => {
                    let length = self.length()?;
                    self.text(length)?;
                }
                b'C' => {
                    let [length] = self.take()?;
                    self.skip_and_push(length.into())?;
                }
                b'B' => {
                    let length = self.length()?;
                    self.skip_and_push(length)?;
                }
                b'}' => self.push(Value::Dict(Vec::new()))?,
                b']' | b')' | 0x8f => self.push(Value::List(Vec::new()))?,
                b't' | b'l' | 0x91 => {
                    let items = self.pop_mark()?;
                    self.push(Value::List(items))?;
                }
                0x85..=0x87 => {
                    let count = usize::from(code - 0x84);
                    let start = self.stack.len().checked_sub(count).ok_or_else(damaged)?;
                    let items = self.stack.split_off(start);
                    self.push(Value::List(items))?;
                }
                b'a' => {
                    let item = self.pop()?;
                    self.append(vec![item])?;
                }
                b'e' | 0x90 => {
                    let items = self.pop_mark()?;
                    self.append(items)?;
                }
                b's' => {
                    let (value, key) = (self.pop()?, self.pop()?);
                    self.set(&[key, value])?;
                }
                b'u' => {
                    let items = self.pop_mark()?;
                    self.set(&items)?;
                }
                b'c' => {
                    let (module, name) = (self.line()?, self.line()?);
                    self.push(Value::Global(format!("{module}.{name}")))?;
                }
                0x93 => {
                    let (name, module) = (self.pop()?, self.pop()?);
                    let name = match (&self.values[module], &self.values[name]) {
                        (Value::Text(module), Value::Text(name)) => format!("{module}.{name}"),
                        _ => return Err(damaged()),
                    };
                    self.push(Value::Global(name))?;
                }
                b'R' | 0x81 => {
                    let (arguments, by) = (self.pop()?, self.pop()?);
                    self.make(by, arguments)?;
                }
                0x92 => {
                    let (_, arguments, by) = (self.pop()?, self.pop()?, self.pop()?);
                    self.make(by, arguments)?;
                }
                b'b' => {
                    let state = self.pop()?;
                    let object = self.top()?;
                    if let Value::Made { state: of, .. } = &mut self.values[object] {
                        *of = Some(state);
                    }
                }
                b'Q' => {
                    let id = self.pop()?;
                    self.push(Value::Persistent(id))?;
                }
                b'q' => {
                    let [key] = self.take()?;
                    self.memoize(key.into())?;
                }
                b'r' => {
                    let key = self.length()?;
                    self.memoize(key)?;
                }
                0x94 => self.memoize(self.memo.len())?,
                b'h' => {
                    let [key] = self.take()?;
                    self.remember(key.into())?;
                }
                b'j' => {
                    let key = self.length()?;
                    self.remember(key)?;
                }
                other => {
                    let code = other.escape_ascii();
                    return Err(format!(
                        "the pickle has the instruction `{code}`, which PyTorch does not write: it is damaged, or of another program"
                    ));
                }
            }
        }
    }

    fn take<const N: usize>(&mut self) -> Result<[u8; N], String> {
        let bytes = self.bytes.get(self.place..).and_then(<[u8]>::first_chunk);
        self.place += N;
        bytes.copied().ok_or_else(damaged)
    }

    fn skip(&mut self, count: usize) -> Result<&[u8], String> {
        let bytes = self
            .bytes
            .get(self.place..)
            .and_then(|bytes| bytes.get(..count));
        self.place = self.place.saturating_add(count);
        bytes.ok_or_else(damaged)
    }

    fn skip_and_push(&mut self, count: usize) -> Result<(), String> {
        self.skip(count)?;
        self.push(Value::Other)
    }

    fn length(&mut self) -> Result<usize, String> {
        usize::try_from(u32::from_le_bytes(self.take()?)).map_err(|_| damaged())
    }

    fn line(&mut self) -> Result<String, String> {
        let rest = self.bytes.get(self.place..).unwrap_or_default();
        let length = rest
            .iter()
            .position(|byte| *byte == b'\n')
            .ok_or_else(damaged)?;
        let line = String::from_utf8_lossy(&rest[..length]).into_owned();
        self.place += length + 1;
        Ok(line)
    }

    fn text(&mut self, length: usize) -> Result<(), String> {
        let text = std::str::from_utf8(self.skip(length)?)
            .map_err(|_| damaged())?
            .to_owned();
        self.push(Value::Text(text))
    }

    /// A number of any length; those of more than 64 bits count nothing.
    fn long(&mut self, length: usize) -> Result<(), String> {
        let bytes = self.skip(length)?;
        let sign = bytes.last().is_some_and(|byte| byte & 0x80 != 0);
        let mut number = [if sign { 0xff } else { 0 }; 8];
        let value = match number.get_mut(..length) {
            Some(start) => {
                start.copy_from_slice(bytes);
                Value::Int(i64::from_le_bytes(number))
            }
            None => Value::Other,
        };
        self.push(value)
    }

    fn push(&mut self, value: Value) -> Result<(), String> {
        if self.values.len() == MOST_VALUES {
            return Err(format!("the pickle has more than {MOST_VALUES} values"));
        }
        self.stack.push(self.values.len());
        self.values.push(value);
        Ok(())
    }

    fn pop(&mut self) -> Result<Id, String> {
        self.stack.pop().ok_or_else(damaged)
    }

    fn top(&self) -> Result<Id, String> {
        self.stack.last().copied().ok_or_else(damaged)
    }

    fn pop_mark(&mut self) -> Result<Vec<Id>, String> {
        let start = self.marks.pop().ok_or_else(damaged)?;
        if start > self.stack.len() {
            return Err(damaged());
        }
        Ok(self.stack.split_off(start))
    }

    fn make(&mut self, by: Id, arguments: Id) -> Result<(), String> {
        self.push(Value::Made {
            by,
            arguments,
            state: None,
            items: Vec::new(),
        })
    }

    fn append(&mut self, more: Vec<Id>) -> Result<(), String> {
        let list = self.top()?;
        if let Value::List(items) = &mut self.values[list] {
            items.extend(more);
        }
        Ok(())
    }

    fn set(&mut self, more: &[Id]) -> Result<(), String> {
        let object = self.top()?;
        if let Value::Dict(items) | Value::Made { items, .. } = &mut self.values[object] {
            items.extend(more.as_chunks().0.iter().map(|[key, value]| (*key, *value)));
        }
        Ok(())
    }

    fn memoize(&mut self, key: usize) -> Result<(), String> {
        self.memo.insert(key, self.top()?);
        Ok(())
    }

    fn remember(&mut self, key: usize) -> Result<(), String> {
        let value = self.memo.get(&key).ok_or_else(damaged)?;
        self.stack.push(*value);
        Ok(())
    }
}

fn damaged() -> String {
    "the pickle is cut short or damaged".to_owned()
}
