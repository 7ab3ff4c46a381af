//! The states of a stream.

/// The state of a stream that is in the table.
///
/// ```text
///                              +--------+
///                      send PP |        | recv PP
///                     ,--------+  idle  +--------.
///                    /         |        |         \
///                   v          +--------+          v
///            +----------+          |           +----------+
///            |          |          | send H /  |          |
///     ,------+ reserved |          | recv H    | reserved +------.
///     |      | (local)  |          |           | (remote) |      |
///     |      +---+------+          v           +------+---+      |
///     |          |             +--------+             |          |
///     |          |     recv ES |        | send ES     |          |
///     |   send H |     ,-------+  open  +-------.     | recv H   |
///     |          |    /        |        |        \    |          |
///     |          v   v         +---+----+         v   v          |
///     |      +----------+          |           +----------+      |
///     |      |   half-  |          |           |   half-  |      |
///     |      |  closed  |          | send R /  |  closed  |      |
///     |      | (remote) |          | recv R    | (local)  |      |
///     |      +----+-----+          |           +-----+----+      |
///     |           |                |                 |           |
///     |           | send ES /      |      recv ES /  |           |
///     |           |  send R /      v       send R /  |           |
///     |           |  recv R    +--------+   recv R   |           |
///     | send R /  `----------->|        |<-----------'  send R / |
///     | recv R                 | closed |               recv R   |
///     `----------------------->|        |<-----------------------'
///                              +--------+
///
///     H: HEADERS   PP: PUSH_PROMISE   ES: END_STREAM   R: RST_STREAM        (RFC 9113 §5.1, figure 2)
/// ```
///
/// Idle streams have no entry and are told by their identifier; reserved ones do not exist, since push is off; closed
/// ones leave the table at once, see [`ClosedStreams`](super::ClosedStreams).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    Open,
    /// This side has sent END_STREAM.
    HalfClosedLocal,
    /// The peer has sent END_STREAM.
    HalfClosedRemote,
    /// Both have; on the way out of the table.
    Closed,
}

impl State {
    #[inline]
    pub(crate) fn can_send(self) -> bool {
        matches!(self, Self::Open | Self::HalfClosedRemote)
    }

    #[inline]
    pub(crate) fn can_receive(self) -> bool {
        matches!(self, Self::Open | Self::HalfClosedLocal)
    }

    /// The state after this side has sent END_STREAM.
    #[inline]
    pub(crate) fn end_local(self) -> Self {
        match self {
            Self::Open | Self::HalfClosedLocal => Self::HalfClosedLocal,
            Self::HalfClosedRemote | Self::Closed => Self::Closed,
        }
    }

    /// The state after the peer's END_STREAM.
    #[inline]
    pub(crate) fn end_remote(self) -> Self {
        match self {
            Self::Open | Self::HalfClosedRemote => Self::HalfClosedRemote,
            Self::HalfClosedLocal | Self::Closed => Self::Closed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_side_ends_once() {
        assert_eq!(State::Open.end_local(), State::HalfClosedLocal);
        assert_eq!(State::Open.end_remote(), State::HalfClosedRemote);
        assert_eq!(State::HalfClosedLocal.end_remote(), State::Closed);
        assert_eq!(State::HalfClosedRemote.end_local(), State::Closed);
        assert!(!State::HalfClosedLocal.can_send() && State::HalfClosedLocal.can_receive());
        assert!(State::HalfClosedRemote.can_send() && !State::HalfClosedRemote.can_receive());
    }
}
