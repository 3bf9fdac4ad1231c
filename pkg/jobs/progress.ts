/** How far a file has been read by whoever sends it. */

import type { MediaProgress } from "./conversations.js";

/** The same file, which tells how much of it was taken. Where `fetch` does not stream it, only beginning and end. */
export class CountedBlob extends Blob {
  readonly #onProgress: (progress: MediaProgress) => void;
  #most = -1;
  #thrown: { readonly error: unknown } | undefined;

  constructor(file: Blob, onProgress: (progress: MediaProgress) => void) {
    super([file], { type: file.type });
    this.#onProgress = onProgress;
    this.#tell(0);
  }

  override stream(): ReadableStream<Uint8Array<ArrayBuffer>> {
    let loaded = 0;
    return super.stream().pipeThrough(
      new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
        transform: (chunk, controller) => {
          loaded += chunk.byteLength;
          this.#tell(loaded);
          controller.enqueue(chunk);
        },
      }),
    );
  }

  /** The file is in the storage. Throws what `onProgress` threw: a stream is no place for it. */
  done(): void {
    this.#tell(this.size);
    if (this.#thrown) throw this.#thrown.error;
  }

  /** What is sent again is not told again. */
  #tell(loaded: number): void {
    if (loaded <= this.#most) return;
    this.#most = loaded;
    try {
      if (!this.#thrown) this.#onProgress({ loaded, total: this.size });
    } catch (error) {
      this.#thrown = { error };
    }
  }
}
