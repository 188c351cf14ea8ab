//! A sweep in parts, on several machines: `--part`, `--resume`, `--merge` and `--list-json`, the same for every command that trains
//! a list of networks.
//!
//! A part is a function of the list and of `K/N` alone: no part knows of the others, and they share nothing but the command. So any
//! engine can start them that starts a program with an index, in any order, and again those that were lost.

use std::fmt;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use dropwise::{Error, Result};
use serde::{Serialize, Serializer};
use serde_json::Value;

use super::pretty;

/// What a sweep over several machines asks for.
#[derive(clap::Args)]
pub(super) struct SweepArgs {
    /// Run one of N parts: K/N with K from 1, or auto or auto/N, which take K from the job scheduler's variables
    #[arg(long, value_name = "K/N", conflicts_with_all = ["merge", "list_json"])]
    part: Option<SweepPart>,
    /// Continue what is in --out; with --part this is automatic
    #[arg(long, conflicts_with = "list_json")]
    pub(super) resume: bool,
    /// Train nothing: combine the results in these folders (may be repeated)
    #[arg(long, value_name = "DIR", num_args = 1.., conflicts_with = "list_json")]
    pub(super) merge: Vec<PathBuf>,
    /// Print the work as a JSON list, one item per part, and exit
    #[arg(long)]
    pub(super) list_json: bool,
}

impl SweepArgs {
    /// The part to run; without --part the whole.
    pub(super) fn part(&self) -> SweepPart {
        self.part.unwrap_or_default()
    }

    /// Whether to go on with what the folder `dir` holds, which has the file `begun` if it holds anything. A part that an engine
    /// starts once more, after its machine was lost, does so by itself.
    pub(super) fn resumes(&self, dir: &Path, begun: &str) -> bool {
        self.resume || (self.part.is_some() && dir.join(begun).exists())
    }

    /// How an interrupted command is continued.
    pub(super) fn to_continue(&self) -> &'static str {
        if self.part.is_some() {
            "the same command continues"
        } else {
            "the same command with --resume continues"
        }
    }
}

/// Refuses to put together what lacks an item of the list: `there` says of each whether it was found.
pub(super) fn check_merged(there: impl Iterator<Item = bool>) -> Result<()> {
    const SHOWN: usize = 8;
    let (mut all, mut missing) = (0, Vec::new());
    for is_there in there {
        all += 1;
        if !is_there {
            missing.push(all);
        }
    }
    if missing.is_empty() {
        return Ok(());
    }
    let few: Vec<String> = missing.iter().take(SHOWN).map(usize::to_string).collect();
    let more = if missing.len() > SHOWN {
        " and more"
    } else {
        ""
    };
    Err(Error::invalid(
        "--merge",
        format!("folders with all {all} items that --list-json lists"),
        format!(
            "{}; missing are {}{more}: run their parts to the end",
            all - missing.len(),
            few.join(", ")
        ),
    ))
}

/// One of the parts that a list is cut into, written `K/N`: items `K`, `K + N`, `K + 2 N`..., counted from 1, so that items that
/// take long because of where they stand in the list are shared out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct SweepPart {
    number: usize,
    of: usize,
}

impl Default for SweepPart {
    /// All of the list.
    fn default() -> Self {
        SweepPart { number: 1, of: 1 }
    }
}

impl SweepPart {
    /// Whether it has item `k`, counted from 0.
    pub(super) fn has(self, k: usize) -> bool {
        k % self.of == self.number - 1
    }

    /// Keeps its items of the whole list.
    pub(super) fn keep<T>(self, items: &mut Vec<T>) {
        let mut numbers = 0..;
        items.retain(|_| numbers.next().is_some_and(|k| self.has(k)));
    }

    /// Whether it is all of the list.
    pub(super) fn is_whole(&self) -> bool {
        self.of == 1
    }

    fn new(number: usize, of: usize) -> std::result::Result<Self, String> {
        if (1..=of).contains(&number) && of <= MOST_PARTS {
            return Ok(SweepPart { number, of });
        }
        Err(format!(
            "expected K/N with K from 1 to N and N at most {MOST_PARTS}, found {number}/{of}"
        ))
    }

    fn parse(
        text: &str,
        variable: &dyn Fn(&str) -> Option<String>,
    ) -> std::result::Result<Self, String> {
        let wrong = || format!("expected K/N such as 3/8, or auto, or auto/N, found `{text}`");
        let number = |text: &str| text.trim().parse::<usize>().map_err(|_| wrong());
        match text.split_once('/') {
            Some(("auto", of)) => SweepPart::of_engine(Some(number(of)?), variable),
            Some((k, of)) => SweepPart::new(number(k)?, number(of)?),
            None if text == "auto" => SweepPart::of_engine(None, variable),
            None => Err(wrong()),
        }
    }

    /// What the engine's variables say. None of it is guessed: where an index may be counted from 0 or from 1, or is one of some
    /// tasks of an array that were started again, it is refused.
    fn of_engine(
        of: Option<usize>,
        variable: &dyn Fn(&str) -> Option<String>,
    ) -> std::result::Result<Self, String> {
        let set: Vec<(&str, String)> = ENGINES
            .iter()
            .filter_map(|name| Some((*name, variable(name)?)))
            .collect();
        let [(name, value)] = &set[..] else {
            let found = set.iter().map(|(name, _)| *name).collect::<Vec<_>>();
            let found = if found.is_empty() {
                "none".to_owned()
            } else {
                found.join(" and ")
            };
            let names = ENGINES.join(", ");
            return Err(format!(
                "auto: expected one of the variables {names}, found {found}; write --part K/N"
            ));
        };
        let whole = |name: &str, text: Option<String>| {
            let number = text.as_deref().and_then(|text| text.trim().parse().ok());
            let found = text.map_or("nothing".to_owned(), |text| format!("`{text}`"));
            number.ok_or(format!("auto: {name}: expected a number, found {found}"))
        };
        let counted_from = |first: usize| {
            let index: usize = whole(name, Some(value.clone()))?;
            let of = of.ok_or(format!(
                "auto: {name} does not say how many parts there are: write --part auto/N"
            ))?;
            let Some(k) = (index + 1)
                .checked_sub(first)
                .filter(|k| (1..=of).contains(k))
            else {
                let last = of + first - 1;
                return Err(format!(
                    "auto/{of}: expected {name} from {first} to {last}, found {index}"
                ));
            };
            SweepPart::new(k, of)
        };
        match *name {
            SLURM => {
                let get = |name: &str| whole(name, variable(name));
                let (min, max, count): (usize, usize, usize) = (
                    get("SLURM_ARRAY_TASK_MIN")?,
                    get("SLURM_ARRAY_TASK_MAX")?,
                    get("SLURM_ARRAY_TASK_COUNT")?,
                );
                let index: usize = get(SLURM)?;
                let is_all = min <= 1 && (min..=max).contains(&index) && max - min + 1 == count;
                if !is_all || of.is_some_and(|of| of != count) {
                    let of = of.map_or("N".to_owned(), |of| of.to_string());
                    return Err(format!(
                        "auto: expected all tasks of an array from 0 or 1, {of} of them, found {count} from {min} to {max}; for some \
                         of an array that counts from 1 write --part ${SLURM}/{of}"
                    ));
                }
                SweepPart::new(index - min + 1, count)
            }
            HYPER_QUEUE => {
                let item: Option<Value> = serde_json::from_str(value).ok();
                let part = item.as_ref().and_then(|item| item["part"].as_str());
                let Some(part) = part else {
                    return Err(format!(
                        "auto: expected an item of --list-json in {HYPER_QUEUE}, found `{value}`"
                    ));
                };
                let part = SweepPart::parse(part, &|_| None)?;
                match of {
                    Some(of) if of != part.of => Err(format!(
                        "auto/{of}: expected a list of {of} items, found one of {} in {HYPER_QUEUE}",
                        part.of
                    )),
                    _ => Ok(part),
                }
            }
            KUBERNETES => counted_from(0),
            _ => counted_from(1),
        }
    }
}

/// Upper bound that turns a typo into an error.
const MOST_PARTS: usize = 1_000_000;

const SLURM: &str = "SLURM_ARRAY_TASK_ID";
const HYPER_QUEUE: &str = "HQ_ENTRY";
const KUBERNETES: &str = "JOB_COMPLETION_INDEX";
const GNU_PARALLEL: &str = "PARALLEL_SEQ";

/// What engines tell a process which of many it is by.
const ENGINES: [&str; 4] = [SLURM, GNU_PARALLEL, KUBERNETES, HYPER_QUEUE];

impl FromStr for SweepPart {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        SweepPart::parse(text, &|name| std::env::var(name).ok())
    }
}

impl fmt::Display for SweepPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.number, self.of)
    }
}

impl Serialize for SweepPart {
    fn serialize<S: Serializer>(&self, to: S) -> std::result::Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

/// An item of `--list-json`.
#[derive(Serialize)]
struct Item<T> {
    part: SweepPart,
    #[serde(flatten)]
    what: T,
}

/// Prints the list of what there is to train: an engine that takes one starts a process an item, with `--part auto`.
pub(super) fn list(what: Vec<impl Serialize>, out: &mut impl Write) -> Result<()> {
    let of = what.len();
    let items = what.into_iter().zip(1..);
    let items = items.map(|(what, number)| Item {
        part: SweepPart { number, of },
        what,
    });
    Ok(write!(out, "{}", pretty(&items.collect::<Vec<_>>())?)?)
}

#[cfg(test)]
mod tests {
    use super::SweepPart;

    fn parsed(text: &str, variables: &[(&str, &str)]) -> Result<String, String> {
        let of = |name: &str| variables.iter().find(|(known, _)| *known == name);
        let part = SweepPart::parse(text, &|name| of(name).map(|(_, value)| (*value).to_owned()));
        part.map(|part| part.to_string())
    }

    fn slurm(id: &str, [min, max, count]: [&'static str; 3]) -> Vec<(&'static str, String)> {
        vec![
            ("SLURM_ARRAY_TASK_ID", id.to_owned()),
            ("SLURM_ARRAY_TASK_MIN", min.to_owned()),
            ("SLURM_ARRAY_TASK_MAX", max.to_owned()),
            ("SLURM_ARRAY_TASK_COUNT", count.to_owned()),
        ]
    }

    #[test]
    fn every_item_is_in_one_part() {
        for of in 1..9 {
            let parts: Vec<_> = (1..=of)
                .map(|k| SweepPart::new(k, of).expect("one"))
                .collect();
            for item in 0..20 {
                let holders = parts.iter().filter(|part| part.has(item)).count();
                assert_eq!(holders, 1, "item {item} of {of} parts");
            }
        }
        assert!((0..20).all(|item| SweepPart::default().has(item)));
    }

    #[test]
    fn what_each_engine_says_is_one_part() {
        for (text, variables, expected) in [
            ("3/8", vec![], "3/8"),
            ("auto/4", vec![("PARALLEL_SEQ", "4")], "4/4"),
            ("auto/4", vec![("JOB_COMPLETION_INDEX", "0")], "1/4"),
            ("auto/4", vec![("JOB_COMPLETION_INDEX", "3")], "4/4"),
            ("auto", vec![("HQ_ENTRY", r#"{"part": "2/6"}"#)], "2/6"),
        ] {
            assert_eq!(parsed(text, &variables).as_deref(), Ok(expected));
        }
        for (id, array, expected) in [
            ("1", ["1", "8", "8"], "1/8"),
            ("8", ["1", "8", "8"], "8/8"),
            ("0", ["0", "7", "8"], "1/8"),
            ("7", ["0", "7", "8"], "8/8"),
        ] {
            for text in ["auto", "auto/8"] {
                let variables = slurm(id, array);
                let variables: Vec<_> = variables.iter().map(|(n, v)| (*n, v.as_str())).collect();
                assert_eq!(parsed(text, &variables).as_deref(), Ok(expected));
            }
        }
    }

    #[test]
    fn what_could_mean_two_parts_is_refused_with_what_to_write() {
        let refused = |text: &str, variables: &[(&str, &str)], expected: &str| {
            let error = parsed(text, variables).expect_err(text);
            assert!(error.contains(expected), "{error}");
        };
        refused("auto", &[], "found none; write --part K/N");
        refused("auto", &[("PARALLEL_SEQ", "1")], "write --part auto/N");
        refused(
            "auto/2",
            &[("PARALLEL_SEQ", "3")],
            "PARALLEL_SEQ from 1 to 2, found 3",
        );
        refused(
            "auto/2",
            &[("JOB_COMPLETION_INDEX", "2")],
            "from 0 to 1, found 2",
        );
        let two = [("PARALLEL_SEQ", "1"), ("JOB_COMPLETION_INDEX", "0")];
        refused(
            "auto/2",
            &two,
            "found PARALLEL_SEQ and JOB_COMPLETION_INDEX",
        );
        refused("auto", &[("HQ_ENTRY", "3")], "an item of --list-json");
        refused(
            "auto/5",
            &[("HQ_ENTRY", r#"{"part": "2/6"}"#)],
            "found one of 6",
        );
        for wrong in ["0/4", "5/4", "1", "a/b", "", "1/0"] {
            refused(wrong, &[], "expected K/N");
        }
        // Task 3 and 7 of an array from 1 to 8, started again.
        for (text, array) in [
            ("auto", ["3", "7", "2"]),
            ("auto/8", ["3", "7", "2"]),
            ("auto", ["3", "3", "1"]),
            ("auto/8", ["1", "1", "1"]),
        ] {
            let variables = slurm(array[0], array);
            let variables: Vec<_> = variables.iter().map(|(n, v)| (*n, v.as_str())).collect();
            refused(text, &variables, "write --part $SLURM_ARRAY_TASK_ID/");
        }
    }
}
