import FoundationEssentials
import HTTPTypes
import Hummingbird
import NIOCore
import Streams
import TDRCore

/// `POST /consignments/{id}/repairs?act=replace` or `act=add`: files in place of others of the same path, or new ones.
///
/// The body is the length of a list (4 bytes, most significant first), the list (JSON, ``RepairParcel/List``), and the
/// bytes of its files in their order. They are taken as `tdr upload --replace` and `--add` take a folder: if any entry
/// cannot be taken, nothing is changed.
struct RepairRoute: Sendable {
    let archive: Archive

    func add(to group: RouterGroup<APIContext>) { group.post("consignments/:id/repairs", use: post) }

    @Sendable private func post(_ request: Request, context: APIContext) async throws -> Response {
        let principal = try context.known()
        let id = try context.parameters.require("id")
        let facts = try await onThreads(archive.threads) { try archive.consignment(id, for: principal, .upload) }
        guard let act = request.uri.queryParameters["act"].flatMap({ RepairAct(rawValue: String($0)) }) else {
            throw APIError(.badRequest, .badRequest, "act is replace or add")
        }
        let consignment = facts.consignment
        // What is replaced gives room, as much as nobody knows before; so only what is added counts to what is there.
        let there = try await onThreads(archive.threads) {
            act == .add ? Int64(try archive.store.report(on: consignment).bytes) : 0
        }
        let (parcel, tree) = try await withTaskExecutorPreference(archive.uploadThreads) {
            try await take(request, besides: there)
        }
        let repair = Repair(
            store: archive.store, run: archive.run(principal, "\(act.rawValue) \(parcel.top.display)"),
            meter: ProgressMeter())
        let summary = try await archive.whenFree {
            try await withTaskExecutorPreference(archive.uploadThreads) {
                try await repair.put(
                    act, tree.root.appending(parcel.top.bytes), as: parcel.top, into: consignment, jobs: 1)
            }
        }
        // The tree goes with this value.
        withExtendedLifetime(tree) {}
        archive.checkBell.ring()
        return PlainRoutes.json(Answer(summary))
    }

    /// What came of it.
    private struct Answer: Encodable {
        let changed: Int
        let unchanged: Int
        let folders: Int
        let bytes: Int64
        let failed: [RepairParcel.Remark]
        let leftOut: [RepairParcel.Remark]

        init(_ summary: RepairSummary) {
            changed = summary.changed
            unchanged = summary.unchanged
            folders = summary.folders
            bytes = summary.bytes
            failed = summary.failed.first.map { RepairParcel.Remark(path: $0.path.display, remark: $0.remark) }
            leftOut = summary.leftOut.first.map { RepairParcel.Remark(path: $0.path.display, remark: $0.remark) }
        }
    }

    /// Receives the parcel, to the last byte and proved.
    ///
    /// - Parameter bytes: what the consignment has already.
    private func take(_ request: Request, besides bytes: Int64) async throws -> (RepairParcel, ReceivedTree) {
        var reader = ParcelReader(store: archive.store, sizes: archive.sizes, besides: bytes)
        let pace = Pace()
        var count: Int64 = 0
        for try await buffer in request.body {
            count += Int64(buffer.readableBytes)
            archive.metrics.received(bytes: buffer.readableBytes)
            try pace.check(count)
            var buffer = buffer
            try reader.take(&buffer)
        }
        return try reader.finish()
    }
}

/// A parcel as it arrives.
private struct ParcelReader {
    private let store: Store
    private var head = ByteBuffer()
    private var parcel: RepairParcel?
    private var tree: ReceivedTree?
    /// The place of the file that arrives now in the list.
    private var index = 0
    private var file: ReceivedTreeFile?
    private var left: Int64 = 0

    private let sizes: DeliverySizes
    private let there: Int64

    init(store: Store, sizes: DeliverySizes, besides there: Int64) {
        (self.store, self.sizes, self.there) = (store, sizes, there)
    }

    private static func wrong(_ what: String) -> APIError { APIError(.unprocessableContent, .invalidInput, what) }

    mutating func take(_ buffer: inout ByteBuffer) throws {
        if parcel == nil {
            head.writeBuffer(&buffer)
            guard let length = head.getInteger(at: head.readerIndex, as: UInt32.self) else { return }
            guard length <= RepairParcel.longestList else {
                throw APIError(
                    .contentTooLarge, .tooLarge, "a list has at most \(RepairParcel.longestList) bytes")
            }
            guard head.readableBytes >= 4 + Int(length) else { return }
            head.moveReaderIndex(forwardBy: 4)
            let bytes = head.readBytes(length: Int(length)) ?? []
            guard let parcel = RepairParcel(list: bytes) else {
                throw ParcelReader.wrong("the list is not one of entries with path, size, modified and sha256")
            }
            for file in parcel.files { try sizes.check(file.path, bytes: file.size) }
            try sizes.check(consignmentBytes: there + parcel.bytes)
            let tree = try ReceivedTree(in: store, expected: parcel.bytes)
            for folder in parcel.folders { try ParcelReader.place(folder) { try tree.addFolder(folder) } }
            (self.parcel, self.tree) = (parcel, tree)
            try open()
            buffer = head
            head = ByteBuffer()
        }
        while buffer.readableBytes > 0 {
            guard let file else { throw ParcelReader.wrong("there are more bytes than the list says") }
            guard let piece = buffer.readSlice(length: Int(min(left, Int64(buffer.readableBytes)))) else { return }
            try piece.withUnsafeReadableBytes { try file.write($0) }
            left -= Int64(piece.readableBytes)
            if left == 0 { try close() }
        }
    }

    /// Makes an entry; a tree in which it has no place is the sender's fault.
    private static func place<Value>(_ path: RelativePath, _ make: () throws -> Value) throws -> Value {
        do {
            return try make()
        } catch let fault as SystemFault {
            throw wrong("'\(path.display)' has no place among the others: \(fault.reason)")
        }
    }

    /// Begins the next file; those that hold nothing are there by that.
    private mutating func open() throws {
        guard let parcel, let tree, index < parcel.files.count else { return }
        let next = parcel.files[index]
        file = try ParcelReader.place(next.path) { try tree.file(next.path) }
        left = next.size
        if left == 0 { try close() }
    }

    private mutating func close() throws {
        guard let parcel else { return }
        try file?.finish(parcel.files[index].sha256, modified: parcel.files[index].modified)
        file = nil
        index += 1
        try open()
    }

    /// - Throws: ``APIError`` when the parcel has ended before its time.
    func finish() throws -> (RepairParcel, ReceivedTree) {
        guard let parcel, let tree, index == parcel.files.count else {
            throw APIError(.badRequest, .badRequest, "the parcel ends before all of it is there")
        }
        return (parcel, tree)
    }
}
