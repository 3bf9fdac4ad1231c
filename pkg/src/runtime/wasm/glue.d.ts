/** What wasm-bindgen generates beside its documented classes. The build resolves both names to the generated module. */
declare module "#glue" {
  /** Gives the generated classes their instance. */
  export function __wbg_set_wasm(exports: WebAssembly.Exports): void;
}

/** The functions that the wasm imports. */
declare module "#imports" {
  export function imports(): WebAssembly.Imports;
}

/** The compiled module: embedded as text, or given by the runtime, which of them is the build's choice. */
declare module "#module" {
  export function compile(): WebAssembly.Module;
  /** The same in the background. */
  export function instantiate(imports: WebAssembly.Imports): Promise<WebAssembly.Instance>;
}

/** The embedded module's bytes. */
declare module "#bytes" {
  /** The text that `text.ts` reads. */
  export const text: string;
  /** Which bytes are one character of it: 64 hexadecimal digits. */
  export const singles: string;
  /** How many bytes come out of it. */
  export const size: number;
}

declare module "#runtime-module" {
  const module: WebAssembly.Module;
  export default module;
}
