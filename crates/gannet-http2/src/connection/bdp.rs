//! Estimates the bandwidth-delay product of the connection, so that receive windows fit it.
//!
//! The method is that of other gRPC implementations: a PING is sent when data arrives, and the bytes that arrive until
//! it is acknowledged are what one round trip carries. If they come close to the present estimate at a bandwidth not
//! seen before, the window is what holds the peer back, and the estimate doubles.

use std::time::Instant;

/// The payload of the PING frames that measure.
pub(super) const PROBE: [u8; 8] = *b"gannet:w";

#[derive(Debug)]
pub(super) struct Bdp {
    /// The estimate in bytes; the windows are to be this large.
    estimate: u32,
    initial: u32,
    /// What the estimate may grow to.
    limit: u32,
    enabled: bool,
    /// When the probe on its way was sent.
    sent_at: Option<Instant>,
    /// Bytes that arrived since the probe was sent.
    sample: u64,
    /// Bytes that arrived since the last probe was acknowledged.
    since_probe: u64,
    /// The greatest bandwidth seen, in bytes per second.
    max_bandwidth: u64,
}

impl Bdp {
    pub(super) fn new(initial: u32, limit: u32, enabled: bool) -> Self {
        Self {
            estimate: initial,
            initial,
            limit,
            enabled: enabled && initial < limit,
            sent_at: None,
            sample: 0,
            since_probe: 0,
            max_bandwidth: 0,
        }
    }

    /// Counts bytes of DATA frames. True: a probe is to be sent now.
    ///
    /// A probe is worth its frame only where data flows: an eighth of the window must have arrived since the last one,
    /// which small messages do rarely.
    #[inline]
    pub(super) fn data(&mut self, bytes: u32, now: Instant) -> bool {
        if !self.enabled {
            return false;
        }
        if self.sent_at.is_some() {
            self.sample += u64::from(bytes);
            return false;
        }
        self.since_probe += u64::from(bytes);
        if self.since_probe * 8 < u64::from(self.estimate) {
            return false;
        }
        self.sent_at = Some(now);
        self.sample = u64::from(bytes);
        true
    }

    /// The probe was acknowledged, if one was on its way. Gives the new size of the windows if they are to grow.
    pub(super) fn acknowledged(&mut self, now: Instant) -> Option<u32> {
        let sent_at = self.sent_at.take()?;
        self.since_probe = 0;
        // On a fast link the clock may not have moved.
        let round_trip = now.saturating_duration_since(sent_at).as_micros().max(1);
        let bandwidth = (u128::from(self.sample) * 1_000_000 / round_trip) as u64;
        if bandwidth <= self.max_bandwidth {
            return None;
        }
        self.max_bandwidth = bandwidth;
        if self.sample * 3 < u64::from(self.estimate) * 2 {
            return None;
        }
        self.estimate = u32::try_from(self.sample * 2).unwrap_or(u32::MAX).clamp(self.estimate, self.limit);
        self.enabled = self.estimate < self.limit;
        Some(self.estimate)
    }

    /// Whether the estimate has ever grown.
    pub(super) fn has_grown(&self) -> bool {
        self.estimate != self.initial
    }

    /// Whether a probe is on its way.
    pub(super) fn is_probing(&self) -> bool {
        self.sent_at.is_some()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn the_estimate_grows_while_the_window_holds_the_peer_back() {
        let mut now = Instant::now();
        let mut bdp = Bdp::new(65_535, 1 << 20, true);
        let mut window = 65_535;
        for _ in 0..10 {
            assert!(bdp.data(window, now) || !bdp.enabled);
            now += Duration::from_millis(50);
            window = bdp.acknowledged(now).unwrap_or(window);
        }
        assert_eq!(window, 1 << 20);
        assert!(!bdp.data(window, now), "there is nothing left to find out");
    }

    #[test]
    fn a_slow_sender_changes_nothing() {
        let mut now = Instant::now();
        let mut bdp = Bdp::new(65_535, 1 << 20, true);
        for _ in 0..100 {
            bdp.data(10_000, now);
            now += Duration::from_millis(50);
            assert_eq!(bdp.acknowledged(now), None);
        }
    }

    #[test]
    fn small_messages_seldom_cause_a_probe() {
        let mut now = Instant::now();
        let mut bdp = Bdp::new(65_535, 1 << 20, true);
        let mut probes = 0;
        for _ in 0..8_192 {
            probes += usize::from(bdp.data(20, now));
            now += Duration::from_millis(1);
            bdp.acknowledged(now);
        }
        assert_eq!(probes, 19);
    }

    #[test]
    fn one_probe_at_a_time() {
        let now = Instant::now();
        let mut bdp = Bdp::new(65_535, 1 << 20, true);
        assert!(bdp.data(65_535, now));
        assert!(!bdp.data(65_535, now));
        assert!(bdp.is_probing());
        assert_eq!(Bdp::new(65_535, 1 << 20, true).acknowledged(now), None);
    }
}
