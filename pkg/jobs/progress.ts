/** How far a file has been read by whoever sends it. */

/** How far a transfer is. */
export interface MediaProgress {
  /** Bytes that were taken from the file, or have come. It never falls, though a transfer may begin again. */
  readonly loaded: number;
  readonly total: number | undefined;
}

/** Told of a transfer, and waited for. */
export type OnMediaProgress = (progress: MediaProgress) => unknown;

/** The same file, which tells how much of it was taken. Where `fetch` does not stream it, only beginning and end. */
export class CountedBlob extends Blob {
  readonly #onProgress: OnMediaProgress;
  #most = -1;
  #thrown: { readonly error: unknown } | undefined;

  constructor(file: Blob, onProgress: OnMediaProgress) {
    super([file], { type: file.type });
    this.#onProgress = onProgress;
  }

  override stream(): ReadableStream<Uint8Array<ArrayBuffer>> {
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

  /** What `onProgress` has thrown: no failure of the storage, and no reason to send the file again. */
  readonly fault = () => this.#thrown;

  /** So much was taken. What is sent again is not told again. */
  async tell(loaded: number): Promise<void> {
    if (loaded <= this.#most) return;
    this.#most = loaded;
    await this.#onProgress({ loaded, total: this.size });
  }
}
