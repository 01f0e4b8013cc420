import FoundationEssentials
import HTTPTypes
import Hummingbird
import NIOCore
import Streams
import TDRCore

/// The upload: a page, and what its script asks for.
extension Pages {
    /// Bytes of one list of files.
    private static let listBytes = 8 << 20

    /// Bytes of a judgment that comes through a form.
    private static let judgmentBytes: Int64 = 1 << 30

    /// The page, and the way in for a judgment where the browser runs no scripts.
    func addUploadPage(to pages: RouterGroup<APIContext>) {
        get(pages, "transfers/:id/upload") { request, context, principal in
            let report = try await self.report(.readConsignment, principal, context)
            if let back = self.back(report, .upload) { return back }
            return try await self.uploadPage(report, self.address(of: request), nil, context)
        }
        postFile(
            pages, "transfers/:id/upload", .upload, atMost: archive.sizes.formBytes(Pages.judgmentBytes), takeJudgment)
    }

    /// Where this server is, as the browser knows it.
    private func address(of request: Request) -> String {
        "\(cookies.isSecure(request) ? "https" : "http")://\(request.head.authority ?? "")"
    }

    private func uploadPage(
        _ report: ConsignmentReport, _ address: String, _ complaint: String?, _ context: APIContext
    ) async throws -> Response {
        let isOpen = [nil, .inProgress].contains(report.statuses[.upload])
        let received = report.fileCounts[.upload]?[.success] ?? 0
        let isBegun = report.statuses[.upload] != nil
        return transferPage(
            "upload", .upload, report,
            [
                "isOpen": isOpen, "isJudgment": report.consignment.type == .judgment, "isBegun": isBegun && isOpen,
                "files": Pages.number(report.files), "bytes": Pages.size(report.bytes),
                "folder": displayName(of: report.consignment.parentFolder), "received": Pages.number(received),
                "begun": texts(
                    "upload.begun",
                    [
                        "received": Pages.number(received), "files": Pages.number(report.files),
                        "folder": displayName(of: report.consignment.parentFolder),
                    ]),
                "isComplete": report.statuses[.upload] == .completed,
                "done": texts(
                    "upload.done", ["files": Pages.number(report.files), "bytes": Pages.size(report.bytes)]),
                // For people without scripts.
                "command": try await command(for: report, address),
                // The texts that the script needs, in one attribute.
                "words": Pages.json(texts.groups["uploading"] ?? [:]),
            ], complaint: complaint, context)
    }

    /// The command that sends a folder without a browser.
    private func command(for report: ConsignmentReport, _ address: String) async throws -> String {
        let consignment = report.consignment
        let series = try await work {
            try archive.store.series(ofBody: consignment.bodyCode).first { $0.name == consignment.seriesName }?.code
        }
        let word = shellWord(Array((series ?? "").utf8))
        return "tdr upload FOLDER --series \(word) --server \(shellWord(Array(address.utf8)))"
    }

    /// A judgment through a plain form: declared as what has arrived, then taken like any other.
    @Sendable private func takeJudgment(
        _ sent: FileForm, _ context: APIContext, _ principal: Principal
    ) async throws -> Response {
        let report = try await report(.upload, principal, context)
        guard report.consignment.type == .judgment else { throw APIError.notFound }
        if let back = back(report, .upload) { return back }
        // Some browsers name the folder, too.
        let name = sent.fileName.split { $0 == "/" || $0 == "\\" }.last.map(String.init) ?? ""
        guard name.hasSuffix(".docx") else {
            return try await uploadPage(report, "", texts("uploading.oneFile"), context)
        }
        let consignment = report.consignment
        let run = run(principal, "upload")
        do {
            let id = try await work {
                if report.statuses[.upload] == nil {
                    try archive.store.startDelivery(
                        consignment, parentFolder: "", includeTopLevelFolder: false, run: run)
                }
                let file = DeclaredFile(
                    originalPath: name, checksum: sent.file.digest.description,
                    lastModified: archive.store.now.milliseconds, fileSize: sent.file.count, matchId: "0")
                return try archive.store.declare(
                    [file], emptyDirectories: [], in: consignment, more: false, sizes: archive.sizes, run: run
                ).first?.fileId
            }
            try await withTaskExecutorPreference(archive.uploadThreads) {
                guard let id, let expected = try archive.store.expectedFile(id, of: consignment) else {
                    throw APIError.notFound
                }
                if expected.isReceived { return }
                let partial = try PartialFile(expected, in: archive.store, .anew, digestsPiece: false)
                try sent.file.forEachPiece { try partial.write($0) }
                try await archive.book.enter(try partial.prove())
            }
        } catch {
            guard let complaint = self.complaint(error) else { throw error }
            return try await uploadPage(report, "", complaint, context)
        }
        return Pages.redirect("/transfers/\(consignment.id)")
    }

    static func json(_ value: some Encodable) -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        // Texts can always be encoded.
        return (try? encoder.encode(value)).map { String(decoding: $0, as: UTF8.self) } ?? "{}"
    }

    /// A part of the list of files, as the script sends it.
    private struct FileList: Decodable {
        struct One: Decodable {
            let path: String
            /// Absent while it is being computed.
            let checksum: String?
            let lastModified: Int64
            let size: Int64
            let matchId: String
        }
        let parentFolder: String
        let includeTopLevelFolder: Bool
        let files: [One]
        let emptyFolders: [String]
        let more: Bool
    }

    private struct Known: Encodable {
        struct One: Encodable {
            let id: String
            let matchId: String
            let isReceived: Bool
        }
        let files: [One]
        let total: Int
        let received: Int
        let isComplete: Bool
    }

    func addUpload(to scripts: RouterGroup<APIContext>) {
        scripts.post("consignments/:id/list") { request, context in
            let principal = try context.known()
            let id = try context.parameters.require("id")
            let body = try await request.body.collect(upTo: Pages.listBytes)
            guard let list = try? JSONDecoder().decode(FileList.self, from: Data(body.readableBytesView)) else {
                throw APIError(.badRequest, .badRequest, texts("upload.badList"))
            }
            return PlainRoutes.json(try await work { try self.declare(list, id, principal) })
        }
    }

    private func declare(_ list: FileList, _ id: String, _ principal: Principal) throws -> Known {
        let store = archive.store
        let consignment = try archive.consignment(id, for: principal, .upload).consignment
        let run = run(principal, "upload")
        let statuses = try store.statuses(of: consignment)
        if consignment.type == .standard, statuses[.transferAgreement] != .completed {
            throw DeliveryError.wrongState(texts("upload.agreeFirst"))
        }
        if statuses[.upload] == nil {
            try store.startDelivery(
                consignment, parentFolder: list.parentFolder, includeTopLevelFolder: list.includeTopLevelFolder,
                run: run)
        } else if Array(list.parentFolder.utf8) != consignment.parentFolder {
            throw DeliveryError.wrongState(
                texts("upload.otherFolder", ["folder": displayName(of: consignment.parentFolder)]))
        }
        if statuses[.upload] == .completed, list.files.isEmpty, list.emptyFolders.isEmpty {
            // The last word of an upload once more, since its answer was lost.
            return try known([], of: consignment)
        }
        let files = list.files.map {
            DeclaredFile(
                originalPath: $0.path, checksum: $0.checksum, lastModified: $0.lastModified, fileSize: $0.size,
                matchId: $0.matchId)
        }
        let ids = try store.declare(
            files, emptyDirectories: list.emptyFolders, in: consignment, more: list.more, sizes: archive.sizes,
            run: run)
        return try known(ids, of: consignment)
    }

    private func known(_ ids: [DeclaredFileID], of consignment: Consignment) throws -> Known {
        let report = try archive.store.report(on: consignment)
        return Known(
            files: ids.map { .init(id: "\($0.fileId)", matchId: $0.matchId, isReceived: $0.isReceived) },
            total: report.files, received: report.fileCounts[.upload]?[.success] ?? 0,
            isComplete: report.statuses[.upload] == .completed)
    }
}
