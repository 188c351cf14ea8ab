//! A kept run answers rows inside another program, without files or pipes:
//!
//! ```sh
//! cargo run --example serve -- RUN FIELD...
//! ```
//!
//! RUN is a folder that `dropwise train --out` wrote, FIELD... are the values of a row, in the order in which
//! `preparation.json` has the columns. Prints what the network says, and how long a row takes once all is warm.

use std::env;
use std::error::Error;
use std::path::Path;
use std::time::Instant;

use dropwise_lab::store::Trained;

/// Answers that are timed, after as many that are not.
const TIMES: u32 = 20_000;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let (run, fields) = arguments.split_first().ok_or("usage: serve RUN FIELD...")?;
    let fields: Vec<&str> = fields.iter().map(String::as_str).collect();

    let trained = Trained::load(Path::new(run), None, None)?;
    let answer = || -> Result<Vec<f64>, Box<dyn Error>> {
        let mut inputs = vec![0.0; trained.network().dims()[0]];
        trained
            .prepared
            .preprocessing
            .transform(&fields, &mut inputs)?;
        Ok(trained.predict(&inputs)?)
    };
    println!("{:?}", answer()?);

    let mut took = None;
    for _ in 0..2 {
        let start = Instant::now();
        for _ in 0..TIMES {
            answer()?;
        }
        took = Some(start.elapsed() / TIMES);
    }
    println!("{:?} a row", took.unwrap_or_default());
    Ok(())
}
