/// A column of fixed-width values by entry number, in chunks that exist only where something was written.
///
/// An array that doubles needs three times its size at that moment; for a million entries that is what breaks a memory
/// bound. Entries that were never written read as `empty`.
struct ChunkedColumn<Value> {
    private var chunks: [[Value]] = []
    private let empty: Value
    private let width: Int

    /// `width` values for each entry.
    init(empty: Value, width: Int = 1) {
        self.empty = empty
        self.width = width
    }

    subscript(entry: Int) -> Value {
        get {
            let (chunk, place) = split(entry)
            guard chunk < chunks.count, !chunks[chunk].isEmpty else { return empty }
            return chunks[chunk][place]
        }
        set {
            let (chunk, place) = split(entry)
            prepare(chunk)
            chunks[chunk][place] = newValue
        }
    }

    /// The values of an entry; nil where its chunk was never written.
    func values(of entry: Int) -> ArraySlice<Value>? {
        let (chunk, place) = split(entry)
        guard chunk < chunks.count, !chunks[chunk].isEmpty else { return nil }
        return chunks[chunk][place..<place + width]
    }

    mutating func set(_ values: [Value], of entry: Int) {
        precondition(values.count == width, "a column has one width")
        let (chunk, place) = split(entry)
        prepare(chunk)
        chunks[chunk].withUnsafeMutableBufferPointer { room in
            for index in values.indices { room[place + index] = values[index] }
        }
    }

    private func split(_ entry: Int) -> (chunk: Int, place: Int) {
        (entry / entriesPerChunk, entry % entriesPerChunk * width)
    }

    private mutating func prepare(_ chunk: Int) {
        while chunks.count <= chunk { chunks.append([]) }
        if chunks[chunk].isEmpty { chunks[chunk] = Array(repeating: empty, count: entriesPerChunk * width) }
    }
}

private let entriesPerChunk = 4096
