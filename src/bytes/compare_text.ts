/**
 * The order of texts in every listing: ascending by code point, which is the order of their UTF-8 bytes and
 * how SQLite sorts. JavaScript's own `<` compares UTF-16 code units and puts an emoji before U+FFFD.
 *
 * @returns A negative number, 0 or a positive number, as `Array.prototype.sort` expects.
 */
export function compareText(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let index = 0; index < length; index += 1) {
    const left = a.charCodeAt(index);
    const right = b.charCodeAt(index);
    if (left === right) continue;
    // Surrogates stand for code points above all other code units.
    if (isSurrogate(left) !== isSurrogate(right)) return isSurrogate(left) ? 1 : -1;
    return left - right;
  }
  return a.length - b.length;
}

function isSurrogate(codeUnit: number): boolean {
  return codeUnit >= 0xd800 && codeUnit <= 0xdfff;
}
