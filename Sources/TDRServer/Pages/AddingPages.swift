import HTTPTypes
import Hummingbird
import Streams
import TDRCore

/// A file that was missing: added to a transfer whose upload is complete, as `tdr upload --add` does it.
extension Pages {
    /// Characters of a folder's path.
    private static let longestFolder = 2000

    func addAdding(to pages: RouterGroup<APIContext>) {
        postFile(pages, "transfers/:id/files", .upload, atMost: archive.sizes.formBytes(Pages.largestFile), addFile)
    }

    @Sendable private func addFile(
        _ sent: FileForm, _ context: APIContext, _ principal: Principal
    ) async throws -> Response {
        let report = try await report(.upload, principal, context)
        guard report.isOpen else { throw DeliveryError.wrongState(texts("repair.closed")) }
        let consignment = report.consignment
        guard consignment.type == .standard else { throw APIError.notFound }
        let folder = sent.form.trimmed("folder")
        func refuse(_ complaint: String) async throws -> Response {
            try await resultsPage(
                report, .all, adding: Adding(folder: folder, complaint: complaint), principal, context)
        }
        if sent.fileName.isEmpty { return try await refuse(texts("adding.noFile")) }
        guard let name = name(of: sent), let path = try await path(name, in: folder, of: consignment) else {
            return try await refuse(texts("adding.badName"))
        }
        guard try await isAsSent(sent) else { return try await refuse(texts("repair.altered")) }
        do {
            try archive.sizes.check(path, bytes: sent.file.count)
            try archive.sizes.check(consignmentBytes: Int64(report.bytes) + sent.file.count)
        } catch {
            guard let complaint = complaint(error) else { throw error }
            return try await refuse(complaint)
        }
        if try await work({ try archive.store.hasEntry(path, in: consignment) }) {
            return try await refuse(texts("adding.exists", ["file": path.display]))
        }
        return try await change(report, sent.form, said: "added", refuse: refuse) {
            try await put(.add, sent.file, as: path, into: consignment, run(principal, "add \(path.display)"))
        }
    }

    /// The file's name. In a form browsers escape some characters in a way that cannot be told from names that look like
    /// that, and put marks where bytes are no text, so the script tells it beside; without scripts such names are refused.
    private func name(of sent: FileForm) -> [UInt8]? {
        let told = sent.form["name"]
        let name = told.isEmpty ? sent.fileName : told
        let isAmbiguous = told.isEmpty && ["\"", "%0D", "%0A"].contains { name.contains($0) }
        return isAmbiguous || name.contains("\u{FFFD}") || name.contains("/") ? nil : Array(name.utf8)
    }

    /// Where the file belongs: below the top folder, where the transfer has one. Nil for what is no path.
    private func path(
        _ name: [UInt8], in folder: String, of consignment: Consignment
    ) async throws -> RelativePath? {
        guard folder.utf8.count <= Pages.longestFolder else { return nil }
        let slash = UInt8(ascii: "/")
        let top = consignment.parentFolder
        var parts = folder.utf8.split(separator: slash).map(Array.init)
        // Who gives the path as the results show it means the same, unless the top folder holds one of its own name.
        if !top.isEmpty, parts.first == top, let inner = RelativePath(top + [slash] + top),
            try await !work({ try archive.store.hasEntry(inner, in: consignment) })
        {
            parts.removeFirst()
        }
        return RelativePath(Array(((top.isEmpty ? [] : [top]) + parts + [name]).joined(separator: [slash])))
    }
}

/// A file that could not be added: what was typed, and why.
struct Adding {
    let folder: String
    let complaint: String
}
