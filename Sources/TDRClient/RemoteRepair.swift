import Glibc
import NIOCore
public import Streams
public import TDRCore

/// Puts an uploaded consignment right through a server, as ``Repair`` does in a store.
///
/// All that is to be taken is looked at before the first byte is sent. Files are sent in parcels: what was cut off goes on
/// when it is given again, since what is there already is left alone.
public struct RemoteRepair: Sendable {
    private static let parcelFiles = 200
    private static let parcelBytes: Int64 = 32 << 20
    private static let attempts = 3

    private let client: APIClient
    private let meter: ProgressMeter
    private let status: RemoteStatus

    /// Repairs by `client`, telling `meter` how far it is.
    public init(_ client: APIClient, meter: ProgressMeter = ProgressMeter()) {
        self.client = client
        self.meter = meter
        status = RemoteStatus(client)
    }

    // MARK: Replacing and adding

    /// Takes the file or folder `source` into a consignment; see `Repair.put`.
    ///
    /// - Throws: ``RepairError``, ``ClientError``, `CancellationError`.
    public func put(
        _ act: RepairAct, _ source: BytePath, as typed: BytePath?, into reference: String, jobs: Int
    ) async throws -> RepairSummary {
        let consignment = try await status.report(on: reference).consignment
        let walk = try await self.walk(act, source, as: typed, into: consignment)
        var summary = RepairSummary(consignment: consignment)
        let (files, bytes) = try await survey(walk, act, consignment, &summary)
        guard files > 0 || act == .add else { throw RepairError.badSource(source, reason: "it holds no files") }
        meter.begin(act == .replace ? "replacing" : "adding", files: files, bytes: bytes)
        let threads = BlockingExecutor(threads: jobs + 2)
        defer { threads.shutDown() }
        let sending = Sending(
            client: client, consignment: consignment.id.description, source: walk.root, jobs: jobs, threads: threads,
            meter: meter)
        var items = walk.items()
        while let batch = try items.next(RemoteRepair.parcelFiles, RemoteRepair.parcelBytes) {
            let known = try await status.entries(batch.files.map(\.path) + batch.folders, of: consignment)
            let folders = act == .add ? batch.folders.filter { known[$0] == nil } : []
            var hashed = FolderWalk.Batch()
            hashed.files = batch.files
            guard let ready = try await sending.hash(hashed) else { continue }
            summary.fail(ready.failed)
            var due: [Sending.Hashed] = []
            for file in ready.files {
                if known[file.path]?.isSurely(file) == true {
                    summary.add(unchanged: 1)
                    meter.add(files: 1, bytes: file.size)
                } else {
                    due.append(file)
                }
            }
            try await send(due, folders, act, sending, &summary)
        }
        return summary
    }

    private func walk(
        _ act: RepairAct, _ source: BytePath, as typed: BytePath?, into consignment: Consignment
    ) async throws -> RepairWalk {
        guard let resolved = source.resolved() else {
            throw RepairError.badSource(source, reason: String(cString: strerror(errno)))
        }
        let kind = try FileStatus.of(resolved).kind
        guard kind == .regular || kind == .directory else {
            throw RepairError.badSource(source, reason: "it is neither a file nor a folder")
        }
        var wanted: RelativePath?
        if let typed { wanted = try await entry(typed, of: consignment) }
        let choice = RepairPlace(act, source, name: resolved.lastComponent, kind, consignment)
        let place =
            switch try choice.place(wanted) {
            case .known(let place): place
            case .onlyFile(let name):
                try choice.only(
                    of: try await status.files(named: name, of: consignment, limit: RepairPlace.enough))
            }
        if kind == .directory {
            return RepairWalk(root: resolved, file: nil, place: place, links: consignment.links)
        }
        guard let name = RelativePath(resolved.lastComponent) else {
            throw RepairError.badSource(source, reason: "its name cannot be used")
        }
        return RepairWalk(root: resolved.directory, file: name, place: place, links: consignment.links)
    }

    /// Looks at all that is to be taken.
    ///
    /// - Throws: ``RepairError/refused(_:_:act:)`` when any of it cannot be.
    private func survey(
        _ walk: RepairWalk, _ act: RepairAct, _ consignment: Consignment, _ summary: inout RepairSummary
    ) async throws -> (files: Int, bytes: Int64) {
        var files = 0
        var total: Int64 = 0
        var items = walk.items()
        var refused = PathList()
        while let batch = try items.next(RemoteRepair.parcelFiles, .max) {
            let paths = batch.files.map(\.path) + batch.folders
            let above = act == .add ? Set(paths.flatMap(\.ancestors)) : []
            let known = try await status.entries(Array(Set(paths).union(above)), of: consignment)
            for folder in batch.folders {
                if let why = act.refusal(ofFolder: known[folder]?.type) { refused.add(folder, why) }
            }
            for file in batch.files {
                files += 1
                total += file.size
                let there = known[file.path]
                let status = try act == .add ? FileStatus.following(walk.root.appending(file.origin.bytes)) : nil
                // The API tells times to the second.
                let isSame =
                    there?.size == status?.size
                    && there?.modified.map { $0 / 1_000_000_000 } == status.map { $0.modified / 1_000_000_000 }
                if let why = act.refusal(ofFile: there?.type, isSame: isSame) { refused.add(file.path, why) }
                let blocking = file.path.ancestors.first { known[$0]?.type == .file }
                if act == .add, there == nil, let blocking {
                    refused.add(file.path, RepairAct.refusal(below: blocking))
                }
            }
        }
        refused.add(items.refused)
        guard refused.count == 0 else { throw RepairError.refused(consignment.reference, refused, act: act.words) }
        summary.leaveOut(items.leftOut)
        return (files, total)
    }

    // MARK: Parcels

    private struct Answer: Decodable {
        let changed: Int
        let unchanged: Int
        let folders: Int
        let bytes: Int64
        let failed: [RepairParcel.Remark]
    }

    /// Sends files; when one of them changes meanwhile, each by itself.
    private func send(
        _ files: [Sending.Hashed], _ folders: [RelativePath], _ act: RepairAct, _ sending: Sending,
        _ summary: inout RepairSummary
    ) async throws {
        if files.isEmpty, folders.isEmpty { return }
        do {
            try await sendOnce(files, folders, act, sending, &summary)
        } catch RepairChanged.changed {
            if files.count == 1 { return try await sendAgain(files[0], folders, act, sending, &summary) }
            if !folders.isEmpty { try await send([], folders, act, sending, &summary) }
            for file in files { try await send([file], [], act, sending, &summary) }
        }
    }

    /// Sends a file that was another when it was hashed.
    private func sendAgain(
        _ file: Sending.Hashed, _ folders: [RelativePath], _ act: RepairAct, _ sending: Sending,
        _ summary: inout RepairSummary
    ) async throws {
        for _ in 1..<RemoteRepair.attempts {
            var batch = FolderWalk.Batch()
            batch.files = [(file.path, file.origin, file.size)]
            guard let again = try await sending.hash(batch)?.files.first else { break }
            do {
                return try await sendOnce([again], folders, act, sending, &summary)
            } catch RepairChanged.changed {
                continue
            }
        }
        summary.fail(file.path, "it changes while it is read")
    }

    private func sendOnce(
        _ files: [Sending.Hashed], _ folders: [RelativePath], _ act: RepairAct, _ sending: Sending,
        _ summary: inout RepairSummary
    ) async throws {
        let list = files.map {
            RepairParcel.File(
                path: $0.path, size: $0.size, modified: Timestamp(nanoseconds: $0.modified).milliseconds,
                sha256: $0.sha256)
        }
        guard let parcel = RepairParcel(files: list, folders: folders) else {
            throw ClientError.strange(client.server, reason: "entries of a consignment that are not below one folder")
        }
        let head = try parcel.head()
        let answer: Answer
        do {
            answer = try await client.post(
                "/consignments/\(summary.consignment.id)/repairs?act=\(act.rawValue)", as: Answer.self,
                of: "application/octet-stream", size: Int64(head.count) + parcel.bytes
            ) { ParcelBytes(head: head, files: files, sending: sending) }
        } catch ClientError.answered(_, code: "DIGEST_MISMATCH") {
            throw RepairChanged.changed
        }
        meter.add(files: files.count)
        summary.add(
            changed: answer.changed, folders: answer.folders, unchanged: answer.unchanged, bytes: answer.bytes)
        for one in answer.failed {
            guard let path = RelativePath(bytes(ofDisplayName: one.path)) else { continue }
            summary.fail(path, one.remark)
        }
    }

    // MARK: Taking out

    /// The entry that was typed: as it was or, when nothing has that path, as `tdr status` writes awkward names.
    private func entry(_ typed: BytePath, of consignment: Consignment) async throws -> RelativePath {
        let candidates = typed.entryCandidates
        guard let first = candidates.first else {
            throw RepairError.badPlace(typed, reason: "name a file or folder by its path, without '..' and a first '/'")
        }
        let known = try await status.entries(candidates, of: consignment)
        return candidates.first { known[$0] != nil } ?? first
    }

    private struct Withdrawn: Decodable {
        struct Summary: Decodable {
            let files: Int
            let folders: Int
            let bytes: Int64
            let isPurged: Bool
        }
        let withdrawFiles: Summary
    }

    /// Takes a file or folder out of a consignment; see `Repair.withdraw`.
    ///
    /// - Throws: ``ClientError``, `CancellationError`.
    public func withdraw(
        _ typed: BytePath, from reference: String, reason: String, purges: Bool
    ) async throws -> (consignment: Consignment, path: RelativePath, summary: WithdrawalSummary) {
        struct Variables: Encodable {
            let id: String
            let path: String
            let reason: String
            let purge: Bool
        }
        let consignment = try await status.report(on: reference).consignment
        let path = try await entry(typed, of: consignment)
        let summary = try await client.ask(
            """
            mutation($id: UUID!, $path: String!, $reason: String!, $purge: Boolean!) {
                withdrawFiles(withdrawFilesInput:
                    { consignmentId: $id, path: $path, reason: $reason, purge: $purge })
                    { files folders bytes isPurged } }
            """,
            Variables(
                id: consignment.id.description, path: path.display, reason: reason, purge: purges),
            as: Withdrawn.self, isRepeatable: false
        ).withdrawFiles
        return (
            consignment, path,
            WithdrawalSummary(
                files: summary.files, folders: summary.folders, bytes: summary.bytes, isPurged: summary.isPurged)
        )
    }

    private struct Cancelled: Decodable { let cancelConsignment: String? }

    /// Ends a transfer; see `Repair.cancel`.
    ///
    /// - Returns: why an upload into S3 could not be given up.
    /// - Throws: ``ClientError``, `CancellationError`.
    public func cancel(
        _ reference: String, reason: String, purges: Bool
    ) async throws -> (consignment: Consignment, left: String?) {
        struct Variables: Encodable {
            let id: String
            let reason: String
            let purge: Bool
        }
        let consignment = try await status.report(on: reference).consignment
        let left = try await client.ask(
            """
            mutation($id: UUID!, $reason: String!, $purge: Boolean!) { cancelConsignment(
                cancelConsignmentInput: { consignmentId: $id, reason: $reason, purge: $purge }) }
            """, Variables(id: consignment.id.description, reason: reason, purge: purges), as: Cancelled.self
        ).cancelConsignment
        return (consignment, left)
    }
}

/// A file that is not what it was when it was hashed.
enum RepairChanged: Error { case changed }

extension FileReport {
    /// Whether its bytes are those of `file`, as far as is known here and without a doubt.
    fileprivate func isSurely(_ file: Sending.Hashed) -> Bool {
        size == file.size && sha256 == file.sha256 && statuses[.checksumMatch]?.isGood ?? true
            && statuses[.serverChecksum]?.isGood ?? true && statuses[.antivirus]?.isGood ?? true
    }
}
