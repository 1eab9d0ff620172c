mod examples;

use std::sync::LazyLock;

use plotters::style::RGBColor as Colour;

use super::canvas::{Area, Type};
use super::*;
use examples::{Example, HOSTILE};

fn drawn(examples: Vec<Example>) -> Vec<Chart> {
    let draw = |example: &Example| (example.draw)(&example.caption);
    let (first, second) = examples.split_at(examples.len() / 2);
    std::thread::scope(|scope| {
        let first = scope.spawn(|| first.iter().map(draw).collect::<Vec<_>>());
        let second: Vec<_> = second.iter().map(draw).collect();
        first.join().unwrap().into_iter().chain(second).collect()
    })
}

static REALISTIC: LazyLock<Vec<Chart>> = LazyLock::new(|| drawn(examples::realistic()));
static AWKWARD: LazyLock<Vec<Chart>> = LazyLock::new(|| drawn(examples::awkward()));
static EMPTY: LazyLock<Vec<Chart>> = LazyLock::new(|| drawn(examples::empty()));

fn all() -> impl Iterator<Item = &'static Chart> {
    REALISTIC.iter().chain(AWKWARD.iter()).chain(EMPTY.iter())
}

fn realistic(name: &str) -> &'static Chart {
    let found = REALISTIC.iter().find(|chart| chart.name == name);
    found.unwrap_or_else(|| panic!("no example is called {name}"))
}

fn unescaped(text: &str) -> String {
    [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&apos;", "'"),
        ("&amp;", "&"),
    ]
    .iter()
    .fold(text.to_owned(), |text, (from, to)| text.replace(from, to))
}

/// Returns the value of an attribute in the text of a tag.
fn attribute<'a>(tag: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = tag.split_once(&format!(" {name}=\""))?;
    rest.split_once('"').map(|(value, _)| value)
}

/// Returns the texts of an SVG and the space each takes, in its own units.
fn texts(svg: &str) -> Vec<(String, Area)> {
    let texts = svg.split("<text").skip(1).map(|rest| {
        let (tag, rest) = rest.split_once('>').unwrap();
        let text = unescaped(rest.split_once("</text>").unwrap().0.trim());
        let number = |name| attribute(tag, name).unwrap().parse::<f64>().unwrap();
        let (x, y, size) = (number("x"), number("y"), number("font-size"));
        let mut look = Type::new(size, style::INK);
        look.bold = attribute(tag, "font-weight").is_some();
        let width = look.width(&text);
        let left = match attribute(tag, "text-anchor").unwrap() {
            "start" => x,
            "middle" => x - width / 2.0,
            "end" => x - width,
            other => panic!("{other}"),
        };
        let baseline = y + 0.76 * size;
        let area = Area {
            left,
            top: baseline - 0.7 * size,
            right: left + width,
            bottom: baseline,
        };
        (text, area)
    });
    texts.collect()
}

/// Returns the RGB pixels.
fn decoded(png: &[u8]) -> Vec<u8> {
    let mut reader = png::Decoder::new(png).read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size()];
    let info = reader.next_frame(&mut pixels).unwrap();
    assert_eq!(info.color_type, png::ColorType::Rgb);
    pixels
}

#[test]
fn no_text_touches_another_or_leaves_the_sheet() {
    for chart in all() {
        let view = attribute(&chart.svg, "viewBox").unwrap();
        let size: Vec<f64> = view.split(' ').map(|part| part.parse().unwrap()).collect();
        let texts = texts(&chart.svg);
        assert!(texts.len() > 1, "{}", chart.name);
        for (place, (text, area)) in texts.iter().enumerate() {
            assert!(
                area.left >= 0.0
                    && area.top >= 0.0
                    && area.right <= size[2]
                    && area.bottom <= size[3],
                "{}: `{text}` leaves the sheet: {area:?}",
                chart.name
            );
            for (other, space) in &texts[place + 1..] {
                let apart = area.right <= space.left
                    || space.right <= area.left
                    || area.bottom <= space.top
                    || space.bottom <= area.top;
                assert!(apart, "{}: `{text}` touches `{other}`", chart.name);
            }
        }
    }
}

#[test]
fn pictures_show_what_was_passed_in() {
    let expected: [(&str, &[&str]); 14] = [
        (
            "score_distribution",
            &[
                "Critical",
                "58",
                "was 44",
                "Not scored",
                "62 to 80",
                "Health score (points)",
                "Accounts",
                "2026-10-25",
            ],
        ),
        (
            "band_migration",
            &[
                "35",
                "▼ 55",
                "▲ 27",
                "310",
                "390",
                "Band on 2026-10-25 ↓",
                "Band on 2026-11-24 →",
            ],
        ),
        (
            "largest_movers",
            &[
                "Northwind Traders",
                "82.0 → 52.2",
                "−29.8",
                "G −12.0",
                "+24.5",
                "G Cap: unresolved P1",
                "Points of the health score",
            ],
        ),
        (
            "coverage",
            &[
                "Customer sentiment",
                "52 %",
                "442 of 900 accounts complete",
                "needed for a score: 60 %",
                "Share with data",
            ],
        ),
        (
            "renewals_ahead",
            &[
                "2027-01",
                "€3.5M",
                "20 accounts",
                "Critical (bottom)",
                "Amount up for renewal (EUR)",
                "Month of the renewal",
            ],
        ),
        (
            "ranking_by_lead",
            &[
                "180",
                "71 left of 812",
                "0.60",
                "0.74",
                "Equal weights",
                "Days before the renewal decision",
            ],
        ),
        (
            "stability",
            &[
                "2026-Q1",
                "AUC at 90 days",
                "Not shown at 2025-Q1: 6 events, 10 needed",
            ],
        ),
        (
            "reliability",
            &[
                "Weights in force",
                "observed = predicted",
                "Predicted probability of leaving",
                "20 %",
            ],
        ),
        (
            "capture",
            &[
                "the team can work 10 %",
                "Lift over random order",
                "3×",
                "Share of the leavers caught",
            ],
        ),
        (
            "churn_by_band",
            &[
                "31 %",
                "16 of 52",
                "1.1 %",
                "all bands: 8.2 %",
                "4 accounts, 10 needed",
                "Share that left",
            ],
        ),
        (
            "stayed_and_left",
            &[
                "Share of the 746 who stayed",
                "Share of the 66 who left",
                "Critical below 40",
            ],
        ),
        (
            "metric_power",
            &[
                "Login days",
                "0.69 (0.64–0.74)",
                "29 % missing",
                "all values are the same",
            ],
        ),
        (
            "correlation",
            &["Seats used", "0.78", "−0.47", "beyond ±0.70"],
        ),
        (
            "tornado",
            &[
                "Weight of Product usage",
                "−5 points",
                "−0.031",
                "off",
                "Change of the AUC at 90 days",
            ],
        ),
    ];
    assert_eq!(
        expected.map(|(name, _)| name).to_vec(),
        REALISTIC.iter().map(|c| &c.name).collect::<Vec<_>>()
    );
    for (name, words) in expected {
        let chart = realistic(name);
        let texts = texts(&chart.svg);
        for word in words
            .iter()
            .chain(&["Source: account_scores, drivers · as of 2026-11-24"])
        {
            let is_there = texts.iter().any(|(text, _)| text == word);
            assert!(is_there, "{name} lacks `{word}`: {texts:?}");
        }
    }
}

#[test]
fn words_say_what_the_picture_shows() {
    let expected = [
        ("band_migration", "Healthy → Neutral 55"),
        (
            "largest_movers",
            "Northwind Traders −29.8 (Product usage −6.4, ",
        ),
        (
            "ranking_by_lead",
            "90: Weights in force 0.67 (0.63 to 0.72)",
        ),
        ("stability", "none (6 events, 10 needed)"),
        (
            "reliability",
            "predicted 24 %, observed 30 % (24 % to 38 %), 162 accounts",
        ),
        (
            "churn_by_band",
            "Critical: 16 of 52, 31 % (20 % to 44 %), weighted by amount 37 %",
        ),
        ("tornado", "−5 points −0.031 (−0.037 to −0.025)"),
    ];
    for (name, words) in expected {
        let alt = &realistic(name).alt;
        assert!(alt.contains(words), "{alt}");
    }
    let many = AWKWARD
        .iter()
        .find(|c| c.name == "metric_power_many")
        .unwrap();
    let wrong = "Time to resolve (variant 17) 0.48 (0.43 to 0.53), stands out the wrong way round";
    assert!(many.alt.contains(wrong), "{}", many.alt);
    for chart in all() {
        let (_, rest) = chart.svg.split_once("<desc ").unwrap();
        let (_, rest) = rest.split_once('>').unwrap();
        let (desc, _) = rest.split_once("</desc>").unwrap();
        assert_eq!(unescaped(desc), chart.alt);
        assert!(chart.alt.ends_with("as of 2026-11-24."), "{}", chart.alt);
    }
}

#[test]
fn hostile_text_stays_text() {
    const TAGS: [&str; 9] = [
        "svg", "title", "desc", "rect", "line", "polyline", "polygon", "circle", "text",
    ];
    let mut shown = 0;
    for chart in all() {
        for rest in chart.svg.split('<').skip(1) {
            let name = rest.trim_start_matches('/');
            let end = name.find(|c: char| !c.is_alphanumeric()).unwrap();
            assert!(TAGS.contains(&&name[..end]), "{}: <{rest}", chart.name);
        }
        for part in chart.svg.split('&').skip(1) {
            let (entity, _) = part.split_once(';').unwrap();
            assert!(
                ["lt", "gt", "amp", "quot", "apos"].contains(&entity),
                "&{part}"
            );
        }
        let odd = |c: char| (c.is_control() && c != '\n') || ('\u{202a}'..='\u{202e}').contains(&c);
        assert!(!chart.svg.contains(odd), "{}", chart.name);
        shown += usize::from(chart.svg.contains("&lt;script&gt;alert(&quot;x&quot;)"));
    }
    assert!(
        shown > 5,
        "the hostile text is shown in {shown} pictures only"
    );
    assert!(HOSTILE.contains("<script>"));
}

#[test]
fn both_pictures_are_the_same_size_and_drawn_upon() {
    for chart in all() {
        let of_svg = |name| attribute(&chart.svg, name).unwrap().parse::<u32>().unwrap();
        let info = png::Decoder::new(&chart.png[..]).read_info().unwrap();
        let size = info.info().size();
        assert_eq!(size, (of_svg("width"), of_svg("height")));
        assert!(size.0 == 1200 && size.1 >= 200, "{}: {size:?}", chart.name);
    }
    for chart in REALISTIC.iter() {
        let pixels = decoded(&chart.png);
        let dark = pixels
            .chunks_exact(3)
            .filter(|pixel| pixel[0] < 90 && pixel[1] < 90);
        assert!(dark.count() > 2000, "{} has hardly any letters", chart.name);
    }
    let pixels = decoded(&realistic("score_distribution").png);
    for rank in 0..4 {
        let colour = style::ranked(rank, 4);
        let same = |pixel: &&[u8]| **pixel == [colour.0, colour.1, colour.2];
        let count = pixels.chunks_exact(3).filter(same).count();
        assert!(count > 500, "band {rank} covers {count} pixels");
    }
}

#[test]
fn the_same_numbers_give_the_same_bytes() {
    for name in ["renewals_ahead", "capture"] {
        let again = std::thread::spawn(move || {
            let examples = examples::realistic().into_iter();
            let example = examples.filter(|example| example.caption.name == name);
            drawn(example.collect()).remove(0)
        });
        assert_eq!(again.join().unwrap(), *realistic(name));
    }
}

#[test]
fn a_number_that_is_none_breaks_no_picture() {
    for chart in drawn(examples::numberless()) {
        for word in ["NaN", "inf", "2147483647"] {
            assert!(!chart.svg.contains(word), "{}: {word}", chart.name);
        }
    }
}

#[test]
fn nothing_to_show_is_said_with_its_reason() {
    for chart in EMPTY.iter() {
        let texts = texts(&chart.svg);
        let said = texts.iter().find(|(text, _)| text.starts_with("No data: "));
        assert!(said.is_some_and(|(text, _)| text.len() > 20), "{texts:?}");
    }
    let caption = examples::caption("n", "No comparison", "");
    let chart = super::no_data(&caption, "no scorecard was published before this one");
    let words = "No data: no scorecard was published before this one";
    assert!(texts(&chart.svg).iter().any(|(text, _)| text == words));
}

/// Returns the rectangles of this colour in drawing order, in the units of the SVG.
fn bars(svg: &str, colour: Colour) -> Vec<Area> {
    let fill = format!("#{:02X}{:02X}{:02X}", colour.0, colour.1, colour.2);
    let tags = svg.split("<rect").skip(1);
    let tags = tags.filter(|tag| attribute(tag, "fill") == Some(&fill));
    let area = |tag| {
        let number = |name| attribute(tag, name).unwrap().parse::<f64>().unwrap();
        let (left, top) = (number("x"), number("y"));
        Area {
            left,
            top,
            right: left + number("width"),
            bottom: top + number("height"),
        }
    };
    tags.map(area).collect()
}

/// Returns the centres of all discs in drawing order.
fn discs(svg: &str) -> Vec<(f64, f64)> {
    let tags = svg.split("<circle").skip(1);
    let number = |tag, name| attribute(tag, name).unwrap().parse().unwrap();
    tags.map(|tag| (number(tag, "cx"), number(tag, "cy")))
        .collect()
}

/// Returns the dashes of upright and level lines of reference, with their ends in drawing order.
fn dashes(svg: &str) -> Vec<[(f64, f64); 2]> {
    let lines = svg.split("<polyline").skip(1);
    let points = lines.filter_map(|tag| attribute(tag, "points"));
    let points = points.map(|text| -> Vec<(f64, f64)> {
        let pairs = text
            .split_whitespace()
            .filter_map(|pair| pair.split_once(','));
        pairs
            .map(|(x, y)| (x.parse().unwrap(), y.parse().unwrap()))
            .collect()
    });
    let dashes = points.filter_map(|points| <[(f64, f64); 2]>::try_from(points).ok());
    let (dash, _) = super::style::REFERENCE_DASH;
    // Whole pixels: a dash may be one longer or shorter.
    let is_dash = |[a, b]: &[(f64, f64); 2]| {
        let (x, y) = ((a.0 - b.0).abs(), (a.1 - b.1).abs());
        x.min(y) == 0.0 && (x.max(y) - dash).abs() <= 1.0
    };
    dashes.filter(is_dash).collect()
}

/// Holds if the lengths are to each other as the values, to a pixel or the gap between bars.
fn assert_proportional(lengths: &[f64], values: &[f64]) {
    assert_eq!(lengths.len(), values.len(), "{lengths:?}");
    let longest = lengths.iter().copied().fold(0.0, f64::max);
    assert!(longest > 20.0, "{lengths:?}");
    let per_value = longest / values.iter().copied().fold(0.0, f64::max);
    for (length, value) in lengths.iter().zip(values) {
        let expected = per_value * value;
        assert!(
            (length - expected).abs() <= 4.0,
            "{lengths:?} for {values:?}"
        );
    }
}

#[test]
fn lengths_are_proportional_to_the_numbers() {
    let caption = examples::caption("lengths", "t", "");
    let bands = Bands {
        ranked: vec!["Red".to_owned(), "Green".to_owned()],
        others: vec![],
    };
    let (red, green) = (bands.colour(0), bands.colour(1));
    let heights = |areas: Vec<Area>| areas.into_iter().map(Area::height).collect::<Vec<_>>();
    let widths = |areas: Vec<Area>| areas.into_iter().map(Area::width).collect::<Vec<_>>();
    // The legend's sample comes first.
    let marks = |svg: &str, colour| bars(svg, colour).split_off(1);

    let bin = |low, now| ScoreBin {
        low,
        high: low + 10.0,
        now,
        before: None,
    };
    let scores = ScoreDistribution {
        bins: vec![bin(0.0, 10), bin(10.0, 20), bin(20.0, 50), bin(30.0, 30)],
        bands: bands.clone(),
        thresholds: vec![25.0],
        counts: vec![],
        compared: None,
    };
    let svg = scores.draw(&caption).svg;
    // The third bin straddles the threshold and shows in both colours.
    assert_proportional(&heights(bars(&svg, red)), &[10.0, 20.0, 50.0]);
    assert_proportional(&heights(bars(&svg, green)[1..].to_vec()), &[50.0, 30.0]);

    let renewals = RenewalsAhead {
        bands: bands.clone(),
        currencies: vec![CurrencyRenewals {
            currency: "EUR".to_owned(),
            months: [(3e5, 1e5), (2e5, 6e5)]
                .map(|(red, green)| RenewalMonth {
                    month: "2027-01".to_owned(),
                    amount: red + green,
                    accounts: 3,
                    by_band: vec![red, green],
                })
                .to_vec(),
        }],
    };
    let svg = renewals.draw(&caption).svg;
    assert_proportional(&heights(marks(&svg, red)), &[3.0, 2.0]);
    assert_proportional(&heights(marks(&svg, green)), &[1.0, 6.0]);

    let rate = |churned, accounts| BandChurn {
        churned,
        accounts,
        rate: Ok(Estimate {
            value: churned as f64 / accounts as f64,
            interval: None,
        }),
        amount_rate: None,
    };
    let churn = ChurnByBand {
        bands: bands.clone(),
        rows: vec![rate(30, 100), rate(10, 100)],
        base_rate: None,
    };
    let svg = churn.draw(&caption).svg;
    let both = [bars(&svg, red), bars(&svg, green)].concat();
    assert_proportional(&heights(both), &[3.0, 1.0]);

    let effect = |value| Effect {
        step: "off".to_owned(),
        change: Ok(Estimate {
            value,
            interval: None,
        }),
    };
    let tornado = Tornado {
        figure: "Change of the AUC".to_owned(),
        rows: vec![TornadoRow {
            variable: "Weight".to_owned(),
            effects: vec![effect(0.02), effect(-0.03), effect(0.01)],
        }],
    };
    let svg = tornado.draw(&caption).svg;
    let (up, down) = (marks(&svg, style::BETTER), marks(&svg, style::WORSE));
    assert_eq!(up[0].left, down[0].right, "both begin at zero");
    let lengths = widths([up, down].concat());
    assert_proportional(&lengths, &[2.0, 1.0, 3.0]);

    let movers = LargestMovers {
        decimals: 1,
        causes: vec!["a".to_owned(), "b".to_owned()],
        accounts: vec![Mover {
            account: "x".to_owned(),
            id: String::new(),
            before: 60.0,
            now: 58.0,
            change: -2.0,
            points: vec![-6.0, 4.0],
        }],
    };
    let svg = movers.draw(&caption).svg;
    let segments = [0, 1].map(|cause| marks(&svg, style::series(cause).colour)[0]);
    assert!(segments[0].right <= segments[1].left);
    assert_proportional(&widths(segments.to_vec()), &[6.0, 4.0]);
}

#[test]
fn points_stand_where_their_figures_are() {
    let caption = examples::caption("points", "t", "");
    let bin = |predicted, observed| ReliabilityBin {
        predicted,
        observed,
        interval: None,
        accounts: 50,
    };
    let reliability = Reliability {
        curves: vec![ReliabilityCurve {
            candidate: "c".to_owned(),
            bins: vec![bin(0.1, 0.2), bin(0.15, 0.3), bin(0.3, 0.4)],
        }],
    };
    let discs_of = discs(&reliability.draw(&caption).svg);
    let [_, a, b, c] = discs_of[..] else {
        panic!("{discs_of:?}");
    };
    assert_proportional(&[b.0 - a.0, c.0 - a.0], &[0.05, 0.2]);
    assert_proportional(&[a.1 - b.1, a.1 - c.1], &[0.1, 0.2]);

    let point = |worked, captured, lift| CapturePoint {
        worked,
        captured,
        lift: Some(lift),
    };
    let capture = Capture {
        candidates: vec![CaptureCurve {
            candidate: "c".to_owned(),
            points: vec![
                point(0.1, 0.3, 3.0),
                point(0.5, 0.8, 1.6),
                point(1.0, 1.0, 1.0),
            ],
        }],
        capacity: None,
    };
    let discs_of = discs(&capture.draw(&caption).svg);
    let [_, a, b, c, d, e, f] = discs_of[..] else {
        panic!("{discs_of:?}");
    };
    assert_proportional(&[b.0 - a.0, c.0 - a.0], &[0.4, 0.9]);
    assert_proportional(&[a.1 - b.1, a.1 - c.1], &[0.5, 0.7]);
    assert_proportional(&[e.1 - d.1, f.1 - d.1], &[1.4, 2.0]);
    assert_proportional(&[e.0 - d.0, f.0 - d.0], &[0.4, 0.9]);

    let lead = |lead_days, value| LeadRanking {
        lead_days,
        note: String::new(),
        auc: vec![Ok(Estimate {
            value,
            interval: None,
        })],
    };
    let ranking = RankingByLead {
        candidates: vec!["c".to_owned()],
        in_force: None,
        leads: vec![lead(90, 0.6), lead(60, 0.65), lead(30, 0.75)],
    };
    let svg = ranking.draw(&caption).svg;
    let discs_of = discs(&svg);
    let [a, b, c, _] = discs_of[..] else {
        panic!("{discs_of:?}");
    };
    let line = [a, b, c].map(|(x, y)| format!("{x},{y} ")).concat();
    assert!(svg.contains(&format!("points=\"{line}\"")), "{line}");
    assert_proportional(&[b.0 - a.0, c.0 - a.0], &[1.0, 2.0]);
    assert_proportional(&[a.1 - b.1, a.1 - c.1], &[0.05, 0.15]);
    // The line of chance lies at one half: a tenth below the first point.
    let chance: Vec<f64> = dashes(&svg).iter().map(|[(_, y), _]| *y).collect();
    assert!(chance.iter().all(|y| *y == chance[0]), "{chance:?}");
    assert_proportional(&[chance[0] - a.1, chance[0] - c.1], &[0.1, 0.25]);

    let row = |value, interval| MetricRow {
        metric: "m".to_owned(),
        category: String::new(),
        auc: Ok(Estimate { value, interval }),
        stands_out: true,
        note: String::new(),
    };
    let power = MetricPower {
        metrics: vec![row(0.5, None), row(0.6, Some((0.5, 0.7))), row(0.7, None)],
    };
    let svg = power.draw(&caption).svg;
    let discs_of = discs(&svg);
    // Two points of the legend, one of them hollow, then the metrics from the top.
    let [_, _, _, a, b, c] = discs_of[..] else {
        panic!("{discs_of:?}");
    };
    assert_proportional(&[b.0 - a.0, c.0 - a.0], &[1.0, 2.0]);
    let interval = format!("points=\"{},{} {},{} \"", a.0, b.1, c.0, b.1);
    assert!(svg.contains(&interval), "{interval}");
    // The line of chance, past the piece of it in the legend, runs through the metric at one half.
    let upright = dashes(&svg).into_iter().filter(|[(a, _), (b, _)]| a == b);
    let chance: Vec<f64> = upright.map(|[(x, _), _]| x).collect();
    assert!(
        !chance.is_empty() && chance.iter().all(|x| (x - a.0).abs() <= 1.0),
        "{chance:?} {a:?}"
    );
}
