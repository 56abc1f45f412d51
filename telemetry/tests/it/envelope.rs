//! What goes into an envelope comes out; anything else is refused without a panic.

use crate::batch::{envelope_of, read_body};
use proptest::prelude::*;
use telemetry::batch::Format;
use telemetry::envelope::{Envelope, EnvelopeError, MessageId, Place, SegmentWriter, begin};
use telemetry::hit::{Hit, Method};
use telemetry::report::ClientId;

fn hit(service: &str, at: i64, latency_ms: f64) -> Hit<'_> {
    Hit {
        at,
        service,
        environment: "live",
        method: Method::Post,
        endpoint: "/orders/:id",
        status: 201,
        latency_ms,
        request_size: Some(3),
        response_size: None,
        consumer: None,
        trace_id: None,
        event_id: None,
        error: Some("é"),
        ip: None,
        user_agent: None,
        request_headers: None,
        response_headers: None,
        request_body: None,
        response_body: None,
        attributes: None,
    }
}

#[test]
fn idless_hits_of_several_calls_become_one_batch_in_order() {
    let mut bytes = Vec::new();
    begin(MessageId(1), ClientId(2), 3, &mut bytes);
    for call in 0..3 {
        let mut writer = SegmentWriter::new(None, 0);
        for place in 0..2 {
            writer.push(Place::Idless, &hit("a", call * 10 + place, 1.0));
        }
        bytes.extend_from_slice(writer.finish(100, vec![("method", 1)]).as_bytes());
    }
    let envelope = Envelope::decode(&bytes).unwrap();
    assert_eq!((envelope.id, envelope.client, envelope.accepted_at), (MessageId(1), ClientId(2), 3));
    let [batch] = &envelope.batches[..] else { panic!("one batch expected") };
    assert_eq!(batch.id, format!("m:{}", MessageId(1)));
    let places: Vec<_> = batch.hits.iter().map(|(position, hit)| (*position, hit.at)).collect();
    assert_eq!(places, [(0, 0), (1, 1), (2, 10), (3, 11), (4, 20), (5, 21)]);
    assert_eq!((batch.bytes, batch.rejected.len()), (300, 3));
}

#[test]
fn a_batch_that_comes_twice_in_one_envelope_counts_as_it_came_first() {
    let mut bytes = Vec::new();
    begin(MessageId(1), ClientId(2), 3, &mut bytes);
    for at in [1, 2] {
        let mut writer = SegmentWriter::new(Some("0123456789abcdef"), 0);
        writer.push(Place::InBatch(0), &hit("a", at, 1.0));
        bytes.extend_from_slice(writer.finish(1, Vec::new()).as_bytes());
    }
    let envelope = Envelope::decode(&bytes).unwrap();
    assert_eq!(envelope.batches.len(), 1);
    assert_eq!(envelope.batches[0].hits[0].1.at, 1);
}

#[test]
fn other_bytes_are_told_apart() {
    assert_eq!(Envelope::decode(b""), Err(EnvelopeError::NotAnEnvelope));
    assert_eq!(Envelope::decode(b"{\"hits\":[]}"), Err(EnvelopeError::NotAnEnvelope));
    assert_eq!(Envelope::decode(b"Sn\x09rest"), Err(EnvelopeError::UnknownVersion(9)));
    assert!(matches!(Envelope::decode(b"Sn\x01\xff"), Err(EnvelopeError::Damaged(_))));
}

#[test]
fn a_real_batch_cut_anywhere_is_damaged_or_shorter_never_a_panic() {
    let body = br#"[{"serviceName":"a","endpoint":"/a","method":"GET","statusCode":200,"latencyMs":1},
                    {"serviceName":"a","endpoint":"/a","method":"GET","statusCode":200,"latencyMs":1,"eventId":"x"}]"#;
    let bytes = envelope_of(&read_body(body, Format::Many, None).unwrap());
    assert!(Envelope::decode(&bytes).is_ok());
    for end in 0..bytes.len() {
        let _ = Envelope::decode(&bytes[..end]);
    }
}

proptest! {
    #[test]
    fn decoding_junk_never_panics(junk in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = Envelope::decode(&junk);
        let _ = Envelope::decode(&[&b"Sn\x01"[..], &junk].concat());
    }

    #[test]
    fn hits_come_out_as_they_went_in(
        hits in prop::collection::vec((".{0,40}", any::<i64>(), 0.0f64..1e9, any::<u32>()), 1..20)
    ) {
        let mut writer = SegmentWriter::new(Some("0123456789abcdef"), 0);
        for (service, at, latency_ms, position) in &hits {
            writer.push(Place::InBatch(*position), &hit(service, *at, *latency_ms));
        }
        let mut bytes = Vec::new();
        begin(MessageId(u128::MAX), ClientId(-1), i64::MIN, &mut bytes);
        bytes.extend_from_slice(writer.finish(9, Vec::new()).as_bytes());
        let envelope = Envelope::decode(&bytes).unwrap();
        let out = &envelope.batches[0].hits;
        prop_assert_eq!(out.len(), hits.len());
        for ((position, out), (service, at, latency_ms, place)) in out.iter().zip(&hits) {
            prop_assert_eq!(position, place);
            prop_assert_eq!(*out, hit(service, *at, *latency_ms));
        }
    }
}

#[test]
fn a_new_message_id_tells_its_time_whatever_is_random() {
    for random in [[0; 10], [255; 10], [0x5a; 10]] {
        assert_eq!(MessageId::new(1_790_000_000_123, random).time(), Some(1_790_000_000_123));
    }
    assert_ne!(MessageId::new(5, [1; 10]), MessageId::new(5, [2; 10]));
    assert_eq!(MessageId::new(0x0123_4567_89ab, [0xff; 10]).to_string(), "0123456789ab7fffbfffffffffffffff");
    assert_eq!(MessageId(7).time(), None);
}
