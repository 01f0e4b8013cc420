import ArgumentParser
import TDRClient
import TDRCore

struct NoticesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "notices",
        abstract: "List what others are told of, and send what they do not have yet.",
        discussion: """
            Every change that others should know of (findings, malware, confirmation, exports) writes a notice. Commands \
            that change something try once, at their end, to send what is due; what does not arrive is sent later by \
            tdr notices send, from cron. A notice has an id that stays the same; those of a consignment arrive in order.

              TDR_NOTICE_WEBHOOK    posts each to this address; TDR_NOTICE_SECRET signs it (X-TDR-Signature)
              TDR_NOTICE_COMMAND    gives each to this command line, on its standard input
              TDR_NOTICE_FILE       adds each as a line of JSON to this file
              TDR_NOTICE_SMTP       mails each through this relay (host:port, without TLS: for the one on this machine),
                                    from TDR_NOTICE_MAIL_FROM to TDR_NOTICE_MAIL_TO
              TDR_ENVIRONMENT       what the messages name as environment

              */5 * * * *  tdr notices send --quiet

            Exit codes: 0 done; 1 could not do it; 2 some did not arrive; 64 wrong usage; 75 another process is sending.
            """,
        subcommands: [List.self, Send.self], defaultSubcommand: List.self)

    struct List: TDRCommand {
        static let configuration = CommandConfiguration(
            commandName: "list",
            abstract: "List the notices, oldest first, and how far each came.",
            discussion: "Exit codes: 0 done; 1 could not do it; 64 wrong usage.")

        @Argument(help: ArgumentHelp("Only of this consignment.", valueName: "ref"))
        var reference: String?

        @OptionGroup(title: "Through a server") var remote: RemoteOptions

        @OptionGroup var common: CommonOptions

        func run(in context: CommandContext) async throws -> Outcome {
            if let client = try remote.client(context) {
                try await RemoteAdministration(client).forEachNotice(of: reference) { try tell($0, context) }
                return .done
            }
            let store = try context.openStore()
            try store.forEachNotice(of: reference.map { try store.consignment($0) }) { try tell($0, context) }
            return .done
        }

        private func tell(_ notice: KeptNotice, _ context: CommandContext) throws {
            if context.json { return try context.output.json(NoticeOutput(notice)) }
            let states = notice.deliveries.map { state in
                state.delivered.map { "\(state.channel) \($0)" }
                    ?? "\(state.channel) not yet, \(Text.count(state.attempts, "attempt")): \(state.fault ?? "")"
            }
            context.output.line(
                "\(notice.datetime)  \(notice.reference)  \(notice.event)  "
                    + (states.isEmpty ? "not sent" : states.joined(separator: "; ")))
        }
    }

    struct Send: TDRCommand {
        static let configuration = CommandConfiguration(
            commandName: "send",
            abstract: "Send the notices that are due.",
            discussion: """
                Exit codes: 0 all arrived; 1 could not do it; 2 some did not arrive; 64 wrong usage; 75 another process is \
                sending.
                """)

        @Option(help: ArgumentHelp("How often each is tried now.", valueName: "n"))
        var attempts = 3

        @Option(
            name: .customLong("pause"),
            help: ArgumentHelp("Milliseconds after the first failure; doubled after each further one.", valueName: "ms")
        )
        var pauseMilliseconds = 500

        @Flag(help: "Try those that failed before their time.")
        var now = false

        // A server sends its notices by itself.
        @OptionGroup var noServer: NoServerOptions

        @OptionGroup var common: CommonOptions

        func validate() throws {
            if !(1...20).contains(attempts) { throw ValidationError("--attempts takes a number from 1 to 20") }
            if !(0...600_000).contains(pauseMilliseconds) { throw ValidationError("--pause takes up to 600000") }
        }

        func run(in context: CommandContext) async throws -> Outcome {
            let store = try context.openStore()
            let settings = try context.noticeSettings(timeoutSeconds: 20)
            if settings.isEmpty {
                context.messages.warning("nobody is to be told of anything: no TDR_NOTICE_ variable is set")
                return .done
            }
            let delivery = NoticeDelivery(store, settings, attempts: attempts, pauseMilliseconds: pauseMilliseconds)
            let summary = try await delivery.deliver(since: context.clock(), early: now)
            for failure in summary.failed {
                context.messages.warning(
                    "\(failure.event) of \(failure.reference) did not arrive by \(failure.channel): \(failure.fault)")
            }
            if context.json {
                try context.output.json(
                    SendOutput(delivered: summary.delivered, failed: summary.failed.count, waiting: summary.waiting))
            }
            context.messages.note(
                "\(Text.count(summary.delivered, "notice")) arrived"
                    + (summary.failed.isEmpty ? "" : ", \(Text.count(summary.failed.count)) did not")
                    + (summary.waiting > 0 ? ", \(Text.count(summary.waiting)) wait" : ""))
            return summary.failed.isEmpty && summary.waiting == 0 ? .done : .findings
        }
    }

    /// `tdr notices send --json`.
    private struct SendOutput: Encodable {
        let delivered: Int
        let failed: Int
        let waiting: Int
    }
}

/// `tdr notices --json`, a line each.
struct NoticeOutput: Encodable {
    struct State: Encodable {
        let channel: String
        let delivered: String?
        let attempts: Int
        let nextAttempt: String?
        let fault: String?
    }

    let id: String
    let reference: String
    let datetime: String
    let event: String
    /// The fields of the message as they are kept, a JSON object in a text.
    let message: String
    let deliveries: [State]

    init(_ notice: KeptNotice) {
        id = notice.id.description
        reference = notice.reference.description
        datetime = notice.datetime.description
        event = notice.event
        message = notice.message
        deliveries = notice.deliveries.map {
            State(
                channel: $0.channel, delivered: $0.delivered?.description, attempts: $0.attempts,
                nextAttempt: $0.delivered == nil ? $0.nextAttempt.description : nil, fault: $0.fault)
        }
    }
}

extension CommandContext {
    /// Who is to be told of what.
    func noticeSettings(timeoutSeconds: Int) throws -> NoticeSettings {
        try NoticeSettings(
            environment: environment, scratch: CommandContext.temporaryFolder, timeoutSeconds: timeoutSeconds,
            clock: CommandContext.wallClock)
    }

    /// Sends what is due every few seconds, until the task is cancelled.
    func goOnSendingNotices() async throws {
        let started = clock()
        while true {
            try await Task.sleep(for: .seconds(5))
            await sendNotices(since: started)
        }
    }

    /// Tries once to send what is due. Whatever comes of it, the command did what it was asked to.
    func sendNotices(since started: Timestamp) async {
        do {
            let settings = try noticeSettings(timeoutSeconds: 5)
            if settings.isEmpty { return }
            let summary = try await NoticeDelivery(try openStore(), settings).deliver(since: started)
            for failure in summary.failed {
                messages.note(
                    "\(failure.event) of \(failure.reference) did not arrive by \(failure.channel): \(failure.fault);"
                        + " tdr notices send tries again")
            }
        } catch let error as StoreError where error.isBusy {
            // Whoever is sending now sends ours, too, or the next one does.
        } catch is CancellationError {
        } catch {
            messages.warning("\(error)")
        }
    }
}
