//! Properties: however the input is cut, the same comes out.
