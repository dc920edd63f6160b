/** A layer: takes values one at a time, synchronously, and pushes what it makes of them into the sink it was given. */
export interface Sink<T> {
  write(value: T): void
  /** No more values will come: flush what is held, then end the next sink. Called exactly once. */
  end(): void
}
