//! What an alarm watches: one metric, or several in a formula. As texts, so that two can be compared and shown.

use aws_sdk_cloudwatch::types::{
    Dimension, Metric as SdkMetric, MetricAlarm, MetricDataQuery, MetricStat,
};

use crate::resource::{Error, References, Step, Text};

/// Values of one sort that AWS writes down about one thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Metric {
    /// Whose it is, such as `AWS/ECS`.
    pub(crate) namespace: &'static str,
    /// Its name.
    pub(crate) name: &'static str,
    /// What is made of the values of a period, such as `Sum` or `p99`.
    pub(crate) statistic: &'static str,
    /// What it is about.
    pub(crate) dimensions: Vec<(&'static str, Text)>,
}

/// What an alarm watches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Watched {
    /// One metric.
    Metric(Metric),
    /// A formula of CloudWatch's metric math, and the metrics in it by the names it has for them.
    Formula(&'static str, Vec<(&'static str, Metric)>),
}

impl Metric {
    fn text(&self, period: i32) -> Text {
        let head = heading(self.namespace, self.name, self.statistic, period);
        let parts = by_name(&self.dimensions).into_iter().map(|(name, value)| {
            let one = Text::default().then(format!(", {name}="));
            Text::join([one, value.clone()], "")
        });
        Text::join(std::iter::once(Text::from(head)).chain(parts), "")
    }

    pub(super) fn sdk_dimensions(&self, cx: &Step) -> Result<Vec<Dimension>, Error> {
        let one = |(name, value): &(&'static str, Text)| {
            let value = cx.text(value)?;
            Ok(Dimension::builder().name(*name).value(value).build())
        };
        self.dimensions.iter().map(one).collect()
    }

    fn sdk(&self, cx: &Step, period: i32) -> Result<MetricStat, Error> {
        let metric = SdkMetric::builder()
            .namespace(self.namespace)
            .metric_name(self.name)
            .set_dimensions(Some(self.sdk_dimensions(cx)?));
        let stat = MetricStat::builder()
            .metric(metric.build())
            .period(period)
            .stat(self.statistic);
        Ok(stat.build())
    }
}

impl Watched {
    /// All metrics in it.
    fn metrics(&self) -> Vec<&Metric> {
        match self {
            Self::Metric(metric) => vec![metric],
            Self::Formula(_, metrics) => metrics.iter().map(|(_, metric)| metric).collect(),
        }
    }

    /// `references` with all that its dimensions refer to.
    pub(super) fn referred(&self, references: References) -> References {
        let metrics = self.metrics().into_iter();
        let values = metrics.flat_map(|metric| metric.dimensions.iter().map(|(_, value)| value));
        values.fold(references, References::in_text)
    }

    /// In one line, of values that stand for a period of so many seconds each.
    pub(super) fn text(&self, period: i32) -> Text {
        match self {
            Self::Metric(metric) => metric.text(period),
            Self::Formula(formula, metrics) => {
                let parts = by_name(metrics).into_iter().map(|(id, metric)| {
                    Text::join([Text::from(format!("{id} = ")), metric.text(period)], "")
                });
                Text::join(std::iter::once(Text::from(*formula)).chain(parts), "; ")
            }
        }
    }

    /// The queries of a formula; none of a metric, which an alarm has without any.
    pub(super) fn queries(&self, cx: &Step, period: i32) -> Result<Vec<MetricDataQuery>, Error> {
        let Self::Formula(formula, metrics) = self else {
            return Ok(Vec::new());
        };
        let mut queries = vec![
            MetricDataQuery::builder()
                .id(RESULT)
                .expression(*formula)
                .return_data(true)
                .build(),
        ];
        for (id, metric) in metrics {
            let query = MetricDataQuery::builder()
                .id(*id)
                .metric_stat(metric.sdk(cx, period)?)
                .return_data(false);
            queries.push(query.build());
        }
        Ok(queries)
    }
}

/// AWS keeps no order, so a line has one of its own.
fn by_name<'a, T>(parts: &'a [(&'static str, T)]) -> Vec<&'a (&'static str, T)> {
    let mut parts: Vec<_> = parts.iter().collect();
    parts.sort_by_key(|(name, _)| *name);
    parts
}

/// The name of a formula's result.
const RESULT: &str = "result";

fn heading(namespace: &str, name: &str, statistic: &str, period: i32) -> String {
    format!("{namespace} {name}, {statistic} of {period}s")
}

/// The same line of what AWS has; whatever form an alarm was put in.
pub(super) fn live_text(alarm: &MetricAlarm) -> String {
    if let Some(name) = alarm.metric_name() {
        let statistic = alarm.statistic().map(|it| it.as_str());
        let statistic = statistic.or(alarm.extended_statistic()).unwrap_or("?");
        let namespace = alarm.namespace().unwrap_or("?");
        let period = alarm.period().unwrap_or_default();
        return line(namespace, name, statistic, period, alarm.dimensions());
    }
    let mut parts: Vec<(bool, &str, String)> = alarm.metrics().iter().map(part).collect();
    parts.sort();
    if let [(_, _, only)] = parts.as_slice() {
        return only.clone();
    }
    let parts = parts.into_iter().map(|(is_metric, id, text)| {
        if is_metric {
            format!("{id} = {text}")
        } else {
            text
        }
    });
    parts.collect::<Vec<_>>().join("; ")
}

/// Whether it is a metric and no formula, its name, and its line. A formula stands first.
fn part(query: &MetricDataQuery) -> (bool, &str, String) {
    let id = query.id().unwrap_or_default();
    let Some(stat) = query.metric_stat() else {
        return (false, id, query.expression().unwrap_or("?").to_owned());
    };
    let metric = stat.metric();
    let text = line(
        metric.and_then(|it| it.namespace()).unwrap_or("?"),
        metric.and_then(|it| it.metric_name()).unwrap_or("?"),
        stat.stat().unwrap_or("?"),
        stat.period().unwrap_or_default(),
        metric.map_or(&[][..], |it| it.dimensions()),
    );
    (true, id, text)
}

fn line(namespace: &str, name: &str, stat: &str, period: i32, dimensions: &[Dimension]) -> String {
    let text = |part: Option<&str>| part.unwrap_or("?").to_owned();
    let mut pairs: Vec<_> = dimensions
        .iter()
        .map(|one| format!(", {}={}", text(one.name()), text(one.value())))
        .collect();
    pairs.sort();
    heading(namespace, name, stat, period) + &pairs.concat()
}

#[cfg(test)]
mod tests {
    use aws_sdk_cloudwatch::types::Statistic;

    use super::*;
    use crate::resource::Nothing;

    fn metric(statistic: &'static str) -> Metric {
        Metric {
            namespace: "AWS/ECS",
            name: "CPUUtilization",
            statistic,
            dimensions: vec![
                ("ClusterName", Text::from("gw")),
                ("ServiceName", Text::from("gw-cp")),
            ],
        }
    }

    fn dimensions() -> Vec<Dimension> {
        // In another order, as AWS may answer.
        [("ServiceName", "gw-cp"), ("ClusterName", "gw")]
            .map(|(name, value)| Dimension::builder().name(name).value(value).build())
            .into()
    }

    fn queried(id: &str) -> MetricDataQuery {
        let metric = SdkMetric::builder()
            .namespace("AWS/ECS")
            .metric_name("CPUUtilization")
            .set_dimensions(Some(dimensions()));
        let stat = MetricStat::builder()
            .metric(metric.build())
            .period(60)
            .stat("Sum");
        MetricDataQuery::builder()
            .id(id)
            .metric_stat(stat.build())
            .build()
    }

    fn shown(watched: &Watched) -> String {
        watched.text(60).resolve(&Nothing).expect("a text")
    }

    #[test]
    fn a_metric_reads_the_same_in_each_form_that_aws_has_for_it() {
        let plain = MetricAlarm::builder()
            .namespace("AWS/ECS")
            .metric_name("CPUUtilization")
            .statistic(Statistic::Sum)
            .period(60)
            .set_dimensions(Some(dimensions()))
            .build();
        let queried = MetricAlarm::builder().metrics(queried("m1")).build();
        let expected = shown(&Watched::Metric(metric("Sum")));
        assert_eq!(live_text(&plain), expected);
        assert_eq!(live_text(&queried), expected);
        let percentile = MetricAlarm::builder()
            .namespace("AWS/ECS")
            .metric_name("CPUUtilization")
            .extended_statistic("p99")
            .period(60)
            .set_dimensions(Some(dimensions()))
            .build();
        assert_eq!(
            live_text(&percentile),
            shown(&Watched::Metric(metric("p99")))
        );
    }

    #[test]
    fn a_formula_stands_before_its_metrics() {
        let result = MetricDataQuery::builder()
            .id(RESULT)
            .expression("a / z")
            .build();
        let live = MetricAlarm::builder()
            .metrics(queried("z"))
            .metrics(result)
            .metrics(queried("a"))
            .build();
        // In whatever order.
        let mut other = metric("Sum");
        other.dimensions.reverse();
        let formula = Watched::Formula("a / z", vec![("z", other), ("a", metric("Sum"))]);
        assert_eq!(live_text(&live), shown(&formula));
    }
}
