/** Counts reads from memory and from the store. */
export class ReadCounts {
  hits = 0;
  misses = 0;

  add(isHit: boolean): void {
    if (isHit) this.hits += 1;
    else this.misses += 1;
  }
}
