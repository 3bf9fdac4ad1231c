//! Replacements for items that std would provide, for the shipped module; std would be a fifth of it (`docs/size.md`).

use core::panic::PanicInfo;

#[global_allocator]
static ALLOCATOR: talc::wasm::WasmDynamicTalc = talc::wasm::new_wasm_dynamic_allocator();

/// Traps like std with `panic = "abort"`, but without a message, because composing one takes much code.
#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    core::arch::wasm32::unreachable()
}
