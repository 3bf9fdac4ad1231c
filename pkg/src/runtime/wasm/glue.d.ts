/** wasm-bindgen's undocumented exports. The build resolves both names to the generated module. */
declare module "#glue" {
  /** Sets the instance of the generated classes. */
  export function __wbg_set_wasm(exports: WebAssembly.Exports): void;
}

/** The functions that the wasm imports. */
declare module "#imports" {
  export function imports(): WebAssembly.Imports;
}

/** The compiled module: embedded as text, or provided by the runtime; the build chooses. */
declare module "#module" {
  export function compile(): WebAssembly.Module;
  /** The same, asynchronously. */
  export function instantiate(imports: WebAssembly.Imports): Promise<WebAssembly.Instance>;
}

/** The embedded module's bytes. */
declare module "#bytes" {
  /** The text that `text.ts` reads. */
  export const text: string;
  /** The bytes that are one character: 64 hexadecimal digits. */
  export const singles: string;
  /** The number of bytes that it decodes to. */
  export const size: number;
}

declare module "#runtime-module" {
  const module: WebAssembly.Module;
  export default module;
}
