//! Dates and times of day: their text, and what a network is given of them.

/// A day, and a time of it where one is written.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Date {
    /// Days since 1970-01-01, with the time of day as a fraction, as the clock of its place shows it.
    pub(super) days: f64,
    /// Whether a time of day is written.
    pub(super) has_time: bool,
}

impl Date {
    /// Reads a date with the year first, `2024-01-31`, `2024/01/31` or `20240131`, with points, `31.01.2024`, or with slashes, `01/31/2024`
    /// (`day_first`: `31/01/2024`); then, if any, a time, `18:30` or `18:30:59.5`, after a space or a `T`, and a zone, which is not
    /// looked at. `None` if it is none.
    pub(super) fn parse(text: &str, day_first: bool) -> Option<Self> {
        let end = text.find(['T', ' ']).unwrap_or(text.len());
        let (date, time) = text.split_at(end);
        let spaced;
        let date = match compact(date) {
            Some(date) => {
                spaced = date;
                &spaced
            }
            None => date,
        };
        let separator = date.chars().find(|letter| !letter.is_ascii_digit())?;
        let parts: Vec<&str> = date.split(separator).collect();
        let [first, second, third] = parts[..] else {
            return None;
        };
        let [year, month, day] = match (separator, first.len()) {
            ('-' | '/', 4) => [first, second, third],
            ('.', 1 | 2) => [third, second, first],
            ('/', 1 | 2) if day_first => [third, second, first],
            ('/', 1 | 2) => [third, first, second],
            _ => return None,
        };
        let number = |text: &str, lengths: std::ops::RangeInclusive<usize>| -> Option<i64> {
            let digits = text.bytes().all(|byte| byte.is_ascii_digit());
            (digits && lengths.contains(&text.len())).then(|| text.parse().ok())?
        };
        let (year, month, day) = (
            number(year, 4..=4)?,
            number(month, 1..=2)?,
            number(day, 1..=2)?,
        );
        if !(1..=12).contains(&month) || !(1..=days_of(month, year)).contains(&day) {
            return None;
        }
        let days = since_1970(year, month, day) as f64;
        let Some(clock) = time.get(1..) else {
            return Some(Date {
                days,
                has_time: false,
            });
        };
        Some(Date {
            days: days + time_of_day(clock)?,
            has_time: true,
        })
    }

    /// Month (January is 1), day of the month, weekday (Monday is 0) and hour of a number of days since 1970-01-01.
    pub(super) fn parts(days: f64) -> [f64; 4] {
        let whole = days.floor();
        let (_, month, day) = civil(whole as i64);
        let weekday = (whole as i64 + 3).rem_euclid(7);
        // A second is exact enough, and rounding never leaves the day.
        let hour = ((days - whole) * 86_400.0).round() / 3_600.0;
        [month as f64, day as f64, weekday as f64, hour]
    }
}

/// `20240131` with hyphens.
fn compact(date: &str) -> Option<String> {
    let is_compact = date.len() == 8 && date.bytes().all(|byte| byte.is_ascii_digit());
    let [year, month, day] = is_compact.then(|| [&date[..4], &date[4..6], &date[6..]])?;
    ("1900".."2100")
        .contains(&year)
        .then(|| format!("{year}-{month}-{day}"))
}

/// Days since 1970-01-01 of a text that is a date (see `dates` of a configuration), and whether it has a time of day.
#[must_use]
pub fn date_parts(text: &str, day_first: bool) -> Option<(f64, bool)> {
    Date::parse(text, day_first).map(|date| (date.days, date.has_time))
}

/// A number of days since 1970-01-01 as a date: 2024-01-31.
#[cfg(feature = "parquet")]
pub(super) fn text_of(days: i64) -> String {
    let (year, month, day) = civil(days);
    format!("{year:04}-{month:02}-{day:02}")
}

/// The share of the day that has passed; `None` if it is no time, or a zone that is none follows.
fn time_of_day(clock: &str) -> Option<f64> {
    let clock = clock.trim_start();
    let is_of_time = |letter: char| letter.is_ascii_digit() || matches!(letter, ':' | '.');
    let end = clock
        .find(|letter| !is_of_time(letter))
        .unwrap_or(clock.len());
    let (time, zone) = clock.split_at(end);
    let is_zone = |zone: &str| {
        let offset = zone.strip_prefix(['+', '-']);
        zone.is_empty()
            || matches!(zone, "Z" | "UTC")
            || offset.is_some_and(|offset| {
                offset
                    .bytes()
                    .all(|byte| matches!(byte, b'0'..=b'9' | b':'))
            })
    };
    if !is_zone(zone.trim_start()) {
        return None;
    }
    let mut parts = time.split(':');
    let mut part = |below: f64| -> Option<f64> {
        let number: f64 = parts.next()?.parse().ok()?;
        (0.0..below).contains(&number).then_some(number)
    };
    let (hour, minute) = (part(24.0)?, part(60.0)?);
    let second = if time.matches(':').count() > 1 {
        part(61.0)?
    } else {
        0.0
    };
    (parts.next().is_none() && hour.fract() == 0.0 && minute.fract() == 0.0)
        .then_some((hour * 3_600.0 + minute * 60.0 + second.min(59.999)) / 86_400.0)
}

fn days_of(month: i64, year: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days from 1970-01-01 in the Gregorian calendar (Howard Hinnant, "chrono-compatible low-level date algorithms"): years begin in
/// March, so that a leap day is the last of its year.
fn since_1970(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + day_of_year - 719_468
}

/// Year, month and day: [`since_1970`] the other way.
fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let (era, of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let march_first = (5 * of_year + 2) / 153;
    let day = of_year - (153 * march_first + 2) / 5 + 1;
    let month = if march_first < 10 {
        march_first + 3
    } else {
        march_first - 9
    };
    (year + era * 400 + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_counted_as_the_calendar_has_them() {
        // From Python: (datetime.date(y, m, d) - datetime.date(1970, 1, 1)).days and .weekday().
        for (text, days, weekday) in [
            ("1970-01-01", 0.0, 3.0),
            ("1969-12-31", -1.0, 2.0),
            ("2000-02-29", 11_016.0, 1.0),
            ("2024-02-29", 19_782.0, 3.0),
            ("1900-03-01", -25_508.0, 3.0),
            ("2026-11-29", 20_786.0, 6.0),
        ] {
            let date = Date::parse(text, false).expect("a date");
            assert_eq!((date.days, date.has_time), (days, false), "{text}");
            let [month, day, found, hour] = Date::parts(days);
            assert_eq!((found, hour), (weekday, 0.0), "{text}");
            assert_eq!(text[5..], format!("{month:02}-{day:02}"));
        }
    }

    #[test]
    fn every_day_of_four_hundred_years_is_its_number_and_back() {
        for days in -100_000..50_000 {
            let (year, month, day) = civil(days);
            assert_eq!(since_1970(year, month, day), days);
        }
    }

    #[test]
    fn dates_are_read_in_the_forms_that_say_their_order_and_nothing_else_is_one() {
        let days = |text: &str, day_first| Date::parse(text, day_first).map(|date| date.days);
        let day = days("2024-01-31", false);
        for (text, day_first) in [
            ("2024/1/31", false),
            ("20240131", false),
            ("31.01.2024", false),
            ("01/31/2024", false),
            ("31/01/2024", true),
        ] {
            assert_eq!(days(text, day_first), day, "{text}");
        }
        for text in [
            "2024-01-31T18:30",
            "2024-01-31 18:30:00.000Z",
            "2024-01-31 18:30:00+02:00",
        ] {
            let half_past_six = day.map(|day| day + 18.5 / 24.0);
            assert_eq!(days(text, false), half_past_six, "{text}");
            assert_eq!(Date::parts(half_past_six.unwrap_or(0.0))[3], 18.5);
        }
        for text in [
            "2024-13-01",
            "2024-02-30",
            "2023-02-29",
            "2024",
            "2024-01",
            "1.2.3",
            "1-2-2024",
            "31/01/2024",
            "2024-01-31 25:00",
            "2024-01-31 noon",
            "2024-01-31T",
            "10:30",
            "",
            "-",
            "2024-01-31-05",
            "12.5",
            "20241301",
            "10240131",
        ] {
            assert_eq!(days(text, false), None, "{text}");
        }
    }
}
