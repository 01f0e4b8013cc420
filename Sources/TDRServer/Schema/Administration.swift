import GraphQL
import HTTPTypes
import Streams
import TDRCore

/// What those ask who look after the archive: people, bodies, the quarantine, notices, exports that are due.
enum Administration {
    /// Rows that one answer holds, at most.
    private static let most = 1000

    static let types: [TypeDefinition] =
        [user, token, body, quarantined, notice, delivery, readiness, readyRun]

    static func add(to fields: inout FieldList<Root>) {
        list("users", "[User!]!", "Those who may use the API, by login; for administrators.", .administer, &fields) {
            archive, _ in .objects(try archive.store.users())
        }
        fields.each(
            "bodies", "[Body!]!", "The transferring bodies with their series: all for administrators, else your own."
        ) { _, call in
            try await call.asker.ask { archive, principal in
                let seesAll = Access.allows(principal, .seeSeries, [.other])
                guard seesAll || Access.allows(principal, .seeSeries, [.own]) else { throw APIError.notAuthorised }
                return .objects(
                    try archive.store.bodies().filter { seesAll || $0.code == principal.bodyCode })
            }
        }
        list(
            "quarantinedFiles", "[QuarantinedFile!]!",
            "Files that an engine found something in, by consignment and path, at most \(most); for administrators.",
            .administer, &fields,
            [
                InputField("consignmentid", "UUID", "Only those of this consignment."),
                InputField("currentPage", "Int", "How many pages of \(most) to pass over."),
            ]
        ) { archive, arguments in
            let consignment = try arguments.consignment(in: archive)
            return .objects(
                try archive.store.quarantined(
                    in: consignment, skipping: try FilePage.offset(arguments.int("currentPage"), most), limit: most))
        }
        list(
            "notices", "[Notice!]!",
            "What others are told of, oldest first, at most \(most); for administrators.", .administer, &fields,
            [
                InputField("consignmentid", "UUID", "Only those of this consignment."),
                InputField("currentCursor", "Long", "The number of the last notice of the page before."),
            ]
        ) { archive, arguments in
            var found: [KeptNotice] = []
            try archive.store.forEachNotice(
                of: try arguments.consignment(in: archive), after: Int64(arguments.int("currentCursor") ?? 0),
                limit: most
            ) { found.append($0) }
            return .objects(found)
        }
        list(
            "exportReadiness", "ExportReadiness!",
            "What waits for an export, and how the runs over what was ready went; for who may see all.",
            .listConsignments, &fields
        ) { archive, _ in
            .object(
                Readiness(
                    ready: try archive.store.consignmentsToExport().map(\.reference),
                    runs: try archive.store.readyRuns()))
        }
    }

    /// A field for those who may do `act` to everything.
    private static func list(
        _ name: String, _ type: TypeReference, _ description: String, _ act: Act, _ fields: inout FieldList<Root>,
        _ arguments: [InputField] = [], _ value: @escaping @Sendable (Archive, Arguments) throws -> Resolved
    ) {
        fields.each(name, type, description, arguments: arguments) { _, call in
            let arguments = call.arguments
            return try await call.asker.ask { archive, principal in
                guard Access.allows(principal, act, [.none]) else { throw APIError.notAuthorised }
                return try value(archive, arguments)
            }
        }
    }

    // MARK: People

    private static let user = TypeDefinition.object(
        ObjectType("User", of: User.self, "Somebody who may use the API.") { fields in
            fields.field("userId", "UUID!", "Their id.") { $0.id.description }
            fields.field("login", "String!", "The account's name.") { $0.login }
            fields.field("name", "String!", "First and last name.") { $0.name }
            fields.field("email", "String!", "E-mail address.") { $0.email }
            fields.field("body", "String", "The code of their transferring body.") { $0.bodyCode }
            fields.field("roles", "[String!]!", "What they are.") { $0.roles.map(\.rawValue).sorted() }
            fields.field("hasPassword", "Boolean!", "Whether they have a password.") { $0.hasPassword }
            fields.field("isDisabled", "Boolean!", "Whether they are kept out.") { $0.isDisabled }
            fields.field("createdDatetime", "ZonedDateTime!", "When they were added.") { $0.created.json }
            fields.field("tokens", "[UserToken!]!", "The tokens that were made for them, oldest first.") {
                Resolved.objects($0.tokens)
            }
        })

    private static let token = TypeDefinition.object(
        ObjectType("UserToken", of: AccessToken.self, "A token, without its secret.") { fields in
            fields.field("name", "String!", "What its owner calls it.") { $0.name }
            fields.field("scopes", "[String!]!", "What it is good for.") { $0.scopes.map(\.rawValue).sorted() }
            fields.field("createdDatetime", "ZonedDateTime!", "When it was made.") { $0.created.json }
            fields.field("expiresDatetime", "ZonedDateTime", "When it ends; null for one that does not.") {
                $0.expires?.json
            }
            fields.field("revokedDatetime", "ZonedDateTime", "When it was revoked.") { $0.revoked?.json }
        })

    private static let body = TypeDefinition.object(
        ObjectType("Body", of: BodyEntry.self, "A transferring body.") { fields in
            fields.field("name", "String!", "Its name.") { $0.name }
            fields.field("code", "String!", "Its code, as in TDR-CRAN.") { $0.code }
            fields.field("series", "[Series!]!", "Its series, by code.") { Resolved.objects($0.series) }
        })

    // MARK: The archive's work

    private static let quarantined = TypeDefinition.object(
        ObjectType("QuarantinedFile", of: QuarantinedFile.self, "A file that is or was in quarantine.") { fields in
            fields.field("fileId", "UUID!", "Its id.") { $0.id.description }
            fields.field("consignmentReference", "String!", "Of which consignment.") { $0.reference.description }
            fields.field("path", "String!", "Its path in the consignment.") { $0.path.display }
            fields.field("state", "String!", "Held, Released or Purged.") { $0.state.rawValue }
            fields.field("found", "String!", "What was found.") { $0.found }
            fields.field("reason", "String", "Why it was released or purged.") { $0.reason }
            fields.field("sinceDatetime", "ZonedDateTime!", "Since when.") { $0.since.json }
        })

    private static let notice = TypeDefinition.object(
        ObjectType("Notice", of: KeptNotice.self, "What others are told of.") { fields in
            fields.field("number", "Long!", "Its place in the order of all notices.") { Int($0.number) }
            fields.field("id", "UUID!", "Its id, the same whenever it is sent.") { $0.id.description }
            fields.field("consignmentReference", "String!", "The consignment it tells of.") { $0.reference.description }
            fields.field("datetime", "ZonedDateTime!", "When it was written.") { $0.datetime.json }
            fields.field("event", "String!", "What it tells of.") { $0.event }
            fields.field("message", "String!", "The fields of its message, a JSON object.") { $0.message }
            fields.field("deliveries", "[NoticeDelivery!]!", "How far it came.") { Resolved.objects($0.deliveries) }
        })

    private static let delivery = TypeDefinition.object(
        ObjectType("NoticeDelivery", of: NoticeState.self, "How far a notice came with one channel.") { fields in
            fields.field("channel", "String!", "webhook, command, file or smtp.") { $0.channel }
            fields.field("deliveredDatetime", "ZonedDateTime", "When it arrived; null while it has not.") {
                $0.delivered?.json
            }
            fields.field("attempts", "Int!", "How often it was tried.") { $0.attempts }
            fields.field("nextAttemptDatetime", "ZonedDateTime!", "When it is tried again.") { $0.nextAttempt.json }
            fields.field("fault", "String", "Why it did not arrive the last time.") { $0.fault }
        })

    struct Readiness: Sendable {
        let ready: [ConsignmentReference]
        let runs: (last: PastReadyRun, lastSuccess: PastReadyRun?)?
    }

    private static let readiness = TypeDefinition.object(
        ObjectType("ExportReadiness", of: Readiness.self, "What waits for an export.") { fields in
            fields.field("ready", "[String!]!", "The consignments that are confirmed and not exported, by reference.") {
                $0.ready.map(\.description)
            }
            fields.field("lastRun", "ReadyRun", "The last run over what was ready; null when there was none.") {
                Resolved.object(optional: $0.runs?.last)
            }
            fields.field("lastSuccess", "ReadyRun", "The last that exported all that it should.") {
                Resolved.object(optional: $0.runs?.lastSuccess)
            }
        })

    private static let readyRun = TypeDefinition.object(
        ObjectType("ReadyRun", of: PastReadyRun.self, "A run over what was ready.") { fields in
            fields.field("endedDatetime", "ZonedDateTime!", "When it ended.") { $0.ended.json }
            fields.field("target", "String!", "Where it exported to.") { $0.target.display }
            fields.field("exported", "Int!", "Exported.") { $0.exported }
            fields.field("notReady", "Int!", "Confirmed, and not exported for what the checks say of them.") {
                $0.notReady
            }
            fields.field("failed", "Int!", "Not exported for another reason.") { $0.failed }
        })
}

extension Arguments {
    /// The consignment that is named, for who may see all; nil when none is.
    fileprivate func consignment(in archive: Archive) throws -> Consignment? {
        guard let id = string("consignmentid") else { return nil }
        guard let facts = try archive.store.facts(id) else { throw APIError.notFound }
        return facts.consignment
    }
}
