import GRDB

extension Store {
    /// Records what was agreed, as properties of the consignment, with who and when in the history. The step is
    /// complete when all that `required` asks for is there.
    ///
    /// - Throws: ``AgreementError/exported(_:)``.
    public func agree(
        _ agreement: Agreement, on consignment: Consignment, required: Set<ExportRequirement>, by login: String,
        run: RunInfo
    ) throws {
        let runID = try begin(run)
        try record(agreement, on: consignment, required: required, by: login, run: runID)
    }

    func record(
        _ agreement: Agreement, on consignment: Consignment, required: Set<ExportRequirement>, by login: String,
        run: RunID
    ) throws {
        if agreement.isEmpty { return }
        if let status = agreement.legalStatus, !PropertyName.legalStatuses.contains(status) {
            throw AgreementError.unknownLegalStatus(status)
        }
        let now = clock()
        try write { db in
            if try db.statuses(of: consignment)[.export] == .completed {
                throw AgreementError.exported(consignment.reference)
            }
            var agreement = agreement
            if agreement.publicRecords == true, agreement.legalStatus == nil {
                agreement.legalStatus =
                    try db.metadata(PropertyName.legalStatus, of: consignment) ?? PropertyName.legalStatuses[0]
            }
            for (name, value) in agreement.properties {
                try db.say(name, value, of: consignment, run: run, at: now)
            }
            if let custody = agreement.custody {
                try db.setMetadata(
                    ConsignmentPolicy.confirmWhenClean, of: consignment, to: custody ? login : nil, run: run, at: now)
            }
            let metadata = try db.properties(of: consignment)
            let step = try db.statuses(of: consignment)[.transferAgreement]
            if step != .completed {
                try db.move(consignment, .transferAgreement, to: .inProgress, run: run, at: now)
                if required.allSatisfy({ $0.isMet(by: metadata) }) {
                    try db.move(consignment, .transferAgreement, to: .completed, run: run, at: now)
                }
            }
            try confirmIfWished(consignment, db, run: run, at: now)
        }
    }

    /// Sets properties of a consignment; an empty value removes one.
    ///
    /// - Throws: ``AgreementError``.
    public func setConsignmentMetadata(
        _ values: [(name: String, value: String)], of consignment: Consignment, run: RunInfo
    ) throws {
        for (name, value) in values where name == PropertyName.legalStatus && !value.isEmpty {
            guard PropertyName.legalStatuses.contains(value) else { throw AgreementError.unknownLegalStatus(value) }
        }
        let runID = try begin(run)
        let now = clock()
        try write { db in
            if try db.statuses(of: consignment)[.export] == .completed {
                throw AgreementError.exported(consignment.reference)
            }
            for (name, value) in values {
                try db.say(name, value.isEmpty ? nil : value, of: consignment, run: runID, at: now)
            }
            // It may be the last thing that was missing.
            try confirmIfWished(consignment, db, run: runID, at: now)
        }
    }

    /// Says of a judgment what `details` say, and takes back what they leave unsaid.
    ///
    /// - Throws: ``AgreementError``.
    public func setDetails(_ details: JudgmentDetails, of consignment: Consignment, run: RunInfo) throws {
        try setConsignmentMetadata(details.recorded.map { ($0, $1 ?? "") }, of: consignment, run: run)
    }

    /// The properties of a consignment by name.
    public func properties(of consignment: Consignment) throws -> [String: String] { try metadata(of: consignment) }

    /// Records what is said of a judgment, and that custody of it passes when its checks end clean.
    func record(_ details: JudgmentDetails, on consignment: Consignment, by login: String, run: RunID) throws {
        let now = clock()
        try write { try $0.record(details, on: consignment, by: login, run: run, at: now) }
    }
}

extension Database {
    /// Records what is said of a judgment, and that custody of it passes when its checks end clean.
    func record(
        _ details: JudgmentDetails, on consignment: Consignment, by login: String, run: RunID, at time: Timestamp
    ) throws {
        for (name, value) in details.properties {
            try setMetadata(name, of: consignment, to: value, run: run, at: time)
        }
        try setMetadata(ConsignmentPolicy.confirmWhenClean, of: consignment, to: login, run: run, at: time)
    }

    /// Sets or removes a property of a consignment; its legal status is that of its files.
    fileprivate func say(
        _ name: String, _ value: String?, of consignment: Consignment, run: RunID, at time: Timestamp
    ) throws {
        try setMetadata(name, of: consignment, to: value, run: run, at: time)
        if name == PropertyName.legalStatus {
            try setDefault(name, of: consignment, to: value ?? PropertyName.legalStatuses[0], run: run, at: time)
        }
    }

    /// Sets what every file of a consignment has unless it has its own.
    fileprivate func setDefault(
        _ name: String, of consignment: Consignment, to value: String, run: RunID, at time: Timestamp
    ) throws {
        let old = try String.fetchOne(
            self, sql: "SELECT value FROM fileDefault WHERE consignmentId = ? AND propertyName = ?",
            arguments: [consignment.row, name])
        if old == value { return }
        try execute(
            sql: """
                INSERT INTO fileDefault (consignmentId, propertyName, value) VALUES (?, ?, ?)
                ON CONFLICT DO UPDATE SET value = excluded.value
                """, arguments: [consignment.row, name, value])
        try recordEvent(run, at: time, consignment: consignment.row, "FileDefault \(name)", old: old, new: value)
    }

    func properties(of consignment: Consignment) throws -> [String: String] {
        var out: [String: String] = [:]
        for row in try Row.fetchAll(
            self, sql: "SELECT propertyName, value FROM consignmentMetadata WHERE consignmentId = ?",
            arguments: [consignment.row])
        {
            out[try row.value(0)] = try row.value(1)
        }
        return out
    }
}
