import Glibc
public import Streams

/// Takes a folder of records into a consignment.
///
/// One look through the folder finds what policy refuses and how much there is, before anything is made. The second
/// walk takes the files: each is opened once, hashed on the bytes as they are copied, and checked for changes made
/// meanwhile. Files are taken by several threads and recorded in the order of the walk, a thousand at a time: first
/// their bytes are made durable, then the transaction that names them. So whatever the database names is there, and
/// an upload that was cut off goes on by walking again and passing over what is recorded.
public struct Intake: Sendable {
    private let store: Store
    private let run: RunInfo
    private let meter: ProgressMeter

    /// An intake into `store`, recorded as `run`, telling `meter` how far it is.
    public init(store: Store, run: RunInfo, meter: ProgressMeter) {
        self.store = store
        self.run = run
        self.meter = meter
    }

    /// Looks through the folder: what an upload would take. Changes nothing and opens no file.
    ///
    /// - Parameter storeDirectory: the store that it would go to; nil for one that is elsewhere.
    /// - Throws: ``UploadError`` when it is no folder or overlaps the store.
    public static func plan(
        _ source: BytePath, links: LinkPolicy, storeDirectory: BytePath? = nil
    ) async throws -> UploadPlan {
        try await withBlockingThreads(1) { _ in try survey(source, links: links, storeDirectory: storeDirectory) }
    }

    /// Takes the folder of `request` into a new consignment, or goes on with one of the same words that was
    /// interrupted.
    ///
    /// - Throws: ``UploadError``, ``StoreError``, `CancellationError`. What has been recorded by then stays, and the
    ///   same call goes on from there.
    public func upload(_ request: UploadRequest) async throws -> UploadSummary {
        if request.type == .standard, request.series == nil { throw UploadError.seriesMissing }
        try checkNames(of: request)
        if request.type == .judgment, let fault = request.judgment.fault { throw UploadError.badJudgment(fault) }
        return try await withBlockingThreads(request.jobs + 1) { _ in
            let plan = try Intake.survey(request.source, links: request.links, storeDirectory: store.directory)
            let new = NewConsignment(
                type: request.type, series: request.type == .standard ? request.series : nil, body: request.body,
                bodyCode: request.bodyCode, person: request.person, source: plan.source, storage: request.storage,
                links: request.links, parentFolder: topName(of: plan.source),
                includeTopLevelFolder: request.includeTopLevelFolder, isStrict: request.isStrict)
            try Intake.checkContent(plan, of: request.type)
            let earlier = request.fresh ? nil : try store.interruptedUpload(like: new)
            try check(plan, links: request.links, storage: request.storage, takenBefore: earlier)
            if let earlier {
                try agree(request, on: earlier)
                return try await take(plan, into: earlier, resumed: true, jobs: request.jobs)
            }
            if request.storage == .copied { try store.lookAtObjectPlace() }
            let runID = try store.begin(run)
            let consignment = try store.create(new, run: runID)
            try agree(request, on: consignment)
            return try await take(plan, into: consignment, resumed: false, jobs: request.jobs)
        }
    }

    /// Goes on with an upload that was interrupted or ended with issues.
    ///
    /// - Throws: ``UploadError/notResumable(_:_:)`` for one that is complete; otherwise as ``upload(_:)``.
    public func resume(
        _ consignment: Consignment, jobs: Int, confirmedWhenCleanBy login: String? = nil
    ) async throws -> UploadSummary {
        if consignment.source.bytes.isEmpty { throw UploadError.sentByClient(consignment.reference) }
        let status = try store.statuses(of: consignment)[.upload]
        guard status == .inProgress || status == .completedWithIssues || status == .failed else {
            throw UploadError.notResumable(consignment.reference, status)
        }
        return try await withBlockingThreads(jobs + 1) { _ in
            let plan = try Intake.survey(
                consignment.source, links: consignment.links, storeDirectory: store.directory)
            try check(plan, links: consignment.links, storage: consignment.storage, takenBefore: consignment)
            try Intake.checkContent(plan, of: consignment.type)
            try wish(login, for: consignment)
            return try await take(plan, into: consignment, resumed: true, jobs: jobs)
        }
    }

    /// Records first what was agreed and said: whatever is cut off later, that is kept.
    private func agree(_ request: UploadRequest, on consignment: Consignment) throws {
        let login = request.confirmedWhenCleanBy ?? request.person.login
        if !request.agreement.isEmpty {
            try store.record(
                request.agreement, on: consignment, required: request.requirements, by: login, run: store.begin(run))
        }
        if consignment.type == .judgment {
            try store.record(request.judgment, on: consignment, by: login, run: store.begin(run))
        }
        try wish(request.confirmedWhenCleanBy, for: consignment)
    }

    /// A judgment is one document.
    package static func checkContent(_ plan: UploadPlan, of type: ConsignmentType) throws {
        guard type == .judgment else { return }
        guard plan.files == 1, plan.firstFile?.name.suffix(5).elementsEqual(Array(".docx".utf8)) == true else {
            throw UploadError.notOneJudgment(files: plan.files, first: plan.firstFile)
        }
    }

    /// Records first that the transfer is confirmed when it is clean: whatever is cut off later, the wish is kept.
    private func wish(_ login: String?, for consignment: Consignment) throws {
        if let login { try store.wishConfirmation(of: consignment, by: login, run: store.begin(run)) }
    }

    /// These names become lines of `bag-info.txt` (RFC 8493 §2.2.2), so they must be what one line can hold.
    private func checkNames(of request: UploadRequest) throws {
        let names = [
            ("series", request.series), ("body's name", request.body), ("body's code", request.bodyCode),
            ("contact's name", request.person.name), ("contact's e-mail address", request.person.email),
        ]
        for (what, name) in names {
            if let name, !name.isOneLine() { throw UploadError.badName(what: what) }
        }
    }

    // MARK: The first look

    /// Whether `source` is a folder apart from the store, before the store is made: its path, links resolved.
    ///
    /// - Throws: ``UploadError`` when it is no folder or overlaps the store.
    @discardableResult
    public static func checkPlace(of source: BytePath, storeDirectory: BytePath?) throws -> BytePath {
        guard let resolved = source.resolved() else {
            throw UploadError.notAFolder(source, reason: String(cString: strerror(errno)))
        }
        guard try FileStatus.of(resolved).kind == .directory else {
            throw UploadError.notAFolder(source, reason: "it is not a folder")
        }
        guard let storePlace = storeDirectory?.resolvedAsFarAsItIsThere() else { return resolved }
        if resolved.isWithin(storePlace) || storePlace.isWithin(resolved) {
            throw UploadError.overlapsStore(source: resolved, store: storePlace)
        }
        return resolved
    }

    private static func survey(_ source: BytePath, links: LinkPolicy, storeDirectory: BytePath?) throws -> UploadPlan {
        let resolved = try checkPlace(of: source, storeDirectory: storeDirectory)
        var plan = UploadPlan(source: resolved)
        let scan = try FolderScan(resolved, as: topPath(of: resolved), links: links)
        while let item = try scan.next() {
            try Task.checkCancellation()
            plan.count(item)
        }
        return plan
    }

    private func check(
        _ plan: UploadPlan, links: LinkPolicy, storage: StorageKind, takenBefore: Consignment?
    ) throws {
        if plan.refused.count > 0 { throw UploadError.refused(plan.refused, policy: links) }
        if plan.files == 0 { throw UploadError.empty(plan.source) }
        guard storage == .copied, try store.objectPlace() == nil else { return }
        var room = statvfs()
        guard store.directory.withCString({ statvfs($0, &room) }) == 0 else {
            throw SystemFault("look at", store.directory)
        }
        let available = Int64(clamping: UInt64(room.f_bavail) &* UInt64(room.f_frsize))
        // What an earlier run has taken needs no room any more.
        let taken = try takenBefore.map { consignment in try store.read { Int64(try $0.tally(of: consignment).bytes) } }
        let needed = plan.allocated - (taken ?? 0)
        if needed > available {
            throw UploadError.tooLittleRoom(needed: needed, available: available, store: store.directory)
        }
    }

    // MARK: The second walk

    private func take(
        _ plan: UploadPlan, into consignment: Consignment, resumed: Bool, jobs: Int
    ) async throws
        -> UploadSummary
    {
        let lock = try ConsignmentLock(consignment, in: store, for: "upload")
        defer { withExtendedLifetime(lock) {} }
        let runID = try store.begin(run)
        try store.move(consignment, .upload, to: .inProgress, run: runID)
        meter.begin("uploading", files: plan.files, bytes: plan.bytes)

        let shelf = consignment.storage == .copied ? try store.shelf(of: consignment) : nil
        try shelf?.prepare()
        let taker = FileTaker(source: plan.source, shelf: shelf, meter: meter)
        let source = try UploadSource(
            FolderScan(plan.source, as: Intake.topPath(of: plan.source), links: consignment.links),
            known: resumed ? KnownFiles(consignment, in: store) : nil, meter: meter)
        let recorder = UploadRecorder(consignment, in: store, run: runID, shelf: shelf)

        try await withThrowingTaskGroup(of: UploadStep.self) { group in
            var launched = 0
            var running = 0
            func launch() throws -> Bool {
                guard let batch = try source.nextBatch() else { return false }
                let index = launched
                launched += 1
                running += 1
                group.addTask { .taken(index, try UploadStep.take(batch, of: consignment.id, by: taker)) }
                return true
            }
            while running < 2 * jobs + 2, try launch() {}
            var ready: [Int: [UploadItem]] = [:]
            var awaited = 0
            var recording = false
            while let step = try await group.next() {
                switch step {
                case .taken(let index, let items):
                    running -= 1
                    ready[index] = items
                    while let items = ready.removeValue(forKey: awaited) {
                        recorder.add(items)
                        awaited += 1
                    }
                case .recorded: recording = false
                }
                if !recording, recorder.isDue {
                    // One writer at a time, beside the readers.
                    let batch = recorder.takeBatch()
                    recording = true
                    group.addTask {
                        try recorder.record(batch)
                        return .recorded
                    }
                }
                while running < 2 * jobs + 2, ready.count < 64, !recorder.isOverfull, try launch() {}
            }
            try recorder.record(recorder.takeBatch())
        }
        // Of files that have gone since, or are other files now.
        try store.giveUpUploads(of: consignment, run: runID, where: \.isObject)
        var (stored, failed) = try recorder.finish(plan)
        let vanished = try source.vanished()
        failed.add(vanished.lost)
        store.tellOfUpload()
        return UploadSummary(
            consignment: consignment, plan: plan, resumed: resumed, filesStored: stored, failed: failed,
            vanished: vanished.kept)
    }

    private static func topPath(of source: BytePath) throws -> RelativePath {
        guard let path = RelativePath(source.lastComponent) else {
            throw UploadError.notAFolder(source, reason: "the root of the file system has no name to file it under")
        }
        return path
    }

    private func topName(of source: BytePath) -> [UInt8] { source.lastComponent }
}
