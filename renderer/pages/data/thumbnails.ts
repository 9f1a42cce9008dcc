import type { StudioClient } from '../../studio';

const batchSize = 48;
const keptPictures = 1500;

interface Waiting {
  file: string;
  resolve: (url: string | null) => void;
}

/**
 * Thumbnails of one folder as blob URLs. Requests of one turn go as one call, those that scrolled away are not asked
 * for, and the least recently used URLs are revoked.
 */
export class ThumbnailLoader {
  private readonly urls = new Map<string, string | null>();
  private waiting: Waiting[] = [];
  private asking = false;
  private closed = false;

  constructor(
    private readonly client: StudioClient,
    private readonly path: string,
    private readonly size: number,
  ) {}

  /** A blob URL, or null when the picture can't be read. Aborting drops a request that was not sent yet. */
  load(file: string, signal: AbortSignal): Promise<string | null> {
    const known = this.urls.get(file);
    if (known !== undefined) {
      this.urls.delete(file);
      this.urls.set(file, known);
      return Promise.resolve(known);
    }
    return new Promise((resolve) => {
      const entry: Waiting = { file, resolve };
      this.waiting.push(entry);
      signal.addEventListener('abort', () => {
        this.waiting = this.waiting.filter((other) => other !== entry);
      });
      if (!this.asking) {
        this.asking = true;
        setTimeout(() => void this.ask(), 0);
      }
    });
  }

  /** Revokes everything. */
  close(): void {
    this.closed = true;
    this.waiting = [];
    for (const url of this.urls.values()) if (url) URL.revokeObjectURL(url);
    this.urls.clear();
  }

  private async ask(): Promise<void> {
    while (this.waiting.length > 0 && !this.closed) {
      const batch = this.waiting.slice(0, batchSize);
      this.waiting = this.waiting.slice(batchSize);
      try {
        const { thumbnails } = await this.client.call('data.thumbnails', {
          path: this.path,
          files: [...new Set(batch.map((entry) => entry.file))],
          size: this.size,
        });
        if (this.closed) return;
        for (const { file, mime, bytes } of thumbnails)
          this.urls.set(
            file,
            bytes ? URL.createObjectURL(new Blob([bytes as BlobPart], { type: mime })) : null,
          );
      } catch {
        // Shown as pictures that could not be read; the folder's own state tells when the studio is gone.
      }
      for (const entry of batch) entry.resolve(this.urls.get(entry.file) ?? null);
      this.forgetOldest();
    }
    this.asking = false;
  }

  private forgetOldest(): void {
    for (const [file, url] of this.urls) {
      if (this.urls.size <= keptPictures) return;
      if (url) URL.revokeObjectURL(url);
      this.urls.delete(file);
    }
  }
}
