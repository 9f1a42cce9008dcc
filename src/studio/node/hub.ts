/** Tells listeners of something that happened. */
export class Hub<Event> {
  private readonly listeners = new Set<(event: Event) => void>();

  /** Returns a function that ends the listening. */
  subscribe(listener: (event: Event) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  tell(event: Event): void {
    for (const listener of [...this.listeners]) listener(event);
  }
}
