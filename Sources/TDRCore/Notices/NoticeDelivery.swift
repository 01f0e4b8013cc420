import Couriers
import Glibc
import Streams

/// What sending notices came to.
public struct DeliverySummary: Sendable {
    /// Notices that arrived, counted once for each channel.
    public internal(set) var delivered = 0
    /// Those that did not.
    public internal(set) var failed:
        [(channel: String, reference: ConsignmentReference, event: String, fault: String)] = []
    /// Those that wait for an earlier one or for their time.
    public internal(set) var waiting = 0
}

/// Hands notices over to those who are to be told.
///
/// To each channel the notices of a consignment go in their order: one that does not arrive holds up the later ones of its
/// consignment, not those of others. An arrival is recorded at once, so a notice is sent again only when the receiver did
/// not take it or the program ended between the arrival and its record; its id is the same then. One process sends at a
/// time.
public struct NoticeDelivery: Sendable {
    private static let page = 100
    /// A receiver that failed for so many consignments one after the other is not asked again in this run.
    private static let patience = 3

    private let store: Store
    private let settings: NoticeSettings
    private let attempts: Int
    private let pauseMilliseconds: Int

    /// Sends what `store` keeps by these settings: each up to `attempts` times in one run, with a pause that doubles.
    public init(_ store: Store, _ settings: NoticeSettings, attempts: Int = 1, pauseMilliseconds: Int = 500) {
        self.store = store
        self.settings = settings
        self.attempts = max(1, attempts)
        self.pauseMilliseconds = pauseMilliseconds
    }

    /// Sends what is due.
    ///
    /// - Parameters:
    ///   - started: A channel that is used for the first time gets what was written since then.
    ///   - early: Whether those that failed are tried before their time.
    /// - Throws: ``StoreError/busy(_:)`` when another process is sending, `CancellationError`.
    public func deliver(since started: Timestamp, early: Bool = false) async throws -> DeliverySummary {
        var summary = DeliverySummary()
        if settings.isEmpty { return summary }
        let lock = try OpenFile.open(
            store.directory.appending("locks").appending("notices"), flags: O_RDWR | O_CREAT | O_CLOEXEC)
        guard try lock.tryLock() else { throw StoreError.busy("another process is sending notices") }
        defer { lock.unlock() }
        for courier in settings.couriers {
            try store.open(channel: courier.kind, since: started)
            // A server asks every few seconds, and mostly there is nothing to write down.
            if try await deliver(by: courier, early: early, &summary) { try store.settle(channel: courier.kind) }
        }
        return summary
    }

    /// - Returns: whether there was anything that this courier is to deliver.
    private func deliver(
        by courier: any Courier, early: Bool, _ summary: inout DeliverySummary
    ) async throws -> Bool {
        var held: Set<Int64> = []
        var failures = 0
        var last: Int64 = 0
        while true {
            let pending = try store.pendingNotices(for: courier.kind, after: last, limit: NoticeDelivery.page)
            if pending.isEmpty { return last > 0 }
            for (notice, before, nextAttempt) in pending {
                last = notice.number
                if held.contains(notice.consignment) || failures >= NoticeDelivery.patience
                    || !early && nextAttempt > store.clock()
                {
                    held.insert(notice.consignment)
                    summary.waiting += 1
                    continue
                }
                let (fault, tries) = try await send(notice, by: courier)
                let now = store.clock()
                let all = before + tries
                try store.record(
                    notice, on: courier.kind, delivered: fault == nil ? now : nil, attempts: all,
                    nextAttempt: Timestamp(milliseconds: now.milliseconds + NoticeDelivery.wait(after: all)),
                    fault: fault)
                if let fault {
                    failures += 1
                    held.insert(notice.consignment)
                    summary.failed.append((courier.kind, notice.reference, notice.event, fault))
                } else {
                    failures = 0
                    summary.delivered += 1
                }
            }
        }
    }

    /// Why it did not arrive, if it did not, and how often it was tried.
    private func send(_ notice: KeptNotice, by courier: any Courier) async throws -> (fault: String?, tries: Int) {
        let letter = letter(notice)
        var tries = 0
        while true {
            tries += 1
            do {
                try await courier.deliver(letter)
                return (nil, tries)
            } catch let fault as CourierFault {
                if tries == attempts { return (fault.description, tries) }
            }
            try await Task.sleep(for: .milliseconds(pauseMilliseconds << min(tries - 1, 6)))
        }
    }

    /// Milliseconds from a failed attempt to the next run's: from half a minute to six hours.
    private static func wait(after attempts: Int) -> Int64 { min(30_000 << Int64(min(attempts, 20)), 21_600_000) }

    private func letter(_ notice: KeptNotice) -> Letter {
        // The message is an object of ours: the field that the sender knows goes in front.
        let name = (try? EventText.json([settings.environmentName])) ?? "[\"\"]"  // a list of one text is always JSON
        let message = "{\"environment\":\(name.dropFirst().dropLast()),\(notice.message.dropFirst())"
        let body =
            "{\"id\":\"\(notice.id)\",\"event\":\"\(notice.event)\",\"datetime\":\"\(notice.datetime)\","
            + "\"consignmentReference\":\"\(notice.reference)\",\"message\":\(message)}"
        return Letter(
            id: notice.id.description, event: notice.event, subject: "\(notice.event) \(notice.reference)",
            body: Array(body.utf8))
    }
}
