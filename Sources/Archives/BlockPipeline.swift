import Glibc
import Streams

/// Turns one block into its packed form. Made by the thread that uses it, once; the result depends on the block alone.
protocol BlockEncoder: AnyObject {
    /// Packs the input of `block` into its output.
    func encode(_ block: Block) throws(ArchiveFault)
}

/// A stretch of the stream and what becomes of it. The caller has it, or one of the threads, never both.
final class Block: @unchecked Sendable {
    // Sendable: it changes hands through the queues only, which order what was done before against what comes after.

    let input: Buffer
    let output: Buffer
    var inputCount = 0
    var outputCount = 0
    /// Whether it is the first and the last of what belongs together: a member of a ZIP archive.
    var isFirst = false
    var isLast = false
    /// Whether the output is the input as it is.
    var isVerbatim = false
    /// CRC-32 of the input, where the encoder makes one.
    var crc: UInt32 = 0
    fileprivate var fault: ArchiveFault?
    fileprivate let done = BoundedQueue<Bool>(capacity: 1)

    init(inputBytes: Int, outputBytes: Int) {
        input = Buffer(count: inputBytes)
        output = Buffer(count: outputBytes)
    }

    var content: UnsafeRawBufferPointer { input.prefix(inputCount) }
    var packed: UnsafeRawBufferPointer { isVerbatim ? content : output.prefix(outputCount) }
}

/// Cuts a stream into blocks of fixed size, packs them on threads of its own, and gives them back in order.
///
/// Where a block ends depends on the stream alone, and so do the packed bytes: one thread and eight make the same. Memory
/// is two blocks and a spare for each thread. Everything but the packing happens on the caller's thread, which waits when
/// it is ahead. The threads end, joined, with this value.
final class BlockPipeline {
    private let ring: [Block]
    private let todo: BoundedQueue<Block>
    private var threads: [pthread_t] = []
    /// Blocks handed out and blocks taken back, since the start.
    private var filled = 0
    private var drained = 0
    private let drain: (Block) throws -> Void

    /// What a thread is given.
    private final class Work: Sendable {
        let todo: BoundedQueue<Block>
        let makeEncoder: @Sendable () throws(ArchiveFault) -> any BlockEncoder

        init(
            todo: BoundedQueue<Block>, makeEncoder: @escaping @Sendable () throws(ArchiveFault) -> any BlockEncoder
        ) {
            self.todo = todo
            self.makeEncoder = makeEncoder
        }

        func run() {
            var encoder: (any BlockEncoder)?
            while let block = todo.pop() {
                do throws(ArchiveFault) {
                    // `??` does not pass on which error it throws.
                    if let encoder {
                        try encoder.encode(block)
                    } else {
                        let made = try makeEncoder()
                        encoder = made
                        try made.encode(block)
                    }
                } catch {
                    block.fault = error
                }
                _ = block.done.push(true)
            }
        }
    }

    /// Starts `workers` threads. `drain` gets the packed blocks in order, on the thread that calls this value.
    init(
        workers: Int, inputBytes: Int, outputBytes: Int,
        makeEncoder: @escaping @Sendable () throws(ArchiveFault) -> any BlockEncoder,
        drain: @escaping (Block) throws -> Void
    ) throws(ArchiveFault) {
        let workers = min(max(1, workers), workerLimit)
        ring = (0..<(2 * workers + 1)).map { _ in Block(inputBytes: inputBytes, outputBytes: outputBytes) }
        todo = BoundedQueue(capacity: ring.count)
        self.drain = drain
        for _ in 0..<workers {
            let work = Work(todo: todo, makeEncoder: makeEncoder)
            do {
                threads.append(try startThread { work.run() })
            } catch {
                // Fewer threads are slower, none is a fault.
                if threads.isEmpty {
                    throw .cannotWrite(member: nil, reason: "the system gives no thread (error \(error.code))")
                }
                break
            }
        }
    }

    deinit {
        todo.close()
        for thread in threads { pthread_join(thread, nil) }
    }

    /// The block that is being filled, taken back from the threads if need be.
    private func current() throws -> Block {
        while filled - drained >= ring.count { try drainOldest() }
        return ring[filled % ring.count]
    }

    private var isFresh = true

    /// Adds to the current block, and hands it to the threads each time it is full.
    func append(_ bytes: UnsafeRawBufferPointer) throws {
        var rest = bytes
        while !rest.isEmpty {
            let block = try prepared()
            let count = min(rest.count, block.input.bytes.count - block.inputCount)
            UnsafeMutableRawBufferPointer(rebasing: block.input.bytes[block.inputCount...])
                .copyMemory(from: UnsafeRawBufferPointer(rebasing: rest[..<count]))
            block.inputCount += count
            rest = UnsafeRawBufferPointer(rebasing: rest[count...])
            // A full block waits for what follows: only then it is known whether it is the last.
            if block.inputCount == block.input.bytes.count, !rest.isEmpty { handOver(isLast: false) }
        }
    }

    /// Ends what belongs together: its last block, which may be empty, goes to the threads.
    func endGroup() throws {
        _ = try prepared()
        handOver(isLast: true)
    }

    /// Waits for everything that is still under way.
    func flush() throws {
        while drained < filled { try drainOldest() }
    }

    private var startsGroup = true

    private func prepared() throws -> Block {
        let block = try current()
        if !isFresh, block.inputCount == block.input.bytes.count {
            handOver(isLast: false)
            return try prepared()
        }
        if isFresh {
            block.inputCount = 0
            block.outputCount = 0
            block.isVerbatim = false
            block.isFirst = startsGroup
            block.isLast = false
            isFresh = false
        }
        return block
    }

    private func handOver(isLast: Bool) {
        let block = ring[filled % ring.count]
        block.isLast = isLast
        startsGroup = isLast
        isFresh = true
        filled += 1
        // The queue has room for the whole ring and is closed by deinit only.
        _ = todo.push(block)
    }

    private func drainOldest() throws {
        let block = ring[drained % ring.count]
        _ = block.done.pop()
        drained += 1
        if let fault = block.fault {
            block.fault = nil
            throw fault
        }
        try drain(block)
    }
}

/// More threads than this would only take memory: writing is one stream.
private let workerLimit = 16
