//! The settings of a connection, with their defaults and limits.

use std::time::Duration;

/// Settings of one connection. Every limit has a default; see the fields.
///
/// ```
/// use gannet_http2::Config;
///
/// let mut config = Config::default();
/// config.max_concurrent_streams = 1_000;
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Config {
    /// SETTINGS_INITIAL_WINDOW_SIZE: what the peer may send on a stream before data is released, in bytes. At most
    /// 2^31 - 1. Default 65 535; grows with `adaptive_window`.
    pub initial_stream_window: u32,
    /// What the peer may send on the whole connection before data is released, in bytes; at least 65 535 (a smaller
    /// value counts as that), at most 2^31 - 1. Default 1 MiB; grows with `adaptive_window`.
    pub initial_connection_window: u32,
    /// Whether the windows grow with the bandwidth-delay product of the connection, measured with PING frames while
    /// data arrives. Default true.
    pub adaptive_window: bool,
    /// The most that windows grow to, in bytes. At most 2^31 - 1. Default 16 MiB.
    pub max_window: u32,
    /// SETTINGS_MAX_FRAME_SIZE: the largest payload of a frame that the peer may send, in bytes, from 16 384 to
    /// 16 777 215 (other values count as the nearest of these). Default 16 384.
    pub max_frame_size: u32,
    /// SETTINGS_MAX_CONCURRENT_STREAMS: streams that the peer may have open at once; more are refused with
    /// REFUSED_STREAM. Default 1 024.
    pub max_concurrent_streams: u32,
    /// Client: how many streams may be opened before the peer's SETTINGS have come; it may allow fewer and refuse the
    /// others. Default 100, as RFC 9113 §6.5.2 asks peers to allow.
    pub initial_max_send_streams: u32,
    /// SETTINGS_HEADER_TABLE_SIZE: memory for decoding the peer's header fields, in bytes. Default 4 096.
    pub header_table_size: u32,
    /// SETTINGS_MAX_HEADER_LIST_SIZE: the largest header list (names, values and 32 per field), in bytes. A larger
    /// one resets its stream with ENHANCE_YOUR_CALM. Default 16 KiB.
    pub max_header_list_size: u32,
    /// How long the peer may take to acknowledge SETTINGS. Default 10 s; `None`: forever.
    pub settings_ack_timeout: Option<Duration>,
    /// From how many bytes in the write buffer on queued data waits for [`Connection::flush`](crate::Connection::flush),
    /// so that streams share the connection frame by frame instead of one taking it with all it has. In bytes.
    /// Default `usize::MAX`: all goes to the write buffer as soon as the windows allow.
    pub write_high_mark: usize,
    /// From how many queued bytes on a stream counts as full: it gets [`Event::Writable`](crate::Event::Writable)
    /// once less than half of that is left. Default 64 KiB.
    pub stream_high_mark: usize,
    /// What the peer may make this endpoint spend.
    pub budgets: Budgets,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            initial_stream_window: 65_535,
            initial_connection_window: 1 << 20,
            adaptive_window: true,
            max_window: 16 << 20,
            max_frame_size: 16_384,
            max_concurrent_streams: 1_024,
            initial_max_send_streams: 100,
            header_table_size: 4_096,
            max_header_list_size: 16 << 10,
            settings_ack_timeout: Some(Duration::from_secs(10)),
            write_high_mark: usize::MAX,
            stream_high_mark: 64 << 10,
            budgets: Budgets::default(),
        }
    }
}

/// A token bucket: `burst` tokens at the start and at most, `per_second` of them coming back each second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    /// The most that may be spent at once.
    pub burst: u32,
    /// What comes back per second.
    pub per_second: u32,
}

impl Budget {
    /// A budget that is never used up.
    pub const UNLIMITED: Self = Self { burst: u32::MAX, per_second: u32::MAX };

    /// A budget.
    pub const fn new(burst: u32, per_second: u32) -> Self {
        Self { burst, per_second }
    }
}

/// What a peer may make this endpoint spend before the connection ends with ENHANCE_YOUR_CALM.
///
/// Those of type [`Budget`] come back with time and are earned by useful work as well (said at each field), so a peer
/// that does work may do much more than the numbers say: only overhead without work uses them up.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Budgets {
    /// CONTINUATION frames per header block. Default 64.
    pub continuation_frames_per_block: u32,
    /// Compressed bytes of a header block, HEADERS and CONTINUATION frames together. Default 256 KiB. (A header list
    /// above [`Config::max_header_list_size`] within this only resets its stream.)
    pub max_block_bytes: usize,
    /// Streams that the peer opens and resets before this endpoint has answered with a head ("rapid reset",
    /// CVE-2023-44487); a client spends it on streams that a server resets before a head. Default 10 000 and 1 000/s;
    /// each stream that ends cleanly earns 10, each 4 KiB of payload in either direction 1.
    pub resets: Budget,
    /// RST_STREAM frames that the peer makes this endpoint send by breaking rules ("made you reset", CVE-2025-8671).
    /// Default 200 and 20/s; each stream that ends cleanly earns 1/4.
    pub provoked_resets: Budget,
    /// Streams beyond [`Config::max_concurrent_streams`], which are refused. Default 10 000 and 100/s; each stream that
    /// ends cleanly earns 2.
    pub refused_streams: Budget,
    /// PING frames. Default 200 and 10/s; each DATA frame in either direction and each stream that ends cleanly
    /// earns 1.
    pub pings: Budget,
    /// SETTINGS frames. Default 50 and 5/s; each 64 KiB of payload in either direction earns 1.
    pub settings: Budget,
    /// DATA frames without payload that do not end their stream. Default 1 000 and 100/s; each DATA frame with
    /// payload and each stream that ends cleanly earns 1.
    pub empty_frames: Budget,
    /// WINDOW_UPDATE frames. Default 10 000 and 1 000/s; each DATA frame that this endpoint sends earns 4 and each
    /// 64 bytes in it 1, each stream that ends cleanly 4.
    pub window_updates: Budget,
    /// Frames without effect: PRIORITY, unknown types, and late RST_STREAM, WINDOW_UPDATE or HEADERS of closed streams.
    /// Default 10 000 and 1 000/s; each stream that ends cleanly or is reset here earns 4.
    pub ignored_frames: Budget,
    /// Bytes of answers to the peer's control frames (acknowledgements of PING and SETTINGS, RST_STREAM) that wait in
    /// the write buffer because the peer does not read. Default 64 KiB.
    pub max_control_bytes: usize,
    /// Bytes that wait in the streams' send queues although the peer has let nothing go out for
    /// [`stall_timeout`](Self::stall_timeout). Default 16 MiB.
    pub max_buffered_bytes: usize,
    /// See [`max_buffered_bytes`](Self::max_buffered_bytes). Default 20 s.
    pub stall_timeout: Duration,
}

impl Default for Budgets {
    fn default() -> Self {
        Self {
            continuation_frames_per_block: 64,
            max_block_bytes: 256 << 10,
            resets: Budget::new(10_000, 1_000),
            provoked_resets: Budget::new(200, 20),
            refused_streams: Budget::new(10_000, 100),
            pings: Budget::new(200, 10),
            settings: Budget::new(50, 5),
            empty_frames: Budget::new(1_000, 100),
            window_updates: Budget::new(10_000, 1_000),
            ignored_frames: Budget::new(10_000, 1_000),
            max_control_bytes: 64 << 10,
            max_buffered_bytes: 16 << 20,
            stall_timeout: Duration::from_secs(20),
        }
    }
}
