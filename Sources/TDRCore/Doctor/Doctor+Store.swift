import Glibc
import Streams

extension Doctor {
    /// What is to be said of the store.
    struct StoreFindings: Sendable {
        var lines: [DoctorLine]
        /// The time of its newest entry.
        var newest: Timestamp?
        /// Whether it can be asked like any store of this version.
        var isCurrent = false
    }

    /// Looks at the store, without what depends on signatures.
    func inspectStore() -> StoreFindings {
        let file = store.appending("tdr.sqlite")
        do throws(SystemFault) {
            _ = try FileStatus.following(file)
        } catch {
            guard error.code == ENOENT || error.code == ENOTDIR else {
                return StoreFindings(lines: [
                    DoctorLine(
                        "store", .unknown, "'\(store.display)' cannot be looked at: \(error.reason)",
                        mend: "let \(Doctor.user) enter it, or name another with --store")
                ])
            }
            return StoreFindings(lines: [
                DoctorLine(
                    "store", .warning, "there is no store in '\(store.display)'",
                    mend: "tdr upload makes one; or name another with --store or TDR_STORE")
            ])
        }
        var lines = permissionLines()
        lines += folderLines("store", store, mend: "let \(Doctor.user) write to \(Doctor.quoted(store))")
        let inspection: StoreInspection
        do throws(StoreError) {
            inspection = try StoreInspection(file)
        } catch {
            lines.append(
                DoctorLine(
                    "database", error.isBusy ? .unknown : .wrong, "\(error)",
                    mend: error.isBusy ? "run tdr doctor again later" : "restore \(Doctor.quoted(file)) from a backup"))
            return StoreFindings(lines: lines)
        }
        lines.append(databaseLine(inspection, file))
        lines += leftovers(inspection)
        let isCurrent = inspection.schema == .current && inspection.damage.isEmpty
        if isCurrent { lines += objectLines() }
        return StoreFindings(lines: lines, newest: inspection.newest, isCurrent: isCurrent)
    }

    private func databaseLine(_ inspection: StoreInspection, _ file: BytePath) -> DoctorLine {
        let path = file.display
        if !inspection.damage.isEmpty {
            return DoctorLine(
                "database", .wrong, "'\(path)' is damaged: \(inspection.damage.joined(separator: "; "))",
                mend: "do not write to it: copy the store, then restore the database from a backup")
        }
        switch inspection.schema {
        case .foreign:
            return DoctorLine(
                "database", .wrong, "'\(path)' is not the database of a tdr store", mend: "name the store with --store")
        case .newer:
            return DoctorLine(
                "database", .wrong, "'\(path)' was made by a newer tdr", mend: "use that version with this store")
        case .older:
            return DoctorLine(
                "database", .ok,
                "'\(path)' is sound, \(Doctor.count(inspection.consignments)); the next command that"
                    + " opens it brings its older schema up to date")
        case .current:
            return DoctorLine("database", .ok, "'\(path)' is sound, \(Doctor.count(inspection.consignments))")
        }
    }

    private static func count(_ number: Int) -> String { "\(number) consignment\(number == 1 ? "" : "s")" }

    // MARK: Permissions

    private func permissionLines() -> [DoctorLine] {
        var status = stat()
        guard store.withCString({ stat($0, &status) }) == 0 else { return [] }  // said by whoever looks next
        let mode = status.st_mode & 0o7777
        let octal = String(mode, radix: 8)
        if status.st_uid != geteuid(), geteuid() != 0 {
            let owner = getpwuid(status.st_uid).map { String(cString: $0.pointee.pw_name) } ?? "uid \(status.st_uid)"
            return [
                DoctorLine(
                    "permissions", .warning, "'\(store.display)' belongs to \(owner), not to \(Doctor.user)",
                    mend: "run tdr as \(owner), or name another store with --store")
            ]
        }
        if mode & 0o077 != 0 {
            return [
                DoctorLine(
                    "permissions", .warning, "'\(store.display)' can be entered by others (mode \(octal))",
                    mend: "chmod 700 \(Doctor.quoted(store))")
            ]
        }
        return [DoctorLine("permissions", .ok, "'\(store.display)' is its owner's alone (mode \(octal))")]
    }

    // MARK: Leftovers

    private func leftovers(_ inspection: StoreInspection) -> [DoctorLine] {
        let cut = inspection.unfinished.filter { step in
            !Doctor.isHeld(store.appending("locks").appending(step.id.description))
        }
        // One line a consignment: an interrupted check has three steps in progress.
        var seen: Set<String> = []
        var lines = cut.compactMap { step -> DoctorLine? in
            let (act, mend): (String, String) =
                switch step.step {
                case .upload: ("upload", "tdr upload --resume \(step.reference)")
                case .export: ("export", "tdr export \(step.reference) --to DIR")
                default: ("check", "tdr check \(step.reference)")
                }
            guard seen.insert("\(step.reference) \(act)").inserted else { return nil }
            return DoctorLine("leftovers", .warning, "the \(act) of \(step.reference) was interrupted", mend: mend)
        }
        for upload in inspection.uploads
        where !Doctor.isHeld(store.appending("locks").appending(upload.id.description)) {
            lines.append(
                DoctorLine(
                    "leftovers", .warning, "the upload of \(upload.location) was cut off; its parts lie on the server",
                    mend: (upload.isObject
                        ? "tdr upload --resume \(upload.reference)" : "tdr export \(upload.reference) again")
                        + ", or tdr export --abandon \(upload.reference)"))
        }
        return lines.isEmpty ? [DoctorLine("leftovers", .ok, "nothing was interrupted")] : lines
    }

    /// Objects in S3: whether they can be reached.
    private func objectLines() -> [DoctorLine] {
        do {
            // The schema is current: opening it writes nothing.
            let opened = try Store(at: store, .existing, environment: environment, clock: { now })
            guard let place = try opened.objectPlace() else { return [] }
            do {
                try opened.lookAtObjectPlace()
                return [DoctorLine("objects", .ok, "'\(place.path.display)' at \(place.endpoint) can be read")]
            } catch {
                return [
                    DoctorLine(
                        "objects", .unknown, "\(error)",
                        mend: "see to the network and the keys for '\(place.path.display)' at \(place.endpoint)")
                ]
            }
        } catch {
            return [
                DoctorLine(
                    "objects", .unknown, "where they are cannot be told: \(error)", mend: "run tdr doctor again later")
            ]
        }
    }

    func olderFormatChecks(_ signatures: Signatures) -> [DoctorLine] {
        do {
            // The schema is current: opening it writes nothing.
            let opened = try Store(at: store, .existing, clock: { now })
            let waiting = try opened.formatChecks(otherThan: signatures).filter { !$0.isExported }
            let references = Array(Set(waiting.map(\.reference))).sorted()
            if references.isEmpty { return [] }
            let named = references.prefix(5).joined(separator: ", ")
            let more = references.count > 5 ? " and \(references.count - 5) more" : ""
            return [
                DoctorLine(
                    "signatures", .warning,
                    "formats were checked with other signatures than those in use: \(named)\(more)",
                    mend: "tdr check \(references.prefix(5).joined(separator: " ")) --only format --again")
            ]
        } catch {
            return [
                DoctorLine(
                    "signatures", .unknown, "which signatures were used cannot be told: \(error)",
                    mend: "run tdr doctor again later")
            ]
        }
    }
}
