//! The protocol of the UCI regressions: splits as NumPy makes them, tables as they are published, one split of few epochs.

use dropwise::Backend;
use dropwise_lab::reproduce::uci::{UciProtocol, UciSet, UciTable, run_split, splits, summarize};

/// `numpy.random.seed(1)`, then `numpy.random.choice(range(n), n, replace=False)` for each split, by NumPy 2.4.6: the first six and the
/// first of the test rows, and `sum (k + 1) p[k]`.
#[test]
fn splits_are_those_of_the_legacy_generator_of_numpy() {
    let golden = [
        (11, [2, 3, 4, 9, 1, 6], 5, 378),
        (11, [1, 7, 3, 0, 8, 5], 6, 370),
        (11, [9, 3, 5, 10, 0, 6], 2, 302),
        (1030, [339, 244, 882, 567, 923, 358], 87, 274_300_077),
        (1030, [480, 56, 473, 378, 169, 846], 466, 272_966_243),
        (1030, [449, 192, 838, 45, 197, 252], 419, 276_772_159),
    ];
    for (k, (rows, first, test, sum)) in golden.into_iter().enumerate() {
        let (train, others) = splits(rows, 1, 3).swap_remove(k % 3);
        assert_eq!(train[..6], first);
        assert_eq!(others[0], test);
        assert_eq!(train.len(), (0.9 * rows as f64).round() as usize);
        let all = train.iter().chain(&others).enumerate();
        assert_eq!(all.map(|(k, row)| (k + 1) * row).sum::<usize>(), sum);
    }
}

#[test]
fn a_table_is_read_however_it_is_published() {
    let expected = UciTable::parse("a.txt", b"1 2 3\n4 5 6\n", (None, None)).expect("a table");
    assert_eq!(expected.rows(), 2);
    for text in [
        &b"1,2,3\n4,5,6\n"[..],
        b"a,b,c\n1,2,3\n4,5,6\n",
        b"\"a b\";\"b\";\"c\"\n1;2;3\n4;5;6\n",
        b"  1.0 \t2 3 \n 4 5  6 \n",
        b"x y z\n1 2 3\n4 5 6",
    ] {
        let found = UciTable::parse("a.txt", text, (None, None));
        assert_eq!(found.expect("a table"), expected);
    }
    let other = UciTable::parse("a.txt", b"3 1 2 9\n6 4 5 9\n", (Some(&[1, 2]), Some(0)));
    assert_eq!(other.expect("a table"), expected);
    let message = |text: &[u8], target| {
        let refused = UciTable::parse("a.txt", text, (None, target));
        refused.expect_err("no table").to_string()
    };
    assert!(
        message(b"1 2\n3 x\n", None)
            .starts_with("a.txt: line 2: expected a number in column 2, found `x`")
    );
    assert!(message(b"1 2\n3 4\n", Some(7)).contains("2 columns"));
}

#[test]
fn a_split_is_measured_and_the_same_again() {
    let row = |k: usize| {
        let x = (k * 37 % 101) as f64 / 50.0 - 1.0;
        let noise = (k * 53 % 97) as f64 / 97.0 - 0.5;
        format!("{x} {} {}\n", k % 7, 100.0 + 20.0 * x + 5.0 * noise)
    };
    let text: String = (0..120).map(row).collect();
    let table = UciTable::parse("lines.txt", text.as_bytes(), (None, None)).expect("a table");
    let protocol = UciProtocol {
        splits: 2,
        seed: 1,
        epochs: 150,
        hidden: 20,
        batch_size: 32,
        learning_rate: 0.01,
        rates: vec![0.01, 0.1],
        samples: 100,
        samples_to_choose: 50,
        members: 3,
    };
    let set = UciSet::named("lines");
    let run = |split| {
        let found = run_split((&set, &protocol), &table, split, &Backend::default());
        found.expect("an outcome")
    };
    let outcomes = [run(0), run(1)];
    assert_eq!(run(1), outcomes[1]);
    let found = summarize(&set, &outcomes).expect("a summary");
    // The noise has a deviation of 1.44, the targets one of 11.7.
    assert!((1.0..4.0).contains(&found.rmse[0]), "{found:?}");
    assert!((-3.5..-1.7).contains(&found.log_likelihood[0]), "{found:?}");
    // All three ways to ask know the line about equally well, and none knows the noise.
    for [rmse, log_likelihood] in [found.analytic, found.ensemble].map(|both| both.expect("scores"))
    {
        assert!((rmse[0] / found.rmse[0] - 1.0).abs() < 0.2, "{found:?}");
        assert!(
            (log_likelihood[0] - found.log_likelihood[0]).abs() < 0.3,
            "{found:?}"
        );
    }
    // One network is no ensemble; all else is as before.
    let alone = UciProtocol {
        members: 1,
        ..protocol.clone()
    };
    let one = run_split((&set, &alone), &table, 1, &Backend::default()).expect("an outcome");
    assert_eq!((one.ensemble, one.analytic), (None, outcomes[1].analytic));
    assert_eq!(found.rates.iter().map(|(_, count)| count).sum::<usize>(), 2);
}
