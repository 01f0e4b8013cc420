public import Streams

/// How far an act is, at one moment.
public struct Progress: Sendable, Hashable {
    /// What is being done: "uploading", "checking", "exporting".
    public var activity: String
    /// Files finished, and all there are to do.
    public var files = 0
    /// All files to do.
    public var filesTotal: Int
    /// Bytes read so far.
    public var bytes: Int64 = 0
    /// All bytes to read.
    public var bytesTotal: Int64
    /// The files that are being read now and are large enough to take a while; the longest at work first.
    public var atWork: [RelativePath] = []

    /// The share of the work that is done, 0 to 1; nil where nobody counted beforehand.
    ///
    /// By bytes, with every file counted as a few kilobytes, so that many empty files also make progress. Files that grow
    /// while they are read make it no more than 1.
    public var share: Double? {
        func weight(_ files: Int, _ bytes: Int64) -> Double { Double(bytes) + 8192 * Double(files) }
        let total = weight(filesTotal, bytesTotal)
        return total > 0 ? min(1, max(0, weight(files, bytes) / total)) : nil
    }
}

/// Counts what is done, from any number of threads, and offers the newest count as an asynchronous stream.
///
/// A slow listener misses intermediate counts and never holds up the work.
public final class ProgressMeter: Sendable {
    /// The newest count whenever it has changed; ends with ``finish()``. For one listener.
    public let events: AsyncStream<Progress>
    private let continuation: AsyncStream<Progress>.Continuation
    private let state: Guarded<Progress>

    /// A meter at rest.
    public init() {
        (events, continuation) = AsyncStream.makeStream(of: Progress.self, bufferingPolicy: .bufferingNewest(1))
        state = Guarded(Progress(activity: "", filesTotal: 0, bytesTotal: 0))
    }

    /// Begins to count anew.
    package func begin(_ activity: String, files: Int, bytes: Int64) {
        change { $0 = Progress(activity: activity, filesTotal: files, bytesTotal: bytes) }
    }

    package func add(files: Int = 0, bytes: Int64 = 0) {
        change {
            $0.files += files
            $0.bytes += bytes
        }
    }

    /// A large file is being read.
    func began(_ path: RelativePath) { change { $0.atWork.append(path) } }

    /// It has been read.
    func ended(_ path: RelativePath) {
        change { progress in
            if let place = progress.atWork.firstIndex(of: path) { progress.atWork.remove(at: place) }
        }
    }

    /// More to do has come.
    func extend(files: Int, bytes: Int64) {
        change {
            $0.filesTotal += files
            $0.bytesTotal += bytes
        }
    }

    /// Takes over counts that somebody else keeps; a total that is not known stays at what is done.
    func set(files: Int, of filesTotal: Int?, bytes: Int64, of bytesTotal: Int64?) {
        change {
            $0.files = files
            $0.filesTotal = filesTotal ?? files
            $0.bytes = bytes
            $0.bytesTotal = bytesTotal ?? bytes
        }
    }

    /// The count now.
    public var now: Progress { state.withLock { $0 } }

    /// Ends the stream.
    public func finish() { continuation.finish() }

    private func change(_ body: (inout Progress) -> Void) {
        let snapshot = state.withLock { progress in
            body(&progress)
            return progress
        }
        continuation.yield(snapshot)
    }
}
