// Computes the SHA-256 of files piece by piece, so that memory does not grow with them, and reads bundles of small ones.
import { SHA256, wasmBlocks } from "./sha256.js";

const PIECE = 1 << 20;
// So small that all of it may be in memory: then the browser's own code is faster.
const SMALL = 16 << 20;
// So small that asking the browser's own code takes longer than doing it here.
const TINY = 64 << 10;
// The id and the length of a file in a bundle.
const HEAD = 24;

// Undefined where WebAssembly is not to be had: then JavaScript does it.
const compress = wasmBlocks(fetch("/assets/sha256.wasm")).catch(() => undefined);

const hex = (bytes) => Array.from(new Uint8Array(bytes), (byte) => byte.toString(16).padStart(2, "0")).join("");

async function ofBytes(bytes) {
  const blocks = await compress;
  if (globalThis.crypto?.subtle && (bytes.length > TINY || !blocks)) return hex(await crypto.subtle.digest("SHA-256", bytes));
  return new SHA256(blocks).update(bytes).hex();
}

// All pieces of a file, one buffer going round: the browser gives the room of buffers that were read back late.
async function* pieces(file) {
  let reader;
  try {
    reader = file.stream().getReader({ mode: "byob" });
  } catch {
    // A browser whose files are no streams of bytes.
    for (let place = 0; place < file.size; place += PIECE) {
      yield new Uint8Array(await file.slice(place, place + PIECE).arrayBuffer());
    }
    return;
  }
  // The next piece is read while this one is computed.
  const read = (buffer) => reader.read(new Uint8Array(buffer), { min: PIECE });
  let next = read(new ArrayBuffer(PIECE));
  let spare = new ArrayBuffer(PIECE);
  for (;;) {
    const { value, done } = await next;
    if (!done) next = read(spare);
    if (value?.length > 0) yield value;
    if (done) return;
    spare = value.buffer;
  }
}

async function ofFile(file) {
  if (file.size <= SMALL && globalThis.crypto?.subtle) return ofBytes(new Uint8Array(await file.arrayBuffer()));
  const hash = new SHA256(await compress);
  let count = 0;
  for await (const bytes of pieces(file)) {
    hash.update(bytes);
    count += bytes.length;
    postMessage({ read: bytes.length });
  }
  if (count !== file.size) throw new Error("the file has another length");
  return hash.hex();
}

// The bytes of a bundle, room for the head of each file included, and the digests of its files.
async function bundled(blob, sizes) {
  const bundle = new Uint8Array(await blob.arrayBuffer());
  const digests = [];
  let place = 0;
  for (const size of sizes) {
    place += HEAD;
    digests.push(await ofBytes(bundle.subarray(place, place + size)));
    place += size;
  }
  if (place !== bundle.length) throw new Error("a file has another length");
  return { bundle, digests };
}

addEventListener("message", async ({ data: { file, blob, sizes } }) => {
  try {
    if (blob) {
      const { bundle, digests } = await bundled(blob, sizes);
      postMessage({ digests, bundle }, [bundle.buffer]);
    } else {
      postMessage({ digest: await ofFile(file) });
    }
  } catch (error) {
    postMessage({ failed: String(error.message || error) });
  }
});
