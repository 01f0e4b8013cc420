// SHA-256 (FIPS 180-4) of a stream, in constant memory: what crypto.subtle, which wants all bytes at once, cannot do.

const K = new Int32Array(64);
const START = new Int32Array(8);

// The constants: the first 32 bits of the fractional parts of cube and square roots of the first primes. Computed with
// whole numbers, since floating point does not have enough digits for all.
(() => {
  const root = (value, power) => {
    let low = 0n;
    let high = 1n << 40n;
    while (low + 1n < high) {
      const middle = (low + high) >> 1n;
      if (middle ** power <= value) low = middle; else high = middle;
    }
    return low;
  };
  const primes = [];
  for (let n = 2; primes.length < 64; n += 1) if (primes.every((p) => n % p !== 0)) primes.push(n);
  primes.forEach((p, i) => {
    K[i] = Number(root(BigInt(p) << 96n, 3n) & 0xffffffffn) | 0;
    if (i < 8) START[i] = Number(root(BigInt(p) << 64n, 2n) & 0xffffffffn) | 0;
  });
})();

const SCHEDULE = new Int32Array(64);

// The compression function by WebAssembly, several times as fast. Throws where that is not allowed.
export async function wasmBlocks(source) {
  const module = source instanceof Promise || source instanceof Response
    ? await WebAssembly.instantiateStreaming(source) : await WebAssembly.instantiate(source);
  const { memory, state, constants, buffer, bufferSize, blocks } = module.instance.exports;
  const words = new Int32Array(memory.buffer, state(), 8);
  new Int32Array(memory.buffer, constants(), 64).set(K);
  const bytes = new Uint8Array(memory.buffer, buffer(), bufferSize());
  return (mine, given, from, end) => {
    words.set(mine);
    for (let place = from; place < end; place += bytes.length) {
      const part = given.subarray(place, Math.min(end, place + bytes.length));
      bytes.set(part);
      blocks(part.length / 64);
    }
    mine.set(words);
  };
}

export class SHA256 {
  #state = START.slice();
  #compress;
  #block = new Uint8Array(64);
  #filled = 0;
  #count = 0;

  // compress: what ``wasmBlocks`` gave; else it is done in JavaScript.
  constructor(compress = scriptBlocks) { this.#compress = compress; }

  // Takes a Uint8Array.
  update(bytes) {
    this.#count += bytes.length;
    let from = 0;
    if (this.#filled > 0) {
      const take = Math.min(64 - this.#filled, bytes.length);
      this.#block.set(bytes.subarray(0, take), this.#filled);
      this.#filled += take;
      from = take;
      if (this.#filled < 64) return this;
      this.#compress(this.#state, this.#block, 0, 64);
      this.#filled = 0;
    }
    const end = from + ((bytes.length - from) & ~63);
    if (end > from) this.#compress(this.#state, bytes, from, end);
    if (end < bytes.length) {
      this.#block.set(bytes.subarray(end));
      this.#filled = bytes.length - end;
    }
    return this;
  }

  // The digest, hexadecimal. Nothing can be added afterwards.
  hex() {
    const tail = new Uint8Array(this.#filled < 56 ? 64 : 128);
    tail.set(this.#block.subarray(0, this.#filled));
    tail[this.#filled] = 0x80;
    const view = new DataView(tail.buffer);
    // Bits as two halves: more than 2^53 bytes cannot come.
    view.setUint32(tail.length - 8, Math.floor(this.#count / 0x20000000));
    view.setUint32(tail.length - 4, (this.#count * 8) % 0x100000000);
    this.#compress(this.#state, tail, 0, tail.length);
    return Array.from(this.#state, (word) => (word >>> 0).toString(16).padStart(8, "0")).join("");
  }
}

function scriptBlocks(s, bytes, from, end) {
  const w = SCHEDULE;
  let h0 = s[0], h1 = s[1], h2 = s[2], h3 = s[3], h4 = s[4], h5 = s[5], h6 = s[6], h7 = s[7];
  for (let place = from; place < end; place += 64) {
    for (let i = 0, p = place; i < 16; i += 1, p += 4) {
      w[i] = (bytes[p] << 24) | (bytes[p + 1] << 16) | (bytes[p + 2] << 8) | bytes[p + 3];
    }
    for (let i = 16; i < 64; i += 1) {
      const x = w[i - 15];
      const y = w[i - 2];
      w[i] = (w[i - 16] + w[i - 7]
        + (((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3))
        + (((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10))) | 0;
    }
    let a = h0, b = h1, c = h2, d = h3, e = h4, f = h5, g = h6, h = h7;
    for (let i = 0; i < 64; i += 1) {
      const t1 = (h + (((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7)))
        + ((e & f) ^ (~e & g)) + K[i] + w[i]) | 0;
      const t2 = ((((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10)))
        + ((a & b) ^ (a & c) ^ (b & c))) | 0;
      h = g; g = f; f = e; e = (d + t1) | 0;
      d = c; c = b; b = a; a = (t1 + t2) | 0;
    }
    h0 = (h0 + a) | 0; h1 = (h1 + b) | 0; h2 = (h2 + c) | 0; h3 = (h3 + d) | 0;
    h4 = (h4 + e) | 0; h5 = (h5 + f) | 0; h6 = (h6 + g) | 0; h7 = (h7 + h) | 0;
  }
  s[0] = h0; s[1] = h1; s[2] = h2; s[3] = h3; s[4] = h4; s[5] = h5; s[6] = h6; s[7] = h7;
}
