public import ArgumentParser
import Streams
public import TDRCore

/// What a command that scans asks about antivirus.
struct AntivirusOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The engines, separated by commas: clamd, yara; or none. Each must say clean. Default: $TDR_ANTIVIRUS, else "
                + "clamd where it usually listens, and yara when --yara-rules is given.", valueName: "engine,…"),
        transform: AntivirusOptions.engines)
    var antivirus: [EngineName]?

    @Option(
        help: ArgumentHelp(
            "Where clamd is: its socket, its clamd.conf, or HOST:PORT. Default: $TDR_CLAMD, else the usual places.",
            valueName: "place"))
    var clamd: PathArgument?

    @Option(
        help: ArgumentHelp(
            "The largest file that clamd looks at, as in 2000M, when its configuration cannot be read.",
            valueName: "size"),
        transform: AntivirusOptions.size)
    var clamdMaxSize: Int64?

    @Option(
        help: ArgumentHelp(
            "YARA rules beside those that tdr brings: a file, or a folder of .yar and .yara files. May be repeated.",
            valueName: "path"))
    var yaraRules: [PathArgument] = []

    @Option(
        help: ArgumentHelp(
            "What becomes of a file larger than clamd looks at: fail, or windows (scanned in pieces that overlap, which "
                + "is recorded).", valueName: "what"))
    var oversize: AntivirusPolicy.Oversize = .fail

    @Option(help: ArgumentHelp("How long an engine may take for one file, seconds.", valueName: "n"))
    var fileTimeout: Int32 = 300

    @Option(help: ArgumentHelp("Warn of a database that is older, days.", valueName: "n"))
    var maxDatabaseAge = 7

    @Flag(help: "Refuse to check with a database that is older or does not say how old it is.")
    var requireFreshAntivirus = false

    enum EngineName: String, CaseIterable { case clamd, yara, none }

    static func engines(_ text: String) throws -> [EngineName] {
        if text == "auto" { return [.clamd] }
        let names = try text.split(separator: ",").map { word in
            guard let name = EngineName(rawValue: String(word)) else {
                throw ValidationError("antivirus engines are clamd, yara and none, not '\(word)'")
            }
            return name
        }
        if names.isEmpty || names.count > 1 && names.contains(.none) || Set(names).count < names.count {
            throw ValidationError("name each antivirus engine once, or none alone")
        }
        return names
    }

    static func size(_ text: String) throws -> Int64 {
        let units: [Character: Int64] = ["k": 1 << 10, "m": 1 << 20, "g": 1 << 30]
        let unit = text.last.flatMap { units[Character($0.lowercased())] }
        guard let number = Int64(unit == nil ? text[...] : text.dropLast()), number > 0,
            !number.multipliedReportingOverflow(by: unit ?? 1).overflow
        else { throw ValidationError("a size is a number of bytes, or one with K, M or G, not '\(text)'") }
        return number * (unit ?? 1)
    }

    func validate() throws {
        if fileTimeout < 1 { throw ValidationError("--file-timeout takes seconds from 1") }
        if maxDatabaseAge < 0 { throw ValidationError("--max-database-age takes days from 0") }
        if let antivirus {
            if antivirus == [.none], clamd != nil || !yaraRules.isEmpty || requireFreshAntivirus {
                throw ValidationError("--antivirus none goes with no other antivirus option")
            }
            if !antivirus.contains(.clamd), clamd != nil {
                throw ValidationError("--clamd goes with --antivirus clamd")
            }
            if !antivirus.contains(.yara), !yaraRules.isEmpty {
                throw ValidationError("--yara-rules goes with --antivirus yara or clamd,yara")
            }
        }
    }

    /// What is wanted, from the options, else the environment, else as usual.
    func policy(_ context: CommandContext) throws -> AntivirusPolicy {
        let names =
            try antivirus ?? context.environment["TDR_ANTIVIRUS"].map { try AntivirusOptions.engines($0) }
            ?? (yaraRules.isEmpty ? [.clamd] : [.clamd, .yara])
        let place = clamd?.path ?? context.environment["TDR_CLAMD"].map { BytePath($0) }
        var policy = AntivirusPolicy(
            names.compactMap { name in
                switch name {
                case .clamd: .clamd(place.map { ClamdPlace($0) })
                case .yara: .yara(yaraRules.map(\.path))
                case .none: nil
                }
            })
        policy.clamdMaximumBytes = clamdMaxSize
        policy.oversize = oversize
        policy.fileSeconds = fileTimeout
        policy.temporaryFolder = CommandContext.temporaryFolder
        policy.maximumAgeDays = maxDatabaseAge
        policy.requiresFresh = requireFreshAntivirus
        return policy
    }
}

extension AntivirusPolicy.Oversize: ExpressibleByArgument {}
