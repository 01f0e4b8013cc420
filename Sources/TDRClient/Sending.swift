import FoundationEssentials
import Glibc
import Streams
import TDRCore

/// Hashes, declares and sends batches of files of one consignment.
struct Sending: Sendable {
    /// From here on it is worth asking how much of a file has arrived, bytes.
    private static let large: Int64 = 8 << 20
    private static let attempts = 3
    private static let tries = 8

    let client: APIClient
    let consignment: String
    let source: BytePath
    let jobs: Int
    let threads: BlockingExecutor
    let meter: ProgressMeter

    struct Hashed: Sendable {
        let path: RelativePath
        let origin: RelativePath
        let size: Int64
        let modified: Int64
        let sha256: SHA256Digest
    }

    struct Batch: Sendable {
        var files: [Hashed] = []
        var folders: [RelativePath] = []
        var failed = PathList()
    }

    // MARK: Hashing

    func hash(_ batch: FolderWalk.Batch?) async throws -> Batch? {
        guard let batch else { return nil }
        var out = Batch()
        out.folders = batch.emptyFolders
        let files = batch.files
        let results = try await inParallel(files.count) { index in
            try await hash(files[index].path, files[index].origin)
        }
        for (file, result) in zip(files, results) {
            switch result {
            case .success(let hashed): out.files.append(hashed)
            case .failure(let why): out.failed.add(file.path, why.reason)
            }
        }
        return out
    }

    struct Unreadable: Error { let reason: String }

    private func hash(_ path: RelativePath, _ origin: RelativePath) async throws -> Result<Hashed, Unreadable> {
        try await withTaskExecutorPreference(threads) {
            do {
                let file = try OpenFile.directory(source).opening(origin)
                let before = try file.status()
                guard before.kind == .regular else {
                    return .failure(Unreadable(reason: "it is a \(before.kind.rawValue) now"))
                }
                var hasher = SHA256Hasher()
                let buffer = Buffer(count: 1 << 20)
                var count: Int64 = 0
                while true {
                    try Task.checkCancellation()
                    let read = try file.read(into: buffer.bytes)
                    if read == 0 { break }
                    hasher.update(buffer.prefix(read))
                    count += Int64(read)
                }
                return .success(
                    Hashed(
                        path: path, origin: origin, size: count, modified: before.modified, sha256: hasher.finish()))
            } catch let fault as SystemFault {
                return .failure(Unreadable(reason: fault.description))
            }
        }
    }

    /// The bytes of a file from an offset on.
    func bytes(of file: Hashed, from offset: Int64 = 0) throws -> FileBytes {
        FileBytes(
            file: SharedFile(try OpenFile.directory(source).opening(file.origin)), offset: offset, threads: threads,
            meter: meter)
    }

    // MARK: Declaring

    private struct Input: Encodable {
        struct File: Encodable {
            let originalPath: String
            let checksum: String
            let lastModified: Int64
            let fileSize: Int64
            let matchId: String
        }
        let consignmentId: String
        let metadataInput: [File]
        let emptyDirectories: [String]
        let more: Bool
    }

    struct Declared: Decodable {
        struct Match: Decodable {
            let fileId: String
            let matchId: String
            let isReceived: Bool
        }
        let addFilesAndMetadata: [Match]
    }

    @discardableResult
    func declare(_ files: [Hashed], folders: [RelativePath], more: Bool) async throws -> [Declared.Match] {
        let input = Input(
            consignmentId: consignment,
            metadataInput: files.enumerated().map { number, file in
                Input.File(
                    originalPath: file.path.text ?? file.path.display, checksum: file.sha256.hex,
                    lastModified: Timestamp(nanoseconds: file.modified).milliseconds, fileSize: file.size,
                    matchId: "\(number)")
            }, emptyDirectories: folders.map { $0.text ?? $0.display }, more: more)
        let matches = try await client.ask(
            """
            mutation($input: AddFileAndMetadataInput!) {
                addFilesAndMetadata(addFilesAndMetadataInput: $input) { fileId matchId isReceived }
            }
            """, ["input": input], as: Declared.self
        ).addFilesAndMetadata
        guard matches.count == files.count else {
            throw ClientError.strange(client.server, reason: "\(matches.count) ids for \(files.count) files")
        }
        return matches
    }

    // MARK: Sending

    func send(_ batch: Batch) async throws -> (stored: Int, failed: PathList) {
        if batch.files.isEmpty, batch.folders.isEmpty { return (0, PathList()) }
        let matches = try await declare(batch.files, folders: batch.folders, more: true)
        let results = try await inParallel(batch.files.count) { index in
            try await send(batch.files[index], matches[index])
        }
        var failed = PathList()
        var stored = 0
        for (file, result) in zip(batch.files, results) {
            switch result {
            case .success: stored += 1
            case .failure(let why): failed.add(file.path, why.reason)
            }
        }
        return (stored, failed)
    }

    private func send(_ file: Hashed, _ match: Declared.Match) async throws -> Result<Void, Unreadable> {
        if match.isReceived {
            meter.add(files: 1, bytes: file.size)
            return .success(())
        }
        var file = file
        var match = match
        for _ in 0..<Sending.attempts {
            guard let why = try await sendOnce(file, match) else {
                meter.add(files: 1)
                return .success(())
            }
            // It is not what it was when it was hashed: once more from the start.
            switch try await hash(file.path, file.origin) {
            case .failure(let unreadable): return .failure(unreadable)
            case .success(let again) where again.sha256 == file.sha256: return .failure(Unreadable(reason: why))
            case .success(let again):
                file = again
                match = try await declare([again], folders: [], more: true)[0]
            }
        }
        return .failure(
            Unreadable(reason: "it changes while it is read; upload it again when nobody writes to it"))
    }

    /// nil when the file is there; otherwise why its bytes are not those that were declared.
    private func sendOnce(_ file: Hashed, _ match: Declared.Match) async throws -> String? {
        let path = "/consignments/\(consignment)/files/\(match.fileId)"
        var offset: Int64 = file.size >= Sending.large ? try await client.received(path) : 0
        var attempt = 0
        while true {
            try Task.checkCancellation()
            let from = offset
            do {
                let sent = try await client.put(path, size: file.size, from: from) {
                    try bytes(of: file, from: from)
                }
                switch sent {
                case .whole: return nil
                case .mismatch(let why): return why
                case .goOn(let next):
                    if next == from { attempt += 1 }
                    offset = next
                }
            } catch let error as ClientError {
                guard case .answered(_, let code) = error,
                    ["CONFLICT", "BUSY", "UNAVAILABLE", "TIMEOUT"].contains(code)
                else {
                    throw error
                }
                attempt += 1
                if attempt >= Sending.tries { throw error }
                try await APIClient.rest(attempt)
                offset = try await client.received(path)
            } catch let fault as SystemFault {
                return fault.description
            } catch let error as CancellationError {
                throw error
            } catch {
                if Task.isCancelled { throw CancellationError() }
                attempt += 1
                if attempt >= Sending.tries {
                    throw ClientError.unreachable(client.server, reason: "\(error)")
                }
                try await APIClient.rest(attempt)
                offset = try await client.received(path)
            }
            if attempt >= Sending.tries {
                throw ClientError.unreachable(client.server, reason: "it does not take more of '\(file.path.display)'")
            }
        }
    }

    /// Does so many things, a few at once; the results in their order.
    private func inParallel<Value: Sendable>(
        _ count: Int, _ work: @escaping @Sendable (Int) async throws -> Value
    ) async throws -> [Value] {
        try await withThrowingTaskGroup(of: (Int, Value).self) { group in
            var results = [Value?](repeating: nil, count: count)
            var begun = 0
            func begin() {
                guard begun < count else { return }
                let index = begun
                begun += 1
                group.addTask { (index, try await work(index)) }
            }
            for _ in 0..<max(1, jobs) { begin() }
            while let (index, value) = try await group.next() {
                results[index] = value
                begin()
            }
            return results.compactMap { $0 }
        }
    }
}
