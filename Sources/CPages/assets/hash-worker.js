// Computes the SHA-256 of files, one after the other, piece by piece: memory does not grow with them.
import { SHA256, wasmBlocks } from "./sha256.js";

const PIECE = 4 << 20;
// So small that all of it may be in memory: then the browser's own code is faster.
const SMALL = 16 << 20;

// Undefined where WebAssembly is not to be had: then JavaScript does it.
const compress = wasmBlocks(fetch("/assets/sha256.wasm")).catch(() => undefined);

async function digest(id, file) {
  if (file.size <= SMALL && globalThis.crypto?.subtle) {
    const bytes = await crypto.subtle.digest("SHA-256", await file.arrayBuffer());
    return Array.from(new Uint8Array(bytes), (byte) => byte.toString(16).padStart(2, "0")).join("");
  }
  const hash = new SHA256(await compress);
  // The next piece is read while this one is computed.
  let next = file.slice(0, PIECE).arrayBuffer();
  for (let place = 0; place < file.size; place += PIECE) {
    const bytes = new Uint8Array(await next);
    if (place + PIECE < file.size) next = file.slice(place + PIECE, place + 2 * PIECE).arrayBuffer();
    hash.update(bytes);
    postMessage({ id, read: bytes.length });
  }
  return hash.hex();
}

addEventListener("message", async ({ data: { id, file } }) => {
  try {
    postMessage({ id, digest: await digest(id, file) });
  } catch (error) {
    postMessage({ id, failed: String(error.message || error) });
  }
});
