// Computes the SHA-256 of files piece by piece, so that memory does not grow with them; reads small ones into bundles.
import { SHA256, wasmBlocks } from "./sha256.js";

const PIECE = 4 << 20;
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

async function ofFile(file) {
  if (file.size <= SMALL && globalThis.crypto?.subtle) return ofBytes(new Uint8Array(await file.arrayBuffer()));
  const hash = new SHA256(await compress);
  // The next piece is read while this one is computed.
  let next = file.slice(0, PIECE).arrayBuffer();
  for (let place = 0; place < file.size; place += PIECE) {
    const bytes = new Uint8Array(await next);
    if (place + PIECE < file.size) next = file.slice(place + PIECE, place + 2 * PIECE).arrayBuffer();
    hash.update(bytes);
    postMessage({ read: bytes.length });
  }
  return hash.hex();
}

// All bytes of some files in one buffer, each behind room for its head, and their digests. They are read as one: asking
// the browser for each costs more than the bytes.
async function bundled(files) {
  const all = new Uint8Array(await readAll(files));
  const bundle = new Uint8Array(all.length + HEAD * files.length);
  const digests = [];
  let from = 0;
  let to = 0;
  for (const file of files) {
    const bytes = all.subarray(from, from + file.size);
    bundle.set(bytes, to + HEAD);
    digests.push(await ofBytes(bytes));
    from += file.size;
    to += HEAD + file.size;
  }
  return { bundle, digests };
}

async function readAll(files) {
  try {
    return await new Blob(files).arrayBuffer();
  } catch {
    // One of them: which?
    for (const [index, file] of files.entries()) {
      try {
        await file.arrayBuffer();
      } catch (error) {
        throw Object.assign(error, { index });
      }
    }
    return new Blob(files).arrayBuffer();
  }
}

addEventListener("message", async ({ data: { file, files } }) => {
  try {
    if (files) {
      const { bundle, digests } = await bundled(files);
      postMessage({ digests, bundle }, [bundle.buffer]);
    } else {
      postMessage({ digest: await ofFile(file) });
    }
  } catch (error) {
    postMessage({ failed: String(error.message || error), index: error.index ?? 0 });
  }
});
