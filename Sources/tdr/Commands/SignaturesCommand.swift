import ArgumentParser
import Glibc
import Streams
import TDRCore

struct SignaturesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "signatures",
        abstract: "Show which PRONOM signatures are in use; import, update or go back.",
        discussion: """
            The program carries a set of signatures. Newer ones are imported from the files that The National \
            Archives publish; older ones are kept for going back.

              tdr signatures
              tdr signatures update
              tdr signatures import DROID_SignatureFile_V122.xml container-signature-20260119.xml
              tdr signatures use built-in

            Exit codes: 0 done; 1 could not do it; 2 consignments were checked with other signatures than those in \
            use; 64 wrong usage.
            """,
        subcommands: [Show.self, Import.self, Use.self, Update.self], defaultSubcommand: Show.self)

    struct Show: TDRCommand {
        static let configuration = CommandConfiguration(
            commandName: "show",
            abstract: "Show the signatures in use, those that are kept, and what was checked with others.",
            discussion: """
                Exit codes: 0 done; 1 could not do it; 2 consignments were checked with other signatures than those \
                in use; 64 wrong usage.
                """)

        @OptionGroup var noServer: NoServerOptions

        @OptionGroup var common: CommonOptions

        func run(in context: CommandContext) async throws -> Outcome {
            let signatures = try context.signatures()
            let entries = try context.signatureLibrary.entries()
            let older = try older(than: signatures, context)
            if context.json {
                try context.output.json(SignaturesOutput(signatures, entries, older))
            } else {
                for line in SignaturesText.lines(signatures, entries, older) { context.output.line(line) }
            }
            return older.contains { !$0.isExported } ? .findings : .done
        }

        /// Without a store there is nothing that was checked.
        private func older(than signatures: Signatures, _ context: CommandContext) throws -> [OlderFormatCheck] {
            let database = context.store.appending("tdr.sqlite")
            guard database.withCString({ access($0, F_OK) }) == 0 else { return [] }
            return try context.openStore().formatChecks(otherThan: signatures)
        }
    }

    struct Import: TDRCommand {
        static let configuration = CommandConfiguration(
            commandName: "import",
            abstract: "Import signature files and use them from now on.",
            discussion: """
                Takes a binary signature file (DROID_SignatureFile_V….xml) and a container signature file \
                (container-signature-….xml), in any order. When imported signatures are in use already, one of the \
                two is enough. The signatures before stay: tdr signatures use goes back.

                  tdr signatures import DROID_SignatureFile_V122.xml container-signature-20260119.xml

                Exit codes: 0 done; 1 could not do it; 64 wrong usage.
                """)

        @Argument(help: ArgumentHelp("The signature files.", valueName: "file"))
        var files: [PathArgument]

        @OptionGroup var noServer: NoServerOptions

        @OptionGroup var common: CommonOptions

        func validate() throws {
            if files.isEmpty { throw ValidationError("name the signature files to import") }
        }

        func run(in context: CommandContext) async throws -> Outcome {
            let done = try context.signatureLibrary.importFiles(files.map(\.path), at: context.clock())
            try tell(done.signatures, done.warnings, context)
            return .done
        }
    }

    struct Use: TDRCommand {
        static let configuration = CommandConfiguration(
            commandName: "use",
            abstract: "Use other signatures that are kept, or those of the program.",
            discussion: """
                  tdr signatures use V120
                  tdr signatures use built-in

                Exit codes: 0 done; 1 could not do it; 64 wrong usage.
                """)

        @Argument(
            help: ArgumentHelp("A version or name that tdr signatures shows, or built-in.", valueName: "version"))
        var version: String

        @OptionGroup var noServer: NoServerOptions

        @OptionGroup var common: CommonOptions

        func run(in context: CommandContext) async throws -> Outcome {
            let selection = try context.signatureLibrary.use(version)
            if let warning = selection.warning { context.messages.warning(warning) }
            try tell(selection.signatures, [], context)
            return .done
        }
    }

    struct Update: TDRCommand {
        static let configuration = CommandConfiguration(
            commandName: "update",
            abstract: "Fetch the newest signatures from The National Archives and use them.",
            discussion: """
                Reads the page on which The National Archives link to their signature files, fetches the newest of \
                both kinds by the program curl over HTTPS, and imports them when they are newer than those in use. \
                Nothing changes when anything about them is wrong.

                  tdr signatures update
                  tdr signatures update --from https://mirror.example.org/pronom/

                Exit codes: 0 done, or nothing newer; 1 could not do it; 64 wrong usage; 130, 143 interrupted.
                """)

        @Option(
            help: ArgumentHelp(
                "Another page, or list of a folder, that names signature files: https:, file:///, or http: on this "
                    + "machine.", valueName: "url"))
        var from = SignatureUpdate.publishedPage

        @OptionGroup var noServer: NoServerOptions

        @OptionGroup var common: CommonOptions

        func run(in context: CommandContext) async throws -> Outcome {
            let update = SignatureUpdate(
                context.signatureLibrary, Download(environment: context.environment), from: from)
            switch try update.run(at: context.clock()) {
            case .updated(let done): try tell(done.signatures, done.warnings, context)
            case .current(let signatures, let published):
                context.messages.note(
                    "nothing newer: \(published) is published, \(signatures.version) in use")
                try tell(signatures, [], context)
            }
            return .done
        }
    }

    /// What is in use now.
    private static func tell(_ signatures: Signatures, _ warnings: [String], _ context: CommandContext) throws {
        for warning in warnings { context.messages.note("in the signature files: \(warning)") }
        if context.json {
            try context.output.json(SignaturesOutput.InUse(signatures))
        } else {
            context.output.line("in use: " + SignaturesText.line(signatures))
        }
    }
}

/// Signatures for people.
enum SignaturesText {
    static func line(_ signatures: Signatures) -> String {
        let files = [signatures.binaryFile, signatures.containerFile].filter { !$0.isEmpty }
        let origin =
            switch signatures.origin {
            case .builtIn: "built in"
            case .imported: "imported"
            case .files: "named files"
            }
        return "\(signatures.version) (\(files.joined(separator: ", ")); "
            + "\(Text.count(signatures.formatCount, "format")), \(Text.count(signatures.signatureCount, "signature")); "
            + "\(origin))"
    }

    static func lines(
        _ signatures: Signatures, _ entries: [SignatureLibrary.Entry], _ older: [OlderFormatCheck]
    ) -> [String] {
        var lines = ["in use: " + line(signatures)]
        let others = entries.filter { !$0.isInUse }
        if !others.isEmpty {
            lines.append("kept, to go back with `tdr signatures use`:")
            lines += Text.table(
                others.map { entry in
                    [
                        entry.name.isEmpty ? SignatureLibrary.builtIn : entry.version, entry.name,
                        "\(entry.binaryFile), \(entry.containerFile)", Text.count(entry.formatCount, "format"),
                        entry.imported.map { "imported \($0.date)" } ?? "",
                    ]
                }
            ).map { "  " + $0 }
        }
        if !older.isEmpty {
            lines.append("checked with other signatures than these:")
            lines += Text.table(
                older.map { check in
                    [
                        check.reference, Text.count(check.files, "file"),
                        check.binaryFile.isEmpty ? check.software : "\(check.binaryFile), \(check.containerFile)",
                        check.isExported
                            ? "exported" : "recheck with `tdr check \(check.reference) --only format --again`",
                    ]
                }
            ).map { "  " + $0 }
        }
        return lines
    }
}

/// `tdr signatures --json`.
struct SignaturesOutput: Encodable {
    /// The set in use; alone after `import`, `use` and `update`.
    struct InUse: Encodable {
        let version: String
        let binarySignatureFile: String
        let containerSignatureFile: String
        let created: String
        let formats: Int
        let signatures: Int
        let origin: String

        init(_ set: Signatures) {
            version = set.version
            binarySignatureFile = set.binaryFile
            containerSignatureFile = set.containerFile
            created = set.created
            formats = set.formatCount
            signatures = set.signatureCount
            origin =
                switch set.origin {
                case .builtIn: SignatureLibrary.builtIn
                case .imported(let name): name
                case .files: "files"
                }
        }
    }

    struct Kept: Encodable {
        let name: String
        let version: String
        let binarySignatureFile: String
        let containerSignatureFile: String
        let formats: Int
        let imported: String?
        let isInUse: Bool
    }

    struct Older: Encodable {
        let reference: String
        let files: Int
        let software: String
        let binarySignatureFile: String
        let containerSignatureFile: String
        let isExported: Bool
    }

    let inUse: InUse
    let kept: [Kept]
    let checkedWithOthers: [Older]

    init(_ signatures: Signatures, _ entries: [SignatureLibrary.Entry], _ older: [OlderFormatCheck]) {
        inUse = InUse(signatures)
        kept = entries.map {
            Kept(
                name: $0.name.isEmpty ? SignatureLibrary.builtIn : $0.name, version: $0.version,
                binarySignatureFile: $0.binaryFile, containerSignatureFile: $0.containerFile, formats: $0.formatCount,
                imported: $0.imported?.description, isInUse: $0.isInUse)
        }
        checkedWithOthers = older.map {
            Older(
                reference: $0.reference, files: $0.files, software: $0.software, binarySignatureFile: $0.binaryFile,
                containerSignatureFile: $0.containerFile, isExported: $0.isExported)
        }
    }
}
