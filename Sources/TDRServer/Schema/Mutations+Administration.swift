import GraphQL
import HTTPTypes
import Streams
import TDRCore

extension Mutations {
    /// Looking after people, bodies and the quarantine: for administrators alone.
    static let administration: [Mutation] =
        people + [
            administer(
                "addSeries", "Int!", "Makes the series and bodies that are new, all of them or none; gives how many.",
                "addSeriesInput",
                InputType(
                    "AddSeriesInput", "Series and bodies.",
                    fields: [InputField("entries", "[SeriesEntryInput!]!", "At most \(Change.mostItems) of them.")]),
                parts: [
                    InputType(
                        "SeriesEntryInput", "A series of a body, or a body alone.",
                        fields: [
                            InputField("body", "String!", "The body's name."),
                            InputField("bodyCode", "String", "The body's code; from its initials when it is new."),
                            InputField("code", "String", "The series' code; none for a body alone."),
                            InputField("name", "String", "The series' name; its code when it is not said."),
                        ])
                ]
            ) { change in
                let entries = try change.objects("entries").map { entry in
                    SeriesEntry(
                        body: try entry.text("body"), bodyCode: entry["bodyCode"]?.string, code: entry["code"]?.string,
                        name: entry["name"]?.string)
                }
                return .int(try change.store.add(entries, run: change.run))
            },
            quarantine(
                "releaseFromQuarantine", "Puts a file back among the objects, to be checked again; gives 1."
            ) { quarantine, file, consignment, reason in
                try quarantine.release(file.path, of: consignment, reason: reason)
            },
            quarantine(
                "purgeFromQuarantine", "Destroys the bytes of a file in quarantine; its history stays. Gives 1."
            ) { quarantine, file, consignment, reason in
                try quarantine.purge(file.path, of: consignment, reason: reason)
            },
        ]

    private static let people: [Mutation] = [
        administer(
            "addUser", "User!", "Adds a user, who has neither password nor token yet.", "addUserInput",
            InputType(
                "AddUserInput", "Who is to be added.",
                fields: [
                    InputField("login", "String!", "The account's name."),
                    InputField("name", "String!", "First and last name."),
                    InputField("email", "String!", "E-mail address."),
                    InputField("body", "String", "Their transferring body, by code or name."),
                    InputField("roles", "[String!]!", "What they are."),
                ])
        ) { change in
            .object(
                try change.store.addUser(
                    NewUser(
                        login: try change.input.text("login"), name: try change.input.text("name"),
                        email: try change.input.text("email"), body: change.input["body"]?.string,
                        roles: try change.words("roles", Role.self)), run: change.run))
        },
        administer(
            "setUserDisabled", "Int!", "Keeps a user out, or lets them in again; gives 1.", "setUserDisabledInput",
            InputType(
                "SetUserDisabledInput", "Who is kept out.",
                fields: [login, InputField("isDisabled", "Boolean!", "Whether they are kept out.")])
        ) { change in
            let login = try change.input.text("login")
            if login == change.principal.login { throw FieldError.input("nobody keeps themselves out") }
            try change.store.setDisabled(login, to: change.input["isDisabled"]?.bool ?? true, run: change.run)
            return .int(1)
        },
        administer(
            "setUserPassword", "Int!", "Gives a user a password; gives 1.", "setUserPasswordInput",
            InputType(
                "SetUserPasswordInput", "A password.",
                fields: [login, InputField("password", "String!", "Ten bytes at least, hard to guess.")])
        ) { change in
            let password = try change.input.text("password")
            let login = try change.input.text("login")
            try change.archive.passwords.withLock { _ in
                try change.store.setPassword(login, to: password, run: change.run)
            }
            return .int(1)
        },
        administer(
            "makeUserToken", "String!", "Makes a token for a user: gives its secret, this once.", "makeUserTokenInput",
            InputType(
                "MakeUserTokenInput", "A token.",
                fields: [
                    login, InputField("name", "String!", "What to call it."),
                    InputField("scopes", "[String!]!", "What it is good for."),
                    InputField("expiresDatetime", "ZonedDateTime", "When it ends; null for one that does not."),
                ])
        ) { change in
            let expires = change.input["expiresDatetime"]?.string.flatMap { Timestamp($0) }
            return .string(
                try change.store.makeToken(
                    for: try change.input.text("login"), name: try change.input.text("name"),
                    scopes: try change.words("scopes", Scope.self), expires: expires, run: change.run))
        },
        administer(
            "revokeUserTokens", "Int!", "Ends tokens of a user; gives how many.", "revokeUserTokensInput",
            InputType(
                "RevokeUserTokensInput", "Which tokens end.",
                fields: [login, InputField("name", "String", "Those of this name; all when it is not said.")])
        ) { change in
            .int(
                try change.store.revokeTokens(
                    of: try change.input.text("login"), name: change.input["name"]?.string, run: change.run))
        },
    ]

    private static let login = InputField("login", "String!", "The account's name.")

    /// A mutation for those who look after the archive.
    private static func administer(
        _ name: String, _ type: TypeReference, _ description: String, _ argument: String, _ input: InputType,
        parts: [InputType] = [], perform: @escaping @Sendable (Change) throws -> Resolved
    ) -> Mutation {
        Mutation(name, type, description, argument, input, parts: parts) { change in
            guard Access.allows(change.principal, .administer, [.none]) else { throw APIError.notAuthorised }
            return try perform(change)
        }
    }

    private static func quarantine(
        _ name: String, _ description: String,
        _ act: @escaping @Sendable (Quarantine, QuarantinedFile, Consignment, String) throws -> Void
    ) -> Mutation {
        administer(
            name, "Int!", description, "quarantineInput",
            InputType(
                "QuarantineInput", "A file in quarantine, and why something becomes of it.",
                fields: [
                    .consignment, InputField("fileId", "UUID!", "The file."),
                    InputField("reason", "String!", "Why; recorded."),
                ])
        ) { change in
            guard let facts = try change.store.facts(try change.input.text("consignmentId")),
                let file = try change.store.quarantined(try change.input.id("fileId"), in: facts.consignment)
            else { throw APIError.notFound }
            try act(Quarantine(change.store, run: change.run), file, facts.consignment, try change.reason())
            return .int(1)
        }
    }
}

extension Change {
    /// A list of known words of the input.
    fileprivate func words<Word: RawRepresentable & Hashable>(
        _ name: String, _ type: Word.Type
    ) throws -> Set<Word> where Word.RawValue == String {
        Set(
            try (input[name]?.list ?? []).compactMap(\.string).map { text in
                guard let word = Word(rawValue: text) else {
                    throw FieldError.input("'\(text.prefix(60))' is nothing that '\(name)' may have")
                }
                return word
            })
    }
}
