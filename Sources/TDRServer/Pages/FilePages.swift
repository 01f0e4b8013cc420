import HTTPTypes
import Hummingbird
import Streams
import TDRCore

/// One file: its whole story, and what puts it right.
extension Pages {
    /// Bytes of a file that comes through a form.
    static let largestFile: Int64 = 1 << 40
    private static let longestReason = 500
    private static let shownEvents = 50

    func addFiles(to pages: RouterGroup<APIContext>) {
        get(pages, "transfers/:id/files/:file") { _, context, principal in
            let report = try await self.report(.readConsignment, principal, context)
            return try await self.filePage(report, try await self.file(of: report, context), nil, principal, context)
        }
        postFile(
            pages, "transfers/:id/files/:file/replace", .upload, atMost: archive.sizes.formBytes(Pages.largestFile),
            replace)
        post(pages, "transfers/:id/files/:file/withdraw", withdraw)
    }

    /// Whether `principal` may replace and withdraw files of it now.
    func mayRepair(_ report: ConsignmentReport, _ principal: Principal) async throws -> Bool {
        guard report.isOpen, let facts = try await work({ try archive.store.facts("\(report.consignment.id)") }) else {
            return false
        }
        return Access.allows(principal, .upload, Access.relations(of: principal, to: facts))
    }

    /// The file of the path.
    private func file(of report: ConsignmentReport, _ context: APIContext) async throws -> FileReport {
        guard let id = RecordID(try context.parameters.require("file")) else { throw APIError.notFound }
        let file = try await work { try archive.store.file(id, of: report.consignment) }
        guard let file, file.type == .file else { throw APIError.notFound }
        return file
    }

    private func filePage(
        _ report: ConsignmentReport, _ file: FileReport, _ complaint: String?, _ principal: Principal,
        _ context: APIContext
    ) async throws -> Response {
        let failures = FailureReport(report.consignment, in: archive.store, advice: options.advice)
        let findings = failures.rows(of: file)
        let events = try await work { try archive.store.events(of: file, limit: Pages.shownEvents) }
        let isRepairable = try await mayRepair(report, principal)
        let model: Model = [
            "file": file.path.display, "fileReference": "\(file.reference)",
            "size": file.size.map(exactSize) ?? "",
            "modified": file.modified.map { Pages.moment(Timestamp(nanoseconds: $0)) } ?? "",
            "sha256": file.sha256?.description ?? "", "serverSHA256": file.serverSHA256?.description ?? "",
            "isGood": findings.isEmpty && !report.areChecksUnderWay,
            "problems": findings.map(finding),
            "statuses": FileStatusType.allCases.compactMap { type -> Model? in
                file.statuses[type].map {
                    ["type": texts("status.\(type.rawValue)"), "value": $0.rawValue, "isGood": $0.isGood]
                }
            },
            "formats": file.formats.map { one -> Model in
                [
                    "puid": one.puid ?? "", "name": one.formatName ?? "", "basis": one.identificationBasis,
                    "mime": one.mimeType ?? "", "engine": "\(one.engine.software) \(one.engine.softwareVersion)",
                ]
            },
            "hasScans": !file.antivirus.isEmpty,
            "scans": file.antivirus.map { one -> Model in
                [
                    "engine": "\(one.engine.software) \(one.engine.softwareVersion) \(one.engine.databaseVersion)",
                    "result": one.result.map { $0.isEmpty ? texts("file.clean") : $0 } ?? texts("file.notScanned"),
                    "time": Pages.moment(one.datetime),
                ]
            },
            "events": events.map(event),
            "mayRepair": isRepairable, "link": "/transfers/\(report.consignment.id)/files/\(file.id)",
            "back": "/transfers/\(report.consignment.id)/results",
            "repairWords": Pages.json(texts.groups["replacing"] ?? [:]),
        ]
        return transferPage("file", .results, report, model, complaint: complaint, context)
    }

    /// `8.0 kB (8,000 bytes)`; just the bytes of a file so small that both are the same.
    private func exactSize(_ bytes: Int64) -> String {
        let exact = "\(Pages.number(Int(bytes))) \(texts(bytes == 1 ? "file.byte" : "file.bytes"))"
        return bytes < 1000 ? exact : "\(Pages.size(Int(bytes))) (\(exact))"
    }

    /// An entry of the history in words.
    private func event(_ event: HistoryEvent) -> Model {
        var detail = ""
        if let statuses = event.fileStatuses {
            detail = FileStatusType.allCases.compactMap { type in
                let value = statuses.new[type] ?? statuses.old[type]
                return value.map { "\(texts("status.\(type.rawValue)")): \($0.rawValue)" }
            }.joined(separator: ", ")
        } else if event.what == "Quarantine" {
            detail = event.new ?? ""
        }
        return [
            "time": Pages.moment(event.datetime), "actor": event.actor, "detail": detail,
            "what": texts.groups["history"]?[event.what] ?? event.what,
        ]
    }

    // MARK: Putting right

    /// Other bytes for the file: as `tdr upload --replace` takes them.
    @Sendable private func replace(
        _ sent: FileForm, _ context: APIContext, _ principal: Principal
    ) async throws -> Response {
        let (report, file) = try await repairable(context, principal)
        func refuse(_ complaint: String) async throws -> Response {
            try await filePage(report, file, complaint, principal, context)
        }
        if sent.fileName.isEmpty { return try await refuse(texts("repair.noFile")) }
        guard try await isAsSent(sent) else { return try await refuse(texts("repair.altered")) }
        do {
            try archive.sizes.check(file.path, bytes: sent.file.count)
            try archive.sizes.check(consignmentBytes: Int64(report.bytes) - (file.size ?? 0) + sent.file.count)
        } catch {
            guard let complaint = complaint(error) else { throw error }
            return try await refuse(complaint)
        }
        let run = run(principal, "replace \(file.path.display)")
        return try await change(report, sent.form, said: "replaced", refuse: refuse) {
            try await put(.replace, sent.file, as: file.path, into: report.consignment, run)
        }
    }

    @Sendable private func withdraw(
        _ form: Form, _ context: APIContext, _ principal: Principal
    ) async throws -> Response {
        let (report, file) = try await repairable(context, principal)
        func refuse(_ complaint: String) async throws -> Response {
            try await filePage(report, file, complaint, principal, context)
        }
        let reason = form.trimmed("reason")
        guard !reason.isEmpty, reason.count <= Pages.longestReason else {
            return try await refuse(texts("repair.noReason"))
        }
        let repair = Repair(
            store: archive.store, run: run(principal, "withdraw \(file.path.display)"), meter: ProgressMeter())
        return try await change(report, form, said: "withdrawn", refuse: refuse) {
            try await work {
                _ = try repair.withdraw(file.path, from: report.consignment, reason: reason, purges: false)
                return true
            }
        }
    }

    private func repairable(
        _ context: APIContext, _ principal: Principal
    ) async throws -> (ConsignmentReport, FileReport) {
        let report = try await report(.upload, principal, context)
        guard report.isOpen else { throw DeliveryError.wrongState(texts("repair.closed")) }
        return (report, try await file(of: report, context))
    }

    /// Whether a file has arrived as the page's script has read it, which also tells the time of its last change; without
    /// scripts nobody has.
    func isAsSent(_ sent: FileForm) async throws -> Bool {
        let claimed = sent.form["sha256"]
        if !claimed.isEmpty, claimed != sent.file.digest.description { return false }
        if let modified = Int64(sent.form["modified"]), (0..<(1 << 43)).contains(modified) {
            try await work { try sent.file.setModified(modified) }
        }
        return true
    }

    /// Takes the bytes of a form; whether anything is another now.
    func put(
        _ act: RepairAct, _ file: ReceivedFile, as path: RelativePath, into consignment: Consignment, _ run: RunInfo
    ) async throws -> Bool {
        let repair = Repair(store: archive.store, run: run, meter: ProgressMeter())
        let summary = try await withTaskExecutorPreference(archive.uploadThreads) {
            try await repair.put(act, file.place, as: path, into: consignment, jobs: 1)
        }
        if let failed = summary.failed.first.first { throw DeliveryError.wrongState(failed.remark) }
        return summary.changed > 0
    }

    /// Makes a change as soon as no check holds the consignment, and leads back to where it was asked for.
    ///
    /// - Parameters:
    ///   - refuse: the page that says why it was not made.
    ///   - act: gives whether anything is another now.
    func change(
        _ report: ConsignmentReport, _ form: Form, said: String, refuse: (String) async throws -> Response,
        _ act: @Sendable () async throws -> Bool
    ) async throws -> Response {
        do {
            let isChanged = try await archive.whenFree(act)
            archive.checkBell.ring()
            let results = "/transfers/\(report.consignment.id)/results"
            let back = Pages.place(form["back"])
            let place = back.hasPrefix(results) ? back : results
            return Pages.redirect(place + (place.contains("?") ? "&" : "?") + "said=\(isChanged ? said : "same")")
        } catch let error as StoreError where error.isBusy {
            return try await refuse(texts("repair.busy"))
        } catch RepairError.lastFile {
            return try await refuse(texts("repair.lastFile"))
        } catch {
            guard let complaint = self.complaint(error) else { throw error }
            return try await refuse(complaint)
        }
    }
}
