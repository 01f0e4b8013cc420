import ArgumentParser
import FoundationEssentials
import Glibc
import Streams
import TDRClient
import TDRCore

/// The world a command lives in: the environment, the clock, the terminal. The library gets what it needs from here.
struct CommandContext: Sendable {
    let json: Bool
    let quiet: Bool
    let store: BytePath
    /// What the environment says, and below it the configuration file.
    let environment: [String: String]
    let configuration: ConfigurationFile
    let output: Output
    let messages: Messages
    let clock: @Sendable () -> Timestamp
    let jobs: Int

    private let storeOption: BytePath?

    /// - Parameter endsUnread: Whether the program ends when nobody reads its answer any more.
    /// - Throws: ``ConfigurationFile/Fault``.
    init(_ options: CommonOptions, endsUnread: Bool) throws(ConfigurationFile.Fault) {
        json = options.json
        quiet = options.quiet
        let named = CommandContext.variable("TDR_CONFIG")
        configuration = try ConfigurationFile(
            named ?? CommandContext.configurationFolder.appending("config.json"), mustBeThere: named != nil)
        // A variable that is set and empty says nothing, as elsewhere.
        environment = configuration.values.merging(ProcessInfo.processInfo.environment) { file, own in
            own.isEmpty ? file : own
        }
        storeOption = options.store?.path
        store =
            storeOption ?? CommandContext.variable("TDR_STORE") ?? configuration.values["TDR_STORE"].map {
                BytePath($0)
            }
            ?? CommandContext.dataFolder
        output = Output(endsUnread: endsUnread)
        messages = Messages(quiet: options.quiet, json: options.json)
        jobs = max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))
        // A fixed clock repeats a run exactly: for tests and for proving that a bag can be made again.
        if let fixed = environment["TDR_CLOCK"].flatMap(Timestamp.init) {
            clock = { fixed }
        } else {
            clock = CommandContext.wallClock
        }
    }

    /// Every setting as it is now.
    var settings: [SettingInUse] {
        Setting.all.map { setting in
            if setting.variable == "TDR_STORE" {
                let source: SettingInUse.Source =
                    if storeOption != nil { .option } else { source(of: setting.variable) }
                return SettingInUse(setting: setting, value: store.display, source: source)
            }
            let value = environment[setting.variable].flatMap { $0.isEmpty ? nil : $0 }
            return SettingInUse(setting: setting, value: value, source: source(of: setting.variable))
        }
    }

    private func source(of variable: String) -> SettingInUse.Source {
        if CommandContext.variable(variable) != nil { return .environment }
        return configuration.values[variable] == nil ? .byDefault : .file
    }

    /// What the user has settled: `$XDG_CONFIG_HOME/tdr`.
    private static var configurationFolder: BytePath {
        if let folder = variable("XDG_CONFIG_HOME") { return folder.appending("tdr") }
        return (variable("HOME") ?? BytePath(".")).appending(".config/tdr")
    }

    /// Whether the environment or the configuration file names a server, for what is decided before a command begins.
    static var namesServer: Bool {
        if variable("TDR_SERVER") != nil { return true }
        let named = variable("TDR_CONFIG")
        // A file that cannot be read is told of when the command begins.
        let file = try? ConfigurationFile(
            named ?? configurationFolder.appending("config.json"), mustBeThere: named != nil)
        return file?.values["TDR_SERVER"]?.isEmpty == false
    }

    /// What time it is outside.
    static let wallClock: @Sendable () -> Timestamp = {
        Timestamp(milliseconds: Int64(Date().timeIntervalSince1970 * 1000))
    }

    private static func defaultStore(_ environment: [String: String]) -> BytePath {
        variable("TDR_STORE") ?? dataFolder
    }

    /// What this program keeps for the user: `$XDG_DATA_HOME/tdr`.
    private static var dataFolder: BytePath {
        if let data = variable("XDG_DATA_HOME") { return data.appending("tdr") }
        return (variable("HOME") ?? BytePath(".")).appending(".local/share/tdr")
    }

    /// Where bytes may lie that nobody needs for long: `$TMPDIR`.
    static var temporaryFolder: BytePath { variable("TMPDIR") ?? BytePath("/tmp") }

    /// A path in the environment, its bytes as they are; nil when it is not set or empty.
    private static func variable(_ name: String) -> BytePath? {
        guard let value = getenv(name), value.pointee != 0 else { return nil }
        return BytePath((0..<strlen(value)).map { UInt8(bitPattern: value[$0]) })
    }

    /// Opens the store.
    func openStore(_ opening: Store.Opening = .existing) throws -> Store {
        try Store(at: store, opening, environment: environment, clock: clock)
    }

    /// Who runs this, with the words of the command for the history.
    func run(_ command: String) -> RunInfo {
        RunInfo(actor: login, command: command, version: TDR.version)
    }

    /// The account's name.
    var login: String { account.login }

    /// The person who transfers: as given, else by the environment, else by the account.
    func person(name: String?, email: String?) -> Person {
        let account = account
        return Person(
            login: account.login, name: name ?? environment["TDR_CONTACT_NAME"] ?? account.name,
            email: email ?? environment["TDR_CONTACT_EMAIL"] ?? "\(account.login)@\(host)")
    }

    private var account: (login: String, name: String) {
        guard let entry = getpwuid(getuid()) else { return ("uid\(getuid())", "uid\(getuid())") }
        let login = String(cString: entry.pointee.pw_name)
        let full = entry.pointee.pw_gecos.map { String(cString: $0) } ?? ""
        let name = full.split(separator: ",", omittingEmptySubsequences: false).first.map(String.init) ?? ""
        return (login, name.isEmpty ? login : name)
    }

    private var host: String {
        var name = [CChar](repeating: 0, count: 256)
        guard gethostname(&name, name.count - 1) == 0 else { return "localhost" }
        return String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// Tells of an error and gives its exit code.
    func report(_ error: any Error) -> Int32 {
        let code = ExitCodes.code(for: error)
        if error is CancellationError {
            messages.note("interrupted; the same command continues where it stopped")
        } else if let exit = error as? ExitCode {
            return exit.rawValue
        } else {
            messages.error("\(error)", code: code)
        }
        return code
    }

    /// Ends the output; a reader that has gone away is no failure of ours.
    func close() { output.flush() }
}

/// The only map from errors to exit codes. Published in `--help`, the man pages and the README.
enum ExitCodes {
    static func code(for error: any Error) -> Int32 {
        switch error {
        case let error as StoreError where error.isBusy: 75
        case let error as ClientError where error.isBusy: 75
        case is CancellationError: 130
        case let exit as ExitCode: exit.rawValue
        default: 1
        }
    }
}

extension CommandContext {
    /// Whether stdout is a terminal.
    var outputIsTerminal: Bool { isatty(1) == 1 }
}

extension CommandContext {
    /// The signatures of this user.
    var signatureLibrary: SignatureLibrary {
        SignatureLibrary(folder: CommandContext.dataFolder.appending("signatures"))
    }

    /// The PRONOM signatures to identify formats by: those in use.
    func signatures() throws -> Signatures {
        let selection = try signatureLibrary.inUse()
        if let warning = selection.warning { messages.warning(warning) }
        return selection.signatures
    }
}
