// Hashes, announces and sends the files of a listing, several at once, and goes on by itself after a failure.

const HASHERS = Math.max(1, Math.min(4, navigator.hardwareConcurrency || 2));
const SENDERS = 5;
const PER_LIST = 500;
// Larger files go in pieces, so that a broken connection costs one piece at most.
const PIECE = 32 << 20;
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

export class Sender {
  hashedFiles = 0;
  hashedBytes = 0;
  sentFiles = 0;
  sentBytes = 0;

  // place: where the consignment's addresses begin; token(): the form's token as it is now;
  // offline(seconds or null): called when the archive cannot be reached, and when it can be again.
  constructor(place, listing, includeTop, token, offline) {
    Object.assign(this, { place, listing, includeTop, token, offline });
    this.ready = [];
    this.wakers = [];
    this.isListed = false;
    this.stopped = null;
  }

  async run() {
    const guard = (work) => work.catch((error) => {
      this.stopped ??= error;
      this.wake();
      throw error;
    });
    await Promise.all([
      guard(this.prepare()),
      ...Array.from({ length: SENDERS }, () => guard(this.sendAll())),
    ]);
  }

  wake() {
    const wakers = this.wakers;
    this.wakers = [];
    for (const waker of wakers) waker();
  }

  check() { if (this.stopped) throw this.stopped; }

  // MARK: Checksums and the list

  async prepare() {
    const { files } = this.listing;
    const workers = Array.from(
      { length: Math.min(HASHERS, files.length) },
      () => new Worker("/assets/hash-worker.js", { type: "module" }));
    let next = 0;
    let batch = [];
    let listing = Promise.resolve();
    const list = (some, more) => {
      listing = listing.then(() => this.list(some, more));
      return listing;
    };
    try {
      await Promise.all(workers.map(async (worker) => {
        while (next < files.length) {
          this.check();
          const one = files[next];
          next += 1;
          one.digest = await this.hash(worker, one);
          this.hashedFiles += 1;
          batch.push(one);
          if (batch.length >= PER_LIST) {
            const some = batch;
            batch = [];
            await list(some, true);
          }
        }
      }));
      await list(batch, false);
    } finally {
      for (const worker of workers) worker.terminate();
    }
    this.isListed = true;
    this.wake();
  }

  hash(worker, one) {
    // What the worker has told of so far; small files it tells of at the end only.
    let counted = 0;
    const count = (bytes) => {
      this.hashedBytes += bytes - counted;
      counted = bytes;
    };
    return new Promise((done, failed) => {
      worker.onmessage = ({ data }) => {
        if (data.read) {
          count(counted + data.read);
        } else if (data.digest) {
          count(one.file.size);
          done(data.digest);
        } else failed(new Trouble("changed", { path: one.path }));
      };
      worker.onerror = () => failed(new Trouble("refused", { why: "hash-worker.js" }));
      worker.postMessage({ id: one.path, file: one.file });
    });
  }

  async list(some, more) {
    const folders = this.foldersSent ? [] : this.listing.emptyFolders;
    const answer = await this.patiently(() => this.ask("POST", `${this.place}/list`, JSON.stringify({
      parentFolder: this.listing.name, includeTopLevelFolder: this.includeTop, emptyFolders: folders, more,
      files: some.map((one, index) => ({
        path: one.path, checksum: one.digest, lastModified: one.file.lastModified, size: one.file.size,
        matchId: String(index),
      })),
    }), { "Content-Type": "application/json" }));
    this.foldersSent = true;
    const known = JSON.parse(answer.text);
    for (const { id, matchId, isReceived } of known.files) {
      const one = some[Number(matchId)];
      one.id = id;
      if (isReceived) {
        this.sentFiles += 1;
        this.sentBytes += one.file.size;
      } else {
        this.ready.push(one);
      }
    }
    this.wake();
    if (!more && known.total > this.listing.files.length) {
      this.missing = known.total - this.listing.files.length;
    }
  }

  // MARK: Bytes

  async sendAll() {
    for (;;) {
      this.check();
      const one = this.ready.shift();
      if (one) {
        await this.send(one);
      } else if (this.isListed) {
        return;
      } else {
        await new Promise((done) => { this.wakers.push(done); });
      }
    }
  }

  async send(one) {
    const { size } = one.file;
    const address = `${this.place}/files/${one.id}`;
    const headers = { "Repr-Digest": `sha-256=:${base64(one.digest)}:`, "Content-Type": "application/octet-stream" };
    let counted = 0;
    const count = (bytes) => {
      this.sentBytes += bytes - counted;
      counted = bytes;
    };
    let isSure = size <= PIECE;
    let offset = 0;
    const attempt = async () => {
      if (!isSure) {
        const there = await this.ask("HEAD", address);
        offset = Number(there.header("Upload-Offset"));
        isSure = true;
      }
      count(offset);
      if (offset === size && size > 0) return true;
      const end = size <= PIECE ? size : Math.min(size, offset + PIECE);
      if (size > PIECE) headers["Content-Range"] = `bytes ${offset}-${end - 1}/${size}`;
      try {
        const answer = await this.ask("PUT", address, one.file.slice(offset, end), headers, (bytes) => count(offset + bytes));
        offset = end;
        return answer.status !== 202;
      } catch (error) {
        // Where it broke off only the archive knows; small files go once more as a whole.
        isSure = size <= PIECE;
        if (error.status === 409 || error.status === 412) {
          if (Number(error.header("Upload-Offset") ?? -1) === size) return true;
          error.isPassing = true;
        }
        if (error.status === 422 && /DIGEST_MISMATCH/.test(error.text)) throw new Trouble("changed", { path: one.path });
        if (error.status === 0) await this.prove(one);
        throw error;
      }
    };
    while (!await this.patiently(attempt)) this.check();
    count(size);
    this.sentFiles += 1;
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
        this.check();
      }
    }
  }

  ask(method, address, body, headers = {}, progress = null) {
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
