//! Which subchannel a call takes.
//!
//! For now there is one balancer, `pick_first` over one subchannel; the seam is where others go.

use std::sync::Arc;

use super::subchannel::{Pick, Subchannel};

/// Picks the subchannel of each call.
pub(crate) struct PickFirst {
    subchannel: Arc<Subchannel>,
}

impl PickFirst {
    pub(crate) fn new(subchannel: Arc<Subchannel>) -> Self {
        Self { subchannel }
    }

    /// The connection for one call.
    #[inline]
    pub(crate) fn pick(&self) -> Pick {
        self.subchannel.pick()
    }

    /// Waits until asking again may give another answer.
    pub(crate) async fn changed(&self) {
        self.subchannel.left_failure().await;
    }
}
