import HTTPTypes
import Hummingbird
import Streams
import TDRCore

/// Administration of the quarantine: what is in it, and what becomes of it.
extension Pages {
    private static let perQuarantine = 100
    private static let longestReason = 1000

    func addQuarantine(to pages: RouterGroup<APIContext>) {
        admin(pages, "admin/quarantine") { request, context, _ in
            let from = request.uri.queryParameters["from"].flatMap { Int(String($0)) } ?? 0
            return try await self.quarantinePage(from: max(0, from), context)
        }
        change(pages, "admin/quarantine/:id/:file/release") { form, context, principal in
            // A check without an engine would say that none was wanted for any file of the transfer.
            let isScanning = !options.checks.antivirus.engines.isEmpty
            let said = texts(isScanning ? "quarantine.released" : "quarantine.releasedUnscanned")
            return try await decide(form, context, said) { file, consignment, reason in
                try Quarantine(archive.store, run: run(principal, "release from quarantine"))
                    .release(file.path, of: consignment, reason: reason)
                if !isScanning { return }
                do {
                    try archive.store.wishChecks(consignment, run: run(principal, "check a released file"))
                } catch DeliveryError.wrongState {
                    // With an export under way or done nothing is checked any more; the release stands all the same.
                }
                archive.checkBell.ring()
            }
        }
        change(pages, "admin/quarantine/:id/:file/purge") { form, context, principal in
            try await decide(form, context, texts("quarantine.purged")) { file, consignment, reason in
                try Quarantine(archive.store, run: run(principal, "purge from quarantine"))
                    .purge(file.path, of: consignment, reason: reason)
            }
        }
    }

    private func decide(
        _ form: Form, _ context: APIContext, _ said: String,
        _ act: @Sendable (QuarantinedFile, Consignment, String) throws -> Void
    ) async throws -> Response {
        let name = try context.parameters.require("id")
        guard let id = RecordID(try context.parameters.require("file")) else { throw APIError.notFound }
        let reason = form.trimmed("reason")
        guard reason.isOneLine(atMost: Pages.longestReason) else {
            return try await quarantinePage(from: 0, complaint: texts("quarantine.noReason"), context)
        }
        do {
            try await work {
                guard let consignment = try archive.store.facts(name)?.consignment,
                    let file = try archive.store.quarantined(id, in: consignment)
                else { throw APIError.notFound }
                try act(file, consignment, reason)
            }
            return try await quarantinePage(from: 0, said: said, context)
        } catch {
            guard let complaint = self.complaint(error) else { throw error }
            return try await quarantinePage(from: 0, complaint: complaint, context)
        }
    }

    private func quarantinePage(
        from: Int, said: String? = nil, complaint: String? = nil, _ context: APIContext
    ) async throws -> Response {
        let files = try await work {
            try archive.store.quarantined(skipping: from, limit: Pages.perQuarantine + 1)
        }
        var model: Model = [
            "hasFiles": !files.isEmpty,
            "files": files.prefix(Pages.perQuarantine).map { one -> Model in
                var model: Model = [
                    "path": one.path.display, "reference": "\(one.reference)", "found": one.found,
                    "state": texts("quarantine.\(one.state.rawValue)"), "since": Pages.moment(one.since),
                    "isHeld": one.state == .held, "id": "\(one.id)",
                    "address": "/admin/quarantine/\(one.reference)/\(one.id)",
                ]
                model["reason"] = one.reason
                return model
            },
        ]
        if files.count > Pages.perQuarantine { model["older"] = "/admin/quarantine?from=\(from + Pages.perQuarantine)" }
        model["said"] = said
        model["complaint"] = complaint
        return page(
            "quarantine", title: texts("admin.quarantine"), model, context,
            status: complaint == nil ? .ok : .unprocessableContent)
    }
}
