//! Time zones, as far as people write them into CronJobs: the names of the larger ones with the rules that hold now. The
//! whole database would be larger than everything else that is known of time here.
//! *Source: the IANA time zone database, 2025b.*

use crate::time::{civil, days_since};

const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;

/// A time zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Zone {
    // Seconds east of Greenwich in winter.
    standard: i64,
    summer: Summer,
}

/// When an hour is added.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Summer {
    Never,
    /// From the last Sunday of March to the last of October, at 01:00 UTC.
    Europe,
    /// From the second Sunday of March to the first of November, at 02:00 by the clock.
    America,
    /// From the first Sunday of October to the first of April, at 02:00 standard time.
    Australia,
    /// From the last Sunday of September to the first of April, at 02:00 standard time.
    NewZealand,
}

/// Places with one clock: minutes east of Greenwich in winter, and the summer rule.
type Places = (i64, Summer, &'static str);

/// Areas with the places in them.
const ZONES: &[(&str, &[Places])] = &[
    (
        "Europe",
        &[
            (0, Summer::Europe, "London Dublin Lisbon"),
            (
                60,
                Summer::Europe,
                "Berlin Paris Madrid Rome Amsterdam Vienna Zurich Brussels Stockholm Oslo Copenhagen Prague Warsaw Budapest Belgrade Zagreb Ljubljana Bratislava Luxembourg",
            ),
            (120, Summer::Europe, "Athens Helsinki Kyiv Kiev Bucharest Sofia Riga Vilnius Tallinn"),
            (180, Summer::Never, "Istanbul Moscow Minsk"),
        ],
    ),
    (
        "America",
        &[
            (-300, Summer::America, "New_York Toronto Detroit"),
            (-360, Summer::America, "Chicago Winnipeg"),
            (-420, Summer::America, "Denver Edmonton"),
            (-480, Summer::America, "Los_Angeles Vancouver"),
            (-420, Summer::Never, "Phoenix"),
            (-360, Summer::Never, "Mexico_City Costa_Rica"),
            (-300, Summer::Never, "Bogota Lima Panama"),
            (-180, Summer::Never, "Sao_Paulo Buenos_Aires Montevideo"),
        ],
    ),
    (
        "Asia",
        &[
            (240, Summer::Never, "Dubai"),
            (300, Summer::Never, "Karachi Tashkent"),
            (330, Summer::Never, "Kolkata Calcutta Colombo"),
            (360, Summer::Never, "Dhaka"),
            (420, Summer::Never, "Bangkok Jakarta Ho_Chi_Minh"),
            (480, Summer::Never, "Shanghai Hong_Kong Singapore Taipei Manila Kuala_Lumpur"),
            (540, Summer::Never, "Tokyo Seoul"),
        ],
    ),
    (
        "Australia",
        &[
            (480, Summer::Never, "Perth"),
            (600, Summer::Never, "Brisbane"),
            (600, Summer::Australia, "Sydney Melbourne Canberra Hobart"),
        ],
    ),
    ("Pacific", &[(720, Summer::NewZealand, "Auckland"), (-600, Summer::Never, "Honolulu")]),
    (
        "Africa",
        &[
            (60, Summer::Never, "Lagos"),
            (120, Summer::Never, "Johannesburg"),
            (180, Summer::Never, "Nairobi"),
        ],
    ),
    ("Etc", &[(0, Summer::Never, "UTC GMT Universal Zulu UCT Greenwich")]),
];

impl Zone {
    /// Coordinated Universal Time, which the controllers of a cluster go by.
    pub(crate) const UTC: Self = Self { standard: 0, summer: Summer::Never };

    /// The zone of that name, if it is known here.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        if let Some(hours) = name.strip_prefix("Etc/GMT").and_then(|text| text.parse::<i64>().ok())
        {
            // In these names east is minus.
            return (-14..=12)
                .contains(&hours)
                .then_some(Self { standard: -hours * HOUR, summer: Summer::Never });
        }
        let (area, place) = match name {
            "UTC" | "GMT" | "Universal" | "Zulu" | "UCT" | "Greenwich" => ("Etc", name),
            _ => name.split_once('/')?,
        };
        let (_, zones) = ZONES.iter().find(|(known, _)| *known == area)?;
        let has = |places: &str| places.split(' ').any(|known| known == place);
        let (minutes, summer, _) = zones.iter().find(|(_, _, places)| has(places))?;
        Some(Self { standard: minutes * 60, summer: *summer })
    }

    /// Seconds east of Greenwich at a Unix second.
    pub(crate) fn offset(self, at: i64) -> i64 {
        let (year, _, _) = civil((at + self.standard).div_euclid(DAY));
        // Changes by the clock, at two in the morning of a Sunday, as Unix seconds.
        let local = |day: i64, hour: i64| day * DAY + hour * HOUR - self.standard;
        let (begin, end) = match self.summer {
            Summer::Never => return self.standard,
            Summer::Europe => {
                let at_one = |day: i64| day * DAY + HOUR;
                (at_one(sunday(year, 4, 0)), at_one(sunday(year, 11, 0)))
            }
            // The second 02:00 of the end is 01:00 standard time.
            Summer::America => (local(sunday(year, 3, 2), 2), local(sunday(year, 11, 1), 1)),
            Summer::Australia => (local(sunday(year, 10, 1), 2), local(sunday(year, 4, 1), 2)),
            Summer::NewZealand => (local(sunday(year, 10, 0), 2), local(sunday(year, 4, 1), 2)),
        };
        let is_summer =
            if begin < end { (begin..end).contains(&at) } else { at >= begin || at < end };
        self.standard + if is_summer { HOUR } else { 0 }
    }
}

/// The so-manieth Sunday of a month; the zeroth is the last of the month before.
fn sunday(year: i64, month: i64, which: i64) -> i64 {
    let first = days_since(year, month, 1);
    // Day 3 was a Sunday.
    let to_sunday = (3 - first).rem_euclid(7);
    first + to_sunday + 7 * (which - 1)
}
