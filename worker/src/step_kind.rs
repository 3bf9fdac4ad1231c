//! The kinds of steps, as the driver knows them by name.

// wasm-bindgen reads an exported enum from a number by comparing.
#![expect(clippy::float_cmp)]

use attention_gateway::exchange::Step;
use wasm_bindgen::prelude::*;

/// What the driver has to do next; see the gateway's `Step`.
#[wasm_bindgen]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum StepKind {
    /// `url`, `millis`, `limit`, then `onKeySet`.
    FetchKeySet,
    /// `token`, then `onSignature` or `onUnknownKey`.
    VerifyToken,
    /// `limit`, then `onRequestBody`.
    ReadRequest,
    /// Then `onRequestHeld`.
    HoldRequest,
    /// `holder`, `millis`, then `onCounted`.
    Count,
    /// `holder`, `callerLimit`, `millis`, then `onPlace`.
    AskGate,
    /// `millis`, then `onWaited`.
    Wait,
    /// `method`, `url`, `slot`, `millis`, `removed`, `set`, `carriesRequest`, `carriesBody`, then `onResponse` or
    /// `onNoResponse`.
    Send,
    /// `limit`, `millis`, `mayHold` for each piece, then `onResponseBody`.
    ReadResponse,
    /// `removed`, `set`, `bytes`, `entry`, `pending`, `isEmpty`.
    Pass,
    /// `status`, `set`, `entry`.
    Serve,
    /// `reply`.
    Reply,
    /// `statusPage`.
    ShowStatus,
}

impl StepKind {
    pub(crate) const fn of(step: &Step) -> Self {
        match step {
            Step::FetchKeySet { .. } => Self::FetchKeySet,
            Step::VerifyToken => Self::VerifyToken,
            Step::ReadRequest { .. } => Self::ReadRequest,
            Step::HoldRequest => Self::HoldRequest,
            Step::Count { .. } => Self::Count,
            Step::AskGate { .. } => Self::AskGate,
            Step::Wait(_) => Self::Wait,
            Step::Send(_) => Self::Send,
            Step::ReadResponse { .. } => Self::ReadResponse,
            Step::Pass(_) => Self::Pass,
            Step::Serve(_) => Self::Serve,
            Step::Reply(_) => Self::Reply,
            Step::ShowStatus => Self::ShowStatus,
        }
    }
}
