import ArgumentParser
import FoundationEssentials
import Streams
import TDRClient
import TDRCore

struct UserCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "user",
        abstract: "Look after those who may use the API: accounts, roles, passwords, tokens.",
        discussion: """
            A token stands for its user wherever it is shown, so it is printed once and kept as a digest only. What it \
            may be used for is limited by its scopes and by its user's roles.

              tdr user add maria --name "Maria Example" --email maria@example.org --body TDR-CI --role standard_user
              tdr user token maria --name laptop --scope read,transfer,check,export --expires 2027-06-30
              tdr user revoke maria --name laptop

            Exit codes: 0 done; 1 could not do it; 64 wrong usage; 75 another process is writing to the store.
            """,
        subcommands: [
            List.self, Add.self, Disable.self, Enable.self, Password.self, Token.self, Revoke.self,
        ], defaultSubcommand: List.self)

    struct List: TDRCommand {
        static let configuration = CommandConfiguration(
            commandName: "list", abstract: "List the users with their roles and tokens.",
            discussion: "Exit codes: 0 done; 1 could not do it; 64 wrong usage.")

        @OptionGroup(title: "Through a server") var remote: RemoteOptions

        @OptionGroup var common: CommonOptions

        func run(in context: CommandContext) async throws -> Outcome {
            let now = context.clock()
            let users = try await remote.at(context) {
                try await $0.users()
            } store: {
                try $0.users()
            }
            if context.json {
                for user in users { try context.output.json(UserOutput(user, now: now)) }
                return .done
            }
            for line in Text.table(
                users.map { user in
                    [
                        user.login, user.isDisabled ? "disabled" : "", user.bodyCode ?? "",
                        user.roles.map(\.rawValue).sorted().joined(separator: ","),
                        displayName(of: Array("\(user.name) <\(user.email)>".utf8)),
                        user.tokens.filter { $0.isValid(at: now) }.map {
                            displayName(of: Array($0.name.utf8)) + ($0.expires.map { " until \($0.date)" } ?? "")
                        }.joined(separator: "; "),
                    ]
                })
            {
                context.output.line(line)
            }
            if users.isEmpty { context.messages.note("there are no users; tdr user add makes one") }
            return .done
        }
    }

    struct Add: TDRCommand {
        static let configuration = CommandConfiguration(
            commandName: "add", abstract: "Add a user; give them a password or a token afterwards.",
            discussion: "Prints the user's id. Exit codes: 0 done; 1 could not do it; 64 wrong usage.")

        @Argument(help: ArgumentHelp("The account's name.", valueName: "login"))
        var login: String

        @Option(help: ArgumentHelp("First and last name, for the bag's Contact-Name.", valueName: "name"))
        var name: String

        @Option(help: ArgumentHelp("E-mail address, for the bag's Contact-Email.", valueName: "address"))
        var email: String

        @Option(help: ArgumentHelp("The transferring body, by code or name.", valueName: "body"))
        var body: String?

        @Option(
            help: ArgumentHelp(
                "What they are, separated by commas: "
                    + Role.allCases.map(\.rawValue).joined(separator: ", ") + ".", valueName: "role,…"),
            transform: { try UserCommand.words($0, Role.self, "role") })
        var role: Set<Role>

        @OptionGroup(title: "Through a server") var remote: RemoteOptions

        @OptionGroup var common: CommonOptions

        func run(in context: CommandContext) async throws -> Outcome {
            let new = NewUser(login: login, name: name, email: email, body: body, roles: role)
            let user = try await remote.at(context, .create) {
                try await $0.addUser(new)
            } store: {
                try $0.addUser(new, run: context.run("user add \(new.login)"))
            }
            if context.json {
                try context.output.json(UserOutput(user, now: context.clock()))
            } else {
                context.output.line(user.id.description)
            }
            context.messages.note("next: tdr user token \(login) --name NAME, or tdr user password \(login)")
            return .done
        }
    }

    struct Disable: TDRCommand {
        static let configuration = CommandConfiguration(
            commandName: "disable", abstract: "Keep a user out; their tokens open nothing any more.",
            discussion: "Exit codes: 0 done; 1 could not do it; 64 wrong usage.")

        @Argument(help: ArgumentHelp("The account's name.", valueName: "login"))
        var login: String

        @OptionGroup(title: "Through a server") var remote: RemoteOptions

        @OptionGroup var common: CommonOptions

        func run(in context: CommandContext) async throws -> Outcome {
            let login = login
            try await remote.at(context) {
                try await $0.setDisabled(login, to: true)
            } store: {
                try $0.setDisabled(login, to: true, run: context.run("user disable \(login)"))
            }
            return .done
        }
    }

    struct Enable: TDRCommand {
        static let configuration = CommandConfiguration(
            commandName: "enable", abstract: "Let a user in again.",
            discussion: "Exit codes: 0 done; 1 could not do it; 64 wrong usage.")

        @Argument(help: ArgumentHelp("The account's name.", valueName: "login"))
        var login: String

        @OptionGroup(title: "Through a server") var remote: RemoteOptions

        @OptionGroup var common: CommonOptions

        func run(in context: CommandContext) async throws -> Outcome {
            let login = login
            try await remote.at(context) {
                try await $0.setDisabled(login, to: false)
            } store: {
                try $0.setDisabled(login, to: false, run: context.run("user enable \(login)"))
            }
            return .done
        }
    }

    struct Password: TDRCommand {
        static let configuration = CommandConfiguration(
            commandName: "password", abstract: "Set a user's password, asked for on the terminal or read from stdin.",
            discussion: """
                Where stdin is no terminal, its first line is the password. A password on the command line would be \
                seen by everybody on the machine, so there is no option for it.

                Exit codes: 0 done; 1 could not do it; 64 wrong usage.
                """)

        @Argument(help: ArgumentHelp("The account's name.", valueName: "login"))
        var login: String

        @OptionGroup(title: "Through a server") var remote: RemoteOptions

        @OptionGroup var common: CommonOptions

        func run(in context: CommandContext) async throws -> Outcome {
            let login = login
            try await remote.at(context) {
                try await $0.setPassword(login, to: try SecretInput.ask("Password for \(login): ", twice: true))
            } store: {
                let password = try SecretInput.ask("Password for \(login): ", twice: true)
                try $0.setPassword(login, to: password, run: context.run("user password \(login)"))
            }
            return .done
        }
    }

    struct Token: TDRCommand {
        static let configuration = CommandConfiguration(
            commandName: "token", abstract: "Make a token for a user, and print it this once.",
            discussion: "Exit codes: 0 done; 1 could not do it; 64 wrong usage.")

        @Argument(help: ArgumentHelp("The account's name.", valueName: "login"))
        var login: String

        @Option(help: ArgumentHelp("What to call it.", valueName: "name"))
        var name: String

        @Option(
            help: ArgumentHelp(
                "What it may be used for, separated by commas: "
                    + Scope.allCases.map(\.rawValue).joined(separator: ", ") + ".", valueName: "scope,…"),
            transform: { try UserCommand.words($0, Scope.self, "scope") })
        var scope: Set<Scope> = [.read, .transfer, .check, .export]

        @Option(
            help: ArgumentHelp(
                "When it ends: a date, or a moment as in 2027-06-30T12:00:00Z. Default: in a year; never for one "
                    + "that does not.", valueName: "when"))
        var expires: String?

        @OptionGroup(title: "Through a server") var remote: RemoteOptions

        @OptionGroup var common: CommonOptions

        func run(in context: CommandContext) async throws -> Outcome {
            let end: Timestamp?
            switch expires {
            case "never": end = nil
            case nil: end = Timestamp(milliseconds: context.clock().milliseconds + 365 * 86_400_000)
            case .some(let text):
                guard let moment = Timestamp(text) ?? Timestamp(text + "T23:59:59Z") else {
                    throw ValidationError("--expires takes a date as in 2027-06-30, or never, not '\(text)'")
                }
                end = moment
            }
            let (login, name, scope) = (login, name, scope)
            let secret = try await remote.at(context) {
                try await $0.makeToken(for: login, name: name, scopes: scope, expires: end)
            } store: {
                try $0.makeToken(
                    for: login, name: name, scopes: scope, expires: end, run: context.run("user token \(login)"))
            }
            if context.json {
                try context.output.json(
                    TokenOutput(
                        token: secret, name: name, scopes: scope.map(\.rawValue).sorted(), expires: end?.description))
            } else {
                context.output.line(secret)
            }
            context.messages.note("keep it now: it cannot be shown again")
            return .done
        }
    }

    struct Revoke: TDRCommand {
        static let configuration = CommandConfiguration(
            commandName: "revoke", abstract: "End a token of a user, or all of them.",
            discussion: "Exit codes: 0 done; 1 could not do it; 64 wrong usage.")

        @Argument(help: ArgumentHelp("The account's name.", valueName: "login"))
        var login: String

        @Option(help: ArgumentHelp("The token's name.", valueName: "name"))
        var name: String?

        @Flag(help: "All of them.")
        var all = false

        @OptionGroup(title: "Through a server") var remote: RemoteOptions

        @OptionGroup var common: CommonOptions

        func validate() throws {
            if (name == nil) != all { throw ValidationError("name the token with --name, or end all with --all") }
        }

        func run(in context: CommandContext) async throws -> Outcome {
            let (login, name) = (login, name)
            let count = try await remote.at(context) {
                try await $0.revokeTokens(of: login, name: name)
            } store: {
                try $0.revokeTokens(of: login, name: name, run: context.run("user revoke \(login)"))
            }
            context.messages.note("revoked \(Text.count(count, "token"))")
            return .done
        }
    }

    /// Words parted by commas, each of which must be one of `Word`.
    static func words<Word: RawRepresentable & CaseIterable & Hashable>(
        _ text: String, _ type: Word.Type, _ what: String
    ) throws -> Set<Word> where Word.RawValue == String {
        let words = try text.split(separator: ",").map { word in
            guard let found = Word(rawValue: String(word)) else {
                let all = Word.allCases.map(\.rawValue).joined(separator: ", ")
                throw ValidationError("there is no \(what) '\(word)'; there are \(all)")
            }
            return found
        }
        if words.isEmpty { throw ValidationError("name at least one \(what)") }
        return Set(words)
    }
}

/// `tdr user list --json`: one line a user.
struct UserOutput: Encodable {
    struct Token: Encodable {
        let name: String
        let scopes: [String]
        let created: String
        let expires: String?
        let revoked: String?
        let isValid: Bool
    }

    let id: String
    let login: String
    let name: String
    let email: String
    let body: String?
    let roles: [String]
    let hasPassword: Bool
    let isDisabled: Bool
    let created: String
    let tokens: [Token]

    init(_ user: User, now: Timestamp) {
        id = user.id.description
        login = user.login
        name = user.name
        email = user.email
        body = user.bodyCode
        roles = user.roles.map(\.rawValue).sorted()
        hasPassword = user.hasPassword
        isDisabled = user.isDisabled
        created = user.created.description
        tokens = user.tokens.map {
            Token(
                name: $0.name, scopes: $0.scopes.map(\.rawValue).sorted(), created: $0.created.description,
                expires: $0.expires?.description, revoked: $0.revoked?.description, isValid: $0.isValid(at: now))
        }
    }
}

/// `tdr user token --json`.
struct TokenOutput: Encodable {
    let token: String
    let name: String
    let scopes: [String]
    let expires: String?
}
