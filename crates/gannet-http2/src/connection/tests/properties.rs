//! Properties: however the input is cut, the same comes out; and no window is overrun, whatever the peer grants.

use std::collections::HashMap;

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

/// A frame of a peer that mostly keeps to the rules.
fn any_frame() -> impl Strategy<Value = Vec<u8>> {
    let id = (0..6_u32).prop_map(|index| 2 * index + 1);
    prop_oneof![
        4 => (id.clone(), any::<bool>()).prop_map(|(id, end)| request(id, end)),
        1 => id.clone().prop_map(|id| {
            let block = block(&REQUEST);
            let (first, second) = block.split_at(7);
            [frame(kind::HEADERS, 0, id, first), frame(kind::CONTINUATION, flag::END_HEADERS, id, second)].concat()
        }),
        6 => (id.clone(), 0..600_usize, any::<bool>()).prop_map(|(id, len, end)| data(id, &vec![7; len], end)),
        2 => (id.clone(), 0..9_u8, 0..9_usize).prop_map(|(id, padding, len)| {
            frame(kind::DATA, flag::PADDED, id, &[&[padding][..], &vec![7; len], &vec![0; padding.into()]].concat())
        }),
        2 => id.clone().prop_map(trailers),
        2 => id.clone().prop_map(|id| rst_stream(id, ErrorCode::Cancel)),
        2 => (id.clone(), 1..9_u32).prop_map(|(id, by)| window_update(id, by)),
        1 => (0..9_u32).prop_map(|by| window_update(0, by)),
        1 => (0..70_000_u32).prop_map(|size| settings(&[(4, size)])),
        1 => Just(settings_ack()),
        1 => any::<[u8; 8]>().prop_map(ping),
        1 => id.clone().prop_map(|id| frame(kind::PRIORITY, 0, id, &[0, 0, 0, 0, 1])),
        1 => vec(any::<u8>(), 0..9).prop_map(|payload| frame(0x42, 0xff, 0, &payload)),
        1 => vec(any::<u8>(), 9..40),
    ]
}

/// Answers each request with its own data, in the way of a test that only looks at the outside.
fn serve(server: &mut Script, bytes: &[u8]) -> Vec<String> {
    server.input.extend_from_slice(bytes);
    let mut told = Vec::new();
    loop {
        let (connection, out) = (&mut server.connection, &mut server.out);
        match connection.receive(server.now, &mut server.input, out, &mut server.fields) {
            Ok(None) => return told,
            Ok(Some(event)) => {
                told.push(describe(&event));
                match event {
                    Event::Head { stream, .. } => {
                        connection.send_head(stream, &mut list(&[(":status", "200")]), false, out).unwrap();
                    }
                    Event::Data { stream, data, end_stream } => {
                        connection.release(stream, data.len(), out);
                        connection.send_data(stream, data, end_stream, out).unwrap();
                    }
                    Event::Trailers { stream } => {
                        connection.send_trailers(stream, &mut list(&[("a", "b")]), out).unwrap();
                    }
                    _ => {}
                }
            }
            Err(error) => {
                told.push(error.to_string());
                return told;
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_cut_of_the_input_gives_the_same(
        frames in vec(any_frame(), 1..40),
        cuts in vec(1..40_usize, 1..20),
    ) {
        let bytes = frames.concat();
        let mut whole = Script::server();
        let mut cut = Script::server();
        let told_whole = serve(&mut whole, &bytes);
        let mut told_cut = Vec::new();
        let mut rest = &bytes[..];
        for size in cuts.iter().cycle() {
            if rest.is_empty() || told_cut.last().is_some_and(|line: &String| line.contains("peer broke")) {
                break;
            }
            let (piece, behind) = rest.split_at((*size).min(rest.len()));
            told_cut.extend(serve(&mut cut, piece));
            rest = behind;
        }
        prop_assert_eq!(told_whole, told_cut);
        prop_assert_eq!(whole.sent(), cut.sent());
        prop_assert_eq!(whole.connection.active_streams(), cut.connection.active_streams());
        prop_assert_eq!(whole.connection.stats(), cut.connection.stats());
    }

    #[test]
    fn what_is_sent_keeps_within_the_windows_and_arrives_whole(
        steps in vec((0..4_u32, 0..5_u8, 0..40_000_u32), 1..60),
    ) {
        let mut server = Script::server();
        server.feed(&settings(&[(4, 10_000)]));
        for index in 0..4 {
            server.feed(&request(2 * index + 1, true));
            server.send_head(2 * index + 1);
        }
        server.sent();
        let mut initial = 10_000_i64;
        let mut connection_window = 65_535_i64;
        let mut windows: HashMap<u32, i64> = (0..4).map(|index| (2 * index + 1, initial)).collect();
        let mut queued: HashMap<u32, usize> = HashMap::new();
        for (index, action, amount) in steps {
            let id = 2 * index + 1;
            match action {
                0 | 1 => {
                    server.send_data(id, vec![0; amount as usize], false);
                    *queued.entry(id).or_default() += amount as usize;
                }
                2 => {
                    server.feed(&window_update(id, amount + 1));
                    *windows.get_mut(&id).unwrap() += i64::from(amount) + 1;
                }
                3 => {
                    server.feed(&window_update(0, amount + 1));
                    connection_window += i64::from(amount) + 1;
                }
                _ => {
                    server.feed(&settings(&[(4, amount)]));
                    for window in windows.values_mut() {
                        *window += i64::from(amount) - initial;
                    }
                    initial = i64::from(amount);
                }
            }
            let mut bytes = Vec::new();
            while server.out.has_remaining() {
                let count = server.out.chunk().len();
                bytes.extend_from_slice(server.out.chunk());
                server.out.advance(count);
            }
            let mut rest = &bytes[..];
            while let Some((header, behind)) = rest.split_first_chunk::<HEADER_LEN>() {
                let header = FrameHeader::parse(*header);
                rest = &behind[header.length as usize..];
                if header.kind == kind::DATA {
                    let window = windows.get_mut(&header.stream_id).unwrap();
                    *window -= i64::from(header.length);
                    connection_window -= i64::from(header.length);
                    prop_assert!(*window >= 0 && connection_window >= 0);
                    *queued.get_mut(&header.stream_id).unwrap() -= header.length as usize;
                }
            }
            // Nothing that could go waits.
            for (id, left) in &queued {
                prop_assert!(*left == 0 || windows[id] <= 0 || connection_window == 0);
                prop_assert_eq!(server.connection.queued_bytes(server.key(*id)), *left);
            }
        }
    }
}
