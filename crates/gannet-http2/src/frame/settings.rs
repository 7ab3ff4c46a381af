//! The parameters of SETTINGS frames (RFC 9113 §6.5.2).

use super::{MAX_31, MAX_MAX_FRAME_SIZE, MIN_MAX_FRAME_SIZE};
use crate::ErrorCode;

/// The parameters that are known here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u16)]
pub(crate) enum Setting {
    HeaderTableSize = 1,
    EnablePush = 2,
    MaxConcurrentStreams = 3,
    InitialWindowSize = 4,
    MaxFrameSize = 5,
    MaxHeaderListSize = 6,
    EnableConnectProtocol = 8,
}

/// A value that RFC 9113 does not allow; always a connection error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SettingError {
    pub(crate) code: ErrorCode,
    pub(crate) reason: &'static str,
}

/// What one SETTINGS frame says; the last value of each parameter, since they take effect in order and at once.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Settings {
    pub(crate) header_table_size: Option<u32>,
    pub(crate) enable_push: Option<bool>,
    pub(crate) max_concurrent_streams: Option<u32>,
    pub(crate) initial_window_size: Option<u32>,
    pub(crate) max_frame_size: Option<u32>,
    pub(crate) max_header_list_size: Option<u32>,
}

impl Settings {
    /// Reads a payload, whose length the caller has checked to be a multiple of 6.
    pub(crate) fn parse(payload: &[u8]) -> Result<Self, SettingError> {
        let mut settings = Self::default();
        let mut rest = payload;
        while let Some((entry, behind)) = rest.split_first_chunk::<6>() {
            rest = behind;
            let [i0, i1, v0, v1, v2, v3] = *entry;
            settings.set(u16::from_be_bytes([i0, i1]), u32::from_be_bytes([v0, v1, v2, v3]))?;
        }
        Ok(settings)
    }

    fn set(&mut self, id: u16, value: u32) -> Result<(), SettingError> {
        const HEADER_TABLE_SIZE: u16 = Setting::HeaderTableSize as u16;
        const ENABLE_PUSH: u16 = Setting::EnablePush as u16;
        const MAX_CONCURRENT_STREAMS: u16 = Setting::MaxConcurrentStreams as u16;
        const INITIAL_WINDOW_SIZE: u16 = Setting::InitialWindowSize as u16;
        const MAX_FRAME_SIZE: u16 = Setting::MaxFrameSize as u16;
        const MAX_HEADER_LIST_SIZE: u16 = Setting::MaxHeaderListSize as u16;
        const ENABLE_CONNECT_PROTOCOL: u16 = Setting::EnableConnectProtocol as u16;
        match id {
            HEADER_TABLE_SIZE => self.header_table_size = Some(value),
            ENABLE_PUSH if value > 1 => {
                return Err(protocol("SETTINGS_ENABLE_PUSH is neither 0 nor 1 (RFC 9113 §6.5.2)"));
            }
            ENABLE_PUSH => self.enable_push = Some(value == 1),
            MAX_CONCURRENT_STREAMS => self.max_concurrent_streams = Some(value),
            INITIAL_WINDOW_SIZE if value > MAX_31 => {
                return Err(SettingError {
                    code: ErrorCode::FlowControlError,
                    reason: "SETTINGS_INITIAL_WINDOW_SIZE is above 2^31-1 (RFC 9113 §6.5.2)",
                });
            }
            INITIAL_WINDOW_SIZE => self.initial_window_size = Some(value),
            MAX_FRAME_SIZE if !(MIN_MAX_FRAME_SIZE..=MAX_MAX_FRAME_SIZE).contains(&value) => {
                return Err(protocol("SETTINGS_MAX_FRAME_SIZE is not from 2^14 to 2^24-1 (RFC 9113 §6.5.2)"));
            }
            MAX_FRAME_SIZE => self.max_frame_size = Some(value),
            MAX_HEADER_LIST_SIZE => self.max_header_list_size = Some(value),
            ENABLE_CONNECT_PROTOCOL if value > 1 => {
                return Err(protocol("SETTINGS_ENABLE_CONNECT_PROTOCOL is neither 0 nor 1 (RFC 8441 §3)"));
            }
            // Extended CONNECT is not used; what is unknown is ignored (RFC 9113 §6.5.2).
            _ => {}
        }
        Ok(())
    }
}

fn protocol(reason: &'static str) -> SettingError {
    SettingError { code: ErrorCode::ProtocolError, reason }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(id: u16, value: u32) -> Vec<u8> {
        [&id.to_be_bytes()[..], &value.to_be_bytes()].concat()
    }

    #[test]
    fn the_last_value_counts_and_unknown_ones_do_not() {
        let payload = [entry(4, 1), entry(0xff, 7), entry(4, 2), entry(5, 16_384)].concat();
        let settings = Settings::parse(&payload).unwrap();
        assert_eq!(
            settings,
            Settings { initial_window_size: Some(2), max_frame_size: Some(16_384), ..Settings::default() }
        );
    }

    #[test]
    fn values_out_of_range_are_refused() {
        let code = |id, value| Settings::parse(&entry(id, value)).map_err(|error| error.code);
        assert_eq!(code(2, 2), Err(ErrorCode::ProtocolError));
        assert_eq!(code(4, 1 << 31), Err(ErrorCode::FlowControlError));
        assert_eq!(code(5, 16_383), Err(ErrorCode::ProtocolError));
        assert_eq!(code(5, 1 << 24), Err(ErrorCode::ProtocolError));
        assert_eq!(code(8, 2), Err(ErrorCode::ProtocolError));
        assert!(code(4, MAX_31).is_ok());
        assert!(code(5, (1 << 24) - 1).is_ok());
    }

    #[test]
    fn an_early_faulty_value_counts_even_if_a_good_one_follows() {
        let payload = [entry(5, 1), entry(5, 16_384)].concat();
        assert!(Settings::parse(&payload).is_err());
    }
}
