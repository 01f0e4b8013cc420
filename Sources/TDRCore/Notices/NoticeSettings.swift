import Couriers
public import Streams

/// Where notices go, from the environment:
///
///     TDR_NOTICE_WEBHOOK     an https:// or http:// address          TDR_NOTICE_SECRET   signs what goes there
///     TDR_NOTICE_COMMAND     a command line for the shell; it gets the notice on its standard input
///     TDR_NOTICE_FILE        a file, a line of JSON for each
///     TDR_NOTICE_SMTP        host:port of a relay                    TDR_NOTICE_MAIL_FROM, TDR_NOTICE_MAIL_TO (with commas)
///     TDR_ENVIRONMENT        what messages name as `environment`
public struct NoticeSettings: Sendable {
    /// What messages name as `environment`.
    public let environmentName: String
    let couriers: [any Courier]

    /// Nobody is told of anything.
    public static let none = NoticeSettings()

    private init() { (environmentName, couriers) = ("local", []) }

    /// Whether anybody is to be told of anything.
    public var isEmpty: Bool { couriers.isEmpty }
    /// The channels that are set up.
    public var channels: [String] { couriers.map(\.kind) }

    /// - Parameters:
    ///   - environment: The environment of the program.
    ///   - scratch: Where bytes may lie for a moment.
    ///   - timeoutSeconds: How long one attempt may take.
    /// - Throws: ``NoticeError/badSetting(_:)``.
    public init(
        environment: [String: String], scratch: BytePath, timeoutSeconds: Int = 20,
        clock: @escaping @Sendable () -> Timestamp
    ) throws {
        func value(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }
        environmentName = value("TDR_ENVIRONMENT") ?? "local"
        var couriers: [any Courier] = []
        do {
            if let address = value("TDR_NOTICE_WEBHOOK") {
                couriers.append(
                    try Webhook(
                        address: address, secret: value("TDR_NOTICE_SECRET").map { Array($0.utf8) },
                        timeoutSeconds: timeoutSeconds, seconds: { clock().seconds }))
            }
            if let command = value("TDR_NOTICE_COMMAND") {
                // What signs for somebody else is nothing for it.
                let own = environment.filter { $0.key != "TDR_NOTICE_SECRET" && $0.key != "TDR_NOTICE_WEBHOOK" }
                couriers.append(
                    CommandCourier(
                        command: command, environment: own, scratch: scratch, timeoutSeconds: timeoutSeconds))
            }
            if let path = value("TDR_NOTICE_FILE") { couriers.append(FileCourier(path: BytePath(path))) }
            if let relay = value("TDR_NOTICE_SMTP") {
                guard let from = value("TDR_NOTICE_MAIL_FROM"), let to = value("TDR_NOTICE_MAIL_TO") else {
                    throw CourierFault("TDR_NOTICE_SMTP needs TDR_NOTICE_MAIL_FROM and TDR_NOTICE_MAIL_TO")
                }
                let receivers = to.split(separator: ",").map { part in
                    String(part.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
                }
                couriers.append(
                    try MailCourier(relay: relay, sender: from, receivers: receivers, timeoutSeconds: timeoutSeconds))
            }
        } catch let fault as CourierFault {
            throw NoticeError.badSetting(fault.description)
        }
        self.couriers = couriers
    }
}

/// Why notices were not sent at all; what keeps a single one from arriving is recorded with it.
public enum NoticeError: Error, CustomStringConvertible {
    /// A setting makes no sense.
    case badSetting(String)

    /// What was being done, to what, what was found, what to do next.
    public var description: String {
        switch self {
        case .badSetting(let what): "cannot send notices: \(what); see the TDR_NOTICE_ variables in `man tdr-notices`"
        }
    }
}
