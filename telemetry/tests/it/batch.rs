//! What is accepted, what is refused, and with which words.

use proptest::prelude::*;
use serde_json::{Value, json};
use telemetry::batch::{Acceptance, Accepted, BatchError, Format, Origin, check_batch_id, read};
use telemetry::envelope::{Envelope, MessageId, begin};
use telemetry::hit::{Hit, Method};
use telemetry::mask::Masking;
use telemetry::report::ClientId;

const NOW: i64 = 1_790_000_000_000;
const DAY: i64 = 86_400_000;

pub(crate) fn read_body(body: &[u8], format: Format, batch: Option<&str>) -> Result<Accepted, BatchError> {
    read_sent_at(body, format, batch, None)
}

fn read_sent_at(
    body: &[u8],
    format: Format,
    batch: Option<&str>,
    sent_at: Option<i64>,
) -> Result<Accepted, BatchError> {
    read_from(body, format, batch, sent_at, Origin::default())
}

fn read_from(
    body: &[u8],
    format: Format,
    batch: Option<&str>,
    sent_at: Option<i64>,
    origin: Origin<'_>,
) -> Result<Accepted, BatchError> {
    let masking = Masking::default();
    let acceptance = Acceptance {
        capture_bodies: true,
        now: NOW,
        sent_at,
        raw_retention: 30 * DAY,
        environment: "live",
        masking: &masking,
        services: &[],
        origin,
    };
    read(body, format, batch, &acceptance)
}

/// Puts what was accepted into an envelope.
pub(crate) fn envelope_of(accepted: &Accepted) -> Vec<u8> {
    let mut bytes = Vec::new();
    begin(MessageId(7), ClientId(3), NOW, &mut bytes);
    bytes.extend_from_slice(accepted.segment.as_bytes());
    bytes
}

fn five_fields() -> Value {
    json!({"serviceName": "orders", "endpoint": "/orders", "method": "GET", "statusCode": 200, "latencyMs": 12.5})
}

fn with(field: &str, value: Value) -> Value {
    let mut hit = five_fields();
    hit[field] = value;
    hit
}

fn one(hit: &Value, check: impl FnOnce(&Hit<'_>)) {
    let accepted = read_body(hit.to_string().as_bytes(), Format::One, None).unwrap();
    let bytes = envelope_of(&accepted);
    let envelope = Envelope::decode(&bytes).unwrap();
    check(&envelope.batches[0].hits[0].1);
}

fn refusal(hit: &Value) -> (&'static str, String) {
    match read_body(hit.to_string().as_bytes(), Format::One, None) {
        Err(BatchError::NothingValid(rejection)) => (rejection.field, rejection.error.into_owned()),
        other => panic!("expected a refusal, got {other:?}"),
    }
}

#[test]
fn five_fields_are_enough() {
    one(&five_fields(), |hit| {
        assert_eq!((hit.service, hit.endpoint, hit.method), ("orders", "/orders", Method::Get));
        assert_eq!((hit.status, hit.latency_ms, hit.at), (200, 12.5, NOW));
        assert_eq!(hit.environment, "live");
    });
}

#[test]
fn a_latency_of_zero_counts() {
    one(&with("latencyMs", json!(0)), |hit| assert_eq!(hit.latency_ms, 0.0));
    one(&with("latencyMs", json!(-0.0)), |hit| assert!(hit.latency_ms.is_sign_positive()));
}

#[test]
fn every_field_is_kept_and_secrets_are_masked() {
    let mut hit = five_fields();
    for (field, value) in [
        ("eventId", json!("evt-1")),
        ("timestamp", json!("2026-09-21T13:46:40Z")),
        ("ip", json!("203.0.113.9")),
        ("userAgent", json!("curl/8")),
        ("requestSize", json!(17)),
        ("responseSize", json!(4096)),
        ("traceparent", json!("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")),
        ("consumer", json!("mobile-app")),
        ("environment", json!("staging")),
        ("error", json!("boom")),
        ("requestHeaders", json!({"Authorization": "Bearer s3cr3t", "Accept": "*/*"})),
        ("requestBody", json!({"user": "ada", "password": "s3cr3t"})),
        ("responseBody", json!("plain \"text\"")),
        ("attributes", json!({"region": "eu"})),
    ] {
        hit[field] = value;
    }
    one(&hit, |hit| {
        assert_eq!(hit.event_id, Some("evt-1"));
        assert_eq!(hit.at, 1_789_998_400_000);
        assert_eq!((hit.ip, hit.user_agent), (Some("203.0.113.9"), Some("curl/8")));
        assert_eq!((hit.request_size, hit.response_size), (Some(17), Some(4096)));
        assert_eq!(hit.trace_id, Some("0af7651916cd43dd8448eb211c80319c"));
        assert_eq!((hit.consumer, hit.environment, hit.error), (Some("mobile-app"), "staging", Some("boom")));
        assert_eq!(hit.response_body, Some("plain \"text\""));
        assert_eq!(hit.attributes, Some(r#"{"region":"eu"}"#));
        let (headers, body) = (hit.request_headers.unwrap(), hit.request_body.unwrap());
        assert!(headers.contains("*/*") && body.contains("ada"));
        assert!(!headers.contains("s3cr3t") && !body.contains("s3cr3t"));
    });
}

#[test]
fn null_is_absent() {
    one(&with("consumer", Value::Null), |hit| assert_eq!(hit.consumer, None));
    one(&with("requestHeaders", Value::Null), |hit| assert_eq!(hit.request_headers, None));
    assert_eq!(refusal(&with("latencyMs", Value::Null)).0, "latencyMs");
}

#[test]
fn what_is_wrong_is_named() {
    for (field, value, words) in [
        ("serviceName", json!(""), "required"),
        ("serviceName", json!(5), "text"),
        ("serviceName", json!("x".repeat(129)), "128"),
        ("serviceName", json!("a\u{7}b"), "control"),
        ("endpoint", Value::Null, "required"),
        ("method", json!(["GET"]), "an array"),
        ("statusCode", json!(99), "100 to 599"),
        ("statusCode", json!(600), "100 to 599"),
        ("statusCode", json!(200.5), "100 to 599"),
        ("statusCode", json!("200"), "not text"),
        ("latencyMs", json!(-1), "0 or more"),
        ("latencyMs", json!(true), "a boolean"),
        ("latencyMs", json!(1e10), "a day"),
        ("timestamp", json!("yesterday"), "RFC 3339"),
        ("timestamp", json!(NOW + 601_000), "future"),
        ("timestamp", json!(NOW - 31 * DAY), "before"),
        ("timestamp", json!(NOW / 1000), "milliseconds"),
        ("requestSize", json!(-4), "bytes"),
        ("requestHeaders", json!("x: y"), "object"),
        ("eventId", json!({}), "an object"),
    ] {
        let (at_fault, error) = refusal(&with(field, value.clone()));
        assert_eq!(at_fault, field, "{value}");
        assert!(error.contains(words), "{field} {value}: {error}");
    }
}

#[test]
fn the_senders_clock_is_corrected_beyond_a_minute_of_skew() {
    let hour = 3_600_000;
    let at = |timestamp: i64, sent_at: i64| {
        let body = with("timestamp", json!(timestamp)).to_string();
        let accepted = read_sent_at(body.as_bytes(), Format::One, None, Some(sent_at)).unwrap();
        Envelope::decode(&envelope_of(&accepted)).unwrap().batches[0].hits[0].1.at
    };
    assert_eq!(at(NOW - 2 * hour - 500, NOW - 2 * hour), NOW - 500, "two hours slow");
    assert_eq!(at(NOW + hour, NOW + hour), NOW, "an hour fast");
    assert_eq!(at(NOW - 30_500, NOW - 30_000), NOW - 30_500, "half a minute is not corrected");
}

#[test]
fn arrays_wrapped_arrays_lines_and_single_hits_read_the_same() {
    let hits = [five_fields(), with("statusCode", json!(503))];
    let lines = format!("{}\n\n  {}\r\n", hits[0], hits[1]);
    for (body, format) in [
        (json!(hits).to_string(), Format::Many),
        (json!({"hits": hits, "sdk": "x"}).to_string(), Format::Many),
        (lines, Format::Ndjson),
    ] {
        let accepted = read_body(body.as_bytes(), format, None).unwrap();
        assert_eq!((accepted.hits, accepted.rejected.len()), (2, 0), "{body}");
        let bytes = envelope_of(&accepted);
        let statuses: Vec<_> =
            Envelope::decode(&bytes).unwrap().batches[0].hits.iter().map(|(_, hit)| hit.status).collect();
        assert_eq!(statuses, [200, 503]);
    }
    assert_eq!(read_body(five_fields().to_string().as_bytes(), Format::Many, None).unwrap().hits, 1);
}

#[test]
fn one_bad_hit_does_not_spoil_its_neighbours_and_positions_stay() {
    let id = "0123456789abcdef";
    let bad = [json!(5), json!("x"), json!(null), json!([1]), with("statusCode", json!({"a": [1]}))];
    for bad in bad {
        let body = json!([five_fields(), bad, five_fields()]).to_string();
        let accepted = read_body(body.as_bytes(), Format::Many, Some(id)).unwrap();
        assert_eq!((accepted.hits, accepted.rejected.len(), accepted.rejected[0].index), (2, 1, 1), "{body}");
        let bytes = envelope_of(&accepted);
        let batch = &Envelope::decode(&bytes).unwrap().batches[0];
        assert_eq!(batch.id, format!("b:{id}"));
        assert_eq!(batch.hits.iter().map(|(position, _)| *position).collect::<Vec<_>>(), [0, 2]);
        assert_eq!(batch.rejected.iter().map(|(_, n)| n).sum::<u32>(), 1);
        assert_eq!(batch.bytes, body.len() as u64);
    }
}

#[test]
fn what_only_the_parser_refuses_spoils_its_hit_only() {
    let good = five_fields().to_string();
    let huge = good.replace("12.5", "1e999");
    let lone = good.replace("orders\"", "\\ud800\"");
    for bad in [huge, lone] {
        for body in [format!("[{good},{bad},{good}]"), format!("{{\"hits\":[{good},{bad},{good}]}}")] {
            let accepted = read_body(body.as_bytes(), Format::Many, None).unwrap();
            assert_eq!(
                (accepted.hits, accepted.rejected.len(), accepted.rejected[0].index),
                (2, 1, 1),
                "{body}"
            );
        }
    }
}

#[test]
fn bodies_refused_as_a_whole_say_why() {
    let hit = five_fields().to_string();
    for (body, format) in [
        ("", Format::One),
        ("[", Format::Many),
        ("not json", Format::Many),
        (&format!("{hit} {hit}"), Format::One),
        (&format!("[{hit}]x"), Format::Many),
        (r#"{"hits":7}"#, Format::Many),
    ] {
        let error = read_body(body.as_bytes(), format, None).unwrap_err();
        assert!(matches!(error, BatchError::NotJson(_)), "{body}: {error:?}");
        assert_eq!(error.into_api_error(format).code.status(), 400);
    }
    assert_eq!(read_body(b"[]", Format::Many, None), Err(BatchError::Empty));
    assert_eq!(read_body(b"\n \n", Format::Ndjson, None), Err(BatchError::Empty));

    let error =
        read_body(json!([{}, five_fields()["x"]]).to_string().as_bytes(), Format::Many, None).unwrap_err();
    let shown = error.into_api_error(Format::Many);
    assert_eq!(shown.field.as_deref(), Some("[0].serviceName"));
}

#[test]
fn ten_thousand_hits_pass_and_one_more_is_too_many() {
    let many = |n: usize| format!("[{}]", vec![five_fields().to_string(); n].join(","));
    assert_eq!(read_body(many(10_000).as_bytes(), Format::Many, None).unwrap().hits, 10_000);
    assert_eq!(read_body(many(10_001).as_bytes(), Format::Many, None), Err(BatchError::TooMany));
    let lines = vec![five_fields().to_string(); 10_001].join("\n");
    assert_eq!(read_body(lines.as_bytes(), Format::Ndjson, None), Err(BatchError::TooMany));
}

#[test]
fn event_ids_identify_hits_outside_a_batch() {
    let body = json!([with("eventId", json!("a")), five_fields(), with("eventId", json!("b"))]).to_string();
    let accepted = read_body(body.as_bytes(), Format::Many, None).unwrap();
    let bytes = envelope_of(&accepted);
    let mut ids: Vec<_> =
        Envelope::decode(&bytes).unwrap().batches.iter().map(|batch| batch.id.clone().into_owned()).collect();
    ids.sort();
    assert_eq!(ids, ["e:a".to_owned(), "e:b".to_owned(), format!("m:{}", MessageId(7))]);
}

#[test]
fn batch_ids_are_checked() {
    assert!(check_batch_id("0123456789abcdef").is_ok());
    for bad in ["short", "has a space in it!!", "0123456789abcde\u{e9}", &"x".repeat(129)] {
        assert_eq!(check_batch_id(bad).unwrap_err().field.as_deref(), Some("Idempotency-Key"), "{bad}");
    }
}

#[test]
fn a_long_body_is_cut_after_it_was_masked() {
    let secret = "s3cr3t";
    let body = json!({"filler": "x".repeat(70_000), "password": secret});
    one(&with("requestBody", body), |hit| {
        let kept = hit.request_body.unwrap();
        assert!(kept.len() <= 64 << 10 && !kept.contains(secret));
    });
    one(&with("attributes", json!({"a": "x".repeat(40_000)})), |hit| {
        assert!(hit.attributes.unwrap().starts_with(r#"{"leftOut":"#));
    });
}

proptest! {
    #[test]
    fn reading_never_panics(body in prop::collection::vec(any::<u8>(), 0..300)) {
        for format in [Format::One, Format::Many, Format::Ndjson] {
            let _ = read_body(&body, format, None);
        }
    }

    /// JSON-shaped noise around real field names reaches deeper than random bytes do.
    #[test]
    fn reading_noise_of_the_right_shape_never_panics(
        parts in prop::collection::vec(prop::sample::select(vec![
            "{", "}", "[", "]", ",", ":", "\"serviceName\"", "\"hits\"", "\"latencyMs\"", "\"requestBody\"", "1e400", "0",
            "-1", "null", "\"\\ud800\"", "\"a\"", "\n", "true", "\"timestamp\"", "\"statusCode\"", "200",
        ]), 0..40)
    ) {
        let body = parts.concat();
        for format in [Format::One, Format::Many, Format::Ndjson] {
            let _ = read_body(body.as_bytes(), format, Some("0123456789abcdef"));
        }
    }

    /// Whatever order good and bad hits come in, each place is either accepted or rejected, once.
    #[test]
    fn every_place_is_judged_once(good in prop::collection::vec(any::<bool>(), 1..60)) {
        let hits: Vec<Value> = good.iter().map(|good| if *good { five_fields() } else { json!({"method": 3}) }).collect();
        match read_body(json!(hits).to_string().as_bytes(), Format::Many, Some("0123456789abcdef")) {
            Ok(accepted) => {
                let bytes = envelope_of(&accepted);
                let envelope = Envelope::decode(&bytes).unwrap();
                let mut places: Vec<u32> = envelope.batches[0].hits.iter().map(|(position, _)| *position).collect();
                prop_assert_eq!(places.len(), accepted.hits as usize);
                places.extend(accepted.rejected.iter().map(|rejection| rejection.index));
                places.sort_unstable();
                prop_assert_eq!(places, (0..good.len() as u32).collect::<Vec<_>>());
            }
            Err(error) => {
                prop_assert!(good.iter().all(|good| !good));
                prop_assert!(matches!(error, BatchError::NothingValid(_)));
            }
        }
    }
}

#[test]
fn where_a_call_came_from_is_told_unless_the_hit_says_it() {
    let origin = Origin { address: Some("203.0.113.7"), country: Some("DE"), colo: Some("FRA") };
    for (field, value, ip, attributes) in [
        ("consumer", json!("web"), "203.0.113.7", r#"{"country":"DE","colo":"FRA"}"#),
        ("ip", json!("198.51.100.1"), "198.51.100.1", r#"{"country":"DE","colo":"FRA"}"#),
        ("attributes", json!({"a": 1}), "203.0.113.7", r#"{"country":"DE","colo":"FRA","a":1}"#),
        ("attributes", json!({"country": "FR"}), "203.0.113.7", r#"{"colo":"FRA","country":"FR"}"#),
        ("attributes", json!({}), "203.0.113.7", r#"{"country":"DE","colo":"FRA"}"#),
        ("attributes", json!([1]), "203.0.113.7", "[1]"),
        ("attributes", Value::Null, "203.0.113.7", r#"{"country":"DE","colo":"FRA"}"#),
    ] {
        let body = with(field, value).to_string();
        let accepted = read_from(body.as_bytes(), Format::One, None, None, origin).unwrap();
        let bytes = envelope_of(&accepted);
        let envelope = Envelope::decode(&bytes).unwrap();
        let hit = &envelope.batches[0].hits[0].1;
        assert_eq!((hit.ip, hit.attributes), (Some(ip), Some(attributes)), "{body}");
    }
    // What the platform says is no more trusted than to be short and plain.
    let odd = Origin { address: None, country: Some("\",\"x\":\""), colo: None };
    let accepted = read_from(five_fields().to_string().as_bytes(), Format::One, None, None, odd).unwrap();
    let bytes = envelope_of(&accepted);
    let hit = &Envelope::decode(&bytes).unwrap().batches[0].hits[0].1.clone();
    assert_eq!((hit.ip, hit.attributes), (None, None));
}
