// Compares the upload page's SHA-256, in JavaScript and in WebAssembly, with node's: node sha256.mjs ASSETS
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";

const assets = process.argv[2];
const text = readFileSync(`${assets}/sha256.js`, "utf8");
const { SHA256, wasmBlocks } = await import(`data:text/javascript;base64,${Buffer.from(text).toString("base64")}`);
const wasm = await wasmBlocks(readFileSync(`${assets}/sha256.wasm`));
let bad = 0;
const expect = (is, what) => {
  if (!is) {
    console.error(what);
    bad += 1;
  }
};
for (const [name, compress] of [["script", undefined], ["wasm", wasm]]) {
  const of = (text) => new SHA256(compress).update(new TextEncoder().encode(text)).hex();
  // FIPS 180-4 examples.
  expect(of("abc") === "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", `${name}: abc`);
  expect(of("") === "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", `${name}: nothing`);
  let seed = 7;
  const random = () => (seed = (seed * 1103515245 + 12345) & 0x7fffffff);
  for (let round = 0; round < 600; round += 1) {
    // Around the ends of blocks and of the buffer, and cut anywhere.
    const length = round < 300 ? round : round < 590 ? random() % 5000 : (1 << 20) + (random() % 200) - 100;
    const bytes = Uint8Array.from({ length }, () => random() >> 8);
    const hash = new SHA256(compress);
    for (let place = 0; place < length;) {
      const take = 1 + (random() % (length > 100000 ? 700000 : 150));
      hash.update(bytes.subarray(place, Math.min(length, place + take)));
      place += take;
    }
    expect(hash.hex() === createHash("sha256").update(bytes).digest("hex"), `${name}: ${length} bytes`);
  }
}
process.exitCode = bad ? 1 : 0;
console.log("compared");
