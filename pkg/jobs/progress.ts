/** Measures how much of a file has been sent. */

/** The progress of a transfer. */
export interface MediaProgress {
  /** Bytes sent or received. It never decreases, although a transfer may start again. */
  readonly loaded: number;
  readonly total: number | undefined;
}

/** Receives the progress of a transfer, and is awaited. */
export type OnMediaProgress = (progress: MediaProgress) => unknown;

/** The same file, which reports how much was read. If `fetch` does not stream it, only the beginning and the end. */
export class CountedBlob extends Blob {
  readonly #onProgress: OnMediaProgress;
  #most = -1;
  #thrown: { readonly error: unknown } | undefined;

  constructor(file: Blob, onProgress: OnMediaProgress) {
    super([file], { type: file.type });
    this.#onProgress = onProgress;
  }

  override stream(): ReturnType<Blob["stream"]> {
    let loaded = 0;
    return super.stream().pipeThrough(
      new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
        transform: async (chunk, controller) => {
          loaded += chunk.byteLength;
          try {
            await this.tell(loaded);
          } catch (error) {
            this.#thrown = { error };
            throw error;
          }
          controller.enqueue(chunk);
        },
      }),
    );
  }

  /** The exception of `onProgress`, which is not a failure of the storage and causes no retry. */
  readonly fault = () => this.#thrown;

  /** Reports progress. Bytes that are sent again are not reported again. */
  async tell(loaded: number): Promise<void> {
    if (loaded <= this.#most) return;
    this.#most = loaded;
    await this.#onProgress({ loaded, total: this.size });
  }
}
