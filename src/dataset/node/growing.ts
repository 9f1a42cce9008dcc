/** A typed array that grows at its end. */
export class Growing<Items extends Float64Array | Int32Array | Uint32Array> {
  #items: Items;
  length = 0;

  constructor(private readonly Kind: { new (length: number): Items }) {
    this.#items = new Kind(1024);
  }

  push(value: number): void {
    if (this.length === this.#items.length) {
      const larger = new this.Kind(this.length * 2);
      larger.set(this.#items as never);
      this.#items = larger;
    }
    this.#items[this.length] = value;
    this.length += 1;
  }

  at(index: number): number {
    return this.#items[index]!;
  }

  /** What was pushed, in an array of its own. */
  finish(): Items {
    return this.#items.slice(0, this.length) as Items;
  }
}

/** Counts different float64 values (open addressing; NaN is not allowed). */
export class NumberSet {
  #slots = new Float64Array(4096).fill(Number.NaN);
  readonly #value = new Float64Array(1);
  readonly #words = new Uint32Array(this.#value.buffer);
  size = 0;

  add(value: number): void {
    if (this.#insert(value) && this.size * 2 > this.#slots.length) this.#grow();
  }

  #insert(value: number): boolean {
    this.#value[0] = value + 0; // -0 becomes 0
    const mask = this.#slots.length - 1;
    const hash = Math.imul(this.#words[0]! ^ Math.imul(this.#words[1]!, 0x9e3779b1), 0x85ebca6b);
    let slot = (hash ^ (hash >>> 15)) & mask;
    for (;;) {
      const held = this.#slots[slot]!;
      if (held === value) return false;
      if (Number.isNaN(held)) break;
      slot = (slot + 1) & mask;
    }
    this.#slots[slot] = value;
    this.size += 1;
    return true;
  }

  #grow(): void {
    const old = this.#slots;
    this.#slots = new Float64Array(old.length * 4).fill(Number.NaN);
    this.size = 0;
    for (const value of old) if (!Number.isNaN(value)) this.#insert(value);
  }
}
