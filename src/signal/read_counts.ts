/** How often what was asked for was in memory. */
export class ReadCounts {
  hits = 0;
  misses = 0;

  add(isHit: boolean): void {
    if (isHit) this.hits += 1;
    else this.misses += 1;
  }
}
