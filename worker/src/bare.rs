//! What std brings along otherwise, for the module as it is deployed: 4 KB of it,
//! compressed (`docs/size.md`).

use core::panic::PanicInfo;

#[global_allocator]
static ALLOCATOR: talc::wasm::WasmDynamicTalc = talc::wasm::new_wasm_dynamic_allocator();

/// Traps, as std does with `panic = "abort"`, without the message: putting it
/// together takes more code than many a rule.
#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    core::arch::wasm32::unreachable()
}
