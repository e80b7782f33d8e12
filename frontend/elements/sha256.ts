/** SHA-256 of short ASCII texts, at once: the browser's own is not there on plain HTTP and answers only later. */

const K = constants();
const words = new Uint32Array(64);

/** How many zero bits the hash begins with, of the first 32. */
export function leadingZeros(text: string): number {
  const h = new Uint32Array([
    0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
  ]);
  const length = text.length;
  const blocks = Math.ceil((length + 9) / 64);
  for (let block = 0; block < blocks; block += 1) {
    for (let word = 0; word < 16; word += 1) words[word] = wordAt(text, length, (block * 16 + word) * 4);
    if (block === blocks - 1) words[15] = length * 8;
    compress(h);
  }
  return Math.clz32(h[0] ?? 0);
}

/** Four bytes of the text; after its end one bit, then nothing. */
function wordAt(text: string, length: number, at: number): number {
  let word = 0;
  for (let byte = at; byte < at + 4; byte += 1) {
    const value = byte < length ? text.charCodeAt(byte) & 0xff : byte === length ? 0x80 : 0;
    word = (word << 8) | value;
  }
  return word;
}

function compress(h: Uint32Array): void {
  const at = (n: number): number => words[n] ?? 0;
  for (let n = 16; n < 64; n += 1) {
    const low = at(n - 15);
    const high = at(n - 2);
    const s0 = turn(low, 7) ^ turn(low, 18) ^ (low >>> 3);
    const s1 = turn(high, 17) ^ turn(high, 19) ^ (high >>> 10);
    words[n] = at(n - 16) + s0 + at(n - 7) + s1;
  }
  let [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, last = 0] = h;
  for (let n = 0; n < 64; n += 1) {
    const s1 = turn(e, 6) ^ turn(e, 11) ^ turn(e, 25);
    const one = (last + s1 + ((e & f) ^ (~e & g)) + (K[n] ?? 0) + at(n)) | 0;
    const s0 = turn(a, 2) ^ turn(a, 13) ^ turn(a, 22);
    const two = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    [last, g, f, e, d, c, b, a] = [g, f, e, (d + one) | 0, c, b, a, (one + two) | 0];
  }
  [a, b, c, d, e, f, g, last].forEach((value, n) => {
    h[n] = (h[n] ?? 0) + value;
  });
}

function turn(word: number, by: number): number {
  return (word >>> by) | (word << (32 - by));
}

/** The first 32 bits of the fractional parts of the cube roots of the first 64 primes. */
function constants(): Uint32Array {
  const found = new Uint32Array(64);
  for (let n = 2, count = 0; count < 64; n += 1) {
    if (!isPrime(n)) continue;
    found[count] = (Math.cbrt(n) % 1) * 2 ** 32;
    count += 1;
  }
  return found;
}

function isPrime(n: number): boolean {
  for (let by = 2; by * by <= n; by += 1) if (n % by === 0) return false;
  return true;
}
