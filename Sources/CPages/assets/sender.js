// Hashes, announces and sends the files of a listing, several at once, and goes on by itself after a failure.
//
// Small files go in bundles, read once and sent together; others by themselves. Large ones are announced before their
// digest is known, so that they are sent while it is computed.

const HASHERS = Math.max(1, Math.min(4, navigator.hardwareConcurrency || 2));
// Groups of files on their way at once, and requests with bytes among them: browsers open six connections at most.
const LANES = 3;
const SENDERS = 5;
const SMALL = 128 << 10;
const LARGE = 64 << 20;
// What a group holds at most.
const BUNDLE_BYTES = 1 << 20;
const GROUP_BYTES = 64 << 20;
const GROUP_FILES = 500;
const FOLDERS = 5000;
const HEAD = 24;
const LONGEST_PAUSE = 20;

const base64 = (hex) => btoa(String.fromCharCode(...hex.match(/../g).map((byte) => parseInt(byte, 16))));
const sleep = (seconds) => new Promise((done) => { setTimeout(done, seconds * 1000); });

// What ends the upload until somebody does something about it.
export class Trouble extends Error {
  constructor(word, values = {}) {
    super(word);
    this.word = word;
    this.values = values;
  }
}

// Lends out a number of things; who comes when all are lent waits.
class Pool {
  constructor(things) {
    this.things = things;
    this.waiting = [];
  }

  async with(work) {
    const thing = this.things.pop() ?? await new Promise((done) => { this.waiting.push(done); });
    try {
      return await work(thing);
    } finally {
      const next = this.waiting.shift();
      if (next) next(thing); else this.things.push(thing);
    }
  }
}

// The files parted into groups that are announced together, in their order, one kind at a time.
function* groups(files) {
  const kind = ({ size }) => (size <= SMALL ? "bundle" : size < LARGE ? "single" : "large");
  let group = { kind: "", files: [], bytes: 0 };
  for (const one of files) {
    const mine = kind(one);
    const limit = mine === "bundle" ? BUNDLE_BYTES : GROUP_BYTES;
    const isFull = group.files.length >= GROUP_FILES || group.bytes + one.size > limit || mine === "large";
    if (group.files.length > 0 && (isFull || group.kind !== mine)) {
      yield group;
      group = { kind: mine, files: [], bytes: 0 };
    }
    group.kind = mine;
    group.files.push(one);
    group.bytes += one.size;
  }
  if (group.files.length > 0) yield group;
}

export class Sender {
  hashedFiles = 0;
  hashedBytes = 0;
  sentFiles = 0;
  sentBytes = 0;
  declared = 0;

  // place: where the consignment's addresses begin; token(): the form's token as it is now;
  // offline(seconds or null): called when the archive cannot be reached, and when it can be again.
  constructor(place, listing, includeTop, token, offline) {
    Object.assign(this, { place, listing, includeTop, token, offline });
    this.stopped = null;
  }

  async run() {
    const { emptyFolders } = this.listing;
    // What an earlier run has sent is there.
    const files = this.listing.files.filter((one) => !one.isSent);
    for (const one of this.listing.files) if (one.isSent) this.count(one);
    const workers = Array.from(
      { length: Math.min(HASHERS, files.length) },
      () => new Worker("/assets/hash-worker.js", { type: "module" }));
    this.workers = new Pool(workers);
    this.connections = new Pool(Array.from({ length: SENDERS }, () => true));
    const waiting = groups(files);
    const lane = async () => {
      // One sequence for all lanes; it ends for all when one fails.
      for (const group of waiting) {
        this.check();
        await this[group.kind](group.files);
      }
    };
    try {
      for (let at = 0; at === 0 || at < emptyFolders.length; at += FOLDERS) {
        await this.list([], emptyFolders.slice(at, at + FOLDERS), true);
      }
      if (files.length === 0) await this.list([], [], false);
      await Promise.all(Array.from({ length: LANES }, () => lane().catch((error) => {
        // The others end with what they are at.
        this.stopped ??= error;
        throw error;
      })));
    } finally {
      for (const worker of workers) worker.terminate();
    }
  }

  check() { if (this.stopped) throw this.stopped; }

  // MARK: Groups

  async bundle(files) {
    // Read as one, with room for the heads: asking the browser for each costs more than the bytes.
    const gap = new Uint8Array(HEAD);
    const blob = new Blob(files.flatMap(({ file }) => [gap, file]));
    const sizes = files.map(({ size }) => size);
    const { digests, bundle } = await this.workers.with((worker) => this.ask(worker, { blob, sizes }, files));
    digests.forEach((digest, index) => { files[index].digest = digest; });
    this.hashed(files);
    const missing = await this.announce(files);
    if (missing.length === 0) return;
    const body = packed(bundle, files, new Set(missing));
    const answer = await this.connections.with(() => this.patiently(() => this.request(
      "POST", `${this.place}/files`, body, { "Content-Type": "application/octet-stream" })));
    const refused = new Map(JSON.parse(answer.text).refused.map((one) => [one.id, one]));
    for (const one of missing) {
      const refusal = refused.get(one.id);
      if (!refusal) this.sent(one);
      else if (refusal.code === "DIGEST_MISMATCH") throw new Trouble("changed", { path: one.path });
      // Another request was at it: by itself.
      else if (refusal.code === "CONFLICT" || refusal.code === "INVALID_CONSIGNMENT_STATE") await this.send(one);
      else throw new Trouble("refused", { why: refusal.message });
    }
  }

  async single(files) {
    await Promise.all(files.map((one) => this.hash(one)));
    await Promise.all((await this.announce(files)).map((one) => this.send(one)));
  }

  async large([one]) {
    const hashing = this.hash(one);
    // What goes wrong with it is met below, when it is waited for.
    hashing.catch(() => {});
    // The digest may be known from an earlier try; the archive then compares.
    const [known] = (await this.list([one], [], true)).files;
    one.id = known.id;
    if (!known.isReceived) await this.send(one, false);
    await hashing;
    const missing = await this.announce([one]);
    if (missing.length > 0) await this.send(one);
  }

  hashed(files) {
    this.hashedFiles += files.length;
    for (const { size } of files) this.hashedBytes += size;
  }

  sent(one) {
    this.sentFiles += 1;
    this.sentBytes += one.size - (one.counted ?? 0);
    // Nothing more is read from it.
    Object.assign(one, { counted: 0, isSent: true, file: null });
  }

  // One that was sent in an earlier run.
  count(one) {
    this.declared += 1;
    this.hashed([one]);
    this.sent(one);
  }

  // MARK: Checksums

  async hash(one) {
    let counted = 0;
    const { digest } = await this.workers.with((worker) => {
      this.check();
      return this.ask(worker, { file: one.file }, [one], (bytes) => {
        counted += bytes;
        this.hashedBytes += bytes;
      });
    });
    one.digest = digest;
    this.hashedBytes -= counted;
    this.hashed([one]);
  }

  // What a worker answers.
  ask(worker, question, files, read = null) {
    return new Promise((done, failed) => {
      worker.onmessage = ({ data }) => {
        if (data.read) read?.(data.read);
        else if (data.failed) this.culprit(files).then((one) => failed(new Trouble("changed", { path: one.path })));
        else done(data);
      };
      worker.onerror = () => failed(new Trouble("refused", { why: "hash-worker.js" }));
      worker.postMessage(question);
    });
  }

  // The one of some files that cannot be read.
  async culprit(files) {
    for (const one of files) {
      try {
        await one.file.slice(0, 1).arrayBuffer();
      } catch {
        return one;
      }
    }
    return files[0];
  }

  // MARK: The list

  // Declares files with their digests; those whose bytes are not there yet.
  async announce(files) {
    const { files: known } = await this.list(files, [], true);
    this.declared += files.length;
    // Only when no other list is under way: the upload ends with the last one.
    if (this.declared === this.listing.files.length) await this.list([], [], false);
    const missing = [];
    for (const { id, matchId, isReceived } of known) {
      const one = files[Number(matchId)];
      one.id = id;
      if (isReceived) this.sent(one); else missing.push(one);
    }
    return missing;
  }

  async list(some, folders, more) {
    const answer = await this.patiently(() => this.request("POST", `${this.place}/list`, JSON.stringify({
      parentFolder: this.listing.name, includeTopLevelFolder: this.includeTop, emptyFolders: folders, more,
      files: some.map((one, index) => ({
        path: one.path, checksum: one.digest, lastModified: one.modified, size: one.size,
        matchId: String(index),
      })),
    }), { "Content-Type": "application/json" }));
    const known = JSON.parse(answer.text);
    if (!more && known.total > this.listing.files.length) this.missing = known.total - this.listing.files.length;
    return known;
  }

  // MARK: Bytes

  // Sends a file by itself, from where an earlier try broke off. It is recorded when its digest was announced.
  send(one, hasDigest = true) {
    return this.connections.with(async () => {
      const { size } = one;
      const address = `${this.place}/files/${one.id}`;
      const headers = { "Content-Type": "application/octet-stream" };
      if (hasDigest) headers["Repr-Digest"] = `sha-256=:${base64(one.digest)}:`;
      const count = (bytes) => {
        this.sentBytes += bytes - (one.counted ?? 0);
        one.counted = bytes;
      };
      // Small ones go as a whole: asking costs as much.
      let isSure = size <= SMALL;
      let offset = 0;
      const attempt = async () => {
        if (!isSure) {
          const there = await this.request("HEAD", address);
          offset = Number(there.header("Upload-Offset"));
        }
        isSure = size <= SMALL;
        count(offset);
        if (offset > 0) headers["Content-Range"] = offset < size ? `bytes ${offset}-${size - 1}/${size}` : `bytes */${size}`;
        else delete headers["Content-Range"];
        try {
          await this.request(
            "PUT", address, one.file.slice(offset), headers, (bytes) => count(Math.min(size, offset + bytes)));
          return;
        } catch (error) {
          if (error.status === 409 || error.status === 412) {
            if (Number(error.header("Upload-Offset") ?? -1) === size) return;
            error.isPassing = true;
          }
          if (error.status === 422 && /DIGEST_MISMATCH/.test(error.text)) {
            // It may have been announced with another digest before; then the right one follows.
            if (!hasDigest) return;
            throw new Trouble("changed", { path: one.path });
          }
          if (error.status === 0) await this.prove(one);
          throw error;
        }
      };
      await this.patiently(attempt);
      if (hasDigest) this.sent(one);
    });
  }

  // A file that has changed fails like a network that is away.
  async prove(one) {
    try {
      await one.file.slice(0, 1).arrayBuffer();
    } catch {
      throw new Trouble("changed", { path: one.path });
    }
  }

  // MARK: Asking

  // Again and again while the archive is away or busy.
  async patiently(work) {
    for (let tries = 0; ; tries += 1) {
      this.check();
      try {
        const answer = await work();
        if (tries > 0) this.offline(null);
        return answer;
      } catch (error) {
        if (error instanceof Trouble) throw error;
        if (error.status === undefined) throw error;
        if (error.status === 401 || error.status === 403) throw new Trouble("signedOut");
        const isPassing = error.isPassing || [0, 408, 429, 500, 502, 503, 504].includes(error.status);
        if (!isPassing) throw new Trouble("refused", { why: error.message });
        const seconds = Math.min(LONGEST_PAUSE, 2 ** Math.min(tries, 5)) / 2;
        this.check();
        this.offline(Math.ceil(seconds));
        await sleep(seconds);
      }
    }
  }

  request(method, address, body, headers = {}, progress = null) {
    return new Promise((done, failed) => {
      const request = new XMLHttpRequest();
      request.open(method, address);
      request.setRequestHeader("X-CSRF-Token", this.token());
      for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
      if (progress) request.upload.onprogress = (event) => progress(event.loaded);
      const header = (name) => request.getResponseHeader(name);
      request.onload = () => {
        const { status, responseText: text } = request;
        if (status >= 200 && status < 300) {
          done({ status, text, header });
          return;
        }
        let message = `${status}`;
        try {
          message = JSON.parse(text).errors[0].message;
        } catch {
          // Not in our form, as from a server in between: the number has to do.
        }
        failed(Object.assign(new Error(message), { status, text, header }));
      };
      request.onerror = () => failed(Object.assign(new Error("network"), { status: 0, text: "", header: () => null }));
      request.onabort = request.onerror;
      request.send(body);
    });
  }
}

// The bundle of those files that are missing, each with its head: 16 bytes of its id and 8 of its length.
function packed(bundle, files, missing) {
  const view = new DataView(bundle.buffer);
  let from = 0;
  let to = 0;
  for (const one of files) {
    const length = HEAD + one.size;
    if (missing.has(one)) {
      if (to < from) bundle.copyWithin(to, from, from + length);
      const digits = one.id.replaceAll("-", "");
      for (let place = 0; place < 16; place += 1) bundle[to + place] = parseInt(digits.slice(2 * place, 2 * place + 2), 16);
      view.setBigUint64(to + 16, BigInt(one.size));
      to += length;
    }
    from += length;
  }
  return bundle.subarray(0, to);
}
